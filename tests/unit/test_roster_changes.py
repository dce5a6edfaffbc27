"""What publishing would change: the fewest shifts that make a roster stand, and nothing of the past."""

from __future__ import annotations

import pytest

from signaling.store_types import Shift
from video_service.roster_changes import Changes, NewShift, changes

pytestmark = pytest.mark.unit

HOUR = 3_600_000
NOW = 100 * HOUR


def standing(name: str, from_h: int, to_h: int, *breaks: tuple[int, int]) -> Shift:
    return Shift(shift=name, agent="a", start_ms=NOW + from_h * HOUR, end_ms=NOW + to_h * HOUR, breaks=_ms(breaks))


def wanted(from_h: int, to_h: int, *breaks: tuple[int, int]) -> NewShift:
    return ("a", NOW + from_h * HOUR, NOW + to_h * HOUR, _ms(breaks))


def _ms(breaks: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    return tuple((NOW + first * HOUR, NOW + last * HOUR) for first, last in breaks)


def test_what_stands_already_stays() -> None:
    there = [standing("s1", 1, 9, (4, 5)), standing("s2", 25, 33)]
    found = changes(there, [wanted(1, 9, (4, 5)), wanted(26, 34)], {"s1", "s2"}, now_ms=NOW)
    assert found == Changes(add=(wanted(26, 34),), remove=("s2",), keep=("s1",), late=0)


def test_another_break_is_another_shift() -> None:
    found = changes([standing("s1", 1, 9, (4, 5))], [wanted(1, 9, (5, 6))], {"s1"}, now_ms=NOW)
    assert (found.add, found.remove) == ((wanted(1, 9, (5, 6)),), ("s1",))


def test_what_was_put_in_by_hand_meanwhile_stays() -> None:
    assert changes([standing("own", 1, 9)], [], frozenset(), now_ms=NOW) == Changes((), (), (), 0)


def test_what_has_begun_is_neither_added_nor_taken_away() -> None:
    found = changes([standing("s1", -1, 7)], [wanted(-2, 6)], {"s1"}, now_ms=NOW)
    assert found == Changes((), (), (), late=1)


def test_the_same_shift_twice_is_one() -> None:
    assert changes([], [wanted(1, 9), wanted(1, 9)], (), now_ms=NOW).add == (wanted(1, 9),)


def test_a_token_tells_changes_apart() -> None:
    one, two = Changes((wanted(1, 9),), (), (), 0), Changes((wanted(1, 10),), (), (), 0)
    assert len({one.token(1), two.token(1), one.token(2)}) == 3
    assert one.token(1) == Changes((wanted(1, 9),), (), (), late=3).token(1)
