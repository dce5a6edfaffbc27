"""Every second picture without the network: what is moved on, and what calls the network all the same."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from media.ladder import Thrift
from media.picture import Planes, RawPicture
from media.scaled_i420 import ScaledI420
from media.segmenter import Alpha, Mask
from media.segmenter_sparing import SparingNetwork

pytestmark = pytest.mark.unit

SIDE = 256


class BrightNetwork:
    """Takes whatever is bright for a person; counts the pictures that it has looked at."""

    mask_shape = (SIDE, SIDE)

    def __init__(self) -> None:
        self.scaled = ScaledI420(SIDE, SIDE)
        self.looks: list[int] = []
        self.closed = False

    def segment(self, picture: RawPicture) -> Mask:
        self.scaled.rgb(picture.planes)
        self.looks.append(picture.frame_id)
        alpha: Alpha = (self.scaled.y > 140).astype(np.float32)
        return Mask(picture.frame_id, alpha, 0.0)

    def close(self) -> None:
        self.closed = True


def picture(
    number: int, x: int = 200, *, width: int = 640, height: int = 480, light: int = 0, at_ms: float = -1
) -> RawPicture:
    """Draw a bright, structured person 160 wide at `x`, before a wall with some structure."""
    rows, columns = np.mgrid[0:height, 0:width]
    luma = 70 + light + 20 * np.sin(columns / 17) * np.sin(rows / 13)
    person = (columns >= x) & (columns < x + 160) & (rows > 100)
    luma[person] = (190 + 25 * np.sin((columns - x) / 9) * np.sin(rows / 11))[person]
    grey = np.full((height // 2, width // 2), 128, np.uint8)
    planes = Planes(np.clip(luma, 0, 255).astype(np.uint8), grey, grey.copy())
    at = number * 33.0 if at_ms < 0 else at_ms
    return RawPicture(planes, number, round(at * 90), Fraction(1, 90_000))


def reshaped(given: RawPicture) -> RawPicture:
    """Return the picture stretched into another shape: to the network, which sees a square, it is the same."""
    sides = ((480, 640), (240, 320), (240, 320))
    planes = given.planes
    y, u, v = (
        np.asarray(cv2.resize(plane, side, interpolation=cv2.INTER_AREA), np.uint8)
        for plane, side in zip((planes.y, planes.u, planes.v), sides, strict=True)
    )
    return RawPicture(Planes(y, u, v), given.frame_id, given.pts, given.time_base)


def test_without_thrift_the_network_sees_every_picture() -> None:
    network = BrightNetwork()
    sparing = SparingNetwork(network, Thrift(), lambda: 0.0)
    for number in range(6):
        sparing.segment(picture(number))
    assert network.looks == [0, 1, 2, 3, 4, 5]


def test_with_it_every_second_one_and_at_once_every_one_again() -> None:
    network, thrift = BrightNetwork(), Thrift(on=True)
    sparing = SparingNetwork(network, thrift, lambda: 0.0)
    for number in range(8):
        thrift.on = number < 5
        assert sparing.segment(picture(number)).frame_id == number, "each mask is its own picture's"
    assert network.looks == [0, 2, 4, 5, 6, 7]


def test_a_mask_is_moved_on_with_the_person() -> None:
    network = BrightNetwork()
    sparing = SparingNetwork(network, Thrift(on=True), lambda: 0.0)
    sparing.segment(picture(0, 200))
    moved = sparing.segment(picture(1, 212)).alpha
    exact = BrightNetwork().segment(picture(1, 212)).alpha
    left_behind = BrightNetwork().segment(picture(1, 200)).alpha

    assert network.looks == [0]
    assert moved.shape == (SIDE, SIDE)
    assert moved.dtype == np.float32
    assert np.abs(moved - exact).mean() < 0.4 * np.abs(left_behind - exact).mean()


def test_somebody_who_comes_in_is_in_no_mask_until_the_network_has_looked() -> None:
    network = BrightNetwork()
    sparing = SparingNetwork(network, Thrift(on=True), lambda: 0.0)
    sparing.segment(picture(0))
    newcomer = picture(1)
    newcomer.planes.y[200:300, 20:60] = 200
    alpha = sparing.segment(newcomer).alpha

    assert network.looks == [0]
    assert alpha[:, : SIDE * 60 // 640].max() < 0.05


@pytest.mark.parametrize(
    "second",
    [
        picture(1, light=40),
        picture(1, 440, light=20),
        picture(1, width=480, height=640),
        reshaped(picture(1)),
        picture(1, at_ms=500),
        picture(1, at_ms=0),
    ],
    ids=["light", "cut", "turned", "another shape alone", "pause", "same-time"],
)
def test_whatever_is_doubtful_calls_the_network(second: RawPicture) -> None:
    network = BrightNetwork()
    sparing = SparingNetwork(network, Thrift(on=True), lambda: 0.0)
    sparing.segment(picture(0))
    sparing.segment(second)
    assert network.looks == [0, 1]


def test_a_network_that_fails_fails_here_too_and_leaves_nothing_to_move_on() -> None:
    network = BrightNetwork()
    sparing = SparingNetwork(network, Thrift(on=True), lambda: 0.0)
    sparing.segment(picture(0))
    sparing.segment(picture(1))
    network.scaled = None  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        sparing.segment(picture(2))
    network.scaled = ScaledI420(SIDE, SIDE)
    sparing.segment(picture(3))
    assert network.looks == [0, 3]
    sparing.close()
    assert network.closed
