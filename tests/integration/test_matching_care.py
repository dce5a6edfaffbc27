"""Care for signers, as matching keeps it, in virtual time: breaks of the roster, the day's limit, breaks asked for."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from signaling.errors import Closed, NotSignedIn, ShiftUnreadable
from signaling.messages import WallAgent
from signaling.policy import Policy
from signaling.store_roster import Publication
from tests.support.desk import HOUR_MS, START_MS, Desk

pytestmark = pytest.mark.integration

MINUTE_MS = 60_000


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


# -- breaks of the roster


async def test_a_shift_keeps_its_breaks(desk: Desk) -> None:
    breaks = ((START_MS + 10 * MINUTE_MS, START_MS + 20 * MINUTE_MS), (START_MS + 20 * MINUTE_MS, START_MS + HOUR_MS))
    shift = await desk.store.add_shift("a1", START_MS, START_MS + HOUR_MS, breaks)
    (other,) = await desk.store.add_shifts([("a2", START_MS, START_MS + HOUR_MS)])
    assert shift.breaks == breaks
    assert other.breaks == ()
    assert await desk.store.shifts(START_MS, START_MS + HOUR_MS) == [shift, other]


@pytest.mark.parametrize(
    "minutes", [[(-1, 10)], [(50, 61)], [(10, 10)], [(20, 10)], [(10, 30), (20, 40)], [(30, 40), (10, 20)]]
)
async def test_a_break_that_cannot_be_is_refused(desk: Desk, minutes: list[tuple[int, int]]) -> None:
    breaks = [(START_MS + first * MINUTE_MS, START_MS + last * MINUTE_MS) for first, last in minutes]
    with pytest.raises(ShiftUnreadable):
        await desk.store.add_shift("a1", START_MS, START_MS + HOUR_MS, breaks)
    assert await desk.store.shifts(START_MS, START_MS + HOUR_MS) == []


async def on_shift(desk: Desk, name: str, *minutes: tuple[float, float], skills: tuple[str, ...] = ()) -> None:
    """An agent who takes calls, for two hours from the start, with breaks at these minutes."""
    breaks = [(START_MS + round(first * MINUTE_MS), START_MS + round(last * MINUTE_MS)) for first, last in minutes]
    await desk.store.add_shift(name, START_MS, START_MS + 2 * HOUR_MS, breaks)
    await desk.agent(name, *skills, shift=False)


async def on_wall(desk: Desk, name: str) -> WallAgent:
    return next(each for each in (await desk.store.coordinator_view()).agents if each.agent == name)


async def test_a_break_of_the_roster_begins_at_its_time_and_ends_by_itself(desk: Desk) -> None:
    await on_shift(desk, "a1", (30, 45))
    view = await desk.look("a1")
    assert (view.break_from_ms, view.break_length_ms) == (START_MS + 30 * MINUTE_MS, 15 * MINUTE_MS)
    assert view.break_quiet_ms == view.break_from_ms - desk.policy.break_guard_s * 1_000
    await desk.pass_time(30 * 60)
    view = await desk.look("a1")
    assert (view.state, view.away_reason, view.break_until_ms) == ("break", "rostered", START_MS + 45 * MINUTE_MS)
    assert (await on_wall(desk, "a1")).break_until_ms == START_MS + 45 * MINUTE_MS
    waiting = await desk.join("c1")
    await desk.pass_time(15 * 60 - 1)
    assert (await desk.look("a1")).state == "break"
    await desk.pass_time(1)
    assert await desk.rings("a1") == waiting


async def test_shortly_before_a_break_only_an_urgent_call_is_offered(desk: Desk) -> None:
    await on_shift(desk, "a1", (30, 45))
    await desk.pass_time(30 * 60 - desk.policy.break_guard_s)
    await desk.join("c1")
    assert (await desk.look("a1")).state == "available"
    urgent = await desk.join("c2", urgent=True)
    assert await desk.rings("a1") == urgent
    await desk.decline("a1")
    assert (await desk.look("a1")).state == "available"


async def test_nothing_rings_in_a_break_even_before_a_sweep(desk: Desk) -> None:
    await on_shift(desk, "a1", (30, 45))
    desk.now_ms = START_MS + 30 * MINUTE_MS
    await desk.join("c1", urgent=True)
    assert await desk.rings("a1") == ""


async def test_a_break_waits_for_the_end_of_a_call_and_keeps_its_full_length(desk: Desk) -> None:
    await on_shift(desk, "a1", (10, 25))
    call = await desk.talk("a1", "c1")
    await desk.pass_time(12 * 60)
    view = await desk.look("a1")
    assert (view.state, view.break_owed_ms, view.break_from_ms) == ("on_call", 15 * MINUTE_MS, 0)
    assert (await on_wall(desk, "a1")).break_owed_ms == 15 * MINUTE_MS
    await desk.store.hang_up("a1", call)
    await desk.pass_time(60)
    assert (await desk.look("a1")).state == "after_call", "what came of the call can still be said"
    await desk.store.ready("a1")
    view = await desk.look("a1")
    assert (view.state, view.away_reason) == ("break", "rostered")
    assert (view.break_until_ms, view.break_owed_ms) == (desk.now_ms + 15 * MINUTE_MS, 0)


async def test_a_break_that_comes_while_an_urgent_call_rings_begins_after_the_ring(desk: Desk) -> None:
    await on_shift(desk, "a1", (10, 25))
    await desk.pass_time(10 * 60 - 5)
    await desk.join("c1", urgent=True)
    await desk.pass_time(5)
    assert (await desk.look("a1")).state == "reserved"
    await desk.decline("a1")
    assert (await desk.look("a1")).away_reason == "rostered"


async def test_a_break_instead_of_a_ring_is_the_one_that_came_during_the_ring(desk: Desk) -> None:
    await on_shift(desk, "a1", (10, 25))
    await desk.pass_time(10 * 60 - 5)
    urgent = await desk.join("c1", urgent=True)
    await desk.pass_time(5)
    await desk.store.break_("a1")
    view = await desk.look("a1")
    assert (view.state, view.away_reason, view.break_owed_ms) == ("break", "asked", 0)
    await desk.store.ready("a1")
    assert await desk.rings("a1") == urgent, "who is ready again is asked again"


async def test_an_agent_may_end_a_break_early_or_stay_longer(desk: Desk) -> None:
    await on_shift(desk, "a1", (10, 25), (60, 70))
    await desk.pass_time(10 * 60)
    await desk.store.ready("a1")
    assert (await desk.look("a1")).state == "available"
    await desk.pass_time(50 * 60)
    await desk.store.break_("a1")
    await desk.pass_time(30 * 60)
    view = await desk.look("a1")
    assert (view.state, view.away_reason, view.break_until_ms) == ("break", "asked", 0)


async def test_a_break_that_outlasts_the_shift_ends_with_the_shift(desk: Desk) -> None:
    await on_shift(desk, "a1", (110, 120))
    await desk.pass_time(109 * 60)
    await desk.join("c1", urgent=True)
    call = await desk.accept("a1")
    await desk.pass_time(3 * 60)
    await desk.store.hang_up("a1", call)
    await desk.store.ready("a1")
    assert (await desk.look("a1")).away_reason == "rostered"
    await desk.pass_time(10 * 60)
    view = await desk.look("a1")
    assert (view.state, view.away_reason) == ("break", "shift_over")


async def test_who_comes_after_a_break_has_begun_works(desk: Desk) -> None:
    await desk.store.add_shift("a1", START_MS, START_MS + HOUR_MS, [(START_MS, START_MS + 30 * MINUTE_MS)])
    await desk.pass_time(60)
    await desk.agent("a1", shift=False)
    assert (await desk.look("a1")).state == "available"


# -- the day's limit


DAY = Policy(max_signing_minutes=1_000, max_signing_minutes_a_day=60, time_zone="Asia/Shanghai")
MIDNIGHT_MS = START_MS + 8 * HOUR_MS
"""The clock begins at four in the afternoon there."""


async def sign(desk: Desk, customer: str, minutes: float) -> None:
    call = await desk.talk("a1", customer)
    await desk.pass_time(minutes * 60)
    await desk.store.hang_up("a1", call)
    await desk.store.ready("a1")


@pytest.fixture
async def day(redis: Redis, pool: str) -> Desk:
    desk = Desk(redis, pool, DAY)
    await desk.store.add_shift("a1", START_MS, START_MS + 20 * HOUR_MS)
    await desk.agent("a1", shift=False)
    return desk


async def test_who_has_signed_enough_today_rests_until_midnight(day: Desk) -> None:
    await sign(day, "c1", 40)
    view = await day.look("a1")
    assert (view.state, view.day_signing_ms, view.day_limit_ms) == ("available", 40 * MINUTE_MS, 60 * MINUTE_MS)
    await sign(day, "c2", 20)
    view = await day.look("a1")
    assert (view.state, view.rest_until_ms) == ("rest", MIDNIGHT_MS)
    wall = await on_wall(day, "a1")
    assert (wall.day_signing_ms, wall.rest_until_ms) == (60 * MINUTE_MS, MIDNIGHT_MS)
    await day.pass_time((MIDNIGHT_MS - day.now_ms) / 1_000)
    view = await day.look("a1")
    assert (view.state, view.day_signing_ms) == ("available", 0)


async def test_a_break_or_signing_out_does_not_undo_the_day(day: Desk) -> None:
    await sign(day, "c1", 60)
    await day.store.break_("a1")
    await day.pass_time(3_600)
    await day.store.sign_out("a1")
    await day.agent("a1", shift=False)
    assert (await day.look("a1")).state == "rest"


async def test_a_call_over_midnight_counts_for_each_day_what_was_signed_in_it(day: Desk) -> None:
    await day.pass_time(8 * 3_600 - 30 * 60)
    call = await day.talk("a1", "c1")
    await day.pass_time(45 * 60)
    assert (await on_wall(day, "a1")).day_signing_ms == 15 * MINUTE_MS, "and while it goes on"
    view = await day.look("a1")
    assert (view.day_signing_ms, view.day_from_ms) == (0, MIDNIGHT_MS), "on the agent's own page too"
    assert view.signing_from_ms < MIDNIGHT_MS
    await day.pass_time(5 * 60)
    await day.store.hang_up("a1", call)
    await day.store.ready("a1")
    assert (await day.look("a1")).day_signing_ms == 20 * MINUTE_MS


async def test_on_a_break_over_midnight_nobody_stays_at_the_limit(day: Desk) -> None:
    """Callers are told that the line is closed while all have signed enough: not longer than that is so."""
    await sign(day, "c1", 60)
    await day.store.break_("a1")
    assert not (await day.see("c2")).open
    await day.pass_time((MIDNIGHT_MS - day.now_ms) / 1_000 - 1)
    assert not (await day.see("c2")).open
    await day.pass_time(1)
    assert ((await day.look("a1")).state, (await day.see("c2")).open, (await day.see("c2")).agents_on) == (
        "break",
        True,
        1,
    )
    waiting = await day.join("c2")
    await day.store.ready("a1")
    assert await day.rings("a1") == waiting


async def test_who_has_left_is_not_counted_anew_at_midnight(day: Desk) -> None:
    await sign(day, "c1", 60)
    await day.store.sign_out("a1")
    await day.pass_time((MIDNIGHT_MS - day.now_ms) / 1_000)
    assert (await day.look("a1")).state == "offline"
    assert not (await day.see("c2")).open


async def test_only_urgent_calls_are_let_in_when_all_have_signed_enough(day: Desk) -> None:
    call = await day.talk("a1", "c1")
    waiting = await day.join("c2")
    await day.pass_time(60 * 60)
    await day.store.hang_up("a1", call)
    with pytest.raises(Closed):
        await day.join("c3")
    shut = await day.see("c3")
    assert (shut.open, shut.urgent_open, shut.agents_on) == (False, True, 0), "what the page may offer is what is taken"
    await day.pass_time(day.policy.nobody_left_s)
    assert (await day.see("c2")).ended_reason == "closed", "who waits is told, and does not wait for midnight"
    assert waiting
    urgent = await day.join("c4", urgent=True)
    await day.store.ready("a1")
    assert await day.rings("a1") == urgent
    assert (await day.look("a1")).rest_owed


async def test_without_a_limit_a_day_has_none(redis: Redis, pool: str) -> None:
    desk = Desk(redis, pool, Policy(max_signing_minutes=1_000, max_signing_minutes_a_day=0))
    await desk.agent("a1")
    await sign(desk, "c1", 300)
    assert (await desk.look("a1")).state == "available"


# -- an urgent call asks who rests


async def resting(desk: Desk) -> None:
    await desk.agent("a1")
    await sign(desk, "c1", 25)
    assert (await desk.look("a1")).state == "rest"


async def test_an_urgent_call_may_ask_who_rests_and_is_refused_without_loss_of_rest(desk: Desk) -> None:
    await resting(desk)
    until_ms = (await desk.look("a1")).rest_until_ms
    await desk.join("c2")
    urgent = await desk.join("c3", urgent=True)
    assert await desk.rings("a1") == urgent
    await desk.pass_time(10)
    await desk.decline("a1")
    view = await desk.look("a1")
    assert (view.state, view.rest_until_ms) == ("rest", until_ms)


async def test_an_urgent_call_asks_first_who_does_not_rest(desk: Desk) -> None:
    await resting(desk)
    await desk.agent("a2")
    urgent = await desk.join("c3", urgent=True)
    assert await desk.rings("a2") == urgent


async def test_who_takes_an_urgent_call_in_a_rest_rests_after_it(desk: Desk) -> None:
    await resting(desk)
    await desk.join("c3", urgent=True)
    call = await desk.accept("a1")
    await desk.store.hang_up("a1", call)
    await desk.store.ready("a1")
    view = await desk.look("a1")
    assert (view.state, view.rest_until_ms) == ("rest", desk.now_ms + desk.policy.rest_minutes * MINUTE_MS)


async def test_not_seeing_an_urgent_call_in_a_rest_is_no_miss(redis: Redis, pool: str) -> None:
    desk = Desk(redis, pool, Policy(missed_limit=1))
    await resting(desk)
    await desk.join("c3", urgent=True)
    await desk.pass_time(desk.policy.ring_timeout_s)
    assert (await desk.look("a1")).state == "rest", "and it does not ring again at once"


async def test_who_rests_goes_on_a_break_when_a_new_roster_takes_the_shift_away(desk: Desk) -> None:
    await resting(desk)
    (shift,) = await desk.store.shifts(START_MS, START_MS + HOUR_MS)
    wanted = Publication(
        last=0, draft="", rev=0, remove=[shift.shift], keep=[], add=[], facts={}, end_ms=START_MS + HOUR_MS
    )
    await desk.store.publish_roster(wanted)
    view = await desk.look("a1")
    assert (view.state, view.away_reason, view.rest_until_ms) == ("break", "shift_over", 0)


# -- a break that is asked for


async def test_a_break_is_granted_at_once_when_somebody_else_is_at_work(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    await desk.agent("a2", "csl")
    await desk.store.ask_break("a1")
    view = await desk.look("a1")
    assert (view.state, view.away_reason, view.break_asked_ms) == ("break", "asked", 0)


async def test_who_is_alone_on_shift_waits_for_nobody(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    await desk.agent("a2", "hksl")
    await desk.store.ask_break("a1")
    assert (await desk.look("a1")).state == "break", "nobody else signs that"


async def test_a_break_waits_for_cover_and_is_granted_as_soon_as_it_comes(desk: Desk) -> None:
    for name in ("a1", "a2", "a3"):
        await desk.agent(name, "csl")
    await desk.store.break_("a3")
    await desk.store.ask_break("a2")
    await desk.store.ask_break("a1")
    await desk.store.ask_break("a1")
    view = await desk.look("a1")
    assert (view.state, view.break_asked_ms) == ("available", desk.now_ms)
    assert view.break_latest_ms == desk.now_ms + desk.policy.break_wait_limit_s * 1_000
    assert (await on_wall(desk, "a1")).break_asked_ms == desk.now_ms
    await desk.store.ready("a3")
    assert (await desk.look("a1")).state == "break"


async def test_who_asked_first_goes_first(desk: Desk) -> None:
    for name in ("a1", "a2", "a3"):
        await desk.agent(name, "csl")
    await desk.store.break_("a3")
    await desk.store.break_("a2")
    for name in ("a1", "a2"):
        if name == "a2":
            await desk.store.ready("a2")
        await desk.pass_time(1)
        await desk.store.ask_break(name)
    assert (await desk.look("a1")).state == "break"
    assert (await desk.look("a2")).state == "available"
    await desk.store.ready("a3")
    assert (await desk.look("a2")).state == "break"


async def test_a_wish_waits_for_the_end_of_the_call_and_for_those_who_wait(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    call = await desk.talk("a1", "c1", "csl")
    await desk.store.ask_break("a1")
    waiting = await desk.join("c2", "csl")
    await desk.store.hang_up("a1", call)
    await desk.store.ask_break("a1")
    assert (await desk.look("a1")).state == "after_call"
    await desk.store.ready("a1")
    assert await desk.rings("a1") == waiting
    await desk.accept("a1")
    await desk.store.hang_up("c2", waiting)
    await desk.store.ready("a1")
    assert (await desk.look("a1")).state == "break"


async def test_after_a_call_a_break_begins_at_once_when_nobody_waits(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    call = await desk.talk("a1", "c1", "csl")
    await desk.store.hang_up("a1", call)
    await desk.store.ask_break("a1")
    assert (await desk.look("a1")).state == "break"


async def test_a_break_waits_no_longer_than_its_limit(desk: Desk) -> None:
    for name in ("a1", "a2"):
        await desk.agent(name, "csl")
    await desk.store.break_("a2")
    await desk.store.ask_break("a1")
    await desk.pass_time(desk.policy.break_wait_limit_s - 1)
    assert (await desk.look("a1")).state == "available"
    await desk.pass_time(1)
    assert (await desk.look("a1")).state == "break"


async def test_in_a_call_the_limit_makes_the_break_come_next(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    call = await desk.talk("a1", "c1", "csl")
    await desk.store.ask_break("a1")
    await desk.pass_time(desk.policy.break_wait_limit_s)
    assert (await desk.look("a1")).break_wanted
    assert (await on_wall(desk, "a1")).break_wanted
    await desk.join("c2", "csl")
    await desk.store.hang_up("a1", call)
    await desk.pass_time(desk.policy.after_call_limit_s)
    assert (await desk.look("a1")).state == "break", "although somebody waits"


async def test_a_break_that_was_granted_is_not_taken_back_by_taking_calls_again(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    call = await desk.talk("a1", "c1", "csl")
    await desk.store.ask_break("a1")
    await desk.pass_time(desk.policy.break_wait_limit_s)
    await desk.store.hang_up("c1", call)
    await desk.store.ready("a1")
    view = await desk.look("a1")
    assert (view.state, view.away_reason, view.break_wanted) == ("break", "asked", False)
    await desk.store.ready("a1")
    assert (await desk.look("a1")).state == "available"


async def test_a_break_that_was_granted_can_be_taken_back_in_the_call(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    call = await desk.talk("a1", "c1", "csl")
    await desk.store.ask_break("a1")
    await desk.pass_time(desk.policy.break_wait_limit_s)
    await desk.store.ready("a1")
    assert not (await desk.look("a1")).break_wanted
    await desk.store.hang_up("c1", call)
    await desk.store.ready("a1")
    assert (await desk.look("a1")).state == "available"


async def test_a_wish_can_be_taken_back_and_ends_with_the_shift(desk: Desk) -> None:
    for name in ("a1", "a2"):
        await desk.agent(name, "csl")
    await desk.store.break_("a2")
    await desk.store.ask_break("a1")
    await desk.store.ask_break("a1", wanted=False)
    await desk.pass_time(desk.policy.break_wait_limit_s)
    assert (await desk.look("a1")).state == "available"
    await desk.pass_time(7 * 3_600 - desk.policy.break_wait_limit_s - 60)
    await desk.store.ask_break("a1")
    await desk.pass_time(60)
    view = await desk.look("a1")
    assert (view.away_reason, view.break_asked_ms) == ("shift_over", 0)


async def test_a_break_instead_of_a_ring_is_the_one_that_was_asked_for(desk: Desk) -> None:
    for name in ("a1", "a2"):
        await desk.agent(name, "csl")
    await desk.store.break_("a2")
    await desk.store.ask_break("a1")
    call = await desk.join("c1", "csl")
    assert await desk.rings("a1") == call
    await desk.store.break_("a1")
    assert (await desk.look("a1")).break_asked_ms == 0
    await desk.store.ready("a2")
    await desk.store.ready("a1")
    assert (await desk.look("a1")).state == "available", "and not on a second break"


async def test_in_a_rest_a_break_costs_nobody_anything(desk: Desk) -> None:
    await resting(desk)
    await desk.store.ask_break("a1")
    assert (await desk.look("a1")).away_reason == "asked"


async def test_only_who_is_at_the_desk_asks(desk: Desk) -> None:
    with pytest.raises(NotSignedIn):
        await desk.store.ask_break("a1")


# -- misses


async def test_misses_in_a_row_set_away_where_the_wall_shows_it_and_declines_do_not(desk: Desk) -> None:
    await desk.agent("a1")
    for number in range(desk.policy.missed_limit + 1):
        call = await desk.join(f"c{number}")
        await desk.decline("a1")
        await desk.store.hang_up(f"c{number}", call)
    assert (await desk.look("a1")).state == "available"
    await desk.join("c9")
    await desk.pass_time(desk.policy.ring_timeout_s * desk.policy.missed_limit)
    for _ in range(desk.policy.missed_limit):
        await desk.pass_time(desk.policy.ring_timeout_s)
    wall = await on_wall(desk, "a1")
    assert (wall.state, wall.away_reason) == ("break", "missed")
    assert wall.since_ms <= desk.now_ms
