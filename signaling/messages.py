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
from signaling.messages_text import OtherTyping, Say, TextLine, Typing
from signaling.messages_watch import AllowWatch, Coach, CoachRead, Watch
from video_service.line_quality import LineWord
from video_service.queue_names import MAIN

# The parts belong to the protocol: whoever needs one takes it from here.
__all__ = [
    "AfterCall",
    "AgentBackground",
    "AgentCall",
    "AgentEndReason",
    "AgentState",
    "AllowWatch",
    "BackgroundKind",
    "CallClass",
    "Caller",
    "ClassToday",
    "Coach",
    "CoachLine",
    "CoachRead",
    "Codec",
    "Colleague",
    "Colour",
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
    "Requeued",
    "Reservation",
    "Say",
    "Sdp",
    "Secret",
    "ShortId",
    "TextLine",
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


class MediaOffer(Message, tag="media_offer", frozen=True):
    """An SDP offer: audio sendrecv, video sendonly, video recvonly x3. `generation` numbers the page's offers.

    It needs no ICE candidates, and none follow: the page's own checks lead to the worker.
    `blur`: a customer's room is not to be seen. It holds for this peer connection: another wish is another offer.
    Refused as `blur_full` when there is no room for it; nothing of the picture is shown then.
    """

    generation: Generation
    sdp: Sdp
    blur: bool = False


class PausePicture(Message, tag="pause_picture", frozen=True):
    """The sender paused (or resumed) its own picture; the other page says so instead of "reconnecting".

    `by_phone`: nobody did; the phone took the camera away for a while, as when a phone call comes in.
    """

    paused: bool
    by_phone: bool = False


class PictureShown(Message, tag="picture_shown", frozen=True):
    """What the page presented of the other person's picture in the last second, said while it is in sight."""

    fps: Annotated[int, Meta(ge=0, le=240)]
    freezes: Annotated[int, Meta(ge=0, le=60)] = 0
    frozen_ms: Annotated[int, Meta(ge=0, le=60_000)] = 0


class ThisIsMe(Message, tag="this_is_me", frozen=True):
    """An agent says: the person nearest to my camera now is me. The picture shows that person from here on."""


class ChooseBackground(Message, tag="background", frozen=True):
    """What an agent wants behind the own picture from now on, in this and in later sessions.

    `strength` 1 to 3 is that of the blur; 1 is the weakest there is. `colour` is "#rrggbb". "picture" is the company's;
    where there is none the room is blurred. `brighten` lifts the signer in low light.
    """

    kind: BackgroundKind
    strength: Annotated[int, Meta(ge=1, le=3)] = 2
    colour: Colour = "#3b4a54"
    brighten: bool = False


class ShowObject(Message, tag="show_object", frozen=True):
    """An agent shows what lies in `box`, beside the own figure, for a minute at most; null: not any more.

    `box`: x, y, width and height as shares of the agent's picture as others see it (not mirrored). One that reaches
    outside, or is too large or too small, is refused as `bad_box`.
    """

    call: ShortId
    epoch: Epoch
    box: ObjectBox | None


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


class CustomerView(Message, tag="customer_view", frozen=True):
    """All that a customer's page shows.

    `state`: "home" (no call), "waiting", "ringing" (an agent is being asked), "connected" (an agent accepted; see
    `media`), "ended" (see `ended_reason`; the next join leaves it, and so does a hang_up of that call).
    `agents_on`: agents signed in and on shift, in a wait those who cover its needs; `open`: whether a join is taken,
    at home `urgent_open`: whether an urgent one is, which may ask those too who have signed enough for today; all of
    `queue`.
    `place` counts from 1. The estimate is an interval in minutes; both 0: not known, or nobody may take the call now.
    `other_media` is "reconnecting" while the agent's page is not here.
    `requeued`: why an answered call waits again; of one that was passed on `agent_name` says who is asked just now.
    `follow_up_due_ms`: by when the agent of an ended call, named by `agent_name`, has promised to come back to the
    customer; 0 for no promise.
    `media`: what the page's peer connection should be: "offer" asks for a new one. `narrow`: whose line is too narrow
    for fluent signing; `camera_fps`: the most pictures a second for the own camera to send, 0 for no limit.
    `picture`: how the customer sees the agent. `own_picture`: how the agent sees a customer who asked for blur
    ("clear": only the room is blurred); "" while the picture goes through as it is, and before the first one.
    `line_word`: one of the two pictures reaches the other person poorly.
    `others`: further agents who are in the call, in the order of the slots from 1 on.
    `held_from_ms`: since when the customer is on hold: no picture of the agent comes until the agent is back; else 0.
    `kept_until_ms`: until when a place in the queue is kept for a page that is closed, once asked for; else 0.
    `onlooker`: a coordinator who asks to look on, or does.
    """

    state: Literal["home", "waiting", "ringing", "connected", "ended"]
    open: bool
    agents_on: int
    urgent_open: bool = False
    queue: str = MAIN
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
    own_picture: Literal["clear", "protected", "slate", ""] = ""
    narrow: Narrow = ""
    line_word: Literal["", "poor"] = ""
    others: tuple[OtherAgent, ...] = ()
    held_from_ms: Millis = 0
    camera_fps: int = 0
    ended_reason: EndReason = ""
    requeued: Requeued = ""
    follow_up_due_ms: Millis = 0
    kept_until_ms: Millis = 0
    onlooker: Onlooker | None = None
    server_time_ms: Millis = 0


class AgentView(Message, tag="agent_view", frozen=True):
    """All that an agent's page shows.

    `media` is the agent's own peer connection (preview and call are one). `shift_until_ms` 0: not on shift now.
    `picture` is what viewers of this agent see. `signing_ms`: signed since the last rest, without the running call,
    which began at `signing_from_ms` (0: none runs); at `signing_limit_ms` a rest comes before the next call.
    `background`: what stands behind the agent. `object_box`: what the customer sees beside the signer, as in
    show_object; empty for nothing.
    `day_signing_ms`, `day_limit_ms`: the same of today; at that limit (0: none) only urgent calls ask until tomorrow.
    `day_from_ms`: since when the running call counts for today, midnight at the earliest (0: none runs).
    `break_from_ms`, `break_length_ms`: the shift's next break; from `break_quiet_ms` on only urgent calls are offered.
    `break_owed_ms`: length of a break whose time has come and that begins when the call is over; `break_until_ms`: end
    of the one that goes on. `break_asked_ms`: since when a break that was asked for waits; `break_latest_ms`: it waits
    no longer than until then. 0 for none. `rest_owed`: what rings came in a rest.
    `rest_until_ms` 0: not resting. `after_call`: while the state is that. `narrow`, `camera_fps`: as a customer's.
    `line_mine`, `line_theirs`: how well the agent's picture reaches the customer, and the customer's the agent, in the
    last seconds of a call; "" while it is not known.
    `shift_news_ms`: when something about this agent's requests for shifts was decided last, 0 for never.
    `promise_news_ms`: the same of what this agent has promised to customers, and of urgent matters.
    """

    state: AgentState
    since_ms: Millis
    shift_until_ms: Millis
    waiting: int
    agents_on: int
    media: MediaWish
    picture: Literal["clear", "protected", "slate", ""] = ""
    picture_reason: str = ""
    narrow: Narrow = ""
    line_mine: LineWord = ""
    line_theirs: LineWord = ""
    camera_fps: int = 0
    background: AgentBackground | None = None
    object_box: tuple[float, ...] = ()
    break_wanted: bool = False
    away_reason: Literal["missed", "shift_over", "asked", "rostered", "no_picture", ""] = ""
    reservation: Reservation | None = None
    call: AgentCall | None = None
    after_call: AfterCall | None = None
    ended_reason: AgentEndReason = ""
    signing_ms: Millis = 0
    signing_from_ms: Millis = 0
    signing_limit_ms: Millis = 0
    day_signing_ms: Millis = 0
    day_from_ms: Millis = 0
    day_limit_ms: Millis = 0
    rest_until_ms: Millis = 0
    rest_owed: bool = False
    break_from_ms: Millis = 0
    break_length_ms: Millis = 0
    break_quiet_ms: Millis = 0
    break_owed_ms: Millis = 0
    break_until_ms: Millis = 0
    break_asked_ms: Millis = 0
    break_latest_ms: Millis = 0
    shift_news_ms: Millis = 0
    promise_news_ms: Millis = 0
    server_time_ms: Millis = 0


class CoordinatorView(Message, tag="coordinator_view", frozen=True):
    """The live wall. Service level is of today: answered within the target over offered.

    `classes_today`: the same by queue and class, of each that has had a call. `urgent_matters`: the oldest first.
    `late_promises`: what is late, was asked after or has nobody who can keep it, who waits longest first.
    `signing_limit_ms`, `day_limit_ms` (0: none): when an agent rests, and has signed enough for today.
    `after_call_warn_ms`: after-call work that lasts longer than this is unusual.
    `watching`: the call that this coordinator is beside; `watch_ended`: how that of `watch_ended_call` ended.
    """

    waiting: tuple[WallCall, ...]
    active: tuple[WallCall, ...]
    agents: tuple[WallAgent, ...]
    offered_today: int
    answered_today: int
    within_target_today: int
    abandoned_today: int
    target_s: int
    classes_today: tuple[ClassToday, ...] = ()
    urgent_matters: tuple[UrgentMatter, ...] = ()
    late_promises: tuple[LatePromise, ...] = ()
    signing_limit_ms: Millis = 0
    day_limit_ms: Millis = 0
    after_call_warn_ms: Millis = 0
    watching: Watching | None = None
    watch_ended: WatchEnded = ""
    watch_ended_call: str = ""
    server_time_ms: Millis = 0


class MediaAnswer(Message, tag="media_answer", frozen=True):
    """The SDP answer to the offer of the same generation."""

    generation: Generation
    sdp: str


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
