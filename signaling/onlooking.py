"""What the people of a call are told of the coordinator beside it, and what went to and fro with that one. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from signaling.message_parts import CoachLine, MediaWish, Onlooker
from signaling.snapshots import CallRow, CoachRow, PersonRow


def onlooker(
    call: CallRow, watcher: PersonRow | None, *, of_customer: bool = False, media: MediaWish = "none"
) -> Onlooker | None:
    """Return who is beside a call; a customer is told of looking on only, not of what is written to the agent.

    `media`: how that one's picture comes, if it does. Nobody is told of a camera that only its owner sees.
    """
    if watcher is None or not call.watch_state or (of_customer and call.watch_state == "coach"):
        return None
    told = Onlooker(name=watcher.name, state=call.watch_state, ask=call.watch_ask, until_ms=call.watch_until_ms)
    if call.watch_picture == "asked":
        return replace(told, picture="asked")
    return replace(told, picture="shown", media=media) if call.watch_picture == "shown" else told


def coach_lines(rows: Iterable[CoachRow], reader: str, read_to: int) -> tuple[CoachLine, ...]:
    """Return lines, their text opened, as one of the two who may read them sees them."""
    return tuple(
        CoachLine(seq=row.seq, mine=row.person == reader, text=row.text, at_ms=row.at, read=row.seq <= read_to)
        for row in rows
    )
