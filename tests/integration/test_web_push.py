"""Web Push against a real HTTPS server: chosen, told once and without a word, bounded, forgotten when it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from redis.asyncio import Redis

from tests.data_keys import CIPHER
from tests.integration.http_site import Browser, Site, error_of
from tests.launching import SETTINGS, launch_token
from tests.unit.test_web_push import CONTACT, KEY
from tests.valkey_server import RealValkey
from video_service import web_push_store
from video_service.audit import Audit
from video_service.cipher import SEALED_START
from video_service.clock import Clock, SystemClock
from video_service.left_messages import LeftMessages
from video_service.local_ca import LocalAuthority
from video_service.privacy import Privacy
from video_service.rate_limit import RateLimits
from video_service.redis_client import text_of
from video_service.security import GUEST_COOKIE
from video_service.settings import Settings
from video_service.web_push import BadPushAddress, read_sender
from video_service.web_push_store import BY_CUSTOMER, KEPT_S, MOST_TRIES, NoPush, WebPush, digest

pytestmark = pytest.mark.integration

LIMIT_S = 30.0
ELSEWHERE = "https://push.example.org/x"


@dataclasses.dataclass
class PushService:
    """A push service on this machine: what it was sent, and what it answers; `held` until it does."""

    host: str = ""
    status: int = 201
    heard: list[str] = dataclasses.field(default_factory=list)
    held: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            self.heard.append((await reader.readuntil(b"\r\n\r\n")).decode().lower())
            await self.held.wait()
            writer.write(f"HTTP/1.1 {self.status} Told\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
        writer.close()

    @property
    def address(self) -> str:
        return f"https://{self.host}/send/one"


@pytest.fixture
async def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PushService]:
    """A push service whose certificate this process trusts, as one of the system's."""
    authority = LocalAuthority(tmp_path / "ca")
    files = authority.certificate("push", ["127.0.0.1"])
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(files.certificate, files.key)
    root = tmp_path / "roots.pem"
    root.write_bytes(x509.load_der_x509_certificate(authority.der()).public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    monkeypatch.setattr(web_push_store, "SEND_TIMEOUT_S", LIMIT_S)  # a slow machine is no silent push service
    made = PushService()
    made.held.set()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0, ssl=own)
    made.host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    made.held.set()
    server.close()
    await server.wait_closed()


@dataclasses.dataclass
class SetClock:
    now: int = 2_400_000_000_000

    def now_ms(self) -> int:
        return self.now


@dataclasses.dataclass
class Sending:
    """What a node needs to tell, with its own clock."""

    redis: Redis
    pool: str
    clock: SetClock = dataclasses.field(default_factory=SetClock)

    def to(self, *hosts: str, clock: Clock | None = None) -> WebPush:
        return WebPush(
            self.redis,
            pool=self.pool,
            cipher=CIPHER,
            clock=clock or self.clock,
            rates=RateLimits(self.redis, pool=self.pool, cipher=CIPHER),
            sender=read_sender(KEY, CONTACT, hosts) if hosts else None,
        )


@pytest.fixture
def sending(redis: Redis, pool: str) -> Sending:
    return Sending(redis, pool)


async def test_a_browser_is_told_once_of_each_thing_and_nothing_is_said(
    service: PushService, sending: Sending, redis: Redis, pool: str
) -> None:
    pushes = sending.to(service.host)
    assert not await pushes.tell("callback.due", "b-1", "c-1"), "nobody asked for it"
    await pushes.subscribe("c-1", service.address)
    assert [await pushes.tell("callback.due", "b-1", "c-1") for _ in range(2)] == [True, False]
    assert await pushes.tell("callback.due", "b-2", "c-1")
    assert not await pushes.tell("callback.due", "b-2", "c-2")
    assert len(service.heard) == 2
    head = service.heard[0]
    assert head.startswith("post /send/one http/1.1\r\n")
    for line in ("content-length: 0", "ttl: 3600", f"host: {service.host}", "topic: news", "authorization: vapid t="):
        assert f"\r\n{line}" in head
    assert "c-1" not in head
    stored = await redis.get(f"{{{pool}}}:push_of:c-1")
    assert text_of(stored or "").startswith(SEALED_START)
    assert 0 < await redis.ttl(f"{{{pool}}}:push_of:c-1") <= KEPT_S


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten(service: PushService, sending: Sending, status: int) -> None:
    pushes = sending.to(service.host)
    await pushes.subscribe("c-1", service.address)
    service.status = status
    assert not await pushes.tell("turn.near", "c_1", "c-1")
    assert await pushes.export_of("c-1") == ()
    assert not await pushes.tell("turn.near", "c_2", "c-1")
    assert len(service.heard) == 1


async def test_an_address_that_was_given_meanwhile_is_not_forgotten(service: PushService, sending: Sending) -> None:
    pushes = sending.to(service.host)
    await pushes.subscribe("c-1", service.address)
    service.status = 410
    service.held.clear()
    telling = asyncio.create_task(pushes.tell("turn.near", "c_1", "c-1"))
    await _until(lambda: bool(service.heard))
    await pushes.subscribe("c-1", service.address + "/new")
    service.held.set()
    assert not await telling
    assert await pushes.export_of("c-1") == ({"address": service.address + "/new"},)


@pytest.mark.parametrize("passed", range(3))
async def test_not_even_one_that_is_given_while_the_old_one_is_being_forgotten(
    service: PushService, sending: Sending, monkeypatch: pytest.MonkeyPatch, passed: int
) -> None:
    """`passed`: after so many commands that follow the push service's answer a browser is chosen anew."""
    pushes = sending.to(service.host)
    await pushes.subscribe("c-1", service.address)
    service.status = 410
    commands, send = [0], sending.redis.execute_command

    async def between(*command: Any, **options: Any) -> Any:
        answer = await send(*command, **options)  # type: ignore[no-untyped-call]
        if service.heard:
            commands[0] += 1
            if commands[0] == passed + 1:
                await pushes.subscribe("c-1", service.address + "/new")
        return answer

    monkeypatch.setattr(sending.redis, "execute_command", between)
    assert not await pushes.tell("turn.near", "c_1", "c-1")
    monkeypatch.undo()
    kept = await pushes.export_of("c-1")
    assert kept == (({"address": service.address + "/new"},) if commands[0] > passed else ())


@pytest.mark.parametrize("status", [307, 429, 500, 503])
async def test_what_could_not_be_told_is_tried_again_later_and_not_for_ever(
    service: PushService, sending: Sending, status: int
) -> None:
    pushes = sending.to(service.host)
    await pushes.subscribe("c-1", service.address)
    service.status = status
    waits_min = []
    for minute in range(60):
        before = len(service.heard)
        assert [await pushes.tell("turn.near", "c_1", "c-1") for _ in range(3)] == [False] * 3
        if len(service.heard) > before:
            waits_min.append(minute)
        sending.clock.now += 60_000
    assert waits_min == [0, 1, 3, 7, 15]
    assert len(service.heard) == MOST_TRIES


async def test_what_was_told_at_the_second_try_is_told(service: PushService, sending: Sending) -> None:
    pushes = sending.to(service.host)
    await pushes.subscribe("c-1", service.address)
    service.status = 500
    assert not await pushes.tell("turn.near", "c_1", "c-1")
    service.status = 201
    sending.clock.now += 60_000
    assert await pushes.tell("turn.near", "c_1", "c-1")
    sending.clock.now += 86_400_000
    assert not await pushes.tell("turn.near", "c_1", "c-1")


async def test_one_customer_is_not_told_of_everything_at_once(service: PushService, sending: Sending) -> None:
    pushes = sending.to(service.host)
    await pushes.subscribe("c-1", service.address)
    told = [await pushes.tell("follow_up.answered", f"m-{number}", "c-1") for number in range(BY_CUSTOMER.burst + 3)]
    # On a slow machine a little is paid off meanwhile.
    assert told[: BY_CUSTOMER.burst] == [True] * BY_CUSTOMER.burst
    assert not all(told)
    assert len(service.heard) == sum(told)


async def test_a_redirect_and_a_stranger_with_a_certificate_lead_nowhere(
    service: PushService, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushes = sending.to(service.host)
    await pushes.subscribe("c-1", service.address)
    service.status = 307
    assert not await pushes.tell("turn.near", "c_1", "c-1")
    assert len(service.heard) == 1
    monkeypatch.delenv("SSL_CERT_FILE")
    assert not await sending.to(service.host).tell("turn.near", "c_2", "c-1")
    assert len(service.heard) == 1, "nothing is said to whom nobody vouches for"


async def test_only_named_hosts_are_taken_and_one_that_is_named_no_more_hears_nothing(
    service: PushService, sending: Sending
) -> None:
    with pytest.raises(BadPushAddress):
        await sending.to("push.example.org").subscribe("c-1", service.address)
    await sending.to(service.host).subscribe("c-1", service.address)
    assert not await sending.to("push.example.org").tell("turn.near", "c_1", "c-1")
    off = sending.to()
    assert off.public == ""
    assert await off.shown_to("c-1") is None
    assert not await off.tell("turn.near", "c_2", "c-1")
    with pytest.raises(NoPush):
        await off.subscribe("c-1", service.address)
    assert service.heard == []


def on(valkey: RealValkey, pool: str, *hosts: str) -> Settings:
    return Settings(redis_url=valkey.url, pool=pool, web_push_key=KEY, web_push_contact=CONTACT, web_push_hosts=hosts)


async def push_of(phone: Browser) -> Any:
    return (await (await phone.get("/api/service")).get_json())["push"]


async def test_it_is_off_until_the_operator_says_so(valkey: RealValkey, pool: str, redis: Redis) -> None:
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as site:
        phone = site.browser()
        assert await push_of(phone) is None
        refused = await phone.put("/api/push", {"address": ELSEWHERE})
        assert await error_of(refused) == (404, "no_push")
        assert not {"pushes", "reminders"} & {task.get_name() for task in asyncio.all_tasks()}, "nobody connects"
    assert [key async for key in redis.scan_iter(match=f"{{{pool}}}:push*")] == []


async def test_a_page_subscribes_and_ends_it(valkey: RealValkey, pool: str) -> None:
    async with Site(on(valkey, pool, "push.example.org")) as site:
        phone = site.browser()
        asked = await push_of(phone)
        assert (len(asked["key"]), asked["told"]) == (87, "")
        for bad in ("https://evil.example/x", "http://push.example.org/x", "x" * 1_000):
            assert await error_of(await phone.put("/api/push", {"address": bad})) == (400, "bad_push_address")
        assert (await phone.put("/api/push", {"address": ""})).status_code == 400
        assert (await phone.put("/api/push", {"address": ELSEWHERE})).status_code == 204
        assert (await push_of(phone))["told"] == digest(ELSEWHERE)
        assert (await push_of(site.browser()))["told"] == "", "another browser is another customer's"
        assert (await phone.delete("/api/push")).status_code == 204
        assert (await push_of(phone))["told"] == ""
        assert (await site.browser().delete("/api/push")).status_code == 204


async def test_a_browser_that_becomes_somebody_elses_is_told_nothing_more_of_the_one_before(
    valkey: RealValkey, pool: str
) -> None:
    settings = dataclasses.replace(on(valkey, pool, "push.example.org"), **SETTINGS)
    async with Site(settings) as site:
        phone = site.browser()
        assert (await phone.put("/api/push", {"address": ELSEWHERE})).status_code == 204
        cookies = {each.name: str(each.value) for each in phone.client.cookie_jar or ()}
        before = await site.services.customers.of(cookies[GUEST_COOKIE])
        assert before is not None
        assert (await phone.post("/api/enter", {"token": launch_token()})).status_code == 200
        assert await site.services.pushes.export_of(before.person) == ()
        assert (await push_of(phone))["told"] == ""


async def test_the_loop_tells_the_browser_and_no_host_application(
    service: PushService, sending: Sending, redis: Redis, pool: str, valkey: RealValkey
) -> None:
    await sending.to(service.host).subscribe("c-1", service.address)
    await sending.to(service.host).subscribe("c-2", service.address)
    await _answer(redis, pool, "c-1")
    async with Site(on(valkey, pool, service.host)) as site:
        await _until(lambda: len(service.heard) == 1)
        site.services.reminders.soon("follow_up.calling", "c_9|1", "c-2")
        await _until(lambda: len(service.heard) == 2)
    assert await redis.exists(f"{{{pool}}}:webhooks") == 0, "no host application is told"


async def test_a_push_service_that_is_silent_holds_up_no_host_application(
    service: PushService, sending: Sending, redis: Redis, pool: str, valkey: RealValkey
) -> None:
    host = "c-" + "1" * 20
    service.held.clear()
    await sending.to(service.host).subscribe(host, service.address)
    await _answer(redis, pool, host)
    hooks: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hooks.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
    settings = dataclasses.replace(
        on(valkey, pool, service.host), webhook_url=url, webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    )
    async with Site(settings):
        await _until(lambda: len(service.heard) == 1 and len(hooks) == 1)
    server.close()
    await server.wait_closed()


async def test_it_is_shown_to_whom_it_concerns_and_erased(sending: Sending, redis: Redis, pool: str) -> None:
    pushes = sending.to("push.example.org")
    await pushes.subscribe("c-1", ELSEWHERE)
    rates = RateLimits(redis, pool=pool, cipher=CIPHER)
    privacy = Privacy(
        redis,
        pool=pool,
        cipher=CIPHER,
        audit=Audit(redis, pool=pool, clock=SystemClock(), retention_days=1),
        messages=LeftMessages(redis, pool=pool, cipher=CIPHER, rates=rates),
    )
    known = await privacy.export("c-1", who="o-1", role="operator")
    assert known.pushes == ({"address": ELSEWHERE},)
    await privacy.erase("c-1", who="o-1", role="operator")
    assert await pushes.export_of("c-1") == ()


async def _answer(redis: Redis, pool: str, customer: str) -> None:
    """Let a message of a customer have been answered just now."""
    message = f"m-{'x' * 20}"
    row: dict[str | bytes, str | int] = {"v": 1, "customer": customer, "state": "done"}
    await redis.hset(f"{{{pool}}}:message:{message}", mapping=row)  # type: ignore[arg-type]
    await redis.zadd(f"{{{pool}}}:messages:done", {message: SystemClock().now_ms()})


async def _until(ready: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not ready():
            await asyncio.sleep(0.02)
