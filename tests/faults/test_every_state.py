"""The store is killed, full, read-only or slow, or its clock jumps, at every state of a call, which goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling import store_base
from signaling.errors import StoreUnavailable
from tests.support.desk import HOUR_MS, Desk
from tests.valkey_server import RealValkey
from video_service.media_plane import LegState
from video_service.redis_client import hot

pytestmark = pytest.mark.faults


@pytest.fixture(autouse=True)
def patient_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no script count as unanswered because the disk is slow, to which every answer waits here."""
    monkeypatch.setattr(store_base, "CALL_TIMEOUT_S", 30.0)


@pytest.fixture
def server(valkey_server: Callable[..., RealValkey]) -> RealValkey:
    return valkey_server(aof=True)


@pytest.fixture
async def client(server: RealValkey) -> AsyncIterator[Redis]:
    client = hot(server.url, timeout_s=30)
    yield client
    await client.aclose()


async def waiting(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    await desk.join("c1")


async def ringing(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.join("c1")


async def connecting(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    await desk.offer("c1")


async def in_call(desk: Desk) -> None:
    await connecting(desk)
    await desk.store.leg_event("c1", leg=f"leg{desk.legs}", state=LegState.CONNECTED)
    await desk.store.leg_event("c1", leg=f"leg{desk.legs}", state=LegState.FLOWING)


async def held(desk: Desk) -> None:
    await in_call(desk)
    call = (await desk.look("a1")).call
    assert call is not None
    await desk.store.hold("a1", call.call, call.epoch, held=True)


async def transferring(desk: Desk) -> None:
    await in_call(desk)
    await desk.agent("a2")
    call = (await desk.look("a1")).call
    assert call is not None
    await desk.store.transfer("a1", call.call, call.epoch, to="a2", note="order 17")


async def after_call(desk: Desk) -> None:
    await in_call(desk)
    await desk.store.hang_up("c1", (await desk.see("c1")).call)


State = Callable[[Desk], Awaitable[None]]
STATES: tuple[State, ...] = (waiting, ringing, connecting, in_call, held, transferring, after_call)
each_state = pytest.mark.parametrize("reach", STATES, ids=lambda reach: reach.__name__)


async def seen(desk: Desk) -> list[object]:
    """Return what everybody's page shows."""
    agents = [name for name in desk.sockets if name.startswith("a")]
    return [await desk.see("c1"), *[await desk.look(name) for name in agents]]


async def goes_on(desk: Desk) -> None:
    """From wherever it stands the customer gets to an agent, and both are done with it."""
    for name in ("a1", "a2"):
        if name in desk.sockets and (await desk.look(name)).state in ("break", "after_call"):
            await desk.store.ready(name)
    if (await desk.see("c1")).state == "ended":
        await desk.store.hang_up("c1", (await desk.see("c1")).call)
        await desk.join("c1")
    for name in ("a1", "a2"):
        if name in desk.sockets and await desk.rings(name):
            await desk.accept(name)
    view = await desk.see("c1")
    assert view.state == "connected"
    await desk.store.hang_up("c1", view.call)
    assert (await desk.see("c1")).state == "ended"


@each_state
async def test_a_killed_store_comes_back_to_the_same_pages(
    server: RealValkey, client: Redis, pool: str, reach: State
) -> None:
    desk = Desk(client, pool)
    await reach(desk)
    before = await seen(desk)
    server.kill()
    await client.connection_pool.disconnect()
    with pytest.raises(StoreUnavailable):
        await desk.see("c1")
    server.start()
    assert await seen(desk) == before
    await goes_on(desk)


async def reached(client: Redis, pool: str) -> list[tuple[Desk, list[object]]]:
    """Return a desk in each state, and what its pages show."""
    desks = []
    for reach in STATES:
        desk = Desk(client, f"{pool}-{reach.__name__}")
        await reach(desk)
        desks.append((desk, await seen(desk)))
    return desks


TROUBLES = {
    "full": (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
    "no copies": (("CONFIG", "SET", "min-replicas-to-write", "1"), ("CONFIG", "SET", "min-replicas-to-write", "0")),
    # As one that was the primary, until its clients find the new one. Nobody answers at that port.
    "read-only": (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_store_that_takes_nothing_refuses_each_step_whole_and_still_shows_every_page(
    client: Redis, pool: str, trouble: str
) -> None:
    begin, end = TROUBLES[trouble]
    desks = await reached(client, pool)
    await client.execute_command(*begin)  # type: ignore[no-untyped-call]
    try:
        for desk, before in desks:
            with pytest.raises(StoreUnavailable) as refused:
                await desk.store.hang_up("c1", (await desk.see("c1")).call)
            assert refused.value.retryable
            with pytest.raises(StoreUnavailable):
                await desk.store.sweep()
            assert await seen(desk) == before
    finally:
        await client.execute_command(*end)  # type: ignore[no-untyped-call]
    for desk, before in desks:
        assert await seen(desk) == before, "no step was done by half"
        await goes_on(desk)


class SlowWay:
    """A way to a server by a socket of its own, on which every answer comes so many seconds late, or not at all."""

    def __init__(self, server: RealValkey) -> None:
        self._path, self._server = server.socket_path.with_name("slow.sock"), server
        self.url = f"unix://{self._path}"
        self.late_s = 0.0
        self.open = asyncio.Event()
        self.open.set()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def __call__(self) -> AsyncIterator[SlowWay]:
        listening = await asyncio.start_unix_server(self._serve, self._path)
        try:
            yield self
        finally:
            listening.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._server.socket_path)
        for source, sink, is_answer in ((reader, back, False), (there, writer, True)):
            task = asyncio.create_task(self._carry(source, sink, is_answer=is_answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool) -> None:
        try:
            while data := await source.read(65_536):
                if is_answer:
                    await self.open.wait()
                    await asyncio.sleep(self.late_s)
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()


async def test_on_a_slow_store_every_call_is_slow_and_whole_and_on_a_silent_one_it_is_refused(
    server: RealValkey, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SlowWay(server)() as way:
        client = hot(way.url, timeout_s=30)
        way.late_s = 0.01
        desks = await reached(client, pool)
        way.open.clear()
        with monkeypatch.context() as impatient:
            impatient.setattr(store_base, "CALL_TIMEOUT_S", 1.0)
            asked = await asyncio.gather(*(desk.see("c1") for desk, _ in desks), return_exceptions=True)
        assert [type(each) for each in asked] == [StoreUnavailable] * len(STATES)
        assert all(isinstance(each, StoreUnavailable) and each.retryable for each in asked)
        way.open.set()
        for desk, before in desks:
            assert await seen(desk) == before
        await asyncio.gather(*(goes_on(desk) for desk, _ in desks))
        await client.aclose()


@each_state
async def test_a_clock_that_jumps_ahead_and_back_lets_nothing_fall_due_twice_and_stops_nobody(
    client: Redis, pool: str, reach: State
) -> None:
    desk = Desk(client, pool)
    await reach(desk)
    before_ms, before = desk.now_ms, await seen(desk)
    desk.now_ms -= HOUR_MS
    while await desk.store.sweep():
        pass
    assert [_timeless(view) for view in await seen(desk)] == [_timeless(view) for view in before], (
        "an hour back is no time"
    )
    desk.now_ms = before_ms + HOUR_MS
    await desk.store.beat(desk.sockets.items())
    desk.now_ms = before_ms
    await desk.pass_time(1)
    if (await desk.see("c1")).state == "home":
        await desk.join("c1")
    assert (await desk.see("c1")).state in ("waiting", "ringing", "connected", "ended")
    await goes_on(desk)


def _timeless(view: Any) -> tuple[str, str]:
    return view.state, str(view.call)
