"""What a coordinator does over HTTP: agents, shifts, records."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openpyxl import Workbook
from redis.asyncio import Redis

from signaling.errors import Closed, ShiftOverlaps
from signaling.identity_types import Identity
from tests.integration.http_site import Browser, Site, error_of, served_call
from tests.valkey_server import RealValkey
from video_service import http_records, records_filter
from video_service.accounts import Account, Role
from video_service.settings import Settings
from video_service.shift_import_file import MAX_FILE_BYTES

pytestmark = pytest.mark.integration


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as running:
        yield running


@pytest.fixture
async def lin(site: Site) -> Account:
    return await site.account("lin", Role.AGENT, display_name="林老师", skills=("csl",), languages=("zh",))


@pytest.fixture
async def chen(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR, "chen")


def _hours(begin: float, end: float) -> dict[str, str]:
    """Return a shift's times, hours from now, as a page in Shanghai would write them."""
    now = datetime.now(UTC).replace(microsecond=0)
    return {
        name: (now + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")
        for name, hours in (("start", begin), ("end", end))
    }


async def _shifts(browser: Browser, query: str = "") -> list[dict[str, Any]]:
    response = await browser.get(f"/api/shifts{query}")
    assert response.status_code == 200
    shifts: list[dict[str, Any]] = (await response.get_json())["shifts"]
    return shifts


async def test_agents_are_listed_and_nobody_else(site: Site, lin: Account, chen: Browser) -> None:
    await site.account("wang", Role.AGENT)
    await site.services.accounts.set_disabled("wang", True)
    response = await chen.get("/api/agents")
    first, second = (await response.get_json())["agents"]
    assert first == {
        "agent": lin.person,
        "name": "林老师",
        "sign_in_name": "lin",
        "skills": ["csl"],
        "languages": ["zh"],
        "disabled": False,
    }
    assert (second["sign_in_name"], second["disabled"]) == ("wang", True)
    assert "password" not in await response.get_data(as_text=True)


async def test_a_shift_is_made_listed_and_taken_away(lin: Account, chen: Browser) -> None:
    span = {"start": "2097-03-02T09:00:00+08:00", "end": "2097-03-02T17:30:00+08:00"}
    made = await chen.post("/api/shifts", {"agent": lin.person, **span})
    assert made.status_code == 201
    shift = await made.get_json()
    assert shift == {
        "shift": shift["shift"],
        "agent": lin.person,
        "start": "2097-03-02T01:00:00.000Z",
        "end": "2097-03-02T09:30:00.000Z",
    }
    query = "?from=2097-03-02T00:00:00%2B08:00&to=2097-03-03T00:00:00%2B08:00"
    assert await _shifts(chen, query) == [shift]
    assert await _shifts(chen, "?from=2097-03-02T09:30:00Z&to=2097-03-03T00:00:00Z") == []
    assert await _shifts(chen) == [], "two weeks ahead by default"

    assert (await chen.delete(f"/api/shifts/{shift['shift']}")).status_code == 204
    assert (await chen.delete(f"/api/shifts/{shift['shift']}")).status_code == 204
    assert await _shifts(chen, query) == []


async def test_the_list_shows_the_days_around_now(lin: Account, chen: Browser) -> None:
    for begin in (-30, -2, 100, 24 * 15):
        assert (await chen.post("/api/shifts", {"agent": lin.person, **_hours(begin, begin + 4)})).status_code == 201
    assert len(await _shifts(chen)) == 2


@pytest.mark.parametrize(
    ("start", "end", "refusal"),
    [
        ("2097-03-02T09:00:00", "2097-03-02T17:00:00Z", (400, "bad_time")),
        ("2097-03-02T09:00:00Z", "later", (400, "bad_time")),
        ("2097-03-02T09:00:00Z", "2097-03-02T09:00:00Z", (400, "shift_unreadable")),
        ("2097-03-02T09:00:00Z", "2097-03-02T08:00:00Z", (400, "shift_unreadable")),
        ("2097-03-02T09:00:00Z", "2097-03-04T09:00:00Z", (400, "shift_unreadable")),
        ("2097-03-02T09:00:00+00:00", "2097-03-02T18:00:00+08:00", (409, "shift_overlaps")),
    ],
)
async def test_a_shift_that_cannot_be_is_named(
    lin: Account, chen: Browser, start: str, end: str, refusal: tuple[int, str]
) -> None:
    taken = {"agent": lin.person, "start": "2097-03-02T09:30:00Z", "end": "2097-03-02T12:00:00Z"}
    assert (await chen.post("/api/shifts", taken)).status_code == 201
    response = await chen.post("/api/shifts", {"agent": lin.person, "start": start, "end": end})
    assert await error_of(response) == refusal


async def test_only_an_agent_who_may_sign_in_gets_a_shift(site: Site, lin: Account, chen: Browser) -> None:
    coordinator = await site.services.accounts.get("chen")
    assert coordinator is not None
    await site.services.accounts.set_disabled("lin", True)
    for agent in ("a-nobody", coordinator.person, lin.person, "lin"):
        response = await chen.post("/api/shifts", {"agent": agent, **_hours(1, 5)})
        assert await error_of(response) == (400, "unknown_agent"), agent


async def test_two_at_once_do_not_put_an_agent_on_twice(lin: Account, chen: Browser) -> None:
    span = _hours(1, 5)
    answers = await asyncio.gather(*(chen.post("/api/shifts", {"agent": lin.person, **span}) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]


def _roster(*lines: str, head: str = "客服,日期,从,到") -> dict[str, Any]:
    text = "".join(f"{line}\r\n" for line in (head, *lines))
    return {"file": base64.b64encode(text.encode("gb18030")).decode(), "zone": "Asia/Shanghai"}


TODAY = datetime.now(UTC)  # asked once: a day may end in the middle of a test


def _days(ahead: int) -> str:
    return (TODAY + timedelta(days=ahead)).strftime("%Y-%m-%d")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_of_a_file_with_one_fault_nothing_is_kept(site: Site, lin: Account, chen: Browser, kind: str) -> None:
    good, gap = ("LIN", _days(3), "09:00", "17:00", "12:00-12:30"), ("LIN", "2099-03-29", "09:00", "17:00", "")
    stranger = ("nobody", _days(4), "09:00", "17:00", "08:00-08:15")
    wish = _roster(*(",".join(row) for row in (good, stranger, gap)), head="客服,日期,从,到,休息")
    if kind == "xlsx":
        book, out = Workbook(), io.BytesIO()
        for row in (("agent", "date", "from", "to", "breaks"), good, stranger, gap):
            book.active.append(row)
        book.save(out)
        wish["file"] = base64.b64encode(out.getvalue()).decode()
    answer = await (await chen.post("/api/shifts/import", {**wish, "apply": True})).get_json()
    faults = [(fault["line"], fault["code"], fault["value"]) for fault in answer["faults"]]
    assert faults == [(3, "agent_unknown", "nobody"), (4, "date_far", "2099-03-29")]
    assert (answer["imported"], await _shifts(chen)) == (0, [])


async def test_breaks_come_with_their_shift(site: Site, lin: Account, chen: Browser) -> None:
    wish = _roster(f"lin,{_days(3)},22:00,06:00,23:30-23:45 2:00-2:30", head="客服,日期,从,到,休息")
    done = await (await chen.post("/api/shifts/import", {**wish, "apply": True})).get_json()
    assert (done["imported"], done["faults"]) == (1, [])
    now_ms = site.services.clock.now_ms()
    [shift] = await site.store.shifts(now_ms, now_ms + 7 * 86_400_000)
    assert [((a - shift.start_ms) // 60_000, (b - a) // 60_000) for a, b in shift.breaks] == [(90, 15), (240, 30)]


async def test_a_roster_is_looked_at_then_imported_as_a_whole(site: Site, lin: Account, chen: Browser) -> None:
    wish = _roster(f"林老师,{_days(3)},22:00,06:00", f"LIN,{_days(5)},09:00,17:00")
    looked = await (await chen.post("/api/shifts/import", wish)).get_json()
    assert (looked["faults"], looked["rows"], looked["imported"]) == ([], 2, 0)
    assert looked["shifts"][0] == {
        "line": 2,
        "name": "林老师",
        "start": f"{_days(3)}T14:00:00.000Z",
        "end": f"{_days(3)}T22:00:00.000Z",
        "breaks": [],
    }
    assert await _shifts(chen) == []
    done = await chen.post("/api/shifts/import", {**wish, "apply": True})
    assert (done.status_code, (await done.get_json())["imported"]) == (201, 2)
    found = [(shift["agent"], shift["start"], shift["end"]) for shift in await _shifts(chen)]
    assert found == [(lin.person, shift["start"], shift["end"]) for shift in looked["shifts"]]

    again = await (await chen.post("/api/shifts/import", {**wish, "apply": True})).get_json()
    assert again["imported"] == 0
    assert [(fault["line"], fault["code"]) for fault in again["faults"]] == [
        (2, "overlaps_roster"),
        (3, "overlaps_roster"),
    ]
    assert len(await _shifts(chen)) == 2
    assert [look.what async for look in site.services.audit.each() if look.what != "agents"] == ["shifts_import"]


async def test_one_fault_keeps_a_whole_roster_out(site: Site, lin: Account, chen: Browser) -> None:
    wish = _roster(f"lin,{_days(3)},09:00,17:00", f"nobody,{_days(3)},9,17:00", f"lin,{_days(3)},16:00,18:00")
    answer = await (await chen.post("/api/shifts/import", {**wish, "apply": True})).get_json()
    assert answer["faults"] == [
        {"line": 3, "code": "agent_unknown", "column": "agent", "value": "nobody"},
        {"line": 3, "code": "time_unreadable", "column": "from", "value": "9"},
        {"line": 4, "code": "overlaps_line", "column": "from", "other": 2},
    ]
    assert (answer["imported"], await _shifts(chen)) == (0, [])
    with pytest.raises(ShiftOverlaps):  # the last word is the script's
        await site.store.add_shifts([(lin.person, 0, 10), ("a-2", 0, 10), (lin.person, 9, 11)])
    assert await site.store.shifts(0, 20) == []


async def test_two_imports_at_once_add_a_roster_once(lin: Account, chen: Browser) -> None:
    wish = _roster(*(f"lin,{_days(day)},09:00,17:00" for day in range(2, 12))) | {"apply": True}
    answers = [
        await answer.get_json()
        for answer in await asyncio.gather(*(chen.post("/api/shifts/import", wish) for _ in range(4)))
    ]
    assert sorted(answer["imported"] for answer in answers) == [0, 0, 0, 10]
    assert {len(answer["faults"]) for answer in answers if not answer["imported"]} == {10}


async def test_a_file_that_is_no_roster_is_said(chen: Browser) -> None:
    async def faults(file: bytes) -> list[str]:
        wish = {"file": base64.b64encode(file).decode(), "zone": "UTC"}
        answer = await (await chen.post("/api/shifts/import", wish)).get_json()
        return [fault["code"] for fault in answer["faults"]]

    assert await faults(b"") == ["file_empty"]
    assert await faults(b"x" * (MAX_FILE_BYTES + 1)) == ["file_too_large"]
    assert await faults(b"PK\x03\x04" + bytes(500_000)) == ["file_unreadable"]
    too_long = {"file": "A" * 730_000, "zone": "UTC"}
    assert await error_of(await chen.post("/api/shifts/import", too_long)) == (413, "too_large")
    assert await error_of(await chen.post("/api/shifts", too_long)) == (413, "too_large")
    for zone in ("Mars/Base", "America", "a" * 60):
        assert await error_of(await chen.post("/api/shifts/import", {"file": "", "zone": zone})) == (400, "bad_zone")
    assert await error_of(await chen.post("/api/shifts/import", {"file": "?", "zone": "UTC"})) == (400, "bad_request")


async def test_a_closed_line_lets_nobody_new_in_and_says_why(
    site: Site, lin: Account, chen: Browser, redis: Redis, pool: str
) -> None:
    assert await (await chen.get("/api/door")).get_json() == {
        "open": True,
        "since": None,
        "by": "",
        "notice": {"zh-CN": "", "zh-HK": "", "en": ""},
    }
    assert (await chen.post("/api/shifts", {"agent": lin.person, **_hours(-1, 5)})).status_code == 201
    store = site.store
    await served_call(site, lin)
    for person in ("c-early", "c-late"):
        await store.connect(Identity(person=person, role="customer"), node="n-1", socket=person)
    wish: dict[str, Any] = {"queue": "main", "needs": (), "urgent": True, "reason": "airport", "locale": "zh-CN"}
    early = await store.join("c-early", **wish)

    notice = {"zh-CN": " 今天系统维护。 ", "zh-HK": "今日系統維修。", "en": "=Back at 3"}
    shut = await (await chen.post("/api/door", {"open": False, "notice": notice})).get_json()
    assert (shut["open"], shut["by"], shut["notice"]) == (
        False,
        "Chen",
        {"zh-CN": "今天系统维护。", "zh-HK": "今日系統維修。", "en": "=Back at 3"},
    )
    assert await (await chen.get("/api/door")).get_json() == shut
    line = await (await site.browser().get("/api/service")).get_json()
    assert (line["open"], line["agents_on"], line["notice"]) == (False, 1, shut["notice"])
    with pytest.raises(Closed):
        await store.join("c-late", **wish)
    assert await store.join("c-early", **wish) == early, "who waits stays"
    assert (await store.customer_view("c-early", alive=())).state in ("waiting", "ringing")

    opened = await (await chen.post("/api/door", {"open": True})).get_json()
    assert set(opened["notice"].values()) == {""}
    line = await (await site.browser().get("/api/service")).get_json()
    assert (line["open"], line["notice"]) == (True, None)
    await store.join("c-late", **wish)
    acts = [look.what async for look in site.services.audit.each() if look.what.startswith("door")]
    assert acts == ["door_open", "door_close"]
    await redis.hset(f"{{{pool}}}:door", "v", "9")
    assert await error_of(await chen.get("/api/door")) == (500, "schema_unknown")


async def test_a_notice_is_a_short_line_of_plain_text(chen: Browser) -> None:
    for text in ("x" * 121, "a\nb", "a\x00", "\u202eabc", 7):
        wish = {"open": False, "notice": {"en": text}}
        assert await error_of(await chen.post("/api/door", wish)) == (400, "bad_request"), text
    assert (await (await chen.get("/api/door")).get_json())["open"] is True
    longest = {"open": False, "notice": {"zh-CN": "维" * 120}}
    assert (await chen.post("/api/door", longest)).status_code == 200


async def test_the_template_opens_in_a_spreadsheet_and_is_one(chen: Browser) -> None:
    chinese, hong_kong, english = "客服,日期,从,到", "客服員,日期,由,到", "agent,date,from,to"
    for lang, head in (("zh-CN", chinese), ("zh-HK", hong_kong), ("en", english), ("x", chinese)):
        response = await chen.get(f"/api/shifts/template.csv?lang={lang}")
        raw = await response.get_data(as_text=False)
        assert raw.startswith(b"\xef\xbb\xbf" + head.encode() + b"\r\n")
        assert response.headers["Content-Disposition"] == 'attachment; filename="shifts.csv"'


async def test_a_time_that_cannot_be_read_is_said(chen: Browser) -> None:
    backwards = "from=2097-03-02T00:00:00Z&to=2097-03-02T00:00:00Z"
    for path in ("/api/shifts", "/api/records", "/api/records.csv"):
        for query in ("from=x", "to=2097-03-02", backwards, "from=" + "9" * 5000):
            assert await error_of(await chen.get(f"{path}?{query}")) == (400, "bad_time"), (path, query[:40])


async def test_a_call_is_on_record(site: Site, lin: Account, chen: Browser) -> None:
    assert (await chen.post("/api/shifts", {"agent": lin.person, **_hours(-1, 5)})).status_code == 201
    line = await (await site.browser().get("/api/service")).get_json()
    assert line["open"] is False, "on shift, but not here"
    call = await served_call(site, lin)
    line = await (await site.browser().get("/api/service")).get_json()
    assert (line["open"], line["agents_on"]) == (True, 1)

    page = await (await chen.get("/api/records")).get_json()
    assert page["cursor"] == ""
    (record,) = page["records"]
    assert (record["call"], record["class"], record["reason"]) == (call, "urgent", "airport")
    assert (record["state"], record["ended_reason"]) == ("closed", "customer_hung_up")
    assert [segment["agent"] for segment in record["segments"]] == [lin.person]
    assert await (await chen.get(f"/api/records/{call}")).get_json() == record
    assert "林老师" not in str(record)


async def test_records_come_in_pages_and_as_a_file(site: Site, lin: Account, chen: Browser) -> None:
    await chen.post("/api/shifts", {"agent": lin.person, **_hours(-1, 5)})
    calls = [await served_call(site, lin) for _ in range(5)]
    seen, cursor = [], ""
    while True:
        page = await (await chen.get(f"/api/records?limit=2&cursor={cursor}")).get_json()
        seen += [record["call"] for record in page["records"]]
        if not (cursor := page["cursor"]):
            break
    assert sorted(seen) == sorted(calls)

    response = await chen.get("/api/records.csv?from=2020-01-01T00:00:00Z")
    assert response.mimetype == "text/csv"
    assert response.headers["Content-Disposition"] == 'attachment; filename="records.csv"'
    text = await response.get_data(as_text=True)
    assert text.startswith("\ufeff"), "Excel then reads Chinese"
    rows = list(csv.DictReader(io.StringIO(text[1:])))
    assert [row["call"] for row in rows] == calls
    assert {row["agents"] for row in rows} == {lin.person}
    empty = await chen.get("/api/records.csv?to=2020-01-01T00:00:00Z")
    assert len((await empty.get_data(as_text=True)).splitlines()) == 1


async def test_a_long_file_comes_in_parts(
    site: Site, lin: Account, chen: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_records, "LINES_AT_ONCE", 2)
    await chen.post("/api/shifts", {"agent": lin.person, **_hours(-1, 5)})
    calls = [await served_call(site, lin) for _ in range(4)]
    text = await (await chen.get("/api/records.csv")).get_data(as_text=True)
    assert [line.split(",")[0] for line in text.splitlines()] == ["\ufeffcall", *calls]


async def test_records_are_filtered_in_pages_and_in_the_file(
    site: Site, lin: Account, chen: Browser, redis: Redis, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chen.post("/api/shifts", {"agent": lin.person, **_hours(-1, 5)})
    calls = [await served_call(site, lin) for _ in range(6)]
    changes: dict[int, dict[Any, Any]] = {
        0: {"solved": "no", "outcome": "follow_up"},
        1: {"class": "normal", "solved": "yes"},
        2: {"answered_ms": 0, "segments": "[]", "ended_reason": "customer_cancelled"},
        3: {"ended_reason": "", "closed_ms": 0, "answered_ms": 0, "segments": "[]"},
    }
    for number, fields in changes.items():
        await redis.hset(f"{{{pool}}}:record:{calls[number]}", mapping=fields)

    async def found(query: str) -> list[int]:
        """Ask for one page after the other, and for the file, which has to say the same."""
        seen, cursor = [], ""
        while True:
            page = await (await chen.get(f"/api/records?limit=1&{query}&cursor={cursor}")).get_json()
            seen += [calls.index(record["call"]) for record in page["records"]]
            if not (cursor := page["cursor"]):
                break
        text = await (await chen.get(f"/api/records.csv?{query}")).get_data(as_text=True)
        assert sorted(seen) == [calls.index(line.split(",")[0]) for line in text.splitlines()[1:]], query
        return sorted(seen)

    for batch in (200, 2):
        monkeypatch.setattr(records_filter, "BATCH", batch)
        monkeypatch.setattr(records_filter, "SCANNED", batch)
        assert await found("") == [0, 1, 2, 3, 4, 5]
        assert await found("not_solved=1") == [0]
        assert await found("outcome=follow_up") == [0]
        assert await found("outcome=solved") == []
        assert await found("urgent=1") == [0, 2, 3, 4, 5]
        assert await found("unanswered=1") == [2]
        assert await found("ended=open") == [3]
        assert await found("ended=customer_cancelled&urgent=1") == [2]
        assert await found(f"agent={lin.person}&urgent=0") == [0, 1, 4, 5]
        assert await found("agent=a_other") == []
    for query in ("urgent=yes", "unanswered=2", "agent=%7Bx%7D", "ended=A", "outcome=A", "agent=" + "a" * 65):
        for path in ("/api/records", "/api/records.csv"):
            assert await error_of(await chen.get(f"{path}?{query}")) == (400, "bad_request"), query


async def test_what_is_no_cursor_no_limit_and_no_record_is_said(chen: Browser) -> None:
    for cursor in ("x", "-", "1", "1-", "-1", "9" * 5000 + "-c", "%D9%A1-c", "1-c%00" + "x" * 200):
        response = await chen.get(f"/api/records?cursor={cursor}")
        assert await error_of(response) == (400, "bad_cursor"), cursor[:40]
    for limit in ("0", "-1", "501", "x", "1.5", "9" * 5000):
        assert await error_of(await chen.get(f"/api/records?limit={limit}")) == (400, "bad_request"), limit[:40]
    for call in ("c_none", "%00", "{main}:accounts", "x" * 3000, "..", "%F0%28"):
        assert (await error_of(await chen.get(f"/api/records/{call}")))[0] == 404, call[:40]


async def test_a_record_of_a_later_version_is_not_guessed_at(
    site: Site, lin: Account, chen: Browser, redis: Redis, pool: str
) -> None:
    await chen.post("/api/shifts", {"agent": lin.person, **_hours(-1, 5)})
    call = await served_call(site, lin)
    await redis.hset(f"{{{pool}}}:record:{call}", "v", "9")
    assert await error_of(await chen.get(f"/api/records/{call}")) == (500, "schema_unknown")
