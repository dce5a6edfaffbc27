"""The company's background over HTTP: who may, what is taken as a picture, and what is left of it."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import pytest
from quart import Response
from redis.asyncio import Redis

from tests.integration.http_site import ORIGIN, Browser, Site, error_of
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.background_picture import Busy, PictureMaker
from video_service.image_header import ImageHeader, read_header
from video_service.media_plane import Background, BackgroundKind
from video_service.picture_child import MAX_BYTES
from video_service.settings import Settings

pytestmark = pytest.mark.integration

BLUR = {"kind": "blur", "strength": 2, "colour": "#3b4a54", "brighten": False}
SECRET_PLACE = b"N 31 13 E 121 28"


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as running:
        yield running


@pytest.fixture
async def chen(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR, "chen")


def drawn(width: int, height: int, suffix: str = ".png") -> bytes:
    pixels = np.full((height, width, 3), (40, 90, 160), np.uint8)
    cv2.circle(pixels, (width // 2, height // 2), height // 4, (230, 230, 230), -1)
    return cv2.imencode(suffix, pixels)[1].tobytes()


async def send(browser: Browser, data: bytes, kind: str = "image/png", origin: str = ORIGIN) -> Response:
    headers = {"Origin": origin, "Content-Type": kind}
    return await browser.client.put("/api/background/picture", data=data, headers=headers)


async def test_the_default_is_kept_and_written_into_the_audit_log(site: Site, chen: Browser) -> None:
    assert await (await chen.get("/api/background")).get_json() == {
        "default": BLUR,
        "picture": None,
        "agents_choose": True,
    }
    wanted = {"kind": "colour", "strength": 3, "colour": "#102030", "brighten": True}
    answer = await chen.put("/api/background", {"default": wanted, "agents_choose": False})
    assert await answer.get_json() == {"default": wanted, "picture": None, "agents_choose": False}
    kept = await site.services.backgrounds.get()
    assert kept.default == Background(kind=BackgroundKind.COLOUR, strength=3, colour="#102030", brighten=True)
    assert [look.what async for look in site.services.audit.each()][-1] == "background_set"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"default": BLUR},
        {"default": {"kind": "raw"}, "agents_choose": True},
        {"default": BLUR | {"strength": 0}, "agents_choose": True},
        {"default": BLUR | {"strength": 9}, "agents_choose": True},
        {"default": BLUR | {"colour": "#12345"}, "agents_choose": True},
        {"default": BLUR | {"colour": "#AABBCC"}, "agents_choose": True},
        {"default": BLUR | {"picture": "x"}, "agents_choose": True},
        {"default": BLUR, "agents_choose": "yes"},
    ],
)
async def test_what_is_no_background_is_refused(chen: Browser, body: object) -> None:
    assert await error_of(await chen.put("/api/background", body)) == (400, "bad_request")


async def test_a_picture_is_needed_before_it_can_be_the_default(chen: Browser) -> None:
    wish = {"default": {"kind": "picture"}, "agents_choose": True}
    assert await error_of(await chen.put("/api/background", wish)) == (404, "no_background_picture")
    assert (await send(chen, drawn(400, 300))).status_code == 200
    assert (await chen.put("/api/background", wish)).status_code == 200
    gone = await (await chen.delete("/api/background/picture")).get_json()
    assert (gone["picture"], gone["default"]["kind"]) == (None, "blur")
    assert await error_of(await chen.get("/api/background/picture.jpg")) == (404, "no_background_picture")


@pytest.mark.parametrize(("suffix", "kind"), [(".png", "image/png"), (".jpg", "image/jpeg"), (".webp", "image/webp")])
async def test_a_picture_comes_back_as_a_small_jpeg_with_nothing_but_its_pixels(
    site: Site, chen: Browser, suffix: str, kind: str
) -> None:
    data = drawn(1600, 1000, suffix)
    if suffix == ".jpg":
        note = b"\xff\xe1" + struct.pack(">H", len(SECRET_PLACE) + 2) + SECRET_PLACE
        data = data[:2] + note + data[2:]
    answer = await (await send(chen, data, kind)).get_json()
    lin = await site.signed_in(Role.AGENT, "lin")
    response = await lin.get("/api/background/picture.jpg")
    jpeg = await response.get_data()
    assert response.mimetype == "image/jpeg"
    assert isinstance(jpeg, bytes)
    assert answer["picture"] == {"digest": sha256(jpeg).hexdigest(), "width": 1152, "height": 720}
    assert read_header(jpeg) == ImageHeader("jpeg", 1152, 720)
    assert len(jpeg) <= MAX_BYTES
    assert SECRET_PLACE not in jpeg
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels[10, 10].tolist() == pytest.approx([40, 90, 160], abs=6)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is very large, with rows of zeros that would unpack to megabytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 4_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def moving(suffix: str, folder: Path) -> bytes:
    """A picture that moves: first the colour of `drawn`, then another one."""
    film, file = cv2.Animation(), folder / f"moving{suffix}"
    film.frames, film.durations = (
        [np.full((480, 640, 3), colour, np.uint8) for colour in ((40, 90, 160), 250)],
        [100, 100],
    )
    assert cv2.imwriteanimation(str(file), film)
    return file.read_bytes()


def smaller_outside() -> bytes:
    """A WebP whose outer header says 640x480, with a picture of 6000x6000 in it."""
    inner = cv2.imencode(".webp", np.zeros((6000, 6000, 3), np.uint8))[1].tobytes()[12:]
    outer = b"VP8X" + struct.pack("<II", 10, 0) + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 4 + len(outer) + len(inner)) + b"WEBP" + outer + inner


def with_long_remark() -> bytes:
    """A PNG whose remark unpacks to 200 MB."""
    plain = drawn(640, 480)
    return plain[:33] + chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(200_000_000), 9)) + plain[33:]


@pytest.mark.parametrize(("suffix", "kind"), [(".png", "image/png"), (".webp", "image/webp")])
async def test_of_a_picture_that_moves_the_first_one_is_kept_and_stands_still(
    chen: Browser, tmp_path: Path, suffix: str, kind: str
) -> None:
    assert (await send(chen, moving(suffix, tmp_path), kind)).status_code == 200
    jpeg = await (await chen.get("/api/background/picture.jpg")).get_data()
    assert isinstance(jpeg, bytes)
    assert read_header(jpeg) == ImageHeader("jpeg", 640, 480)
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels[10, 10].tolist() == pytest.approx([40, 90, 160], abs=6)


async def test_a_long_remark_is_left_behind(chen: Browser) -> None:
    answer = await (await send(chen, with_long_remark())).get_json()
    assert (answer["picture"]["width"], answer["picture"]["height"]) == (640, 480)


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"", "bad_image"),
        (b"GIF89a" + bytes(100), "bad_image"),
        (smaller_outside(), "bad_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "bad_image"),
        (drawn(400, 300)[:200], "bad_image"),
        (drawn(319, 300), "image_size"),
        (drawn(400, 239), "image_size"),
        (bomb(60_000, 60_000), "image_size"),
        (bomb(8_001, 300), "image_size"),
    ],
    ids=["empty", "GIF", "smaller outside", "SVG", "cut", "too narrow", "too low", "bomb", "too wide"],
)
async def test_what_is_no_picture_for_us_is_refused_and_the_last_one_stays(
    chen: Browser, data: bytes, refusal: str
) -> None:
    before = await (await send(chen, drawn(400, 300))).get_json()
    assert await error_of(await send(chen, data)) == (400, refusal)
    assert await (await chen.get("/api/background")).get_json() == before


async def test_too_many_bytes_other_types_and_other_sites_are_refused(site: Site, chen: Browser) -> None:
    assert await error_of(await send(chen, b"\0" * (2 << 20) + b"\0")) == (413, "too_large")
    assert await error_of(await send(chen, drawn(400, 300), "image/svg+xml")) == (415, "not_json")
    assert await error_of(await send(chen, drawn(400, 300), "multipart/form-data; boundary=x")) == (415, "not_json")
    assert await error_of(await send(chen, drawn(400, 300), origin="https://elsewhere.example")) == (403, "bad_origin")
    lin = await site.signed_in(Role.AGENT, "lin")
    assert await error_of(await send(lin, drawn(400, 300))) == (403, "wrong_role")
    headers = {"Origin": ORIGIN, "Content-Type": "image/png"}
    other = await chen.client.put("/api/background", data=drawn(400, 300), headers=headers)
    assert await error_of(other) == (415, "not_json")
    assert (await site.services.backgrounds.get()).picture is None


async def test_one_picture_at_a_time_and_a_late_one_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    maker = PictureMaker()
    monkeypatch.setattr("video_service.background_picture.TIME_LIMIT_S", 0.05)
    await maker._one.acquire()
    with pytest.raises(Busy):
        await maker.make(drawn(400, 300))
    maker._one.release()
    monkeypatch.setattr("video_service.background_picture.TIME_LIMIT_S", 90.0)
    both = await asyncio.gather(maker.make(drawn(400, 300)), maker.make(drawn(320, 240)))
    assert [(header.width, header.height) for _, header in both] == [(400, 300), (320, 240)]
