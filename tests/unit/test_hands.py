"""Hands that the person network misses: what is still is believed for a while, and small bare pieces are let in."""

from __future__ import annotations

import numpy as np
import pytest

from media.body import Places, without_specks
from media.hands import LASTS, Colours, Skin, Still
from media.parting import moved_on
from media.segmenter import Alpha

pytestmark = pytest.mark.unit

SHAPE = (40, 40)
WALL, SKIN, SHIRT = (200, 128, 128), (150, 112, 150), (60, 128, 126)
FACE = (slice(2, 8), slice(15, 25))
HAND = (slice(24, 28), slice(30, 34))
FACE_AREA = 100.0
EVERYWHERE: Places = np.ones(SHAPE, np.bool_)


def colours(*bare: tuple[slice, slice], noise: int = 0) -> Colours:
    """A wall with a shirt in the middle, and skin in the face and at `bare`."""
    pixels = np.empty((*SHAPE, 3), np.int16)
    pixels[:] = WALL
    pixels[10:, 10:30] = SHIRT
    for place in (FACE, *bare):
        pixels[place] = SKIN
    pixels[..., 0] += np.random.default_rng(1).integers(-noise, noise + 1, SHAPE).astype(np.int16)
    y, u, v = (np.ascontiguousarray(pixels[..., index]).astype(np.uint8) for index in range(3))
    return y, u, v


def people(*places: tuple[slice, slice]) -> Alpha:
    alpha = np.zeros(SHAPE, np.float32)
    for place in ((slice(10, 40), slice(10, 30)), FACE, *places):
        alpha[place] = 1
    return alpha


def knowing() -> Skin:
    skin = Skin()
    skin.learn(colours(), FACE)
    return skin


def test_a_hand_that_rests_stays_for_a_while_after_the_network_has_lost_it() -> None:
    still = Still(SHAPE)
    assert not still.held(colours(HAND), people(HAND)).any()
    for _ in range(LASTS):
        held = still.held(colours(HAND, noise=3), people())
        assert held[HAND].all()
        assert np.count_nonzero(held) == held[HAND].size
    assert not still.held(colours(HAND), people()).any()


def test_a_hand_that_has_left_its_place_is_not_held_there() -> None:
    still = Still(SHAPE)
    still.held(colours(HAND), people(HAND))
    assert not still.held(colours(), people()).any()
    still.held(colours(HAND), people(HAND))
    still.forget()
    assert not still.held(colours(HAND), people()).any()


def test_a_small_piece_of_skin_that_touches_people_is_a_hand() -> None:
    missed = knowing().missed(colours(HAND), people(), EVERYWHERE, FACE_AREA)
    assert missed[HAND].mean() > 0.7
    assert not missed[:20].any()
    assert not (missed & (people() > 0)).any()


@pytest.mark.parametrize(
    "bare",
    [(slice(24, 28), slice(35, 39)), (slice(20, 39), slice(30, 35)), (slice(0, 40), slice(30, 40))],
    ids=["loose", "too large for a hand", "a wall like skin"],
)
def test_other_pieces_are_not(bare: tuple[slice, slice]) -> None:
    assert not knowing().missed(colours(bare), people(), EVERYWHERE, FACE_AREA).any()


def test_nothing_is_skin_out_of_reach_or_before_a_face_was_seen() -> None:
    assert not knowing().missed(colours(HAND), people(), ~EVERYWHERE, FACE_AREA).any()
    skin = knowing()
    skin.forget()
    assert not skin.missed(colours(HAND), people(), EVERYWHERE, FACE_AREA).any()
    skin.learn(colours(), (slice(2, 3), slice(15, 17)))  # too little of a face
    assert not skin.missed(colours(HAND), people(), EVERYWHERE, FACE_AREA).any()


def test_what_was_beside_people_does_not_count_where_they_were() -> None:
    still = Still(SHAPE)
    still.held(colours(HAND), people(HAND))
    changed = colours(HAND)
    changed[0][20:24, 30:40] = 20  # something dark beside the hand, where nobody was
    held = still.held(changed, people())
    assert held[HAND].all()


def test_a_small_piece_is_left_where_it_is() -> None:
    places = np.zeros(SHAPE, np.uint8)
    places[HAND] = 1
    places[3, 3] = places[10:20, 5] = 1  # a speck and a line
    kept = without_specks(places)
    assert kept[HAND].all()
    assert np.count_nonzero(kept) == kept[HAND].size


@pytest.mark.parametrize(("step", "seen_at"), [(0.0, 10), (4.0, 14)])
def test_what_is_known_of_a_place_moves_with_what_is_there(step: float, seen_at: int) -> None:
    past = np.full(SHAPE, -1, np.float32)
    past[:, 10] = 1
    came_from = np.zeros((*SHAPE, 2), np.float32)
    came_from[..., 0] = -step
    moved = moved_on(past, came_from)
    assert np.flatnonzero(moved[20] > 0).tolist() == [seen_at]
