"""A drawn room for the tests of the blur stage: a code on the wall, a signer in front, and segmenters that can fail."""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np

from media.picture import Plane, Planes, RawPicture
from media.segmenter import Alpha, Mask

CODE = "ROOM-0042"
SHAPE = (64, 64)  # of the masks here
TIME_BASE = Fraction(1, 90_000)
TICKS = 3000  # of TIME_BASE per picture: 30 pictures a second


def room(width: int = 320, height: int = 240, frame_id: int = 1, *, full_range: bool = False) -> RawPicture:
    """A wall with a code at its upper left and a signer at its lower right."""
    half = ((height + 1) // 2, (width + 1) // 2)
    u, v = np.full(half, 110, np.uint8), np.full(half, 150, np.uint8)
    planes = Planes(_luma(width, height).copy(), u, v, full_range)
    return RawPicture(planes, frame_id, frame_id * TICKS, TIME_BASE)


@functools.cache
def _luma(width: int, height: int) -> Plane:
    luma = np.full((height, width), 150, np.uint8)
    luma[:, ::7] = 120
    side = min(width, height) // 2
    code = cv2.QRCodeEncoder.create().encode(CODE)
    if side:
        fitted = cv2.resize(code, (side, side), interpolation=cv2.INTER_NEAREST)
        luma[8 : 8 + side, 8 : 8 + side] = fitted[: height - 8, : width - 8]
    signer = cv2.resize(signer_alpha(), (width, height)) > 0.5
    luma[signer] = (np.add.outer(np.arange(height) * 5, np.arange(width) * 3) % 120 + 60).astype(np.uint8)[signer]
    return luma


def signer_alpha(shape: tuple[int, int] = SHAPE) -> Alpha:
    """The true mask of `room`."""
    rows, columns = shape
    alpha = np.zeros(shape, np.float32)
    cv2.ellipse(alpha, (int(columns * 0.8), int(rows * 0.85)), (columns // 7, rows // 4), 0, 0, 360, 1.0, -1)
    return alpha


_answers: dict[bytes, bool] = {}


def reads_code(luma: Plane, *, stretched: bool = False) -> bool:
    """Whether a decoder reads the code, in the picture as it is or with its contrast stretched first.

    A picture that was seen before is not looked at again: the decoder's answer would be the same.
    """
    seen = cv2.equalizeHist(luma) if stretched else luma
    key = hashlib.blake2b(seen.tobytes() + bytes(str(seen.shape), "ascii"), digest_size=16).digest()
    if key not in _answers:
        try:
            _answers[key] = cv2.QRCodeDetector().detectAndDecode(seen)[0] == CODE
        except cv2.error:
            _answers[key] = False  # the detector fails on some pictures; it has not read them
    return _answers[key]


def pictures_looked_at() -> int:
    """How many different pictures `reads_code` was asked about in this process."""
    return len(_answers)


class VirtualClock:
    """Milliseconds that pass only when told to."""

    def __init__(self) -> None:
        self.ms = 0.0

    def __call__(self) -> float:
        return self.ms

    def advance(self, ms: float) -> None:
        self.ms += ms


class GoodSegmenter:
    """Gives the true mask, and what a fault makes of it while there is one."""

    mask_shape = SHAPE

    def __init__(self, clock_ms: Callable[[], float] = lambda: 0.0) -> None:
        self.clock_ms = clock_ms
        self.fault: Callable[[Mask], object] | None = None
        self.calls = 0
        self.closed = 0

    def segment(self, picture: RawPicture) -> Mask:
        self.calls += 1
        mask = Mask(picture.frame_id, signer_alpha(), self.clock_ms())
        return self.fault(mask) if self.fault else mask  # type: ignore[return-value]

    def close(self) -> None:
        self.closed += 1


class Hang:
    """A fault: whoever calls it waits until it is let go. `entered` tells that somebody does."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, mask: Mask) -> Mask:
        self.entered.set()
        self.entered.set()
        assert self.let_go.wait(60)
        return mask


def _raise(mask: Mask) -> object:
    raise RuntimeError("the engine has failed")


def _with(alpha: object) -> Callable[[Mask], object]:
    return lambda mask: Mask(mask.frame_id, alpha, mask.produced_ms)  # type: ignore[arg-type]


def _with_value(value: float) -> Callable[[Mask], object]:
    def spoil(mask: Mask) -> Mask:
        alpha = mask.alpha.copy()
        alpha[3, 5] = value
        return Mask(mask.frame_id, alpha, mask.produced_ms)

    return spoil


# What a broken segmenter may give, and the reason that must be found.
FAULTS: dict[str, tuple[Callable[[Mask], object], str]] = {
    "raises": (_raise, "raised"),
    "none": (lambda mask: None, "no_mask"),
    "no mask at all": (lambda mask: mask.alpha, "wrong_type"),
    "zeros": (_with(np.zeros(SHAPE, np.float32)), "too_small"),
    "ones": (_with(np.ones(SHAPE, np.float32)), "too_large"),
    "half everywhere": (_with(np.full(SHAPE, 0.5, np.float32)), "undecided"),
    "one NaN": (_with_value(float("nan")), "not_finite"),
    "infinite": (_with_value(float("inf")), "not_finite"),
    "logits": (_with_value(-7.0), "out_of_range"),
    "another picture's": (lambda mask: Mask(mask.frame_id - 1, mask.alpha, mask.produced_ms), "wrong_frame"),
    "wrong size": (_with(np.ones((32, 64), np.float32)), "wrong_size"),
    "three axes": (_with(signer_alpha()[..., None]), "wrong_size"),
    "bytes": (_with((signer_alpha() * 255).astype(np.uint8)), "wrong_type"),
    "double": (_with(signer_alpha().astype(np.float64)), "wrong_type"),
    "a list": (_with([[1.0]]), "wrong_type"),
}
