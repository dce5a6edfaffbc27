"""Opening hours over HTTP: kept as a whole or not at all, and what they do to who calls and who is there already."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.errors import Closed
from signaling.identity_types import Identity
from tests.integration.http_site import STEADY_ZONE, Browser, Site, error_of
from tests.valkey_server import RealValkey
from video_service import open_time
from video_service.accounts import Role
from video_service.consent import CONSENT_VERSION
from video_service.keys import Keys
from video_service.open_time import DAY_MS
from video_service.opening_hours import MAX_EXCEPTIONS
from video_service.settings import Settings

pytestmark = pytest.mark.integration

ZONE = STEADY_ZONE.key
ALWAYS = [[["00:00", "24:00"]]] * 7
NEVER: list[list[list[str]]] = [[]] * 7
OFFICE = [*[[["09:00", "12:00"], ["13:30", "18:00"]]] * 5, [], []]


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool, time_zone=ZONE)) as running:
        yield running


@pytest.fixture
async def chen(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR, "chen")


@pytest.fixture
async def on_shift(site: Site) -> str:
    """An agent who is signed in and on shift: without opening hours the line is open."""
    lin = await site.account("lin", Role.AGENT)
    now_ms = site.services.clock.now_ms()
    await site.store.add_shift(lin.person, now_ms - 60_000, now_ms + 3_600_000)
    staff = Identity(person=lin.person, role="agent", name="Lin", skills=lin.skills)
    await site.store.connect(staff, node="n-1", socket="s-lin")
    await site.store.sign_in(staff)
    return lin.person


def today() -> date:
    return datetime.now(STEADY_ZONE).date()


async def hours(browser: Browser) -> dict[str, Any]:
    response = await browser.get("/api/hours")
    assert response.status_code == 200
    answer: dict[str, Any] = await response.get_json()
    return answer


async def put(browser: Browser, week: object, exceptions: object = (), **more: object) -> dict[str, Any]:
    response = await browser.put("/api/hours", {"week": week, "exceptions": exceptions, **more})
    answer: dict[str, Any] = await response.get_json()
    assert response.status_code == 200, answer
    return answer


async def line(browser: Browser) -> dict[str, Any]:
    answer: dict[str, Any] = await (await browser.get("/api/service")).get_json()
    return answer


async def guest(site: Site) -> str:
    person = f"c-{secrets.token_hex(4)}"
    await site.store.connect(Identity(person=person, role="customer", locale="zh-CN"), node="n-1", socket=person)
    return person


async def join(site: Site, person: str) -> str:
    return await site.store.join(
        person, queue="main", needs=(), urgent=False, reason="", locale="zh-CN", consent=CONSENT_VERSION
    )


async def test_without_hours_shifts_alone_decide(site: Site, chen: Browser, on_shift: str) -> None:
    found = await hours(chen)
    assert {"CN", "HK", "MO"} <= set(found.pop("regions"))
    assert found == {
        "week": NEVER,
        "exceptions": [],
        "holidays": None,
        "special_days": [],
        "set": False,
        "zone": ZONE,
        "open_now": True,
        "today": [],
        "closes_ms": 0,
        "next_open_ms": 0,
    }
    stood = await line(site.browser())
    assert (stood["open"], stood["hours"]) == (True, None)


async def test_hours_are_kept_as_they_were_written_and_said_to_customers(site: Site, chen: Browser) -> None:
    holiday = {"date": str(today() + timedelta(days=40)), "hours": []}
    saved = await put(chen, OFFICE, [holiday])
    assert (saved["week"], saved["exceptions"], saved["set"]) == (OFFICE, [holiday], True)
    assert await hours(chen) == saved
    weekday = today().weekday()
    told = (await line(site.browser()))["hours"]
    assert set(told) == {"zone", "today", "open_now", "next_open_ms"}
    assert (told["zone"], told["today"]) == (ZONE, OFFICE[weekday])
    assert [look.what async for look in site.services.audit.each() if "hours" in look.what] == ["hours_set"]


async def test_a_look_at_what_would_be_changes_nothing(site: Site, chen: Browser) -> None:
    would = await put(chen, ALWAYS, apply=False)
    assert (would["set"], would["open_now"], would["today"]) == (True, True, [["00:00", "24:00"]])
    assert (await hours(chen))["set"] is False
    assert [look async for look in site.services.audit.each() if "hours" in look.what] == []


async def test_hours_without_a_week_close_nothing_by_mistake(chen: Browser) -> None:
    before = await put(chen, OFFICE)
    bodies: tuple[dict[str, object], ...] = ({}, {"set": True}, {"exceptions": []})
    for body in bodies:
        response = await chen.put("/api/hours", body)
        assert response.status_code == 400, body
        assert await response.get_json() == {"error": "bad_hours", "faults": [{"code": "not_a_week"}]}
    assert (await hours(chen))["week"] == before["week"]
    assert (await chen.put("/api/hours", {"set": False})).status_code == 200
    assert (await hours(chen))["set"] is False


async def test_outside_of_the_hours_nobody_new_comes_in_and_who_is_here_stays(
    site: Site, chen: Browser, on_shift: str
) -> None:
    waits, comes = await guest(site), await guest(site)
    call = await join(site, waits)
    await put(chen, NEVER)
    stood = await line(site.browser())
    assert (stood["open"], stood["hours"]["open_now"], stood["hours"]["next_open_ms"]) == (False, False, 0)
    assert stood["agents_on"] == 1
    with pytest.raises(Closed):
        await join(site, comes)
    shut = await site.store.customer_view(comes, alive=())
    assert (shut.open, shut.urgent_open) == (False, False), "hours bind an urgent call, too"
    assert (await site.store.customer_view(waits, alive=())).state == "waiting"
    assert await join(site, waits) == call, "joining twice is joining once"

    tomorrow = {"date": str(today() + timedelta(days=1)), "hours": [["10:00", "11:00"]]}
    stood = await put(chen, NEVER, [tomorrow])
    opens = datetime.fromtimestamp(stood["next_open_ms"] / 1000, STEADY_ZONE)
    assert (str(opens.date()), opens.hour, opens.minute) == (tomorrow["date"], 10, 0)
    # A day that is different opens as well as it closes.
    await put(chen, NEVER, [{"date": str(today()), "hours": [["00:00", "24:00"]]}])
    assert await join(site, comes)
    assert (await put(chen, NEVER, set=False))["open_now"] is True
    assert (await line(site.browser()))["hours"] is None
    assert (await site.store.customer_view(await guest(site), alive=())).open is True


async def test_the_switch_stands_above_the_hours(site: Site, chen: Browser, on_shift: str) -> None:
    await put(chen, ALWAYS)
    assert (await line(site.browser()))["open"] is True
    await chen.post("/api/door", {"open": False})
    await put(chen, NEVER, [{"date": str(today() + timedelta(days=1)), "hours": [["10:00", "11:00"]]}])
    stood = await line(site.browser())
    assert (stood["open"], stood["hours"]["next_open_ms"]) == (False, 0), "who closed it has not said until when"
    await chen.post("/api/door", {"open": True})
    stood = await line(site.browser())
    assert stood["open"] is False, "back to the hours, which say that it is closed"
    assert stood["hours"]["next_open_ms"] > 0
    await put(chen, ALWAYS)
    assert (await line(site.browser()))["open"] is True


async def test_what_a_customer_would_find_is_kept_for_planning(
    site: Site, chen: Browser, on_shift: str, redis: Redis, pool: str
) -> None:
    async def marked(*, opened: bool) -> None:
        """Look until the mark of this moment says so: the service's own look may have begun before the change."""
        async with asyncio.timeout(30):
            while True:
                now_ms = site.services.clock.now_ms()
                await redis.unlink(*(Keys(pool).open_time(now_ms // DAY_MS + day) for day in (-1, 0, 1)))
                await site.store.tidy()
                found = await open_time.read(redis, pool=pool, from_ms=now_ms - 60_000, to_ms=now_ms + 60_000)
                if found.known and bool(found.opened) is opened:
                    return

    await marked(opened=True)
    await put(chen, NEVER)
    await marked(opened=False)
    await put(chen, ALWAYS)
    await marked(opened=True)
    await chen.post("/api/door", {"open": False})
    await marked(opened=False)


@pytest.mark.parametrize(
    ("week", "exceptions", "faults"),
    [
        ([[["09:00", "25:00"]], *NEVER[1:]], [], [{"code": "time_unreadable", "day": 0, "row": 1}]),
        ([*NEVER[1:], [["18:00", "09:00"]]], [], [{"code": "ends_first", "day": 6, "row": 1}]),
        (
            [[["09:00", "12:00"], ["11:00", "13:00"]], *NEVER[1:]],
            [{"date": "2027-02-30", "hours": []}],
            [
                {"code": "overlaps", "day": 0, "row": 2, "other": 1},
                {"code": "date_unreadable", "date": "2027-02-30"},
            ],
        ),
        (NEVER[1:], [], [{"code": "not_a_week"}]),
        (
            NEVER,
            [
                {"date": f"{2027 + n // 28 // 12}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}", "hours": []}
                for n in range(400)
            ],
            [{"code": "too_many_dates"}],
        ),
    ],
    ids=["25:00", "backwards", "several", "six days", "400 dates"],
)
async def test_hours_with_a_fault_are_named_by_row_and_none_of_them_is_kept(
    chen: Browser, week: object, exceptions: object, faults: list[dict[str, Any]]
) -> None:
    before = await put(chen, OFFICE)
    response = await chen.put("/api/hours", {"week": week, "exceptions": exceptions})
    assert response.status_code == 400
    assert await response.get_json() == {"error": "bad_hours", "faults": faults}
    assert (await hours(chen))["week"] == before["week"]


async def test_as_many_dates_as_a_year_has_fit(chen: Browser) -> None:
    spans = [[f"{hour:02}:00", f"{hour:02}:30"] for hour in range(6)]
    dates = [str(today() + timedelta(days=n)) for n in range(MAX_EXCEPTIONS)]
    saved = await put(chen, ALWAYS, [{"date": day, "hours": spans} for day in dates])
    assert [each["date"] for each in saved["exceptions"]] == dates
    gone = await put(chen, ALWAYS, [{"date": "2020-01-01", "hours": []}])
    assert gone["exceptions"] == [], "days gone by say nothing any more"


@pytest.mark.parametrize(
    "wish",
    [
        {"week": [[["09:00"]]]},
        {"week": [[[9, 18]]]},
        {"week": ["closed"]},
        {"exceptions": {"2027-01-01": []}},
        {"exceptions": [{"date": "2027-01-01"}]},
        {"week": NEVER, "open": True},
        {"week": [[["09:00", "x" * 17]]]},
    ],
    ids=["one end", "numbers", "words", "map", "no hours", "unknown field", "long"],
)
async def test_what_no_page_sends_is_not_read(chen: Browser, wish: object) -> None:
    assert await error_of(await chen.put("/api/hours", wish)) == (400, "bad_request")


async def test_hours_of_a_newer_program_are_left_alone(site: Site, chen: Browser, redis: Redis, pool: str) -> None:
    await put(chen, OFFICE)
    await redis.hset(f"{{{pool}}}:hours", "v", "9")
    assert await error_of(await chen.get("/api/hours")) == (500, "schema_unknown")


async def test_two_who_save_at_once_leave_one_of_theirs_whole(chen: Browser) -> None:
    await asyncio.gather(put(chen, OFFICE), put(chen, ALWAYS, [{"date": str(today()), "hours": []}]))
    kept = await hours(chen)
    assert (kept["week"], len(kept["exceptions"])) in [(OFFICE, 0), (ALWAYS, 1)]
