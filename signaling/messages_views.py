"""The views: the whole of what a person's page needs to show."""

from __future__ import annotations

from typing import Literal

from signaling.message_parts import (
    AfterCall,
    AgentBackground,
    AgentCall,
    AgentEndReason,
    AgentState,
    ClassToday,
    EndReason,
    Epoch,
    LatePromise,
    MediaWish,
    Message,
    Millis,
    Narrow,
    Onlooker,
    OtherAgent,
    Requeued,
    Reservation,
    UrgentMatter,
    WallAgent,
    WallCall,
    WatchEnded,
    Watching,
)
from video_service.line_quality import LineWord
from video_service.queue_names import MAIN


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
