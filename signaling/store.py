"""The store: everything that signalling keeps, in Redis, behind one object.

The parts live in `store_*.py`; each write is one Lua script in `scripts/`. Redis is the system of record: a web node
holds no state that is not here, so any node can do anything for anybody.
"""

from __future__ import annotations

from typing import Any

from signaling.store_base import Argument
from signaling.store_calls import CallStore
from signaling.store_media import MediaStore
from signaling.store_people import PeopleStore
from signaling.store_places import PlaceStore
from signaling.store_promises import PromiseStore
from signaling.store_requests import RequestStore
from signaling.store_roster import RosterStore
from signaling.store_shifts import ShiftStore
from signaling.store_texts import TextStore
from signaling.store_tickets import TicketStore
from signaling.store_views import ViewStore
from signaling.store_wakes import WakeStore
from signaling.store_watch import WatchStore
from video_service.metrics import script_seconds


class Store(
    TicketStore,
    PeopleStore,
    PlaceStore,
    CallStore,
    PromiseStore,
    TextStore,
    ShiftStore,
    RosterStore,
    RequestStore,
    MediaStore,
    WatchStore,
    ViewStore,
    WakeStore,
):
    """All of it. See the parts for what each method does and raises."""

    async def run(self, name: str, *arguments: Argument) -> dict[str, Any]:
        """Run a script, and count how long its answer took."""
        with script_seconds.labels(name).time():
            return await super().run(name, *arguments)
