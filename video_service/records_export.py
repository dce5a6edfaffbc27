"""Session records as CSV and JSON lines, and roll-ups computed anew from records."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from video_service.line_quality import LineFacts
from video_service.records import Rollup, SessionRecord, picture_of

CSV_FIELDS = (
    "call",
    "state",
    "queue",
    "needs",
    "class",
    "reason",
    "locale",
    "entry",
    "sign_language",
    "topic",
    "site",
    "verified",
    "joined_ms",
    "answered_ms",
    "closed_ms",
    "wait_ms",
    "signing_ms",
    "after_call_ms",
    "reservations",
    "declines",
    "misses",
    "requeues",
    "ended_reason",
    "solved",
    "face",
    "consent",
    "outcome",
    "follow_up_due_ms",
    "follow_up_owner",
    "agents",
    "legs",
    *(f"{role}_{name}" for role in ("agent", "customer") for name in LineFacts.__struct_fields__),
)
"""Columns of the CSV export. `agents` are the segments' agents in order, joined by "+"; `legs` their number.

`agent_*` and `customer_*`: how that person's picture reached the other one, of the leg with most counted seconds; empty
when none was counted.
"""


def csv_header() -> str:
    """Return the first line, with its line end."""
    return _line(CSV_FIELDS)


def csv_line(record: SessionRecord) -> str:
    """Return a record as one line of CSV, with its line end (RFC 4180).

    A cell that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    fields = msgspec.to_builtins(record)
    fields["agents"] = "+".join(segment.agent for segment in record.segments)
    fields["legs"] = len(record.legs)
    fields["verified"] = int(record.verified)
    for role in ("agent", "customer"):
        facts = picture_of(record, role)
        for name in LineFacts.__struct_fields__:
            fields[f"{role}_{name}"] = "" if facts is None else getattr(facts, name)
    return _line(tuple(_harmless(fields[name]) for name in CSV_FIELDS))


def json_line(record: SessionRecord) -> str:
    """Return a record as one line of JSON, with its line end."""
    return msgspec.json.encode(record).decode() + "\n"


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r\n＝＋－＠" and value else value


def _line(cells: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


class Sums:
    """The roll-ups of closed records, computed anew, a record at a time.

    The closing scripts keep the same sums as the calls happen; a test holds the two together. `target_s`: of records
    that do not say their own.
    """

    def __init__(self, *, interval_minutes: int, target_s: float) -> None:
        self._interval_ms = interval_minutes * 60_000
        self._target_ms = target_s * 1_000
        self._sums: dict[tuple[int, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def add(self, record: SessionRecord) -> None:
        """Count a call; one that goes on counts when it is over."""
        if record.state != "closed":
            return
        total = self._sums[record.joined_ms // self._interval_ms * self._interval_ms, record.queue]
        if record.outbound:  # no demand, so no part of the service level
            total["outbound"] += 1
            total["outbound_answered"] += bool(record.answered_ms)
            total["outbound_handle_ms"] += record.signing_ms + record.after_call_ms
            return
        total["offered"] += 1
        total[f"offered_{record.call_class}"] += 1
        if record.answered_ms:
            total["answered"] += 1
            within = record.wait_ms <= (record.target_ms or self._target_ms)
            total["within_target"] += within
            total[f"within_{record.call_class}"] += within
            total["wait_ms"] += record.wait_ms
        else:
            total["abandoned"] += 1
            total["abandoned_wait_ms"] += record.wait_ms
        total["signing_ms"] += record.signing_ms
        total["after_call_ms"] += record.after_call_ms
        total["handle_ms"] += record.signing_ms + record.after_call_ms
        for name in ("reservations", "declines", "misses", "requeues"):
            total[name] += getattr(record, name)

    def rollups(self) -> list[Rollup]:
        """Return the sums by time, then queue."""
        return [Rollup(queue=queue, start_ms=start, **total) for (start, queue), total in sorted(self._sums.items())]


def roll_up(records: Iterable[SessionRecord], *, interval_minutes: int, target_s: float) -> list[Rollup]:
    """Compute the roll-ups of closed records anew, by time, then queue; as `Sums`."""
    sums = Sums(interval_minutes=interval_minutes, target_s=target_s)
    for record in records:
        sums.add(record)
    return sums.rollups()
