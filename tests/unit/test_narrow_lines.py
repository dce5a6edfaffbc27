"""What becomes of a picture on lines that get narrow, wide, and lossy, when its viewer tells when each packet came.

A grid of drawn calls in virtual time: the service's own outlets, watch and fit; line, encoder and viewer are drawn.
"""

from __future__ import annotations

import math
import random
from statistics import mean
from typing import Any

import pytest

from tests.drawn_call import DrawnCall, Second
from tests.drawn_line import Busy, Case

pytestmark = pytest.mark.unit

WIDE_BPS = 2_000_000
FALL_S = 10
FLUENT = 20
TOLD_S = 5
STALLS = Busy(stall_ms=100)


def drawn(seed: int, *widths: tuple[float, float], **changes: Any) -> list[Second]:
    """Run a call on a line of which all but its widths and `changes` is drawn: 40 s, or 30 s after the last change."""
    dice = random.Random(seed)
    case = {
        "queue_s": dice.choice((0.15, 0.3, 0.3, 1.0)),
        "delay_ms": dice.choice((5, 20, 50, 150)),
        "jitter_ms": dice.choice((0, 3, 10)),
        "fills": dice.choice((0.75, 1.0)),
        "rebuilds": dice.random() < 0.7,
        "feedback_ms": dice.choice((50, 100, 150)),
        "up_ms": dice.choice((0, 100, 300)),
        "up_loss": dice.choice((0, 0, 0.1)),
        "drift_ppm": dice.choice((-100, 0, 100)),
        "start_bps": dice.choice((450_000, 800_000, WIDE_BPS)),
        "seed": seed,
    }
    return DrawnCall(Case(widths, **(case | changes))).run(30 + round(widths[-1][0]))


def fall(seed: int, kbps: int, **changes: Any) -> list[Second]:
    return drawn(seed, (0, WIDE_BPS), (FALL_S, kbps * 1000), **changes)


def told_s(seconds: list[Second], since_s: int = FALL_S) -> float:
    return next(
        (second - since_s for second, each in enumerate(seconds) if second >= since_s and each.narrow), math.inf
    )


@pytest.mark.parametrize("kbps", [110, 120, 150, 200, 500, 1000])
def test_above_100_kbit_s_the_size_falls_and_signing_stays_fluent(kbps: int) -> None:
    found: list[int] = []
    for seed in range(8):
        seconds = fall(seed, kbps, queue_s=0.3, delay_ms=(5, 20, 50)[seed % 3], up_loss=0.0)
        assert told_s(seconds, 0) == math.inf, seed
        shown = [second.fps for second in seconds[FALL_S + 2 :]]
        assert mean(shown) >= FLUENT - 0.5, (seed, shown)
        found += shown
        assert seconds[-1].pixels < 640 * 480 or kbps >= 400
    fluent = mean(shown >= FLUENT for shown in found)
    assert fluent >= (0.9 if kbps < 150 else 0.97)


@pytest.mark.parametrize("kbps", [110, 120, 200])
@pytest.mark.parametrize("loss", [0.0, 0.02, 0.05])
def test_above_100_kbit_s_no_line_is_called_narrow(kbps: int, loss: float) -> None:
    wrong = [seed for seed in range(6) if told_s(fall(seed, kbps, loss=loss), 0) < math.inf]
    assert len(wrong) <= (1 if kbps < 120 else 0), wrong


@pytest.mark.parametrize("kbps", [60, 80, 90])
def test_under_100_kbit_s_a_line_is_called_narrow_in_time_and_stays_it(kbps: int) -> None:
    for seed in range(8):
        seconds = fall(seed, kbps)
        assert told_s(seconds) <= TOLD_S, seed
        assert mean(second.narrow for second in seconds[FALL_S + TOLD_S :]) >= 0.7, seed
        # A key frame is longer than a queue of 0.15 s and is lost again and again.
        assert mean(second.fps for second in seconds[-15:]) >= 7, seed


@pytest.mark.parametrize(("before", "after"), [(80, 2000), (150, 2000), (500, 2000), (80, 500), (80, 150)])
def test_a_line_that_is_wide_again_is_used_again(before: int, after: int) -> None:
    for seed in range(4):
        seconds = drawn(seed, (0, WIDE_BPS), (8, before * 1000), (30, after * 1000))
        last = seconds[45:]
        ceiling_bps = mean(second.ceiling_bps or WIDE_BPS for second in last)
        assert ceiling_bps >= 0.7 * after * 1000, seed
        # An encoder that makes three quarters of what it may cannot fill the line under 1.33 of its width.
        assert ceiling_bps <= 1.35 * after * 1000, seed
        assert not any(second.narrow for second in last), seed


@pytest.mark.parametrize("loss", [0.02, 0.05, 0.1])
def test_chance_loss_takes_little_of_a_wide_line(loss: float) -> None:
    for seed in range(4):
        seconds = drawn(seed, (0, WIDE_BPS), loss=loss, up_loss=loss, fills=0.75)
        assert not any(second.narrow for second in seconds)
        assert mean(second.sent_bps for second in seconds[15:]) >= 0.6 * 0.75 * WIDE_BPS, seed


def test_a_machine_that_stands_still_again_and_again_does_not_make_a_line_narrow() -> None:
    for seed in range(6):
        for kbps in (200, 1000):
            assert told_s(fall(seed, kbps, busy=STALLS), 0) == math.inf, (seed, kbps)


def test_a_line_that_loses_what_is_too_much_without_a_queue_is_found_too() -> None:
    for seed in range(4):
        seconds = fall(seed, 500, policed=True, queue_s=0.1, delay_ms=20, fills=0.75)
        ceilings = [second.ceiling_bps or math.inf for second in seconds[FALL_S + 5 :]]
        assert mean(ceilings) < 1_000_000, seed
        assert min(ceilings) > 300_000, seed
        assert mean(second.fps for second in seconds[FALL_S + 5 :]) >= FLUENT, seed


def test_a_picture_that_takes_little_leaves_the_ceiling_where_it_is() -> None:
    """It cannot prove a wide line: once it takes more, it is not held back for long."""
    seconds = drawn(1, (0, WIDE_BPS), (10, 600_000), little_bps=60_000)
    assert all(second.ceiling_bps is None or second.ceiling_bps > 500_000 for second in seconds)


def test_two_pictures_share_a_line_and_both_stay_fluent() -> None:
    """An agent's: the preview is what the customer sees, too, so it has as much as the other when both have little."""
    for seed in range(4):
        seconds = drawn(
            seed, (0, 4e6), (FALL_S, 260_000), pictures=2, queue_s=0.3, delay_ms=20, up_loss=0.0, fills=0.75
        )
        assert told_s(seconds, 0) == math.inf, seed
        for place in (0, 1):
            assert mean(second.shown[place] for second in seconds[FALL_S + 3 :]) >= FLUENT - 1, (seed, place)


def test_the_same_dice_make_the_same_call() -> None:
    assert fall(7, 120) == fall(7, 120)
