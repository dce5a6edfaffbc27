"""The WebSocket protocol between pages and the service, version 1.

One JSON object a message, told apart by its `type`. The server pushes *views* (the whole of what a person's page
needs to show) rather than steps: a page draws the last view it got, so a lost or repeated message can never leave it
in a wrong state, and resuming needs nothing more than the next view.

`video-service schema` writes docs/protocol.schema.json and web/shared/messages.d.ts from this file and its parts.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signaling.message_parts import (
    AfterCall,
    AgentBackground,
    AgentCall,
    AgentEndReason,
    AgentState,
    BackgroundKind,
    CallClass,
    Caller,
    ClassToday,
    CoachLine,
    Codec,
    Colleague,
    Colour,
    Earlier,
    EndReason,
    Epoch,
    Escalated,
    Generation,
    Handover,
    IceServer,
    InviteEnded,
    LatePromise,
    Line,
    MediaWish,
    Message,
    Millis,
    Narrow,
    Need,
    ObjectBox,
    Onlooker,
    OtherAgent,
    Outcome,
    OutcomeSoFar,
    Requeued,
    Reservation,
    Sdp,
    Secret,
    ShortId,
    UrgentMatter,
    UrgentReason,
    WallAgent,
    WallCall,
    WatchEnded,
    Watching,
    WatchState,
)
from signaling.messages_calls import Escalate, Hold, Invite, Transfer, Voice
from signaling.messages_media import (
    ChooseBackground,
    MediaAnswer,
    MediaOffer,
    PausePicture,
    PictureShown,
    ShowObject,
    ThisIsMe,
)
from signaling.messages_text import OtherTyping, Say, TextLine, Typing
from signaling.messages_views import AgentView, CoordinatorView, CustomerView
from signaling.messages_watch import AllowWatch, Coach, CoachRead, Watch
from video_service.line_quality import LineWord

# The parts belong to the protocol: whoever needs one takes it from here.
__all__ = [
    "AfterCall",
    "AgentBackground",
    "AgentCall",
    "AgentEndReason",
    "AgentState",
    "AgentView",
    "AllowWatch",
    "BackgroundKind",
    "CallClass",
    "Caller",
    "ChooseBackground",
    "ClassToday",
    "Coach",
    "CoachLine",
    "CoachRead",
    "Codec",
    "Colleague",
    "Colour",
    "CoordinatorView",
    "CustomerView",
    "Earlier",
    "EndReason",
    "Epoch",
    "Escalate",
    "Escalated",
    "Generation",
    "Handover",
    "Hold",
    "IceServer",
    "Invite",
    "InviteEnded",
    "LatePromise",
    "Line",
    "LineWord",
    "MediaAnswer",
    "MediaOffer",
    "MediaWish",
    "Message",
    "Millis",
    "Narrow",
    "Need",
    "ObjectBox",
    "Onlooker",
    "OtherAgent",
    "OtherTyping",
    "Outcome",
    "OutcomeSoFar",
    "PausePicture",
    "PictureShown",
    "Requeued",
    "Reservation",
    "Say",
    "Sdp",
    "Secret",
    "ShortId",
    "ShowObject",
    "TextLine",
    "ThisIsMe",
    "Transfer",
    "Typing",
    "UrgentMatter",
    "UrgentReason",
    "Voice",
    "WallAgent",
    "WallCall",
    "Watch",
    "WatchEnded",
    "WatchState",
    "Watching",
]

PROTOCOL_VERSION = 1
MAX_MESSAGE_BYTES = 65_536


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
    """A customer joins the queue. Joining twice is joining once.

    `needs`: what the agent must have, each a label or a label and the least level (voice, rail:2). `sign_language`: the
    variety that the customer is used to; "" for not said (that of the last call counts). What the host application said
    comes before it. `topic`: what the matter is about, one of the queue's; who knows it is asked, or anybody where
    nobody on shift does.
    `consent`: version of the consent text that the page showed and the customer agreed to (`consent_version` of
    GET /api/service); another one is refused as `consent_needed`.
    """

    queue: ShortId = "main"
    needs: Annotated[tuple[Need, ...], Meta(max_length=8)] = ()
    sign_language: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*\Z")] = ""
    topic: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*\Z")] = ""
    urgent: bool = False
    reason: UrgentReason = ""
    consent: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


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


class AskBreak(Message, tag="ask_break", frozen=True):
    """An agent asks for a break, or takes that back. It begins as soon as somebody else is at work, at once if so."""

    wanted: bool = True


class Accept(Message, tag="accept", frozen=True):
    """An agent takes the call that rings."""

    call: ShortId
    epoch: Epoch


class Decline(Message, tag="decline", frozen=True):
    """An agent refuses the call that rings; it goes to somebody else, and not back while others may take it."""

    call: ShortId
    epoch: Epoch


class AnotherSigner(Message, tag="another_signer", frozen=True):
    """A customer in a call asks for another signer: back to the head of the line, and never to this one again.

    Refused as `nobody_else` when no other agent at work covers the needs; then the call goes on.
    """

    call: ShortId
    epoch: Epoch


class Disposition(Message, tag="disposition", frozen=True):
    """What an agent in after-call work says of that call; the last word counts.

    `due_in_h`: with "follow_up" 2, 24 or 72, with every other outcome 0; else refused as `bad_disposition`.
    """

    call: ShortId
    outcome: Outcome
    note: Annotated[str, Meta(max_length=1_000)] = ""
    due_in_h: Annotated[int, Meta(ge=0, le=8_760)] = 0


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
    | AskBreak
    | Accept
    | Decline
    | AnotherSigner
    | Hold
    | Transfer
    | Invite
    | Escalate
    | Disposition
    | MediaOffer
    | PausePicture
    | PictureShown
    | ThisIsMe
    | ChooseBackground
    | ShowObject
    | Say
    | Typing
    | Survey
    | Voice
    | Watch
    | AllowWatch
    | Coach
    | CoachRead
)


# ---------------------------------------------------------------- service -> page


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


class Draining(Message, tag="draining", frozen=True):
    """This node is going down; the page reconnects with its resume token. Nothing is lost."""


ToPage = (
    Welcome
    | IceServers
    | Pong
    | Error
    | CustomerView
    | AgentView
    | CoordinatorView
    | MediaAnswer
    | TextLine
    | OtherTyping
    | Draining
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
