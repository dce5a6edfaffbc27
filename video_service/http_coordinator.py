"""The HTTP surface for coordinators: agents, shifts, records. See docs/http-api.md."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify, request

from video_service.accounts import Role
from video_service.door import DoorState, Notice
from video_service.errors import ServiceError
from video_service.http_gate import looked
from video_service.http_input import BadRequest, body, iso, moment_ms, one_of, query_number, span_ms
from video_service.records import BadCursor, SessionRecord
from video_service.records_export import csv_header, csv_line
from video_service.records_filter import RecordFilter, find
from video_service.services import ShiftOnRoster, services
from video_service.shift_import import TEMPLATES, Checked, Fault, against, read_shifts
from video_service.shift_import_file import FileFault, read_table

DAY_MS = 86_400_000
SHIFTS_BACK_MS = DAY_MS
SHIFTS_AHEAD_MS = 14 * DAY_MS

END_OF_TIME_MS = 4_102_444_800_000  # 2100-01-01
DEFAULT_LIMIT = 100
MAX_LIMIT = 500
MAX_CURSOR = 96
LINES_AT_ONCE = 200
BOM = "\ufeff"  # without it Excel takes UTF-8 for the computer's own code page

coordinator_api = Blueprint("coordinator_api", __name__, url_prefix="/api")


class UnknownAgent(ServiceError):
    """There is no such agent, or the account is disabled."""

    code: ClassVar[str] = "unknown_agent"


class BadZone(ServiceError):
    """A time zone has a name such as Asia/Shanghai."""

    code: ClassVar[str] = "bad_zone"


class ShiftWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/shifts; times are ISO 8601 with a zone."""

    agent: Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_-]+$")]
    start: Annotated[str, Meta(max_length=40)]
    end: Annotated[str, Meta(max_length=40)]


class ImportWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/shifts/import; the file travels as Base64, its times are those of clocks in `zone`."""

    file: bytes
    zone: Annotated[str, Meta(max_length=64, pattern="^[A-Za-z][A-Za-z0-9_+/-]*$")]
    apply: bool = False


class DoorWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/door."""

    open: bool
    notice: Notice = Notice()


@coordinator_api.get("/agents")
async def agents() -> Response:
    """List the accounts that may be put on a shift."""
    await looked()
    everybody = await services().accounts.all()
    return jsonify(
        {
            "agents": [
                {
                    "agent": account.person,
                    "name": account.display_name,
                    "sign_in_name": account.name,
                    "skills": account.skills,
                    "languages": account.languages,
                    "disabled": account.disabled,
                }
                for account in everybody
                if account.role is Role.AGENT
            ]
        }
    )


@coordinator_api.get("/shifts")
async def shifts() -> Response:
    """List the shifts that lie, if only in part, between two times."""
    now_ms = services().clock.now_ms()
    from_ms, to_ms = span_ms(default_from_ms=now_ms - SHIFTS_BACK_MS, default_to_ms=now_ms + SHIFTS_AHEAD_MS)
    return jsonify({"shifts": [_shift(each) for each in await services().store.shifts(from_ms, to_ms)]})


@coordinator_api.post("/shifts")
async def add_shift() -> tuple[Response, int]:
    """Put an agent on a shift."""
    wish = await body(ShiftWish)
    start_ms, end_ms = moment_ms(wish.start), moment_ms(wish.end)
    account = await services().accounts.of_person(wish.agent)
    if account is None or account.disabled or account.role is not Role.AGENT:
        raise UnknownAgent
    return jsonify(_shift(await services().store.add_shift(account.person, start_ms, end_ms))), 201


@coordinator_api.post("/shifts/import")
async def import_shifts() -> tuple[Response, int]:
    """Say what a roster's file would add and what is wrong with it; when asked to, add it: all of it, or nothing."""
    wish = await body(ImportWish)
    checked = await _checked(wish)
    imported = 0
    if wish.apply and not checked.faults:
        try:
            added = [(shift.agent, shift.start_ms, shift.end_ms) for shift in checked.shifts]
            await _did("shifts_import")  # first: what cannot be written down is not done
            imported = len(await services().store.add_shifts(added))
        except ServiceError as error:
            if error.code != "shift_overlaps":
                raise
            checked = await _checked(wish)  # somebody was quicker: now it has faults
    answer = {
        "shifts": [
            {"line": each.line, "name": each.name, "start": iso(each.start_ms), "end": iso(each.end_ms)}
            for each in checked.shifts
        ],
        "faults": msgspec.to_builtins(checked.faults),
        "rows": checked.rows,
        "imported": imported,
    }
    return jsonify(answer), 201 if imported else 200


@coordinator_api.get("/shifts/template.csv")
async def shifts_template() -> Response:
    """Return a file to fill in for the import, its header in the language asked for."""
    lines = TEMPLATES.get(request.args.get("lang", ""), TEMPLATES["zh-CN"])
    text = BOM + "".join(",".join(cells) + "\r\n" for cells in lines)
    return _file(text.encode(), "shifts.csv")


@coordinator_api.delete("/shifts/<shift>")
async def remove_shift(shift: str) -> Response:
    """Take a shift away."""
    await services().store.remove_shift(shift)
    return Response(status=204)


@coordinator_api.get("/door")
async def door() -> Response:
    """Say whether new customers come in, since when and by whom."""
    return await _door(await services().door.state())


@coordinator_api.post("/door")
async def turn_door() -> Response:
    """Open or close the line to new customers, at once."""
    wish = await body(DoorWish)
    account = await one_of()
    # Before it is done: a change that cannot be written down is not made.
    await _did("door_open" if wish.open else "door_close")
    return await _door(await services().door.turn(opened=wish.open, by=account.person, notice=wish.notice))


@coordinator_api.get("/records")
async def records() -> Response:
    """List session records of a time, newest first, a page at a time."""
    from_ms, to_ms = span_ms(default_from_ms=0, default_to_ms=END_OF_TIME_MS)
    cursor = request.args.get("cursor", "")
    if len(cursor) > MAX_CURSOR:
        raise BadCursor
    limit = query_number("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT)
    page = await find(services().records, from_ms, to_ms, _record_filter(), limit=limit, cursor=cursor)
    await looked()
    return _json(page)


@coordinator_api.get("/records/<call>")
async def record(call: str) -> Response:
    """Return one session record."""
    found = await services().records.get(call)
    await looked(about=found.customer)
    return _json(found)


@coordinator_api.get("/records.csv")
async def records_as_csv() -> Response:
    """Return the session records of a time as a file for a spreadsheet."""
    from_ms, to_ms = span_ms(default_from_ms=0, default_to_ms=END_OF_TIME_MS)
    wanted = _record_filter()
    await looked()
    return _file(_csv(services().records.each(from_ms, to_ms), wanted), "records.csv")


def _record_filter() -> RecordFilter:
    query = request.args
    agent, ended = query.get("agent", ""), query.get("ended", "")
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,64}", agent) or not re.fullmatch(r"[a-z_]{0,32}", ended):
        raise BadRequest
    return RecordFilter(
        agent=agent,
        ended=ended,
        urgent=_ticked("urgent"),
        unanswered=_ticked("unanswered"),
        not_solved=_ticked("not_solved"),
    )


def _ticked(name: str) -> bool:
    return bool(query_number(name, 0, low=0, high=1))


async def _checked(wish: ImportWish) -> Checked:
    try:
        zone = ZoneInfo(wish.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadZone from error
    accounts = await services().accounts.all()
    try:
        # Reading a file takes a part of a second, which everybody else's requests should not wait for.
        rows = await asyncio.to_thread(read_table, wish.file)
    except FileFault as fault:
        return Checked(faults=(Fault(line=0, code=str(fault.data["fault"])),))
    checked = read_shifts(rows, accounts=accounts, zone=zone, now_ms=services().clock.now_ms())
    if not checked.shifts:
        return checked
    from_ms = min(shift.start_ms for shift in checked.shifts)
    to_ms = max(shift.end_ms for shift in checked.shifts)
    return against(checked, await services().store.shifts(from_ms, to_ms))


async def _did(what: str) -> None:
    """Write into the audit log who did what to the whole service."""
    account = await one_of()
    await services().audit.note(who=account.person, role=account.role.value, what=what)


def _file(content: bytes | AsyncIterator[bytes], name: str) -> Response:
    response = Response(content, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


async def _csv(records: AsyncIterator[SessionRecord], wanted: RecordFilter) -> AsyncIterator[bytes]:
    """Yield the file in parts: a year of records need not fit into memory."""
    lines = [BOM + csv_header()]
    async for each in records:
        if wanted.wants(each):
            lines.append(csv_line(each))
        if len(lines) == LINES_AT_ONCE:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), mimetype="application/json")


async def _door(state: DoorState) -> Response:
    account = await services().accounts.of_person(state.by) if state.by else None
    answer = {
        "open": state.open,
        "since": iso(state.since_ms) if state.since_ms else None,
        "by": account.display_name if account else "",
        "notice": state.notice,
    }
    return _json(answer)


def _shift(shift: ShiftOnRoster) -> dict[str, Any]:
    return {
        "shift": shift.shift,
        "agent": shift.agent,
        "start": iso(shift.start_ms),
        "end": iso(shift.end_ms),
    }
