"""Kind and size by the first bytes, for what OpenCV writes and for what somebody makes up."""

from __future__ import annotations

import contextlib
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_service.image_header import BadImage, ImageHeader, read_header

pytestmark = pytest.mark.unit

LOSSLESS = [cv2.IMWRITE_WEBP_QUALITY, 101]
WAYS: dict[str, tuple[str, list[int], str]] = {
    "png": (".png", [], "png"),
    "jpeg": (".jpg", [], "jpeg"),
    "progressive jpeg": (".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], "jpeg"),
    "webp": (".webp", [cv2.IMWRITE_WEBP_QUALITY, 60], "webp"),
    "lossless webp": (".webp", LOSSLESS, "webp"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [(320, 240), (1, 1), (1001, 33)])
def test_it_is_what_was_written(way: str, size: tuple[int, int]) -> None:
    suffix, options, kind = WAYS[way]
    width, height = size
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    data = cv2.imencode(suffix, pixels, options)[1].tobytes()
    assert read_header(data) == ImageHeader(kind, width, height)  # type: ignore[arg-type]


def test_a_webp_with_an_extended_header() -> None:
    body = bytes([0x10, 0, 0, 0]) + (1279).to_bytes(3, "little") + (719).to_bytes(3, "little")
    data = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + body
    assert read_header(data) == ImageHeader("webp", 1280, 720)


def test_a_bomb_says_how_large_it_is() -> None:
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 60_000, 60_000) + b"\x08\x02"
    assert read_header(data) == ImageHeader("png", 60_000, 60_000)


def test_a_jpeg_with_much_before_its_size() -> None:
    pixels = np.zeros((240, 320, 3), np.uint8)
    plain = cv2.imencode(".jpg", pixels)[1].tobytes()
    note = b"\xff\xe1" + struct.pack(">H", 60_002) + b"x" * 60_000
    assert read_header(plain[:2] + note + b"\xff" + note + b"\xff\x01" + plain[2:]) == ImageHeader("jpeg", 320, 240)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + b"\0" * 40,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 30,
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 0, 5),
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\x00\x00" + b"\0" * 20,
        b"\xff\xd8\xff\xda\x00\x08" + b"\0" * 20,
        b"\xff\xd8nonsense and more of it",
        b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 20,
        b"RIFF\0\0\0\0WEBPVP8L" + b"\0" * 20,
        b"RIFF\0\0\0\0AVI LIST",
    ],
)
def test_what_is_none_of_them_is_refused(data: bytes) -> None:
    with pytest.raises(BadImage):
        read_header(data)


@given(st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF....WEBPVP8X"]), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(begin: bytes, rest: bytes) -> None:
    with contextlib.suppress(BadImage):
        assert read_header(begin + rest).width >= 1
