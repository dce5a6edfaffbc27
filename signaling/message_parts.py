"""The words and the smaller parts that messages are made of."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

ShortId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+\Z")]
Need = Annotated[str, Meta(min_length=1, max_length=66, pattern=r"^[A-Za-z0-9_-]+(:[1-3])?\Z")]
Secret = Annotated[str, Meta(min_length=16, max_length=128, pattern=r"^[A-Za-z0-9_-]+\Z")]
Epoch = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Generation = Annotated[int, Meta(ge=1, le=1_000_000)]
Millis = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Sdp = Annotated[str, Meta(min_length=1, max_length=40_000)]
Codec = Annotated[str, Meta(max_length=32, pattern=r"^video/[A-Za-z0-9-]+\Z")]
Line = Annotated[str, Meta(min_length=1, max_length=500)]
Colour = Annotated[str, Meta(pattern=r"^#[0-9a-f]{6}\Z", max_length=7)]
Share = Annotated[float, Meta(ge=0, le=1)]
ObjectBox = Annotated[tuple[Share, ...], Meta(min_length=4, max_length=4)]

BackgroundKind = Literal["blur", "colour", "picture"]

CallClass = Literal["urgent", "resumed", "callback", "vip", "normal"]
UrgentReason = Literal["airport", "hotel", "car", ""]
Escalated = Literal["proposal", "solution", "agent", ""]
MediaWish = Literal["none", "offer", "connecting", "live", "reconnecting"]
Narrow = Literal["", "mine", "theirs", "both"]
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
# How an agent's last call ended for that agent; "another_signer", "transferred", "handed_over": it goes on elsewhere.
AgentEndReason = Literal[
    "customer_hung_up",
    "agent_hung_up",
    "customer_lost",
    "customer_cancelled",
    "agent_lost",
    "another_signer",
    "transferred",
    "handed_over",
    "closed",
    "shutdown",
    "",
]
AgentState = Literal["offline", "available", "reserved", "on_call", "after_call", "rest", "break"]
Requeued = Literal["another_signer", "transferred", "agent_lost", ""]
InviteEnded = Literal["declined", "missed", "left", ""]
WatchState = Literal["coach", "asked", "in", "joined"]
WatchPicture = Literal["", "ready", "asked", "unanswered", "shown", "refused"]
WatchEnded = Literal["refused", "no_answer", "over", "gone", ""]
Outcome = Literal["solved", "follow_up", "referred", "cut_off", "misdirected"]
OutcomeSoFar = Literal["solved", "follow_up", "referred", "cut_off", "misdirected", ""]


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """Base of every message."""


class AgentBackground(msgspec.Struct, frozen=True, kw_only=True):
    """What stands behind an agent, and what the agent may choose.

    `strength` 1 to 3 is that of the blur. `picture`: whether the company has a picture. `may_choose`: whether kind,
    strength and colour are the agent's to choose; `brighten` always is.
    """

    kind: BackgroundKind
    strength: int
    colour: str
    brighten: bool
    picture: bool
    may_choose: bool


class IceServer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """As RTCIceServer in the browser."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier answered call of a customer.

    `at_ms`: when it was joined. `agent_name`: who served it last, "" when that name is not at hand any more. `outcome`:
    what that agent said of it, "" for nothing. `with_me`: the reader served a part of it.
    """

    at_ms: Millis
    agent_name: str
    outcome: OutcomeSoFar
    with_me: bool


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """What the host application said of a customer (all empty for a guest of the page itself), and earlier calls.

    `verified`: the host knows this person. `entry`: "web" (the page), "embed" (a frame on the host's page) or "launch".
    `sign_language`: the variety asked for, such as csl; "" for not known. `context`: an order number or the like.
    `earlier`: newest first, at most five.
    """

    verified: bool = False
    entry: str = "web"
    sign_language: str = ""
    context: str = ""
    earlier: tuple[Earlier, ...] = ()


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent who passed a call on says to the next one; `note` may be empty."""

    from_name: str
    note: str


class OtherAgent(msgspec.Struct, frozen=True, kw_only=True):
    """A further agent of a call. `state`: "asked" until `until_ms`, or "in", with that one's picture.

    `writer`: what pieces of this one's unfinished lines are marked with (see rtt).
    """

    name: str
    state: Literal["asked", "in"]
    writer: str = ""
    media: MediaWish = "none"
    until_ms: Millis = 0


class Colleague(msgspec.Struct, frozen=True, kw_only=True):
    """An agent who is free now. `covers`: has what the call needs."""

    agent: str
    name: str
    covers: bool


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """The call that rings at an agent. `handover`: who passed it on, and what there is to know; None for nobody.

    `joins`: that agent is in the call, and asks this one to come in as a second.
    `topic`: what the customer chose, "" for nothing; `topic_titles`: what the queue's topics are called, by language,
    and `queue_title` the queue, where there are several.
    """

    call: str
    epoch: Epoch
    queue: str
    needs: tuple[str, ...]
    topic: str = ""
    topic_titles: dict[str, dict[str, str]] = {}
    queue_title: dict[str, str] = {}
    urgent: bool
    reason: str
    note: str
    waited_ms: Millis
    ring_until_ms: Millis
    handover: Handover | None = None
    joins: bool = False
    about: Caller = Caller()


class Onlooker(msgspec.Struct, frozen=True, kw_only=True):
    """The coordinator beside a call, as its people are told.

    `state`: "asked" until `until_ms`: the customer has not said yet; "in": looks on; "joined": takes part in writing,
    too; "coach" (agents alone are told): only writes to the agent. `ask` numbers the questions of a call.
    `picture`: that one's own, in the last slot: "asked" until `until_ms`, or "shown", and how it comes (`media`).
    """

    name: str
    state: WatchState
    ask: int = 0
    until_ms: Millis = 0
    picture: Literal["", "asked", "shown"] = ""
    media: MediaWish = "none"


class CoachLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line between coordinator and agent. `read`: the agent has said so, or wrote it."""

    seq: int
    mine: bool
    text: str
    at_ms: Millis
    read: bool = False


class Watching(msgspec.Struct, frozen=True, kw_only=True):
    """The call that a coordinator is beside. `media`: what the page's peer connection should be.

    `connected`: an agent talks with the customer; between two agents the coordinator stays. `agent_media`,
    `customer_media`: how their pictures come. `others`: further agents, in the order of the slots after these two.
    `lines`: what went to and fro with this agent, oldest first.

    `picture`: the own one, which takes a connection of its own, with the own picture in the first slot: "ready" is seen
    by nobody else, "asked" until `until_ms`, "unanswered", "shown", or "refused" for this call. `own_picture`,
    `own_reason`, `camera_fps`: as an agent's (see AgentView).
    """

    call: str
    state: WatchState
    connected: bool
    agent_name: str
    since_ms: Millis
    until_ms: Millis = 0
    held_from_ms: Millis = 0
    media: MediaWish = "none"
    agent_media: MediaWish = "none"
    customer_media: MediaWish = "none"
    others: tuple[OtherAgent, ...] = ()
    lines: tuple[CoachLine, ...] = ()
    picture: WatchPicture = ""
    own_picture: Literal["clear", "protected", "slate", ""] = ""
    own_reason: str = ""
    camera_fps: int = 0


class AgentCall(msgspec.Struct, frozen=True, kw_only=True):
    """The call that an agent is on. `other_by_phone`: the customer's picture is paused because the phone did so.

    `held_from_ms`: since when the customer is on hold, 0 for not at all. `handover`: as in a reservation.
    `colleagues`: who is free to take it, the longest rested first, at most five. `skills_on`: the labels of skills that
    somebody else on shift has. `others`: further agents, those who are in before one who is asked, in the order of the
    slots from 2 on; `helps`: the reader is one who came in, who may leave and not hold, pass on or invite.
    `invite_ended`: why the last one who was asked did not come.
    `onlooker`: a coordinator beside the call; `coach`: what went to and fro with that one, for its agent alone.
    `voice`: the agent whom the customer hears, marked as a writer is (see OtherAgent), "" for nobody; `speaks`: that is
    the reader. `topic`, `topic_titles`, `queue_title`: as in a reservation.
    """

    call: str
    epoch: Epoch
    queue: str
    needs: tuple[str, ...]
    topic: str = ""
    topic_titles: dict[str, dict[str, str]] = {}
    queue_title: dict[str, str] = {}
    urgent: bool
    reason: str
    note: str
    waited_ms: Millis
    since_ms: Millis
    other_media: MediaWish
    other_paused: bool
    other_by_phone: bool = False
    held_from_ms: Millis = 0
    handover: Handover | None = None
    colleagues: tuple[Colleague, ...] = ()
    skills_on: tuple[str, ...] = ()
    others: tuple[OtherAgent, ...] = ()
    helps: bool = False
    invite_ended: InviteEnded = ""
    onlooker: Onlooker | None = None
    coach: tuple[CoachLine, ...] = ()
    voice: str = ""
    speaks: bool = False
    about: Caller = Caller()


class AfterCall(msgspec.Struct, frozen=True, kw_only=True):
    """The call that an agent has after-call work for, and what the agent has said of it so far.

    `warn_ms`, `limit_ms`: how long after `since_ms` the page warns, and how long after it the work ends by itself.
    """

    call: str
    since_ms: Millis
    warn_ms: Millis
    limit_ms: Millis
    outcome: OutcomeSoFar = ""
    note: str = ""
    due_in_h: int = 0
    about: Caller = Caller()


class WallCall(msgspec.Struct, frozen=True, kw_only=True):
    """A waiting or live call on the coordinator's wall.

    `watch`: a coordinator is beside it, or its customer has said that nobody may look on.
    """

    call: str
    state: Literal["waiting", "ringing", "active"]
    queue: str
    urgent: bool
    joined_ms: Millis
    since_ms: Millis
    agent: str = ""
    customer_present: bool = True
    watch: Literal["", "taken", "refused"] = ""


class UrgentMatter(msgspec.Struct, frozen=True, kw_only=True):
    """An urgent matter that is not solved yet; its call may be over.

    `owner_name`: the agent who answered last, "" when nobody has. `proposed`: an agent has said what can be done.
    `escalated`: half of the time for a proposal, or for a solution, has passed without one; "agent": a call's agent
    has said that it is urgent. `proposal_s`, `solution_s`: these times, from `since_ms` on.
    """

    call: str
    state: Literal["waiting", "ringing", "active", "over"]
    since_ms: Millis
    reason: UrgentReason = ""
    owner_name: str = ""
    proposed: bool = False
    escalated: Escalated = ""
    proposal_s: int = 0
    solution_s: int = 0


class LatePromise(msgspec.Struct, frozen=True, kw_only=True):
    """A promise to a customer that a coordinator should look at, by its call.

    `late`: it is past `due_ms`. `urged_ms`: when the customer asked after it, 0 for not. `away`: why its owner cannot
    keep it. `owner_name` is "" of somebody who has not been here for a day.
    """

    call: str
    owner_name: str
    due_ms: Millis
    late: bool = False
    urged_ms: Millis = 0
    away: Literal["disabled", "leave", ""] = ""


class ClassToday(msgspec.Struct, frozen=True, kw_only=True, rename={"call_class": "class"}):
    """Today's calls of one queue and class against their target.

    Of `offered` calls `within` were answered in `target_s`, as `goal_percent` of a hundred should be.
    """

    queue: str
    call_class: CallClass
    offered: int
    within: int
    target_s: int
    goal_percent: int


class WallAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent on the coordinator's wall.

    `signing_ms`, `day_signing_ms`: signed since the last rest, and today, the running call included.
    `rest_until_ms`, `break_until_ms`: end of the rest, or of the break of the roster, that goes on. `break_from_ms`:
    start of the shift's next break; `break_owed_ms`: length of one that is due when the call is over. `break_asked_ms`:
    since when the agent waits for a break; `break_wanted`: it begins when the call is over. 0 for none.
    """

    agent: str
    name: str
    state: AgentState
    since_ms: Millis
    shift_until_ms: Millis
    away_reason: str = ""
    signing_ms: Millis = 0
    day_signing_ms: Millis = 0
    rest_until_ms: Millis = 0
    break_from_ms: Millis = 0
    break_owed_ms: Millis = 0
    break_until_ms: Millis = 0
    break_asked_ms: Millis = 0
    break_wanted: bool = False
