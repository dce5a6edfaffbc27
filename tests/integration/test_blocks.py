"""Customers who may not call for a while: who decides it, what they read, and what is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from quart.typing import TestWebsocketConnectionProtocol as Socket
from redis.asyncio import Redis

from signaling.identity_types import Identity
from signaling.store import Store
from tests.data_keys import CIPHER
from tests.integration.http_site import Browser, Site, cookie, error_of
from tests.launching import SETTINGS, launch_token
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.audit import Audit
from video_service.block_list import AT_ONCE, DAY_MS, BadBlock, Blocked, BlockList
from video_service.cipher import Cipher, new_key
from video_service.clock import SystemClock
from video_service.consent import CONSENT_VERSION
from video_service.left_messages import LeftMessages
from video_service.privacy import Privacy, UnknownCustomer
from video_service.rate_limit import RateLimits
from video_service.security import GUEST_COOKIE
from video_service.settings import Settings

pytestmark = pytest.mark.integration

REASON = "三次辱骂同事"
HOUR_MS = 3_600_000


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool, **SETTINGS)) as running:
        yield running


@pytest.fixture
async def mei(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR, "mei")


@pytest.fixture
def blocks(redis: Redis, pool: str) -> BlockList:
    return BlockList(redis, pool=pool, cipher=CIPHER, clock=SystemClock())


async def guest(site: Site) -> tuple[Browser, str]:
    """Return the browser of a guest, and the guest's id."""
    browser = site.browser()
    answer = await browser.post("/api/ticket", {"as": "customer"})
    customer = await site.services.customers.of(cookie(answer, GUEST_COOKIE)[GUEST_COOKIE])
    assert customer is not None
    return browser, customer.person


async def block(mei: Browser, customer: str, days: int = 7) -> dict[str, object]:
    answer = await mei.post("/api/blocks", {"customer": customer, "reason": REASON, "days": days, "call": "c_1"})
    assert answer.status_code == 201
    said: dict[str, object] = await answer.get_json()
    return said


async def greeted(socket: Socket, ticket: str) -> None:
    await socket.send_json({"type": "hello", "v": 1, "ticket": ticket})
    while (await socket.receive_json())["type"] != "customer_view":
        pass


async def joining(socket: Socket) -> str:
    await socket.send_json({"type": "join", "consent": CONSENT_VERSION})
    while True:
        answer = await socket.receive_json()
        if answer["type"] == "error":
            return str(answer["code"])


async def test_a_blocked_customer_gets_no_ticket_and_no_place_until_it_ends(site: Site, mei: Browser) -> None:
    browser, customer = await guest(site)
    other, _ = await guest(site)
    async with browser.socket() as socket:
        await greeted(socket, await browser.ticket("customer"))
        assert await joining(socket) == "closed", "nobody is on shift"
        said = await block(mei, customer)
        assert (said["reason"], said["by"], said["call"]) == (REASON, "Mei", "c_1")
        assert await joining(socket) == "blocked", "an open page is no way around it"
    assert await error_of(await browser.post("/api/ticket", {"as": "customer"})) == (403, "blocked")
    assert (await other.post("/api/ticket", {"as": "customer"})).status_code == 200
    written = await browser.post("/api/messages", {"text": "please", "consent": CONSENT_VERSION})
    assert written.status_code == 201, "writing stays possible"
    assert (await mei.delete(f"/api/blocks/{customer}")).status_code == 204
    assert (await browser.post("/api/ticket", {"as": "customer"})).status_code == 200


async def test_whoever_is_in_a_call_gets_back_into_it_without_a_resume_token_and_then_no_more(
    site: Site, mei: Browser, redis: Redis, pool: str
) -> None:
    browser, customer = await guest(site)
    store, now_ms = Store(redis, pool=pool), SystemClock().now_ms()
    await store.add_shift("a-1", now_ms - HOUR_MS, now_ms + HOUR_MS)
    await store.connect(Identity(person="a-1", role="agent"), node="n", socket="s")
    await store.sign_in(Identity(person="a-1", role="agent"))
    await store.connect(Identity(person=customer, role="customer"), node="n", socket="s")
    call = await store.join(customer, queue="main", needs=(), urgent=False, reason="", locale="")
    await block(mei, customer)
    assert (await browser.post("/api/ticket", {"as": "customer"})).status_code == 200
    await store.hang_up(customer, call)
    assert await error_of(await browser.post("/api/ticket", {"as": "customer"})) == (403, "blocked")


async def test_whom_a_host_names_is_blocked_on_every_phone_and_the_token_is_not_used_up(
    site: Site, mei: Browser
) -> None:
    first = site.browser()
    entered = await first.post("/api/enter", {"token": launch_token()})
    customer = await site.services.customers.of(cookie(entered, GUEST_COOKIE)[GUEST_COOKIE])
    assert customer is not None
    await block(mei, customer.person)
    token = launch_token()
    second = site.browser()
    assert await error_of(await second.post("/api/enter", {"token": token})) == (403, "blocked")
    assert (await mei.delete(f"/api/blocks/{customer.person}")).status_code == 204
    assert (await second.post("/api/enter", {"token": token})).status_code == 200


async def test_the_list_says_who_why_and_until_when_and_each_look_is_written_down(site: Site, mei: Browser) -> None:
    _, early = await guest(site)
    _, late = await guest(site)
    await block(mei, late, days=30)
    first = await block(mei, early, days=1)
    assert int(str(first["until_ms"])) - int(str(first["since_ms"])) == DAY_MS
    listed = (await (await mei.get("/api/blocks")).get_json())["blocks"]
    assert [each["customer"] for each in listed] == [early, late]
    one = (await (await mei.get(f"/api/blocks?customer={late}")).get_json())["blocks"]
    assert [each["customer"] for each in one] == [late]
    assert (await (await mei.get("/api/blocks?customer=c-nobody")).get_json()) == {"blocks": []}
    await mei.delete(f"/api/blocks/{late}")
    noted = [(look.what, look.about) async for look in site.services.audit.each() if "block" in look.what]
    assert noted == [
        ("block_remove", late),
        ("blocks", "c-nobody"),
        ("blocks", late),
        ("blocks", ""),
        ("block_add", early),
        ("block_add", late),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"customer": "a-lin"},
        {"customer": "c-{}:x"},
        {"reason": " \n "},
        {"reason": "x" * 301},
        {"days": 0},
        {"days": 366},
        {"call": "c 1"},
    ],
)
async def test_a_block_without_a_customer_a_reason_or_an_end_is_none(mei: Browser, wrong: dict[str, object]) -> None:
    answer = await mei.post("/api/blocks", {"customer": "c-1", "reason": "x", "days": 1, **wrong})
    assert answer.status_code == 400
    assert (await (await mei.get("/api/blocks")).get_json()) == {"blocks": []}


async def test_the_reason_is_sealed_and_a_block_ends_by_itself(blocks: BlockList, redis: Redis, pool: str) -> None:
    await blocks.add("c-1", reason=f"  {REASON}\u202e\n", days=2, by="o-1")
    key = f"{{{pool}}}:blocked:c-1"
    assert REASON.encode() not in (await redis.get(key) or b"")
    assert DAY_MS < await redis.pttl(key) <= 2 * DAY_MS
    found = await blocks.get("c-1")
    assert found is not None
    assert found.reason == REASON
    await redis.pexpire(key, 1)
    async with asyncio.timeout(30):
        while await redis.exists(key):
            await asyncio.sleep(0.01)
    await blocks.check("c-1")
    assert await blocks.all() == ()


async def test_none_of_many_blocks_is_left_out(blocks: BlockList, redis: Redis, pool: str) -> None:
    await blocks.add("c-1", reason=REASON, days=2, by="o-1")
    raw = await redis.get(f"{{{pool}}}:blocked:c-1") or b""
    until_ms = (await blocks.all())[0].until_ms
    names = [f"c-{number}" for number in range(2, AT_ONCE + 3)]
    await redis.mset({f"{{{pool}}}:blocked:{name}": raw for name in names})
    await redis.zadd(f"{{{pool}}}:blocks", dict.fromkeys(names, until_ms))
    assert len(await blocks.all()) == AT_ONCE + 2


async def test_what_no_data_key_opens_blocks_all_the_same(blocks: BlockList, redis: Redis, pool: str) -> None:
    await blocks.add("c-1", reason=REASON, days=2, by="o-1")
    other = BlockList(redis, pool=pool, cipher=Cipher([new_key()]), clock=SystemClock())
    with pytest.raises(Blocked):
        await other.check("c-1")
    assert [block.reason for block in await other.all()] == [""]


async def test_a_customer_can_see_it_and_have_it_erased(blocks: BlockList, redis: Redis, pool: str) -> None:
    audit = Audit(redis, pool=pool, clock=SystemClock(), retention_days=30)
    messages = LeftMessages(redis, pool=pool, cipher=CIPHER, rates=RateLimits(redis, pool=pool, cipher=CIPHER))
    privacy = Privacy(redis, pool=pool, audit=audit, cipher=CIPHER, messages=messages)
    await blocks.add("c-1", reason=REASON, days=2, by="o-1")
    known = (await privacy.export("c-1", who="operator", role="operator")).block
    assert known is not None
    assert (known["reason"], set(known)) == (REASON, {"since_ms", "until_ms", "reason", "call"})
    assert await privacy.erase("c-1", who="operator", role="operator") == 0
    await blocks.check("c-1")
    with pytest.raises(UnknownCustomer):
        await privacy.export("c-1", who="operator", role="operator")


@pytest.mark.parametrize("days", [0, 366])
async def test_there_is_no_block_without_an_end(blocks: BlockList, days: int) -> None:
    with pytest.raises(BadBlock):
        await blocks.add("c-1", reason=REASON, days=days, by="o-1")
