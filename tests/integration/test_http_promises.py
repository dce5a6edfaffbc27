"""Promises over HTTP: what a customer sees of them, asking once, being called back, and who may do what with whose."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.errors import Closed
from signaling.identity_types import Identity
from tests.data_keys import CIPHER
from tests.integration.http_site import Browser, Site, error_of
from tests.valkey_server import RealValkey
from video_service.accounts import Account, Role
from video_service.clock import SystemClock
from video_service.promises import Promises
from video_service.rate_limit import RateLimits
from video_service.redis_client import text_of
from video_service.settings import Settings
from video_service.shift_requests import Kind, ShiftRequest, State
from video_service.webhook_outbox import Outbox

pytestmark = pytest.mark.integration

HOUR_MS = 3_600_000


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    # Nothing stops ringing because the machine is slow.
    async with Site(Settings(redis_url=valkey.url, pool=pool, ring_timeout_s=600)) as running:
        yield running


@pytest.fixture
async def lin(site: Site) -> Account:
    """An agent at the desk, by a socket of another node."""
    return await at_the_desk(site, "lin")


async def at_the_desk(site: Site, name: str) -> Account:
    account = await site.account(name, Role.AGENT)
    now_ms = site.services.clock.now_ms()
    await site.store.add_shift(account.person, now_ms - HOUR_MS, now_ms + 6 * HOUR_MS)
    identity = Identity(person=account.person, role="agent", name=name, generation=account.generation)
    await site.store.connect(identity, node="elsewhere", socket=f"s-{name}")
    await site.store.sign_in(identity)
    await site.store.leg_offered(account.person, leg=f"leg-{name}", worker="w1")
    return account


async def promised(site: Site, lin: Account, phone: Browser, *, urgent: bool = False) -> str:
    """Let this browser's customer have a call that ends with a promise."""
    identity = await site.store.redeem_ticket(await phone.ticket("customer"))
    await site.store.connect(identity, node="elsewhere", socket=f"s-{identity.person}")
    await site.store.ready(lin.person)
    call = await site.store.join(identity.person, queue="main", needs=(), urgent=urgent, reason="", locale="zh-CN")
    await site.store.accept(lin.person, call, (await site.store.customer_view(identity.person, alive=())).epoch)
    await site.store.hang_up(identity.person, call)
    await site.store.disposition(lin.person, call, outcome="follow_up", note="订单在查", due_in_h=72)
    await site.store.ready(lin.person)
    await site.store.hang_up(identity.person, call)
    await site.store.disconnect(identity.person, f"s-{identity.person}")
    return call


async def mine(phone: Browser) -> list[dict[str, Any]]:
    response = await phone.get("/api/promises")
    assert response.status_code == 200
    found: list[dict[str, Any]] = (await response.get_json())["promises"]
    return found


async def signed_in(site: Site, name: str) -> Browser:
    browser = site.browser()
    answer = await browser.post("/api/sign-in", {"name": name, "password": "correct horse battery"})
    assert answer.status_code == 200
    return browser


async def test_a_customer_reads_who_owes_an_answer_by_when_and_asks_once(site: Site, lin: Account) -> None:
    phone, other = site.browser(), site.browser()
    assert await mine(phone) == []
    call = await promised(site, lin, phone)
    assert (await (await phone.get("/api/service")).get_json())["promises"] == 1
    (seen,) = await mine(phone)
    assert (seen["call"], seen["name"], seen["state"], seen["urged"]) == (call, lin.display_name, "open", False)
    assert set(seen) == {
        *("call", "name", "about_ms", "reason", "due_ms", "state", "urged", "calls_until_ms", "called_ms")
    }
    assert await error_of(await other.post(f"/api/promises/{call}/urge")) == (404, "no_promise")
    assert await error_of(await site.browser().post(f"/api/promises/{call}/urge")) == (404, "no_promise")
    assert (await phone.post(f"/api/promises/{call}/urge")).status_code == 204
    assert await error_of(await phone.post(f"/api/promises/{call}/urge")) == (409, "urged_already")
    assert (await mine(phone))[0]["urged"] is True
    assert await mine(other) == []


async def test_the_cookie_of_a_guest_lasts_until_the_promise_is_due(site: Site, lin: Account) -> None:
    phone = site.browser()
    await promised(site, lin, phone)
    header = (await phone.get("/api/promises")).headers["Set-Cookie"]
    age_s = int(header.partition("Max-Age=")[2].partition(";")[0])
    assert timedelta(days=3.5).total_seconds() < age_s <= timedelta(days=4).total_seconds()


async def test_whom_an_agent_calls_back_gets_through_outside_of_opening_hours_and_nobody_else(
    site: Site, lin: Account
) -> None:
    phone, stranger = site.browser(), site.browser()
    call = await promised(site, lin, phone)
    chen, desk = await site.signed_in(Role.COORDINATOR, "chen"), await signed_in(site, "lin")
    assert (await chen.put("/api/hours", {"week": [[]] * 7, "exceptions": []})).status_code == 200
    people = []
    for browser in (phone, stranger):
        identity = await site.store.redeem_ticket(await browser.ticket("customer"))
        await site.store.connect(identity, node="elsewhere", socket=f"s-{identity.person}")
        people.append(identity.person)
        with pytest.raises(Closed):
            await join(site, identity.person)
    answer = await desk.post(f"/api/my/promises/{call}", {"act": "call"})
    assert (await answer.get_json())["until_ms"] > site.services.clock.now_ms()
    said = await (await phone.get("/api/service")).get_json()
    assert (said["open"], said["promises"]) == (False, 1), "the line stays closed, and the page rings"
    assert (await mine(phone))[0]["calls_until_ms"] > 0
    with pytest.raises(Closed):
        await join(site, people[1])
    back = await join(site, people[0])
    view = await site.store.agent_view(lin.person, alive=())
    assert view.reservation is not None
    assert view.reservation.call == back
    await site.store.accept(lin.person, back, view.reservation.epoch)
    assert (await site.store.customer_view(people[0], alive=())).state == "connected"
    await site.store.hang_up(lin.person, back)
    await site.store.disposition(lin.person, back, outcome="solved", note="", due_in_h=0)
    assert [each["state"] for each in await mine(phone)] == ["done"]
    with pytest.raises(Closed):
        await join(site, people[0])


async def join(site: Site, person: str) -> str:
    return await site.store.join(person, queue="main", needs=(), urgent=False, reason="", locale="zh-CN")


async def test_a_promise_that_is_kept_is_shown_as_done_for_a_while(site: Site, lin: Account) -> None:
    phone, desk = site.browser(), await signed_in(site, "lin")
    call = await promised(site, lin, phone)
    answer = await desk.post(f"/api/my/promises/{call}", {"act": "done"})
    assert await answer.get_json() == {"call": call, "until_ms": 0}
    assert [each["state"] for each in await mine(phone)] == ["done"]
    assert (await (await desk.get("/api/my/promises")).get_json()) == {"promises": [], "matters": []}
    done_ms: Any = {"promise_done_ms": site.services.clock.now_ms() - 49 * HOUR_MS}
    await site.services.redis.hset(f"{site.store.keys.root}:record:{call}", mapping=done_ms)
    assert await mine(phone) == []


async def test_an_owner_reads_the_own_note_and_nobody_else_does(site: Site, lin: Account) -> None:
    await at_the_desk(site, "wang")
    call = await promised(site, lin, site.browser())
    desk, other = await signed_in(site, "lin"), await signed_in(site, "wang")
    listed = (await (await desk.get("/api/my/promises")).get_json())["promises"]
    assert [(each["call"], each["called"], each["late"]) for each in listed] == [(call, "", False)]
    assert "订单" not in str(listed)
    assert await (await desk.get(f"/api/my/promises/{call}")).get_json() == {"note": "订单在查", "readable": True}
    looks = [each.about async for each in site.services.audit.each() if each.what == "promise"]
    assert looks == [call]
    for ask in (other.get(f"/api/my/promises/{call}"), other.post(f"/api/my/promises/{call}", {"act": "done"})):
        assert await error_of(await ask) == (404, "no_promise")


async def test_a_coordinator_gives_a_promise_to_an_agent_and_to_nobody_else(site: Site, lin: Account) -> None:
    wang, chen = await at_the_desk(site, "wang"), await site.signed_in(Role.COORDINATOR, "chen")
    phone = site.browser()
    call = await promised(site, lin, phone)
    answer = await chen.post(f"/api/promises/{call}/owner", {"owner": wang.person})
    assert (await answer.get_json())["owner_name"] == wang.display_name
    assert [each["name"] for each in await mine(phone)] == [wang.display_name]
    coordinator = await site.account("zhao", Role.COORDINATOR)
    for owner in (coordinator.person, "p-none"):
        assert await error_of(await chen.post(f"/api/promises/{call}/owner", {"owner": owner})) == (
            409,
            "no_such_owner",
        )
    answer = await chen.post(f"/api/messages/{call}", {"state": "done"})
    assert answer.status_code == 200
    assert [each["state"] for each in await mine(phone)] == ["done"]


async def test_the_owner_calls_and_the_open_page_says_so_until_either_ends_it(site: Site, lin: Account) -> None:
    phone, desk = site.browser(), await signed_in(site, "lin")
    call = await promised(site, lin, phone)
    until_ms = (await (await desk.post(f"/api/my/promises/{call}", {"act": "call"})).get_json())["until_ms"]
    assert [each["calls_until_ms"] for each in await mine(phone)] == [until_ms]
    assert (await phone.post("/api/call-back/decline")).status_code == 204
    assert await error_of(await phone.post("/api/call-back/decline")) == (409, "no_call")
    (listed,) = (await (await desk.get("/api/my/promises")).get_json())["promises"]
    assert listed["called"] == "declined"
    assert [(each["calls_until_ms"], each["state"]) for each in await mine(phone)] == [(0, "open")]
    await desk.post(f"/api/my/promises/{call}", {"act": "call"})
    assert (await desk.post(f"/api/my/promises/{call}", {"act": "stop"})).status_code == 200
    assert await error_of(await desk.post(f"/api/my/promises/{call}", {"act": "stop"})) == (409, "no_call")


async def test_the_link_leads_a_browser_to_the_owner_once(site: Site, lin: Account, pool: str) -> None:
    """Only of whom the host application knows: the id is one that a launch token makes."""
    person = "c-" + hashlib.sha256(b"launch|app|42").hexdigest()[:20]
    identity = Identity(person=person, role="customer", verified=True)
    await site.store.connect(identity, node="elsewhere", socket="s-42")
    await site.store.ready(lin.person)
    call = await site.store.join(person, queue="main", needs=(), urgent=False, reason="", locale="")
    await site.store.accept(lin.person, call, (await site.store.customer_view(person, alive=())).epoch)
    await site.store.hang_up(person, call)
    await site.store.disposition(lin.person, call, outcome="follow_up", note="", due_in_h=2)
    await site.store.hang_up(person, call)
    outbox = Outbox(site.services.redis, pool=pool, cipher=site.services.cipher, clock=SystemClock())
    rates = RateLimits(site.services.redis, pool=pool, cipher=CIPHER)
    promises = Promises(
        site.services.redis,
        site.store,
        pool=pool,
        cipher=site.services.cipher,
        clock=SystemClock(),
        rates=rates,
        outbox=outbox,
    )
    until_ms = await promises.call_back(lin.person, call)
    (told,) = await outbox.export_of(person)
    assert (told["type"], told["data"]["until_ms"]) == ("follow_up.calling", until_ms)
    token = told["data"]["token"]
    stored = [text_of(each) async for each in site.services.redis.scan_iter(match=f"*{pool}*call_back_link*")]
    assert stored == [site.store.keys.call_back_link(hashlib.sha256(token.encode()).hexdigest())]

    phones = [site.browser() for _ in range(4)]
    answers = await asyncio.gather(*(phone.post("/api/call-back/follow", {"token": token}) for phone in phones))
    assert sorted(each.status_code for each in answers) == [204, 410, 410, 410]
    phone = phones[[each.status_code for each in answers].index(204)]
    assert [each["calls_until_ms"] for each in await mine(phone)] == [until_ms]
    came = await site.store.redeem_ticket(await phone.ticket("customer"))
    assert (came.person, came.verified) == (person, True)
    await site.store.connect(came, node="elsewhere", socket="s-new")
    back = await site.store.join(person, queue="main", needs=(), urgent=False, reason="", locale="")
    assert (await site.services.records.get(back)).call_back_of == call
    for bad in ("", "none", token[:-1], token + "x"):
        assert await error_of(await phone.post("/api/call-back/follow", {"token": bad})) == (410, "call_back_gone")


async def test_nothing_is_told_of_a_guest(site: Site, lin: Account, pool: str) -> None:
    call = await promised(site, lin, site.browser())
    outbox = Outbox(site.services.redis, pool=pool, cipher=site.services.cipher, clock=SystemClock())
    rates = RateLimits(site.services.redis, pool=pool, cipher=CIPHER)
    options: dict[str, Any] = {"pool": pool, "cipher": CIPHER, "clock": SystemClock(), "rates": rates}
    assert await Promises(site.services.redis, site.store, **options, outbox=outbox).call_back(lin.person, call) > 0
    assert await outbox.waiting() == []


async def test_a_coordinator_or_the_owner_settles_an_urgent_matter(site: Site, lin: Account) -> None:
    await at_the_desk(site, "wang")
    await site.store.break_((await site.services.accounts.get("wang") or lin).person)
    call = await promised(site, lin, site.browser(), urgent=True)
    desk, other = await signed_in(site, "lin"), await signed_in(site, "wang")
    (matter,) = (await (await desk.get("/api/my/promises")).get_json())["matters"]
    assert (matter["call"], matter["due_ms"] - matter["since_ms"]) == (call, 7_200_000)
    assert await error_of(await other.post(f"/api/matters/{call}/settle")) == (403, "not_yours")
    assert (await desk.post(f"/api/matters/{call}/settle")).status_code == 204
    chen = await site.signed_in(Role.COORDINATOR, "chen")
    assert await error_of(await chen.post(f"/api/matters/{call}/settle")) == (404, "no_matter")


async def test_the_coordinators_are_told_of_an_owner_whose_account_is_shut(site: Site, lin: Account) -> None:
    call = await promised(site, lin, site.browser())
    chen = await site.signed_in(Role.COORDINATOR, "chen")
    for disabled, away in ((True, "disabled"), (False, "")):
        await chen.post(f"/api/people/{lin.person}/disabled", {"disabled": disabled})
        late = (await site.store.coordinator_view()).late_promises
        assert [each.away for each in late if each.call == call] == ([away] if away else [])
    (entry,) = (await (await chen.get("/api/messages")).get_json())["messages"]
    assert (entry["urged_ms"], entry["away"], entry["owner_name"]) == (0, "", lin.display_name)


@pytest.mark.parametrize(
    ("kind", "state", "told"), [("leave", "granted", 1), ("away", "noted", 1), ("leave", "asked", 0)]
)
async def test_the_coordinators_are_told_of_an_owner_on_leave_on_the_day_it_is_due(
    site: Site, lin: Account, kind: str, state: str, told: int
) -> None:
    await promised(site, lin, site.browser())
    (promise,) = await site.services.promises.all_open()
    day = site.services.promise_watch.day_of(promise)
    asked = ShiftRequest(
        request="r-1",
        kind=Kind(kind),
        state=State(state),
        person=lin.person,
        first_day=(day - timedelta(days=1)).isoformat(),
        last_day=day.isoformat(),
    )
    book = site.services.requests.book
    await site.store.keep_requests([book.change(asked)])
    await site.services.promise_watch.look()
    assert [each.away for each in (await site.store.coordinator_view()).late_promises] == ["leave"] * told
