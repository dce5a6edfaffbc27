"""Size before rate: what is made of a picture on a line that falls, rises, and trembles. Virtual time."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.fitting import (
    FLUENT_RATE,
    FULL_RATE,
    LEVELS,
    NARROW_BPS,
    NARROW_RATE,
    Fit,
    NarrowLine,
    Pace,
    PictureFit,
    scaled,
)

pytestmark = pytest.mark.unit

EVERY_MS = 500.0
STEADY = [2_000_000, 1_000_000, 500_000, 300_000, 200_000, 120_000, 102_000, 80_000, 45_000]


def run(line: Sequence[float], fit: PictureFit | None = None, since_ms: float = 0.0) -> list[Fit]:
    """Look twice a second at a line that carries so many bits a second."""
    controller = fit or PictureFit()
    return [controller.update(int(bps), since_ms + number * EVERY_MS) for number, bps in enumerate(line)]


def changes(fits: list[Fit]) -> int:
    looks = [(fit.pixels, fit.rate) for fit in fits]
    return sum(one != other for one, other in itertools.pairwise(looks))


@pytest.mark.parametrize(
    ("bps", "size", "rate"),
    [
        (2_000_000, (1280, 720), FULL_RATE),
        (900_000, (960, 540), FULL_RATE),
        (500_000, (640, 360), FULL_RATE),
        (250_000, (480, 270), FULL_RATE),
        (200_000, (400, 224), FULL_RATE),
        (120_000, (400, 224), FLUENT_RATE),
        (80_000, (400, 224), NARROW_RATE),
    ],
)
def test_a_line_has_its_size_and_rate(bps: int, size: tuple[int, int], rate: int) -> None:
    last = run([bps] * 20)[-1]

    assert (scaled(1280, 720, last.pixels), last.rate) == (size, rate)
    assert last.bps == bps


@given(st.lists(st.tuples(st.integers(30_000, 2_500_000), st.integers(1, 40)), min_size=1, max_size=25))
def test_above_100_kbit_s_pictures_are_never_few(line: list[tuple[int, int]]) -> None:
    fits = run([bps for bps, times in line for _ in range(times)])

    assert all(fit.rate >= FLUENT_RATE for fit in fits if fit.bps > NARROW_BPS)
    assert all(fit.pixels == LEVELS[-1].pixels for fit in fits if fit.rate < FULL_RATE), "size goes first"
    assert all(fit.narrow == (fit.rate == NARROW_RATE) for fit in fits)


@given(st.lists(st.tuples(st.integers(30_000, 2_500_000), st.integers(1, 40)), min_size=1, max_size=25))
def test_steps_are_two_seconds_apart_but_for_steep_ones_down(line: list[tuple[int, int]]) -> None:
    fits = run([bps for bps, times in line for _ in range(times)])
    at = [number for number, pair in enumerate(itertools.pairwise(fits)) if pair[0].pixels != pair[1].pixels]

    for earlier, later in itertools.pairwise(at):
        steep = fits[later + 1].pixels <= fits[later].pixels * 0.6
        assert (later - earlier) * EVERY_MS >= 2000 or steep


def test_a_line_that_turns_out_to_be_far_narrower_is_answered_at_once() -> None:
    fits = run([2_000_000] * 10 + [500_000, 150_000])

    assert [fit.pixels for fit in fits[10:]] == [LEVELS[2].pixels, LEVELS[4].pixels]


def test_a_line_that_is_wide_again_is_used_in_one_step() -> None:
    fits = run([150_000] * 10 + [2_000_000] * 20)

    assert {fit.pixels for fit in fits} == {LEVELS[4].pixels, LEVELS[0].pixels}


@pytest.mark.parametrize("bps", STEADY)
@pytest.mark.parametrize("tremble", [0.0, 0.1])
def test_a_line_that_trembles_does_not_make_the_picture_pump(bps: int, tremble: float) -> None:
    dice = random.Random(bps)
    fits = run([bps * dice.uniform(1 - tremble, 1 + tremble) for _ in range(600)])

    assert changes(fits[20:]) <= 1


@pytest.mark.parametrize("bps", [1_150_000, 690_000, 390_000, 225_000, 128_000, 99_000])
def test_a_line_that_is_probed_again_and_again_pumps_ever_less(bps: int) -> None:
    """The sender grows until packets pile up and starts again lower: a saw of 40 %, as estimates make it."""
    saw = [bps * (0.8 + 0.05 * (number % 12)) for number in range(1200)]
    fits = run(saw)

    assert changes(fits) <= 22
    assert changes(fits[600:]) <= 8


def test_a_fall_is_answered_at_once_and_in_one_step() -> None:
    fits = run([2_000_000] * 10 + [200_000])

    assert fits[9].pixels == LEVELS[0].pixels
    assert fits[10].pixels == LEVELS[4].pixels


def test_a_narrow_line_is_believed_after_two_seconds_and_wide_again_after_four() -> None:
    fit = PictureFit()
    fits = run([120_000] * 10 + [70_000] * 10 + [300_000] * 30, fit)
    narrow = [number for number, each in enumerate(fits) if each.narrow]

    assert narrow[0] == 14
    assert (narrow[-1] - 20) * EVERY_MS == pytest.approx(4000, abs=EVERY_MS)
    assert fits[-1].rate == FULL_RATE


def test_a_line_of_which_nothing_is_known_is_not_narrow() -> None:
    line = NarrowLine()
    assert not any(line.update(None, now_ms) for now_ms in range(0, 60_000, 1000))
    assert [line.update(50_000, 60_000 + now_ms) for now_ms in (0, 1000, 2000)] == [False, False, True]
    assert [line.update(None, 63_000 + now_ms) for now_ms in (0, 3999, 4000)] == [True, True, False]


@pytest.mark.parametrize(
    ("size", "pixels", "found"),
    [
        ((640, 480), 640 * 480, (640, 480)),
        ((640, 480), 480 * 360, (480, 360)),
        ((640, 480), 400 * 225, (320, 240)),
        ((480, 640), 400 * 225, (240, 320)),
        ((1280, 720), 400 * 225, (400, 224)),
        ((1920, 1080), 400 * 225, (360, 202)),
        ((320, 240), 400 * 225, (320, 240)),
        ((641, 481), 480 * 360, (480, 360)),
        ((641, 481), 1920 * 1088, (641, 481)),
        ((8192, 4096), 400 * 225, (1536, 768)),
    ],
)
def test_pictures_are_scaled_by_few_even_steps(size: tuple[int, int], pixels: int, found: tuple[int, int]) -> None:
    assert scaled(*size, pixels) == found


@pytest.mark.parametrize("rate", [12, 15, 20, 24, 30, 60])
@pytest.mark.parametrize("camera", [10, 15, 24, 25, 30])
@pytest.mark.parametrize("shake", [0, 600])
def test_a_pace_gives_its_rate_or_the_cameras(rate: int, camera: int, shake: int) -> None:
    dice, pace, times = random.Random(rate), Pace(90_000), []
    for number in range(camera * 20):
        timestamp = number * 90_000 // camera + dice.randint(-shake, shake)
        if pace.is_due(timestamp, rate):
            pace.shown(timestamp, rate)
            times.append(timestamp)

    assert len(times) / 20 == pytest.approx(min(rate, camera), rel=0.03)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(gaps) <= 90_000 / min(rate, camera) + 90_000 / camera + 2 * shake


def test_a_pace_catches_up_with_nothing_after_a_pause_or_a_jump_back() -> None:
    pace = Pace(90_000)
    shown = []
    for timestamp in [0, 3000, 6000, 900_000, 903_000, 906_000, 909_000, 0, 3000]:
        if pace.is_due(timestamp, 15):
            pace.shown(timestamp, 15)
            shown.append(timestamp)

    assert shown == [0, 6000, 900_000, 906_000, 0]
