"""The stored rows of a coordinator beside a call, as Python sees them."""

from __future__ import annotations

import msgspec

from signaling.message_parts import WatchEnded
from signaling.snapshots import CallRow, CoachRow, HelperRow, PersonRow


class WatcherRow(PersonRow, frozen=True, kw_only=True):
    """`person:<coordinator>`: beside which call, and how the last one ended."""

    watch: str = ""
    watch_ended: WatchEnded = ""
    watch_last: str = ""


class WatchSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of `read_watch`: a coordinator, and the call that this one is beside, if any."""

    now: int
    person: WatcherRow | None = None
    call_id: str = ""
    call: CallRow | None = None
    agent: PersonRow | None = None
    customer: PersonRow | None = None
    helpers: tuple[HelperRow, ...] = ()
    lines: tuple[CoachRow, ...] = ()
