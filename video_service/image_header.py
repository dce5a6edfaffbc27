"""Kind and size of a picture from its first bytes: known before anything is decoded, so that no bomb goes off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from video_service.errors import ServiceError

_PNG: Final = b"\x89PNG\r\n\x1a\n"
# Start-of-frame markers with a size behind them: baseline, extended, progressive, lossless, and their arithmetic kin;
# C4, C8 and CC are other things.
_JPEG_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_JPEG_BARE: Final = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length


class BadImage(ServiceError):
    """These bytes do not begin like a PNG, JPEG or WebP picture."""

    code: ClassVar[str] = "bad_image"


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What a picture says of itself; sizes in pixels, as stored (a camera's rotation is not applied)."""

    kind: Literal["png", "jpeg", "webp"]
    width: int
    height: int


def read_header(data: bytes) -> ImageHeader:
    """Return kind and size of a picture.

    Raises:
        BadImage: it is none of the three kinds, or says no size.

    Source: PNG (W3C, third edition) section 11.2.1; ITU-T T.81 annex B; WebP container (RFC 9649 section 2).
    """
    if data.startswith(_PNG) and data[12:16] == b"IHDR" and len(data) >= 24:
        return _sized("png", int.from_bytes(data[16:20]), int.from_bytes(data[20:24]))
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    raise BadImage


def _sized(kind: Literal["png", "jpeg", "webp"], width: int, height: int) -> ImageHeader:
    if width < 1 or height < 1:
        raise BadImage
    return ImageHeader(kind, width, height)


def _jpeg(data: bytes) -> ImageHeader:
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            raise BadImage
        marker = data[at + 1]
        if marker == 0xFF:  # padding before a marker
            at += 1
        elif marker in _JPEG_FRAMES:
            return _sized("jpeg", int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7]))
        elif marker in _JPEG_BARE:
            at += 2
        else:
            length = int.from_bytes(data[at + 2 : at + 4])
            if length < 2 or marker in (0xD9, 0xDA):  # the end, or pixels, and no size yet
                raise BadImage
            at += 2 + length
    raise BadImage


def _webp(data: bytes) -> ImageHeader:
    kind, body = data[12:16], data[20:]
    if kind == b"VP8X" and len(body) >= 10:
        return _sized("webp", 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little"))
    if kind == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return _sized("webp", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if kind == b"VP8 " and len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a":
        size = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        return _sized("webp", *size)
    raise BadImage
