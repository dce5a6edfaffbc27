"""The seam between signalling and media: what a web node may ask of a media worker, and what it hears back.

`signaling` knows only this module; `media` implements it (one object that talks to every worker), tests may implement
it with a recorder. Requests that belong to a call carry the call's epoch: a worker refuses an epoch lower than the
highest it has seen for that call, so that a node which slept and woke cannot act on a call that moved on.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal, Protocol

import msgspec

from video_service.line_quality import LineFacts, LineWord
from video_service.media_errors import (
    BadBox,
    BadSdp,
    BlurFull,
    LegTaken,
    MediaError,
    StaleEpoch,
    UnknownLeg,
    WorkerFull,
    WorkerUnavailable,
)

# How an order fails belongs to the seam: whoever needs an error takes it from here.
__all__ = [
    "BadBox",
    "BadSdp",
    "BlurFull",
    "LegTaken",
    "MediaError",
    "StaleEpoch",
    "UnknownLeg",
    "WorkerFull",
    "WorkerUnavailable",
]


class LegRole(enum.StrEnum):
    """Whose RTCPeerConnection a leg is; it decides what happens to the picture that the leg sends."""

    CUSTOMER = "customer"  # packets are forwarded, never decoded; with `LegRequest.blur` treated as an agent's
    AGENT = "agent"  # decoded, blurred, encoded once; never forwarded
    WATCHER = "watcher"  # sends nothing; sees both people of a call
    GUEST = "guest"  # sees them, too; its picture is made as an agent's is, and shown to them once that is ordered


class BackgroundKind(enum.StrEnum):
    """What stands where the signer is not."""

    BLUR = "blur"
    COLOUR = "colour"
    PICTURE = "picture"


class Background(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent's viewers see behind the signer.

    `strength` (1 to 3) is that of the blur; 1 is as weak as it gets, and privacy was measured there. `colour` is
    "#rrggbb". `picture` is the SHA-256 (hex) of the company's picture; while a worker does not have it, blur of
    strength 2 stands there. `brighten` lifts a signer in low light, and nothing else.
    """

    kind: BackgroundKind = BackgroundKind.BLUR
    strength: Literal[1, 2, 3] = 2
    colour: Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-f]{6}\Z")] = "#3b4a54"
    picture: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")] = ""
    brighten: bool = False


# x, y, width, height as shares of an agent's upright picture, as the others see it (not mirrored).
Box = tuple[float, float, float, float]


class LegRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A person's offer, to be answered by one worker.

    `leg_id` is new for every RTCPeerConnection; `person` is the pseudonymous id of its owner. `codecs` are the video
    codecs that the client can receive, best first, as MIME types ("video/VP8", "video/H264"). The offer holds one
    audio m-line (sendrecv), then four video m-lines: one sendonly, three recvonly ("slots" 0, 1, 2).
    `blur`: a customer wishes that the room is not seen. Another wish is another leg.
    """

    leg_id: str
    person: str
    role: LegRole
    codecs: tuple[str, ...]
    sdp: str
    blur: bool = False
    background: Background = Background()

    @property
    def blurred(self) -> bool:
        """Whether the worker makes a blurred picture of this leg, and so needs room for one."""
        return self.role in (LegRole.AGENT, LegRole.GUEST) or (self.role is LegRole.CUSTOMER and self.blur)


class LegAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The worker's SDP answer, all of its candidates inside (no server-side trickle).

    `needs_picture`: the leg's background is a picture that the worker does not have.
    """

    leg_id: str
    sdp: str
    needs_picture: bool = False


class CallRoute(msgspec.Struct, frozen=True, kw_only=True):
    """Join two legs of one worker in a call. Asking again with other legs swaps them; the other leg is not touched.

    The customer's packets go to the agent's slot 1 (slot 0 is the agent's own preview), the agent's blurred picture to
    the customer's slot 0, sound both ways. `held`: the customer is on hold and is sent neither picture nor sound of an
    agent; agents go on seeing the customer.

    `helper_legs`: further agents, each seen blurred by everybody, in the order of the slots in which they are; "" keeps
    the slot of one whose leg is still to come, as does a leg that is not here. All of them hear the customer.
    `voice_leg`: whom of them the customer hears; "" for the agent.
    """

    call_id: str
    epoch: int
    customer_leg: str
    agent_leg: str
    held: bool = False
    helper_legs: tuple[str, ...] = ()
    voice_leg: str = ""


class LegState(enum.StrEnum):
    """What a worker reports of a leg's transport and picture."""

    CONNECTED = "connected"  # DTLS is up
    FLOWING = "flowing"  # first picture was sent to this leg since it connected or was joined
    SILENT = "silent"  # no RTP from the client for `media_silence_ms`
    RESUMED = "resumed"  # RTP again after silence
    CLOSED = "closed"  # gone for good


class LegEvent(msgspec.Struct, frozen=True, kw_only=True, tag="leg"):
    """A leg changed; `call_id` is empty for a preview outside a call."""

    worker: str
    leg_id: str
    person: str
    state: LegState
    call_id: str = ""


class PictureState(enum.StrEnum):
    """What the agent's viewers see."""

    CLEAR = "clear"  # signer sharp, room blurred
    PROTECTED = "protected"  # the whole picture blurred: no good mask
    SLATE = "slate"  # a drawn card instead of a picture: no mask for 2 s, or no usable weights


class PictureEvent(msgspec.Struct, frozen=True, kw_only=True, tag="picture"):
    """The protection of an agent's picture changed."""

    worker: str
    leg_id: str
    person: str
    state: PictureState
    reason: str = ""


class LineEvent(msgspec.Struct, frozen=True, kw_only=True, tag="line"):
    """The line to or from a person became too narrow for fluent signing (under 100 kbit/s), or wide enough again.

    `camera_fps`: the most pictures a second that this person's own camera should send; 0: as many as it can.
    """

    worker: str
    leg_id: str
    person: str
    narrow: bool
    camera_fps: int = 0


class ObjectEvent(msgspec.Struct, frozen=True, kw_only=True, tag="object"):
    """An agent's viewers see what lies in `box`, too; None: not any more."""

    worker: str
    leg_id: str
    person: str
    box: Box | None


class WorkerEvent(msgspec.Struct, frozen=True, kw_only=True, tag="worker"):
    """A worker became reachable, or was lost with every leg that it had."""

    worker: str
    alive: bool


class QualityEvent(msgspec.Struct, frozen=True, kw_only=True, tag="quality"):
    """How a leg's picture reaches the other person of its call: about every 5 s, when the word changes, and at the end.

    `facts` are of the whole time of this leg in this call so far: the last event says all, and one that is lost costs
    nothing. `word` is of the last seconds. `last`: the leg has left the call.
    """

    worker: str
    call_id: str
    leg_id: str
    person: str
    role: LegRole
    word: LineWord = ""
    facts: LineFacts = LineFacts()
    last: bool = False


MediaEvent = LegEvent | PictureEvent | ObjectEvent | LineEvent | WorkerEvent | QualityEvent


class WorkerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One worker as a web node sees it. `worker` names the process instance: a restarted worker has another name.

    `step`: how far it has stepped down under load: 0 not at all, 1 cheaper masks, 2 24 pictures a second, 3 20.
    """

    worker: str
    legs: int
    blur_legs: int
    capacity: int
    weights_ok: bool
    draining: bool = False
    step: int = 0


class LegStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the leg began; milliseconds where a name says so.

    "in" is from the client, "out" to it. `fps_*` are the frames of the last second; `fps_out` and `freezes_out` are
    those of the other person's picture. Octets are whole SRTP packets, sound included: the bitrate is what they grow
    by. `delay_ms_*`: how long an agent's frame stays in the worker, from its last packet in to its packets out; a
    customer's packet leaves in the moment in which it comes.

    `fps_rendered`: frames of this leg's picture that the other person was shown in the last counted second, by that
    person's page where it says so, else as sent. `kbps_*`, `blurred_whole_share` (slates included) and `word` are of
    the last seconds too; all are 0 or "" outside a call.
    """

    leg_id: str
    call_id: str = ""
    packets_in: int = 0
    packets_out: int = 0
    octets_in: int = 0
    octets_out: int = 0
    frames_in: int = 0
    frames_out: int = 0
    frames_blurred_whole: int = 0
    frames_slate: int = 0
    frames_dropped: int = 0
    fps_in: int = 0
    fps_out: int = 0
    freezes_in: int = 0
    freezes_out: int = 0
    nacks_sent: int = 0
    plis_sent: int = 0
    nacks_received: int = 0
    plis_received: int = 0
    packets_resent: int = 0
    round_trip_ms: float = 0.0
    loss_share: float = 0.0
    blur_ms_mean: float = 0.0
    blur_ms_p95: float = 0.0
    delay_ms_p50: float = 0.0
    delay_ms_p95: float = 0.0
    fps_rendered: int = 0
    freezes_rendered: int = 0
    kbps_in: int = 0
    kbps_out: int = 0
    blurred_whole_share: float = 0.0
    word: LineWord = ""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a page presented of the other person's picture in about a second: frames a second, and its freezes."""

    fps: int
    freezes: int = 0
    frozen_ms: int = 0


class MediaPlane(Protocol):
    """Every worker, behind one object. Each call has its own time limit and raises `MediaError` in time."""

    def workers(self) -> Sequence[WorkerStatus]:
        """Return the workers that are reachable now (cheap: a cached view)."""
        ...

    def place(self) -> str:
        """Return the worker with most room for one more blurred leg.

        Raises:
            WorkerFull: those that are reachable are full.
            WorkerUnavailable: none is reachable, or all are draining.
        """
        ...

    async def answer_leg(self, worker: str, request: LegRequest) -> LegAnswer:
        """Create a leg on `worker` from a client's offer and return the answer."""
        ...

    async def open_call(self, worker: str, route: CallRoute) -> None:
        """Join two legs; idempotent; fenced by the route's epoch."""
        ...

    async def close_call(self, worker: str, call_id: str, epoch: int) -> None:
        """Part the legs of a call at once: nothing of one reaches the other from here on. The agent's leg lives on."""
        ...

    async def watch_call(self, worker: str, call_id: str, epoch: int, leg_id: str, *, seen: bool = False) -> None:
        """Let a further leg into an open call; idempotent; it leaves with its leg, and ends with the call.

        A watcher's leg only receives: slot 0 the agent, slot 1 the customer as the agent sees the customer, then
        further agents. A guest's has its own picture, blurred, in slot 0 and these in the next; `seen`: customer and
        agents are shown it in the last of their slots, where there is room, until it is asked without. An agent's
        leg comes in as a second signer: slot 1 the customer, slot 2 the first agent, and both see it in their next
        slot, blurred as any agent is. Neither the first two people nor their pictures are touched.

        Raises:
            StaleEpoch: the call has moved on.
            UnknownLeg: the leg is gone, or a customer's.
            LegTaken: it is an agent's, who is in another call.
            MediaError: the call is not open here, or has as many further legs as it takes.
        """
        ...

    async def close_leg(self, worker: str, leg_id: str) -> None:
        """Close a leg; closing one that is gone is no error."""
        ...

    async def confirm_signer(self, worker: str, leg_id: str) -> None:
        """Take whoever is nearest to the camera of an agent's leg for the signer: the agent says "this is me".

        Raises:
            UnknownLeg: the leg is gone, or it is not an agent's.
        """
        ...

    async def pause_leg(self, worker: str, leg_id: str, *, paused: bool) -> None:
        """Note that a leg's owner paused the own picture or shows it again; no error when the leg is gone."""
        ...

    async def shown(self, worker: str, leg_id: str, shown: Shown) -> None:
        """Note what the page of this leg presented of the other person's picture; no error when the leg is gone."""
        ...

    async def set_background(self, worker: str, leg_id: str, background: Background) -> None:
        """Put another background behind an agent, from the next picture on.

        Raises:
            UnknownLeg: the leg is gone, or it is not an agent's.
        """
        ...

    async def show_object(self, worker: str, leg_id: str, box: Box | None) -> None:
        """Show what lies in `box` beside the signer; None: cover it again.

        It ends with the call, with a new leg, when the camera is turned, and after `shown_box.LIMIT_S` unless it is
        asked for again. `ObjectEvent` tells when it began and when it ended.

        Raises:
            UnknownLeg: the leg is gone, or it is not an agent's.
            BadBox: see `shown_box.is_box`.
            MediaError: the leg is in no call.
        """
        ...

    async def statistics(self, worker: str) -> Sequence[LegStatistics]:
        """Return the counts of every leg on `worker`."""
        ...

    def events(self) -> AsyncIterator[MediaEvent]:
        """Yield events from every worker until the plane is closed. One reader."""
        ...

    async def close(self) -> None:
        """Leave every worker; may be called twice."""
        ...
