"""When a worker steps down, and when it dares to step up again. Virtual time."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.fitting import FULL_RATE
from media.ladder import CALM_FIRST, LOWEST, RATES, Gauge, Ladder, Pressure, WorkerLoad

pytestmark = pytest.mark.unit

CALM, BETWEEN = Pressure(), Pressure(wait_ms=12.0)
HIGH = [Pressure(late_share=0.1), Pressure(wait_ms=40.0), Pressure(cpu_share=0.99)]


def steps(ladder: Ladder, pressures: list[Pressure], since_s: int = 0) -> list[int]:
    return [ladder.look(pressure, (since_s + second) * 1000.0) for second, pressure in enumerate(pressures)]


@pytest.mark.parametrize("high", HIGH)
def test_it_goes_down_by_one_every_two_bad_looks_and_no_further_than_20_a_second(high: Pressure) -> None:
    assert steps(Ladder(), [high] * 9) == [0, 1, 1, 2, 2, 3, 3, 3, 3]
    assert RATES == (FULL_RATE, FULL_RATE, 24, 20)


def test_one_bad_look_is_an_accident() -> None:
    assert set(steps(Ladder(), [HIGH[0], CALM] * 50)) == {0}


def test_it_goes_up_by_one_after_15_calm_looks() -> None:
    ladder = Ladder()
    steps(ladder, [HIGH[0]] * 6)
    up = steps(ladder, [CALM] * 50, 6)

    assert [up.index(step) for step in (2, 1, 0)] == [14, 29, 44]


def test_between_bad_and_calm_it_stays() -> None:
    ladder = Ladder()
    steps(ladder, [HIGH[0]] * 4)
    assert set(steps(ladder, [BETWEEN] * 500, 4)) == {2}


@pytest.mark.parametrize(("share", "rises"), [(0.6, True), (0.8, False)])
def test_it_goes_up_only_where_the_work_above_fits_in(share: float, rises: bool) -> None:
    ladder = Ladder()
    steps(ladder, [HIGH[0]] * 6)
    assert (steps(ladder, [Pressure(cpu_share=share)] * 20, 6)[-1] == 2) is rises


def test_a_load_that_comes_back_at_once_makes_it_ever_more_careful() -> None:
    ladder, seen = Ladder(), []
    for second in range(3600):
        # Step 0 is always too much, step 1 always calm.
        seen.append(ladder.look(HIGH[1] if ladder.step == 0 else CALM, second * 1000.0))
    changed = [second for second, pair in enumerate(itertools.pairwise(seen)) if pair[0] != pair[1]]

    assert len(changed) <= 40
    assert changed[-1] - changed[-3] > 10 * CALM_FIRST


@given(st.lists(st.sampled_from([*HIGH, CALM, BETWEEN]), max_size=400), st.randoms())
def test_it_never_leaves_the_ladder_and_takes_one_step_at_a_time(
    pressures: list[Pressure], dice: random.Random
) -> None:
    dice.shuffle(pressures)
    seen = [0, *steps(Ladder(), pressures)]

    assert all(0 <= step <= LOWEST for step in seen)
    assert all(abs(one - other) <= 1 for one, other in itertools.pairwise(seen))


def test_the_gauge_begins_again_with_each_reading() -> None:
    spent = iter([1.0, 1.4, 1.4])
    gauge = Gauge(lambda: next(spent))
    gauge.note(shown=3, late=1, wait_ms=8.0)

    assert gauge.read(1000.0) == Pressure(0.25, 2.0, 0.0)
    assert gauge.read(2000.0) == Pressure(0.0, 0.0, pytest.approx(0.4))  # type: ignore[arg-type]
    assert gauge.read(3000.0) == Pressure()


def test_a_worker_looks_once_a_second_and_says_when_the_step_has_changed() -> None:
    load = WorkerLoad()
    changed = []
    for now_ms in range(0, 5000, 20):
        load.gauge.note(shown=0, late=1, wait_ms=0.0)
        if load.look(float(now_ms)):
            changed.append((now_ms, load.step, load.rate, load.thrift.on))

    assert changed == [(1000, 1, FULL_RATE, True), (3000, 2, 24, True)]
    for now_ms in range(5000, 60_000, 1000):
        load.look(float(now_ms))
    assert (load.step, load.rate, load.thrift.on) == (0, FULL_RATE, False)
