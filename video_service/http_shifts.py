"""The HTTP surface for coordinators: who is on shift when, and rosters from files. See docs/http-api.md."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify, request

from video_service.accounts import Role
from video_service.errors import ServiceError
from video_service.http_files import BOM, csv_file
from video_service.http_gate import did
from video_service.http_input import body, iso, moment_ms, span_ms
from video_service.services import ShiftOnRoster, services
from video_service.shift_import import TEMPLATES, Checked, Fault, against, read_shifts
from video_service.shift_import_file import FileFault, read_table

DAY_MS = 86_400_000
SHIFTS_BACK_MS = DAY_MS
SHIFTS_AHEAD_MS = 14 * DAY_MS

shifts_api = Blueprint("shifts", __name__)


class UnknownAgent(ServiceError):
    """There is no such agent, or the account is disabled."""

    code: ClassVar[str] = "unknown_agent"


class BadZone(ServiceError):
    """A time zone has a name such as Asia/Shanghai."""

    code: ClassVar[str] = "bad_zone"


class ShiftWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/shifts; times are ISO 8601 with a zone."""

    agent: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+\Z")]
    start: Annotated[str, Meta(max_length=40)]
    end: Annotated[str, Meta(max_length=40)]


class ImportWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/shifts/import; the file travels as Base64, its times are those of clocks in `zone`."""

    file: bytes
    zone: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*\Z")]
    apply: bool = False


@shifts_api.get("/shifts")
async def shifts() -> Response:
    """List the shifts that lie, if only in part, between two times."""
    now_ms = services().clock.now_ms()
    from_ms, to_ms = span_ms(default_from_ms=now_ms - SHIFTS_BACK_MS, default_to_ms=now_ms + SHIFTS_AHEAD_MS)
    return jsonify({"shifts": [_shift(each) for each in await services().store.shifts(from_ms, to_ms)]})


@shifts_api.post("/shifts")
async def add_shift() -> tuple[Response, int]:
    """Put an agent on a shift."""
    wish = await body(ShiftWish)
    start_ms, end_ms = moment_ms(wish.start), moment_ms(wish.end)
    account = await services().accounts.of_person(wish.agent)
    if account is None or account.disabled or account.role is not Role.AGENT:
        raise UnknownAgent
    return jsonify(_shift(await services().store.add_shift(account.person, start_ms, end_ms))), 201


@shifts_api.post("/shifts/import")
async def import_shifts() -> tuple[Response, int]:
    """Say what a roster's file would add and what is wrong with it; when asked to, add it: all of it, or nothing."""
    wish = await body(ImportWish)
    checked = await _checked(wish)
    imported = 0
    if wish.apply and not checked.faults:
        try:
            added = [(shift.agent, shift.start_ms, shift.end_ms, shift.breaks) for shift in checked.shifts]
            await did("shifts_import")  # first: what cannot be written down is not done
            imported = len(await services().store.add_shifts(added))
        except ServiceError as error:
            if error.code != "shift_overlaps":
                raise
            checked = await _checked(wish)  # somebody was quicker: now it has faults
    answer = {
        "shifts": [
            {
                "line": each.line,
                "name": each.name,
                "start": iso(each.start_ms),
                "end": iso(each.end_ms),
                "breaks": [{"start": iso(a), "end": iso(b)} for a, b in each.breaks],
            }
            for each in checked.shifts
        ],
        "faults": msgspec.to_builtins(checked.faults),
        "rows": checked.rows,
        "imported": imported,
    }
    return jsonify(answer), 201 if imported else 200


@shifts_api.get("/shifts/template.csv")
async def shifts_template() -> Response:
    """Return a file to fill in for the import, its header in the language asked for."""
    lines = TEMPLATES.get(request.args.get("lang", ""), TEMPLATES["zh-CN"])
    text = BOM + "".join(",".join(cells) + "\r\n" for cells in lines)
    return csv_file(text, "shifts.csv")


@shifts_api.delete("/shifts/<shift>")
async def remove_shift(shift: str) -> Response:
    """Take a shift away."""
    await services().store.remove_shift(shift)
    return Response(status=204)


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


def _shift(shift: ShiftOnRoster) -> dict[str, Any]:
    return {
        "shift": shift.shift,
        "agent": shift.agent,
        "start": iso(shift.start_ms),
        "end": iso(shift.end_ms),
    }
