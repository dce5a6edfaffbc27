"""The WebSocket protocol between pages and the service, version 1.

One JSON object a message, told apart by its `type`. The server pushes *views* (the whole of what a person's page
needs to show) rather than steps: a page draws the last view it got, so a lost or repeated message can never leave it
in a wrong state, and resuming needs nothing more than the next view.

`video-service schema` writes docs/protocol.schema.json and web/shared/messages.d.ts from this file.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

PROTOCOL_VERSION = 1
MAX_MESSAGE_BYTES = 65_536

ShortId = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_-]+$")]
Secret = Annotated[str, Meta(min_length=16, max_length=128, pattern="^[A-Za-z0-9_-]+$")]
Epoch = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Generation = Annotated[int, Meta(ge=1, le=1_000_000)]
Millis = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Sdp = Annotated[str, Meta(min_length=1, max_length=40_000)]
Codec = Annotated[str, Meta(max_length=32, pattern="^video/[A-Za-z0-9-]+$")]
Line = Annotated[str, Meta(min_length=1, max_length=500)]

CallClass = Literal["urgent", "normal"]
UrgentReason = Literal["airport", "hotel", "car", ""]
MediaWish = Literal["none", "offer", "connecting", "live", "reconnecting"]
EndReason = Literal[
    "customer_hung_up",
    "agent_hung_up",
    "customer_lost",
    "customer_cancelled",
    "agent_lost",
    "closed",
    "shutdown",
    "",
]
AgentState = Literal["offline", "available", "reserved", "on_call", "after_call", "rest", "break"]


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """Base of every message."""


# ---------------------------------------------------------------- page -> service


class Hello(Message, tag="hello", frozen=True):
    """First message on a socket: a one-time ticket (POST /api/ticket) or the resume token of an earlier socket."""

    v: int
    ticket: Secret | None = None
    resume: Secret | None = None
    codecs: Annotated[tuple[Codec, ...], Meta(max_length=8)] = ()
    locale: Annotated[str, Meta(max_length=16)] = ""


class Ping(Message, tag="ping", frozen=True):
    """Sent every `heartbeat_s` (see welcome); answered by pong."""

    t: Millis = 0


class Join(Message, tag="join", frozen=True):
    """A customer joins the queue. Joining twice is joining once."""

    queue: ShortId = "main"
    needs: Annotated[tuple[ShortId, ...], Meta(max_length=8)] = ()
    urgent: bool = False
    reason: UrgentReason = ""


class Note(Message, tag="note", frozen=True):
    """What a waiting customer writes about the matter; the agent sees it at ring and during the call."""

    text: Annotated[str, Meta(max_length=500)]


class HangUp(Message, tag="hang_up", frozen=True):
    """Leave: a customer leaves the queue or the call, an agent ends the call."""

    call: ShortId


class Ready(Message, tag="ready", frozen=True):
    """An agent wants calls (ends a break or the after-call work)."""


class Break(Message, tag="break", frozen=True):
    """An agent wants no further calls; at once when idle, after the call when on one."""


class Accept(Message, tag="accept", frozen=True):
    """An agent takes the call that rings."""

    call: ShortId
    epoch: Epoch


class Decline(Message, tag="decline", frozen=True):
    """An agent refuses the call that rings; it goes to somebody else, and not back while others may take it."""

    call: ShortId
    epoch: Epoch


class MediaOffer(Message, tag="media_offer", frozen=True):
    """An SDP offer: audio sendrecv, video sendonly, video recvonly x3. `generation` numbers the page's offers.

    It needs no ICE candidates, and none follow: the page's own checks lead to the worker.
    """

    generation: Generation
    sdp: Sdp


class PausePicture(Message, tag="pause_picture", frozen=True):
    """The sender paused (or resumed) its own picture; the other page says so instead of "reconnecting"."""

    paused: bool


class ThisIsMe(Message, tag="this_is_me", frozen=True):
    """An agent says: the person nearest to my camera now is me. The picture shows that person from here on."""


class Say(Message, tag="say", frozen=True):
    """One line of written text to the other person of the call."""

    call: ShortId
    text: Line


class Survey(Message, tag="survey", frozen=True):
    """What a customer says of an answered call; the last word counts. `face`: 1 (bad) to 5 (good), 0 for none."""

    call: ShortId
    solved: Literal["yes", "no", ""] = ""
    face: Annotated[int, Meta(ge=0, le=5)] = 0


FromPage = (
    Hello
    | Ping
    | Join
    | Note
    | HangUp
    | Ready
    | Break
    | Accept
    | Decline
    | MediaOffer
    | PausePicture
    | ThisIsMe
    | Say
    | Survey
)


# ---------------------------------------------------------------- service -> page


class IceServer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """As RTCIceServer in the browser."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""


class Welcome(Message, tag="welcome", frozen=True):
    """The answer to hello. `resume` replaces every earlier resume token of this person."""

    v: int
    role: Literal["customer", "agent", "coordinator"]
    person: str
    name: str
    resume: Secret
    heartbeat_s: float
    server_time_ms: Millis
    ice_servers: tuple[IceServer, ...] = ()


class IceServers(Message, tag="ice_servers", frozen=True):
    """Other ICE servers for the page's next peer connection, before those of welcome end."""

    ice_servers: tuple[IceServer, ...]


class Pong(Message, tag="pong", frozen=True):
    """The answer to ping."""

    t: Millis


class Error(Message, tag="error", frozen=True):
    """A message was refused. `code` is a key of the page's texts; the socket stays open unless it closes too."""

    code: str
    retryable: bool = False
    reply_to: str = ""


class CustomerView(Message, tag="customer_view", frozen=True):
    """All that a customer's page shows.

    `state`: "home" (no call), "waiting", "ringing" (an agent is being asked), "connected" (an agent accepted; see
    `media`), "ended" (see `ended_reason`; the next join leaves it, and so does a hang_up of that call).
    `agents_on`: agents signed in and on shift, in a wait those who cover its needs; `open`: whether a join is taken.
    `place` counts from 1. The estimate is an interval in minutes; both 0: not known, or nobody may take the call now.
    `other_media` is "reconnecting" while the agent's page is not here.
    `media`: what the page's peer connection should be: "offer" asks for a new one.
    """

    state: Literal["home", "waiting", "ringing", "connected", "ended"]
    open: bool
    agents_on: int
    call: str = ""
    epoch: Epoch = 0
    urgent: bool = False
    place: int = 0
    estimate_low_min: int = 0
    estimate_high_min: int = 0
    joined_ms: Millis = 0
    connected_ms: Millis = 0
    agent_name: str = ""
    media: MediaWish = "none"
    other_media: MediaWish = "none"
    other_paused: bool = False
    picture: Literal["clear", "protected", "slate", ""] = ""
    ended_reason: EndReason = ""
    server_time_ms: Millis = 0


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """What the host application said of a customer, all empty for a guest of the page itself.

    `verified`: the host knows this person. `entry`: "web" (the page), "embed" (a frame on the host's page) or "launch".
    `sign_language`: the variety asked for, such as csl; "" for not known. `context`: an order number or the like.
    """

    verified: bool = False
    entry: str = "web"
    sign_language: str = ""
    context: str = ""


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """The call that rings at an agent."""

    call: str
    epoch: Epoch
    queue: str
    needs: tuple[str, ...]
    urgent: bool
    reason: str
    note: str
    waited_ms: Millis
    ring_until_ms: Millis
    about: Caller = Caller()


class AgentCall(msgspec.Struct, frozen=True, kw_only=True):
    """The call that an agent is on."""

    call: str
    epoch: Epoch
    queue: str
    needs: tuple[str, ...]
    urgent: bool
    reason: str
    note: str
    waited_ms: Millis
    since_ms: Millis
    other_media: MediaWish
    other_paused: bool
    about: Caller = Caller()


class AgentView(Message, tag="agent_view", frozen=True):
    """All that an agent's page shows.

    `media` is the agent's own peer connection (preview and call are one). `shift_until_ms` 0: not on shift now.
    `picture` is what viewers of this agent see.
    """

    state: AgentState
    since_ms: Millis
    shift_until_ms: Millis
    waiting: int
    agents_on: int
    media: MediaWish
    picture: Literal["clear", "protected", "slate", ""] = ""
    picture_reason: str = ""
    break_wanted: bool = False
    away_reason: Literal["missed", "shift_over", "asked", "no_picture", ""] = ""
    reservation: Reservation | None = None
    call: AgentCall | None = None
    ended_reason: EndReason = ""
    server_time_ms: Millis = 0


class WallCall(msgspec.Struct, frozen=True, kw_only=True):
    """A waiting or live call on the coordinator's wall."""

    call: str
    state: Literal["waiting", "ringing", "active"]
    queue: str
    urgent: bool
    joined_ms: Millis
    since_ms: Millis
    agent: str = ""
    customer_present: bool = True


class WallAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent on the coordinator's wall."""

    agent: str
    name: str
    state: AgentState
    since_ms: Millis
    shift_until_ms: Millis
    away_reason: str = ""


class CoordinatorView(Message, tag="coordinator_view", frozen=True):
    """The live wall. Service level is of today: answered within the target over offered."""

    waiting: tuple[WallCall, ...]
    active: tuple[WallCall, ...]
    agents: tuple[WallAgent, ...]
    offered_today: int
    answered_today: int
    within_target_today: int
    abandoned_today: int
    target_s: int
    server_time_ms: Millis = 0


class MediaAnswer(Message, tag="media_answer", frozen=True):
    """The SDP answer to the offer of the same generation."""

    generation: Generation
    sdp: str


class TextLine(Message, tag="text_line", frozen=True):
    """One line of the call's text. `seq` grows by one within a call; the page drops what it has already."""

    call: str
    seq: int
    mine: bool
    text: str
    at_ms: Millis


class Draining(Message, tag="draining", frozen=True):
    """This node is going down; the page reconnects with its resume token. Nothing is lost."""


ToPage = (
    Welcome | IceServers | Pong | Error | CustomerView | AgentView | CoordinatorView | MediaAnswer | TextLine | Draining
)


class CloseCode:
    """WebSocket close codes that the service uses beside RFC 6455's own."""

    BAD_MESSAGE = 4400  # hello was not the first message, or was not readable
    BAD_TICKET = 4401  # ticket or resume token unknown, used, or expired
    VERSION = 4406  # protocol version not spoken here
    TOO_SLOW = 4408  # no hello within 5 s, no heartbeat, or the page does not read
    REPLACED = 4409  # the same person connected elsewhere: the newest page has it
    TOO_LARGE = 1009  # a message over MAX_MESSAGE_BYTES
    TOO_MANY = 4429  # too many unreadable messages in a row
    GOING_AWAY = 1012  # service restart


decoder = msgspec.json.Decoder(FromPage)
encoder = msgspec.json.Encoder()


def decode(raw: bytes | str) -> FromPage:
    """Read one message of a page.

    Raises:
        msgspec.DecodeError: not JSON.
        msgspec.ValidationError: JSON that is not a message of this version.
    """
    message: FromPage = decoder.decode(raw)
    return message


def encode(message: ToPage) -> str:
    """Write one message to a page."""
    return encoder.encode(message).decode()
