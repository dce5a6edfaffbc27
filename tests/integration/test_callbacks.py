"""Booked callbacks on a real Valkey: one for each customer, none that the roster cannot serve, what becomes of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.data_keys import CIPHER
from tests.support.desk import START_MS, Desk
from video_service.accounts import Account, Role
from video_service.callback_slots import CallbackRules
from video_service.callbacks import Booking, Callbacks, Facts, NoCallbacks, SlotTaken, end_callback, export_callback
from video_service.keys import Keys
from video_service.opening_hours import Hours, Span
from video_service.opening_hours_store import OpeningHours
from video_service.rate_limit import RateLimits, TooMany

pytestmark = pytest.mark.integration

HOUR_MS = 3_600_000
SLOT_MS = 1_800_000
FIRST_MS = START_MS + SLOT_MS  # the store's clock stands at a whole slot
ADDRESS = "192.0.2.1"


class Book(Callbacks):
    """The bookings of a test's pool, with the clock of its desk."""

    def __init__(self, redis: Redis, pool: str, *agents: str, **rules: Any) -> None:
        self.desk = Desk(redis, pool)
        self.redis, self.keys, self.pool = redis, Keys(pool), pool
        self.people = [
            Account(
                person=name,
                name=name,
                role=Role.AGENT,
                display_name=name,
                password_hash="-",
                created_ms=0,
                changed_ms=0,
                skills=(),
            )
            for name in agents
        ]
        super().__init__(
            redis,
            pool=pool,
            cipher=CIPHER,
            rates=RateLimits(redis, pool=pool, cipher=CIPHER),
            clock=self,
            hours=OpeningHours(redis, pool=pool, clock=self, zone="UTC"),
            roster=self.desk.store,
            accounts=self.everybody,
            rules=CallbackRules(**rules),
        )

    def now_ms(self) -> int:
        return self.desk.now_ms

    async def everybody(self) -> list[Account]:
        return self.people

    async def on_shift(self, agent: str, hours: float = 4) -> None:
        await self.desk.store.add_shift(agent, START_MS, START_MS + round(hours * HOUR_MS))

    async def take(self, customer: str, start_ms: int = FIRST_MS) -> Booking:
        return await self.book(Facts(customer=customer, locale="en"), start_ms, address=ADDRESS)

    async def state(self, customer: str) -> str:
        booking = await self.of(customer)
        return booking.state if booking else ""


@pytest.fixture
async def book(redis: Redis, pool: str) -> Book:
    made = Book(redis, pool, "a1", "a2")
    await made.on_shift("a1")
    return made


async def test_a_slot_is_booked_once_per_agent_whoever_comes_at_the_same_time(book: Book) -> None:
    await book.on_shift("a2")
    outcomes = await asyncio.gather(*(book.take(f"c-{n}") for n in range(5)), return_exceptions=True)
    assert sum(isinstance(each, Booking) for each in outcomes) == 2
    assert sum(isinstance(each, SlotTaken) for each in outcomes) == 3
    assert len(await book.all()) == 2


async def test_the_day_is_open_where_the_roster_is(book: Book) -> None:
    starts = await book.slots(Facts(customer="c-1"))
    assert starts == tuple(range(FIRST_MS, START_MS + 4 * HOUR_MS, SLOT_MS))
    for start_ms in (START_MS, FIRST_MS + 1, START_MS + 4 * HOUR_MS, 0):
        with pytest.raises(SlotTaken):
            await book.take("c-1", start_ms)


async def test_hours_close_slots_too(book: Book, redis: Redis, pool: str) -> None:
    await OpeningHours(redis, pool=pool, clock=book, zone="UTC").set(Hours(week=((Span(0, 1),),) * 7), by="a-1")
    assert await book.slots(Facts(customer="c-1")) == ()


async def test_booking_again_moves_it(book: Book) -> None:
    await book.take("c-1")
    later = await book.take("c-1", FIRST_MS + SLOT_MS)
    assert [each.callback for each in await book.all()] == [later.callback]
    await book.take("c-2")
    with pytest.raises(SlotTaken):
        await book.take("c-1")
    assert (await book.of("c-1")) == later, "what cannot be moved stays where it is"


async def test_the_own_slot_can_be_booked_anew(book: Book) -> None:
    await book.take("c-1")
    assert (await book.take("c-1")).start_ms == FIRST_MS


async def test_a_cancelled_one_is_free_for_others(book: Book) -> None:
    await book.take("c-1")
    assert await book.cancel("c-1") is True
    assert await book.cancel("c-1") is False
    assert await book.of("c-1") is None
    await book.take("c-2")


async def test_nobody_books_over_and_over_and_where_none_are_offered_nobody_does(
    book: Book, redis: Redis, pool: str
) -> None:
    for _ in range(12):
        await book.take("c-1")
    with pytest.raises(TooMany):
        await book.take("c-1")
    with pytest.raises(NoCallbacks):
        await Book(redis, pool, "a1", callback_slot_minutes=0).take("c-2")


async def test_at_its_time_it_goes_before_those_who_just_call(book: Book) -> None:
    desk = book.desk
    await desk.agent("a1", ready=False, shift=False)
    await book.take("c1")
    await desk.join("c2")
    desk.now_ms = FIRST_MS
    await desk.store.beat(desk.sockets.items())
    booked = await desk.join("c1")
    assert (await desk.see("c1")).place == 1
    await desk.store.ready("a1")
    assert await desk.rings("a1") == booked
    assert await book.state("c1") == "joined"
    assert await book.all() == []


@pytest.mark.parametrize(("at_ms", "state"), [(FIRST_MS - 60_001, "booked"), (FIRST_MS + SLOT_MS, "missed")])
async def test_before_and_after_its_time_it_is_a_call_like_others(book: Book, at_ms: int, state: str) -> None:
    desk = book.desk
    await desk.agent("a1", ready=False, shift=False)
    await book.take("c1")
    desk.now_ms = at_ms
    await desk.join("c2")
    await desk.join("c1")
    assert (await desk.see("c1")).place == 2
    assert await book.state("c1") == state


async def test_an_urgent_matter_stays_urgent_and_takes_the_callback_up(book: Book) -> None:
    desk = book.desk
    await desk.agent("a1", ready=False, shift=False)
    await book.take("c1")
    desk.now_ms = FIRST_MS
    await desk.join("c1", urgent=True)
    assert (await desk.see("c1")).urgent
    assert await book.state("c1") == "joined"


async def test_who_does_not_come_has_missed_it(book: Book) -> None:
    await book.take("c-1")
    book.desk.now_ms = FIRST_MS + SLOT_MS - 1
    assert await book.state("c-1") == "booked"
    book.desk.now_ms += 1
    assert await book.state("c-1") == "missed"
    await book.refused("c-1")
    assert await book.state("c-1") == "missed"


async def test_who_comes_and_finds_nobody_was_not_served(book: Book) -> None:
    await book.take("c-1")
    await book.refused("c-1")
    assert await book.state("c-1") == "booked", "its time has not come"
    book.desk.now_ms = FIRST_MS
    await book.refused("c-1")
    await book.refused("c-nobody")
    assert await book.state("c-1") == "unserved"


async def test_a_call_that_nobody_was_left_to_take_was_not_served(book: Book) -> None:
    desk = book.desk
    await desk.agent("a1", ready=False, shift=False)
    await book.take("c1")
    desk.now_ms = FIRST_MS
    await desk.join("c1")
    await desk.store.sign_out("a1")
    await desk.pass_time(desk.policy.nobody_left_s)
    assert (await desk.see("c1")).ended_reason == "closed"
    assert await book.state("c1") == "unserved"


async def test_a_roster_that_changed_is_said(book: Book) -> None:
    first = await book.take("c-1")
    later = await book.take("c-2", FIRST_MS + SLOT_MS)
    bookings = await book.all()
    assert await book.uncovered(bookings) == frozenset()
    (shift,) = await book.desk.store.shifts(START_MS, START_MS + 1)
    await book.desk.store.remove_shift(shift.shift)
    assert await book.uncovered(bookings) == {first.callback, later.callback}
    assert await book.uncovered([]) == frozenset()


async def test_the_store_holds_its_time_and_nothing_of_whose_it_is(book: Book, redis: Redis) -> None:
    booking = await book.take("c-1")
    name = book.keys.callback(booking.callback)
    row: dict[Any, Any] = await redis.hgetall(name)
    assert set(row) == {b"v", b"state", b"start_ms", b"end_ms", b"call", b"told", b"sealed"}
    assert not [value for value in row.values() if b"c-1" in value]
    for key in (name, book.keys.callback_of("c-1")):
        assert 0 < await redis.pttl(key) <= 2 * SLOT_MS + 86_400_000


async def test_it_is_in_the_export_and_gone_with_the_customer(book: Book, redis: Redis) -> None:
    await book.take("c-1")
    told = await export_callback(redis, book.keys, CIPHER, "c-1")
    assert told is not None
    assert (told["customer"], told["start_ms"], told["locale"]) == ("c-1", FIRST_MS, "en")
    assert await export_callback(redis, book.keys, CIPHER, "c-2") is None
    assert await end_callback(redis, book.keys, "c-1")
    assert [name async for name in redis.scan_iter(match=f"?{book.pool}?:callback:*")] == []
