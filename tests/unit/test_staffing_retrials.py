"""Customers who call again: the chain against closed forms, a second solver, and conservation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scheduler.erlang import Load, erlang_a
from scheduler.errors import NotConverged, NotPositive
from scheduler.retrials import erlang_a_with_retrials

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("agents", "calls"), [(1, 0.5), (2, 3.0), (6, 18.0), (20, 45.0)])
def test_nobody_calling_again_is_erlang_a(agents: int, calls: float) -> None:
    load = Load(calls, 900.0, 360.0)
    chain = erlang_a_with_retrials(load, agents, 120.0, again=0.0, pause_s=300.0, within_s=20.0)
    queue = erlang_a(load, agents, 120.0)
    assert chain.attempts_per_call == pytest.approx(1.0, abs=1e-12)
    assert chain.delay_probability == pytest.approx(queue.delay_probability, abs=1e-9)
    assert chain.abandonment == pytest.approx(queue.abandonment, abs=1e-9)
    assert chain.lost == pytest.approx(queue.abandonment, abs=1e-9)
    assert chain.service_level == pytest.approx(queue.service_level(20.0), abs=1e-9)
    assert chain.wait_s == pytest.approx(queue.wait_s, rel=1e-7)
    assert chain.occupancy == pytest.approx(queue.occupancy, rel=1e-9)


@pytest.mark.parametrize(("agents", "calls", "again"), [(2, 3.0, 0.6), (6, 18.0, 0.8), (12, 30.0, 0.5)])
def test_nobody_is_lost_from_the_books(agents: int, calls: float, again: float) -> None:
    load = Load(calls, 900.0, 360.0)
    found = erlang_a_with_retrials(load, agents, 120.0, again, pause_s=300.0, within_s=20.0)
    # Each new customer is served once or lost, and each attempt is served or gives up.
    served = found.attempts_per_call * (1 - found.abandonment)
    assert served + found.lost == pytest.approx(1.0, abs=1e-6)
    assert found.occupancy == pytest.approx(served * load.offered / agents, abs=1e-6)
    # Who is about to call again: repeated attempts a second times the pause.
    repeated = (found.attempts_per_call - 1) * calls / 900.0
    assert found.returners == pytest.approx(repeated * 300.0, rel=1e-5)
    assert found.cut_mass < 1e-7
    assert found.cut_change < 1e-7


def test_a_plain_linear_solve_of_the_same_chain_agrees() -> None:
    agents, a, gives_up, again, retry = 2, 1.2, 3.0, 0.6, 1.2
    waiting, orbit = 12, 14
    size = agents + waiting + 1
    generator = np.zeros((size * (orbit + 1), size * (orbit + 1)))

    def rate(i: int, j: int, to_i: int, to_j: int, value: float) -> None:
        generator[j * size + i, to_j * size + to_i] += value
        generator[j * size + i, j * size + i] -= value

    for j in range(orbit + 1):
        for i in range(size):
            if i + 1 < size:
                rate(i, j, i + 1, j, a)
                if j:
                    rate(i, j, i + 1, j - 1, j * retry)
            if i:
                rate(i, j, i - 1, j, min(i, agents))
            if i > agents:
                leaving = gives_up * (i - agents)
                rate(i, j, i - 1, j, leaving * (1 - again))
                rate(i, j, i - 1, min(j + 1, orbit), leaving * again)
    balance = generator.T.copy()
    balance[-1] = 1.0
    stationary = np.linalg.solve(balance, np.eye(len(balance))[-1]).reshape(orbit + 1, size)
    attempts = a + retry * np.arange(orbit + 1)
    found = attempts @ stationary

    chain = erlang_a_with_retrials(Load(3.0, 900.0, 360.0), agents, 120.0, again, pause_s=300.0, within_s=20.0)
    assert chain.delay_probability == pytest.approx(found[agents:].sum() / found.sum(), abs=1e-6)
    assert chain.attempts_per_call == pytest.approx(found.sum() / a, abs=1e-5)


def test_returners_make_the_service_worse_and_the_more_so_the_more_return() -> None:
    load = Load(18.0, 900.0, 360.0)
    levels = [
        erlang_a_with_retrials(load, 7, 120.0, again, pause_s=300.0, within_s=20.0).service_level
        for again in (0.0, 0.3, 0.6, 0.9)
    ]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] - levels[-1] > 0.05


def test_a_threshold_of_nothing_and_of_ever() -> None:
    load = Load(3.0, 900.0, 360.0)
    at_once = erlang_a_with_retrials(load, 2, 120.0, 0.5, pause_s=300.0, within_s=0.0)
    assert at_once.service_level == pytest.approx(1 - at_once.delay_probability, abs=1e-12)
    ever = erlang_a_with_retrials(load, 2, 120.0, 0.5, pause_s=300.0, within_s=1e5)
    assert ever.service_level == pytest.approx(1 - ever.abandonment, abs=1e-7)


@pytest.mark.parametrize("changed", [{"patience_s": 0.0}, {"pause_s": math.inf}, {"again": 1.0}, {"again": -0.1}])
def test_impossible_numbers_are_refused(changed: dict[str, float]) -> None:
    numbers = {"patience_s": 120.0, "again": 0.5, "pause_s": 300.0, "within_s": 20.0} | changed
    with pytest.raises(NotPositive):
        erlang_a_with_retrials(Load(3.0, 900.0, 360.0), 2, **numbers)


def test_a_chain_that_would_be_too_large_says_so() -> None:
    with pytest.raises(NotConverged, match="simulate"):
        erlang_a_with_retrials(Load(900.0, 900.0, 360.0), 1190, 120.0, 0.5, pause_s=300.0, within_s=20.0)
