"""Left messages: kept sealed, listed with the follow-ups of agents, counted, exported, erased, gone in time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.data_keys import CIPHER
from video_service.cipher import SEALED_START, Cipher, Unreadable, new_key
from video_service.keys import spec_of
from video_service.left_messages import (
    Left,
    LeftMessages,
    MessageEmpty,
    MessageRules,
    MessagesFull,
    MessageUnreadable,
    UnknownMessage,
    clean,
)
from video_service.rate_limit import RateLimits, TooMany
from video_service.records import BadCursor

pytestmark = pytest.mark.integration

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Box(LeftMessages):
    """The messages of a test's pool, and what is stored of them."""

    def __init__(self, redis: Redis, pool: str, cipher: Cipher = CIPHER, **rules: int) -> None:
        rates = RateLimits(redis, pool=pool, cipher=CIPHER)
        super().__init__(redis, pool=pool, cipher=cipher, rates=rates, rules=MessageRules(**rules))
        self.redis, self.pool = redis, pool

    def key(self, name: str) -> str:
        return f"{{{self.pool}}}:{name}"

    async def write(
        self, text: str = "请回电", *, customer: str = "c-1", contact: str = "", client_id: str = ""
    ) -> str:
        left = Left(customer=customer, verified=True, locale="zh-CN", text=text, contact=contact, consent=1)
        return await self.leave(left, client_id=client_id, address="192.0.2.1")

    async def write_many(self, count: int) -> list[str]:
        """Leave messages of as many customers, an hour apart, the oldest first."""
        ids = [await self.write(f"message {n}", customer=f"c-{n}") for n in range(count)]
        now_ms = int((await self.redis.time())[0]) * 1000
        for n, message in enumerate(ids):
            await self.redis.zadd(self.key("messages:open"), {message: now_ms - (count - n) * HOUR_MS})
        return ids

    async def left_ms(self, message: str) -> int:
        """When an open message was left."""
        score: Any = await self.redis.zscore(self.key("messages:open"), message)
        return int(score)

    async def follow_up(self, call: str, due_ms: int, **fields: str | int) -> None:
        """Keep what signalling keeps of a call that an agent wants to follow up."""
        row: dict[Any, Any] = {
            "v": 1,
            "customer": "c-7",
            "verified": 0,
            "locale": "en",
            "joined_ms": 1000,
            "closed_ms": 2000,
            "outcome": "follow_up",
            "follow_up_due_ms": due_ms,
            "follow_up_owner": "a-1",
            **fields,
        }
        await self.redis.hset(self.key(f"record:{call}"), mapping=row)
        await self.redis.set(self.key(f"call_note:{call}"), CIPHER.seal("航班改签"))
        await self.redis.zadd(self.key("follow_ups"), {call: due_ms})

    async def stored(self, message: str) -> dict[str, str]:
        found: dict[Any, Any] = await self.redis.hgetall(self.key(f"message:{message}"))
        return {name.decode(): value.decode() for name, value in found.items()}

    async def names(self, like: str = "*") -> list[str]:
        found: list[Any] = [name async for name in self.redis.scan_iter(match=self.key(like))]
        return [name.decode() for name in found]

    async def ids(self, state: Any = "open", **more: Any) -> list[str]:
        return [entry.id for entry in (await self.page(state, **{"limit": 50, **more})).entries]


@pytest.fixture
def box(redis: Redis, pool: str) -> Box:
    return Box(redis, pool)


async def test_what_is_left_is_read_and_stored_sealed_under_names_of_the_table(box: Box) -> None:
    message = await box.write("我的航班取消了\r\n怎么办？\u202e", contact=" lin@example.org ")
    (entry,) = (await box.page("open", limit=10)).entries
    assert (entry.id, entry.kind, entry.state) == (message, "message", "open")
    assert (entry.text, entry.contact) == ("我的航班取消了\n怎么办？", "lin@example.org")
    assert (entry.customer, entry.verified, entry.locale) == ("c-1", True, "zh-CN")
    assert entry.at_ms > 0
    row = await box.stored(message)
    assert row["v"] == "1"
    assert row["text"].startswith(SEALED_START)
    assert row["contact"].startswith(SEALED_START)
    for name in await box.names():
        assert spec_of(name, box.pool) is not None, name


def test_text_is_kept_as_it_was_meant() -> None:
    assert clean(" a\tb\x00\x1b[1m\r\nc\rd\u2028 ") == "a b[1m\nc\nd"
    assert clean("👩🏽\u200d🦰 手语") == "👩🏽\u200d🦰 手语", "what joins parts of a sign stays"
    assert clean("\u202e\n\t ") == ""


@pytest.mark.parametrize("text", [" ", "\n\n", "\u2066\x00"], ids=["space", "lines", "noise"])
async def test_nothing_is_no_message(box: Box, text: str) -> None:
    with pytest.raises(MessageEmpty):
        await box.write(text)
    assert await box.count_open() == 0


async def test_a_page_that_sends_again_leaves_one_message(box: Box) -> None:
    first = await box.write("once", client_id="x1")
    again = await asyncio.gather(*(box.write("once", client_id="x1") for _ in range(8)))
    assert set(again) == {first}
    assert await box.write("once", client_id="x1", customer="c-2") != first, "an id belongs to its customer"
    await box.turn(first, "done", by="a-1")
    assert await box.write("once", client_id="x1") == first
    assert await box.count_open() == 1
    assert await box.write("once") != await box.write("once"), "without an id each is another"


async def test_who_writes_too_often_is_asked_to_wait(box: Box) -> None:
    for n in range(5):
        await box.write(f"{n}")
    with pytest.raises(TooMany):
        await box.write("6")
    assert await box.write("hello", customer="c-2")


async def test_only_so_many_are_open(redis: Redis, pool: str) -> None:
    box = Box(redis, pool, open_messages_limit=2)
    first, _ = await box.write("1"), await box.write("2", customer="c-2")
    with pytest.raises(MessagesFull):
        await box.write("3", customer="c-3")
    await box.turn(first, "done", by="a-1")
    assert await box.write("3", customer="c-3")


async def test_the_longest_wait_comes_first_and_pages_follow_one_another(box: Box) -> None:
    ids = await box.write_many(7)
    await box.follow_up("c_due", await box.left_ms(ids[4]) - 1)
    await box.follow_up("c_later", await box.left_ms(ids[6]) + 2 * HOUR_MS)
    expected = [*ids[:4], "c_due", *ids[4:], "c_later"]
    assert await box.ids() == expected
    assert await box.count_open() == 9
    seen, cursor = list[str](), ""
    for _ in range(4):
        page = await box.page("open", limit=2, cursor=cursor)
        seen += [entry.id for entry in page.entries]
        cursor = page.cursor
    assert seen == expected[:8]
    last = await box.page("open", limit=2, cursor=cursor)
    assert ([entry.id for entry in last.entries], last.cursor) == (["c_later"], "")


async def test_messages_of_one_moment_are_told_apart(box: Box) -> None:
    ids = await box.write_many(6)
    await box.redis.zadd(box.key("messages:open"), dict.fromkeys(ids, 5000))
    seen, cursor = list[str](), ""
    while len(seen) < 6:
        page = await box.page("open", limit=1, cursor=cursor)
        seen += [entry.id for entry in page.entries]
        cursor = page.cursor
    assert (seen, cursor) == (sorted(ids), "")


async def test_a_follow_up_says_who_promised_what(box: Box) -> None:
    await box.follow_up("c_1", 9000)
    (entry,) = (await box.page("open", limit=10)).entries
    assert (entry.id, entry.call, entry.kind, entry.owner) == ("c_1", "c_1", "follow_up", "a-1")
    assert (entry.at_ms, entry.due_ms, entry.text) == (2000, 9000, "航班改签")
    assert (entry.customer, entry.verified, entry.locale, entry.contact) == ("c-7", False, "en", "")


async def test_done_is_done_until_it_is_open_again(box: Box) -> None:
    older, other, newer = await box.write_many(3)
    for entry in (newer, other):
        await box.turn(entry, "done", by="a-1")
        await box.turn(entry, "done", by="a-2")
    # Both within a millisecond or not, the last comes first.
    now_ms = int((await box.redis.time())[0]) * 1000
    await box.redis.zadd(box.key("messages:done"), {newer: now_ms - 1, other: now_ms})
    assert await box.ids("done") == [other, newer]
    assert await box.ids("done", limit=1, cursor=(await box.page("done", limit=1)).cursor) == [newer]
    assert await box.ids() == [older]
    assert {entry.state for entry in (await box.page("done", limit=9)).entries} == {"done"}
    assert await box.redis.hget(box.key(f"message:{newer}"), "done_by") == b"a-1"
    for entry in (newer, other):
        await box.turn(entry, "open", by="a-1")
        await box.turn(entry, "open", by="a-1")
    assert await box.ids("done") == []
    assert sorted(await box.ids()) == sorted([older, newer, other])


@pytest.mark.parametrize("entry", ["m-AAAAAAAAAAAAAAAAAAAA", "c_none", "", "x", "m-short", "c_1:2", "open"])
async def test_what_is_not_there_cannot_be_done(box: Box, entry: str) -> None:
    await box.redis.hset(box.key("record:c_none"), mapping={"v": 1, "customer": "c-1"})
    for state in ("done", "open"):
        with pytest.raises(UnknownMessage):
            await box.turn(entry, state, by="a-1")
    assert await box.redis.exists(box.key("messages:done")) == 0


@pytest.mark.parametrize("cursor", ["x", "1", "-m-AAAAAAAAAAAAAAAAAAAA", "1-x", "9" * 16 + "-c_1", "١-c_1"])
async def test_a_cursor_of_nobody_is_refused(box: Box, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await box.page("open", limit=10, cursor=cursor)


async def test_what_is_kept_goes_in_time(redis: Redis, pool: str) -> None:
    box = Box(redis, pool, message_retention_days=2)
    message = await box.write()
    for key in (f"message:{message}", "messages_of:c-1"):
        assert 0 < await redis.pttl(box.key(key)) <= 2 * DAY_MS
    old = await box.write(customer="c-2")
    now_ms = int((await redis.time())[0]) * 1000
    await redis.delete(box.key(f"message:{old}"))
    await redis.zadd(box.key("messages:open"), {old: now_ms - 2 * DAY_MS - 1000})
    await box.write(customer="c-3")
    assert await redis.zscore(box.key("messages:open"), old) is None, "the next message takes it along"


async def test_an_entry_of_which_nothing_is_left_goes_from_the_list(box: Box) -> None:
    first, second = await box.write_many(2)
    await box.follow_up("c_1", 9000)
    await box.redis.delete(box.key(f"message:{first}"), box.key("record:c_1"))
    assert await box.ids() == [second]
    assert await box.count_open() == 1


async def test_what_a_newer_release_wrote_is_left_in_its_list_for_that_release(box: Box) -> None:
    first, newer = await box.write_many(2)
    await box.follow_up("c_1", 9000, v=99)
    await box.redis.hset(box.key(f"message:{newer}"), "v", "99")
    assert await box.ids() == [first], "nobody guesses what it says"
    assert await box.count_open() == 3
    await box.redis.hset(box.key(f"message:{newer}"), "v", "1")
    await box.redis.hset(box.key("record:c_1"), "v", "1")
    assert await box.ids() == ["c_1", first, newer]


async def test_a_message_under_a_lost_key_is_listed_as_unreadable(redis: Redis, pool: str) -> None:
    lost = await Box(redis, pool, Cipher([new_key()])).write("secret", contact="x")
    box = Box(redis, pool)
    clear = await box.write("clear", customer="c-2")
    found = {
        entry.id: (entry.text, entry.contact, entry.readable) for entry in (await box.page("open", limit=9)).entries
    }
    assert found == {lost: ("", "", False), clear: ("clear", "", True)}


async def test_what_cannot_be_read_is_not_left_out_of_an_export_in_silence(redis: Redis, pool: str) -> None:
    box = Box(redis, pool)
    message = await box.write()
    await Box(redis, pool, Cipher([new_key()])).write("under a lost key", customer="c-2")
    await redis.hset(box.key(f"message:{message}"), "v", "99")
    with pytest.raises(MessageUnreadable):
        await box.export_of("c-1")
    with pytest.raises(Unreadable):
        await box.export_of("c-2")
    assert [await box.erase_of(customer) for customer in ("c-1", "c-2")] == [1, 1], "but it can be erased"


async def test_a_customers_messages_are_handed_over_and_erased(box: Box) -> None:
    first, second = await box.write("one", contact="tel"), await box.write("two")
    other = await box.write("other", customer="c-2")
    await box.turn(second, "done", by="a-1")
    known = {each["id"]: each for each in await box.export_of("c-1")}
    assert set(known) == {first, second}
    assert (known[first]["text"], known[first]["contact"], known[first]["state"]) == ("one", "tel", "open")
    assert (known[second]["text"], known[second]["state"]) == ("two", "done")
    assert set(known[first]) == {"id", "at_ms", "state", "locale", "text", "contact"}
    assert await box.erase_of("c-1") == 2
    assert await box.erase_of("c-1") == 0
    assert await box.export_of("c-1") == ()
    assert (await box.ids(), await box.ids("done")) == ([other], [])
    left = await box.names("message*")
    assert not [name for name in left if first in name or second in name or "c-1" in name]
