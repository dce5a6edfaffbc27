"""Photos between the people of a call, over HTTP: who may send and see them, what is left of a file, how long."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from quart import Response
from redis.asyncio import Redis

from signaling.identity_types import Identity
from tests.data_keys import CIPHER
from tests.integration.http_site import ORIGIN, Browser, Site, cookie, error_of
from tests.oracle.compare import Dump
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.background_picture import PHOTO_BYTES, PHOTO_PIXELS
from video_service.image_header import read_header
from video_service.left_messages import LeftMessages
from video_service.privacy import Privacy
from video_service.rate_limit import RateLimits
from video_service.security import GUEST_COOKIE
from video_service.settings import Settings

pytestmark = pytest.mark.integration

PLACE = b"GPS N 31 13 E 121 28"
FIRST, SECOND = "a" * 16, "b" * 16


@dataclass
class Talk:
    """A live call, and the browsers of its two people."""

    site: Site
    call: str
    agent: str
    guest: str
    lin: Browser
    customer: Browser

    async def send(
        self, browser: Browser, data: bytes, photo: str = FIRST, *, kind: str = "image/jpeg", call: str = ""
    ) -> Response:
        return await browser.client.post(
            f"/api/photos?call={call or self.call}&photo={photo}",
            data=data,
            headers={"Origin": ORIGIN, "Content-Type": kind},
        )

    async def see(self, browser: Browser, photo: str = FIRST) -> Response:
        return await browser.get(f"/api/photos/{self.call}/{photo}")


@pytest.fixture
async def talk(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Talk]:
    # Nothing stops ringing because the machine is slow.
    async with Site(Settings(redis_url=valkey.url, pool=pool, ring_timeout_s=600)) as site:
        store = site.store
        account = await site.account("lin", Role.AGENT)
        lin, customer = site.browser(), site.browser()
        assert (await lin.sign_in("lin")).status_code == 200
        staff = Identity(person=account.person, role="agent", name="Lin", generation=account.generation)
        entered = await customer.post("/api/enter", {})
        known = await site.services.customers.of(cookie(entered, GUEST_COOKIE)[GUEST_COOKIE])
        assert known is not None
        guest = Identity(person=known.person, role="customer")
        for identity in (staff, guest):
            await store.connect(identity, node="n-1", socket=f"s-{identity.role}")
        now_ms = site.services.clock.now_ms()
        await store.add_shift(staff.person, now_ms - 60_000, now_ms + 3_600_000)
        await store.sign_in(staff)
        await store.leg_offered(staff.person, leg="l-agent", worker="w-1")
        await store.ready(staff.person)
        call = await store.join(guest.person, queue="main", needs=(), urgent=False, reason="", locale="")
        ringing = (await store.agent_view(staff.person, alive=())).reservation
        assert ringing is not None
        await store.accept(staff.person, call, ringing.epoch)
        yield Talk(site, call, staff.person, guest.person, lin, customer)


def drawn(width: int = 64, height: int = 48, suffix: str = ".jpg") -> bytes:
    pixels = np.full((height, width, 3), (40, 90, 160), np.uint8)
    return cv2.imencode(suffix, pixels)[1].tobytes()


def noted(jpeg: bytes) -> bytes:
    """Return a JPEG with a place in its metadata."""
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(PLACE) + 2) + PLACE + jpeg[2:]


async def jpeg_of(response: Response) -> bytes:
    assert (response.status_code, response.mimetype) == (200, "image/jpeg")
    data = await response.get_data()
    assert isinstance(data, bytes)
    return data


@pytest.mark.parametrize(("suffix", "kind"), [(".jpg", "image/jpeg"), (".png", "image/png"), (".webp", "image/webp")])
async def test_a_photo_is_made_anew_and_both_see_it_in_their_text(talk: Talk, suffix: str, kind: str) -> None:
    data = drawn(2400, 1200, suffix)
    sent = noted(data) if suffix == ".jpg" else data
    assert (await talk.send(talk.customer, sent, kind=kind)).status_code == 201
    for browser, person in ((talk.lin, talk.agent), (talk.customer, talk.guest)):
        response = await talk.see(browser)
        jpeg = await jpeg_of(response)
        header = read_header(jpeg)
        assert (header.kind, header.width, header.height) == ("jpeg", PHOTO_PIXELS, PHOTO_PIXELS // 2)
        assert len(jpeg) <= PHOTO_BYTES
        assert PLACE not in jpeg
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        [line] = await talk.site.store.texts(person, talk.call, 0)
        assert (line.photo, line.text, line.mine) == (FIRST, "", person == talk.guest)


async def test_a_picture_that_lies_on_its_side_stands_upright(talk: Talk) -> None:
    # Exif: little-endian TIFF with one entry, orientation 6 (turn to the right).
    tiff = b"II*\x00\x08\x00\x00\x00" + struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    body = b"Exif\x00\x00" + tiff
    data = drawn(64, 32)
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
    assert (await talk.send(talk.lin, data)).status_code == 201
    header = read_header(await jpeg_of(await talk.see(talk.customer)))
    assert (header.width, header.height) == (32, 64)


async def test_sent_twice_is_sent_once(talk: Talk) -> None:
    for _ in range(3):
        assert (await talk.send(talk.customer, drawn())).status_code == 201
    assert len(await talk.site.store.texts(talk.agent, talk.call, 0)) == 1


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/png", (400, "bad_image")),
        (b"GIF89a" + bytes(64), "image/png", (400, "bad_image")),
        (b"MZ" + bytes(64), "image/jpeg", (400, "bad_image")),
        (drawn()[:60], "image/jpeg", (400, "bad_image")),
        (drawn(8, 8), "image/jpeg", (400, "image_size")),
        (drawn(8100, 16), "image/jpeg", (400, "image_size")),
        (b"<html>", "text/html", (415, "not_json")),
        (b"<svg/>", "image/svg+xml", (415, "not_json")),
        (bytes((4 << 20) + 1), "image/jpeg", (413, "too_large")),
    ],
    ids=["svg", "gif", "program", "cut-off", "small", "wide", "page", "svg-by-name", "large"],
)
async def test_what_is_no_photo_is_refused(talk: Talk, data: bytes, kind: str, expected: tuple[int, str]) -> None:
    assert await error_of(await talk.send(talk.customer, data, kind=kind)) == expected
    assert await talk.site.store.texts(talk.agent, talk.call, 0) == []


async def test_nobody_else_sends_into_a_call_or_looks(talk: Talk) -> None:
    await talk.send(talk.customer, drawn())
    stranger = talk.site.browser()
    await stranger.ticket("customer")
    for browser in (
        talk.site.browser(),
        stranger,
        await talk.site.signed_in(Role.AGENT, "wu"),
        await talk.site.signed_in(Role.COORDINATOR, "chen"),
    ):
        assert await error_of(await talk.see(browser)) == (404, "no_photo")
        assert await error_of(await talk.send(browser, drawn(), SECOND)) == (404, "no_photo")
    assert await error_of(await talk.see(talk.lin, SECOND)) == (404, "no_photo")
    assert await error_of(await talk.send(talk.lin, drawn(), call="c_" + "x" * 16)) == (404, "no_photo")
    assert await error_of(await talk.send(talk.lin, drawn(), photo="../etc")) == (400, "bad_request")


async def test_a_call_holds_ten(talk: Talk) -> None:
    for number in range(talk.site.store.policy.photos_per_call):
        browser = (talk.customer, talk.lin)[number % 2]
        assert (await talk.send(browser, drawn(), f"photo-number-{number:04}")).status_code == 201
    assert await error_of(await talk.send(talk.lin, drawn(), SECOND)) == (409, "photos_full")
    assert (await talk.send(talk.lin, drawn(), "photo-number-0000")).status_code == 201, "that one is there"


async def test_who_tries_again_and_again_is_stopped_before_anything_is_decoded(talk: Talk) -> None:
    tries = talk.site.store.policy.photo_tries
    for number in range(tries):
        assert await talk.site.store.may_share(talk.guest, talk.call, f"photo-number-{number:04}")
    assert await error_of(await talk.send(talk.customer, drawn())) == (409, "photos_full")


async def test_it_is_sealed_and_gone_a_while_after_the_call(talk: Talk, redis: Redis) -> None:
    await talk.send(talk.customer, drawn())
    jpeg = await jpeg_of(await talk.see(talk.lin))
    store = talk.site.store
    key = store.keys.photos(talk.call)
    dump = await Dump(store.keys.pool).read(redis)
    assert str(jpeg[:64]) not in str(dump.values)
    assert dump.of("photos")[talk.call][FIRST].startswith("gAAAA")
    longest_ms = store.policy.photo_most_s * 1000
    after_ms = store.policy.text_buffer_s * 1000
    assert after_ms < await redis.pttl(key) <= longest_ms
    await store.hang_up(talk.guest, talk.call)
    assert 0 < await redis.pttl(key) <= after_ms
    assert await jpeg_of(await talk.see(talk.lin)) == jpeg, "the agent may look while noting down the call"
    assert await error_of(await talk.send(talk.customer, drawn(), SECOND)) == (404, "no_photo")
    await redis.delete(key)  # as its time does
    assert await error_of(await talk.see(talk.lin)) == (404, "no_photo")


async def test_what_is_erased_takes_its_photos_with_it(talk: Talk, redis: Redis) -> None:
    await talk.send(talk.customer, drawn())
    store = talk.site.store
    await store.hang_up(talk.guest, talk.call)
    await store.disconnect(talk.guest, "s-customer")
    assert await redis.exists(store.keys.photos(talk.call))
    pool = store.keys.pool
    rates = RateLimits(redis, pool=pool, cipher=CIPHER)
    privacy = Privacy(
        redis,
        pool=pool,
        audit=talk.site.services.audit,
        cipher=CIPHER,
        messages=LeftMessages(redis, pool=pool, cipher=CIPHER, rates=rates),
    )
    assert await privacy.erase(talk.guest, who="operator", role="operator") == 1
    assert not await redis.exists(store.keys.photos(talk.call))
