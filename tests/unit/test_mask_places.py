"""Masks changed around some places of their grid only: the same as if the whole had been enlarged."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from media.body import Places
from media.mask_places import cleared, raised
from media.segmenter import Alpha

pytestmark = pytest.mark.unit

SHAPE = (12, 20)
PLACES = [
    (slice(4, 7), slice(5, 9)),
    (slice(0, 1), slice(0, 1)),
    (slice(11, 12), slice(19, 20)),
    (slice(0, 12), slice(0, 20)),
    (slice(2, 3), slice(0, 20)),
]


def alpha() -> Alpha:
    return np.random.default_rng(1).random((24, 40), np.float32)


def soft(places: Places) -> Alpha:
    return np.asarray(cv2.resize(places.astype(np.float32), (40, 24), interpolation=cv2.INTER_LINEAR), np.float32)


def at(*parts: tuple[slice, slice]) -> Places:
    places = np.zeros(SHAPE, np.bool_)
    for part in parts:
        places[part] = True
    return places


@pytest.mark.parametrize("places", [*map(at, PLACES), at(*PLACES[:3])])
def test_it_is_the_same_as_enlarging_the_whole(places: Places) -> None:
    before = alpha()
    assert np.array_equal(raised(before, places), np.maximum(before, soft(places)))
    assert np.allclose(cleared(before, places), before * (1 - soft(places)), atol=1e-7)
    assert np.array_equal(before, alpha())  # the mask of somebody else


def test_nowhere_is_no_change() -> None:
    nowhere = at()
    assert np.array_equal(raised(alpha(), nowhere), alpha())
    assert np.array_equal(cleared(alpha(), nowhere), alpha())
