"""Limits that any number of web nodes keep together, in a real Valkey."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib

import pytest
from redis.asyncio import Redis

from tests.data_keys import CIPHER
from video_service.cipher import Cipher, new_key
from video_service.rate_limit import Limit, RateLimits, TooMany, address_subject

pytestmark = pytest.mark.integration

SLOW = Limit(name="slow", burst=3, window_s=3_000)
STRICT = Limit(name="strict", burst=1, window_s=3_000)
LOCKING = Limit(name="locking", burst=2, window_s=600, lockout_s=60_000)


@pytest.fixture
def rates(redis: Redis, pool: str) -> RateLimits:
    return RateLimits(redis, pool=pool, cipher=CIPHER)


async def _passes(rates: RateLimits, *claims: tuple[Limit, str]) -> bool:
    try:
        await rates.take(*claims)
    except TooMany:
        return False
    return True


async def test_a_burst_passes_and_then_one_for_each_part_of_the_window(rates: RateLimits) -> None:
    assert [await _passes(rates, (SLOW, "a")) for _ in range(4)] == [True, True, True, False]
    with pytest.raises(TooMany) as refused:
        await rates.take((SLOW, "a"))
    assert 900 <= int(str(refused.value.data["retry_after_s"])) <= 1_000
    assert refused.value.retryable
    assert await _passes(rates, (SLOW, "b")), "another's limit is another's"


async def test_time_pays_it_off(rates: RateLimits) -> None:
    quick = Limit(name="quick", burst=2, window_s=0.2)
    await rates.take((quick, "a"))
    async with asyncio.timeout(30):
        for _ in range(4):
            while not await _passes(rates, (quick, "a")):
                await asyncio.sleep(0.01)


async def test_any_number_of_nodes_count_as_one(redis: Redis, pool: str) -> None:
    nodes = [RateLimits(redis, pool=pool, cipher=CIPHER) for _ in range(4)]
    answers = await asyncio.gather(*(_passes(node, (SLOW, "a")) for node in nodes for _ in range(5)))
    assert sum(answers) == 3


async def test_a_refusal_by_one_limit_counts_against_none(rates: RateLimits) -> None:
    await rates.take((STRICT, "a"))
    for _ in range(5):
        assert not await _passes(rates, (SLOW, "a"), (STRICT, "a"))
    assert [await _passes(rates, (SLOW, "a")) for _ in range(4)] == [True, True, True, False]


async def test_who_goes_on_after_too_many_is_locked_out_and_trying_does_not_make_it_longer(rates: RateLimits) -> None:
    for _ in range(2):
        await rates.take((LOCKING, "a"))
    waits = []
    for _ in range(3):
        with pytest.raises(TooMany) as refused:
            await rates.take((LOCKING, "a"))
        waits.append(int(str(refused.value.data["retry_after_s"])))
    assert 59_900 <= waits[0] <= 60_000, "much longer than the window"
    assert waits == sorted(waits, reverse=True)


async def test_a_lock_out_ends(rates: RateLimits) -> None:
    short = Limit(name="short", burst=1, window_s=600, lockout_s=0.2)
    await rates.take((short, "a"))
    assert not await _passes(rates, (short, "a"))
    async with asyncio.timeout(30):
        while not await _passes(rates, (short, "a")):
            await asyncio.sleep(0.02)


async def test_what_is_forgotten_begins_anew(rates: RateLimits) -> None:
    for _ in range(2):
        with contextlib.suppress(TooMany):
            await rates.take((STRICT, "a"))
    await rates.forget((STRICT, "a"), (SLOW, "never seen"))
    assert await _passes(rates, (STRICT, "a"))


async def test_keys_end_and_name_nobody(rates: RateLimits, redis: Redis, pool: str) -> None:
    await rates.take((SLOW, "lin|192.0.2.7"), (LOCKING, "lin"))
    async for key in redis.scan_iter(match=f"{{{pool}}}:*"):
        assert await redis.pttl(key) > 0
        assert b"lin" not in key.split(b":")[-1]


async def test_nobody_finds_an_address_in_the_keys_without_the_data_keys(redis: Redis, pool: str) -> None:
    address = "192.0.2.7"
    await RateLimits(redis, pool=pool, cipher=CIPHER).take((SLOW, address))
    await RateLimits(redis, pool=pool, cipher=Cipher([new_key()])).take((SLOW, address))
    found = [key.decode().rpartition(":")[2] async for key in redis.scan_iter(match=f"{{{pool}}}:*")]
    assert len(found) == 2, "another key, another name"
    plain = {hash_(address.encode()).hexdigest() for hash_ in (hashlib.sha256, hashlib.sha1, hashlib.md5)}
    assert not any(digest.startswith(name) for digest in plain for name in found)


async def test_a_subject_that_is_no_text_counts_too(rates: RateLimits) -> None:
    assert [await _passes(rates, (STRICT, "\ud800")) for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("<local>", "<local>"),
    ],
)
def test_one_household_is_one_place(address: str, subject: str) -> None:
    assert address_subject(address) == subject
