"""Requests about shifts over HTTP on a real Valkey: each changes the roster as publishing does, whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from quart import Response
from redis.asyncio import Redis

from signaling.identity_types import Identity
from tests.integration.http_site import SECRET, STEADY_ZONE, Browser, Site, error_of
from tests.valkey_server import RealValkey
from video_service import shift_requests_means
from video_service.accounts import Role
from video_service.keys import OTHER_KEYS, spec_of
from video_service.settings import Settings

pytestmark = pytest.mark.integration

ZONE = STEADY_ZONE
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
PEOPLE = ("amei", "linxiao", "wang")


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool, time_zone=ZONE.key)) as running:
        for name in PEOPLE:
            await running.account(name, Role.AGENT, skills=("csl",))
        yield running


@pytest.fixture
async def boss(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR)


async def at(site: Site, name: str) -> Browser:
    browser = site.browser()
    assert (await browser.sign_in(name, SECRET)).status_code == 200
    return browser


async def person(site: Site, name: str) -> str:
    account = await site.services.accounts.get(name)
    assert account is not None
    return account.person


def monday(site: Site) -> date:
    """The Monday after next: nothing of it has begun, whatever the day."""
    today = datetime.fromtimestamp(site.services.clock.now_ms() / 1000, ZONE).date()
    return today + timedelta(days=14 - today.weekday())


def ms(day: date, hour: int) -> int:
    return round(datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).timestamp() * 1000)


async def works(site: Site, name: str, day: date, hour: int = 9, hours: int = 8) -> str:
    breaks = [(ms(day, hour) + 2 * HOUR_MS, ms(day, hour) + 2 * HOUR_MS + 900_000)]
    shift = await site.store.add_shift(await person(site, name), ms(day, hour), ms(day, hour) + hours * HOUR_MS, breaks)
    return shift.shift


async def ok(response: Response, status: int = 200) -> Any:
    answer = await response.get_json()
    assert response.status_code == status, answer
    return answer


async def stands(site: Site) -> list[tuple[str, str, int, int]]:
    """Sign-in name, start, minutes and number of breaks of every shift from yesterday on."""
    names = {one.person: one.name for one in await site.services.accounts.all()}
    now_ms = site.services.clock.now_ms()
    return [
        (
            names[one.agent],
            f"{datetime.fromtimestamp(one.start_ms / 1000, ZONE):%Y-%m-%d %H:%M}",
            (one.end_ms - one.start_ms) // 60_000,
            len(one.breaks),
        )
        for one in await site.store.shifts(now_ms - DAY_MS, now_ms + 60 * DAY_MS)
    ]


async def mine(browser: Browser) -> dict[str, Any]:
    found: dict[str, Any] = await ok(await browser.get("/api/my/requests"))
    return found


async def answer(browser: Browser, row: dict[str, Any], act: str) -> Response:
    return await browser.post(f"/api/my/requests/{row['request']}", {"act": act, "rev": row["rev"]})


async def rule_of(response: Response) -> tuple[int, str]:
    found = await response.get_json()
    assert found["error"] == "bad_shift_request", found
    return response.status_code, found["rule"]


async def decide(browser: Browser, row: dict[str, Any], act: str, **more: Any) -> Response:
    return await browser.post(f"/api/requests/{row['request']}", {"act": act, "rev": row["rev"], **more})


async def away(browser: Browser, first: date, last: date) -> dict[str, Any]:
    wish = {"first_day": str(first), "last_day": str(last)}
    found: dict[str, Any] = await ok(await browser.post("/api/my/away", wish), 201)
    return found


async def test_who_cannot_come_is_off_in_one_step_and_a_colleague_takes_the_shift(site: Site, boss: Browser) -> None:
    day = monday(site)
    await works(site, "amei", day)
    await works(site, "amei", day + timedelta(days=2))
    await works(site, "linxiao", day, 13)
    amei, wang, linxiao = await at(site, "amei"), await at(site, "wang"), await at(site, "linxiao")

    found = await away(amei, day, day + timedelta(days=1))

    assert len(found["opened"]) == 1
    assert [one[:2] for one in await stands(site)] == [
        ("linxiao", f"{day} 13:00"),
        ("amei", f"{day + timedelta(days=2)} 09:00"),
    ]
    assert [one.added for one in await site.services.rosters.book.versions()] == [0]
    assert (await mine(amei))["open"] == [], "whose shift it was is away"
    [blocked] = (await mine(linxiao))["open"]
    assert [row["rule"] for row in blocked["broken"]] == ["one_shift", "split_gap"]
    refused = await answer(linxiao, blocked, "take")
    assert (refused.status_code, (await refused.get_json())["error"]) == (409, "rules_broken")

    [there] = (await mine(wang))["open"]
    assert (there["person"], there["broken"]) == ("", []), "whose it was is not told to colleagues"
    assert (there["fresh"], blocked["fresh"]) == (True, False), "what one cannot take is no news"
    taken = await ok(await answer(wang, there, "take"))
    assert taken["state"] == "asked"
    assert len(await stands(site)) == 2

    [asked] = [row for row in (await ok(await boss.get("/api/requests")))["live"] if row["kind"] == "open"]
    assert (asked["other"], asked["person"]) == (await person(site, "wang"), await person(site, "amei"))
    granted = await ok(await decide(boss, asked, "grant"))
    assert granted["state"] == "granted"
    assert ("wang", f"{day} 09:00", 480, 1) in await stands(site), "its breaks came with it"
    versions = await site.services.rosters.book.versions()
    assert [(one.number, one.added, one.removed) for one in versions] == [(2, 1, 0), (1, 0, 1)]
    [row] = [row for row in (await mine(wang))["mine"] if row["kind"] == "open"]
    assert (row["state"], row["fresh"]) == ("granted", True)
    assert (await wang.post("/api/my/requests/seen", {})).status_code == 204
    assert not any(row["fresh"] for row in (await mine(wang))["mine"])
    looks = [look.what async for look in site.services.audit.each()]
    assert {"away_told", "request_take", "request_grant", "shift_requests"} <= set(looks)


async def test_of_a_shift_that_runs_the_rest_is_open(site: Site, boss: Browser) -> None:
    now_ms = site.services.clock.now_ms()
    amei = await person(site, "amei")
    await site.store.add_shift(amei, now_ms - 2 * HOUR_MS, now_ms + 6 * HOUR_MS)
    # In the zone of this test the day is not over for hours.
    today = datetime.fromtimestamp(now_ms / 1000, ZONE).date()
    wish = {"agent": amei, "first_day": str(today), "last_day": str(today)}
    found = await ok(await boss.post("/api/requests/away", wish), 201)

    [left] = await stands(site)
    assert left[0] == "amei"
    assert 118 <= left[2] <= 150, "what was worked stays"
    row = await site.services.requests.book.one(found["opened"][0])
    assert row.start_ms % 900_000 == 0
    assert row.end_ms == now_ms + 6 * HOUR_MS
    [told] = [one for one in (await mine(await at(site, "amei")))["mine"] if one["kind"] == "away"]
    assert (told["state"], told["fresh"]) == ("noted", True)
    ranked = (await ok(await boss.get(f"/api/requests/{row.request}/people")))["people"]
    assert {one["person"] for one in ranked} == {await person(site, "linxiao"), await person(site, "wang")}
    given = await ok(await decide(boss, {"request": row.request, "rev": 1}, "assign", person=ranked[0]["person"]))
    assert given["state"] == "granted"
    names = {one.person: one.name for one in await site.services.accounts.all()}
    assert [one[0] for one in await stands(site)] == ["amei", names[ranked[0]["person"]]]


async def test_replacements_are_ranked_by_rules_skills_and_hours(site: Site, boss: Browser) -> None:
    day = monday(site)
    await site.account("newcomer", Role.AGENT, skills=("hksl",))
    for number in range(1, 5):
        await works(site, "wang", day + timedelta(days=number))
    await works(site, "linxiao", day, 13)
    await works(site, "amei", day)
    found = await away(await at(site, "amei"), day, day)
    ranked = (await ok(await boss.get(f"/api/requests/{found['opened'][0]}/people")))["people"]
    names = {one.person: one.name for one in await site.services.accounts.all()}
    assert [(names[one["person"]], len(one["broken"]), one["lacks"]) for one in ranked] == [
        ("wang", 0, []),
        ("newcomer", 0, ["csl"]),
        ("linxiao", 2, []),
    ]
    assert (ranked[0]["week_min"], ranked[0]["most_min"], ranked[0]["recent_min"]) == (5 * 480, 2400, 0)
    linxiao = {"request": found["opened"][0], "rev": 1}
    refused = await decide(boss, linxiao, "assign", person=ranked[2]["person"])
    rows = (await refused.get_json())["rows"]
    assert [(row["person"], row["rule"], row["day"]) for row in rows] == [
        (ranked[2]["person"], "one_shift", str(day)),
        (ranked[2]["person"], "split_gap", str(day)),
    ]
    overlapping = await decide(boss, linxiao, "assign", person=ranked[2]["person"], anyway=True)
    assert (await overlapping.get_json())["error"] == "roster_overlaps", "two shifts at once no coordinator can give"
    assert len(await stands(site)) == 5


async def test_a_swap_needs_both_the_rules_and_the_coordinator(site: Site, boss: Browser) -> None:
    day = monday(site)
    first, second = await works(site, "amei", day), await works(site, "linxiao", day + timedelta(days=1), 13)
    amei, linxiao = await at(site, "amei"), await at(site, "linxiao")
    possible = await ok(await amei.get(f"/api/my/shifts/{first}/swaps"))
    assert [one["shift"] for one in possible["swaps"]] == [second]
    assert set(possible["people"]) == {await person(site, "linxiao"), await person(site, "wang")}

    other = await person(site, "linxiao")
    wish = {"kind": "swap", "shift": first, "to": other, "theirs": second}
    row = await ok(await amei.post("/api/my/requests", wish), 201)
    assert await rule_of(await amei.post("/api/my/requests", wish)) == (400, "asked_already")
    assert await error_of(await answer(amei, row, "accept")) == (403, "not_yours")
    [asked] = (await mine(linxiao))["mine"]
    assert (asked["state"], asked["fresh"]) == ("waiting", True)
    assert await error_of(await decide(boss, asked, "grant")) == (409, "request_over"), "not before both agree"
    accepted = await ok(await answer(linxiao, asked, "accept"))
    assert await error_of(await answer(linxiao, asked, "accept")) == (409, "request_changed")
    assert (await ok(await decide(boss, accepted, "grant")))["state"] == "granted"
    assert await stands(site) == [
        ("linxiao", f"{day} 09:00", 480, 1),
        ("amei", f"{day + timedelta(days=1)} 13:00", 480, 1),
    ]


async def test_what_breaks_no_rule_is_granted_by_itself_where_the_coordinator_wants_that(
    site: Site, boss: Browser
) -> None:
    day = monday(site)
    shift = await works(site, "amei", day)
    assert await ok(await boss.put("/api/requests/rules", {"auto": True})) == {"auto": True}
    await ok(await (await at(site, "amei")).post("/api/my/requests", {"kind": "offer", "shift": shift}), 201)
    wang = await at(site, "wang")
    [there] = (await mine(wang))["open"]
    assert there["kind"] == "offer"
    assert (await ok(await answer(wang, there, "take")))["state"] == "granted"
    assert [one[0] for one in await stands(site)] == ["wang"]


async def test_somebody_without_a_label_is_not_given_a_shift_by_itself(site: Site, boss: Browser) -> None:
    await ok(await boss.put("/api/requests/rules", {"auto": True}))
    await site.account("newcomer", Role.AGENT)
    shift = await works(site, "amei", monday(site))
    await ok(await (await at(site, "amei")).post("/api/my/requests", {"kind": "offer", "shift": shift}), 201)
    newcomer = await at(site, "newcomer")
    [there] = (await mine(newcomer))["open"]
    assert (await ok(await answer(newcomer, there, "take")))["state"] == "asked"


async def test_leave_is_asked_and_decided_and_frees_the_shifts(site: Site, boss: Browser) -> None:
    day = monday(site)
    shift = await works(site, "amei", day)
    amei, other = await at(site, "amei"), await person(site, "linxiao")
    offered = await ok(await amei.post("/api/my/requests", {"kind": "offer", "shift": shift, "to": other}), 201)
    wish = {"kind": "leave", "first_day": str(day), "last_day": str(day + timedelta(days=4))}
    row = await ok(await amei.post("/api/my/requests", wish), 201)
    assert row["state"] == "asked"
    await ok(await decide(boss, row, "grant"))
    assert await stands(site) == []
    kinds = {one["kind"]: one["state"] for one in (await ok(await boss.get("/api/requests")))["live"]}
    assert kinds == {"open": "waiting"}, "the offer of a shift that is gone came to an end"
    assert (await site.services.requests.book.one(offered["request"])).state == "lapsed"
    rules = await site.services.rosters.rules()
    assert rules.off["amei"] == tuple(day + timedelta(days=number) for number in range(5))
    draft = await ok(await boss.post("/api/rosters", {"first_day": str(day), "days": 7}), 201)
    assert draft["off"]["amei"][0] == str(day)
    duty = {"person": "amei", "day": str(day), "shift": "early", "start": "09:00", "minutes": 480}
    checked = await ok(await boss.put("/api/rosters/duties", {"draft": draft["draft"], "rev": 1, "duties": [duty]}))
    assert [fault["rule"] for fault in checked["faults"]] == ["absent"]

    [granted] = [one for one in (await ok(await boss.get("/api/requests")))["days"] if one["kind"] == "leave"]
    assert (await ok(await decide(boss, granted, "cancel")))["state"] == "withdrawn"
    assert (
        "amei" not in (await site.services.rosters.rules()).off or not (await site.services.rosters.rules()).off["amei"]
    )


async def test_wishes_stand_at_once_and_are_taken_back(site: Site) -> None:
    day = monday(site)
    amei = await at(site, "amei")
    for kind, named in (("wish", ""), ("wish", "late"), ("busy", "early")):
        wish = {"kind": kind, "first_day": str(day), "last_day": str(day), "named": named}
        assert (await ok(await amei.post("/api/my/requests", wish), 201))["state"] == "noted"
    rules = await site.services.rosters.rules()
    assert (rules.wishes_off["amei"], rules.wishes["amei"], rules.busy["amei"]) == (
        (day,),
        ((day, "late"),),
        ((day, "early"),),
    )
    for row in (await mine(amei))["mine"]:
        await ok(await answer(amei, row, "withdraw"))
    rules = await site.services.rosters.rules()
    assert (rules.wishes, rules.busy) == ({}, {})


async def test_two_who_take_one_shift_at_once_do_not_both_get_it(site: Site, boss: Browser) -> None:
    await ok(await boss.put("/api/requests/rules", {"auto": True}))
    day = monday(site)
    wish = {"start": f"{day}T01:00:00Z", "end": f"{day}T09:00:00Z"}
    row = await ok(await boss.post("/api/requests/open", wish), 201)
    browsers = [await at(site, name) for name in PEOPLE]

    answers = await asyncio.gather(*(answer(browser, row, "take") for browser in browsers))

    assert sorted(one.status_code for one in answers) == [200, 409, 409]
    assert len(await stands(site)) == 1


async def test_shifts_of_different_people_are_taken_in_one_moment(site: Site, boss: Browser) -> None:
    await ok(await boss.put("/api/requests/rules", {"auto": True}))
    day = monday(site)
    rows = []
    for number in range(len(PEOPLE)):
        opens = day + timedelta(days=number)
        wish = {"start": f"{opens}T01:00:00Z", "end": f"{opens}T09:00:00Z"}
        rows.append(await ok(await boss.post("/api/requests/open", wish), 201))
    browsers = [await at(site, name) for name in PEOPLE]

    answers = await asyncio.gather(*map(answer, browsers, rows, ["take"] * len(PEOPLE)))

    assert [one.status_code for one in answers] == [200] * len(PEOPLE), "each its own version of the roster"
    assert len(await stands(site)) == len(PEOPLE)


async def test_a_request_ends_with_its_shift(site: Site, boss: Browser) -> None:
    shift = await works(site, "amei", monday(site))
    amei = await at(site, "amei")
    await ok(await amei.post("/api/my/requests", {"kind": "offer", "shift": shift}), 201)
    await site.store.remove_shift(shift)
    assert (await ok(await boss.get("/api/requests")))["live"] == []
    [row] = (await mine(amei))["mine"]
    assert (row["state"], row["fresh"]) == ("lapsed", True)
    assert await error_of(await answer(amei, row, "withdraw")) == (409, "request_over")


async def test_a_grant_of_a_shift_that_is_gone_meanwhile_changes_nothing(site: Site, boss: Browser) -> None:
    shift = await works(site, "amei", monday(site))
    other = await person(site, "linxiao")
    amei, linxiao = await at(site, "amei"), await at(site, "linxiao")
    row = await ok(await amei.post("/api/my/requests", {"kind": "offer", "shift": shift, "to": other}), 201)
    accepted = await ok(await answer(linxiao, row, "accept"))
    await site.store.remove_shift(shift)
    assert await error_of(await decide(boss, accepted, "grant")) == (409, "roster_changed")
    assert await stands(site) == []
    assert (await site.services.requests.book.one(row["request"])).state == "asked"


WRONG: list[tuple[dict[str, str], str]] = [
    ({"kind": "leave", "first_day": "2020-03-02", "last_day": "2020-03-02"}, "day_past"),
    ({"kind": "wish", "first_day": "{day}", "last_day": "{eve}"}, "days_order"),
    ({"kind": "wish", "first_day": "{day}", "last_day": "{far}"}, "days_many"),
    ({"kind": "busy", "first_day": "{next_year}", "last_day": "{next_year}"}, "day_far"),
    ({"kind": "wish", "first_day": "{day}"}, "no_days"),
    ({"kind": "wish", "first_day": "{day}", "last_day": "{day}", "named": "no such shift"}, "name_unknown"),
    ({"kind": "leave", "first_day": "{day}", "last_day": "{day}", "named": "early"}, "name_unknown"),
    ({"kind": "offer"}, "no_shift"),
    ({"kind": "offer", "shift": "s_nobody"}, "shift_gone"),
    ({"kind": "offer", "shift": "{theirs}"}, "shift_gone"),
    ({"kind": "offer", "shift": "{runs}"}, "begun"),
    ({"kind": "offer", "shift": "{shift}", "to": "o-nobody"}, "nobody_to_ask"),
    ({"kind": "offer", "shift": "{shift}", "to": "{me}"}, "nobody_to_ask"),
    ({"kind": "swap", "shift": "{shift}", "to": "{other}"}, "no_shift"),
    ({"kind": "swap", "shift": "{shift}", "theirs": "{theirs}"}, "no_shift"),
    ({"kind": "swap", "shift": "{shift}", "to": "{other}", "theirs": "{shift}"}, "shift_gone"),
]


async def test_what_cannot_be_is_refused_with_its_rule_and_nothing_is_kept(site: Site, redis: Redis, pool: str) -> None:
    day, now_ms = monday(site), site.services.clock.now_ms()
    world: dict[str, Any] = {"day": day, "eve": day - timedelta(days=1), "far": day + timedelta(days=100)}
    world |= {"next_year": day + timedelta(days=410)}
    world |= {"shift": await works(site, "amei", day), "theirs": await works(site, "linxiao", day)}
    world |= {"me": await person(site, "amei"), "other": await person(site, "linxiao")}
    runs = await site.store.add_shift(world["me"], now_ms - HOUR_MS, now_ms + 6 * HOUR_MS)
    world |= {"runs": runs.shift}
    amei = await at(site, "amei")
    for wish, rule in WRONG:
        filled = {name: value.format(**world) for name, value in wish.items()}
        assert await rule_of(await amei.post("/api/my/requests", filled)) == (400, rule), wish
    assert [key async for key in redis.scan_iter(match=f"{{{pool}}}:shift_request*")] == []


async def test_leave_is_asked_once_for_a_day(site: Site, boss: Browser) -> None:
    day = monday(site)
    amei = await at(site, "amei")
    wish = {"kind": "leave", "first_day": str(day), "last_day": str(day + timedelta(days=2))}
    row = await ok(await amei.post("/api/my/requests", wish), 201)
    later = {**wish, "first_day": str(day + timedelta(days=2)), "last_day": str(day + timedelta(days=3))}
    assert await rule_of(await amei.post("/api/my/requests", later)) == (400, "asked_already")
    await ok(await decide(boss, row, "decline", why="too_few"))
    await ok(await amei.post("/api/my/requests", later), 201)


@pytest.mark.parametrize(
    ("start_h", "hours", "rule"), [(-1, 4, "begun"), (1, 0.75, "length"), (1, 25, "length"), (24 * 401, 8, "day_far")]
)
async def test_a_shift_that_cannot_be_is_not_opened(
    site: Site, boss: Browser, start_h: int, hours: float, rule: str
) -> None:
    start = datetime.fromtimestamp(site.services.clock.now_ms() / 1000, ZONE) + timedelta(hours=start_h)
    wish = {"start": start.isoformat(), "end": (start + timedelta(hours=hours)).isoformat()}
    assert await rule_of(await boss.post("/api/requests/open", wish)) == (400, rule)
    assert (await ok(await boss.get("/api/requests/count"))) == {"live": 0, "for_you": 0, "newest_ms": 0}


async def test_what_is_asked_says_what_it_means(site: Site, boss: Browser) -> None:
    day = monday(site)
    await site.account("signer", Role.AGENT, skills=("csl", "rail"))
    await works(site, "signer", day)
    shift = await works(site, "amei", day)
    leave = {"kind": "leave", "first_day": str(day), "last_day": str(day + timedelta(days=6))}
    await ok(await (await at(site, "signer")).post("/api/my/requests", leave), 201)
    amei, wang = await at(site, "amei"), await at(site, "wang")
    await ok(await amei.post("/api/my/requests", {"kind": "offer", "shift": shift}), 201)
    [offer] = (await mine(wang))["open"]
    [there] = [row for row in (await ok(await boss.get("/api/requests")))["live"] if row["kind"] == "offer"]
    assert there["means"] == {"broken": [], "lacks": [], "cover": None, "shifts": 1}, "nobody has taken it yet"
    await ok(await answer(wang, offer, "take"))
    late = datetime.fromtimestamp(ms(day, 18) / 1000, ZONE)
    opens = {"start": late.isoformat(), "end": (late + timedelta(hours=2)).isoformat()}
    await ok(await boss.post("/api/requests/open", opens), 201)

    rows = {row["kind"]: row for row in (await ok(await boss.get("/api/requests")))["live"]}
    off = rows["leave"]["means"]
    assert (off["shifts"], off["broken"], off["lacks"]) == (1, [], [])
    # Breaks are at the same time: in them nobody is there, whoever is away.
    assert (off["cover"]["now"], off["cover"]["then"], off["cover"]["wanted"]) == (2, 1, None)
    assert rows["offer"]["means"] == {"broken": [], "lacks": [], "cover": None, "shifts": 1}
    cover = rows["open"]["means"]["cover"]
    assert (cover["now"], cover["then"]) == (0, 1)
    newest_ms = max(row["changed_ms"] for row in rows.values())
    assert await ok(await boss.get("/api/requests/count")) == {"live": 3, "for_you": 3, "newest_ms": newest_ms}


async def test_what_many_requests_mean_is_worked_out_some_at_a_time(
    site: Site, boss: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shift_requests_means, "MOST_MEANT", 2)
    day = monday(site)
    for hour in (9, 12, 15):
        start = datetime.fromtimestamp(ms(day, hour) / 1000, ZONE)
        opens = {"start": start.isoformat(), "end": (start + timedelta(hours=2)).isoformat()}
        await ok(await boss.post("/api/requests/open", opens), 201)
    live = (await ok(await boss.get("/api/requests")))["live"]
    assert ["means" in row for row in live] == [True, True, False]
    last = live[2]["request"]
    found = (await ok(await boss.post("/api/requests/means", {"requests": [last, "q_none"]})))["means"]
    assert list(found) == [last]
    assert (found[last]["cover"]["now"], found[last]["cover"]["then"]) == (0, 1)
    assert (await boss.post("/api/requests/means", {"requests": [last] * 41})).status_code == 400


async def test_who_cannot_do_the_same_is_told_apart_when_a_shift_is_offered(site: Site) -> None:
    day = monday(site)
    await site.account("signer", Role.AGENT, skills=("csl", "rail"))
    shift = await works(site, "signer", day)
    theirs = await works(site, "amei", day + timedelta(days=1))
    amei, wang = await person(site, "amei"), await person(site, "wang")
    found = await ok(await (await at(site, "signer")).get(f"/api/my/shifts/{shift}/swaps"))
    assert {amei, wang} <= set(found["people"])
    assert {amei, wang} <= set(found["unlike"])
    assert [(one["shift"], one["alike"]) for one in found["swaps"]] == [(theirs, False)]
    found = await ok(await (await at(site, "amei")).get(f"/api/my/shifts/{theirs}/swaps"))
    assert wang in found["people"]
    assert wang not in found["unlike"]


async def test_a_no_has_its_reason_and_an_open_shift_is_told_whom_it_was_not_given(site: Site, boss: Browser) -> None:
    day = monday(site)
    opens = {"start": f"{day}T01:00:00Z", "end": f"{day}T09:00:00Z"}
    row = await ok(await boss.post("/api/requests/open", opens), 201)
    wang, linxiao = await at(site, "wang"), await at(site, "linxiao")
    taken = await ok(await answer(wang, row, "take"))
    declined = await ok(await decide(boss, taken, "decline", why="others"))
    assert declined["state"] == "waiting"
    told = await mine(wang)
    assert told["open"] == []
    [seen] = told["mine"]
    assert (seen["state"], seen["why"], seen["fresh"]) == ("declined", "others", True)
    again = await ok(await answer(linxiao, declined, "take"))
    await ok(await decide(boss, again, "assign", person=await person(site, "amei")))
    [seen] = (await mine(linxiao))["mine"]
    assert (seen["state"], seen["other"]) == ("declined", await person(site, "linxiao")), "not who has it instead"
    looks = [look.what async for look in site.services.audit.each()]
    assert {"shift_opened", "request_decline", "request_assign"} <= set(looks)


async def test_a_coordinator_gives_a_shift_to_one_who_cannot_do_the_same_only_anyway(site: Site, boss: Browser) -> None:
    await site.account("signer", Role.AGENT, skills=("csl", "rail:2"))
    day = monday(site)
    shift = await works(site, "signer", day)
    signer, other = await at(site, "signer"), await person(site, "wang")
    row = await ok(await signer.post("/api/my/requests", {"kind": "offer", "shift": shift, "to": other}), 201)
    accepted = await ok(await answer(await at(site, "wang"), row, "accept"))
    refused = await (await decide(boss, accepted, "grant")).get_json()
    assert (refused["error"], refused["rows"]) == ("rules_broken", [])
    assert refused["lacks"] == [{"person": other, "what": ["rail"]}]
    [seen] = (await ok(await boss.get("/api/requests")))["live"]
    assert seen["means"]["lacks"] == refused["lacks"]
    assert (await ok(await decide(boss, accepted, "grant", anyway=True)))["state"] == "granted"
    assert "request_grant_anyway" in [look.what async for look in site.services.audit.each()]


async def test_nobody_else_is_called_away_by_an_agent_and_no_coordinator_is_rostered(site: Site, boss: Browser) -> None:
    day = str(monday(site))
    wish = {"agent": await person(site, "linxiao"), "first_day": day, "last_day": day}
    assert await rule_of(await (await at(site, "amei")).post("/api/my/away", wish)) == (400, "not_an_agent")
    chief = {**wish, "agent": await person(site, "coordinator")}
    assert await rule_of(await boss.post("/api/requests/away", chief)) == (400, "not_an_agent")
    assert await error_of(await boss.post("/api/requests/q-none", {"act": "grant", "rev": 1})) == (
        404,
        "unknown_request",
    )


async def test_every_key_has_its_line_and_its_end(site: Site, boss: Browser, redis: Redis, pool: str) -> None:
    day = monday(site)
    await works(site, "amei", day)
    await away(await at(site, "amei"), day, day)
    await ok(await boss.put("/api/requests/rules", {"auto": False}))
    await ok(
        await boss.post(
            "/api/requests/away", {"agent": await person(site, "wang"), "first_day": str(day), "last_day": str(day)}
        ),
        201,
    )
    found = {}
    async for raw in redis.scan_iter(match=f"{{{pool}}}:shift_*"):
        key = raw.decode()
        spec = spec_of(key, pool)
        assert spec in OTHER_KEYS, key
        found[spec.stem] = await redis.pttl(key)
    assert {stem for stem, left in found.items() if left > 0} == {"shift_request", "shift_requests_of"}
    assert {stem for stem, left in found.items() if left < 0} == {"shift_requests", "shift_news", "shift_rules"}


async def test_an_agents_view_says_that_there_is_news(site: Site, boss: Browser) -> None:
    amei = await person(site, "amei")
    store = site.store
    await store.connect(Identity(person=amei, role="agent", name="Amei"), node="n", socket="s")
    assert (await store.agent_view(amei, alive=())).shift_news_ms == 0
    browser = await at(site, "amei")
    day = str(monday(site))
    row = await ok(await browser.post("/api/my/requests", {"kind": "leave", "first_day": day, "last_day": day}), 201)
    assert (await store.agent_view(amei, alive=())).shift_news_ms == 0, "what one does oneself is no news"
    await ok(await decide(boss, row, "decline"))
    assert (await store.agent_view(amei, alive=())).shift_news_ms > 0


async def test_rules_are_held_again_when_it_is_granted(site: Site, boss: Browser) -> None:
    day = monday(site)
    shift, other = await works(site, "amei", day), await person(site, "linxiao")
    amei, linxiao = await at(site, "amei"), await at(site, "linxiao")
    row = await ok(await amei.post("/api/my/requests", {"kind": "offer", "shift": shift, "to": other}), 201)
    accepted = await ok(await answer(linxiao, row, "accept"))
    await works(site, "linxiao", day - timedelta(days=1), 20)
    refused = await decide(boss, accepted, "grant")
    assert [row["rule"] for row in (await refused.get_json())["rows"]] == ["rest"]
    assert (await ok(await decide(boss, accepted, "grant", anyway=True)))["state"] == "granted"
