"""Sealing everything anew under the newest data key, while the service runs.

It needs no list of what is sealed where: it looks through every string, hash and list of a pool for sealed texts, a
batch at a time, and puts each one back in one step if it is still what was read. So it may be ended at any moment and
run again, and nothing that the service writes meanwhile is lost. Accounts are found by a digest and move with it; they
seal themselves anew.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

from redis.asyncio import Redis

from video_service.accounts import Accounts
from video_service.cipher import SEALED_START, Cipher
from video_service.keys import Keys
from video_service.redis_client import raw, text_of

BATCH = 200
PASSES = 3
"""Of the whole store; what is written by somebody with the old key during one pass is met by the next."""

_SWAP = Path(__file__).with_name("scripts") / "swap_sealed.lua"
# The shortest has 73 bytes: version, time, vector, one block, and the code that authenticates them.
_SEALED = re.compile(SEALED_START + r"[A-Za-z0-9_-]{91,}={0,2}")


class Value(NamedTuple):
    """One stored value: the key it is in, the key's type, the field or index there, and its text."""

    key: str
    kind: str
    where: str
    text: str


class Renewal:
    """Renews what one pool has sealed."""

    def __init__(self, redis: Redis, *, pool: str, cipher: Cipher, accounts: Accounts) -> None:
        self._redis = redis
        self._root = Keys(pool).root
        self._cipher = cipher
        self._accounts = accounts
        self._swap_script = redis.register_script(_SWAP.read_text(encoding="utf-8"))

    async def left(self) -> Counter[str]:
        """Return how many sealed texts there are by the name of their key; "" are those that no key here opens."""
        found: Counter[str] = Counter()
        async for value in self._values():
            found.update(self._cipher.sealed_by(sealed) for sealed in _SEALED.findall(value.text))
        return found

    async def renew(self) -> int:
        """Seal everything anew that is not under the newest key; return how many values changed.

        What no key opens stays as it is, and is counted by `left`.

        Raises:
            Unreadable: an account cannot be opened.
        """
        changed = 0
        for _ in range(PASSES):
            before = changed
            changed += await self._accounts.renew()
            async for value in self._values():
                # Accounts only move as a whole: renewed where they stand, they would be found by the old key alone.
                if value.key != f"{self._root}:accounts":
                    changed += await self._renew_value(value)
            if changed == before:
                break
        return changed

    async def _renew_value(self, value: Value) -> int:
        new = _SEALED.sub(self._renewed, value.text)
        return await self._swap(value, new) if new != value.text else 0

    def _renewed(self, found: re.Match[str]) -> str:
        by = self._cipher.sealed_by(found[0])
        return found[0] if by in ("", self._cipher.names[0]) else self._cipher.renew(found[0])

    async def _swap(self, value: Value, new: str) -> int:
        return int(await self._swap_script(keys=[value.key], args=[value.kind, value.where, value.text, new]))

    async def _values(self) -> AsyncIterator[Value]:
        """Yield every value in which something sealed can be."""
        cursor: Any = None
        while cursor != 0:
            cursor, keys = await self._redis.scan(cursor or 0, match=f"{self._root}:*", count=BATCH)
            async with self._redis.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.type(key)
                kinds = await pipe.execute()
            for key, kind in zip(map(text_of, keys), map(text_of, kinds), strict=True):
                async for value in self._values_of(key, kind):
                    if SEALED_START in value.text:
                        yield value

    async def _values_of(self, key: str, kind: str) -> AsyncIterator[Value]:
        if kind == "string":
            found: bytes | None = await raw(self._redis, "GET", key)
            if found is not None:
                # Bits and packed data are no text and hold nothing sealed.
                yield Value(key, kind, "", found.decode(errors="replace"))
        elif kind == "hash":
            async for field, value in self._redis.hscan_iter(key, count=BATCH):
                yield Value(key, kind, text_of(field), text_of(value))
        elif kind == "list":
            start = 0
            while lines := await self._redis.lrange(key, start, start + BATCH - 1):
                for index, line in enumerate(lines, start):
                    yield Value(key, kind, str(index), text_of(line))
                start += len(lines)
