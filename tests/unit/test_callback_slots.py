"""Which times can be booked: what the roster can serve, in its hours, and never more."""

from __future__ import annotations

import dataclasses
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_service.callback_slots import CallbackRules, Needs, can_serve, covers, free_ms, starts

pytestmark = pytest.mark.unit

MIN_MS = 60_000
HOUR_MS = 60 * MIN_MS
DAY_MS = 24 * HOUR_MS
NINE_MS = 20_000 * DAY_MS + 9 * HOUR_MS
RULES = CallbackRules()


@dataclasses.dataclass(frozen=True)
class Shift:
    agent: str
    start_ms: int
    end_ms: int
    breaks: tuple[tuple[int, int], ...] = ()


def shift(agent: str = "a", from_min: int = 0, to_min: int = 120, *breaks: tuple[int, int]) -> Shift:
    """Return a shift by minutes after nine."""
    pairs = tuple((NINE_MS + low * MIN_MS, NINE_MS + high * MIN_MS) for low, high in breaks)
    return Shift(agent, NINE_MS + from_min * MIN_MS, NINE_MS + to_min * MIN_MS, pairs)


def minutes(
    *shifts: Shift,
    now_min: int = -60,
    booked: dict[int, list[Needs]] | None = None,
    needs: Needs = (),
    skills: dict[str, tuple[str, ...]] | None = None,
    hours: list[tuple[int, int]] | None = None,
    rules: CallbackRules = RULES,
) -> list[int]:
    """Return the starts of the slots that can be booked, in minutes after nine; `booked` and `hours` as well."""
    found = starts(
        now_ms=NINE_MS + now_min * MIN_MS,
        shifts=shifts,
        skills=skills if skills is not None else {each.agent: () for each in shifts},
        open_times=hours and [(NINE_MS + low * MIN_MS, NINE_MS + high * MIN_MS) for low, high in hours],
        booked={NINE_MS + at * MIN_MS: each for at, each in (booked or {}).items()},
        needs=needs,
        rules=rules,
    )
    return [(each - NINE_MS) // MIN_MS for each in found]


def test_an_agent_alone_takes_one_in_each_slot_of_the_shift() -> None:
    assert minutes(shift()) == [0, 30, 60, 90]
    assert minutes(shift(), booked={30: [()]}) == [0, 60, 90]


def test_no_shift_no_slot() -> None:
    assert minutes() == []


def test_a_slot_is_a_slot_away_at_least_and_some_days_at_most() -> None:
    assert minutes(shift(), now_min=1) == [60, 90]
    assert minutes(shift(), now_min=0) == [30, 60, 90]
    assert minutes(shift(), now_min=-3 * 24 * 60) == []
    assert minutes(shift(), now_min=-3 * 24 * 60 + 1) == [0]


def test_a_break_that_leaves_no_room_for_a_call_leaves_no_slot() -> None:
    assert minutes(shift("a", 0, 120, (30, 55))) == [0, 60, 90]
    assert minutes(shift("a", 0, 120, (30, 48))) == [0, 30, 60, 90], "12 minutes, of which half may be booked"


def test_a_shift_that_covers_part_of_a_slot_counts_for_that_part() -> None:
    assert minutes(shift("a", 20, 60)) == [30]
    assert minutes(shift("a", 15, 60)) == [0, 30]


def test_two_agents_take_two_and_a_third_has_to_choose_another_time() -> None:
    two = (shift("a"), shift("b"))
    assert 30 in minutes(*two, booked={30: [()]})
    assert 30 not in minutes(*two, booked={30: [(), ()]})


def test_a_share_of_the_time_stays_for_who_calls_at_that_time() -> None:
    stingy = dataclasses.replace(RULES, callback_share=0.1)
    assert minutes(shift(), rules=stingy) == [], "3 of 30 minutes hold no call"
    assert minutes(shift("a"), shift("b"), rules=stingy) == [0, 30, 60, 90]
    assert minutes(shift("a"), shift("b"), rules=stingy, booked={30: [()]}) == [0, 60, 90]


def test_slots_lie_in_the_hours_as_a_whole() -> None:
    assert minutes(shift(), hours=[(15, 100)]) == [30, 60]
    assert minutes(shift(), hours=[(0, 45), (45, 120)]) == [0, 30, 60, 90], "hours that touch are one"
    assert minutes(shift(), hours=[(-600, -500)]) == []


def test_needs_are_met_by_somebody_of_that_slot() -> None:
    skills: dict[str, tuple[str, ...]] = {"a": ("csl",), "b": ("hksl:2", "rail:1")}
    both = (shift("a", 0, 60), shift("b", 30, 120))
    assert minutes(*both, skills=skills, needs=("hksl",)) == [30, 60, 90]
    assert minutes(*both, skills=skills, needs=("hksl", "rail:2")) == []
    assert minutes(*both, skills=skills, needs=("csl",), booked={30: [()]}) == [0, 30], "the other one takes it"
    assert minutes(*both, skills=skills, needs=("csl",), booked={30: [("csl",)]}) == [0]


def test_who_has_no_account_any_more_serves_nobody() -> None:
    assert minutes(shift("a"), shift("gone"), skills={"a": ()}, booked={30: [()]}) == [0, 60, 90]


def test_where_nothing_is_booked_there_are_no_slots() -> None:
    assert minutes(shift(), rules=dataclasses.replace(RULES, callback_slot_minutes=0)) == []


@pytest.mark.parametrize(
    ("skills", "needs", "enough"),
    [
        ((), (), True),
        (("csl",), ("csl:3",), True),
        (("csl:2",), ("csl:3",), False),
        (("csl:2",), ("csl",), True),
        (("csl",), ("csl", "hksl"), False),
    ],
)
def test_levels_count(skills: tuple[str, ...], needs: Needs, enough: bool) -> None:
    assert covers(skills, needs) is enough


def test_two_shifts_of_one_agent_in_one_slot_are_one_agent() -> None:
    halves = (shift("a", 0, 15), shift("a", 15, 30))
    assert free_ms(halves, NINE_MS, NINE_MS + 30 * MIN_MS) == {"a": 30 * MIN_MS}
    assert minutes(*halves, booked={0: [()]}) == []


_labels = st.sets(st.sampled_from(("x", "y", "z")), max_size=3).map(lambda found: tuple(sorted(found)))


@given(skills=st.lists(_labels, max_size=4), booked=st.lists(_labels, max_size=4))
def test_bookings_can_be_served_exactly_when_some_assignment_serves_them(
    skills: list[Needs], booked: list[Needs]
) -> None:
    agents = {f"a{number}": each for number, each in enumerate(skills)}
    free = dict.fromkeys(agents, 30 * MIN_MS)
    generous = dataclasses.replace(RULES, callback_share=1.0)
    possible = any(
        all(covers(agents[agent], needs) for agent, needs in zip(chosen, booked, strict=True))
        for chosen in permutations(agents, len(booked))
    )
    assert can_serve(free, agents, booked, generous) is possible
