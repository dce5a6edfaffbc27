"""Signed messages, from a phone's parts to what staff see: who may, how long, what is on the disk, what is refused."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import errno
import importlib.util
import io
import os
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import av
import pytest
from quart import Response
from redis.asyncio import Redis

from tests.data_keys import CIPHER
from tests.integration.http_site import ORIGIN, Browser, Site, error_of
from tests.recordings import NOTE, recorded
from tests.valkey_server import RealValkey
from video_service import video_messages_files
from video_service.accounts import Role
from video_service.backup import back_up, restore
from video_service.cipher import SEALED_START, Cipher, new_key
from video_service.consent import CONSENT_VERSION
from video_service.data_keys_renewal import Renewal
from video_service.keys import spec_of
from video_service.privacy import Privacy
from video_service.security import GUEST_COOKIE
from video_service.settings import Settings
from video_service.valkey import at_hand
from video_service.video_messages import PART_BYTES, VIDEO_CONSENT_VERSION
from video_service.video_messages_files import MARK, VideoGone

pytestmark = pytest.mark.integration

DAY_MS = 86_400_000
FILM = recorded("webm", sound=True)


@pytest.fixture
async def site(
    valkey: RealValkey, redis: Redis, pool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    monkeypatch.setattr(video_messages_files, "RESERVE_BYTES", 1 << 20)  # however full the disk of tests is
    settings = Settings(redis_url=valkey.url, pool=pool, video_messages_dir=str(tmp_path / "films"))
    async with Site(settings) as running:
        yield running


def fresh() -> str:
    return secrets.token_hex(16)


def folder(site: Site) -> Path:
    return Path(site.settings.video_messages_dir) / site.settings.pool


def files(site: Site) -> list[str]:
    return sorted(entry.name for entry in folder(site).iterdir() if entry.name != MARK)


async def begin(browser: Browser, video: str, data: bytes = FILM, **more: object) -> Response:
    wish = {"video": video, "size": len(data), "consent": VIDEO_CONSENT_VERSION, **more}
    return await browser.post("/api/video-messages", wish)


async def put(browser: Browser, video: str, part: int, data: bytes, kind: str = "application/octet-stream") -> Response:
    return await browser.client.post(
        f"/api/video-messages/part?video={video}&part={part}",
        data=data,
        headers={"Origin": ORIGIN, "Content-Type": kind},
    )


async def finish(browser: Browser, video: str) -> Response:
    return await browser.post("/api/video-messages/finish", {"video": video})


async def send(browser: Browser, data: bytes = FILM, *, video: str = "", **more: object) -> tuple[str, Response]:
    """Send a film in its parts; return its id and the last answer."""
    video = video or fresh()
    begun = await begin(browser, video, data, **more)
    if begun.status_code != 201:
        return video, begun
    for part, at in enumerate(range(0, len(data), PART_BYTES)):
        assert (await put(browser, video, part, data[at : at + PART_BYTES])).status_code == 204
    return video, await finish(browser, video)


async def leave(browser: Browser, video: str, **more: object) -> Response:
    wish = {"text": "", "consent": CONSENT_VERSION, "locale": "zh-CN", "video": video, **more}
    return await browser.post("/api/messages", wish)


async def left(browser: Browser) -> str:
    video, done = await send(browser)
    assert done.status_code == 200, await done.get_data(as_text=True)
    response = await leave(browser, video)
    assert response.status_code == 201
    message: str = (await response.get_json())["message"]
    return message


async def listed(browser: Browser, path: str = "/api/messages") -> list[dict[str, Any]]:
    response = await browser.get(path)
    assert response.status_code == 200
    found: list[dict[str, Any]] = (await response.get_json())["messages"]
    return found


async def film_of(response: Response) -> bytes:
    assert (response.status_code, response.mimetype) == (200, "video/mp4")
    data = await response.get_data()
    assert isinstance(data, bytes)
    return data


async def row_of(site: Site, redis: Redis, video: str) -> dict[str, str]:
    row: dict[Any, Any] = await redis.hgetall(f"{{{site.settings.pool}}}:video_message:{video}")
    return {name.decode(): value.decode() for name, value in row.items()}


async def days_left(site: Site, redis: Redis, video: str) -> float:
    return float(await redis.pttl(f"{{{site.settings.pool}}}:video_message:{video}")) / DAY_MS


async def person_of(site: Site, browser: Browser) -> str:
    cookies = {each.name: each.value for each in browser.client.cookie_jar or ()}
    known = await site.services.customers.of(cookies[GUEST_COOKIE])
    assert known is not None
    return known.person


async def test_a_signed_message_is_left_and_seen_by_staff_alone_and_each_look_is_on_record(
    site: Site, redis: Redis
) -> None:
    chen, lin = await site.signed_in(Role.COORDINATOR, "chen"), await site.signed_in(Role.AGENT, "lin")
    phone, stranger = site.browser(), site.browser()
    offer = (await (await phone.get("/api/service")).get_json())["video_messages"]
    assert offer == {"days": 30, "done_days": 7, "most_s": 90, "consent": VIDEO_CONSENT_VERSION}
    video, done = await send(phone)
    facts = await done.get_json()
    assert (facts["width"], facts["height"], facts["sound"]) == (160, 120, False)
    response = await leave(phone, video, text="", contact="lin@example.org")
    message = (await response.get_json())["message"]
    for browser, path in ((chen, "/api/messages"), (lin, "/api/signed-messages")):
        (entry,) = await listed(browser, path)
        assert (entry["id"], entry["text"], entry["contact"]) == (message, "", "lin@example.org")
        assert entry["video"] == {"ms": facts["ms"], "sound": False, "kept": True}
        seen = await browser.get(f"/api/messages/{message}/video")
        assert seen.headers["Cache-Control"] == "no-store"
        assert seen.headers["X-Content-Type-Options"] == "nosniff"
        data = await film_of(seen)
        assert NOTE.encode() not in data
        with av.open(io.BytesIO(data), "r") as opened:
            assert sum(1 for _ in opened.decode(video=0)) == 15
            assert not opened.streams.audio
    for browser in (phone, stranger):
        assert await error_of(await browser.get(f"/api/messages/{message}/video")) == (401, "sign_in_first")
    looks = [(look.role, look.what, look.about) async for look in site.services.audit.each()]
    assert looks == [
        ("agent", "video_message", message),
        ("agent", "signed_messages", ""),
        ("coordinator", "video_message", message),
        ("coordinator", "messages", ""),
    ], "the newest first"
    row = await row_of(site, redis, video)
    assert row["message"] == message
    assert row["key"].startswith(SEALED_START)
    async for name in redis.scan_iter(match=f"{{{site.settings.pool}}}:*"):
        assert spec_of(name.decode(), site.settings.pool) is not None, name


async def test_an_agent_marks_a_signed_message_as_answered_and_takes_back_only_the_own_word(site: Site) -> None:
    chen = await site.signed_in(Role.COORDINATOR, "chen")
    lin, wang = await site.signed_in(Role.AGENT, "lin"), await site.signed_in(Role.AGENT, "wang")
    message = await left(site.browser())
    path = f"/api/signed-messages/{message}"
    for browser, state, status in (
        (lin, "done", 200),
        (lin, "done", 200),
        (wang, "open", 404),
        (lin, "open", 200),
        (wang, "done", 200),
        (lin, "open", 404),
        (chen, "open", 200),
        (wang, "done", 200),
    ):
        assert (await browser.post(path, {"state": state})).status_code == status
    assert await listed(lin, "/api/signed-messages") == []
    assert await error_of(await lin.get(f"/api/messages/{message}/video")) == (404, "video_gone")
    (entry,) = await listed(chen, "/api/messages?state=done")
    assert entry["id"] == message
    done = [(look.role, look.what) async for look in site.services.audit.each() if look.what.startswith("message_")]
    assert done == [
        ("agent", "message_done"),
        ("coordinator", "message_open"),
        ("agent", "message_done"),
        ("agent", "message_open"),
        ("agent", "message_done"),
        ("agent", "message_done"),
    ], "the newest first, and no refused one"
    phone = site.browser()
    written = await phone.post("/api/messages", {"text": "hello", "consent": CONSENT_VERSION})
    other = (await written.get_json())["message"]
    for wrong in (other, "m-00000000000000000000", "c_x"):
        response = await lin.post(f"/api/signed-messages/{wrong}", {"state": "done"})
        assert await error_of(response) == (404, "unknown_message")
    assert await error_of(await lin.post(path, {"state": "gone"})) == (400, "bad_request")


async def test_an_agent_takes_back_no_word_that_came_in_between(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    lin = await site.signed_in(Role.AGENT, "lin")
    message = await left(site.browser())
    path = f"/api/signed-messages/{message}"
    assert (await lin.post(path, {"state": "done"})).status_code == 200
    note, answered = site.services.audit.note, list[str]()

    async def answered_meanwhile(**about: str) -> None:
        """Lin's wish has been looked at, and is not done yet: it is opened, and Wang answers the message."""
        await note(**about)
        if not answered and about["what"] == "message_open":
            answered.append(message)
            await site.services.messages.turn(message, "open", by="chen")
            await site.services.messages.turn(message, "done", by="wang")

    monkeypatch.setattr(site.services.audit, "note", answered_meanwhile)
    assert await error_of(await lin.post(path, {"state": "open"})) == (404, "unknown_message")
    assert answered == [message]
    assert await listed(lin, "/api/signed-messages") == []
    assert await site.services.messages.done_by(message) == "wang"


async def test_what_is_on_the_disk_is_encrypted_private_and_has_no_name(site: Site) -> None:
    phone = site.browser()
    message = await left(phone)
    video, _ = await site.services.videos.of_message(message)
    assert files(site) == [f"{video}.film"], "the parts are gone"
    file = folder(site) / f"{video}.film"
    sealed = file.read_bytes()
    assert b"ftyp" not in sealed
    assert b"moov" not in sealed
    assert (file.stat().st_mode & 0o777, folder(site).stat().st_mode & 0o777) == (0o600, 0o700)
    other = file.with_name(f"{fresh()}.film")
    other.write_bytes(sealed)
    film = await site.services.videos.film(video)
    assert film[4:8] == b"ftyp"
    file.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(VideoGone):
        await site.services.videos.film(video)
    file.write_bytes(sealed[: len(sealed) // 2])
    with pytest.raises(VideoGone):
        await site.services.videos.film(video)


async def test_it_is_gone_on_schedule_and_sooner_once_it_is_answered(site: Site, redis: Redis) -> None:
    chen, phone = await site.signed_in(Role.COORDINATOR, "chen"), site.browser()
    lin = await site.signed_in(Role.AGENT, "lin")
    video, _ = await send(phone)
    assert 0 < await days_left(site, redis, video) <= 1 / 24, "what belongs to no message is soon gone"
    message = (await (await leave(phone, video)).get_json())["message"]
    assert 29.9 < await days_left(site, redis, video) <= 30
    for state, most in (("done", 7), ("open", 30), ("done", 7)):
        assert (await chen.post(f"/api/messages/{message}", {"state": state})).status_code == 200
        assert most - 0.1 < await days_left(site, redis, video) <= most
    assert await error_of(await lin.get(f"/api/messages/{message}/video")) == (404, "video_gone"), "it is answered"
    assert (await chen.get(f"/api/messages/{message}/video")).status_code == 200
    # Its time comes: the key is gone at once, the file with the next sweep.
    await redis.delete(f"{{{site.settings.pool}}}:video_message:{video}")
    assert await error_of(await chen.get(f"/api/messages/{message}/video")) == (404, "video_gone")
    (entry,) = await listed(chen, "/api/messages?state=done")
    assert entry["video"]["kept"] is False
    assert await site.services.videos.sweep() == 0, "its key might be on its way"
    long_ago = folder(site).stat().st_mtime - 3_600
    os.utime(folder(site) / f"{video}.film", (long_ago, long_ago))
    assert await site.services.videos.sweep() == 1
    assert files(site) == []


async def test_a_lost_connection_costs_one_part_and_any_node_takes_the_next(
    site: Site, valkey: RealValkey, redis: Redis
) -> None:
    data = FILM + b"\x00" * (2 * PART_BYTES - len(FILM) + 5)  # three parts; what follows a film's end is no picture
    phone = site.browser()
    async with Site(site.settings) as second:
        away = second.browser()
        video = fresh()
        begun = await begin(phone, video, data)
        assert await begun.get_json() == {"part_bytes": PART_BYTES, "parts": []}
        await away.get("/api/service")
        cookie = {each.name: each.value or "" for each in phone.client.cookie_jar or ()}[GUEST_COOKIE]
        away.client.set_cookie("localhost", GUEST_COOKIE, cookie)
        assert (await put(phone, video, 0, data[:PART_BYTES])).status_code == 204
        assert await error_of(await finish(away, video)) == (409, "video_cut_off")
        assert (await put(away, video, 2, data[2 * PART_BYTES :])).status_code == 204
        again = await begin(away, video, data)
        assert (await again.get_json())["parts"] == [0, 2]
        for _ in range(2):  # the same part again is the same part
            assert (await put(phone, video, 1, data[PART_BYTES : 2 * PART_BYTES])).status_code == 204
        first, other = await asyncio.gather(finish(phone, video), finish(away, video))
        answers = {first.status_code, other.status_code}
        assert 200 in answers
        assert answers <= {200, 503}, "the other node says that it is being made"
        done = await finish(away, video)
        assert done.status_code == 200, "and has it then"
        assert await error_of(await put(phone, video, 0, data[:PART_BYTES])) == (404, "no_video"), "it is whole"
        assert (await leave(away, video)).status_code == 201
        chen = await second.signed_in(Role.COORDINATOR, "chen")
        (entry,) = await listed(chen)
        await film_of(await chen.get(f"/api/messages/{entry['id']}/video"))


async def test_who_goes_away_while_it_is_made_finds_it_made(site: Site) -> None:
    phone = site.browser()
    video = fresh()
    await begin(phone, video)
    await put(phone, video, 0, FILM)
    customer = await person_of(site, phone)
    impatient = asyncio.create_task(site.services.videos.finish(customer, video))
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    done = await finish(phone, video)
    for _ in range(600):
        if done.status_code == 200:
            break
        assert await error_of(done) == (503, "busy")
        await asyncio.sleep(0.05)
        done = await finish(phone, video)
    assert done.status_code == 200
    assert await (await finish(phone, video)).get_json() == await done.get_json()


async def test_an_id_belongs_to_who_began_it_and_a_film_to_one_message(site: Site) -> None:
    phone, thief = site.browser(), site.browser()
    video, _ = await send(phone)
    await send(thief)
    for answer in (await begin(thief, video), await put(thief, video, 0, FILM), await finish(thief, video)):
        assert await error_of(answer) == (404, "no_video")
    assert await error_of(await leave(thief, video)) == (404, "no_video")
    assert await error_of(await finish(site.browser(), video)) == (404, "no_video")
    assert (await leave(phone, video, id="0123456789abcdef")).status_code == 201
    assert (await leave(phone, video, id="0123456789abcdef")).status_code == 201, "sent again, it is the same message"
    assert await error_of(await leave(phone, video)) == (404, "no_video"), "another message needs another film"
    assert await error_of(await leave(phone, fresh())) == (404, "no_video")
    assert await error_of(await begin(phone, fresh(), consent=0)) == (400, "consent_needed")


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"PK\x03\x04" + b"\0" * 400, (400, "bad_video")),
        (b"\0\0\0\x18ftypisom" + b"\0" * 400, (400, "bad_video")),
        (recorded(ms=200), (400, "video_empty")),
        (recorded(ms=98_000, fps=1, size=(64, 48)), (400, "video_too_long")),
        (recorded(ms=400, size=(2_048, 2_048)), (400, "video_size")),
    ],
    ids=["a zip", "an empty mp4", "too short", "too long", "too large"],
)
async def test_what_cannot_be_kept_leaves_nothing_behind(
    site: Site, redis: Redis, data: bytes, refusal: tuple[int, str]
) -> None:
    phone = site.browser()
    video, answer = await send(phone, data)
    assert await error_of(answer) == refusal
    assert files(site) == []
    assert await row_of(site, redis, video) == {}
    assert await error_of(await leave(phone, video)) == (404, "no_video")


async def test_bodies_that_are_none_are_refused(site: Site) -> None:
    phone = site.browser()
    video = fresh()
    assert await error_of(await begin(phone, video, size=33_554_433)) == (400, "bad_request")
    assert await error_of(await begin(phone, "../../x")) == (400, "bad_request")
    await begin(phone, video)
    assert await error_of(await put(phone, video, 0, FILM[:-1])) == (409, "video_cut_off")
    assert await error_of(await put(phone, video, 1, FILM)) == (409, "video_cut_off")
    assert await error_of(await put(phone, video, 200, FILM)) == (400, "bad_request")
    assert await error_of(await put(phone, "x", 0, FILM)) == (400, "bad_request")
    assert await error_of(await put(phone, video, 0, FILM, "multipart/form-data")) == (415, "not_json")
    assert (await put(phone, video, 0, b"\0" * (PART_BYTES + 1))).status_code == 413
    elsewhere = await phone.client.post(
        f"/api/video-messages/part?video={video}&part=0",
        data=FILM,
        headers={"Origin": "https://evil.example", "Content-Type": "application/octet-stream"},
    )
    assert await error_of(elsewhere) == (403, "bad_origin")


async def test_one_customer_sends_so_many_and_a_retry_counts_nothing(site: Site) -> None:
    phone = site.browser()
    video = fresh()
    for _ in range(8):
        assert (await begin(phone, video)).status_code == 201
    for _ in range(4):
        assert (await begin(phone, fresh())).status_code == 201
    assert await error_of(await begin(phone, fresh())) == (503, "videos_full"), "five at a time"
    assert await error_of(await begin(phone, fresh())) == (429, "too_many")
    assert (await begin(site.browser(), fresh())).status_code == 201


async def test_there_is_only_so_much_room(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = site.browser()
    videos = site.services.videos
    videos.rules = dataclasses.replace(videos.rules, video_messages_limit_mb=1)
    assert (await begin(phone, fresh(), size=900_000)).status_code == 201
    assert await error_of(await begin(phone, fresh(), size=200_000)) == (503, "videos_full")
    video = fresh()
    assert (await begin(phone, video, size=50_000)).status_code == 201
    monkeypatch.setattr(video_messages_files, "RESERVE_BYTES", 1 << 62)
    assert await error_of(await begin(phone, fresh(), size=10)) == (503, "videos_full"), "the disk is for others, too"

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert await error_of(await put(phone, video, 0, b"\0" * 50_000)) == (503, "videos_full")
    monkeypatch.undo()
    assert files(site) == [], "half a file is none"
    assert (await put(phone, video, 0, b"\0" * 50_000)).status_code == 204


async def test_a_folder_that_others_do_not_share_takes_nothing(site: Site, tmp_path: Path) -> None:
    phone = site.browser()
    await left(phone)
    apart = dataclasses.replace(site.settings, video_messages_dir=str(tmp_path / "another"))
    async with Site(apart) as lonely:
        assert (await (await lonely.browser().get("/api/service")).get_json())["video_messages"] is None
        assert await error_of(await begin(lonely.browser(), fresh())) == (404, "no_videos")
        assert not folder(lonely).exists()
    off = dataclasses.replace(site.settings, video_message_days=0)
    async with Site(off) as without:
        assert (await (await without.browser().get("/api/service")).get_json())["video_messages"] is None
        assert await error_of(await begin(without.browser(), fresh())) == (404, "no_videos")


async def test_a_node_that_cannot_decode_offers_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert (await (await site.browser().get("/api/service")).get_json())["video_messages"] is None


async def test_it_is_handed_over_and_erased_with_everything_else(site: Site, redis: Redis) -> None:
    phone, other = site.browser(), site.browser()
    message, kept = await left(phone), await left(other)
    waiting, _ = await send(phone)
    services = site.services
    privacy = Privacy(
        services.redis,
        pool=site.settings.pool,
        audit=services.audit,
        cipher=services.cipher,
        messages=services.messages,
        videos=services.videos,
    )
    customer = await person_of(site, phone)
    known = await privacy.export(customer, who="operator", role="operator")
    assert {video["message"] for video in known.videos} == {message, ""}
    for video in known.videos:
        assert base64.b64decode(video["mp4"])[4:8] == b"ftyp"
    await privacy.erase(customer, who="operator", role="operator")
    other_video, _ = await services.videos.of_message(kept)
    assert files(site) == [f"{other_video}.film"]
    assert await row_of(site, redis, waiting) == {}
    assert await redis.hkeys(f"{{{site.settings.pool}}}:video_messages") == [other_video.encode()]


async def test_a_new_data_key_seals_the_key_anew_and_the_file_stays(site: Site, redis: Redis) -> None:
    message = await left(site.browser())
    video, _ = await site.services.videos.of_message(message)
    before = (folder(site) / f"{video}.film").read_bytes()
    newer = new_key()
    keys = Cipher((newer, *site.settings.data_keys))
    renewal = Renewal(redis, pool=site.settings.pool, cipher=keys, accounts=site.services.accounts)
    assert await renewal.renew() >= 1
    assert (folder(site) / f"{video}.film").read_bytes() == before
    sealed = (await row_of(site, redis, video))["key"]
    assert keys.sealed_by(sealed) == keys.names[0]
    assert CIPHER.sealed_by(sealed) == ""
    async with Site(dataclasses.replace(site.settings, data_keys=(newer, *site.settings.data_keys))) as renewed:
        assert (await renewed.services.videos.film(video))[4:8] == b"ftyp"


async def test_a_backup_holds_films_and_keys_and_brings_both_back(
    valkey_server: Callable[..., RealValkey], pool: str, tmp_path: Path
) -> None:
    server = valkey_server(aof=True)
    settings = Settings(redis_url=server.url, pool=pool, video_messages_dir=str(tmp_path / "films"))
    backup, restored = tmp_path / "backup", tmp_path / "data"
    async with Site(settings) as site:
        phone = site.browser()
        message = await left(phone)
        video, _ = await site.services.videos.of_message(message)
        film = await site.services.videos.film(video)
        unfinished = fresh()
        await begin(phone, unfinished)
        await put(phone, unfinished, 0, FILM)
        await asyncio.to_thread(back_up, server.url, backup, films=tmp_path / "films")
    await asyncio.to_thread(restore, backup, restored)
    place = restored / "video-messages" / pool
    assert {entry.name for entry in place.iterdir()} == {MARK, f"{video}.film"}, "half a film is nobody's message"
    assert place.stat().st_mode & 0o777 == 0o700
    with at_hand(restored, "") as url:
        async with Site(Settings(redis_url=url, pool=pool, data_dir=restored)) as again:
            assert await again.services.videos.film(video) == film
