"""What the person network is unsure of: the colours around it settle that, unless something has just moved there."""

from __future__ import annotations

import numpy as np
import pytest

from media.body import Places
from media.doubt import LEARN_EVERY, QUIET, Doubt
from media.hands import Colours
from media.person_colours import COLOURS, LocalColours, colour_indices
from media.segmenter import Alpha
from tests.unit.test_hands import FACE, HAND, SHAPE, WALL, colours, people

pytestmark = pytest.mark.unit

BESIDE = (slice(24, 28), slice(32, 38))
NOWHERE: Places = np.zeros(SHAPE, np.bool_)


def at(*places: tuple[slice, slice]) -> Places:
    found = NOWHERE.copy()
    for place in places:
        found[place] = True
    return found


def unsure(place: tuple[slice, slice], alpha: float) -> Alpha:
    mask = people()
    mask[place] = alpha
    return mask


def settled(doubt: Doubt, planes: Colours, mask: Alpha, familiar: Places = NOWHERE, *, alone: bool = True) -> Alpha:
    """Return what is added on the whole grid; nothing where nothing is in doubt."""
    whole, found = np.zeros(SHAPE, np.float32), doubt.settle(planes, mask, familiar, alone=alone)
    if found is not None:
        whole[found[0]] = found[1]
    return whole


def knowing(mask: Alpha | None = None) -> Doubt:
    """A doubt that has seen nothing move for long enough."""
    doubt = Doubt(SHAPE)
    for _ in range(QUIET + 1):
        doubt.note(colours(), people() if mask is None else mask, FACE, NOWHERE)
    return doubt


@pytest.mark.parametrize("alone", [True, False])
def test_what_looks_like_the_room_weighs_less(alone: bool) -> None:
    mask = unsure(BESIDE, 0.4)
    shift = settled(knowing(mask), colours(), mask, alone=alone)
    assert (shift[BESIDE] < -0.4).all()
    assert not shift[~at(BESIDE)].any(), "what is sure stays"


@pytest.mark.parametrize("alone", [True, False])
def test_what_is_known_to_be_the_room_weighs_less_whatever_its_colour(alone: bool) -> None:
    mask = unsure(BESIDE, 0.4)
    shift = settled(knowing(), colours(BESIDE), mask, at(BESIDE), alone=alone)
    assert (shift[BESIDE] < -0.4).all()


def test_a_hand_that_rests_when_all_begins_is_not_taken_for_the_room_at_once() -> None:
    mask, doubt = unsure(BESIDE, 0.4), Doubt(SHAPE)
    for _ in range(QUIET):
        doubt.note(colours(), mask, FACE, NOWHERE)
        shift = settled(doubt, colours(), mask)
        assert not (shift < 0).any()


def test_beside_a_colleague_nothing_is_added_for_its_colour() -> None:
    mask = unsure(BESIDE, 0.35)
    shift = settled(knowing(), colours(BESIDE), mask, alone=False)
    assert not shift.any()


def test_what_looks_like_the_face_weighs_more_wherever_it_is() -> None:
    mask = unsure(BESIDE, 0.35)
    shift = settled(knowing(), colours(BESIDE), mask)
    inner = (slice(25, 27), slice(33, 37))
    assert (shift[inner] > 0.15).all()
    nothing = settled(knowing(), colours(BESIDE), mask, at(BESIDE))
    assert not (nothing > 0).any(), "the room has looked like that before"


def test_what_has_just_moved_is_not_taken_away_whatever_its_colour() -> None:
    mask, doubt = unsure(BESIDE, 0.4), knowing()
    doubt.note(colours(), mask, FACE, at(BESIDE))
    for _ in range(QUIET):
        kept = settled(doubt, colours(), mask)
        assert not kept[BESIDE].any()
        doubt.note(colours(), mask, FACE, NOWHERE)
    gone = settled(doubt, colours(), mask)
    assert not gone[BESIDE].any(), "moved so many pictures ago, no more"
    doubt.note(colours(), mask, FACE, NOWHERE)
    gone = settled(doubt, colours(), mask)
    assert (gone[BESIDE] < -0.4).all()


@pytest.mark.parametrize("alpha", [0.0, 0.04, 0.95, 1.0])
def test_where_the_network_is_sure_nothing_is_settled(alpha: float) -> None:
    mask = unsure(BESIDE, alpha)
    assert knowing().settle(colours(), mask, NOWHERE, alone=True) is None


def test_it_learns_now_and_then_and_forgets_all_at_once() -> None:
    doubt, mask = knowing(), unsure(BESIDE, 0.4)
    y, u, v = (np.where(plane == WALL[n], np.uint8(90), plane) for n, plane in enumerate(colours()))
    other = y, u, v
    for number in range(LEARN_EVERY):
        before = settled(doubt, other, mask)
        assert (before[BESIDE] > -0.1).all(), f"picture {number}: this colour was nobody's"
        doubt.note(other, mask, FACE, NOWHERE)
    after = settled(doubt, other, mask)
    assert (after[BESIDE] < -0.1).all()
    doubt.forget()
    forgotten = settled(doubt, other, mask)
    assert not forgotten.any()


def test_a_face_too_small_to_have_a_place_is_no_face() -> None:
    doubt = Doubt(SHAPE)
    doubt.note(colours(), people(), (slice(5, 5), slice(9, 9)), NOWHERE)
    assert doubt.settle(colours(HAND), unsure(HAND, 0.4), NOWHERE, alone=True) is not None


def test_what_is_seen_anywhere_is_likelier_in_each_cell_and_only_until_the_next_time() -> None:
    known, seen = LocalColours(SHAPE), colour_indices(*colours())
    share, everywhere = people(), np.ones(SHAPE, np.float32)
    new = colour_indices(*(np.full(SHAPE, level, np.uint8) for level in (100, 160, 96)))
    anywhere = np.zeros(COLOURS, np.float32)
    anywhere[new[0, 0]] = 50
    known.learn(seen, share, everywhere, 1.0)
    assert (abs(known.log_ratio(new)) < 1).all()
    known.learn(seen, share, everywhere, 0.0, anywhere)
    assert (known.log_ratio(new) > 2).all()
    known.learn(seen, share, everywhere, 0.0)
    assert (abs(known.log_ratio(new)) < 1).all()
