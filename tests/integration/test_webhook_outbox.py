"""What the host application is told, on a real Valkey: once, again after a fault, put aside in the end, and of whom."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from tests.data_keys import CIPHER
from tests.support.desk import START_MS, Desk
from video_service.callback_slots import CallbackRules
from video_service.callbacks import Callbacks, Facts
from video_service.keys import Keys
from video_service.opening_hours_store import OpeningHours
from video_service.rate_limit import RateLimits
from video_service.reminders import DUE_MS, Reminders
from video_service.webhook import read_endpoint
from video_service.webhook_outbox import LEASE_MS, RETRY_S, Outbox

pytestmark = pytest.mark.integration

LIN, WANG = "c-" + "1" * 20, "c-" + "2" * 20
GUEST = "c-Zm9vYmFyYmF6cXV4cXV1"
MOST_JITTER = 1.2


class Host:
    """A host application that answers as a test wishes, and the clock of both."""

    def __init__(self, redis: Redis, pool: str) -> None:
        self.desk = Desk(redis, pool)
        self.outbox = Outbox(redis, pool=pool, cipher=CIPHER, clock=self)
        self.answers: list[int] = []
        self.told: list[tuple[str, dict[str, Any]]] = []

    def now_ms(self) -> int:
        return self.desk.now_ms

    async def hear(self, event: str, body: bytes) -> int:
        self.told.append((event, msgspec.json.decode(body)))
        status = self.answers.pop(0) if self.answers else 200
        if status == 0:
            raise ConnectionRefusedError
        return status

    async def send(self) -> int:
        """Send whatever is due; return how many tries that were."""
        count = 0
        while await self.outbox.send_next(self.hear):
            count += 1
        return count


@pytest.fixture
def host(redis: Redis, pool: str) -> Host:
    return Host(redis, pool)


async def test_an_event_is_told_once_however_often_it_is_seen(host: Host) -> None:
    assert [await host.outbox.put("turn.near", "c_1", LIN, place=2) for _ in range(3)] == [True, False, False]
    assert await host.send() == 1
    ((event, said),) = host.told
    assert event.startswith("e-")
    assert said["type"] == "turn.near"
    assert said["data"] == {"customer": LIN, "place": 2}
    assert await host.outbox.put("turn.near", "c_1", LIN, place=1) is False
    assert await host.send() == 0
    assert await host.outbox.waiting() == []


async def test_of_guests_the_host_is_told_nothing(host: Host) -> None:
    assert await host.outbox.put("turn.near", "c_1", GUEST, place=2) is False
    assert await host.send() == 0


@pytest.mark.parametrize("fault", [0, 302, 400, 429, 500])
async def test_what_went_wrong_is_tried_again_later_with_the_same_name(host: Host, fault: int) -> None:
    await host.outbox.put("turn.near", "c_1", LIN, place=2)
    host.answers = [fault]
    assert await host.send() == 1
    (waiting,) = await host.outbox.waiting()
    assert (waiting.tries, waiting.status, waiting.dead) == (1, fault, False)
    host.desk.now_ms += RETRY_S[0] * 1_000 - 1
    assert await host.send() == 0, "not before its time"
    host.desk.now_ms += round(RETRY_S[0] * 1_000 * (MOST_JITTER - 1)) + 2
    assert await host.send() == 1
    assert len({event for event, _ in host.told}) == 1
    assert await host.outbox.waiting() == []


async def test_it_is_put_aside_after_the_last_try_and_can_be_told_after_all(host: Host) -> None:
    await host.outbox.put("turn.near", "c_1", LIN, place=2)
    host.answers = [500] * (len(RETRY_S) + 1)
    tries = await host.send()
    for pause_s in RETRY_S:
        host.desk.now_ms += round(pause_s * 1_000 * MOST_JITTER) + 1
        tries += await host.send()
    assert tries == len(RETRY_S) + 1
    (dead,) = await host.outbox.waiting()
    assert (dead.dead, dead.kind, dead.status) == (True, "turn.near", 500)
    host.desk.now_ms += 3_600_000
    assert await host.send() == 0
    assert await host.outbox.retry() == 1
    assert await host.send() == 1
    assert await host.outbox.waiting() == []


async def test_a_host_that_wants_no_more_is_not_asked_again(host: Host) -> None:
    await host.outbox.put("turn.near", "c_1", LIN, place=2)
    host.answers = [410]
    await host.send()
    assert [each.dead for each in await host.outbox.waiting()] == [True]


async def test_two_nodes_do_not_send_the_same_at_once_and_a_dead_one_loses_nothing(host: Host) -> None:
    await host.outbox.put("turn.near", "c_1", LIN, place=2)
    begun, end = asyncio.Event(), asyncio.Event()

    async def slow(event: str, body: bytes) -> int:
        begun.set()
        await end.wait()
        return 200

    first = asyncio.create_task(host.outbox.send_next(slow))
    await begun.wait()
    assert await host.send() == 0
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    host.desk.now_ms += LEASE_MS
    assert await host.send() == 1


async def test_what_it_says_is_sealed_until_it_is_told_and_gone_then(host: Host, redis: Redis, pool: str) -> None:
    await host.outbox.put("turn.near", "c_1", LIN, place=2)
    (name,) = [name async for name in redis.scan_iter(match=f"?{pool}?:webhook:*")]
    before: dict[Any, Any] = await redis.hgetall(name)
    assert not [value for value in before.values() if LIN.encode() in value]
    await host.send()
    assert set(await redis.hgetall(name)) == {b"v", b"kind", b"tries", b"status"}
    assert 0 < await redis.pttl(name) <= 3 * 86_400_000


async def test_who_is_erased_is_told_of_no_more(host: Host) -> None:
    await host.outbox.put("turn.near", "c_1", LIN, place=2)
    await host.outbox.put("turn.near", "c_2", WANG, place=1)
    assert [each["data"]["customer"] for each in await host.outbox.export_of(LIN)] == [LIN]
    assert await host.outbox.erase_of(LIN) == 1
    await host.send()
    assert [said["data"]["customer"] for _, said in host.told] == [WANG]


class Watch(Reminders):
    """The reminders of a pool, looked at by hand."""

    def __init__(self, host: Host, redis: Redis, pool: str) -> None:
        self.callbacks = Callbacks(
            redis,
            pool=pool,
            cipher=CIPHER,
            rates=RateLimits(redis, pool=pool, cipher=CIPHER),
            clock=host,
            hours=OpeningHours(redis, pool=pool, clock=host, zone="UTC"),
            roster=host.desk.store,
            accounts=self.nobody,
            rules=CallbackRules(),
        )
        super().__init__(
            redis,
            pool=pool,
            outbox=host.outbox,
            line=host.desk.store,
            callbacks=self.callbacks,
            clock=host,
            endpoint=read_endpoint("", ""),
        )

    async def nobody(self) -> list[Any]:
        return []


@pytest.fixture
def watch(host: Host, redis: Redis, pool: str) -> Watch:
    return Watch(host, redis, pool)


async def test_a_kept_place_that_comes_near_is_told_while_the_page_is_away(host: Host, watch: Watch) -> None:
    desk = host.desk
    await desk.agent("a1", ready=False)
    ahead = [await desk.join(f"c{n}") for n in range(2)]
    await desk.join(LIN)
    await desk.store.keep_place(LIN)
    await desk.join(WANG)
    await desk.store.keep_place(WANG)
    await watch.look()
    assert await host.send() == 0, "both are here"
    await desk.drop(LIN)
    await watch.look()
    assert await host.send() == 0, "two are before it"
    await desk.store.hang_up("c0", ahead[0])
    for _ in range(2):
        await watch.look()
    assert await host.send() == 1
    assert host.told[0][1]["data"] == {"customer": LIN, "place": 2}


async def test_who_did_not_ask_to_keep_the_place_is_no_news(host: Host, watch: Watch) -> None:
    await host.desk.agent("a1", ready=False)
    await host.desk.join(LIN)
    await host.desk.drop(LIN)
    await watch.look()
    assert await host.send() == 0


async def test_a_callback_is_told_ten_minutes_before(
    host: Host, watch: Watch, redis: Redis, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_ms = START_MS + 3_600_000
    monkeypatch.setattr("video_service.callbacks.starts", lambda **_: (start_ms,))
    await watch.callbacks.book(Facts(customer=LIN), start_ms, address="192.0.2.1")
    host.desk.now_ms = start_ms - DUE_MS - 1
    await watch.look()
    assert await host.send() == 0
    host.desk.now_ms += 1
    await watch.look()
    assert await host.send() == 1
    assert host.told[0][1] == {
        "type": "callback.due",
        "timestamp": host.told[0][1]["timestamp"],
        "data": {"customer": LIN, "start_ms": start_ms},
    }


async def test_an_answer_is_told_whether_to_a_message_or_as_promised(
    host: Host, watch: Watch, redis: Redis, pool: str
) -> None:
    keys = Keys(pool)
    await redis.hset(keys.message("m-" + "a" * 20), mapping={"v": 1, "customer": LIN})
    await redis.hset(keys.record("c_2"), mapping={"v": 1, "customer": WANG})
    await redis.hset(keys.record("c_3"), mapping={"v": 1, "customer": GUEST})
    for entry, at_ms in (("m-" + "a" * 20, 0), ("c_2", -1), ("c_3", -1), ("c_gone", -2), ("c_old", -4_000_000)):
        await redis.zadd(keys.messages("done"), {entry: START_MS + at_ms})
    await watch.look()
    assert await host.send() == 2
    assert sorted(said["data"]["about"] for _, said in host.told) == ["follow_up", "message"]
    assert {said["type"] for _, said in host.told} == {"follow_up.answered"}


async def test_without_an_endpoint_nothing_runs(watch: Watch) -> None:
    watch.start()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "reminders"]
    await watch.close()
    await watch.close()
