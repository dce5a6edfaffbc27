"""A store with a clock that a test moves, and short words for what people do."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis

from signaling.identity_types import Identity
from signaling.messages import AgentCall, AgentView, CustomerView
from signaling.policy import Policy
from signaling.store import Store
from tests.data_keys import CIPHER
from video_service.clock import SystemClock
from video_service.opening_hours_store import OpeningHours
from video_service.queues import QueueRules
from video_service.queues_store import QueueBook

START_MS = 2_404_800_000_000
HOUR_MS = 3_600_000
ALIVE = ("w1", "w2")


class Desk:
    """Everybody is on shift for eight hours unless a test says otherwise."""

    def __init__(self, redis: Redis, pool: str, policy: Policy | None = None) -> None:
        self.now_ms = START_MS
        self.policy = policy or Policy()
        self.store = Store(redis, pool=pool, policy=self.policy, clock=lambda: self.now_ms, cipher=CIPHER)
        self.sockets: dict[str, str] = {}
        self.legs = 0

    async def queue(self, name: str, **rules: Any) -> None:
        """Keep a queue with these rules."""
        line = OpeningHours(self.store.redis, pool=self.store.keys.pool, clock=SystemClock(), zone="UTC")
        book = QueueBook(self.store.redis, pool=self.store.keys.pool, clock=SystemClock(), line=line)
        await book.keep(name, QueueRules(**rules), by="o-1")

    async def connect(self, identity: Identity, socket: str = "") -> str:
        socket = socket or f"s{len(self.sockets)}-{self.now_ms}"
        await self.store.connect(identity, node="n1", socket=socket)
        self.sockets[identity.person] = socket
        return socket

    async def agent(self, name: str, *skills: str, ready: bool = True, shift: bool = True) -> str:
        identity = Identity(person=name, role="agent", name=name.upper(), skills=skills)
        if shift:
            await self.store.add_shift(name, START_MS - HOUR_MS, START_MS + 7 * HOUR_MS)
        await self.connect(identity)
        await self.store.sign_in(identity)
        await self.offer(name)
        if ready:
            await self.store.ready(name)
        return name

    async def offer(self, person: str, worker: str = "w1", *, start: str = "leg") -> str:
        """The page offers a new peer connection; the leg's name is returned, which begins with `start`."""
        self.legs += 1
        leg = f"{start}{self.legs}"
        await self.store.leg_offered(person, leg=leg, worker=worker)
        return leg

    def identity(self, customer: str) -> Identity:
        """Return who a customer is."""
        return Identity(person=customer, role="customer", locale="zh-CN")

    async def customer(self, name: str) -> str:
        await self.connect(self.identity(name))
        return name

    async def join(
        self, name: str, *needs: str, urgent: bool = False, vip: bool = False, sign_language: str = "", topic: str = ""
    ) -> str:
        """Connect a customer unless that is done, and join."""
        if name not in self.sockets:
            await self.customer(name)
        return await self.store.join(
            name,
            queue="main",
            needs=needs,
            urgent=urgent,
            vip=vip,
            sign_language=sign_language,
            topic=topic,
            reason="",
            locale="zh-CN",
        )

    async def drop(self, name: str) -> None:
        await self.store.disconnect(name, self.sockets.pop(name))

    async def back(self, name: str) -> None:
        """The same page connects anew."""
        role = "agent" if name.startswith("a") else "customer"
        skills = tuple(filter(None, (await self.skills(name)).split("+")))
        await self.connect(Identity(person=name, role="agent" if role == "agent" else "customer", skills=skills))

    async def skills(self, name: str) -> str:
        raw = await self.store.redis.hget(f"{self.store.keys.root}:person:{name}", "skills")
        return raw.decode() if isinstance(raw, bytes) else str(raw or "")

    async def pass_time(self, seconds: float, *, beats: bool = True) -> None:
        """Move the clock; pages are heard, and everything that is due is handled."""
        self.now_ms += round(seconds * 1_000)
        if beats:
            await self.store.beat(self.sockets.items())
        while await self.store.sweep():
            pass

    async def look(self, agent: str) -> AgentView:
        return await self.store.agent_view(agent, alive=ALIVE)

    async def call_of(self, agent: str = "a1") -> AgentCall:
        """Return the call that an agent is in."""
        call = (await self.look(agent)).call
        assert call is not None
        return call

    async def see(self, customer: str) -> CustomerView:
        return await self.store.customer_view(customer, alive=ALIVE)

    async def rings(self, agent: str) -> str:
        """Return the call that rings at an agent, "" when none does."""
        view = await self.look(agent)
        return view.reservation.call if view.reservation else ""

    async def accept(self, agent: str) -> str:
        view = await self.look(agent)
        assert view.reservation is not None, f"nothing rings at {agent}: {view.state}"
        await self.store.accept(agent, view.reservation.call, view.reservation.epoch)
        return view.reservation.call

    async def decline(self, agent: str) -> str:
        view = await self.look(agent)
        assert view.reservation is not None, f"nothing rings at {agent}: {view.state}"
        await self.store.decline(agent, view.reservation.call, view.reservation.epoch)
        return view.reservation.call

    async def talk(self, agent: str, customer: str, *needs: str) -> str:
        """Bring the two into a live call."""
        call = await self.join(customer, *needs)
        assert await self.accept(agent) == call
        return call

    async def wait_for_return(self) -> None:
        """Let the time for an agent's return pass."""
        await self.pass_time(self.policy.agent_return_s)
