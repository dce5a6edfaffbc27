"""How far counts scatter: found for counts of every size, and not made larger by a few wild ones."""

from __future__ import annotations

import numpy as np
import pytest

from scheduler.forecast_spread import spread_of

pytestmark = pytest.mark.unit


def scattered(mean: np.ndarray, spread: float, random: np.random.Generator) -> np.ndarray:
    counts: np.ndarray = random.poisson(mean * random.gamma(1 / spread, spread, len(mean))).astype(np.float64)
    return counts


@pytest.mark.parametrize("spread", [0.01, 0.1, 0.6])
def test_a_spread_is_found(spread: float) -> None:
    random = np.random.default_rng(3)
    mean = random.uniform(5.0, 50.0, 6000)
    assert spread_of(scattered(mean, spread, random), mean, 0.0) == pytest.approx(spread, rel=0.15, abs=0.005)


@pytest.mark.parametrize("usual", [0.5, 2.0, 6.0, 1000.0])
def test_it_is_found_in_few_calls_and_in_many(usual: float) -> None:
    random = np.random.default_rng(4)
    mean = random.uniform(0.5 * usual, 1.5 * usual, 20_000)
    assert spread_of(scattered(mean, 0.5, random), mean, 0.0) == pytest.approx(0.5, rel=0.2)


def test_chance_alone_is_seldom_taken_for_a_spread() -> None:
    random = np.random.default_rng(5)
    found = [spread_of(random.poisson(0.3, 2000).astype(np.float64), np.full(2000, 0.3), 0.0) for _ in range(100)]
    assert sum(one > 0 for one in found) < 30
    assert spread_of(np.zeros(3), np.zeros(3), 0.0) == 0.0
    assert spread_of(np.ones(3), np.ones(3), 5.0) == 0.0


def test_a_few_wild_counts_do_not_make_all_others_uncertain() -> None:
    random = np.random.default_rng(7)
    mean = random.uniform(300.0, 900.0, 3000)
    counts = scattered(mean, 0.004, random)
    calm = spread_of(counts, mean, 0.0)
    counts[:45] = 2.0 * mean[:45]
    # By the squares as they are it would be about five times as much.
    assert spread_of(counts, mean, 0.0) == pytest.approx(calm, rel=0.12)


def test_what_was_learned_from_the_counts_is_made_up_for() -> None:
    random = np.random.default_rng(8)
    counts = scattered(np.full(4000, 200.0), 0.05, random).reshape(-1, 4)
    mean = np.repeat(counts.mean(axis=1), 4)
    assert spread_of(counts.ravel(), mean, 1000.0) == pytest.approx(0.05, rel=0.2)
    assert spread_of(counts.ravel(), mean, 0.0) < 0.045
