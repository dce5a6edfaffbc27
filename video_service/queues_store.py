"""The queues of a pool, in Redis: one hash each, and the set of their names.

Signalling's scripts read from the hash what they need: `needs`, and the targets (`target_<class>`, `share_<class>`,
`proposal_ms`, `solution_ms`), which are absent where the house's hold.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec
import structlog
from redis.asyncio import Redis

from video_service import opening_hours, queues
from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.opening_hours import Hours
from video_service.opening_hours_store import OpeningHours
from video_service.queue_names import MAIN, check_name
from video_service.queues import MOST_QUEUES, House, QueueRules, QueueThere, TooManyQueues, UnknownQueueName
from video_service.redis_client import text_of
from video_service.skill_words import needs_text

log = structlog.get_logger(__name__)

_SCRIPTS = Path(__file__).parent / "scripts"

Expect = Literal["new", "old", "any"]


class QueueUnreadable(ServiceError):
    """A queue has a schema version that this program cannot read."""

    code: ClassVar[str] = "schema_unknown"


class QueueBook:
    """The queues of one pool. `line`: the hours of the main queue, and of each that has none of its own."""

    def __init__(
        self, redis: Redis, *, pool: str, clock: Clock, line: OpeningHours, house: House | None = None
    ) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._clock = clock
        self._line = line
        self.house = house or House()
        self._keep, self._drop = (
            redis.register_script((_SCRIPTS / f"queue_{name}.lua").read_text(encoding="utf-8"))
            for name in ("keep", "drop")
        )
        self._last: dict[str, tuple[bytes | str, QueueRules]] = {}

    async def find(self, name: str) -> QueueRules | None:
        """Return a queue, None when there is none of this name; the main one is always there.

        Raises:
            QueueUnreadable: of another schema version.
        """
        version, rules = await self._redis.hmget(self._keys.queue(name), ["v", "rules"])
        if version is None or rules is None:
            return QueueRules() if name == MAIN else None
        if not readable(int(version)):
            raise QueueUnreadable
        # Every view of a customer asks, and queues change once in a month.
        last = self._last.get(name)
        if last is None or last[0] != rules:
            found = msgspec.json.decode(rules, type=QueueRules)
            if found.hours is not None:
                await asyncio.to_thread(opening_hours.warm, found.hours)
            self._last[name] = last = (rules, found)
        return last[1]

    async def get(self, name: str) -> QueueRules:
        """Return a queue.

        Raises:
            UnknownQueueName: there is none of this name.
        """
        found = await self.find(name)
        if found is None:
            raise UnknownQueueName
        return found

    async def all(self) -> dict[str, QueueRules]:
        """Return every queue by name, the main one first, the others in the order of their names."""
        names = {text_of(name) for name in await self._redis.smembers(self._keys.queues)} - {MAIN}
        found = {name: await self.find(name) for name in (MAIN, *sorted(names))}
        return {name: rules for name, rules in found.items() if rules is not None}

    async def title(self, name: str) -> dict[str, str]:
        """Return what pages call a queue, by language; nothing while it is the only one."""
        names = {text_of(each) for each in await self._redis.smembers(self._keys.queues)} - {MAIN}
        rules = await self.find(name) if names else None
        return dict(msgspec.to_builtins(rules.title)) if rules is not None else {}

    async def topic_titles(self, name: str) -> dict[str, dict[str, str]]:
        """Return what a queue's topics are called: by label, then by language."""
        rules = await self.find(name)
        topics = rules.topics if rules is not None else ()
        return {each.topic: dict(msgspec.to_builtins(each.title)) for each in topics}

    async def last_topic(self, name: str, customer: str) -> str:
        """Return the topic of the customer's last call, "" when it was none that this queue has now."""
        rules = await self.find(name)
        if rules is None or not rules.topics or not customer:
            return ""
        calls: list[Any] = await self._redis.zrange(self._keys.calls_of(customer), 0, 0, desc=True)
        said = await self._redis.hget(self._keys.record(text_of(calls[0])), "topic") if calls else None
        found = rules.topic(text_of(said or ""))
        return found.topic if found is not None else ""

    async def known(self, name: str) -> str:
        """Return the queue into which somebody comes who was sent to `name`: the main one when that is gone or "".

        Whoever is stranded is not shut out because two companies' settings differ.
        """
        if name in ("", MAIN) or await self.find(name) is not None:
            return name or MAIN
        log.warning("queue_unknown", queue=name)
        return MAIN

    async def keep(self, name: str, rules: QueueRules, *, by: str, expect: Expect = "any") -> QueueRules:
        """Keep a queue as a whole. `by` is an account's id; `expect`: whether it is to be there already.

        Raises:
            BadQueueName: cannot be a queue's name.
            QueueThere, UnknownQueueName: it is there, or is not, against `expect`.
            TooManyQueues: there are `MOST_QUEUES` already.
        """
        check_name(name)
        if rules.hours is not None:
            past = rules.hours.without_past(self._clock.now_ms(), self._line.zone_info)
            rules = msgspec.structs.replace(rules, hours=past)
        row: dict[str, Any] = {
            "v": SCHEMA_VERSION,
            "rules": msgspec.json.encode(rules),
            "needs": needs_text(rules.asked),
            "since_ms": self._clock.now_ms(),
            "by": by,
            **queues.flat(rules),
        }
        fields = [part for pair in row.items() for part in pair]
        keys = [self._keys.queue(name), self._keys.queues]
        done = int(await self._keep(keys=keys, args=[name, expect, MOST_QUEUES, *fields]))
        if done == 0:
            raise QueueThere if expect == "new" else UnknownQueueName
        if done < 0:
            raise TooManyQueues
        return rules

    async def drop(self, name: str) -> None:
        """Remove a queue; no error when there is none. Calls that wait in it are served as they would have been.

        Raises:
            MainQueue: it is the main one.
        """
        if name == MAIN:
            raise queues.MainQueue
        await self._drop(keys=[self._keys.queue(name), self._keys.queues], args=[name])

    async def hours(self, name: str) -> Hours | None:
        """Return the hours of a queue: its own, else those of the line; None where shifts alone decide."""
        rules = await self.find(name)
        return rules.hours if rules is not None and rules.hours is not None else await self._line.get()

    async def closed(self, name: str) -> bool:
        """Return whether it is a time outside of the hours of a queue; without hours it never is."""
        hours = await self.hours(name)
        return hours is not None and not self._line.standing(hours).open_now
