"""The box of an object: exactly that box, for a minute, and never without a good mask."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.compositor import YuvCompositor
from media.mask_source import InlineMasks
from media.picture import Planes, RawPicture
from media.shown_object import ShownObject
from media.stage import BlurSettings, BlurStage, mask_maker
from tests.blur_room import GoodSegmenter, VirtualClock, reads_code, room, signer_alpha
from video_service.media_plane import Box, PictureState
from video_service.shown_box import LIMIT_S, MAX_SHARE, is_box

pytestmark = pytest.mark.unit

BOX: Box = (0.0, 0.0, 0.5, 0.6)


@pytest.mark.parametrize(
    "box",
    [(0.0, 0.0, 0.5, 0.8), (0.5, 0.2, 0.5, 0.8), (0.1, 0.1, 0.05, 0.05), (0.0, 0.6, 1.0, 0.4), (0.3, 0.3, 0.7, 0.5)],
)
def test_boxes_inside_the_picture_are_taken(box: Box) -> None:
    assert is_box(box)


@pytest.mark.parametrize(
    "box",
    [
        (0.0, 0.0, 1.0, 1.0),
        (0.0, 0.0, 0.7, 0.6),
        (-0.1, 0.0, 0.3, 0.3),
        (0.8, 0.1, 0.3, 0.3),
        (0.1, 0.8, 0.3, 0.3),
        (0.1, 0.1, 0.0, 0.3),
        (0.1, 0.1, 0.04, 0.3),
        (0.1, 0.1, -0.3, 0.3),
        (math.nan, 0.1, 0.3, 0.3),
        (0.1, 0.1, 0.3, math.nan),
        (0.1, 0.1, math.inf, 0.3),
        (0.1, 0.1, 0.3),
    ],
    ids=str,
)
def test_other_boxes_are_not(box: tuple[float, ...]) -> None:
    assert not is_box(box)
    shown = ShownObject(VirtualClock())
    shown.show(box)  # type: ignore[arg-type]
    assert shown.box() is None
    assert shown.rectangle(640, 480) is None


fractions = st.floats(0, 1)


@given(fractions, fractions, fractions, fractions, st.integers(1, 2000), st.integers(1, 2000))
@settings(max_examples=200)
def test_the_rectangle_never_leaves_the_box_or_the_picture(
    x: float, y: float, width: float, height: float, columns: int, rows: int
) -> None:
    shown = ShownObject(VirtualClock())
    shown.show((x, y, width, height))
    rectangle = shown.rectangle(columns, rows)
    if rectangle is None:
        return
    left, top, right, bottom = rectangle
    assert x * columns <= left < right <= min(columns, (x + width) * columns + 1e-6)
    assert y * rows <= top < bottom <= min(rows, (y + height) * rows + 1e-6)
    assert (right - left) * (bottom - top) <= (MAX_SHARE + 1e-5) * columns * rows


def test_it_ends_after_a_minute_unless_it_is_asked_for_again() -> None:
    clock = VirtualClock()
    shown = ShownObject(clock)
    shown.show(BOX)
    clock.advance(LIMIT_S * 1000 - 1)
    assert shown.rectangle(640, 480) == (0, 0, 320, 288)
    shown.show(BOX)
    clock.advance(LIMIT_S * 1000 - 1)
    assert shown.box() == BOX
    clock.advance(1)
    assert shown.box() is None
    assert shown.rectangle(640, 480) is None


@pytest.mark.parametrize(
    ("size", "goes_on"), [((320, 240), True), ((1280, 960), True), ((318, 240), True), ((480, 640), False)]
)
def test_it_ends_when_the_picture_takes_another_shape(size: tuple[int, int], goes_on: bool) -> None:
    shown = ShownObject(VirtualClock())
    shown.rectangle(640, 480)
    shown.show(BOX)
    assert shown.rectangle(640, 480)
    assert bool(shown.rectangle(*size)) is goes_on
    assert bool(shown.rectangle(640, 480)) is goes_on


def scene(seed: int = 1, size: tuple[int, int] = (320, 240)) -> npt.NDArray[np.uint8]:
    """Draw the luma of a room that is not the same upside down, (height, width)."""
    width, height = size
    cells = np.random.default_rng(seed).integers(40, 200, (6, 8)).astype(np.uint8)
    return np.kron(cells, np.ones((height // 6, width // 8), np.uint8)).astype(np.uint8)


@pytest.mark.parametrize(
    ("after", "goes_on"),
    [
        (lambda luma: luma, True),
        (lambda luma: luma // 2 + 60, True),
        (lambda luma: np.roll(luma, 12, axis=1), True),
        (lambda luma: luma[::2, ::2], True),
        (lambda luma: luma[::-1, ::-1], False),
        (lambda luma: scene(2), False),
        (lambda luma: np.zeros_like(luma), False),
    ],
    ids=["still", "darker", "moved", "smaller", "upside down", "another camera", "dark"],
)
def test_it_ends_when_the_picture_jumps(
    after: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]], goes_on: bool
) -> None:
    """A phone that is turned by half keeps its picture's shape: only what is in it tells."""
    shown, room_seen = ShownObject(VirtualClock()), scene()
    shown.show(BOX)
    for luma in (room_seen, room_seen, np.ascontiguousarray(after(room_seen))):
        shown.look(luma)
    assert (shown.box() is not None) is goes_on


def test_a_room_that_is_almost_the_same_upside_down_ends_it_all_the_same() -> None:
    half = scene()[:120]
    even = np.vstack([half, half[::-1, ::-1]])
    even[:40, :80] //= 2
    shown = ShownObject(VirtualClock())
    shown.show(BOX)
    shown.look(even)
    shown.look(np.ascontiguousarray(even[::-1, ::-1]))
    assert shown.box() is None


def test_what_was_before_the_box_is_not_compared_and_any_picture_may_come() -> None:
    shown = ShownObject(VirtualClock())
    shown.look(scene())
    shown.show(BOX)
    for luma in (scene(2), scene(2)[:1, :1], scene(2)):
        shown.look(luma)
    assert shown.box() is None, "a picture of one point is like no other"
    shown.show(BOX)
    shown.look(scene(3))
    assert shown.box() == BOX


def stage() -> tuple[BlurStage, GoodSegmenter, VirtualClock]:
    clock, settings, segmenter = VirtualClock(), BlurSettings(), GoodSegmenter()
    masks = InlineMasks(mask_maker(segmenter, settings), settings.budget_ms, clock)
    return BlurStage(masks, YuvCompositor(), clock, settings), segmenter, clock


@pytest.mark.parametrize("size", [(320, 240), (321, 239), (240, 320)])
def test_only_the_box_and_the_signer_are_as_they_were(size: tuple[int, int]) -> None:
    raw = room(*size).planes
    with_box, without = YuvCompositor(), YuvCompositor()
    shown = ShownObject(VirtualClock())
    shown.show(BOX)
    rectangle = shown.rectangle(*size)
    assert rectangle is not None
    with_box.show(rectangle)
    left, top, right, bottom = rectangle
    ours, theirs = with_box.clear(raw, signer_alpha()), without.clear(raw, signer_alpha())
    assert np.array_equal(ours.y[top:bottom, left:right], raw.y[top:bottom, left:right])
    outside = np.ones(raw.y.shape, bool)
    outside[top:bottom, left:right] = False
    assert np.array_equal(ours.y[outside], theirs.y[outside])
    for mine, plain, real in ((ours.u, theirs.u, raw.u), (ours.v, theirs.v, raw.v)):
        inner = np.zeros(real.shape, bool)
        inner[(top + 1) // 2 : bottom // 2, (left + 1) // 2 : right // 2] = True
        assert np.array_equal(mine[inner], real[inner])
        assert np.array_equal(mine[~inner], plain[~inner])


def test_the_code_is_read_while_it_is_shown_and_not_before_or_after() -> None:
    blur, _, clock = stage()
    seen = []
    for frame_id, step in enumerate([None, BOX, "on", "minute", "again", None], start=1):
        if step == "minute":
            clock.advance(LIMIT_S * 1000)
        elif step == "again":
            blur.show_object(BOX)
        elif step != "on":
            blur.show_object(step)  # type: ignore[arg-type]
        seen.append(reads_code(blur.process(room(frame_id=frame_id)).planes.y))
    assert seen == [False, True, True, False, True, False]
    assert blur.shown_object() is None


def test_without_a_good_mask_the_box_is_covered_like_everything_else() -> None:
    blur, segmenter, _ = stage()
    blur.show_object(BOX)
    states = []
    for frame_id in range(1, 4):
        segmenter.fault = (lambda mask: None) if frame_id == 2 else None
        released = blur.process(room(frame_id=frame_id))
        states.append((released.state, reads_code(released.planes.y)))
    clear, protected = PictureState.CLEAR, PictureState.PROTECTED
    assert states == [(clear, True), (protected, False), (clear, True)]


def test_a_camera_turned_upside_down_ends_it_before_its_first_picture() -> None:
    blur, _, _ = stage()
    upright = room(320, 240, 1).planes
    blur.show_object(BOX)
    assert reads_code(blur.process(room(320, 240, 1)).planes.y)
    y, u, v = (np.ascontiguousarray(plane[::-1, ::-1]) for plane in (upright.y, upright.u, upright.v))
    blur.process(RawPicture(Planes(y, u, v), 2, 1, Fraction(1, 30)))
    assert blur.shown_object() is None
    covered = blur.process(room(320, 240, 3))
    assert (covered.state, reads_code(covered.planes.y)) == (PictureState.CLEAR, False), "turning back shows nothing"


def test_a_turned_camera_ends_it_before_its_first_picture() -> None:
    blur, _, _ = stage()
    blur.process(room(320, 240, 1))
    blur.show_object((0.0, 0.0, 0.8, 0.5))
    assert not reads_code(blur.process(room(240, 320, 2)).planes.y)
    assert blur.shown_object() is None
