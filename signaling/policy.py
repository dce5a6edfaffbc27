"""The rules of the house as numbers: how long a call rings, how long a place is kept, when an agent must rest."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Policy:
    """Every time limit and bound of signalling and matching. Times carry their unit in the name."""

    ring_timeout_s: float = 20
    """A reservation rings so long at one agent; then it is missed and goes to somebody else."""
    watch_answer_s: float = 60
    """A customer who is asked whether a coordinator may look on, and says nothing, is asked no longer after so long."""
    keep_place_s: float = 60
    """A waiting customer whose page is gone keeps the place so long; meanwhile the call is offered to nobody."""
    kept_place_s: float = 3600
    """The same for a customer who has asked to keep the place, counted from the first asking; 0 for no such asking."""
    customer_return_s: float = 30
    """In a call, a customer whose page is gone has so long to return; then the call closes as `customer_lost`."""
    agent_return_s: float = 10
    """An agent whose page is gone has so long to return; then a live call goes back to the head of its class."""
    presence_ttl_s: float = 6
    """A socket that gave no beat for so long counts as gone."""
    nobody_left_s: float = 120
    """A waiting call whose needs no signed-in agent on shift covers any more is closed after so long."""
    age_after_s: float = 300
    """For each such time that a call has waited it counts one class higher, but never as urgent."""
    last_agent_window_s: float = 30
    """So long after joining a call goes to the customer's last agent first, who is waited for when soon free."""
    vip_agent_window_s: float = 90
    """The same for a customer whom the host application calls a VIP."""
    call_back_s: float = 1800
    """So long an agent who promised to come back calls a customer, who may answer by the page or by a link."""
    call_back_window_s: float = 300
    """And so long the customer who answered waits for that agent, before anybody else takes the call."""
    resume_window_s: float = 600
    """Whose call broke off and who joins again within this time goes before all but urgent calls."""
    urgent_proposal_s: float = 900
    """Within this time somebody is to have said what can be done about an urgent call; at half the wall says so."""
    urgent_solution_s: float = 7200
    """Within this time it is to be solved; at half the wall says so."""
    vip_first: bool = False
    """Whether VIPs have a class of their own, before normal calls. Without it they have the longer window only."""
    ask_again_s: float = 60
    """A call that every covering agent on shift has declined is offered to all of them anew after so long."""
    missed_limit: int = 3
    """So many missed rings in a row set the agent away. A decline is never a miss."""
    after_call_limit_s: float = 600
    """After-call work ends by itself after so long."""
    after_call_warn_s: float = 480
    """After so long its page says that it will."""
    max_signing_minutes: float = 25
    """After so much signing without a rest the agent rests before the next call."""
    rest_minutes: float = 5
    """How long that rest is; a break or idle time of this length counts as one."""
    max_signing_minutes_a_day: float = 300
    """After so much signing since midnight only urgent calls ask, until the next day; 0 for no limit."""
    break_guard_s: float = 360
    """So shortly before a break of the roster only urgent calls are offered: as long as a call is assumed to last."""
    break_wait_limit_s: float = 900
    """A break that an agent asks for waits for cover no longer than this."""
    service_level_target_s: float = 20
    """A call answered within this time counts for the service level, unless its queue says otherwise."""
    service_level_goal_percent: int = 95
    """So many of a hundred calls should be, unless their queue says otherwise."""
    interval_minutes: int = 15
    """Length of a roll-up interval; a call belongs to the interval in which it arrived."""
    typical_handle_s: float = 360
    """Length of a call as long as no call has been measured (used by the waiting estimate only)."""
    time_zone: str = "UTC"
    """IANA name of the zone whose midnight begins "today" on the coordinator's wall."""
    waiting_limit: int = 500
    """So many calls may wait; the next customer is told that the queue is full."""
    wall_limit: int = 200
    """So many waiting and so many live calls are listed on the wall, the higher classes and earlier arrivals first."""
    ticket_ttl_s: float = 30
    """A ticket for a socket lives so long and can be used once."""
    resume_ttl_s: float = 3600
    """A resume token lives so long and can be used once."""
    text_buffer_s: float = 600
    """Text of a call is kept so long after the last line, for reconnecting pages."""
    text_buffer_lines: int = 500
    """And no more lines than this."""
    photos_per_call: int = 10
    """So many photos may both people of a call send each other; they are gone `text_buffer_s` after its end."""
    photo_tries: int = 40
    """And so often may somebody try with a file that is none."""
    photo_most_s: float = 14_400
    """A photo is kept no longer than this even where nobody sees the end of its call."""
    ended_linger_s: float = 3600
    """A closed call's working data is kept so long, so that a late page still learns how the call ended."""
    record_retention_days: int = 90
    """Session records and past shifts are kept so long."""
    rollup_retention_days: int = 800
    """The sums of each interval, and when the line was open, are kept so long: they are of nobody."""
    note_retention_days: int = 90
    """What agents note of a call is kept so long."""
    sweep_batch: int = 64
    """So many due deadlines are handled by one script at most, so that no sweep holds the store for long."""
