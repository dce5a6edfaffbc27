"""The Gaussian process of log rates: against plain optimisation, against regression, and at awkward counts."""

from __future__ import annotations

import numpy as np
import pytest

from scheduler.gaussian import fit, most_likely

pytestmark = pytest.mark.unit


def smooth(n: int, size: float = 0.5, over: float = 6.0) -> np.ndarray:
    apart = np.arange(n)[:, None] - np.arange(n)[None, :]
    return size**2 * np.exp(-0.5 * (apart / over) ** 2)


def test_the_fit_is_the_top_of_the_posterior() -> None:
    random = np.random.default_rng(1)
    kernel = smooth(20) + 0.01 * np.eye(20)
    counts = random.poisson(4.0, 20).astype(np.float64)
    exposure = random.uniform(0.5, 2.0, 20)
    found = fit(kernel, counts, exposure)
    # There, the pull of the counts and that of the prior cancel.
    pull = counts - exposure * np.exp(found.log_rate)
    prior = np.linalg.solve(kernel, found.log_rate - found.mean)
    assert pull == pytest.approx(prior, abs=1e-4)


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e6])
def test_a_constant_rate_is_found_whatever_the_size_of_the_counts(scale: float) -> None:
    kernel = 4.0 + 0.01 * np.eye(100)
    counts = scale * np.random.default_rng(2).normal(1.0, 0.05, 100)
    found = fit(kernel, counts, np.ones(100))
    mean, variance = found.predict(np.full((1, 100), 4.0), np.asarray([4.0]))
    assert np.exp(mean[0]) == pytest.approx(counts.mean(), rel=0.03 if scale == 1.0 else 0.005)
    assert variance[0] < 0.02


def test_large_counts_are_ordinary_regression() -> None:
    random = np.random.default_rng(3)
    truth = 10.0 + 0.3 * np.sin(np.arange(60) / 8.0)
    counts = random.poisson(np.exp(truth)).astype(np.float64)
    kernel, noise = smooth(60), np.diag(1 / counts)
    found = fit(kernel, counts, np.ones(60))
    cross = kernel[10:12]
    mean, variance = found.predict(cross, np.diag(kernel)[10:12])
    solved = np.linalg.solve(kernel + noise, np.log(counts) - found.mean)
    assert mean == pytest.approx(found.mean + cross @ solved, abs=2e-4)
    own = np.diag(kernel)[10:12] - np.einsum("ij,ji->i", cross, np.linalg.solve(kernel + noise, cross.T))
    assert variance == pytest.approx(own, abs=1e-5)


def test_no_calls_at_all_is_a_low_rate_and_not_an_error() -> None:
    found = fit(smooth(30) + 0.01 * np.eye(30), np.zeros(30), np.ones(30))
    assert np.all(np.exp(found.log_rate) < 0.05)
    assert np.isfinite(found.evidence)


def test_one_wild_count_does_not_break_the_steps() -> None:
    counts = np.full(40, 2.0)
    counts[17] = 50_000.0
    found = fit(smooth(40, size=2.0) + 0.04 * np.eye(40), counts, np.ones(40))
    assert found.log_rate[17] > 4.0
    assert np.isfinite(found.log_rate).all()


def test_a_start_near_the_answer_changes_nothing_but_the_way() -> None:
    kernel, counts = smooth(25) + 0.02 * np.eye(25), np.random.default_rng(4).poisson(6.0, 25).astype(np.float64)
    cold = fit(kernel, counts, np.ones(25))
    warm = fit(kernel, counts, np.ones(25), start=cold.log_rate + 0.01)
    assert warm.log_rate == pytest.approx(cold.log_rate, abs=1e-5)
    assert warm.evidence == pytest.approx(cold.evidence, abs=1e-5)
    lost = fit(kernel, counts, np.ones(25), start=np.full(25, -40.0))
    assert lost.log_rate == pytest.approx(cold.log_rate, abs=1e-5)


def test_the_evidence_prefers_the_kernel_that_made_the_counts() -> None:
    random = np.random.default_rng(5)
    draws = np.linalg.cholesky(smooth(80, size=0.4) + 1e-9 * np.eye(80)) @ random.normal(size=80)
    counts = random.poisson(np.exp(3.0 + draws)).astype(np.float64)
    evidence = [fit(smooth(80, size=size), counts, np.ones(80)).evidence for size in (0.02, 0.4, 8.0)]
    assert evidence[1] == max(evidence)


def test_the_search_finds_a_top_within_bounds() -> None:
    found = most_likely(lambda x: -float((x[0] - 1.0) ** 2 + (x[1] + 2.0) ** 2), [0.0, 0.0], [-5.0, -1.0], [5.0, 5.0])
    assert found[0] == pytest.approx(1.0, abs=0.15)
    assert found[1] == -1.0


def test_a_point_left_out_is_what_the_others_say_of_it() -> None:
    random = np.random.default_rng(12)
    apart = np.abs(np.arange(12)[:, None] - np.arange(12)[None, :])
    kernel = 0.09 * np.exp(-apart / 3.0) + 0.01 * np.eye(12)
    counts = random.poisson(4e5 * np.exp(0.3 * random.standard_normal(12))).astype(np.float64)
    off, variance = fit(kernel, counts, np.ones(12)).left_out()
    for at in range(12):
        others = np.arange(12) != at
        fitted = fit(kernel[np.ix_(others, others)], counts[others], np.ones(11))
        said, doubt = fitted.predict(kernel[at : at + 1, others], kernel[at : at + 1, at])
        # The mean of all is another without the point, by a little.
        assert off[at] == pytest.approx(np.log(counts[at]) - said[0], abs=0.03)
        assert variance[at] == pytest.approx(doubt[0] + 1.0 / counts[at], rel=1e-3)
