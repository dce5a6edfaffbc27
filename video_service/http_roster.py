"""The HTTP surface of rosters: drafts and the check of each change, publishing, versions, the team's rules."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import date
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify, request

from scheduler.errors import BadRoster
from scheduler.plan_file import read_plan_file
from scheduler.roster.faults import Fault
from scheduler.roster.validate import validate
from scheduler.roster_draft import MOST_DAYS, Looked
from scheduler.roster_file import Duty, Pause, RosterDocument, read_document, spans_ms
from video_service.errors import ServiceError
from video_service.http_files import BOM, csv_file
from video_service.http_gate import did
from video_service.http_input import body, one_of
from video_service.ical import WORDS, CalendarShift, shifts_file
from video_service.roster_desk import Changed, Overlapping, Preview
from video_service.roster_store import Draft, Version
from video_service.services import services
from video_service.shift_import import TEMPLATES

roster_api = Blueprint("roster_api", __name__, url_prefix="/api/rosters")

MOST_TEAM_CHARACTERS = 100_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
Id = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]+\Z")]
# As accounts have them.
Name = Annotated[str, Meta(max_length=32, pattern=r"^[a-z0-9][a-z0-9._-]*\Z")]
Clock = Annotated[str, Meta(max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]


class BadRosterRequest(ServiceError):
    """Days that no calendar needs, a shift outside of them, a break outside of its shift, or nobody to be rostered."""

    code: ClassVar[str] = "bad_roster"


class BeginWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/rosters."""

    first_day: date
    days: Annotated[int, Meta(ge=1, le=MOST_DAYS)]


class PauseWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A break, in minutes from its shift's start."""

    from_min: Annotated[int, Meta(ge=0, le=1440)]
    to_min: Annotated[int, Meta(ge=1, le=1440)]


class DutyWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shift as the page has it; `person` is a sign-in name."""

    person: Name
    day: date
    shift: Annotated[str, Meta(max_length=64)]
    start: Clock
    minutes: Annotated[int, Meta(ge=1, le=1440)]
    pauses: Annotated[tuple[PauseWish, ...], Meta(max_length=24)] = ()


class DutiesWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /api/rosters/duties. `rev`: the draft's state that the page knows."""

    draft: Id
    rev: Annotated[int, Meta(ge=1)]
    duties: Annotated[tuple[DutyWish, ...], Meta(max_length=30_000)]


class PublishWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/rosters/<draft>/publish. `token`: of the changes that were shown."""

    token: Annotated[str, Meta(max_length=64)]


class TeamWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /api/rosters/team. `apply` False: only say whether it can be read. `rev`: the state that was read."""

    text: Annotated[str, Meta(max_length=MOST_TEAM_CHARACTERS)]
    apply: bool = True
    rev: Annotated[int, Meta(ge=0)] | None = None


@roster_api.get("")
async def rosters() -> Response:
    """List the drafts, the published versions, and who can be rostered."""
    desk = services().rosters
    try:
        ruled = {person.name for person in (await desk.rules()).people}
    except BadRoster:
        ruled = set()  # nobody is an agent yet
    return jsonify(
        {
            "zone": desk.zone.key,
            "drafts": [_head(each) for each in await desk.book.drafts()],
            "versions": [_version(each) for each in await desk.book.versions()],
            "people": await _people(ruled),
        }
    )


@roster_api.post("")
async def begin() -> tuple[Response, int]:
    """Begin a draft with what stands in its days."""
    wish, account = await body(BeginWish), await one_of()
    if not EARLIEST <= wish.first_day < LATEST:
        raise BadRosterRequest
    await did("roster_begun")
    try:
        draft = await services().rosters.begin(wish.first_day, wish.days, by=account.person)
    except BadRoster as error:
        raise BadRosterRequest from error
    return jsonify(await _shown(draft)), 201


@roster_api.get("/<draft>")
async def shown(draft: str) -> Response:
    """Return a draft with the team's shifts and people, what is wrong in it, and how many are on the floor when."""
    return jsonify(await _shown(await services().rosters.book.draft(draft)))


@roster_api.put("/duties")
async def change() -> Response:
    """Keep other shifts in a draft, and say what is wrong in it now."""
    wish, account = await body(DutiesWish), await one_of()
    desk = services().rosters
    draft = await desk.book.draft(wish.draft)
    duties = [_duty(each) for each in wish.duties]
    try:
        rev, document, looked = await desk.change(draft, duties, rev=wish.rev, by=account.person)
    except BadRoster as error:
        raise BadRosterRequest from error
    return jsonify({"rev": rev, "state": _state_after(draft), **_checked(document, looked)})


@roster_api.delete("/<draft>")
async def drop(draft: str) -> Response:
    """Delete a draft. What was published stands."""
    await did("roster_dropped")
    await services().rosters.book.drop(draft)
    return Response(status=204)


@roster_api.get("/<draft>/roster.csv")
async def roster_file(draft: str) -> Response:
    """Return a draft's shifts as a file that the import of shifts reads."""
    found = await services().rosters.book.draft(draft)
    rows = [TEMPLATES["en"][0]]
    for duty in read_document(found.document).duties:
        start_min = int(duty.start[:2]) * 60 + int(duty.start[3:])
        end_min = (start_min + duty.minutes) % 1440
        rows.append((duty.person, str(duty.day), duty.start, f"{end_min // 60:02}:{end_min % 60:02}"))
    return csv_file(BOM + "".join(",".join(cells) + "\r\n" for cells in rows), f"roster-{found.first_day}.csv")


@roster_api.get("/<draft>/roster.xlsx")
async def roster_workbook(draft: str) -> Response:
    """Return a draft as a workbook: people by days, and its shifts as the import reads them."""
    found = await services().rosters.book.draft(draft)
    return await _workbook(read_document(found.document), f"roster-{found.first_day}")


@roster_api.get("/versions/<int:number>/roster.xlsx")
async def version_workbook(number: int) -> Response:
    """Return a published version as a workbook, like a draft."""
    found = await services().rosters.book.version(number)
    return await _workbook(read_document(found.document), f"roster-{found.first_day}-v{number}")


@roster_api.get("/<draft>/roster.ics")
async def roster_calendar(draft: str) -> Response:
    """Return a draft as a calendar file: everybody's shifts with their names."""
    found = await services().rosters.book.draft(draft)
    return await _calendar(read_document(found.document), f"roster-{found.first_day}")


@roster_api.get("/versions/<int:number>/roster.ics")
async def version_calendar(number: int) -> Response:
    """Return a published version as a calendar file, like a draft."""
    found = await services().rosters.book.version(number)
    return await _calendar(read_document(found.document), f"roster-{found.first_day}-v{number}")


@roster_api.get("/<draft>/changes")
async def to_publish(draft: str) -> Response:
    """Say what publishing would change."""
    desk = services().rosters
    found = await desk.book.draft(draft)
    document = read_document(found.document)
    return jsonify(_preview(await desk.preview(document, found.base_shifts)))


@roster_api.post("/<draft>/publish")
async def publish(draft: str) -> tuple[Response, int]:
    """Make the changes that were shown: all of them, or none."""
    wish, account = await body(PublishWish), await one_of()
    desk = services().rosters
    found = await desk.book.draft(draft)
    document = read_document(found.document)
    preview = await desk.preview(document, found.base_shifts)
    if preview.token != wish.token:
        raise Changed
    await did("roster_published", about=f"{len(preview.changes.add)}")  # first: what cannot be written down is not done
    try:
        number = await desk.publish(document, preview, by=account.person, draft=found.draft, rev=found.rev)
    except Overlapping as error:
        return jsonify({"error": error.code, "rows": msgspec.to_builtins(error.rows)}), 409
    return jsonify({"version": number, **_counts(preview)}), 201


@roster_api.get("/versions/<int:number>")
async def version(number: int) -> Response:
    """Return a published version."""
    found = await services().rosters.book.version(number)
    return jsonify({**_version(found), **msgspec.to_builtins(_facts(read_document(found.document)))})


@roster_api.get("/team")
async def team() -> Response:
    """Return the team's rules as a file; `set` False: ordinary ones, for nobody has written any down."""
    desk = services().rosters
    kept = await desk.book.team()
    facts = {"since_ms": kept.since_ms if kept else 0, "rev": kept.rev if kept else 0}
    return jsonify({"text": await desk.team_text(), "set": kept is not None, **facts})


@roster_api.put("/team")
async def set_team() -> tuple[Response, int]:
    """Keep the team's rules; a fault is told by the row and the rule, and nothing is kept."""
    wish, account = await body(TeamWish), await one_of()
    try:
        rules = read_plan_file(wish.text)
        validate(rules.problem(date(2026, 1, 5), 7, [], services().rosters.zone.key))  # where rules meet each other
    except ServiceError as error:
        return jsonify({"error": "bad_team", "words": str(error)}), 400
    names = {one.name for one in await services().rosters.agents()}
    rev = wish.rev or 0
    if wish.apply:
        await did("roster_team_set")
        rev = await services().rosters.book.set_team(wish.text, by=account.person, rev=wish.rev)
    ruled = [one.name for one in rules.people]
    return jsonify(
        {
            "people": len(ruled),
            "unknown": [name for name in ruled if name not in names],
            "without": sorted(names.difference(ruled)),
            "rev": rev,
        }
    ), 200


async def _shown(draft: Draft) -> dict[str, Any]:
    desk = services().rosters
    document = read_document(draft.document)
    try:
        looked, rules = await desk.looked(document), await desk.rules()
    except BadRoster as error:
        raise BadRosterRequest from error
    ruled = {person.name for person in rules.people}
    people = await _people(ruled)
    there = {one["name"] for one in people}
    gone = dict.fromkeys(duty.person for duty in document.duties if duty.person not in there)
    return {
        **_head(draft),
        "zone": document.zone,
        "people": people + [{"name": name, "title": "", "ruled": name in ruled} for name in gone],
        "shifts": [
            {"name": one.name, "start_min": one.start_q * 15, "minutes": one.length_q * 15} for one in rules.shifts
        ],
        "off": {name: [day.isoformat() for day in days] for name, days in rules.off.items() if days},
        "wishes_off": {name: [day.isoformat() for day in days] for name, days in rules.wishes_off.items() if days},
        **_checked(document, looked),
        "notes": document.notes,
        "explained": msgspec.to_builtins(document.explained),
    }


async def _people(ruled: Collection[str]) -> list[dict[str, Any]]:
    agents = await services().rosters.agents()
    return [{"name": one.name, "title": one.display_name, "ruled": one.name in ruled} for one in agents]


async def _workbook(document: RosterDocument, name: str) -> Response:
    titles = {one.name: one.display_name for one in await services().rosters.agents()}
    response = Response(await asyncio.to_thread(_made, document, titles), mimetype=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    response.headers["Cache-Control"] = "no-store"
    return response


async def _calendar(document: RosterDocument, name: str) -> Response:
    titles = {one.name: one.display_name for one in await services().rosters.agents()}
    shifts = [
        CalendarShift(shift=f"{who}-{start_ms}", start_ms=start_ms, end_ms=end_ms, whose=titles.get(who) or who)
        for who, start_ms, end_ms, _ in sorted(spans_ms(document), key=lambda one: (one[1], one[0]))
    ]
    locale = request.args.get("lang", "")
    locale = locale if locale in WORDS else "en"
    now_ms = services().clock.now_ms()
    file = shifts_file(shifts, host=request.host, locale=locale, now_ms=now_ms, of_team=True)
    response = Response(file, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _made(document: RosterDocument, titles: dict[str, str]) -> bytes:
    from video_service.roster_xlsx import workbook  # slow to import, and few ever need it

    return workbook(document, titles)


def _head(draft: Draft) -> dict[str, Any]:
    names = ("draft", "rev", "first_day", "days", "changed_ms", "published", "state")
    return {name: getattr(draft, name) for name in names}


def _state_after(draft: Draft) -> str:
    return "changed" if draft.published else "draft"


def _version(found: Version) -> dict[str, Any]:
    names = ("number", "at_ms", "first_day", "days", "added", "removed", "kept")
    return {name: getattr(found, name) for name in names}


def _facts(document: RosterDocument) -> dict[str, Any]:
    return {"duties": document.duties, "required": document.required}


def _checked(document: RosterDocument, looked: Looked) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(_facts(document))
    return {**facts, "faults": [_fault(each) for each in looked.faults], "scheduled": looked.scheduled}


def _fault(fault: Fault) -> dict[str, Any]:
    names = ("rule", "person", "day", "shift", "has", "limit")
    return {name: getattr(fault, name) for name in names}


def _counts(preview: Preview) -> dict[str, int]:
    found = preview.changes
    return {"added": len(found.add), "removed": len(found.remove), "kept": len(found.keep), "late": found.late}


def _preview(preview: Preview) -> dict[str, Any]:
    return {"token": preview.token, "days": msgspec.to_builtins(preview.days), **_counts(preview)}


def _duty(wish: DutyWish) -> Duty:
    at = 0
    for pause in wish.pauses:
        if not at <= pause.from_min < pause.to_min <= wish.minutes:
            raise BadRosterRequest
        at = pause.to_min
    pauses = tuple(Pause(from_min=each.from_min, to_min=each.to_min) for each in wish.pauses)
    return Duty(
        person=wish.person, day=wish.day, shift=wish.shift, start=wish.start, minutes=wish.minutes, pauses=pauses
    )
