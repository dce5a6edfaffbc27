"""The waiting estimate: against simulation, and where it must say nothing."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.estimate import LONGEST_MIN, erlang_quantile, mean_handle_s, wait_interval_min

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("shape", [1, 2, 5, 20])
@pytest.mark.parametrize(("z", "share"), [(-0.8416, 0.2), (0.8416, 0.8)])
def test_quantiles_leave_the_share_below_them_that_they_should(shape: int, z: float, share: float) -> None:
    dice = random.Random(shape)
    quantile = erlang_quantile(shape, 0.5, z)
    draws = [sum(dice.expovariate(0.5) for _ in range(shape)) for _ in range(8_000)]
    assert sum(draw <= quantile for draw in draws) / len(draws) == pytest.approx(share, abs=0.025)


def test_first_place_behind_one_agent_on_a_six_minute_call() -> None:
    # Exponential with mean 6 min: 20 % quantile 1.3 min, 80 % quantile 9.7 min.
    assert wait_interval_min(1, 1, 360) == (1, 10)


@given(place=st.integers(1, 500), serving=st.integers(1, 50), handle_s=st.floats(10, 3_600))
def test_an_interval_is_whole_ordered_and_never_pretends(place: int, serving: int, handle_s: float) -> None:
    low, high = wait_interval_min(place, serving, handle_s)
    assert 0 <= low <= high <= LONGEST_MIN
    assert high >= 1


@given(place=st.integers(1, 100), serving=st.integers(1, 20), handle_s=st.floats(10, 3_600))
def test_further_back_never_waits_less_and_more_agents_never_make_it_longer(
    place: int, serving: int, handle_s: float
) -> None:
    low, high = wait_interval_min(place, serving, handle_s)
    later_low, later_high = wait_interval_min(place + 1, serving, handle_s)
    helped_low, helped_high = wait_interval_min(place, serving + 1, handle_s)
    assert low <= later_low
    assert high <= later_high
    assert helped_low <= low
    assert helped_high <= high


@pytest.mark.parametrize(("place", "serving", "handle_s"), [(0, 2, 300.0), (1, 0, 300.0), (1, 2, 0.0)])
def test_nothing_is_said_where_nothing_is_known(place: int, serving: int, handle_s: float) -> None:
    assert wait_interval_min(place, serving, handle_s) == (0, 0)


def test_one_odd_call_does_not_decide_and_many_do() -> None:
    assert mean_handle_s([], 360) == 360
    assert mean_handle_s([3_600_000], 360) == pytest.approx(1_008)
    assert mean_handle_s([120_000] * 1_000, 360) == pytest.approx(120, rel=0.01)
    assert math.isfinite(mean_handle_s([0], 0))
