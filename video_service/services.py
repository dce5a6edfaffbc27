"""What the HTTP application works with, each part behind the little that is used of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from quart import Quart, current_app
from redis.asyncio import Redis

from video_service.accounts import Accounts
from video_service.attendance import Attendance
from video_service.audit import Audit
from video_service.background_picture import PictureMaker
from video_service.background_store import BackgroundStore
from video_service.calendar_feeds import CalendarFeeds
from video_service.callbacks import Callbacks
from video_service.campaigns import Campaigns
from video_service.cipher import Cipher
from video_service.clock import Clock
from video_service.customers import Customers, Entry
from video_service.day import DayRules, OnRoster
from video_service.door import Door
from video_service.intraday import Intraday
from video_service.keep_place import KeptPlaces
from video_service.launch_tokens import UrgentReason
from video_service.left_messages import LeftMessages
from video_service.media_plane import MediaPlane
from video_service.metrics import PoolCounts
from video_service.opening_hours_store import OpeningHours
from video_service.passwords import Passwords
from video_service.permissions import Entrance
from video_service.plan_jobs import PlanJobs
from video_service.plan_outlook import Outlooks
from video_service.promise_watch import PromiseWatch
from video_service.promises import Promises
from video_service.queues_store import QueueBook
from video_service.records import Records
from video_service.reminders import Reminders
from video_service.roster_desk import RosterDesk
from video_service.shift_requests_desk import RequestDesk
from video_service.video_messages import VideoMessages
from video_service.web_push_store import WebPush
from video_service.web_sessions import WebSessions

# Nobody has this id: the line looks the same to everybody who has no call.
ANYBODY = "anybody"

_EXTENSION = "video_service"


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """For whom a ticket is issued: a person as this application knows it.

    `verified` to `context` are a customer's, `generation` is an account's.
    """

    person: str
    entrance: Entrance
    name: str = ""
    skills: tuple[str, ...] = ()
    locale: str = ""
    verified: bool = False
    vip: bool = False
    entry: Entry = "web"
    sign_language: str = ""
    needs: tuple[str, ...] = ()
    queue: str = ""
    urgent: bool = False
    reason: UrgentReason = ""
    context: str = ""
    generation: int = 0


class ShiftOnRoster(OnRoster, Protocol):
    """One agent's time on the roster, with the id of its shift."""

    @property
    def shift(self) -> str: ...


class LineState(Protocol):
    """Whether a customer may join, at least with an urgent matter, and how many agents are on."""

    @property
    def open(self) -> bool: ...
    @property
    def urgent_open(self) -> bool: ...
    @property
    def agents_on(self) -> int: ...

    @property
    def state(self) -> str: ...


class CallStore(Protocol):
    """What HTTP asks of the store of calls; `signaling.store.Store` is one."""

    async def load(self) -> None:
        """Put the scripts on the server."""
        ...

    async def customer_view(
        self, customer: str, *, alive: Container[str], queue: str = "", needs: tuple[str, ...] = ()
    ) -> LineState:
        """Return what a customer sees of the line; `queue`, `needs`: of one who has not connected yet."""
        ...

    async def keep_place(self, customer: str) -> int:
        """Keep a waiting customer's place, and return until when (epoch milliseconds)."""
        ...

    async def urge(self, customer: str, call: str) -> None:
        """A customer asks after a promise."""
        ...

    async def turn_promise(self, call: str, state: Literal["open", "done"], *, by: str, own: bool = False) -> None:
        """Mark a promise as kept, or as open again; `own`: only when `by` owns it."""
        ...

    async def give_promise(self, call: str, owner: str) -> None:
        """Give a promise, and the urgent matter of its call, to another owner."""
        ...

    async def settle_matter(self, call: str, *, by: str, own: bool = False) -> None:
        """Take an urgent matter as solved; `own`: only when `by` is its owner."""
        ...

    async def stop_calling(self, owner: str, customer: str, call: str) -> None:
        """The owner calls the customer back no longer."""
        ...

    async def decline_call_back(self, customer: str) -> None:
        """The customer cannot take the call back just now."""
        ...

    async def may_share(self, person: str, call: str, photo: str) -> bool:
        """Count a try to send a photo in a call; return False when it is there already."""
        ...

    async def share(self, person: str, call: str, photo: str, jpeg: bytes) -> None:
        """Keep a photo until a while after the call, and show it to both."""
        ...

    async def photo(self, person: str, call: str, photo: str) -> bytes | None:
        """Return a photo to one of the people of its call, None when it is gone."""
        ...

    async def pool_counts(self) -> PoolCounts:
        """Return the line, the agents by state and the counters."""
        ...

    async def sign_out(self, agent: str) -> None:
        """Take an agent off; a call goes back to the queue. No error when not signed in."""
        ...

    async def relabel(self, person: str, *, name: str, skills: tuple[str, ...]) -> None:
        """Change what a person is called and signs, at once. No error when nobody knows the person."""
        ...

    async def add_shift(
        self, agent: str, start_ms: int, end_ms: int, breaks: Sequence[tuple[int, int]] = ()
    ) -> ShiftOnRoster:
        """Add a shift, with its breaks as (start_ms, end_ms)."""
        ...

    async def add_shifts(
        self, wanted: Iterable[tuple[str, int, int] | tuple[str, int, int, Sequence[tuple[int, int]]]]
    ) -> Sequence[ShiftOnRoster]:
        """Add shifts, each as agent, start_ms, end_ms and, where there are any, breaks: all of them, or none."""
        ...

    async def remove_shift(self, shift_id: str) -> None:
        """Remove a shift; removing one that is gone is no error."""
        ...

    async def shifts(self, from_ms: int, to_ms: int) -> Sequence[ShiftOnRoster]:
        """Return the shifts that overlap from_ms <= t < to_ms."""
        ...


class Wire(Protocol):
    """One WebSocket, as quart's."""

    async def receive(self) -> str | bytes: ...

    async def send(self, data: str) -> None: ...

    async def close(self, code: int, reason: str = "") -> None: ...


class SocketHub(Protocol):
    """Whoever serves the pages' WebSockets; `signaling.hub.Hub` is one."""

    async def start(self) -> None:
        """Start the loops."""
        ...

    def sockets_by_role(self) -> Mapping[str, int]:
        """Return how many pages are connected here, by role."""
        ...

    async def serve(self, wire: Wire) -> None:
        """Serve one socket until it closes."""
        ...

    async def drain(self, *, whole_service: bool = False) -> None:
        """Send everybody elsewhere; with `whole_service` end every call first. May be called twice."""
        ...

    async def close(self) -> None:
        """End every loop. May be called twice."""
        ...


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that the application works with."""

    redis: Redis
    clock: Clock
    cipher: Cipher
    passwords: Passwords
    accounts: Accounts
    web_sessions: WebSessions
    customers: Customers
    audit: Audit
    door: Door
    hours: OpeningHours
    queues: QueueBook
    backgrounds: BackgroundStore
    picture_maker: PictureMaker
    calendar_feeds: CalendarFeeds
    messages: LeftMessages
    videos: VideoMessages
    places: KeptPlaces
    pushes: WebPush
    callbacks: Callbacks
    promises: Promises
    promise_watch: PromiseWatch
    reminders: Reminders
    rosters: RosterDesk
    plan_jobs: PlanJobs
    campaigns: Campaigns
    outlooks: Outlooks
    attendance: Attendance
    intraday: Intraday
    requests: RequestDesk
    store: CallStore
    issue_ticket: Callable[[Visitor], Awaitable[str]]
    plane: MediaPlane
    hub: SocketHub
    records: Records
    day: DayRules


def provide(app: Quart, services: Services) -> None:
    """Give `app` its services."""
    app.extensions[_EXTENSION] = services


def provided(app: Quart) -> Services | None:
    """Return the services of `app`, or None before they were opened."""
    found: Services | None = app.extensions.get(_EXTENSION)
    return found


def services() -> Services:
    """Return the services of the application that handles this request."""
    found: Services | None = current_app.extensions.get(_EXTENSION)
    assert found is not None, "requests are served only after the services were opened"
    return found
