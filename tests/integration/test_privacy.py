"""What is stored of one customer is shown whole, and erased whole, and nobody else's is touched."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from signaling.identity_types import Identity
from signaling.store import Store
from tests.data_keys import CIPHER
from tests.integration.http_site import Site, served_call
from tests.valkey_server import RealValkey
from video_service import cli_privacy
from video_service.accounts import Account, Role
from video_service.audit import Audit, Look
from video_service.clock import SystemClock
from video_service.customers import Customer
from video_service.keys import Keys
from video_service.left_messages import Left, LeftMessages
from video_service.privacy import CustomerInCall, NoCustomer, Privacy, UnknownCustomer
from video_service.rate_limit import RateLimits
from video_service.records import Records, RecordUnreadable, Rollup
from video_service.settings import Settings

pytestmark = pytest.mark.integration

OPERATOR = {"who": "operator", "role": "operator"}
FAR_MS = 4_102_444_800_000


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setenv("REDIS_URL", valkey.url)
    monkeypatch.setenv("VIDEO_SERVICE_POOL", pool)
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as running:
        yield running


@pytest.fixture
async def lin(site: Site) -> Account:
    account = await site.account("lin", Role.AGENT, display_name="林老师")
    now_ms = site.services.clock.now_ms()
    await site.store.add_shift(account.person, now_ms - 3_600_000, now_ms + 3_600_000)
    return account


@pytest.fixture
def audit(redis: Redis, pool: str) -> Audit:
    return Audit(redis, pool=pool, clock=SystemClock(), retention_days=30)


@pytest.fixture
def messages(redis: Redis, pool: str) -> LeftMessages:
    return LeftMessages(redis, pool=pool, cipher=CIPHER, rates=RateLimits(redis, pool=pool, cipher=CIPHER))


@pytest.fixture
def privacy(redis: Redis, pool: str, audit: Audit, messages: LeftMessages) -> Privacy:
    return Privacy(redis, pool=pool, audit=audit, cipher=CIPHER, messages=messages)


async def caller(site: Site, lin: Account) -> tuple[str, str]:
    """Return the customer and the call of a call that was served and is over."""
    call = await served_call(site, lin)
    return (await Records(site.store.redis, pool=site.settings.pool).get(call)).customer, call


async def come_in(store: Store, customer: str) -> None:
    identity = Identity(person=customer, role="customer", locale="zh-CN")
    await store.connect(identity, node="n-1", socket="s-1")


async def everything(redis: Redis, pool: str) -> str:
    """Return every stored name and value as text, but for the audit log and what a node writes by the clock."""
    found, keys = [], Keys(pool)
    by_the_clock = (keys.nodes, f"{keys.root}:clock", f"{keys.root}:open_time:")
    async for name in redis.scan_iter(match=f"*{pool}*", count=1000):
        kind = await redis.type(name)
        if kind == b"stream" or name.decode().startswith(by_the_clock):
            continue
        found.append(f"{name!r} {await read(redis, kind, name)!r}")
    return "\n".join(sorted(found))


async def read(redis: Redis, kind: bytes | str, name: bytes | str) -> object:
    match kind:
        case b"hash":
            return await redis.hgetall(name)
        case b"set":
            return await redis.smembers(name)
        case b"list":
            return await redis.lrange(name, 0, -1)
        case b"zset":
            return await redis.zrange(name, 0, -1)
        case _:
            return await redis.get(name)


async def rollups(redis: Redis, pool: str) -> list[Rollup]:
    return await Records(redis, pool=pool).rollups(0, FAR_MS)


async def looks(audit: Audit, what: str) -> list[Look]:
    return [look async for look in audit.each(what=what)]


async def test_an_export_holds_all_that_is_stored_and_leaves_a_trace(
    site: Site, lin: Account, privacy: Privacy, audit: Audit, redis: Redis
) -> None:
    customer, call = await caller(site, lin)
    other, _ = await caller(site, lin)
    session = Customer(person=customer, entry="launch", verified=True, sign_language="csl", context="order 17")
    await redis.set(f"{Keys(site.settings.pool).root}:customer:digest", json.dumps({"v": 1, "person": other}))
    await redis.set(
        f"{Keys(site.settings.pool).root}:customer:digest-2",
        json.dumps({"v": 1, "person": session.person, "context": CIPHER.seal(session.context)}),
    )
    known = await privacy.export(customer, **OPERATOR)
    assert [record.call for record in known.records] == [call]
    assert known.person["role"] == "customer"
    assert not {"socket", "node"} & known.person.keys()
    assert [said["context"] for said in known.sessions] == ["order 17"]
    assert [look["what"] for look in known.looks] == ["privacy_export"]
    assert other not in repr(known)
    assert [look.about for look in await looks(audit, "privacy_export")] == [customer]


async def test_what_was_said_while_waiting_is_part_of_it(site: Site, lin: Account, privacy: Privacy) -> None:
    customer, _ = await caller(site, lin)
    await come_in(site.store, customer)
    call = await site.store.join(
        customer, queue="main", needs=(), urgent=False, reason="", locale="zh-CN", context="order 17"
    )
    await site.store.note(customer, "行李丢了")
    known = await privacy.export(customer, **OPERATOR)
    assert known.matters == {call: {"note": "行李丢了", "context": "order 17"}}


async def test_what_one_agent_tells_the_next_is_part_of_it(site: Site, lin: Account, privacy: Privacy) -> None:
    customer, _ = await caller(site, lin)
    await come_in(site.store, customer)
    call = await site.store.join(customer, queue="main", needs=(), urgent=False, reason="", locale="zh-CN")
    name = f"{site.store.keys.root}:call:{call}"
    await site.store.redis.hset(name, "handover", CIPHER.seal("坐轮椅"))
    assert (await privacy.export(customer, **OPERATOR)).matters == {call: {"handover": "坐轮椅"}}


async def test_marks_of_a_customers_messages_are_among_the_looks(
    privacy: Privacy, messages: LeftMessages, audit: Audit
) -> None:
    mine, theirs = await left_message(messages, "c-writer"), await left_message(messages, "c-other")
    for message in (mine, theirs):
        await audit.note(who="a-1", role="coordinator", what="message_done", about=message)
    known = await privacy.export("c-writer", **OPERATOR)
    assert [look["about"] for look in known.looks if look["what"] == "message_done"] == [mine]


async def test_texts_of_the_last_minutes_are_part_of_it(site: Site, lin: Account, privacy: Privacy) -> None:
    customer, call = await caller(site, lin)
    line = json.dumps({"v": 1, "seq": 1, "at": 0, "person": customer, "text": CIPHER.seal("航班取消了")})
    await site.store.redis.rpush(f"{Keys(site.settings.pool).root}:texts:{call}", line)
    known = await privacy.export(customer, **OPERATOR)
    assert known.texts[call][0]["text"] == "航班取消了"


async def test_erasing_leaves_no_trace_of_the_customer_and_every_sum_as_it_was(
    site: Site, lin: Account, privacy: Privacy, audit: Audit, redis: Redis, pool: str
) -> None:
    customer, call = await caller(site, lin)
    other, other_call = await caller(site, lin)
    await redis.set(f"{Keys(pool).root}:customer:digest", json.dumps({"v": 1, "person": customer}))
    sums = await rollups(redis, pool)
    assert customer in await everything(redis, pool), "the control"

    assert await privacy.erase(customer, **OPERATOR) == 1

    assert customer not in await everything(redis, pool)
    record = await Records(redis, pool=pool).get(call)
    assert (record.customer, record.locale, record.sign_language) == ("", "", "")
    assert record.segments[0].agent == lin.person, "facts of the service stay"
    assert (await Records(redis, pool=pool).get(other_call)).customer == other
    assert await rollups(redis, pool) == sums
    assert [look.about for look in await looks(audit, "privacy_erase")] == [customer]
    with pytest.raises(UnknownCustomer):
        await privacy.export(customer, **OPERATOR)
    with pytest.raises(UnknownCustomer):
        await privacy.erase(customer, **OPERATOR)


async def left_message(messages: LeftMessages, customer: str) -> str:
    return await messages.leave(
        Left(customer=customer, verified=False, locale="zh-CN", text="行李丢了", contact="lotus", consent=1),
        address="192.0.2.7",
    )


async def test_notes_promises_and_messages_are_shown_and_erased(
    site: Site, lin: Account, privacy: Privacy, messages: LeftMessages, redis: Redis, pool: str
) -> None:
    customer, call = await caller(site, lin)
    other, other_call = await caller(site, lin)
    keys = Keys(pool)
    for each in (call, other_call):
        await redis.set(keys.call_note(each), CIPHER.seal("promised a voucher"))
        await redis.zadd(keys.follow_ups, {each: 1})
        await redis.zadd(keys.urgent_matters, {each: 1})
    await redis.zadd(keys.messages("done"), {call: 1})
    mine, theirs = await left_message(messages, customer), await left_message(messages, other)
    known = await privacy.export(customer, **OPERATOR)
    assert known.notes == {call: "promised a voucher"}
    assert [(each["id"], each["text"], each["contact"]) for each in known.messages] == [(mine, "行李丢了", "lotus")]

    await privacy.erase(customer, **OPERATOR)

    left = await everything(redis, pool)
    assert customer not in left
    assert mine not in left
    assert not await redis.exists(keys.call_note(call))
    assert await redis.zrange(keys.follow_ups, 0, -1) == [other_call.encode()]
    assert await redis.zrange(keys.urgent_matters, 0, -1) == [other_call.encode()]
    assert await redis.zrange(keys.messages("done"), 0, -1) == []
    assert [each["id"] for each in (await privacy.export(other, **OPERATOR)).messages] == [theirs]


async def test_whoever_only_left_a_message_is_known_too(
    privacy: Privacy, messages: LeftMessages, redis: Redis, pool: str
) -> None:
    await left_message(messages, "c-writer")
    assert len((await privacy.export("c-writer", **OPERATOR)).messages) == 1
    assert await privacy.erase("c-writer", **OPERATOR) == 0
    assert "c-writer" not in await everything(redis, pool)


async def test_a_record_that_cannot_be_read_stops_nobody_elses_export_or_erasure(
    site: Site, lin: Account, privacy: Privacy, redis: Redis, pool: str
) -> None:
    customer, call = await caller(site, lin)
    other, other_call = await caller(site, lin)
    await redis.hset(Keys(pool).record(other_call), "v", "99")
    assert [record.call for record in (await privacy.export(customer, **OPERATOR)).records] == [call]
    with pytest.raises(RecordUnreadable):
        await privacy.export(other, **OPERATOR)
    assert await privacy.erase(customer, **OPERATOR) == 1
    assert await privacy.erase(other, **OPERATOR) == 1, "what cannot be read can be erased"


async def test_a_guest_who_was_erased_is_somebody_else_with_the_same_cookie(
    site: Site, privacy: Privacy, redis: Redis, pool: str
) -> None:
    customers = site.services.customers
    cookie, guest = await customers.admit(None, address="192.0.2.7")
    assert (await customers.admit(cookie, address="192.0.2.7"))[1] == guest, "the control"
    await come_in(site.store, guest.person)
    await privacy.erase(guest.person, **OPERATOR)
    assert await customers.of(cookie) is None
    fresh, again = await customers.admit(cookie, address="192.0.2.7")
    assert (fresh != cookie, again.person != guest.person) == (True, True)
    assert await customers.of(fresh) == again
    with pytest.raises(UnknownCustomer):
        await privacy.erase("c-nobody", **OPERATOR)
    marks = [name async for name in redis.scan_iter(match=f"{Keys(pool).root}:erased:*")]
    assert len(marks) == 1
    assert 0 < await redis.ttl(marks[0]) <= 86_400


async def test_a_resume_token_of_an_erased_customer_opens_nothing(
    site: Site, lin: Account, privacy: Privacy, redis: Redis, pool: str
) -> None:
    customer, _ = await caller(site, lin)
    root = Keys(pool).root
    await redis.set(f"{root}:resume_of:{customer}", "digest")
    await redis.set(f"{root}:resume:digest", json.dumps({"person": customer}))
    await privacy.erase(customer, **OPERATOR)
    assert not await redis.exists(f"{root}:resume:digest", f"{root}:resume_of:{customer}")


@pytest.mark.parametrize("live", [False, True], ids=["waiting", "live"])
async def test_nobody_is_erased_in_a_call_and_nothing_is_half_done(
    site: Site, lin: Account, privacy: Privacy, redis: Redis, pool: str, live: bool
) -> None:
    customer, call = await caller(site, lin)
    await come_in(site.store, customer)
    await site.store.join(customer, queue="main", needs=(), urgent=False, reason="", locale="zh-CN", entry="web")
    if live:
        await site.store.ready(lin.person)
        ringing = (await site.store.agent_view(lin.person, alive=())).reservation
        assert ringing is not None
        await site.store.accept(lin.person, ringing.call, ringing.epoch)
    before = await everything(redis, pool)
    with pytest.raises(CustomerInCall):
        await privacy.erase(customer, **OPERATOR)
    assert await everything(redis, pool) == before
    said = run("erase", customer, "--yes")
    assert said.exit_code == 1
    assert "This customer waits or is in a call now, and nothing was erased." in said.output
    assert (await Records(redis, pool=pool).get(call)).customer == customer

    view = await site.store.customer_view(customer, alive=())
    assert view.call
    await site.store.hang_up(customer, view.call)
    assert await privacy.erase(customer, **OPERATOR) == 2


@pytest.mark.parametrize("name", ["", "lin", "a-1", "c-", "c-*", "c-a b", "c-" + "x" * 79, "{main}:accounts", "c-\n"])
async def test_what_is_no_customers_id_is_refused_before_anything_is_read(privacy: Privacy, name: str) -> None:
    for act in (privacy.export, privacy.erase):
        with pytest.raises(NoCustomer):
            await act(name, **OPERATOR)


def run(*arguments: str, said: str | None = None) -> Result:
    """Run the command as a process would: in a thread of its own, because it has an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(CliRunner().invoke, cli_privacy.app, arguments, input=said).result()


async def test_the_command_shows_asks_and_erases(site: Site, lin: Account, redis: Redis, pool: str) -> None:
    customer, call = await caller(site, lin)
    shown = run("export", customer)
    assert shown.exit_code == 0, shown.output
    assert [record["call"] for record in json.loads(shown.stdout)["records"]] == [call]

    assert run("erase", customer, said="n\n").exit_code == 1
    assert (await Records(redis, pool=pool).get(call)).customer == customer

    done = run("erase", customer, "--yes")
    assert done.exit_code == 0, done.output
    assert "1 records of calls stay without a customer" in done.output
    again = run("erase", customer, "--yes")
    assert again.exit_code == 1
    assert "Nothing is stored of this customer." in again.output
