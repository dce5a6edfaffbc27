"""Where people were against where the roster has them: with grace, and nothing held against anybody unfairly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.adherence import GRACE_MIN, Mark, Now, Planned, adherence

pytestmark = pytest.mark.unit

NINE, FIVE = 540, 1020
DAY = Planned(NINE, FIVE, ((660, 675),))


def marks(*spans: tuple[int, int, Mark]) -> dict[int, Mark]:
    """Marks of whole spans of minutes, later ones over earlier ones."""
    return {minute: mark for start, end, mark in spans for minute in range(start, end)}


def as_planned(until: int = FIVE) -> dict[int, Mark]:
    return marks((NINE, until, Mark.HERE), (660, min(until, 675), Mark.BREAK))


def test_a_day_as_planned_is_whole() -> None:
    found = adherence([DAY], as_planned(), FIVE)
    assert (found.rostered_min, found.seen_min, found.off_min) == (480, 480, 0)
    assert (found.floor_min, found.here_min) == (465, 465)
    assert (found.adherence, found.conformance) == (1.0, 1.0)


def test_before_the_shift_nothing_is_said() -> None:
    found = adherence([DAY], {}, NINE)
    assert (found.adherence, found.conformance, found.now) == (None, None, Now.AS_PLANNED)


@pytest.mark.parametrize(("late", "off"), [(GRACE_MIN, 0), (GRACE_MIN + 10, 10)])
def test_coming_late_counts_beyond_the_grace(late: int, off: int) -> None:
    seen = as_planned() | marks((NINE, NINE + late, Mark.AWAY))
    assert adherence([DAY], seen, FIVE).off_min == off


def test_who_leaves_in_the_middle_is_away_for_as_long_as_that_is() -> None:
    found = adherence([DAY], as_planned() | marks((800, 848, Mark.AWAY)), FIVE)
    assert found.off_min == 48
    assert found.adherence == 0.9
    assert found.conformance == pytest.approx(417 / 465)


def test_minutes_in_which_nobody_looked_count_for_nothing() -> None:
    seen = {minute: mark for minute, mark in as_planned().items() if minute >= 700}
    found = adherence([DAY], seen, FIVE)
    assert (found.rostered_min, found.seen_min, found.adherence) == (480, 320, 1.0)


def test_a_break_that_a_call_put_off_is_not_held_against_anybody() -> None:
    seen = marks((NINE, FIVE, Mark.HERE), (700, 715, Mark.BREAK))
    found = adherence([DAY], seen, FIVE)
    assert (found.off_min, found.adherence, found.conformance) == (0, 1.0, 1.0)


def test_more_break_than_was_due_counts() -> None:
    seen = as_planned() | marks((800, 830, Mark.BREAK))
    assert adherence([DAY], seen, FIVE).off_min == 30


def test_working_longer_than_planned_shows_in_conformance_alone() -> None:
    evening = [Planned(NINE, 600), Planned(700, 760)]
    seen = marks((NINE, 600, Mark.HERE), (700, 760, Mark.HERE))
    assert adherence(evening, seen, 760).conformance == 1.0
    both = adherence([DAY], marks((NINE, FIVE, Mark.HERE)), FIVE)
    assert both.adherence == 1.0
    assert both.conformance == pytest.approx(480 / 465)


@pytest.mark.parametrize(
    ("seen", "minute", "now"),
    [
        ({}, 600, Now.NOT_SEEN),
        (marks((NINE, 600, Mark.HERE)), 600, Now.AS_PLANNED),
        (marks((NINE, 545, Mark.AWAY)), 544, Now.AS_PLANNED),
        (marks((NINE, 546, Mark.AWAY)), 546, Now.LATE),
        (marks((NINE, 600, Mark.HERE), (600, 602, Mark.AWAY)), 602, Now.LEFT),
        (marks((NINE, 1010, Mark.HERE), (1010, 1018, Mark.AWAY)), 1018, Now.AS_PLANNED),
        (as_planned(670), 670, Now.AS_PLANNED),
        (as_planned(670) | marks((670, 690, Mark.BREAK)), 690, Now.ON_BREAK),
        (as_planned(670) | marks((670, 678, Mark.BREAK)), 678, Now.AS_PLANNED),
        (as_planned() | marks((700, 701, Mark.AWAY)), FIVE + 30, Now.AS_PLANNED),
    ],
)
def test_where_somebody_is_now(seen: dict[int, Mark], minute: int, now: Now) -> None:
    assert adherence([DAY], seen, minute).now is now


def test_a_shift_over_midnight_counts_the_part_of_this_day() -> None:
    night = Planned(-120, 360)
    found = adherence([night], marks((0, 360, Mark.HERE)), 400)
    assert (found.rostered_min, found.adherence) == (360, 1.0)


@given(st.dictionaries(st.integers(0, 1439), st.sampled_from(Mark)), st.integers(0, 1440), st.integers(0, 20))
def test_shares_lie_where_shares_lie(seen: dict[int, Mark], now_min: int, grace_min: int) -> None:
    found = adherence([DAY, Planned(1100, 1300)], seen, now_min, grace_min)
    assert 0 <= found.off_min <= found.seen_min <= found.rostered_min <= now_min
    assert found.adherence is None or 0 <= found.adherence <= 1
    assert adherence([DAY, Planned(1100, 1300)], seen, now_min, grace_min + 1).off_min <= found.off_min
