"""Who is told that a line is narrow, and whose camera is slowed down. Virtual time."""

from __future__ import annotations

import pytest

from media.fitting import NARROW_RATE
from media.line_watch import LineState, LineWatch

pytestmark = pytest.mark.unit

WIDE, NARROW = 800_000, 60_000


def told(up: int | None, down: int | None, camera: int | None, seconds: int = 5) -> list[LineState]:
    watch = LineWatch()
    looks = [watch.look(up, [None, down], camera, second * 1000.0) for second in range(seconds)]
    return [state for state in looks if state is not None]


@pytest.mark.parametrize("value", [None, WIDE])
def test_nothing_is_told_of_a_line_that_is_wide_or_not_known(value: int | None) -> None:
    assert told(value, value, value) == []


def test_the_way_here_slows_the_camera_down() -> None:
    assert told(NARROW, WIDE, NARROW) == [LineState(True, NARROW_RATE)]


def test_the_way_back_does_not() -> None:
    assert told(None, NARROW, None) == [LineState(True, 0)]


def test_a_viewers_narrow_line_slows_a_camera_whose_own_line_is_wide() -> None:
    assert told(WIDE, WIDE, NARROW) == [LineState(False, NARROW_RATE)]


def test_the_end_is_told_once_too() -> None:
    watch = LineWatch()
    looks = [watch.look(NARROW if second < 10 else None, [], None, second * 1000.0) for second in range(30)]
    assert [state for state in looks if state is not None] == [LineState(True, 0), LineState(False, 0)]
