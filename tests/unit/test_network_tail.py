"""The person network's sums in another order: what its last layer gives, and which files are refused."""

from __future__ import annotations

import numpy as np
import pytest

from media.network_tail import rearranged, unfolded

pytestmark = pytest.mark.unit

ROWS, COLUMNS = 3, 5


def test_each_place_becomes_two_by_two() -> None:
    parts = np.arange(ROWS * COLUMNS * 4, dtype=np.float32).reshape(ROWS, COLUMNS, 4)
    alpha = unfolded(parts)
    assert alpha.shape == (2 * ROWS, 2 * COLUMNS)
    assert alpha.dtype == np.float32
    for row in range(2 * ROWS):
        for column in range(2 * COLUMNS):
            assert alpha[row, column] == parts[row // 2, column // 2, 2 * (row % 2) + column % 2]


def test_what_is_no_number_stays_none() -> None:
    assert np.isnan(unfolded(np.full((1, 1, 4), np.nan, np.float32))).all()


def test_the_masks_memory_is_its_own() -> None:
    parts = np.ones((ROWS, COLUMNS, 4), np.float32)
    alpha = unfolded(parts)
    parts[:] = 9
    assert (alpha == 1).all()


@pytest.mark.parametrize(
    "octets", [b"", b"\0", bytes(64), b"\xff" * 64, bytes(range(256)) * 4], ids=["empty", "one", "zeros", "ones", "all"]
)
def test_what_is_no_network_is_refused(octets: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        rearranged(octets)
