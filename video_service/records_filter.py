"""Which session records somebody asked for, and a page of them."""

from __future__ import annotations

import dataclasses

from video_service.records import BATCH, RecordPage, Records, SessionRecord

SCANNED = 5_000
"""A page looks at no more records than this; its cursor goes on behind them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordFilter:
    """What a record has to be; what is empty or False does not matter.

    `agent` served the call for a part at least, or helped in it; `ended` is how it ended ("open": not over yet);
    `unanswered` nobody accepted it, and it is over; `not_solved` the customer said "not yet" afterwards; `outcome` is
    the agent's word.
    """

    agent: str = ""
    ended: str = ""
    outcome: str = ""
    urgent: bool = False
    unanswered: bool = False
    not_solved: bool = False

    def wants(self, record: SessionRecord) -> bool:
        """Return whether the record is one of those."""
        return not (
            (self.agent and all(part.agent != self.agent for part in (*record.segments, *record.helpers)))
            or (self.ended and (record.ended_reason or "open") != self.ended)
            or (self.outcome and record.outcome != self.outcome)
            or (self.urgent and record.call_class != "urgent")
            or (self.unanswered and (record.answered_ms or not record.closed_ms))
            or (self.not_solved and record.solved != "no")
        )


async def find(
    records: Records, from_ms: int, to_ms: int, wanted: RecordFilter, *, limit: int, cursor: str = ""
) -> RecordPage:
    """Return at most `limit` wanted records of calls that joined in from_ms <= t < to_ms, newest first.

    A page may be short, or empty, and still have a cursor: then more may lie behind what was looked at.

    Raises:
        BadCursor: not readable.
    """
    found: list[SessionRecord] = []
    for _ in range(SCANNED // BATCH):
        page = await records.page(from_ms, to_ms, limit=BATCH, cursor=cursor)
        for record in filter(wanted.wants, page.records):
            if len(found) == limit:
                last = found[-1]
                return RecordPage(records=tuple(found), cursor=f"{last.joined_ms}-{last.call}")
            found.append(record)
        cursor = page.cursor
        if not cursor:
            break
    return RecordPage(records=tuple(found), cursor=cursor)
