"""Callbacks that customers book: kept sealed, one for each customer, none that the roster cannot serve.

A booking is a hash whose facts (whose, needs, language) are sealed; its times are plain, for the index goes by them.
What became of it follows from its state and the clock: nothing has to run at its time for it to be said as missed.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import msgspec
from redis.asyncio import Redis

from video_service import opening_hours
from video_service.accounts import Account, Role
from video_service.callback_slots import DAY_MS, CallbackRules, Needs, OnShift, can_serve, free_ms, starts
from video_service.cipher import Cipher
from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.keys import Keys, readable
from video_service.opening_hours_store import OpeningHours
from video_service.queues_store import QueueBook
from video_service.rate_limit import Limit, RateLimits, address_subject
from video_service.redis_client import text_of
from video_service.skill_words import all_skills

State = Literal["booked", "joined", "missed", "unserved"]
"""What became of a booking: to come, in the queue or served, not taken up by the customer, not kept by the service."""

HOUR_S = 3_600.0
KEPT_MS = DAY_MS  # after its time, so that the customer can be told what became of it
TRIES = 6
_SCRIPTS = Path(__file__).parent / "scripts"
_BY_CUSTOMER = Limit(name="callback", burst=12, window_s=HOUR_S)
_BY_ADDRESS = Limit(name="callback_address", burst=60, window_s=HOUR_S)
_NOT_KEPT = frozenset({"closed", "shutdown"})


class SlotTaken(ServiceError):
    """This time cannot be booked any more; choose another one."""

    code: ClassVar[str] = "slot_taken"


class NoCallbacks(ServiceError):
    """Callbacks are not booked here."""

    code: ClassVar[str] = "no_callbacks"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed of a booking. `needs`: what its agent must have; `queue`: by whose hours, "" for the line's."""

    customer: str
    queue: str = ""
    needs: Needs = ()
    sign_language: str = ""
    locale: str = ""
    consent: int = 0


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """A booked callback. It may be taken up from start_ms on, until end_ms."""

    callback: str
    start_ms: int
    end_ms: int
    state: State
    facts: Facts


class ShiftsOf(Protocol):
    """Where the roster is kept."""

    async def shifts(self, from_ms: int, to_ms: int) -> Sequence[OnShift]:
        """Return the shifts that overlap from_ms <= t < to_ms."""
        ...


class Callbacks:
    """The booked callbacks of one pool."""

    def __init__(
        self,
        redis: Redis,
        *,
        pool: str,
        cipher: Cipher,
        rates: RateLimits,
        clock: Clock,
        hours: OpeningHours,
        roster: ShiftsOf,
        accounts: Callable[[], Awaitable[list[Account]]],
        rules: CallbackRules,
        queues: QueueBook | None = None,
    ) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._cipher = cipher
        self._rates = rates
        self._clock = clock
        self._hours = hours
        self._queues = queues
        self._roster = roster
        self._accounts = accounts
        self.rules = rules
        self._book, self._end = (
            redis.register_script((_SCRIPTS / f"{name}.lua").read_text(encoding="utf-8"))
            for name in ("callback_book", "callback_end")
        )

    @property
    def offered(self) -> bool:
        """Whether callbacks are booked here."""
        return self.rules.slot_ms > 0

    async def slots(self, facts: Facts) -> tuple[int, ...]:
        """Return when slots begin that this customer could book (epoch milliseconds), in order.

        Of those whom somebody with the customer's own way of signing serves; of all, where nobody on the roster has it.
        """
        return (await self._slots(facts, await self.all()))[0]

    async def book(self, facts: Facts, start_ms: int, *, address: str) -> Booking:
        """Book a slot; an earlier booking of this customer goes.

        Raises:
            NoCallbacks: none are booked here.
            SlotTaken: it is none that can be served.
            TooMany: this customer, or this address, has booked too often.
        """
        if not self.offered:
            raise NoCallbacks
        await self._rates.take((_BY_CUSTOMER, facts.customer), (_BY_ADDRESS, address_subject(address)))
        for _ in range(TRIES):
            revision = text_of(await self._redis.get(self._keys.callbacks_rev) or "0")
            others = [each for each in await self.all() if each.facts.customer != facts.customer]
            found, needs = await self._slots(facts, others)
            if start_ms not in found:
                break
            booked = msgspec.structs.replace(facts, needs=needs)
            callback, end_ms = "b-" + secrets.token_urlsafe(15), start_ms + self.rules.slot_ms
            keys = [self._keys.callback(callback), self._keys.callbacks]
            keys += [self._keys.callback_of(facts.customer), self._keys.callbacks_rev]
            sealed = self._cipher.seal(msgspec.json.encode(booked).decode())
            words: list[str | int] = [
                revision,
                callback,
                start_ms,
                end_ms,
                end_ms + KEPT_MS - self._clock.now_ms(),
                self._keys.callback(""),
                sealed,
            ]
            if await self._book(keys=keys, args=words):
                return Booking(callback=callback, start_ms=start_ms, end_ms=end_ms, state="booked", facts=booked)
        raise SlotTaken

    async def of(self, customer: str) -> Booking | None:
        """Return a customer's booking, up to a day after its time; None without one."""
        callback = await self._redis.get(self._keys.callback_of(customer))
        return None if callback is None else await self._read(text_of(callback))

    async def cancel(self, customer: str) -> bool:
        """Take a customer's booking away, whatever became of it; return whether there was one."""
        return await end_callback(self._redis, self._keys, customer, self._end)

    async def refused(self, customer: str) -> None:
        """Note that a customer came at the booked time and found nobody to serve the call."""
        booking = await self.of(customer)
        if booking is not None and booking.state == "booked" and booking.start_ms <= self._clock.now_ms():
            await self._redis.hset(self._keys.callback(booking.callback), "state", "unserved")

    async def all(self) -> list[Booking]:
        """Return the bookings that stand, by their time."""
        now_ms = self._clock.now_ms()
        await self._redis.zremrangebyscore(self._keys.callbacks, "-inf", now_ms - DAY_MS)
        ids: list[Any] = await self._redis.zrange(self._keys.callbacks, 0, -1)
        found = [await self._read(text_of(each)) for each in ids]
        return [each for each in found if each is not None and each.state == "booked"]

    async def uncovered(self, bookings: Sequence[Booking]) -> frozenset[str]:
        """Return those of the bookings whose slot the roster, as it is now, cannot serve any more."""
        if not bookings:
            return frozenset()
        shifts, skills, _ = await self._roster_of(bookings[0].start_ms, bookings[-1].end_ms)
        bad: set[str] = set()
        for start_ms in {each.start_ms for each in bookings}:
            here = [each for each in bookings if each.start_ms == start_ms]
            free = free_ms(shifts, start_ms, here[0].end_ms)
            if not can_serve(free, skills, [each.facts.needs for each in here], self.rules):
                bad |= {each.callback for each in here}
        return frozenset(bad)

    async def _slots(self, facts: Facts, others: Sequence[Booking]) -> tuple[tuple[int, ...], Needs]:
        now_ms = self._clock.now_ms()
        until_ms = now_ms + (self.rules.callback_days_ahead + 1) * DAY_MS
        shifts, skills, opened = await self._roster_of(now_ms, until_ms, facts.queue)
        booked: dict[int, list[Needs]] = {}
        for each in others:
            booked.setdefault(each.start_ms, []).append(each.facts.needs)
        own = (*facts.needs, facts.sign_language) if facts.sign_language else facts.needs
        for needs in (own, facts.needs):
            found = starts(
                now_ms=now_ms,
                shifts=shifts,
                skills=skills,
                open_times=opened,
                booked=booked,
                needs=needs,
                rules=self.rules,
            )
            if found:
                return found, needs
        return (), facts.needs

    async def _roster_of(
        self, from_ms: int, to_ms: int, queue: str = ""
    ) -> tuple[Sequence[OnShift], dict[str, tuple[str, ...]], list[tuple[int, int]] | None]:
        shifts = await self._roster.shifts(from_ms, to_ms)
        agents = [each for each in await self._accounts() if each.role is Role.AGENT and not each.disabled]
        hours = await self._queues.hours(queue) if self._queues and queue else await self._hours.get()
        opened = None
        if hours is not None:
            opened = []
            for each in opening_hours.open_times(hours, from_ms, self._hours.zone_info):
                if each[0] > to_ms:
                    break
                opened.append(each)
        return shifts, {each.person: all_skills(each) for each in agents}, opened

    async def _read(self, callback: str) -> Booking | None:
        row = await self._redis.hgetall(self._keys.callback(callback))
        fields = {text_of(name): text_of(value) for name, value in row.items()}
        if not fields or not readable(int(fields["v"])):
            return None
        state: State = msgspec.convert(fields["state"], State)
        if state == "booked" and self._clock.now_ms() >= int(fields["end_ms"]):
            state = "missed"
        elif state == "joined" and await self._not_kept(fields["call"]):
            state = "unserved"
        return Booking(
            callback=callback,
            start_ms=int(fields["start_ms"]),
            end_ms=int(fields["end_ms"]),
            state=state,
            facts=msgspec.json.decode(self._cipher.open(fields["sealed"]), type=Facts),
        )

    async def _not_kept(self, call: str) -> bool:
        """Return whether the call of a booking ended because nobody was left who could take it."""
        answered, reason = await self._redis.hmget(self._keys.record(call), ["answered_ms", "ended_reason"])
        return text_of(answered or "0") == "0" and text_of(reason or "") in _NOT_KEPT


async def export_callback(redis: Redis, keys: Keys, cipher: Cipher, customer: str) -> dict[str, Any] | None:
    """Return what a customer has booked in a form that can be handed over, None without a booking."""
    callback = await redis.get(keys.callback_of(customer))
    row = {} if callback is None else await redis.hgetall(keys.callback(text_of(callback)))
    fields = {text_of(name): text_of(value) for name, value in row.items()}
    if not fields:
        return None
    facts: dict[str, Any] = msgspec.json.decode(cipher.open(fields["sealed"]))
    return {"start_ms": int(fields["start_ms"]), "state": fields["state"], **facts}


async def end_callback(redis: Redis, keys: Keys, customer: str, script: Any = None) -> bool:
    """Take a customer's booking out of the store; return whether there was one."""
    script = script or redis.register_script((_SCRIPTS / "callback_end.lua").read_text(encoding="utf-8"))
    names = [keys.callbacks, keys.callback_of(customer), keys.callbacks_rev]
    return bool(await script(keys=names, args=[keys.callback("")]))
