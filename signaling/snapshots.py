"""The stored rows as Python sees them. Redis hashes hold text, so conversion is lax; missing fields have defaults."""

from __future__ import annotations

from typing import Literal

import msgspec

from signaling.messages import (
    AgentEndReason,
    AgentState,
    CallClass,
    EndReason,
    Escalated,
    InviteEnded,
    OutcomeSoFar,
    Requeued,
    UrgentReason,
    WatchState,
)
from video_service.line_quality import LineWord
from video_service.media_plane import Background, BackgroundKind
from video_service.queue_names import MAIN


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    """`person:<person>`."""

    v: int
    role: str = ""
    name: str = ""
    present: bool = False
    call: str = ""
    leg: str = ""
    leg_worker: str = ""
    leg_call: str = ""
    leg_state: str = "inviting"
    paused: bool = False
    by_phone: bool = False
    picture: str = ""
    picture_reason: str = ""
    quality: LineWord = ""
    quality_of: str = ""
    """The call and the leg that it is of."""
    narrow: bool = False
    camera_fps: int = 0
    object_box: str = ""


class BackgroundRow(msgspec.Struct, frozen=True, kw_only=True):
    """`background` and `agent_background:<agent>`: what the company has decided, and what an agent has chosen."""

    kind: BackgroundKind = BackgroundKind.BLUR
    strength: Literal[1, 2, 3] = 2
    colour: str = Background().colour
    brighten: bool = False
    agents_choose: bool = True
    picture: str = ""


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """`agent:<agent>`."""

    v: int
    state: AgentState = "offline"
    since_ms: int = 0
    call: str = ""
    break_wanted: bool = False
    away: str = ""
    ended_reason: AgentEndReason = ""
    signing_ms: int = 0
    signing_from_ms: int = 0
    working_until_ms: int = 0
    break_from_ms: int = 0
    break_length_ms: int = 0
    break_owed_ms: int = 0
    break_until_ms: int = 0
    break_asked_ms: int = 0


class CallRow(msgspec.Struct, frozen=True, kw_only=True, rename={"call_class": "class"}):
    """`call:<call>`."""

    v: int
    phase: str
    epoch: int
    customer: str
    queue: str
    call_class: CallClass
    counts_as: CallClass | Literal[""] = ""
    """The class in whose line it stands; "" before it is first in line."""
    needs: str = ""
    sign_need: str = ""
    reason: str = ""
    note: str = ""
    verified: bool = False
    entry: str = "web"
    sign_language: str = ""
    topic: str = ""
    context: str = ""
    agent: str = ""
    joined_ms: int = 0
    since_ms: int = 0
    answered_ms: int = 0
    ring_until_ms: int = 0
    requeued: Requeued = ""
    held_from_ms: int = 0
    handover: str = ""
    invited: str = ""
    invite_seq: int = 0
    invite_until_ms: int = 0
    invite_note: str = ""
    invite_ended: InviteEnded = ""
    ended_reason: EndReason = ""
    watch_state: WatchState | Literal[""] = ""
    watch_until_ms: int = 0
    watch_ask: int = 0
    watch_picture: Literal["", "ready", "asked", "unanswered", "shown"] = ""
    watch_unseen: bool = False
    voice: str = ""
    coach_read: int = 0
    kept_until_ms: int = 0
    """Until when the place is kept while the page is away; 0: the customer has not asked for that."""


class AfterRow(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent in after-call work has said of the call so far."""

    call_id: str
    outcome: OutcomeSoFar = ""
    due_in_h: int = 0
    note: str = ""


class EarlierRow(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier answered call of the customer whom an agent serves; `name`: the last agent's."""

    at_ms: int
    name: str
    outcome: OutcomeSoFar
    with_me: bool


class ColleagueRow(msgspec.Struct, frozen=True, kw_only=True):
    """An agent who is free, for the agent of a live call."""

    agent: str
    name: str
    covers: bool


class CoachRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `coach:<call>`."""

    seq: int
    at: int
    person: str
    text: str


class HelperRow(msgspec.Struct, frozen=True, kw_only=True):
    """An agent who is in a call beside its own."""

    agent: str
    person: PersonRow | None = None


class PersonSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of `read_person`: a person, the call, the other side, and the counts that a page shows."""

    now: int
    queue: str = MAIN
    agents_on: int
    urgent_on: int = 0
    serving: int
    ringing: int
    waiting: int
    waiting_limit: int
    door_closed: bool = False
    person: PersonRow | None = None
    agent: AgentRow | None = None
    company: BackgroundRow | None = None
    choice: BackgroundRow | None = None
    shift_until_ms: int = 0
    shift_news_ms: int = 0
    promise_news_ms: int = 0
    rest_until_ms: int = 0
    day_signing_ms: int = 0
    after: AfterRow | None = None
    after_call: CallRow | None = None
    """Absent when the call's working data has gone meanwhile."""
    earlier: tuple[EarlierRow, ...] = ()
    follow_up_due_ms: int = 0
    follow_up_owner: PersonRow | None = None
    call_id: str = ""
    call: CallRow | None = None
    other_id: str = ""
    other: PersonRow | None = None
    handover_from: PersonRow | None = None
    reader: str = ""
    helps: bool = False
    """The reader is asked to come into the call of another agent, or has; `lead` is that other one."""
    lead: PersonRow | None = None
    invited: PersonRow | None = None
    helpers: tuple[HelperRow, ...] = ()
    """Who came in, the first of them first; the reader too."""
    watcher: PersonRow | None = None
    """A coordinator beside the call, and what went to and fro between that one and the reader, its agent."""
    coach: tuple[CoachRow, ...] = ()
    colleagues: tuple[ColleagueRow, ...] = ()
    skills_on: tuple[str, ...] = ()
    place: int = 0
    hope: bool = True
    """Whether an agent on shift and not on a break covers the waiting call's needs and may still be asked."""
    pace: tuple[int, ...] = ()


class WallCallRow(msgspec.Struct, frozen=True, kw_only=True, rename={"call_class": "class"}):
    """One call of `read_wall`."""

    call: str
    phase: str
    queue: str
    call_class: CallClass
    counts_as: CallClass
    seq: int
    joined_ms: int
    since_ms: int
    agent: str
    customer_present: bool
    watch: Literal["", "taken", "refused"] = ""


class WallMatterRow(msgspec.Struct, frozen=True, kw_only=True):
    """One open urgent matter of `read_wall`; `name`: its owner's."""

    call: str
    phase: str
    since_ms: int
    reason: UrgentReason
    owner: str
    name: str
    proposed_ms: int
    escalated: Escalated
    proposal_within_ms: int = 0
    solution_within_ms: int = 0


class WallPromiseRow(msgspec.Struct, frozen=True, kw_only=True):
    """One promise of `read_wall` that a coordinator should look at; `name`: its owner's."""

    call: str
    name: str
    due_ms: int
    late_ms: int
    urged_ms: int
    away: Literal["disabled", "leave", ""]


class WallAgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One agent of `read_wall`."""

    agent: str
    name: str
    state: AgentState
    since_ms: int
    shift_until_ms: int
    away: str = ""
    signing_ms: int = 0
    signing_from_ms: int = 0
    working_until_ms: int = 0
    day_signing_ms: int = 0
    rest_until_ms: int = 0
    break_from_ms: int = 0
    break_owed_ms: int = 0
    break_until_ms: int = 0
    break_asked_ms: int = 0
    break_wanted: bool = False


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """Sums of today's intervals."""

    offered: int
    answered: int
    within_target: int
    abandoned: int


class WallClassRow(msgspec.Struct, frozen=True, kw_only=True, rename={"call_class": "class"}):
    """Today's calls of one queue and class, and their target."""

    queue: str
    call_class: CallClass
    offered: int
    within: int
    target_ms: int
    goal: int


class WallSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of `read_wall`."""

    now: int
    waiting: tuple[WallCallRow, ...]
    active: tuple[WallCallRow, ...]
    matters: tuple[WallMatterRow, ...] = ()
    promises: tuple[WallPromiseRow, ...] = ()
    agents: tuple[WallAgentRow, ...]
    today: Today
    classes: tuple[WallClassRow, ...] = ()
