"""What web nodes and media workers say to each other: MessagePack messages over one WebSocket for each pair.

The worker listens and speaks first (`Hello`); then the node sends `Request`s and the worker answers each by its id, in
any order, and tells what happens to legs in between. The node's token is in the opening handshake; the epoch of a call
is inside the orders that need it.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar, TypeVar

import msgspec
from websockets.asyncio.connection import Connection

from video_service.media_plane import (
    Background,
    BadBox,
    BadSdp,
    BlurFull,
    Box,
    CallRoute,
    LegAnswer,
    LegRequest,
    LegStatistics,
    LegTaken,
    MediaError,
    MediaEvent,
    Shown,
    StaleEpoch,
    UnknownLeg,
    WorkerFull,
    WorkerStatus,
    WorkerUnavailable,
)

M = TypeVar("M")

VERSION = 1
SUBPROTOCOL = f"video-service.media.{VERSION}"
MAX_FRAME_BYTES = 1 << 20
PING_INTERVAL_S = 1.0
PING_TIMEOUT_S = 3.0
CLOSE_TIMEOUT_S = 1.0


class CloseCode:
    """WebSocket close codes beside RFC 6455's own (section 7.4.2: 4000 to 4999 are private)."""

    BAD_FRAME = 4400  # not a message of this version
    WRONG_WORKER = 4404  # another worker than the lease says took over this address
    TOO_SLOW = 4408  # the node does not read what it is sent
    GOING_AWAY = 1001  # the worker stops


class MediaTimeout(MediaError):
    """The media worker did not answer in time."""

    code: ClassVar[str] = "media_timeout"


class MediaBusy(MediaError):
    """The media worker has too many orders at once."""

    code: ClassVar[str] = "media_busy"


class _Struct(msgspec.Struct, frozen=True, kw_only=True, tag_field="t"):
    """Base of all that has a tag here."""


class AnswerLeg(_Struct, frozen=True, tag="answer_leg"):
    """Create a leg and answer its offer."""

    request: LegRequest


class OpenCall(_Struct, frozen=True, tag="open_call"):
    """Join two legs."""

    route: CallRoute


class CloseCall(_Struct, frozen=True, tag="close_call"):
    """Part the legs of a call."""

    call_id: str
    epoch: int


class WatchCall(_Struct, frozen=True, tag="watch_call"):
    """Let a further leg into an open call."""

    call_id: str
    epoch: int
    leg_id: str
    seen: bool = False


class CloseLeg(_Struct, frozen=True, tag="close_leg"):
    """Close a leg."""

    leg_id: str


class ConfirmSigner(_Struct, frozen=True, tag="confirm_signer"):
    """Take whoever is nearest to the camera of an agent's leg for the signer."""

    leg_id: str


class PauseLeg(_Struct, frozen=True, tag="pause_leg"):
    """Note that a leg's owner paused the own picture or shows it again."""

    leg_id: str
    paused: bool


class PageShown(_Struct, frozen=True, tag="page_shown"):
    """Note what the page of a leg presented of the other person's picture."""

    leg_id: str
    shown: Shown


class SetBackground(_Struct, frozen=True, tag="set_background"):
    """Put another background behind an agent; answered with whether the worker needs its picture."""

    leg_id: str
    background: Background


class PutPicture(_Struct, frozen=True, tag="put_picture"):
    """Take the company's picture: its SHA-256 (hex) and its bytes."""

    digest: str
    jpeg: bytes


class ShowObject(_Struct, frozen=True, tag="show_object"):
    """Show what lies in a box beside an agent, None: cover it again."""

    leg_id: str
    box: Box | None


class Statistics(_Struct, frozen=True, tag="statistics"):
    """Return the counts of every leg."""


Order = (
    AnswerLeg
    | OpenCall
    | CloseCall
    | WatchCall
    | CloseLeg
    | ConfirmSigner
    | SetBackground
    | PutPicture
    | ShowObject
    | PauseLeg
    | PageShown
    | Statistics
)
Result = LegAnswer | tuple[LegStatistics, ...] | bool | None


class Request(_Struct, frozen=True, tag="request"):
    """An order; `limit_ms` is what is left of its deadline (a duration: two machines need not agree on the time)."""

    id: int
    limit_ms: int
    order: Order


class Hello(_Struct, frozen=True, tag="hello"):
    """First message of a worker."""

    v: int
    status: WorkerStatus


class Reply(_Struct, frozen=True, tag="reply"):
    """The order was carried out."""

    id: int
    result: Result = None


class Fault(_Struct, frozen=True, tag="fault"):
    """The order was not carried out; `code` is that of an error of the seam."""

    id: int
    code: str


class Status(_Struct, frozen=True, tag="status"):
    """The worker's load changed, or it began to drain."""

    status: WorkerStatus


class Happened(_Struct, frozen=True, tag="happened"):
    """Something happened to a leg or its picture."""

    event: MediaEvent


FromWorker = Hello | Reply | Fault | Status | Happened

_ERRORS: dict[str, type[MediaError]] = {
    kind.code: kind
    for kind in (
        *(MediaError, WorkerUnavailable, WorkerFull, BlurFull, BadBox, BadSdp, LegTaken, StaleEpoch, UnknownLeg),
        *(MediaTimeout, MediaBusy),
    )
}
_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(Request)
_from_worker: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)


def encode(message: Request | FromWorker) -> bytes:
    """Return the message as one binary frame."""
    return _encoder.encode(message)


def decode_request(frame: bytes | str) -> Request:
    """Read a frame of a node.

    Raises:
        msgspec.DecodeError: it is not a request of this version (a text frame never is).
    """
    return _decode(_requests, frame)


def decode_from_worker(frame: bytes | str) -> FromWorker:
    """Read a frame of a worker.

    Raises:
        msgspec.DecodeError: it is not a message of this version (a text frame never is).
    """
    return _decode(_from_worker, frame)


def _decode(decoder: msgspec.msgpack.Decoder[M], frame: bytes | str) -> M:
    if isinstance(frame, str):
        raise msgspec.DecodeError("a text frame")
    try:
        return decoder.decode(frame)
    except UnicodeDecodeError as error:
        # msgspec lets this one out when a string inside is not UTF-8.
        raise msgspec.DecodeError("a string is not UTF-8") from error


def fault_of(request_id: int, error: BaseException) -> Fault:
    """Return what a node is told of `error`. Only its code travels: a message may quote what people sent."""
    code = error.code if isinstance(error, MediaError) and error.code in _ERRORS else MediaError.code
    return Fault(id=request_id, code=code)


def error_of(fault: Fault) -> MediaError:
    """Return the error of the seam that a worker's fault stands for."""
    return _ERRORS.get(fault.code, MediaError)()


async def close_socket(socket: Connection, code: int, reason: str) -> None:
    """Close a connection even when its other end does not read: politely for a second, then by force."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await socket.close(code, reason)
    except TimeoutError:
        socket.transport.abort()
