"""`run --demo`: drawn people who call and who answer, so that one person alone can try every side of the line.

They are real WebRTC peers at the real sockets of this service, in a process of their own that ends with it. They live
in a pool of their own, `demo`: nothing of them mixes with the calls and records of anybody else on the same data.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import msgspec
import structlog
from redis.exceptions import RedisError

from signaling.errors import ShiftOverlaps
from signaling.identity_types import Identity
from signaling.policy import Policy
from signaling.store import Store
from video_service import passwords, redis_client
from video_service.accounts import Account, Accounts, Role
from video_service.child import on_stop
from video_service.clock import SystemClock
from video_service.data_keys import cipher_of
from video_service.demo_page import DemoPage
from video_service.demo_peer import Configure, direct, draw_loop, meet_on_this_machine
from video_service.demo_people import DRAWN, DemoAgent, DemoCustomer, person_is_on, whose_turn
from video_service.demo_picture import Look
from video_service.errors import ServiceError
from video_service.passwords import Passwords
from video_service.probes import any_certificate
from video_service.ready_text import DEMO_AGENT, DEMO_COORDINATOR, DEMO_PASSWORD, address, in_url
from video_service.settings import Settings

log = structlog.get_logger(__name__)

SHIFT_MS: Final = 23 * 3_600_000
LOOK_S: Final = 0.25
WALL_S: Final = 1.0
SEEN_S: Final = 3.0  # by then a join shows in the caller's view

AGENTS: Final = (
    ("demo-drawn-1", DRAWN[0], Look(shirt=(120, 70, 30), wall=(222, 214, 208), label="DEMO")),
    (
        "demo-drawn-2",
        DRAWN[1],
        Look(shirt=(60, 90, 40), wall=(208, 214, 222), skin=(110, 140, 190), hair=(20, 22, 28), label="DEMO"),
    ),
)
CUSTOMERS: Final = (
    Look(shirt=(40, 60, 150), wall=(196, 208, 200), skin=(140, 170, 215), hair=(60, 90, 130), label="DEMO"),
    Look(shirt=(130, 60, 110), wall=(206, 206, 214), skin=(90, 120, 170), hair=(16, 18, 24), label="DEMO"),
)


class NoPassword(ServiceError):
    """The demo is a part of `video-service run --demo` and is started by it."""

    code: ClassVar[str] = "no_password"


@dataclass
class Player:
    """One demo person: the page, and what it decides from it."""

    page: DemoPage
    decide: Callable[[float], Sequence[tuple[str, dict[str, Any]]]]


class Demo:
    """The demo people of one service. `run` until cancelled; `configure` is how their peers find the workers."""

    def __init__(self, settings: Settings, password: str, *, configure: Configure = direct) -> None:
        self._settings = settings
        self._password = password
        self._configure = configure
        self._redis = redis_client.hot(settings.redis_url)
        self._cipher = cipher_of(settings)
        self._store = Store(self._redis, pool=settings.pool, policy=settings.project(Policy), cipher=self._cipher)
        self._wall: Mapping[str, Any] = {"agents": ()}
        self._drawn_agents: frozenset[str] = frozenset()
        self._last_caller = -1
        self._called_s = -SEEN_S
        self.agents: list[DemoPage] = []
        self.customers: dict[int, DemoPage] = {}

    async def run(self) -> None:
        """Make the accounts, bring everybody to their pages, and let them act."""
        try:
            identities = await self._accounts()
            self._drawn_agents = frozenset(identity.person for identity in identities)
            looks = [look for _, _, look in AGENTS] + list(CUSTOMERS)
            loops = await asyncio.gather(*(asyncio.to_thread(draw_loop, look) for look in looks))
            players = [
                self._agent(identity, camera) for identity, camera in zip(identities, loops[: len(AGENTS)], strict=True)
            ]
            players += [self._customer(number, camera) for number, camera in enumerate(loops[len(AGENTS) :])]
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch_wall(), name="demo-wall")
                for player in players:
                    group.create_task(player.page.run(), name="demo-page")
                    group.create_task(self._play(player), name="demo-player")
        finally:
            await self._redis.aclose()

    async def _accounts(self) -> list[Identity]:
        """Make the accounts or give them today's password, put the agents on shift; return the drawn agents."""
        hashing = Passwords()
        try:
            accounts = Accounts(
                self._redis, pool=self._settings.pool, passwords=hashing, clock=SystemClock(), cipher=self._cipher
            )
            drawn = []
            await self._account(
                accounts, DEMO_COORDINATOR, Role.COORDINATOR, "演示协调员 Demo coordinator", self._password
            )
            people = [(DEMO_AGENT, "演示客服(您) Demo agent (you)", self._password)]
            people += [(name, shown, passwords.generate()) for name, shown, _ in AGENTS]
            for name, shown, password in people:
                account = await self._account(accounts, name, Role.AGENT, shown, password)
                now_ms = SystemClock().now_ms()
                with contextlib.suppress(ShiftOverlaps):  # from a demo a moment ago
                    await self._store.add_shift(account.person, now_ms, now_ms + SHIFT_MS)
                if name != DEMO_AGENT:
                    drawn.append(
                        Identity(person=account.person, role="agent", name=shown, generation=account.generation)
                    )
            return drawn
        finally:
            hashing.close()

    async def _account(self, accounts: Accounts, name: str, role: Role, shown: str, password: str) -> Account:
        if await accounts.get(name) is not None:
            return await accounts.reset(name, password)
        return await accounts.add(name, role=role, display_name=shown, password=password)

    def _page(self, identity: Identity, camera: Sequence[Any]) -> DemoPage:
        settings = self._settings
        scheme = "wss" if settings.tls_cert else "ws"

        async def ticket() -> str:
            return await self._store.issue_ticket(identity)

        return DemoPage(
            f"{scheme}://{in_url(settings.host)}:{settings.port}/ws",
            origin=address(settings),
            ticket=ticket,
            camera=camera,
            configure=self._configure,
            tls=any_certificate() if settings.tls_cert else None,
        )

    def _agent(self, identity: Identity, camera: Sequence[Any]) -> Player:
        page, agent = self._page(identity, camera), DemoAgent()
        self.agents.append(page)
        return Player(
            page, lambda now_s: agent.decide(page.view, len(page.lines), person_on=self._person_on(), now_s=now_s)
        )

    def _customer(self, number: int, camera: Sequence[Any]) -> Player:
        identity = Identity(person=f"g-demo-{number + 1}", role="customer", locale="en")
        page, customer = self._page(identity, camera), DemoCustomer(number)
        self.customers[number] = page

        def decide(now_s: float) -> Sequence[tuple[str, dict[str, Any]]]:
            views = {other: each.view for other, each in self.customers.items()}
            turn = now_s - self._called_s >= SEEN_S and whose_turn(views, self._last_caller) == number
            acts = customer.decide(page.view, may_call=turn, person_on=self._person_on(), now_s=now_s)
            if any(kind == "join" for kind, _ in acts):
                self._last_caller, self._called_s = number, now_s
            return acts

        return Player(page, decide)

    def _person_on(self) -> bool:
        return person_is_on(self._wall, self._drawn_agents)

    async def _play(self, player: Player) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_S)
            with contextlib.suppress(Exception):  # the socket may go in this moment; the page comes back by itself
                for kind, fields in player.decide(loop.time()):
                    await player.page.send(kind, **fields)

    async def _watch_wall(self) -> None:
        while True:
            with contextlib.suppress(RedisError, ServiceError, OSError, TimeoutError):
                self._wall = msgspec.to_builtins(await self._store.coordinator_view())
            await asyncio.sleep(WALL_S)


async def serve(settings: Settings) -> None:
    """Run the demo until told to stop, or until the supervisor is gone.

    Raises:
        NoPassword: it was not started by `run --demo`.
    """
    password = os.environ.pop(DEMO_PASSWORD, "")
    if not password:
        raise NoPassword
    meet_on_this_machine()
    told = asyncio.Event()
    on_stop(lambda _asked: told.set())
    running = asyncio.create_task(Demo(settings, password).run(), name="demo")
    waiting = asyncio.create_task(told.wait(), name="stop")
    await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if running.done():
        running.result()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
