"""The HTTP surface for coordinators: session records, as lists, one by one and as a file. See docs/http-api.md."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import msgspec
from quart import Blueprint, Response, request

from video_service.http_files import BOM, csv_file
from video_service.http_gate import looked
from video_service.http_input import BadRequest, query_number, span_ms
from video_service.records import BadCursor, SessionRecord
from video_service.records_export import csv_header, csv_line
from video_service.records_filter import RecordFilter, find
from video_service.services import services

END_OF_TIME_MS = 4_102_444_800_000  # 2100-01-01
DEFAULT_LIMIT = 100
MAX_LIMIT = 500
MAX_CURSOR = 96
LINES_AT_ONCE = 200

records_api = Blueprint("records", __name__)


@records_api.get("/records")
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


@records_api.get("/records/<call>")
async def record(call: str) -> Response:
    """Return one session record."""
    found = await services().records.get(call)
    await looked(about=found.customer)
    return _json(found)


@records_api.get("/records.csv")
async def records_as_csv() -> Response:
    """Return the session records of a time as a file for a spreadsheet."""
    from_ms, to_ms = span_ms(default_from_ms=0, default_to_ms=END_OF_TIME_MS)
    wanted = _record_filter()
    await looked()
    return csv_file(_csv(services().records.each(from_ms, to_ms), wanted), "records.csv")


def _record_filter() -> RecordFilter:
    query = request.args
    agent, words = query.get("agent", ""), {name: query.get(name, "") for name in ("ended", "outcome")}
    if not all(re.fullmatch(r"[a-z_]{0,32}", word) for word in words.values()):
        raise BadRequest
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,64}", agent):
        raise BadRequest
    return RecordFilter(
        agent=agent,
        **words,
        urgent=_ticked("urgent"),
        unanswered=_ticked("unanswered"),
        not_solved=_ticked("not_solved"),
    )


def _ticked(name: str) -> bool:
    return bool(query_number(name, 0, low=0, high=1))


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
