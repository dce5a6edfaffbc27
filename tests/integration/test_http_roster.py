"""Rosters from draft to shifts, over HTTP on a real Valkey: versions, the check, all or nothing, who was quicker."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import icalendar
import pytest
from quart import Response
from redis.asyncio import Redis

from scheduler.plan_file import EXAMPLE
from signaling.identity_types import Identity
from tests.integration.http_site import STEADY_ZONE, Browser, Site, error_of
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.keys import OTHER_KEYS, spec_of
from video_service.settings import Settings

pytestmark = pytest.mark.integration

ZONE = STEADY_ZONE


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool, time_zone=ZONE.key)) as running:
        await running.account("amei", Role.AGENT, display_name="阿梅")
        await running.account("linxiao", Role.AGENT)
        yield running


@pytest.fixture
async def boss(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR)


def monday(site: Site) -> date:
    """The Monday after next: nothing of it has begun, whatever the day."""
    today = datetime.fromtimestamp(site.services.clock.now_ms() / 1000, ZONE).date()
    return today + timedelta(days=14 - today.weekday())


def duty(person: str, day: date, shift: str = "early", **more: Any) -> dict[str, Any]:
    start = {"early": "09:00", "late": "13:00"}[shift]
    return {"person": person, "day": str(day), "shift": shift, "start": start, "minutes": 480, **more}


async def ok(response: Response, status: int = 200) -> dict[str, Any]:
    answer: dict[str, Any] = await response.get_json()
    assert response.status_code == status, answer
    return answer


async def begun(boss: Browser, day: date, days: int = 7) -> dict[str, Any]:
    return await ok(await boss.post("/api/rosters", {"first_day": str(day), "days": days}), 201)


async def kept(boss: Browser, draft: dict[str, Any], *duties: dict[str, Any]) -> dict[str, Any]:
    wish = {"draft": draft["draft"], "rev": draft["rev"], "duties": list(duties)}
    return await ok(await boss.put("/api/rosters/duties", wish))


async def published(boss: Browser, name: str) -> tuple[dict[str, Any], Response]:
    """The changes that are shown, and the answer to publishing them."""
    shown = await ok(await boss.get(f"/api/rosters/{name}/changes"))
    return shown, await boss.post(f"/api/rosters/{name}/publish", {"token": shown["token"]})


async def stands(site: Site) -> list[tuple[str, str, int, int]]:
    """Sign-in name, start, minutes and number of breaks of every shift ahead."""
    names = {one.person: one.name for one in await site.services.accounts.all()}
    now_ms = site.services.clock.now_ms()
    return [
        (
            names[one.agent],
            f"{datetime.fromtimestamp(one.start_ms / 1000, ZONE):%Y-%m-%d %H:%M}",
            (one.end_ms - one.start_ms) // 60_000,
            len(one.breaks),
        )
        for one in await site.store.shifts(now_ms, now_ms + 60 * 86_400_000)
    ]


async def test_a_draft_is_checked_published_and_changed(site: Site, boss: Browser) -> None:
    first = monday(site)
    draft = await begun(boss, first)
    assert (draft["state"], draft["rev"], draft["duties"], draft["faults"]) == ("draft", 1, [], [])
    people = [("amei", "阿梅", True), ("linxiao", "Linxiao", True)]
    assert [(one["name"], one["title"], one["ruled"]) for one in draft["people"]] == people
    assert draft["shifts"][0] == {"name": "early", "start_min": 540, "minutes": 480}

    answer = await kept(boss, draft, duty("amei", first, "late"), duty("amei", first + timedelta(days=1)))
    [fault] = answer["faults"]
    assert fault == {"rule": "succession", "person": "amei", "day": 1, "shift": "early", "has": 0, "limit": 0}
    assert [len(one["pauses"]) for one in answer["duties"]] == [3, 3]
    assert answer["scheduled"][0][52:54] == [1, 1]
    assert await stands(site) == []

    shown, response = await published(boss, draft["draft"])
    assert [(one["person"], one["day"], len(one["after"])) for one in shown["days"]] == [
        ("amei", str(first), 1),
        ("amei", str(first + timedelta(days=1)), 1),
    ]
    assert await ok(response, 201) == {"version": 1, "added": 2, "removed": 0, "kept": 0, "late": 0}
    assert await stands(site) == [
        ("amei", f"{first} 13:00", 480, 3),
        ("amei", f"{first + timedelta(days=1)} 09:00", 480, 3),
    ]

    answer = await kept(boss, answer | draft | {"rev": 2}, answer["duties"][0], duty("linxiao", first))
    assert (answer["rev"], answer["state"]) == (3, "changed")
    shown, response = await published(boss, draft["draft"])
    assert (await ok(response, 201))["version"] == 2
    assert [(one["person"], len(one["before"]), len(one["after"])) for one in shown["days"]] == [
        ("linxiao", 0, 1),
        ("amei", 1, 0),
    ]
    assert (shown["added"], shown["removed"], shown["kept"]) == (1, 1, 1)
    assert [one[0] for one in await stands(site)] == ["linxiao", "amei"]
    listed = await ok(await boss.get("/api/rosters"))
    assert [one["state"] for one in listed["drafts"]] == ["published"]
    assert [(one["number"], one["added"], one["removed"], one["kept"]) for one in listed["versions"]] == [
        (2, 1, 1, 1),
        (1, 2, 0, 0),
    ]
    old = await ok(await boss.get("/api/rosters/versions/1"))
    assert [one["person"] for one in old["duties"]] == ["amei", "amei"]
    looks = [look.what async for look in site.services.audit.each(what="roster_published")]
    assert len(looks) == 2


async def test_a_draft_begins_as_what_stands(site: Site, boss: Browser) -> None:
    first = monday(site)
    amei = await site.services.accounts.get("amei")
    assert amei is not None
    nine = round(datetime(first.year, first.month, first.day, 9, tzinfo=ZONE).timestamp() * 1000)
    hour = 3_600_000
    await site.store.add_shifts(
        [
            (amei.person, nine, nine + 8 * hour, [(nine + 2 * hour, nine + 2 * hour + 900_000)]),
            (amei.person, nine + 25 * hour, nine + 26 * hour),
            (amei.person, nine + 7 * 24 * hour, nine + 7 * 24 * hour + hour),
        ]
    )
    draft = await begun(boss, first)
    pauses = [{"from_min": 120, "to_min": 135}]
    assert draft["duties"] == [
        {**duty("amei", first), "pauses": pauses},
        {**duty("amei", first + timedelta(days=1), shift="early"), "shift": "", "start": "10:00", "minutes": 60}
        | {"pauses": []},
    ]
    shown = await ok(await boss.get(f"/api/rosters/{draft['draft']}/changes"))
    assert (shown["days"], shown["added"], shown["removed"], shown["kept"]) == ([], 0, 0, 2)
    await kept(boss, draft)
    _, response = await published(boss, draft["draft"])
    assert (await ok(response, 201))["removed"] == 2
    assert len(await stands(site)) == 1, "what lies after the roster's days stands"


async def test_nothing_is_published_when_a_shift_lies_in_another(site: Site, boss: Browser) -> None:
    first = monday(site)
    draft = await begun(boss, first)
    await kept(boss, draft, duty("amei", first), duty("linxiao", first))
    lin = await site.services.accounts.get("linxiao")
    assert lin is not None
    ten = round(datetime(first.year, first.month, first.day, 10, tzinfo=ZONE).timestamp() * 1000)
    await site.store.add_shift(lin.person, ten, ten + 3_600_000)

    _, response = await published(boss, draft["draft"])

    assert response.status_code == 409
    row = {"person": "linxiao", "start": f"{first} 09:00", "other": f"{first} 10:00"}
    assert await response.get_json() == {"error": "roster_overlaps", "rows": [row]}
    assert await stands(site) == [("linxiao", f"{first} 10:00", 60, 0)]
    assert (await ok(await boss.get("/api/rosters")))["versions"] == []


async def test_a_draft_as_a_file_is_one_that_the_import_of_shifts_reads(site: Site, boss: Browser) -> None:
    first = monday(site)
    draft = await begun(boss, first)
    night = duty("linxiao", first, "late") | {"shift": "", "start": "22:00"}
    await kept(boss, draft, duty("amei", first), night)
    response = await boss.get(f"/api/rosters/{draft['draft']}/roster.csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    file: Any = await response.get_data()
    assert file.decode("utf-8-sig").splitlines()[1:] == [f"amei,{first},09:00,17:00", f"linxiao,{first},22:00,06:00"]
    wish = {"file": base64.b64encode(file).decode(), "zone": ZONE.key, "apply": True}
    answer = await ok(await boss.post("/api/shifts/import", wish), 201)
    assert (answer["faults"], answer["imported"]) == ([], 2)
    assert [one[0] for one in await stands(site)] == ["amei", "linxiao"]


async def test_two_shifts_of_one_draft_that_overlap_are_faults_and_cannot_be_published(
    site: Site, boss: Browser
) -> None:
    first = monday(site)
    draft = await begun(boss, first)
    answer = await kept(boss, draft, duty("amei", first), duty("amei", first, "late"))
    assert [one["rule"] for one in answer["faults"]] == ["one_shift", "split_gap"]
    _, response = await published(boss, draft["draft"])
    assert (await response.get_json())["error"] == "roster_overlaps"


async def test_who_was_quicker_is_not_written_over(site: Site, boss: Browser) -> None:
    first = monday(site)
    draft = await begun(boss, first)
    await kept(boss, draft, duty("amei", first))
    late = {"draft": draft["draft"], "rev": draft["rev"], "duties": []}
    assert await error_of(await boss.put("/api/rosters/duties", late)) == (409, "roster_changed")
    shown = await ok(await boss.get(f"/api/rosters/{draft['draft']}/changes"))
    await kept(boss, {**draft, "rev": 2}, duty("linxiao", first))
    again = await boss.post(f"/api/rosters/{draft['draft']}/publish", {"token": shown["token"]})
    assert await error_of(again) == (409, "roster_changed")
    shown = await ok(await boss.get(f"/api/rosters/{draft['draft']}/changes"))
    path = f"/api/rosters/{draft['draft']}/publish"
    both = await asyncio.gather(*(boss.post(path, {"token": shown["token"]}) for _ in range(2)))
    assert sorted(one.status_code for one in both) == [201, 409]
    assert len(await stands(site)) == 1


async def test_two_drafts_cannot_both_be_published_unseen(site: Site, boss: Browser) -> None:
    first = monday(site)
    one, two = await begun(boss, first), await begun(boss, first)
    await kept(boss, one, duty("amei", first))
    await kept(boss, two, duty("amei", first))
    seen = await ok(await boss.get(f"/api/rosters/{two['draft']}/changes"))
    await ok((await published(boss, one["draft"]))[1], 201)
    assert await error_of(await boss.post(f"/api/rosters/{two['draft']}/publish", {"token": seen["token"]})) == (
        409,
        "roster_changed",
    )
    shown, _ = await published(boss, two["draft"])
    assert (shown["added"], shown["kept"]) == (0, 1)


async def test_an_agent_who_loses_the_day_goes_on_break_and_one_who_gets_it_may_be_ready(
    site: Site, boss: Browser
) -> None:
    amei = await site.services.accounts.get("amei")
    assert amei is not None
    staff = Identity(person=amei.person, role="agent", name="A", skills=())
    await site.store.connect(staff, node="n-1", socket="s")
    now_ms = site.services.clock.now_ms()
    shift = await site.store.add_shift(amei.person, now_ms - 1000, now_ms + 3_600_000)
    await site.store.sign_in(staff)
    assert (await site.store.agent_view(amei.person, alive=())).shift_until_ms == shift.end_ms
    first = monday(site)
    draft = await begun(boss, first)
    await kept(boss, draft, duty("amei", first))
    await ok((await published(boss, draft["draft"]))[1], 201)
    assert (await site.store.agent_view(amei.person, alive=())).shift_until_ms == shift.end_ms


async def test_the_teams_rules_are_kept_and_faults_named(site: Site, boss: Browser) -> None:
    before = await ok(await boss.get("/api/rosters/team"))
    assert before["set"] is False
    assert 'name = "linxiao"' in before["text"]
    bad = await boss.put("/api/rosters/team", {"text": EXAMPLE.replace("early", "late", 1)})
    assert bad.status_code == 400
    answer = await bad.get_json()
    assert answer["error"] == "bad_team"
    wrong = await boss.put("/api/rosters/team", {"text": EXAMPLE.replace('"2026-03-07"', '"2026-02-30"')})
    assert "people 1 (amei), off" in (await wrong.get_json())["words"]
    assert (await ok(await boss.get("/api/rosters/team")))["set"] is False
    text = EXAMPLE.replace("linxiao", "stranger")
    said = {"people": 2, "unknown": ["stranger"], "without": ["linxiao"], "rev": 0}
    assert await ok(await boss.put("/api/rosters/team", {"text": text, "apply": False})) == said
    assert await ok(await boss.put("/api/rosters/team", {"text": text})) == said | {"rev": 1}
    after = await ok(await boss.get("/api/rosters/team"))
    assert (after["set"], after["text"], after["rev"]) == (True, text, 1)


CAMPAIGN = {
    "name": "fair",
    "first": "2026-05-01",
    "last": "2026-05-05",
    "percent": 150,
    "start": "09:00",
    "end": "12:00",
}


async def test_campaigns_are_kept_as_a_whole_and_planning_knows_them(site: Site, boss: Browser) -> None:
    assert await ok(await boss.get("/api/plan/campaigns")) == {"campaigns": [], "rev": 0}
    earlier = {
        **CAMPAIGN,
        "name": "mailing",
        "first": "2026-04-01",
        "last": "2026-04-02",
        "start": "00:00",
        "end": "24:00",
    }
    kept = await ok(await boss.put("/api/plan/campaigns", {"campaigns": [CAMPAIGN, earlier], "rev": 0}))
    assert kept == {"campaigns": [earlier, CAMPAIGN], "rev": 1}
    assert await ok(await boss.get("/api/plan/campaigns")) == kept
    refused = await boss.put("/api/plan/campaigns", {"campaigns": [], "rev": 0})
    assert await error_of(refused) == (409, "roster_changed")
    basis = await site.services.plan_jobs._source.basis()
    assert [one.name for one in basis.campaigns] == ["mailing", "fair"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"last": "2026-04-30"}, "order"),
        ({"last": "2027-05-02"}, "length"),
        ({"start": "12:00"}, "times"),
        ({"percent": 5}, "percent"),
        ({"percent": 1001}, "percent"),
    ],
)
async def test_a_campaign_that_cannot_be_is_named_by_its_row_and_nothing_is_kept(
    boss: Browser, change: dict[str, Any], fault: str
) -> None:
    wish = {"campaigns": [CAMPAIGN, {**CAMPAIGN, **change}], "rev": 0}
    answer = await boss.put("/api/plan/campaigns", wish)
    assert answer.status_code == 400
    assert await answer.get_json() == {"error": "bad_campaigns", "row": 2, "fault": fault}
    assert await ok(await boss.get("/api/plan/campaigns")) == {"campaigns": [], "rev": 0}


@pytest.mark.parametrize("change", [{"first": "2026-02-30"}, {"start": "24:30"}, {"name": ""}, {"percent": "many"}])
async def test_a_campaign_of_another_form_is_refused(boss: Browser, change: dict[str, Any]) -> None:
    wish = {"campaigns": [{**CAMPAIGN, **change}], "rev": 0}
    assert (await boss.put("/api/plan/campaigns", wish)).status_code == 400
    assert (await ok(await boss.get("/api/plan/campaigns")))["rev"] == 0


async def test_two_who_write_the_teams_rules_never_write_over_each_other(site: Site, boss: Browser) -> None:
    other = await site.signed_in(Role.COORDINATOR, "second")
    read = (await ok(await boss.get("/api/rosters/team")))["rev"]
    assert read == 0
    mine, theirs = EXAMPLE.replace("linxiao", "mine"), EXAMPLE.replace("linxiao", "theirs")
    assert (await ok(await other.put("/api/rosters/team", {"text": theirs, "rev": read})))["rev"] == 1
    refused = await boss.put("/api/rosters/team", {"text": mine, "rev": read})
    assert await error_of(refused) == (409, "roster_changed")
    kept = await ok(await boss.get("/api/rosters/team"))
    assert (kept["text"], kept["rev"]) == (theirs, 1)
    assert (await ok(await boss.put("/api/rosters/team", {"text": mine, "rev": kept["rev"]})))["rev"] == 2
    assert (await boss.put("/api/rosters/team", {"text": mine, "rev": -1})).status_code == 400


@pytest.mark.parametrize(
    "wish",
    [
        {"start": "24:00"},
        {"start": "09:00\n"},
        {"minutes": 0},
        {"day": "2030-02-30"},
        {"person": ""},
        {"person": "=1+1"},
        {"person": "amei,x"},
        {"more": 1},
        {"pauses": [{"from_min": 5}]},
    ],
)
async def test_what_no_page_sends_is_not_read(site: Site, boss: Browser, wish: dict[str, Any]) -> None:
    draft = await begun(boss, monday(site))
    body = {"draft": draft["draft"], "rev": 1, "duties": [{**duty("amei", monday(site)), **wish}]}
    assert await error_of(await boss.put("/api/rosters/duties", body)) == (400, "bad_request")


@pytest.mark.parametrize("wish", [{"day": "2030-03-04"}, {"pauses": [{"from_min": 470, "to_min": 490}]}])
async def test_what_does_not_fit_in_the_roster_is_refused_and_nothing_kept(
    site: Site, boss: Browser, wish: dict[str, Any]
) -> None:
    draft = await begun(boss, monday(site))
    body = {"draft": draft["draft"], "rev": 1, "duties": [{**duty("amei", monday(site)), **wish}]}
    assert await error_of(await boss.put("/api/rosters/duties", body)) == (400, "bad_roster")
    assert (await ok(await boss.get(f"/api/rosters/{draft['draft']}")))["rev"] == 1


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2100-01-01", "9999-12-31"])
async def test_days_that_no_calendar_needs_are_refused(boss: Browser, day: str) -> None:
    assert await error_of(await boss.post("/api/rosters", {"first_day": day, "days": 56})) == (400, "bad_roster")


async def test_without_anybody_to_be_rostered_there_is_no_draft(site: Site, boss: Browser) -> None:
    wish = {"first_day": str(monday(site)), "days": 7}
    draft = await begun(boss, monday(site))
    for name in ("amei", "linxiao"):
        await site.services.accounts.set_disabled(name, True)
    assert await error_of(await boss.post("/api/rosters", wish)) == (400, "bad_roster")
    assert await error_of(await boss.get(f"/api/rosters/{draft['draft']}")) == (400, "bad_roster")


async def test_a_draft_can_be_dropped_and_what_is_gone_is_not_found(site: Site, boss: Browser) -> None:
    draft = await begun(boss, monday(site))
    path = f"/api/rosters/{draft['draft']}"
    assert (await boss.delete(path)).status_code == 204
    assert await error_of(await boss.get(path)) == (404, "unknown_roster")
    assert await error_of(await boss.get("/api/rosters/versions/7")) == (404, "unknown_roster")
    await site.account("nobody", Role.COORDINATOR)


async def test_a_roster_of_somebody_who_is_no_agent_any_more_is_not_published(site: Site, boss: Browser) -> None:
    draft = await begun(boss, monday(site))
    await kept(boss, draft, duty("amei", monday(site)))
    await site.services.accounts.set_disabled("amei", True)
    shown = await ok(await boss.get(f"/api/rosters/{draft['draft']}"))
    assert shown["people"][-1] == {"name": "amei", "title": "", "ruled": False}
    refused = await boss.get(f"/api/rosters/{draft['draft']}/changes")
    assert await error_of(refused) == (409, "not_published")


async def test_every_key_has_its_line_and_its_end(site: Site, boss: Browser, redis: Redis, pool: str) -> None:
    draft = await begun(boss, monday(site))
    await kept(boss, draft, duty("amei", monday(site)))
    await ok((await published(boss, draft["draft"]))[1], 201)
    await ok(await boss.put("/api/rosters/team", {"text": EXAMPLE}))
    found = {}
    async for raw in redis.scan_iter(match=f"{{{pool}}}:roster*"):
        key = raw.decode()
        spec = spec_of(key, pool)
        assert spec in OTHER_KEYS, key
        found[spec.stem] = await redis.pttl(key)
    ends = {stem for stem, left in found.items() if left > 0}
    assert set(found) - ends == {"roster", "roster_team", "roster_drafts", "roster_versions"}
    assert ends == {"roster_draft", "roster_version"}


async def test_a_roster_comes_as_a_calendar_with_everybodys_name(site: Site, boss: Browser) -> None:
    first = monday(site)
    draft = await begun(boss, first)
    await kept(boss, draft, duty("linxiao", first, "late"), duty("amei", first))
    response = await boss.get(f"/api/rosters/{draft['draft']}/roster.ics?lang=zh-HK")
    assert response.content_type == "text/calendar; charset=utf-8"
    assert response.headers["Content-Disposition"] == f'attachment; filename="roster-{first}.ics"'
    file: Any = icalendar.Calendar.from_ical(await response.get_data(as_text=False))
    early, late = file.walk("VEVENT")
    assert (str(file["name"]), str(early["summary"]), str(late["summary"])) == ("全組更表", "阿梅", "Linxiao")
    assert early.decoded("dtstart").astimezone(ZONE).isoformat()[:16] == f"{first}T09:00"
    assert early.decoded("dtend") - early.decoded("dtstart") == timedelta(hours=8)
    assert await error_of(await boss.get("/api/rosters/versions/1/roster.ics")) == (404, "unknown_roster")
    await published(boss, draft["draft"])
    version = await boss.get("/api/rosters/versions/1/roster.ics")
    assert version.headers["Content-Disposition"] == f'attachment; filename="roster-{first}-v1.ics"'


async def test_a_roster_comes_as_a_workbook_that_the_import_reads(site: Site, boss: Browser) -> None:
    first = monday(site)
    draft = await begun(boss, first)
    await kept(boss, draft, duty("amei", first), duty("linxiao", first, "late"))
    response = await boss.get(f"/api/rosters/{draft['draft']}/roster.xlsx")
    assert response.status_code == 200
    assert response.headers["Content-Disposition"] == f'attachment; filename="roster-{first}.xlsx"'
    data = await response.get_data(as_text=False)
    wish = {"file": base64.b64encode(data).decode(), "zone": ZONE.key}
    read = await ok(await boss.post("/api/shifts/import", wish))
    assert (read["rows"], read["faults"], len(read["shifts"])) == (2, [], 2)
    assert await error_of(await boss.get("/api/rosters/versions/1/roster.xlsx")) == (404, "unknown_roster")
    await published(boss, draft["draft"])
    version = await boss.get("/api/rosters/versions/1/roster.xlsx")
    assert version.headers["Content-Disposition"] == f'attachment; filename="roster-{first}-v1.xlsx"'
