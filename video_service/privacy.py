"""What is stored of one customer: shown to whom it concerns, and taken out for good.

A customer is a pseudonymous id, as it stands on records. Sums of intervals name nobody and stay as they are; a record
that was erased stays too, as facts of nobody, so that planning goes on.

Source: GDPR articles 15 and 17; China's PIPL articles 45 and 47.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from redis.asyncio import Redis

from video_service.audit import Audit
from video_service.block_list import BlockList
from video_service.callbacks import end_callback, export_callback
from video_service.cipher import Cipher
from video_service.clock import SystemClock
from video_service.customers import SESSION_TTL_S
from video_service.errors import ServiceError
from video_service.keep_place import erase_place
from video_service.keys import Keys
from video_service.left_messages import LeftMessages
from video_service.promises import erase_call_back
from video_service.rate_limit import RateLimits
from video_service.records import BATCH, Records, SessionRecord
from video_service.redis_client import text_of
from video_service.video_messages import VideoMessages
from video_service.web_push_store import WebPush
from video_service.webhook_outbox import Outbox

SHOWN_OF_BLOCK = ("since_ms", "until_ms", "reason", "call")
_SCRIPTS = Path(__file__).parent / "scripts"
_CUSTOMER = re.compile(r"c-[A-Za-z0-9_-]{1,78}")


class NoCustomer(ServiceError):
    """That is no customer's id: such an id begins with c- and stands on the record of a call."""

    code: ClassVar[str] = "no_customer"


class UnknownCustomer(ServiceError):
    """Nothing is stored of this customer."""

    code: ClassVar[str] = "unknown_customer"


class CustomerInCall(ServiceError):
    """This customer waits or is in a call now, and nothing was erased. Erase again when the call is over."""

    code: ClassVar[str] = "customer_in_call"
    retryable: ClassVar[bool] = True


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """All that is stored of a customer, in a form that can be handed over.

    `person`: facts of the page that is open or was open lately. `sessions`: what a host application said. `texts`: the
    lines of calls of the last minutes, `matters`: what the customer or the host said of a call that is not over yet,
    `notes`: what agents noted, each by call. `messages`: what was left when nobody
    could take the call. `callback`: what the customer has booked.
    `videos`: signed messages, each film as `mp4` in Base64.
    `pushes`: where the customer's browser takes push messages.
    `to_be_told`: what the host application is not told yet.
    `block`: that this customer may not call for a while, and why. `looks`: when somebody looked at
    these data, and in which role.
    """

    customer: str
    person: dict[str, str]
    sessions: tuple[dict[str, Any], ...]
    records: tuple[SessionRecord, ...]
    texts: dict[str, tuple[dict[str, Any], ...]]
    matters: dict[str, dict[str, str]]
    notes: dict[str, str]
    messages: tuple[dict[str, Any], ...]
    videos: tuple[dict[str, Any], ...] = ()
    pushes: tuple[dict[str, Any], ...] = ()
    callback: dict[str, Any] | None = None
    to_be_told: tuple[dict[str, Any], ...] = ()
    block: dict[str, Any] | None
    looks: tuple[dict[str, Any], ...]


class Privacy:
    """The stored data of one pool, by customer."""

    def __init__(
        self,
        redis: Redis,
        *,
        pool: str,
        audit: Audit,
        cipher: Cipher,
        messages: LeftMessages,
        videos: VideoMessages | None = None,
    ) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._root = self._keys.root
        self._cipher = cipher
        self._messages = messages
        self._videos = videos
        self._pushes = WebPush(
            redis,
            pool=pool,
            cipher=cipher,
            clock=SystemClock(),
            rates=RateLimits(redis, pool=pool, cipher=cipher),
            sender=None,
        )
        self._blocks = BlockList(redis, pool=pool, cipher=cipher, clock=SystemClock())
        self._records = Records(redis, pool=pool)
        self._outbox = Outbox(redis, pool=pool, cipher=cipher, clock=SystemClock())
        self._audit = audit
        self._erase_call = redis.register_script((_SCRIPTS / "erase_call.lua").read_text(encoding="utf-8"))
        self._erase_person = redis.register_script((_SCRIPTS / "erase_person.lua").read_text(encoding="utf-8"))

    async def export(self, customer: str, *, who: str, role: str) -> Known:
        """Return all that is stored of a customer. The look is noted in the audit log first.

        Raises:
            NoCustomer, UnknownCustomer: there is nothing to show.
            RecordUnreadable, MessageUnreadable, AuditUnreadable: something stored of this customer, or of who looked,
                is of another schema version.
            Unreadable: a data key is missing.
        """
        _check(customer)
        await self._audit.note(who=who, role=role, what="privacy_export", about=customer)
        person = await self._redis.hgetall(self._key("person", customer))
        records = tuple([await self._records.get(call) for call in await self._calls_of(customer)])
        sessions = [self._opened(msgspec.json.decode(raw), "context") for _, raw in await self._sessions_of(customer)]
        messages = await self._messages.export_of(customer)
        # The export itself is no reason to call somebody known.
        block = await self._blocks.get(customer)
        callback = await export_callback(self._redis, self._keys, self._cipher, customer)
        videos = await self._videos.export_of(customer) if self._videos else ()
        pushes = await self._pushes.export_of(customer)
        if not (person or records or sessions or messages or videos or block or callback or pushes):
            raise UnknownCustomer
        about = {customer, *(record.call for record in records), *(message["id"] for message in messages)}
        return Known(
            customer=customer,
            # Which socket and node carried the page is the service's own business, and of no use to anybody else.
            person=self._opened(
                {
                    text_of(name): text_of(value)
                    for name, value in person.items()
                    if text_of(name) not in ("socket", "node")
                },
                "name",
            ),
            sessions=tuple(sessions),
            records=records,
            texts={record.call: lines for record in records if (lines := await self._texts_of(record.call))},
            matters={record.call: said for record in records if (said := await self._matter_of(record.call))},
            notes={record.call: note for record in records if (note := await self._note_of(record.call))},
            messages=messages,
            videos=videos,
            pushes=pushes,
            callback=callback,
            to_be_told=await self._outbox.export_of(customer),
            block=None if block is None else {name: getattr(block, name) for name in SHOWN_OF_BLOCK},
            looks=tuple(
                [
                    {"at_ms": look.at_ms, "role": look.role, "what": look.what, "about": look.about}
                    async for look in self._audit.each()
                    if look.about in about
                ]
            ),
        )

    async def erase(self, customer: str, *, who: str, role: str) -> int:
        """Take a customer out of everything that is stored, and return of how many records.

        The audit log keeps that it was done. An open page is closed and begins anew, and the cookie of a guest with it:
        whoever comes again is somebody else. Only a host application that sends the same name in a token again gets
        the same id again, with nothing known of before.

        Raises:
            NoCustomer, UnknownCustomer: there is nothing to erase.
            CustomerInCall: not now.
        """
        _check(customer)
        calls = await self._calls_of(customer)
        sessions = [name for name, _ in await self._sessions_of(customer)]
        found = await self._erase_person(
            keys=[
                self._key("person", customer),
                self._key("resume_of", customer),
                f"{self._root}:presence",
                f"{self._root}:wakes",
            ],
            args=[f"{self._root}:call:", f"{self._root}:resume:", customer],
        )
        if found == -1:
            raise CustomerInCall
        await self._redis.set(self._keys.erased(customer), "1", ex=SESSION_TTL_S)
        await erase_place(self._redis, self._keys, customer)
        callback = await end_callback(self._redis, self._keys, customer)
        await self._outbox.erase_of(customer)
        pushes = await self._pushes.forget(customer)
        messages = await self._messages.erase_of(customer)
        messages += await self._videos.erase_of(customer) if self._videos else 0
        blocked = await self._blocks.get(customer)
        await self._blocks.remove(customer)
        if not (found or calls or sessions or messages or blocked or callback or pushes):
            await self._redis.delete(self._keys.erased(customer))
            raise UnknownCustomer
        erased = 0
        for call in calls:
            keys = [self._key(name, call) for name in ("record", "call", "texts", "call_note", "photos")]
            keys += [self._keys.follow_ups, self._keys.messages("done"), self._keys.urgent_matters]
            keys += [self._keys.promise_care, f"{self._root}:deadlines"]
            erased += await self._erase_call(keys=keys, args=[customer, call, self._keys.promises_of("")])
        await erase_call_back(self._redis, self._keys, customer)
        await self._redis.delete(self._key("calls_of", customer), *sessions)
        await self._audit.note(who=who, role=role, what="privacy_erase", about=customer)
        return erased

    async def _calls_of(self, customer: str) -> list[str]:
        """Return the calls of a customer, oldest first, by their records alone: another's may not even be readable."""
        found: list[tuple[float, str]] = []
        start = 0
        while True:
            pairs: Any = await self._redis.zrange(self._keys.records, start, start + BATCH - 1, withscores=True)
            if not pairs:
                return [call for _, call in sorted(found)]
            async with self._redis.pipeline(transaction=False) as pipe:
                for call, _ in pairs:
                    pipe.hget(self._keys.record(text_of(call)), "customer")
                owners = await pipe.execute()
            found += [
                (at, text_of(call))
                for (call, at), owner in zip(pairs, owners, strict=True)
                if owner is not None and text_of(owner) == customer
            ]
            start += len(pairs)

    async def _sessions_of(self, customer: str) -> list[tuple[str, bytes]]:
        found = []
        async for name in self._redis.scan_iter(match=f"{self._root}:customer:*", count=1000):
            raw = await self._redis.get(name)
            if raw is not None and msgspec.json.decode(raw).get("person") == customer:
                found.append((text_of(name), raw if isinstance(raw, bytes) else raw.encode()))
        return found

    async def _texts_of(self, call: str) -> tuple[dict[str, Any], ...]:
        lines: list[Any] = await self._redis.lrange(self._key("texts", call), 0, -1)
        return tuple(self._opened(msgspec.json.decode(line), "text") for line in lines)

    async def _matter_of(self, call: str) -> dict[str, str]:
        said: list[Any] = await self._redis.hmget(self._key("call", call), ["note", "context", "handover"])
        opened = (self._cipher.open_or_plain(text_of(each or "")) for each in said)
        return {name: text for name, text in zip(("note", "context", "handover"), opened, strict=True) if text}

    async def _note_of(self, call: str) -> str:
        return self._cipher.open_or_plain(text_of(await self._redis.get(self._keys.call_note(call)) or ""))

    def _opened(self, row: dict[str, Any], field: str) -> dict[str, Any]:
        return {**row, field: self._cipher.open_or_plain(row[field])} if field in row else row

    def _key(self, name: str, part: str) -> str:
        return f"{self._root}:{name}:{part}"


def _check(customer: str) -> None:
    if _CUSTOMER.fullmatch(customer) is None:
        raise NoCustomer
