"""What stays of the signer, and that nothing stays of the room."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from media.compositor import BACKGROUND, COVER, Blur, YuvCompositor
from media.picture import Plane, Planes
from media.segmenter import Alpha
from tests.blur_room import CODE, reads_code, room, signer_alpha

pytestmark = pytest.mark.unit

sizes = st.tuples(st.integers(1, 90), st.integers(1, 90))
mask_shapes = st.sampled_from([(64, 64), (144, 256), (7, 3), (1, 1)])


def noise(width: int, height: int, seed: int = 0) -> Planes:
    draw = np.random.default_rng(seed)
    half = ((height + 1) // 2, (width + 1) // 2)
    y, u, v = (draw.integers(0, 256, shape, np.uint8) for shape in ((height, width), half, half))
    return Planes(y, u, v)


def both(one: Planes, other: Planes) -> list[tuple[Plane, Plane]]:
    return [(one.y, other.y), (one.u, other.u), (one.v, other.v)]


@given(sizes, mask_shapes, st.integers(0, 5))
@example((641, 479), (64, 64), 0)
@example((642, 482), (64, 64), 0)
@settings(max_examples=60)
def test_where_alpha_is_1_the_bytes_are_kept(size: tuple[int, int], shape: tuple[int, int], seed: int) -> None:
    planes = noise(*size, seed)
    out = YuvCompositor().clear(planes, np.ones(shape, np.float32))
    assert all(np.array_equal(ours, theirs) for ours, theirs in both(out, planes))


@given(sizes, mask_shapes, st.integers(0, 5))
@example((641, 479), (64, 64), 0)
@settings(max_examples=60)
def test_where_alpha_is_0_only_the_blur_is_left(size: tuple[int, int], shape: tuple[int, int], seed: int) -> None:
    planes = noise(*size, seed)
    nobody = np.zeros(shape, np.float32)
    out = YuvCompositor().clear(planes, nobody)
    behind = BACKGROUND.render(planes, nobody)
    assert all(np.array_equal(ours, theirs) for ours, theirs in both(out, behind))


@given(st.sampled_from([(320, 240), (240, 320), (321, 239), (426, 240)]), st.integers(0, 20))
@settings(max_examples=30)
def test_the_blur_has_none_of_the_detail(size: tuple[int, int], seed: int) -> None:
    planes = noise(*size, seed)
    raw = detail(planes.y)
    for blur in (BACKGROUND, COVER):
        assert detail(blur.render(planes).y) < 0.01 * raw


def detail(luma: Plane) -> float:
    """RMS of what a 5-pixel Gaussian takes away."""
    values = luma.astype(np.float32)
    high = values - np.asarray(cv2.GaussianBlur(values, (0, 0), 2.0))
    return float(np.sqrt((high * high).mean()))


@given(sizes, st.integers(0, 5), st.floats(0, 1, width=32))
@settings(max_examples=60)
def test_between_0_and_1_the_blend_is_within_one_of_the_exact_one(
    size: tuple[int, int], seed: int, value: float
) -> None:
    planes = noise(*size, seed)
    alpha = np.full((8, 8), value, np.float32)
    out, behind = YuvCompositor().clear(planes, alpha), BACKGROUND.render(planes, alpha)
    share = round(float(alpha[0, 0]) * 255) / 255
    for (ours, front), back in zip(both(out, planes), (behind.y, behind.u, behind.v), strict=True):
        exact = front.astype(float) * share + back.astype(float) * (1 - share)
        assert np.abs(ours - exact).max() <= 1.01


@given(sizes, sizes, st.integers(0, 5))
@settings(max_examples=40)
def test_a_change_of_size_leaves_nothing_of_the_last_picture(a: tuple[int, int], b: tuple[int, int], seed: int) -> None:
    alpha = signer_alpha()
    used, fresh = YuvCompositor(), YuvCompositor()
    used.clear(noise(*a, seed + 1), alpha)
    planes = noise(*b, seed)
    for ours, theirs in both(used.clear(planes, alpha), fresh.clear(planes, alpha)):
        assert np.array_equal(ours, theirs)


def test_results_are_new_arrays_and_the_raw_picture_is_untouched() -> None:
    planes = noise(64, 48)
    before = [plane.copy() for plane in (planes.y, planes.u, planes.v)]
    compositor = YuvCompositor()
    results = [
        compositor.clear(planes, signer_alpha()),
        compositor.clear(planes, signer_alpha()),
        compositor.whole(planes),
    ]
    arrays = [plane for result in results for plane in (result.y, result.u, result.v)] + [planes.y, planes.u, planes.v]
    for index, one in enumerate(arrays):
        assert not any(np.shares_memory(one, other) for other in arrays[index + 1 :])
    assert all(np.array_equal(*pair) for pair in zip(before, (planes.y, planes.u, planes.v), strict=True))


def test_line_padding_of_a_decoder_makes_no_difference() -> None:
    wide = noise(128, 48)
    padded = Planes(wide.y[:, :90], wide.u[:, :45], wide.v[:, :45])
    tight = Planes(padded.y.copy(), padded.u.copy(), padded.v.copy())
    ours, theirs = YuvCompositor().clear(padded, signer_alpha()), YuvCompositor().clear(tight, signer_alpha())
    assert all(np.array_equal(*pair) for pair in both(ours, theirs))


def test_the_signers_colour_does_not_glow_into_the_background() -> None:
    planes = noise(320, 240)
    planes.y[:] = 200
    signer = np.asarray(cv2.resize(signer_alpha(), (320, 240)))
    planes.y[signer > 0] = 20
    grown: Alpha = np.asarray(cv2.dilate(signer_alpha(), np.ones((5, 5))), np.float32)
    behind = BACKGROUND.render(planes, grown)
    assert behind.y[cv2.resize(grown, (320, 240)) == 0].min() >= 195
    assert BACKGROUND.render(planes).y.min() < 150


def test_the_whole_is_covered_more_heavily_than_the_background() -> None:
    planes = room(640, 480).planes
    assert COVER.render(planes).y.std() < BACKGROUND.render(planes).y.std()
    assert np.array_equal(YuvCompositor().whole(planes).y, COVER.render(planes).y)


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1280, 720), (720, 1280)])
def test_a_code_that_fills_the_wall_is_gone_at_any_resolution(size: tuple[int, int]) -> None:
    raw = room(*size).planes
    code = cv2.resize(raw.y[8 : 8 + min(size) // 2, 8 : 8 + min(size) // 2], (min(size),) * 2)
    filled = np.full_like(raw.y, 150)
    filled[: min(size), : min(size)] = code
    planes = Planes(filled, raw.u, raw.v)
    assert reads_code(planes.y)
    for blurred in (BACKGROUND.render(planes), COVER.render(planes)):
        assert not reads_code(blurred.y)
        assert not reads_code(blurred.y, stretched=True)


@pytest.mark.parametrize("size", [(320, 240), (1280, 720), (321, 239)])
def test_a_code_in_colours_alone_is_gone_too(size: tuple[int, int]) -> None:
    """As bright as the wall: the picture's luma shows nothing of it, and a decoder may look at any plane."""
    raw = room(*size).planes
    side = min(raw.u.shape) - 16
    code = cv2.resize(raw.y[8 : 8 + min(size) // 2, 8 : 8 + min(size) // 2], (side, side))
    coloured = np.full_like(raw.u, 150)
    coloured[8 : 8 + side, 8 : 8 + side] = code
    planes = Planes(np.full_like(raw.y, 128), coloured, coloured.copy())
    assert reads_code(planes.u)
    compositor, nobody = YuvCompositor(), np.zeros((64, 64), np.float32)
    for covered in (compositor.clear(planes, nobody), compositor.whole(planes)):
        for plane in (covered.u, covered.v):
            assert not reads_code(plane)
            assert not reads_code(plane, stretched=True)


def attack(blurred: Plane, cells: int, sigma_cells: float) -> bool:
    """Whether the code comes back when the blur is undone by somebody who knows it exactly (Wiener deconvolution).

    The attacker takes the grid out of the picture, divides by the blur's spectrum with every plausible guess of the
    noise, and lets the decoder look at each result.
    """
    step = 2 * round(min(blurred.shape) / (2 * cells))
    grid = blurred[step // 2 :: step, step // 2 :: step].astype(np.float64)
    padded = np.pad(grid, 32, mode="reflect")
    down, across = np.fft.fftfreq(padded.shape[0])[:, None], np.fft.rfftfreq(padded.shape[1])[None]
    spectrum = np.exp(-2 * np.pi**2 * sigma_cells**2 * (down**2 + across**2)) * np.sinc(down) * np.sinc(across)
    for noise_to_signal in 10.0 ** np.arange(-8, 0):
        undone = np.fft.rfft2(padded) * spectrum / (spectrum**2 + noise_to_signal)
        found = np.fft.irfft2(undone, s=padded.shape)[32:-32, 32:-32].clip(0, 255).astype(np.uint8)
        large = np.asarray(cv2.resize(found, blurred.shape[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)
        if reads_code(large) or reads_code(large, stretched=True):
            return True
    return False


@pytest.mark.parametrize("side", [400, 470])
@pytest.mark.parametrize(("cells", "sigma_cells", "readable"), [(60, 1.0, True), (60, 3.0, False), (24, 3.0, False)])
def test_the_blur_cannot_be_computed_back(cells: int, sigma_cells: float, readable: bool, side: int) -> None:
    wall, chroma = np.full((480, 640), 150, np.uint8), np.full((240, 320), 128, np.uint8)
    top, left = (480 - side) // 2, (640 - side) // 2
    code = cv2.QRCodeEncoder.create().encode(CODE)
    wall[top : top + side, left : left + side] = cv2.resize(code, (side, side), interpolation=cv2.INTER_NEAREST)
    blurred = Blur(cells, sigma_cells).render(Planes(wall, chroma, chroma))
    assert attack(blurred.y, cells, sigma_cells) is readable


def test_the_blurs_in_use_are_those_that_were_attacked() -> None:
    assert (BACKGROUND.cells, BACKGROUND.sigma_cells) == (60, 3.0)
    assert (COVER.cells, COVER.sigma_cells) == (24, 3.0)


def test_full_range_is_carried_on() -> None:
    planes = room(full_range=True).planes
    compositor = YuvCompositor()
    assert compositor.clear(planes, signer_alpha()).full_range
    assert compositor.whole(planes).full_range


@pytest.mark.parametrize(("cells", "sigma"), [(0, 1.0), (10, 0.0), (10, -1.0)])
def test_a_blur_without_strength_is_refused(cells: int, sigma: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        Blur(cells, sigma)
