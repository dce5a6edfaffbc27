"""Negative binomial counts: against sums in exact arithmetic, and the scores against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scheduler.errors import BadTarget
from scheduler.forecast_counts import (
    log_probability,
    quantile,
    randomised_pit,
    ranked_score,
    uniformity,
)

pytestmark = pytest.mark.unit


def exact(count: int, mean: float, spread: float) -> float:
    if spread == 0:
        return math.exp(-mean) * mean**count / math.factorial(count)
    size = 1 / spread
    log_choose = math.lgamma(count + size) - math.lgamma(size) - math.lgamma(count + 1)
    return math.exp(log_choose + size * math.log(size / (size + mean)) + count * math.log(mean / (size + mean)))


CELLS = [(0.02, 0.0), (0.4, 0.5), (3.0, 0.0), (3.0, 0.2), (40.0, 0.05), (900.0, 0.01)]


@pytest.mark.parametrize(("mean", "spread"), CELLS)
def test_probabilities_are_negative_binomial(mean: float, spread: float) -> None:
    counts = np.arange(0, 30)
    found = np.exp(log_probability(counts, np.full(30, mean), np.full(30, spread)))
    expected = [exact(int(count), mean, spread) for count in counts]
    assert found == pytest.approx(np.asarray(expected), rel=1e-6)


@pytest.mark.parametrize(("mean", "spread"), CELLS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_quantile_is_the_smallest_count_that_suffices(mean: float, spread: float, share: float) -> None:
    found = int(quantile(share, np.asarray([mean]), np.asarray([spread]))[0])
    assert sum(exact(k, mean, spread) for k in range(min(found, 150) + 1)) >= share - 1e-9 or found > 150
    if 0 < found <= 150:
        assert sum(exact(k, mean, spread) for k in range(found)) < share


def test_shapes_are_kept_and_large_grids_are_worked_in_parts() -> None:
    random = np.random.default_rng(4)
    mean = random.uniform(0.0, 800.0, (40, 60))
    spread = np.full(mean.shape, 0.02)
    grid = quantile(0.9, mean, spread)
    assert grid.shape == (40, 60)
    assert grid.dtype == np.int64
    assert int(grid[7, 11]) == int(quantile(0.9, mean[7:8, 11:12], spread[7:8, 11:12])[0, 0])
    counts = random.poisson(mean * random.gamma(50.0, 0.02, mean.shape))
    assert log_probability(counts, mean, spread).shape == (40, 60)
    assert ranked_score(counts, mean, spread).shape == (40, 60)
    assert (counts <= grid).mean() == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize(("mean", "spread"), [(5e4, 0.0), (1e6, 0.02), (4e5, 0.9)])
def test_very_many_calls_are_taken_in_bundles_without_harm(mean: float, spread: float) -> None:
    random = np.random.default_rng(6)
    counts = random.poisson(mean * random.gamma(1 / spread, spread, 2000) if spread else np.full(2000, mean))
    cells, spreads = np.full(2000, mean), np.full(2000, spread)
    assert uniformity(randomised_pit(counts, cells, spreads, random))[1] > 0.05
    low, high = (int(quantile(share, cells[:1], spreads[:1])[0]) for share in (0.1, 0.9))
    assert ((counts >= low) & (counts <= high)).mean() == pytest.approx(0.8, abs=0.03)
    # Of a normal count the ranked score is (sqrt(2) - 1) / sqrt(pi) standard deviations where it hits the mean.
    deviation = math.sqrt(mean + spread * mean**2)
    score = float(ranked_score(np.asarray([int(mean)]), cells[:1], spreads[:1])[0])
    assert score == pytest.approx(0.2337 * deviation, rel=0.02 if spread < 0.1 else 0.3)
    far = np.asarray([int(mean + 60 * deviation)])
    assert ranked_score(far, cells[:1], spreads[:1])[0] == pytest.approx(60 * deviation, rel=0.05)
    assert randomised_pit(far, cells[:1], spreads[:1], random)[0] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_a_quantile_lies_between_0_and_1(share: float) -> None:
    with pytest.raises(BadTarget, match="between 0 and 1"):
        quantile(share, np.ones(1), np.ones(1))


def test_a_count_far_beyond_the_forecast_has_a_probability() -> None:
    found = log_probability(np.asarray([400]), np.asarray([1.0]), np.asarray([0.1]))
    log_choose = math.lgamma(410) - math.lgamma(10) - math.lgamma(401)
    assert found[0] == pytest.approx(log_choose + 10 * math.log(10 / 11) - 400 * math.log(11))


@pytest.mark.parametrize(("mean", "spread"), [(0.1, 0.0), (0.3, 0.4), (2.0, 0.1), (60.0, 0.02)])
def test_the_transform_is_uniform_when_the_forecast_is_right(mean: float, spread: float) -> None:
    random = np.random.default_rng(11)
    factor = random.gamma(1 / spread, spread, 4000) if spread else np.ones(4000)
    counts = random.poisson(mean * factor)
    cells = np.full(4000, mean)
    assert uniformity(randomised_pit(counts, cells, np.full(4000, spread), random))[1] > 0.05
    assert uniformity(randomised_pit(counts, cells * 1.3 + 0.1, np.full(4000, spread), random))[1] < 0.01


def test_the_uniformity_test_is_kolmogorov_and_smirnov() -> None:
    distance, p = uniformity(np.asarray([0.1, 0.3, 0.5, 0.7, 0.9]))
    assert distance == pytest.approx(0.1)
    assert p == pytest.approx(1.0)
    # The 5 % point of the limit distribution is 1.358.
    n = 10_000
    shifted = np.clip((np.arange(n) + 0.5) / n + 1.358 / math.sqrt(n), 0, 1)
    assert uniformity(shifted)[1] == pytest.approx(0.05, abs=0.003)
    assert uniformity(np.full(50, 0.5))[1] < 1e-6


def test_the_ranked_score_is_its_sum() -> None:
    mean, spread = 2.5, 0.3
    below = np.cumsum([exact(k, mean, spread) for k in range(200)])
    for count in (0, 2, 9):
        expected = sum((below[k] - (count <= k)) ** 2 for k in range(200))
        assert ranked_score(np.asarray([count]), np.asarray([mean]), np.asarray([spread]))[0] == pytest.approx(expected)
    sure = ranked_score(np.asarray([7]), np.asarray([1e-9]), np.asarray([0.0]))
    assert sure[0] == pytest.approx(7.0, abs=1e-6)
