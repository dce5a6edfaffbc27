"""Reminders end to end: the loop tells a host on this machine, the command line lists and retries, erasing ends it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from tests.data_keys import CIPHER
from tests.integration.http_site import Site
from tests.valkey_server import RealValkey
from video_service import cli_webhook
from video_service.audit import Audit
from video_service.callbacks import Facts
from video_service.clock import SystemClock
from video_service.left_messages import LeftMessages
from video_service.privacy import Privacy
from video_service.rate_limit import RateLimits
from video_service.settings import Settings
from video_service.webhook_outbox import Outbox

pytestmark = pytest.mark.integration

LIN = "c-" + "1" * 20
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LIMIT_S = 30.0


@pytest.fixture
def outbox(redis: Redis, pool: str) -> Outbox:
    return Outbox(redis, pool=pool, cipher=CIPHER, clock=SystemClock())


@pytest.fixture
async def host() -> AsyncIterator[tuple[int, asyncio.Queue[bytes]]]:
    """A host application that takes everything: its port, and what it was told."""
    told: asyncio.Queue[bytes] = asyncio.Queue(10)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        told.put_nowait(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], told
    server.close()
    await server.wait_closed()


async def test_a_node_tells_the_host_that_is_configured(
    valkey: RealValkey, redis: Redis, pool: str, outbox: Outbox, host: tuple[int, asyncio.Queue[bytes]]
) -> None:
    port, told = host
    await outbox.put("turn.near", "c_1", LIN, place=2)
    url = f"http://127.0.0.1:{port}/hooks"
    async with Site(Settings(redis_url=valkey.url, pool=pool, webhook_url=url, webhook_secret=SECRET)):
        async with asyncio.timeout(LIMIT_S):
            said = json.loads(await told.get())
    assert (said["type"], said["data"]) == ("turn.near", {"customer": LIN, "place": 2})


def run(*arguments: str) -> Result:
    """Run the command as a process would: in a thread of its own, because it has an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(CliRunner().invoke, cli_webhook.app, arguments).result()


async def test_the_command_line_lists_what_was_put_aside_and_tries_it_again(
    valkey: RealValkey, pool: str, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", valkey.url)
    monkeypatch.setenv("VIDEO_SERVICE_POOL", pool)
    await outbox.put("turn.near", "c_1", LIN, place=2)

    async def gone(event: str, body: bytes) -> int:
        return 410

    await outbox.send_next(gone)
    listed = run("list")
    (entry,) = json.loads(listed.stdout)
    assert (entry["kind"], entry["dead"], entry["status"]) == ("turn.near", True, 410)
    assert LIN not in listed.stdout
    assert run("retry").stdout.strip() == "1 will be tried again."
    assert [each.dead for each in await outbox.waiting()] == [False]


async def test_what_is_booked_and_to_be_told_is_exported_and_erased(
    valkey: RealValkey, redis: Redis, pool: str, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = LeftMessages(redis, pool=pool, cipher=CIPHER, rates=RateLimits(redis, pool=pool, cipher=CIPHER))
    audit = Audit(redis, pool=pool, clock=SystemClock(), retention_days=90)
    privacy = Privacy(redis, pool=pool, audit=audit, cipher=CIPHER, messages=messages)
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as site:
        start_ms = site.services.clock.now_ms() + 3_600_000
        monkeypatch.setattr("video_service.callbacks.starts", lambda **_: (start_ms,))
        await site.services.callbacks.book(Facts(customer=LIN), start_ms, address="192.0.2.1")
    await outbox.put("callback.due", "b-1", LIN, start_ms=start_ms)
    known = await privacy.export(LIN, who="operator", role="operator")
    assert known.callback is not None
    assert (known.callback["start_ms"], known.callback["customer"]) == (start_ms, LIN)
    assert [each["type"] for each in known.to_be_told] == ["callback.due"]
    await privacy.erase(LIN, who="operator", role="operator")
    assert await outbox.waiting() == []
    assert [name async for name in redis.scan_iter(match=f"?{pool}?:callback*") if b"rev" not in name] == []
