"""The card: any size, nothing of the room, drawn once."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from media.slate import GROUND_BGR, Slate, draw

pytestmark = pytest.mark.unit

SIZES = [(640, 480), (1280, 720), (360, 640), (641, 479), (16, 1000), (2, 2), (1, 1)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_card_has_the_size_asked_for(width: int, height: int) -> None:
    card = draw(width, height)
    assert (card.width, card.height) == (width, height)
    assert not card.y.flags.writeable


def test_it_is_dark_ground_with_two_hands() -> None:
    card = draw(640, 480)
    i420 = np.concatenate([card.y.ravel(), card.u.ravel(), card.v.ravel()]).reshape(720, 640)
    shown = cv2.cvtColor(i420, cv2.COLOR_YUV2BGR_I420).astype(int)
    assert np.abs(shown[0, 0] - GROUND_BGR).max() <= 2
    count, _ = cv2.connectedComponents((card.y > 100).astype(np.uint8))
    assert count - 1 == 2
    assert 0.03 < (card.y > 100).mean() < 0.15
    left, right = card.y[:, :320], card.y[:, 320:]
    assert (left > 100).sum() == pytest.approx((right > 100).sum(), rel=0.03)


def test_full_range_looks_the_same() -> None:
    limited, full = draw(64, 48).y.astype(float), draw(64, 48, full_range=True).y.astype(float)
    assert np.abs((limited - 16) * 255 / 219 - full).max() <= 1


def test_it_is_drawn_once_for_a_size() -> None:
    slate = Slate()
    card = slate.render(64, 48)
    assert slate.render(64, 48) is card
    assert slate.render(48, 64).width == 48
    assert slate.render(64, 48, full_range=True).full_range
