"""The company's background in a real Valkey: what was decided, the picture, and who is woken."""

from __future__ import annotations

import asyncio
from hashlib import sha256

import msgspec
import pytest
from redis.asyncio import Redis

from video_service.background_store import (
    BackgroundStore,
    BackgroundUnreadable,
    CompanyBackground,
    NoBackgroundPicture,
    PictureFacts,
)
from video_service.keys import Keys
from video_service.media_plane import Background, BackgroundKind

pytestmark = pytest.mark.integration

JPEG = bytes(range(256)) * 5
PICTURE = Background(kind=BackgroundKind.PICTURE)


@pytest.fixture
def store(redis: Redis, pool: str) -> BackgroundStore:
    return BackgroundStore(redis, pool)


async def test_before_anybody_decides_rooms_are_blurred_and_agents_choose(store: BackgroundStore) -> None:
    assert await store.get() == CompanyBackground(default=Background(), agents_choose=True, picture=None)


async def test_what_was_decided_is_kept(store: BackgroundStore) -> None:
    wanted = Background(kind=BackgroundKind.COLOUR, strength=3, colour="#aabbcc", brighten=True)
    kept = await store.decide(wanted, agents_choose=False, by="s-1")
    assert kept == await store.get() == CompanyBackground(default=wanted, agents_choose=False)


async def test_a_picture_is_kept_under_its_digest_and_the_last_one_goes(store: BackgroundStore) -> None:
    with pytest.raises(NoBackgroundPicture):
        await store.decide(PICTURE, agents_choose=True, by="s-1")
    facts = await store.put_picture(JPEG, 1280, 720, by="s-1")
    assert facts == PictureFacts(digest=sha256(JPEG).hexdigest(), width=1280, height=720)
    assert await store.bytes_of(facts.digest) == JPEG
    assert await store.bytes_of("0" * 64) is None
    await store.decide(PICTURE, agents_choose=True, by="s-1")
    later = await store.put_picture(b"another", 640, 480, by="s-1")
    assert await store.bytes_of(facts.digest) is None
    assert await store.get() == CompanyBackground(default=PICTURE, picture=later)


async def test_without_its_picture_a_default_is_the_blur(store: BackgroundStore) -> None:
    facts = await store.put_picture(JPEG, 1280, 720, by="s-1")
    await store.decide(msgspec.structs.replace(PICTURE, brighten=True), agents_choose=False, by="s-1")
    assert await store.remove_picture(by="s-1") == CompanyBackground(
        default=Background(brighten=True), agents_choose=False
    )
    assert await store.bytes_of(facts.digest) is None
    assert await store.remove_picture(by="s-1") == await store.get()


async def test_each_change_wakes_whoever_talks_to_workers(store: BackgroundStore, redis: Redis, pool: str) -> None:
    async with redis.pubsub() as heard:
        await heard.subscribe(Keys(pool).wakes)
        await store.decide(Background(), agents_choose=True, by="s-1")
        async with asyncio.timeout(30):
            while (message := await heard.get_message(ignore_subscribe_messages=True, timeout=30)) is None:
                pass
    assert msgspec.json.decode(message["data"]) == [{"kind": "background", "id": "company"}]


async def test_another_schema_is_refused(store: BackgroundStore, redis: Redis, pool: str) -> None:
    await redis.hset(Keys(pool).background, mapping={"v": 99})
    with pytest.raises(BackgroundUnreadable):
        await store.get()
