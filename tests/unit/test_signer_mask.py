"""The signer's mask on drawn people: two in different clothes who touch, strangers at the edge, hands, and leaving."""

from __future__ import annotations

import dataclasses
import gc
import weakref
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from media.body import prior
from media.doubt import QUIET
from media.faces import Head, Window
from media.parting import Parting, Scene
from media.person_colours import LocalColours, colour_indices, histogram, likeness
from media.picture import Plane, Planes, RawPicture
from media.room import Room
from media.scaled_i420 import ScaledI420
from media.segmenter import Alpha, Mask
from media.signer import Presence
from media.signer_mask import PAUSE_MS, SignerMasks

pytestmark = pytest.mark.unit

WIDTH, HEIGHT, SIDE = 320, 240, 128
SIGNER, OTHER = Head(0.6, 0.40, 0.17, 0.95), Head(0.40, 0.30, 0.13, 0.95)
WALL, SKIN = (200, 128, 128), (150, 112, 150)
ORANGE, GREY = (140, 80, 160), (70, 130, 126)
TICKS = 3000


def body(head: Head) -> tuple[Plane, Plane]:
    """Where the face and the clothes of a person are, (HEIGHT, WIDTH) 0 or 1."""
    x, y, size = head.x * WIDTH, head.y * HEIGHT, head.size * HEIGHT
    face, clothes = np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(face, (round(x), round(y)), (round(0.55 * size), round(0.75 * size)), 0, 0, 360, 1, -1)
    top, side = round(y + 0.7 * size), round(1.25 * size)
    cv2.rectangle(clothes, (round(x) - side, top), (round(x) + side, HEIGHT), 1, -1)
    return face, clothes & (1 - face)


class Drawing:
    """A room with people, painted from the back to the front."""

    def __init__(self) -> None:
        self.pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        self.pixels[:] = WALL
        self.people = np.zeros((HEIGHT, WIDTH), np.uint8)

    def add(self, head: Head, clothes_colour: tuple[int, int, int]) -> Plane:
        face, clothes = body(head)
        self.paint(clothes, clothes_colour)
        self.paint(face, SKIN)
        return face | clothes

    def paint(self, where: Plane, colour: tuple[int, int, int]) -> None:
        self.pixels[where > 0] = colour
        self.people |= where

    def picture(self, number: int, time: int | None = None) -> RawPicture:
        y, u, v = (np.ascontiguousarray(plane) for plane in cv2.split(self.pixels))
        planes = Planes(np.asarray(y, np.uint8), np.ascontiguousarray(u[::2, ::2]), np.ascontiguousarray(v[::2, ::2]))
        return RawPicture(planes, number, (number if time is None else time) * TICKS, Fraction(1, 90_000))


class Everybody:
    """A person network that sees every drawn person."""

    mask_shape = (SIDE, SIDE)

    def __init__(self) -> None:
        self.scaled = ScaledI420(SIDE, SIDE)
        self.people: Plane = np.zeros((HEIGHT, WIDTH), np.uint8)
        self.extra: Alpha | None = None  # what it takes for people besides
        self.closed = 0

    def segment(self, picture: RawPicture) -> Mask:
        self.scaled.rgb(picture.planes)
        people = self.people.astype(np.float32)
        seen = people if self.extra is None else np.maximum(people, self.extra)
        alpha = cv2.resize(seen, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        return Mask(picture.frame_id, np.asarray(alpha, np.float32), picture.pts_ms)

    def close(self) -> None:
        self.closed += 1


class Faces:
    def __init__(self, *heads: Head) -> None:
        self.heads = list(heads)
        self.closed = 0

    def find(self, picture: RawPicture, window: Window) -> list[Head]:
        return [
            head
            for head in self.heads
            if window.left <= head.x <= window.right and window.top <= head.y <= window.bottom
        ]

    def close(self) -> None:
        self.closed += 1


class Rig:
    def __init__(self, *heads: Head) -> None:
        self.network, self.faces = Everybody(), Faces(*heads)
        self.masks = SignerMasks(self.network, self.faces)
        self.number = 0

    def show(self, drawing: Drawing, pictures: int = 1, skip_ms: float = 0.0) -> Alpha:
        """Return the last mask, at the size of the drawing."""
        self.network.people = drawing.people
        for _ in range(pictures):
            self.number += 1 + round(skip_ms * 30 / 1000)
            mask = self.masks.segment(drawing.picture(self.number))
            assert mask.frame_id == self.number
        assert mask.alpha.shape == self.masks.mask_shape
        assert mask.alpha.dtype == np.float32
        return np.asarray(cv2.resize(mask.alpha, (WIDTH, HEIGHT)), np.float32)


def turned(drawing: Drawing, number: int) -> RawPicture:
    """Return the picture in the other shape: to the networks, which see a square, it is the same."""
    shown = drawing.picture(number)
    y, u, v = (
        np.asarray(cv2.resize(plane, plane.shape, interpolation=cv2.INTER_AREA), np.uint8)
        for plane in (shown.planes.y, shown.planes.u, shown.planes.v)
    )
    return dataclasses.replace(shown, planes=Planes(y, u, v))


def share(alpha: Alpha, where: Plane, inset: int = 5) -> float:
    """Mean of `alpha` in `where`, its outermost pixels left out."""
    inner = cv2.erode(where, np.ones((2 * inset + 1, 2 * inset + 1), np.uint8)) > 0
    return float(alpha[inner].mean())


def two() -> tuple[Drawing, Plane, Plane]:
    drawing = Drawing()
    other = drawing.add(OTHER, GREY)
    signer = drawing.add(SIGNER, ORANGE)
    return drawing, signer, other & (1 - signer)


def test_a_colleague_who_touches_the_signer_is_background_in_the_first_picture() -> None:
    drawing, signer, other = two()
    alpha = Rig(SIGNER, OTHER).show(drawing)
    assert share(alpha, signer) > 0.97
    assert share(alpha, other) < 0.05


@pytest.mark.parametrize("left_in_front", [True, False])
def test_of_two_equally_near_the_one_who_covers_the_other_is_the_signer(left_in_front: bool) -> None:
    left, right = Head(0.42, 0.35, 0.15, 0.9), Head(0.60, 0.35, 0.15, 0.9)
    behind, front = (right, left) if left_in_front else (left, right)
    drawing = Drawing()
    covered = drawing.add(behind, GREY)
    signer = drawing.add(front, ORANGE)
    alpha = Rig(left, right).show(drawing)
    assert share(alpha, signer) > 0.95
    assert share(alpha, covered & (1 - signer)) < 0.1


def test_both_stay_what_they_are() -> None:
    drawing, signer, other = two()
    rig = Rig(SIGNER, OTHER)
    alpha = rig.show(drawing, 60)
    assert share(alpha, signer) > 0.97
    assert share(alpha, other) < 0.05
    rig.faces.heads = [SIGNER]  # the colleague has turned round
    alpha = rig.show(drawing, 400)
    assert share(alpha, other) < 0.05


def test_a_bare_arm_before_the_colleague_is_the_signers() -> None:
    drawing, _, other = two()
    rig = Rig(SIGNER, OTHER)
    rig.show(drawing, 10)
    arm = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.line(arm, (150, 190), (110, 150), 1, 18)
    drawing.paint(arm, SKIN)
    alpha = rig.show(drawing, 2)
    assert share(alpha, arm) > 0.9
    assert share(alpha, np.where(cv2.dilate(arm, np.ones((15, 15), np.uint8)) > 0, 0, other).astype(np.uint8)) < 0.1


def test_a_face_that_shows_up_later_parts_what_was_one() -> None:
    drawing, signer, other = two()
    rig = Rig(SIGNER)
    rig.show(drawing, 10)
    rig.faces.heads.append(OTHER)
    alpha = rig.show(drawing, 40)
    assert share(alpha, signer) > 0.97
    assert share(alpha, other) < 0.05


def test_whoever_does_not_touch_the_signer_is_background_with_or_without_a_face() -> None:
    drawing = Drawing()
    signer = drawing.add(SIGNER, ORANGE)
    edge = np.zeros((HEIGHT, WIDTH), np.uint8)
    edge[60:, :40] = 1
    drawing.paint(edge, ORANGE)
    alpha = Rig(SIGNER).show(drawing)
    assert share(alpha, signer) > 0.97
    assert share(alpha, edge) < 0.02


def test_a_hand_that_the_network_has_cut_off_stays() -> None:
    drawing = Drawing()
    signer = drawing.add(SIGNER, ORANGE)
    hand = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.line(hand, (240, 170), (290, 110), 1, 16)
    drawing.paint(hand, SKIN)
    rig = Rig(SIGNER)
    rig.show(drawing, 3)
    drawing.people[:, 246:254] = 0
    alpha = rig.show(drawing, 3)
    assert share(alpha, hand & drawing.people) > 0.9
    assert share(alpha, signer & drawing.people) > 0.97


def test_fingers_that_the_network_misses_are_let_in_where_the_room_is_known() -> None:
    drawing = Drawing()
    drawing.add(SIGNER, ORANGE)
    rig = Rig(SIGNER)
    rig.show(drawing, 10)
    hand, finger = np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
    hand[150:180, 240:272] = finger[150:170, 272:278] = 1
    drawing.paint(hand, SKIN)
    drawing.pixels[finger > 0] = SKIN
    alpha = rig.show(drawing)
    assert float(alpha[finger > 0].mean()) > 0.5
    assert float(alpha[150:170, 295:].max()) < 0.1


def test_two_alike_cover_the_picture_until_the_agent_confirms() -> None:
    drawing = Drawing()
    left, right = Head(0.25, 0.4, 0.15, 0.9), Head(0.75, 0.4, 0.15, 0.9)
    for head in (left, right):
        drawing.add(head, ORANGE)
    rig = Rig(left, right)
    assert rig.show(drawing, 30).max() == 0
    assert rig.masks.presence is Presence.UNSURE
    rig.masks.confirm()
    alpha = rig.show(drawing)
    assert sorted([share(alpha, body(left)[1]) > 0.9, share(alpha, body(right)[1]) > 0.9]) == [False, True]


@pytest.mark.parametrize("changes", [False, True])
def test_what_was_seen_lately_is_forgotten_when_another_is_confirmed_for_the_signer(changes: bool) -> None:
    left, right = Head(0.3, 0.4, 0.2, 0.95), Head(0.75, 0.4, 0.14, 0.95)
    drawing = Drawing()
    drawing.add(left, GREY)
    drawing.add(right, ORANGE)
    thing = np.zeros((HEIGHT, WIDTH), np.uint8)
    thing[195:225, 175:210] = 1  # hangs on the right one; the network sees it for three pictures only
    thing &= 1 - drawing.people
    drawing.pixels[thing > 0] = ORANGE
    small = replace(left, size=0.1)
    rig = Rig(left if changes else small, right)
    rig.network.extra = thing.astype(np.float32)
    rig.show(drawing, 3)
    rig.network.extra = None
    if changes:
        rig.faces.heads = [small, right]
        rig.masks.confirm()
    alpha = rig.show(drawing)
    assert share(alpha, body(right)[1]) > 0.9
    assert (share(alpha, thing, 3) < 0.1) is changes, "held still for the same signer alone"


def empty() -> Drawing:
    return Drawing()


def one(colour: tuple[int, int, int]) -> Drawing:
    drawing = Drawing()
    drawing.add(SIGNER, colour)
    return drawing


@pytest.mark.parametrize(("colour", "comes_back"), [(ORANGE, True), (GREY, False)])
def test_who_comes_back_must_wear_the_same_or_be_confirmed(colour: tuple[int, int, int], comes_back: bool) -> None:
    rig = Rig(SIGNER)
    rig.show(one(ORANGE), 10)
    rig.faces.heads = []
    assert rig.show(empty(), 60).max() == 0
    rig.faces.heads = [SIGNER]
    alpha = rig.show(one(colour), 30)
    assert bool(alpha.max() > 0.9) is comes_back
    rig.masks.confirm()
    assert rig.show(one(colour)).max() > 0.9


@pytest.mark.parametrize(("colour", "is_shown"), [(ORANGE, True), (GREY, False)])
def test_after_a_pause_a_stranger_is_covered(colour: tuple[int, int, int], is_shown: bool) -> None:
    rig = Rig(SIGNER)
    rig.show(one(ORANGE), 10)
    alpha = rig.show(one(colour), skip_ms=PAUSE_MS + 100)
    assert bool(alpha.max() > 0.9) is is_shown


def test_a_face_that_cannot_have_so_large_a_body_is_not_taken_for_the_signers() -> None:
    drawing = Drawing()
    drawing.add(Head(0.3, 0.3, 0.13, 0.9), GREY)
    nearer = np.zeros((HEIGHT, WIDTH), np.uint8)
    nearer[:, 130:] = 1
    drawing.paint(nearer, ORANGE)
    rig = Rig(Head(0.3, 0.3, 0.13, 0.9))
    assert rig.show(drawing, 9).max() == 0
    assert rig.masks.presence is Presence.UNSURE


def test_without_any_face_the_largest_piece_is_shown() -> None:
    drawing = Drawing()
    signer = drawing.add(SIGNER, ORANGE)
    far = np.zeros((HEIGHT, WIDTH), np.uint8)
    far[100:140, 10:40] = 1
    drawing.paint(far, GREY)
    alpha = Rig().show(drawing)
    assert share(alpha, signer) > 0.97
    assert share(alpha, far) < 0.02


def test_an_empty_room_gives_an_empty_mask() -> None:
    assert Rig().show(empty(), 3).max() == 0


def test_the_same_pictures_give_the_same_masks() -> None:
    drawing, _, _ = two()
    assert np.array_equal(Rig(SIGNER, OTHER).show(drawing, 20), Rig(SIGNER, OTHER).show(drawing, 20))


def test_closing_closes_both_networks() -> None:
    rig = Rig(SIGNER)
    rig.masks.close()
    assert (rig.network.closed, rig.faces.closed) == (1, 1)


def test_colours_tell_two_apart_and_know_nothing_at_first() -> None:
    shape = (40, 40)
    colours = LocalColours(shape)
    y = np.full(shape, 60, np.uint8)
    y[:, 20:] = 180
    grey = np.full(shape, 128, np.uint8)
    indices = colour_indices(y, grey, grey)
    assert not colours.log_ratio(indices).any()
    mine = np.zeros(shape, np.float32)
    mine[:, 20:] = 1
    colours.learn(indices, mine, np.ones(shape, np.float32), 0.5)
    ratio = colours.log_ratio(indices)
    assert ratio[:, 22:].min() > 1
    assert ratio[:, :18].max() < -1
    colours.forget()
    assert not colours.log_ratio(indices).any()


def test_clothes_are_alike_in_another_light_but_not_in_another_colour() -> None:
    def clothes(y: int, u: int, v: int) -> Alpha:
        planes = (np.full((20, 20), value, np.uint8) for value in (y, u, v))
        return histogram(colour_indices(*planes), np.ones((20, 20), np.float32))

    assert likeness(clothes(140, 80, 160), clothes(148, 82, 158)) > 0.5
    assert likeness(clothes(140, 80, 160), clothes(70, 130, 126)) < 0.2


def test_the_prior_gives_the_front_to_the_signer_and_a_face_to_its_owner() -> None:
    known = prior((64, 64), 4 / 3, SIGNER, [OTHER])
    at_signer, at_other = ((round(head.y * 64), round(head.x * 64)) for head in (SIGNER, OTHER))
    assert known.core[at_signer]
    assert known.logit[at_signer] > 0 > known.logit[at_other]
    assert known.heads[at_other]
    assert known.logit[63, round(SIGNER.x * 64)] > 0
    alone = prior((64, 64), 4 / 3, SIGNER, [])
    assert (alone.logit > 0).all()
    assert not alone.heads.any()


def test_the_room_is_known_only_where_it_was_seen_empty() -> None:
    room = Room((20, 20))
    wall, people = np.full((20, 20), 100, np.uint8), np.zeros((20, 20), np.float32)
    people[:, :10] = 1
    assert not np.any(room.compare(wall)), "nothing is known: neither strange nor the room"
    for _ in range(3):
        room.learn(wall, people)
    changed = np.full((20, 20), 160, np.uint8)
    strange, familiar = room.compare(changed)
    assert strange[:, 14:].all()
    assert not strange[:, :8].any()
    assert not familiar.any()
    strange, familiar = room.compare(wall)
    assert familiar[:, 14:].all()
    assert not familiar[:, :8].any()
    assert not strange[:, 14:].any()


def test_the_room_follows_slowly_what_changes_in_it() -> None:
    room = Room((20, 20))
    nobody = np.zeros((20, 20), np.float32)
    for _ in range(3):
        room.learn(np.full((20, 20), 100, np.uint8), nobody)
    brighter = np.full((20, 20), 130, np.uint8)
    pictures = 0
    while room.compare(brighter)[0].any():
        room.learn(brighter, nobody)
        pictures += 1
    assert 3 < pictures < 12


def test_a_room_forgotten_is_neither_strange_nor_familiar() -> None:
    room = Room((20, 20))
    wall, nobody = np.full((20, 20), 100, np.uint8), np.zeros((20, 20), np.float32)
    for _ in range(3):
        room.learn(wall, nobody)
    room.forget()
    assert not np.any(room.compare(wall))
    dark = np.full((20, 20), 20, np.uint8)
    for _ in range(2):
        room.learn(dark, nobody)
    assert room.compare(dark)[1].all(), "nothing is left of how it looked"


def chair_beside_the_signer() -> tuple[Drawing, Plane, Plane]:
    """Somebody alone, and a dark chair that touches the arm."""
    drawing = Drawing()
    chair = np.zeros((HEIGHT, WIDTH), np.uint8)
    chair[170:, 20:140] = 1
    drawing.pixels[chair > 0] = (40, 128, 128)
    signer = drawing.add(SIGNER, ORANGE)
    return drawing, signer, chair & (1 - signer)


def test_furniture_of_which_the_network_is_unsure_fades_once_it_has_not_moved_for_a_while() -> None:
    drawing, signer, chair = chair_beside_the_signer()
    rig = Rig(SIGNER)
    touches = np.zeros((HEIGHT, WIDTH), np.uint8)
    touches[170:210, 80:140] = 1
    touches &= chair
    unsure = touches.astype(np.float32) * np.float32(0.45)
    rig.network.extra = unsure
    rig.show(drawing, pictures=QUIET)
    for _ in range(3):
        alpha = rig.show(drawing)
        assert share(alpha, touches) < 0.05
        assert share(alpha, signer) > 0.95


def test_a_picture_without_people_is_parted_like_any_other() -> None:
    shape, face = (64, 64), (slice(20, 30), slice(30, 40))
    known = prior(shape, 4 / 3, SIGNER, [OTHER])
    draw = np.random.default_rng(1)
    y, u, v = (draw.integers(100, 140, shape, np.uint8) for _ in range(3))
    people = np.zeros(shape, np.float32)
    nobody = Scene(y, u, v, colour_indices(y, u, v), people, known, face)
    somebody = Scene(y, u, v, colour_indices(y, u, v), np.where(known.core, np.float32(1), people), known, face)
    parting = Parting(shape)
    for _ in range(7):
        assert np.isfinite(parting.part(nobody)).all()
        assert parting.part(somebody)[known.core & ~known.heads].min() > 0.9


def test_masks_that_nobody_holds_any_more_are_freed_without_the_collector() -> None:
    rig = Rig(SIGNER)
    drawing = Drawing()
    drawing.add(SIGNER, ORANGE)
    rig.show(drawing, pictures=2)
    masks = weakref.ref(rig.masks)
    gc.disable()
    try:
        del rig
        assert masks() is None
    finally:
        gc.enable()


def test_a_turned_camera_makes_all_places_unknown_at_once() -> None:
    """In a room of the clothes' colour: what people looked like before would show the room for 20 pictures."""
    before, after = Drawing(), Drawing()
    before.add(SIGNER, ORANGE)
    rig = Rig(SIGNER)
    rig.show(before, 30)
    after.pixels[:] = ORANGE
    moved = Head(0.45, 0.35, 0.12, 0.95)
    who = after.add(moved, ORANGE)
    rig.faces.heads, rig.network.people = [moved], who
    room = cv2.dilate(who, np.ones((25, 25), np.uint8)) == 0
    for number in range(30):
        mask = rig.masks.segment(turned(after, rig.number + 1 + number))
        alpha = cv2.resize(mask.alpha, (WIDTH, HEIGHT))
        assert not (alpha[room] > 0.1).any(), f"picture {number}"
    assert share(np.asarray(alpha, np.float32), who) > 0.9
