"""Signed-in browsers and guests in a real Valkey."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from redis.asyncio import Redis

from media.registry import Lease, Registry
from scheduler.roster_file import RosterDocument
from signaling.policy import Policy
from signaling.store import Store
from signaling.store_roster import Publication
from tests.data_keys import CIPHER
from tests.launching import KEYS, launch_token
from video_service.accounts import Accounts, Role, SamePassword, SignInRefused
from video_service.attendance import Attendance
from video_service.audit import Audit
from video_service.background_store import BackgroundStore
from video_service.block_list import BlockList
from video_service.calendar_feeds import CalendarFeeds
from video_service.callback_slots import CallbackRules
from video_service.callbacks import Callbacks, Facts
from video_service.campaigns import Campaigns
from video_service.clock import SystemClock
from video_service.customers import Customer, Customers
from video_service.data_keys import Canaries
from video_service.door import Door, Notice
from video_service.forecast_store import ForecastStore
from video_service.intraday import Intraday
from video_service.keep_place import KeptPlaces
from video_service.keys import OTHER_KEYS, Keys, spec_of
from video_service.left_messages import Left, LeftMessages
from video_service.opening_hours import Hours
from video_service.opening_hours_store import OpeningHours
from video_service.passwords import PasswordCost, Passwords
from video_service.plan_input import PlanInput
from video_service.plan_store import Order, PlanStore
from video_service.plan_work import Basis, Expected, Level, MakeRoster, RawPast, Said, Team, TodaySaid
from video_service.promise_watch import PromiseWatch
from video_service.promises import Promises
from video_service.queues import QueueRules
from video_service.queues_store import QueueBook
from video_service.rate_limit import RateLimits, TooMany
from video_service.roster_desk import RosterDesk
from video_service.roster_store import RosterBook
from video_service.shift_requests import Kind, ShiftRequest, State
from video_service.shift_requests_store import RequestBook
from video_service.video_messages import VideoMessages, VideoRules
from video_service.web_push import read_sender
from video_service.web_push_store import WebPush
from video_service.web_sessions import ADDRESS_FACTOR, NAME_FACTOR, SessionLimits, WebSessions
from video_service.webhook_outbox import Outbox

pytestmark = pytest.mark.integration

SECRET = "correct horse battery"
ADDRESS = "192.0.2.7"
LOCKOUT_S = 3_000.0  # so that no try is forgotten while a test runs, however slowly


async def _gone(event: str, body: bytes) -> int:
    """Answer as a host that wants to hear of nothing."""
    return 410


@pytest.fixture
async def accounts(redis: Redis, pool: str) -> AsyncIterator[Accounts]:
    passwords = Passwords(PasswordCost(time_cost=1, memory_kib=8, parallelism=1))
    made = Accounts(redis, pool=pool, passwords=passwords, clock=SystemClock(), cipher=CIPHER)
    await made.add("lin", role=Role.AGENT, display_name="Lin", password=SECRET)
    yield made
    passwords.close()


@pytest.fixture
def sessions(redis: Redis, accounts: Accounts, pool: str) -> WebSessions:
    return WebSessions(
        redis,
        accounts,
        pool=pool,
        clock=SystemClock(),
        rates=RateLimits(redis, pool=pool, cipher=CIPHER),
        limits=SessionLimits(sign_in_tries=3, sign_in_lockout_s=LOCKOUT_S),
    )


async def test_every_key_is_in_the_table_and_passes_when_the_table_says_so(
    redis: Redis, pool: str, sessions: WebSessions, accounts: Accounts, tmp_path: Path
) -> None:
    clock = SystemClock()
    audit = Audit(redis, pool=pool, clock=clock, retention_days=1)
    customers = Customers(
        redis,
        pool=pool,
        clock=clock,
        rates=RateLimits(redis, pool=pool, cipher=CIPHER),
        cipher=CIPHER,
        launch_keys=KEYS,
        guests_allowed=False,
    )
    await Canaries(redis, pool=pool, cipher=CIPHER).check()
    await redis.set(Keys(pool).erased("c-1"), "1", ex=600)
    await BackgroundStore(redis, pool, clock).put_picture(b"jpeg", 320, 240, by="a-1")
    await ForecastStore(redis, pool=pool, retention_days=1).keep("main", date(2026, 3, 2), {"v": 1})
    await CalendarFeeds(redis, accounts, RateLimits(redis, pool=pool, cipher=CIPHER), pool=pool, clock=clock).make(
        "a-1", "en"
    )
    await BlockList(redis, pool=pool, cipher=CIPHER, clock=clock).add("c-1", reason="insults", days=1, by="o-1")
    rosters = RosterBook(redis, pool=pool, clock=clock, retention_days=1)
    await rosters.set_team("people: []", by="a-1")
    await rosters.begin("2026-03-02", 7, "{}", [], by="a-1")
    await Campaigns(redis, pool=pool).set([], rev=0)
    jobs, day = PlanStore(redis, pool=pool), date(2026, 3, 2)
    await jobs.begin("p-1", {"kind": "roster"})
    await jobs.keep_best("p-1", RosterDocument(zone="UTC", first_day=day, days=1, duties=()))
    wall = Store(redis, pool=pool, policy=Policy(), cipher=CIPHER)
    await wall.add_shift("a-1", clock.now_ms() - 60_000, clock.now_ms() + 600_000)
    attendance = Attendance(redis, wall, clock, pool=pool, zone=ZoneInfo("UTC"))
    await attendance.mark()
    desk = RosterDesk(rosters, wall, accounts, clock, zone="UTC")
    source = PlanInput(redis, wall, desk, clock, pool=pool, region="")
    past, team = RawPast(first=day, today=day, from_ms=0), Team(text="")
    basis = Basis(zone="UTC", region="", queue="main", past=past, team=team)
    made_from = MakeRoster(basis=basis, first_day=day, days=1, seconds=1)
    await jobs.keep_order("p-1", Order(work=made_from, base=(), by="a-1"))
    today = Intraday(redis, attendance, source, desk, wall, clock, pool=pool)
    await today.claim("2026-03-02")
    await redis.set(Keys(pool).outlook_turn, "1", px=1_000_000)
    await redis.set(Keys(pool).plan_outlook("d"), "x", px=1_000_000)
    none = Level(mean=-1, low=-1, high=-1)
    expected = Expected(day=date(2026, 3, 2), document={}, handle_s=(), patience_s=1)
    said = TodaySaid(expected=expected, level=none, goal=0.9, said=(), now=(), low=(), high=(), came=(), required=())
    await today.keep("2026-03-02", Said(today=said))
    publication = Publication(
        last=0, draft="", rev=0, remove=(), keep=(), add=(), facts={"by": "a-1"}, end_ms=clock.now_ms()
    )
    await Store(redis, pool=pool, policy=Policy(), cipher=CIPHER).publish_roster(publication)
    requests = RequestBook(redis, pool=pool, clock=clock, retention_days=1)
    opened = ShiftRequest(request="q-1", kind=Kind.OFFER, state=State.WAITING, person="a-1", lapses_ms=clock.now_ms())
    change = requests.change(opened, tell=["a-1"])
    await Store(redis, pool=pool, policy=Policy(), cipher=CIPHER).keep_requests([change])
    await requests.set_automatic(True, by="a-1")
    line = OpeningHours(redis, pool=pool, clock=clock, zone="UTC")
    await line.set(Hours(), by="a-1")
    await QueueBook(redis, pool=pool, clock=clock, line=line).keep("rail", QueueRules(), by="a-1")
    messages = LeftMessages(redis, pool=pool, cipher=CIPHER, rates=RateLimits(redis, pool=pool, cipher=CIPHER))
    left = Left(customer="c-1", verified=False, locale="", text="x", contact="", consent=1)
    await messages.leave(left, address=ADDRESS)
    rates = RateLimits(redis, pool=pool, cipher=CIPHER)
    videos = VideoMessages(redis, pool=pool, cipher=CIPHER, rates=rates, folder=tmp_path, rules=VideoRules())
    await videos.begin("c-1", "0" * 32, size=9, sound=False, address=ADDRESS, consent=1)
    sender = read_sender("A" * 42 + "E", "mailto:operator@example.org", ("localhost:1",))
    pushes = WebPush(redis, pool=pool, cipher=CIPHER, clock=clock, rates=rates, sender=sender)
    await pushes.subscribe("c-1", "https://localhost:1/x")
    assert not await pushes.tell("turn.near", "c_1", "c-1"), "nobody listens there"
    hours = OpeningHours(redis, pool=pool, clock=clock, zone="UTC")
    store = Store(redis, pool=pool, policy=Policy(), cipher=CIPHER)
    start_ms = (clock.now_ms() // 1_800_000 + 2) * 1_800_000
    await store.add_shift((await accounts.all())[0].person, clock.now_ms(), start_ms + 7_200_000)
    rates, rules = RateLimits(redis, pool=pool, cipher=CIPHER), CallbackRules()
    callbacks = Callbacks(
        redis,
        pool=pool,
        cipher=CIPHER,
        rates=rates,
        clock=clock,
        hours=hours,
        roster=store,
        accounts=accounts.all,
        rules=rules,
    )
    await hours.clear()
    await callbacks.book(Facts(customer="c-1"), start_ms, address=ADDRESS)
    await hours.set(Hours(), by="a-1")
    outbox = Outbox(redis, pool=pool, cipher=CIPHER, clock=clock)
    for number in range(2):
        await outbox.put("turn.near", f"c-{number}", f"c-{number:020x}")
    await outbox.send_next(_gone)
    places = KeptPlaces(redis, pool=pool, cipher=CIPHER, rates=RateLimits(redis, pool=pool, cipher=CIPHER))
    await places.link(Customer(person="c-1"), left_ms=600_000)
    await sessions.sign_in("lin", SECRET, address=ADDRESS)
    with contextlib.suppress(SignInRefused):
        await sessions.sign_in("lin", "wrong", address=ADDRESS)
    await audit.note(who="a-1", role="coordinator", what="records")
    await Door(redis, pool=pool, clock=clock).turn(opened=False, by="a-1", notice=Notice())
    await customers.enter(launch_token(), framed=False, address=ADDRESS)
    await Registry(redis, pool).renew(Lease(worker="w", address="unix:/nowhere"), lease_ms=60_000)
    promises = Promises(redis, store, pool=pool, cipher=CIPHER, clock=clock, rates=rates)
    book = RequestBook(redis, pool=pool, clock=clock, retention_days=1)
    watch = PromiseWatch(redis, promises, store, accounts.all, book, clock, pool=pool, zone=ZoneInfo("UTC"))
    await watch.look_in_turn()
    found = {}
    async for key in redis.scan_iter(match=f"{{{pool}}}:*"):
        spec = spec_of(key.decode(), pool)
        assert spec is not None, key
        left_ms = await redis.pttl(key)
        kind: Any = await redis.type(key)
        if spec in OTHER_KEYS and kind != b"none":  # it has passed meanwhile: some limits last for seconds
            found[spec] = (kind.decode(), left_ms > 0)
    assert found == {spec: (spec.type, not spec.ttl.startswith(("none", "trimmed"))) for spec in OTHER_KEYS}


async def test_a_token_signs_in_until_it_is_signed_out(sessions: WebSessions) -> None:
    token, account = await sessions.sign_in("lin", SECRET, address=ADDRESS)
    assert await sessions.account(token) == account
    other, _ = await sessions.sign_in("lin", SECRET, address=ADDRESS)
    assert other != token

    await sessions.sign_out(token)
    await sessions.sign_out(token)
    assert await sessions.account(token) is None
    assert await sessions.account(other) == account


@pytest.mark.parametrize("token", [None, "", "x", "x" * 43, "../" * 14 + "x", "x" * 4096, "ключ" * 11])
async def test_what_is_no_token_is_nobody(sessions: WebSessions, token: str | None) -> None:
    assert await sessions.account(token) is None
    await sessions.sign_out(token)


async def test_the_store_holds_no_token_and_every_key_ends(sessions: WebSessions, redis: Redis, pool: str) -> None:
    token, _ = await sessions.sign_in("lin", SECRET, address=ADDRESS)
    with pytest.raises(SignInRefused):
        await sessions.sign_in("lin", "wrong", address=ADDRESS)
    seen = 0
    async for key in redis.scan_iter(match=f"{{{pool}}}:*"):
        if key.endswith((b":accounts", b":account_names")):
            continue
        seen += 1
        assert 0 < await redis.ttl(key) <= 43_200
        stored = key + (await redis.get(key) or b"")
        assert token.encode() not in stored
        assert ADDRESS.encode() not in stored
        assert b'"lin"' not in stored
    assert seen == 4, "the session, and three limits"


async def test_disabling_and_resetting_end_every_session_at_once(sessions: WebSessions, accounts: Accounts) -> None:
    first, _ = await sessions.sign_in("lin", SECRET, address=ADDRESS)
    await accounts.set_disabled("lin", True)
    assert await sessions.account(first) is None
    await accounts.set_disabled("lin", False)
    assert await sessions.account(first) is None, "letting in again must not revive what was signed in"

    second, _ = await sessions.sign_in("lin", SECRET, address=ADDRESS)
    await accounts.reset("lin", "another good password")
    assert await sessions.account(second) is None


async def _wrong(sessions: WebSessions, name: str = "lin", address: str = ADDRESS) -> bool:
    """Try a wrong password; return whether it was looked at."""
    try:
        await sessions.sign_in(name, "wrong", address=address)
    except SignInRefused:
        return True
    except TooMany:
        return False
    raise AssertionError("a wrong password signs nobody in")


async def test_guessing_locks_one_name_at_one_address_out(sessions: WebSessions) -> None:
    for _ in range(3):
        assert await _wrong(sessions)
    with pytest.raises(TooMany) as refused:
        await sessions.sign_in(" LIN ", SECRET, address=ADDRESS)
    assert LOCKOUT_S - 100 <= int(str(refused.value.data["retry_after_s"])) <= LOCKOUT_S
    assert refused.value.retryable

    # Somebody elsewhere must not be locked out by the guesser, nor a colleague at the same address.
    await sessions.sign_in("lin", SECRET, address="192.0.2.8")
    assert await _wrong(sessions, "wang")


async def test_guessing_one_name_from_many_places_locks_the_name_out(sessions: WebSessions) -> None:
    looked_at = [await _wrong(sessions, address=f"192.0.2.{number}") for number in range(3 * NAME_FACTOR + 1)]
    assert looked_at == [True] * (3 * NAME_FACTOR) + [False]
    assert await _wrong(sessions, "wang", "192.0.2.99")


async def test_guessing_many_names_from_one_place_is_limited(sessions: WebSessions) -> None:
    looked_at = [await _wrong(sessions, f"name{number}") for number in range(3 * ADDRESS_FACTOR + 1)]
    assert looked_at == [True] * (3 * ADDRESS_FACTOR) + [False]


async def test_changing_the_password_ends_every_other_session(sessions: WebSessions, accounts: Accounts) -> None:
    first, account = await sessions.sign_in("lin", SECRET, address=ADDRESS)
    token, changed = await sessions.change_password(account, SECRET, "another good password", address=ADDRESS)
    assert await sessions.account(first) is None
    assert await sessions.account(token) == changed
    with pytest.raises(SignInRefused):
        await sessions.sign_in("lin", SECRET, address=ADDRESS)


async def test_a_changed_password_is_another_and_asks_for_the_old_one(sessions: WebSessions) -> None:
    token, account = await sessions.sign_in("lin", SECRET, address=ADDRESS)
    with pytest.raises(SamePassword):
        await sessions.change_password(account, SECRET, SECRET, address=ADDRESS)
    for _ in range(2):
        with pytest.raises(SignInRefused):
            await sessions.change_password(account, "wrong", "another good password", address=ADDRESS)
    with pytest.raises(TooMany):
        await sessions.change_password(account, SECRET, "another good password", address=ADDRESS)
    assert await sessions.account(token) == account


async def test_signing_out_everywhere_ends_every_session_and_not_the_password(
    sessions: WebSessions, accounts: Accounts
) -> None:
    tokens = [(await sessions.sign_in("lin", SECRET, address=ADDRESS))[0] for _ in range(2)]
    await accounts.sign_out_everywhere("lin")
    assert [await sessions.account(token) for token in tokens] == [None, None]
    await sessions.sign_in("lin", SECRET, address=ADDRESS)


async def test_a_right_password_forgets_the_wrong_ones(sessions: WebSessions) -> None:
    for password in ("wrong", "wrong", SECRET) * 3:
        with contextlib.suppress(SignInRefused):
            await sessions.sign_in("lin", password, address=ADDRESS)


async def test_a_session_that_was_stored_by_name_goes_on(
    sessions: WebSessions, accounts: Accounts, redis: Redis, pool: str
) -> None:
    token, account = await sessions.sign_in("lin", SECRET, address=ADDRESS)
    (key,) = [key async for key in redis.scan_iter(match=f"{{{pool}}}:web_session:*")]
    await redis.set(key, b'{"v":1,"name":"lin","generation":1,"created_ms":1}')
    assert await sessions.account(token) == account
