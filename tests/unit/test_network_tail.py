"""The person network's last layer, computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from media.network_tail import Tail, without_tail

pytestmark = pytest.mark.unit

ROWS, COLUMNS, DEPTH = 3, 5, 16


@pytest.fixture
def tail() -> Tail:
    kernel = np.random.default_rng(1).normal(size=(DEPTH, 4)).astype(np.float32)
    return Tail(kernel, 0.25)


def test_each_place_becomes_two_by_two(tail: Tail) -> None:
    values = np.random.default_rng(2).normal(size=(ROWS, COLUMNS, DEPTH)).astype(np.float32)
    alpha = tail.apply(values)
    assert alpha.shape == (2 * ROWS, 2 * COLUMNS)
    assert alpha.dtype == np.float32
    for row in range(2 * ROWS):
        for column in range(2 * COLUMNS):
            weights = tail.kernel[:, 2 * (row % 2) + column % 2]
            total = float(values[row // 2, column // 2].astype(float) @ weights.astype(float)) + tail.bias
            assert alpha[row, column] == pytest.approx(1 / (1 + math.exp(-total)), abs=1e-6)


@pytest.mark.parametrize(("value", "alpha"), [(1e6, 1.0), (-1e6, 0.0)])
def test_what_is_surely_so_does_not_overflow(value: float, alpha: float) -> None:
    values = np.zeros((1, 1, DEPTH), np.float32)
    values[0, 0, 0] = value
    kernel = np.zeros((DEPTH, 4), np.float32)
    kernel[0] = 1
    assert np.array_equal(Tail(kernel, 0.0).apply(values), np.full((2, 2), alpha, np.float32))


def test_what_is_no_number_stays_none(tail: Tail) -> None:
    values = np.full((1, 1, DEPTH), np.nan, np.float32)
    assert np.isnan(tail.apply(values)).all()


def test_the_masks_memory_is_its_own(tail: Tail) -> None:
    values = np.ones((ROWS, COLUMNS, DEPTH), np.float32)
    alpha = tail.apply(values)
    before = alpha.copy()
    values[:] = 9
    tail.apply(values)
    assert np.array_equal(alpha, before)


@pytest.mark.parametrize(
    "octets", [b"", b"\0", bytes(64), b"\xff" * 64, bytes(range(256)) * 4], ids=["empty", "one", "zeros", "ones", "all"]
)
def test_what_is_no_network_is_refused(octets: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        without_tail(octets)
