"""Changing the data keys while the service runs: everything is sealed anew, nothing is lost, and the old key can go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from signaling.identity_types import Identity
from tests.launching import KEYS as LAUNCH_KEYS
from tests.launching import launch_token
from tests.support.desk import Desk
from tests.valkey_server import RealValkey
from video_service import cli_data_keys, redis_client
from video_service.accounts import Accounts, Role
from video_service.cipher import Cipher, Unreadable, add_key, keys_in, make_keys, new_key
from video_service.clock import SystemClock
from video_service.customers import Customers
from video_service.data_keys import Canaries
from video_service.data_keys_renewal import Renewal
from video_service.passwords import PasswordCost, Passwords
from video_service.rate_limit import RateLimits

pytestmark = pytest.mark.integration

OLD, NEW = new_key(), new_key()
SECRET = "correct horse battery"


class Kept:
    """What a service with certain data keys keeps of people: it writes something of each kind, and reads it again."""

    def __init__(self, redis: Redis, pool: str, passwords: Passwords) -> None:
        self.redis, self.pool, self.passwords = redis, pool, passwords
        self.resume = self.cookie = self.call = ""

    def accounts(self, cipher: Cipher) -> Accounts:
        return Accounts(self.redis, pool=self.pool, passwords=self.passwords, clock=SystemClock(), cipher=cipher)

    def customers(self, cipher: Cipher) -> Customers:
        return Customers(
            self.redis,
            pool=self.pool,
            clock=SystemClock(),
            rates=RateLimits(self.redis, pool=self.pool, cipher=cipher),
            cipher=cipher,
            launch_keys=LAUNCH_KEYS,
            guests_allowed=False,
        )

    def desk(self, cipher: Cipher) -> Desk:
        desk = Desk(self.redis, self.pool)
        desk.store.cipher = cipher
        return desk

    def renewal(self, *keys: str) -> Renewal:
        cipher = Cipher(keys)
        return Renewal(self.redis, pool=self.pool, cipher=cipher, accounts=self.accounts(cipher))

    async def write(self, *keys: str) -> None:
        cipher = Cipher(keys)
        await Canaries(self.redis, pool=self.pool, cipher=cipher).check()
        for name in ("lin", "wang"):
            await self.accounts(cipher).add(name, role=Role.AGENT, display_name=name.upper(), password=SECRET)
        self.cookie, _ = await self.customers(cipher).enter(launch_token(context="order 17"), framed=False, address="")
        desk = self.desk(cipher)
        await desk.agent("a1")
        await desk.connect(Identity(person="c1", role="customer"))
        self.call = await desk.store.join(
            "c1", queue="main", needs=(), urgent=False, reason="", locale="", context="order 17"
        )
        await desk.store.note("c1", "my flight was cancelled")
        view = await desk.store.agent_view("a1", alive=())
        assert view.reservation is not None
        await desk.store.accept("a1", self.call, view.reservation.epoch)
        for text in ("gate 4", "by noon"):
            await desk.store.say("c1", self.call, text)
        self.resume = await desk.store.issue_resume(Identity(person="c1", role="customer", context="order 17"))

    async def is_read_with(self, *keys: str) -> None:
        cipher = Cipher(keys)
        accounts = self.accounts(cipher)
        lin = await accounts.get("lin")
        assert lin is not None
        assert (await accounts.of_person(lin.person), lin.display_name) == (lin, "LIN")
        assert (await accounts.sign_in("wang", SECRET)).display_name == "WANG"
        assert [account.name for account in await accounts.all()] == ["lin", "wang"]
        customer = await self.customers(cipher).of(self.cookie)
        assert customer is not None
        assert customer.context == "order 17"
        desk = self.desk(cipher)
        view = (await desk.store.agent_view("a1", alive=())).call
        assert view is not None
        assert (view.note, view.about.context) == ("my flight was cancelled", "order 17")
        assert (await desk.store.customer_view("c1", alive=())).agent_name == "A1"
        assert [agent.name for agent in (await desk.store.coordinator_view()).agents] == ["A1"]
        assert [line.text for line in await desk.store.texts("c1", self.call, 0)] == ["gate 4", "by noon"]


@pytest.fixture
async def kept(redis: Redis, pool: str) -> AsyncIterator[Kept]:
    passwords = Passwords(PasswordCost(time_cost=1, memory_kib=8, parallelism=1))
    yield Kept(redis, pool, passwords)
    passwords.close()


async def test_all_is_read_under_two_keys_and_after_renewal_under_the_new_one_alone(kept: Kept) -> None:
    await kept.write(OLD)
    await kept.is_read_with(OLD)
    await kept.is_read_with(NEW, OLD)
    renewal = kept.renewal(NEW, OLD)
    before = await renewal.left()
    new, old = Cipher([NEW, OLD]).names
    assert (before[new], before[old]) == (0, before.total())
    assert before.total() >= 14, "names, contexts, a note, two lines, a token"
    assert await renewal.renew() > 0
    assert await renewal.renew() == 0
    # The canary of the old key stays until it is said that the key may go.
    assert await renewal.left() == {new: before.total()}
    await kept.is_read_with(NEW)
    assert (await kept.desk(Cipher([NEW])).store.redeem_resume(kept.resume)).context == "order 17"
    with pytest.raises(Unreadable):
        await kept.accounts(Cipher([OLD])).all()


async def test_lifetimes_stay(kept: Kept) -> None:
    await kept.write(OLD)

    async def lifetimes() -> dict[bytes, int]:
        found = [key async for key in kept.redis.scan_iter(match=f"{{{kept.pool}}}:*")]
        keys = [key for key in found if b":limit:" not in key]  # holds nothing sealed, and is gone after three seconds
        return {key: await kept.redis.expiretime(key) for key in keys}

    before = await lifetimes()
    await kept.renewal(NEW, OLD).renew()
    assert await lifetimes() == before
    assert sum(end > 0 for end in before.values()) >= 3


async def test_a_renewal_that_is_ended_anywhere_leaves_all_readable_and_can_go_on(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kept.write(OLD)
    swap, seal_at = Renewal._swap, Accounts._seal_at
    left = 0

    def until_killed(act: Callable[..., Any]) -> Callable[..., Any]:
        async def killed_in_time(*arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            return await act(*arguments)

        return killed_in_time

    monkeypatch.setattr(Renewal, "_swap", until_killed(swap))
    monkeypatch.setattr(Accounts, "_seal_at", until_killed(seal_at))
    new = Cipher([NEW]).names[0]
    done = []
    for left in (1, 3, 4):  # noqa: B007 - each run starts with this many acts to live
        try:
            await kept.renewal(NEW, OLD).renew()
        except KeyboardInterrupt:
            await kept.is_read_with(NEW, OLD)
        done.append((await kept.renewal(NEW, OLD).left())[new])
    assert 0 < done[0] < done[1] < done[2], "each goes on where the one before ended"
    left = 1_000
    await kept.renewal(NEW, OLD).renew()
    await kept.is_read_with(NEW)


async def test_what_is_written_meanwhile_stays(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    await kept.write(OLD)
    swap = Renewal._swap
    busy = kept.desk(Cipher([NEW, OLD]))

    async def late(renewal: Renewal, value: Any, new: str) -> int:
        if value.where == "note":
            await busy.store.note("c1", "it goes at nine")
        if value.key.endswith(f"texts:{kept.call}") and await kept.redis.llen(value.key) == 2:
            await kept.redis.lpop(value.key)  # the list is bounded: its first line goes
        return await swap(renewal, value, new)

    monkeypatch.setattr(Renewal, "_swap", late)
    await kept.renewal(NEW, OLD).renew()
    desk = kept.desk(Cipher([NEW]))
    view = (await desk.store.agent_view("a1", alive=())).call
    assert view is not None
    assert view.note == "it goes at nine"
    lines: list[Any] = await kept.redis.lrange(f"{{{kept.pool}}}:texts:{kept.call}", 0, -1)
    assert [Cipher([NEW]).open(msgspec.json.decode(line)["text"]) for line in lines] == ["by noon"]


async def test_what_no_key_opens_is_counted_and_left(kept: Kept) -> None:
    await kept.write(OLD)
    alien = Cipher([new_key()]).seal("theirs")
    await kept.redis.hset(f"{{{kept.pool}}}:call:{kept.call}", "note", alien)
    renewal = kept.renewal(NEW, OLD)
    await renewal.renew()
    assert (await renewal.left())[""] == 1
    assert await kept.redis.hget(f"{{{kept.pool}}}:call:{kept.call}", "note") == alien.encode()


def command(*arguments: str) -> Result:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(CliRunner().invoke, cli_data_keys.app, arguments).result()


async def test_the_commands_from_one_key_to_the_next(
    kept: Kept, valkey_server: Callable[..., RealValkey], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = valkey_server()
    kept.redis = Redis.from_url(server.url)
    monkeypatch.setenv("REDIS_URL", server.url)
    monkeypatch.setenv("VIDEO_SERVICE_POOL", kept.pool)
    try:
        await kept.write(OLD)
        monkeypatch.setenv("VIDEO_SERVICE_DATA_KEYS", f"{NEW},{OLD}")
        early = command("renew")
        assert (early.exit_code, "start it first" in early.stderr) == (1, True), "running nodes could read nothing more"
        await Canaries(kept.redis, pool=kept.pool, cipher=Cipher([NEW, OLD])).check()  # as every start does
        counted = msgspec.json.decode(command("status", "--json").stdout)
        new, old = Cipher([NEW, OLD]).names
        assert (counted["newest"], counted["texts"][new]) == (new, 1), "its canary"
        assert counted["texts"][old] > 10
        renewed = command("renew")
        assert renewed.exit_code == 0, renewed.output
        assert "it may be dropped" in renewed.stdout
        monkeypatch.setenv("VIDEO_SERVICE_DATA_KEYS", NEW)
        assert list(msgspec.json.decode(command("status", "--json").stdout)["texts"]) == [new]
        assert "newest" in command("status").stdout
        assert command("renew").stdout.startswith("Encrypted 0 values")
        await kept.is_read_with(NEW)
        monkeypatch.setenv("VIDEO_SERVICE_DATA_KEYS", OLD)
        refused = command("status")
        assert (refused.exit_code, "not all here" in refused.stderr) == (1, True)
    finally:
        await kept.redis.aclose()


def test_a_new_key_is_printed_or_put_first_into_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = command("new").stdout.strip()
    assert len(Cipher([printed]).names) == 1
    assert command("new", "--add").exit_code == 1, "the setting counts, not a file"
    monkeypatch.delenv("VIDEO_SERVICE_DATA_KEYS")
    assert "first start" in command("new", "--add", "--data", str(tmp_path)).stderr
    path = tmp_path / "data_keys"
    make_keys(path)
    first = keys_in(path)
    added = command("new", "--add", "--data", str(tmp_path))
    assert added.exit_code == 0
    assert keys_in(path)[1:] == first
    assert not any(key in added.output for key in keys_in(path))
    add_key(path)
    assert (len(keys_in(path)), path.stat().st_mode & 0o777) == (3, 0o600)
    assert [file.name for file in tmp_path.iterdir()] == ["data_keys"]


async def test_what_is_no_text_is_left_as_it_is(kept: Kept, valkey: RealValkey) -> None:
    await kept.write(OLD)
    bits, name = bytes(range(256)), f"{{{kept.pool}}}:open_time:1"
    await kept.redis.set(name, bits)
    decoding = redis_client.hot(valkey.url)
    cipher = Cipher((NEW, OLD))
    renewal = Renewal(decoding, pool=kept.pool, cipher=cipher, accounts=kept.accounts(cipher))
    assert await renewal.renew() > 0
    assert await kept.redis.get(name) == bits
    await decoding.aclose()
