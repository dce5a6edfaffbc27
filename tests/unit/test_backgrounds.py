"""Blur of three strengths, a colour, the company's picture: what of the room is left, and what if one is missing."""

from __future__ import annotations

import time
from hashlib import sha256

import cv2
import numpy as np
import pytest

from media.backdrop import (
    KEPT_PICTURES,
    KEPT_SIZES,
    BadCompanyPicture,
    Colour,
    CompanyPicture,
    PictureShelf,
    backdrop_of,
    filling,
)
from media.compositor import BACKGROUND, COVER, INSTEAD, STRENGTHS, Backdrop, YuvCompositor
from media.picture import Plane, Planes
from tests.blur_room import reads_code, room, signer_alpha
from video_service.media_plane import Background, BackgroundKind

pytestmark = pytest.mark.unit

SIZES = [(320, 240), (240, 320), (161, 121)]


def drawn(width: int, height: int, tint: int = 40) -> Plane:
    """A picture with a mark in its middle and another tint on each side."""
    pixels = np.full((height, width, 3), (tint, 90, 200), np.uint8)
    pixels[:, : width // 8] = (200, 30, 30)
    cv2.circle(pixels, (width // 2, height // 2), height // 5, (240, 240, 240), -1)
    return pixels


def jpeg(pixels: Plane) -> bytes:
    return cv2.imencode(".jpg", pixels)[1].tobytes()


class ReadyShelf:
    """Has one picture in every size at once."""

    def __init__(self, pixels: Plane) -> None:
        self.pixels = pixels

    def planes(self, digest: str, width: int, height: int, full_range: bool) -> Planes | None:
        return filling(self.pixels, width, height, full_range)


def shelf_with(jpegs: dict[str, bytes]) -> PictureShelf:
    shelf = PictureShelf()
    for digest, data in jpegs.items():
        shelf.put(digest, data)
    return shelf


def wait_for(shelf: PictureShelf, digest: str, size: tuple[int, int], full_range: bool = False) -> Planes:
    end_s = time.monotonic() + 30
    while (made := shelf.planes(digest, *size, full_range)) is None:
        assert time.monotonic() < end_s, "the picture was not scaled"
        time.sleep(0.001)
    return made


def backdrops() -> dict[str, Backdrop]:
    named: dict[str, Backdrop] = {f"blur {strength}": blur for strength, blur in STRENGTHS.items()}
    named["colour"] = Colour("#3b4a54")
    named["picture"] = CompanyPicture(ReadyShelf(drawn(640, 360)), "")
    named["picture that is gone"] = CompanyPicture(PictureShelf(), "0" * 64)
    return named


def test_no_strength_is_weaker_than_the_one_that_was_attacked() -> None:
    assert STRENGTHS[1] is BACKGROUND
    assert INSTEAD is STRENGTHS[2]
    strengths = [STRENGTHS[each] for each in (1, 2, 3)]
    for weaker, stronger in zip(strengths, [*strengths[1:], COVER], strict=True):
        assert stronger.cells < weaker.cells
        assert stronger.sigma_cells >= weaker.sigma_cells
        planes = room(640, 480).planes
        assert stronger.render(planes).y.std() < weaker.render(planes).y.std()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", backdrops())
def test_no_backdrop_shows_the_code(name: str, size: tuple[int, int]) -> None:
    compositor = YuvCompositor(backdrops()[name])
    raw = room(*size)
    out = compositor.clear(raw.planes, signer_alpha())
    assert reads_code(raw.planes.y)
    assert not reads_code(out.y)
    assert not reads_code(out.y, stretched=True)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["colour", "picture"])
def test_of_a_colour_and_a_picture_nothing_depends_on_the_room_where_the_signer_is_not(
    name: str, size: tuple[int, int]
) -> None:
    one = room(*size).planes
    other = Planes((255 - one.y).astype(np.uint8), one.v.copy(), one.u.copy())
    out = [YuvCompositor(backdrops()[name]).clear(planes, signer_alpha()) for planes in (one, other)]
    for plane in ("y", "u", "v"):
        left, right = getattr(out[0], plane), getattr(out[1], plane)
        nowhere = np.asarray(cv2.resize(signer_alpha(), left.shape[::-1])) == 0
        assert nowhere.any()
        assert np.array_equal(left[nowhere], right[nowhere])


@pytest.mark.parametrize("name", ["colour", "picture"])
def test_at_the_masks_edge_no_more_of_the_room_shines_through_than_with_the_blur(name: str) -> None:
    """What changes in the result when only the room's fine detail does: the mask's share of it, whatever is behind."""
    draw = np.random.default_rng(3)
    flat = np.full((240, 320), 120, np.uint8)
    detail = draw.integers(-60, 60, flat.shape)
    half = np.full((120, 160), 128, np.uint8)
    one, other = Planes(flat, half, half), Planes((flat + detail).astype(np.uint8), half, half)
    alpha = np.asarray(cv2.GaussianBlur(signer_alpha(), (0, 0), 3.0), np.float32)

    def shines(backdrop: Backdrop) -> float:
        left, right = (YuvCompositor(backdrop).clear(planes, alpha).y.astype(int) for planes in (one, other))
        edge = np.asarray(cv2.resize(alpha, (320, 240)))
        return float(np.abs(left - right)[(edge > 0.02) & (edge < 0.98)].mean())

    assert 1 < shines(backdrops()[name]) <= shines(BACKGROUND) + 0.5


def test_a_colour_is_that_colour_in_both_ranges() -> None:
    for full_range in (False, True):
        planes = room(64, 48, full_range=full_range).planes
        made = Colour("#c81e28").render(planes)
        assert made.full_range is full_range
        bgr = cv2.cvtColor(np.vstack([made.y, *(plane.reshape(-1, 64) for plane in (made.u, made.v))]), 92 + 9)
        assert [plane.std() for plane in (made.y, made.u, made.v)] == [0, 0, 0]
        if not full_range:
            assert bgr[0, 0].tolist() == pytest.approx([0x28, 0x1E, 0xC8], abs=4)


def test_a_colour_is_made_once_for_each_size() -> None:
    colour = Colour("#3b4a54")
    first = colour.render(room(64, 48).planes)
    assert colour.render(room(64, 48).planes) is first
    assert colour.render(room(48, 64).planes).y.shape == (64, 48)


@pytest.mark.parametrize("size", [(320, 240), (240, 320), (321, 239), (1280, 720), (16, 200)])
def test_a_picture_fills_the_size_with_its_middle_and_nothing_stretched(size: tuple[int, int]) -> None:
    pixels = np.full((400, 400, 3), 30, np.uint8)
    cv2.circle(pixels, (200, 200), 20, (255, 255, 255), -1)
    made = filling(pixels, *size, False)
    assert (made.width, made.height) == size
    bright = np.argwhere(made.y > 130)
    assert bright.mean(axis=0) == pytest.approx([size[1] / 2, size[0] / 2], abs=4)
    down, across = bright.max(axis=0) - bright.min(axis=0) + 1
    if min(size) > 100:
        assert across / down == pytest.approx(1, abs=0.12)
    assert not made.y.flags.writeable


def test_a_shelf_scales_beside_the_pictures_and_keeps_what_it_made() -> None:
    data = jpeg(drawn(640, 360))
    digest = sha256(data).hexdigest()
    shelf = shelf_with({digest: data})
    assert shelf.has(digest)
    assert shelf.planes("0" * 64, 64, 48, False) is None
    made = wait_for(shelf, digest, (64, 48))
    assert wait_for(shelf, digest, (64, 48)) is made
    assert wait_for(shelf, digest, (48, 64)).y.shape == (64, 48)
    assert wait_for(shelf, digest, (64, 48), full_range=True).full_range
    shelf.close()
    shelf.close()


def test_a_shelf_keeps_few_pictures_and_few_sizes() -> None:
    datas = [jpeg(drawn(320, 240, tint)) for tint in range(0, 20 * (KEPT_PICTURES + 1), 20)]
    digests = [sha256(data).hexdigest() for data in datas]
    shelf = shelf_with(dict(zip(digests, datas, strict=True)))
    assert [shelf.has(digest) for digest in digests] == [False] + [True] * KEPT_PICTURES
    assert shelf.planes(digests[0], 64, 48, False) is None
    for side in range(KEPT_SIZES + 3):
        wait_for(shelf, digests[-1], (64 + 2 * side, 48))
    assert len(shelf._scaled) <= KEPT_SIZES


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 40],
        lambda data: b"\xff\xd8" + b"\0" * 900_000,
        lambda data: cv2.imencode(".png", drawn(320, 240))[1].tobytes(),
        lambda data: jpeg(drawn(2000, 300)),
    ],
    ids=["empty", "cut off", "too long", "a PNG", "too wide"],
)
def test_what_is_no_picture_of_ours_is_refused_and_the_blur_stands(spoil: object) -> None:
    shelf, data = PictureShelf(), spoil(jpeg(drawn(320, 240)))  # type: ignore[operator]
    digest = sha256(data).hexdigest()
    with pytest.raises(BadCompanyPicture):
        shelf.put(digest, data)
    planes = room().planes
    stands = backdrop_of(Background(kind=BackgroundKind.PICTURE, picture=digest), shelf)
    assert np.array_equal(stands.render(planes).y, INSTEAD.render(planes).y)


def test_bytes_that_are_not_what_their_digest_says_are_refused() -> None:
    with pytest.raises(BadCompanyPicture):
        PictureShelf().put("0" * 64, jpeg(drawn(320, 240)))


def test_until_it_is_ready_the_room_is_blurred_and_then_the_picture_stands() -> None:
    data = jpeg(drawn(640, 360))
    digest = sha256(data).hexdigest()
    shelf = PictureShelf()
    background = backdrop_of(Background(kind=BackgroundKind.PICTURE, picture=digest), shelf)
    planes = room().planes
    assert np.array_equal(background.render(planes).y, INSTEAD.render(planes).y)
    shelf.put(digest, data)
    made = wait_for(shelf, digest, (planes.width, planes.height))
    assert background.render(planes) is made


def test_a_picture_that_cannot_be_scaled_leaves_the_blur() -> None:
    shelf = PictureShelf()
    shelf._pictures["x"] = np.zeros((0, 0, 3), np.uint8)
    assert shelf.planes("x", 64, 48, False) is None
    shelf._thread.submit(lambda: None).result(30)
    assert shelf.planes("x", 64, 48, False) is None


@pytest.mark.parametrize("kind", list(BackgroundKind))
def test_backdrops_are_not_written_to(kind: BackgroundKind) -> None:
    data = jpeg(drawn(640, 360))
    digest = sha256(data).hexdigest()
    shelf = shelf_with({digest: data})
    wait_for(shelf, digest, (320, 240))
    background = backdrop_of(Background(kind=kind, picture=digest), shelf)
    planes = room().planes
    first = [plane.copy() for plane in (lambda made: (made.y, made.u, made.v))(background.render(planes))]
    YuvCompositor(background).clear(planes, signer_alpha())
    made = background.render(planes)
    assert all(np.array_equal(*pair) for pair in zip(first, (made.y, made.u, made.v), strict=True))


def test_a_choice_holds_from_the_next_picture_on() -> None:
    compositor, planes = YuvCompositor(), room().planes
    nobody = np.zeros((64, 64), np.float32)
    assert np.array_equal(compositor.clear(planes, nobody).y, BACKGROUND.render(planes, nobody).y)
    compositor.choose(Colour("#ffffff"), brighten=False)
    assert set(np.unique(compositor.clear(planes, nobody).y)) == {235}
    assert np.array_equal(compositor.whole(planes).y, COVER.render(planes).y)
