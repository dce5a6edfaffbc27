"""A small town: customers and agents act at random on two nodes, the oracle does the same, and nothing may differ."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable
from typing import Any

from hypothesis import strategies as st
from redis.asyncio import Redis

from signaling.errors import SignalingError, StoreUnavailable
from signaling.identity_types import Identity
from signaling.messages import Outcome
from signaling.policy import Policy
from signaling.store import Store
from signaling.store_base import Argument
from tests.oracle.policy_oracle import Oracle
from tests.oracle.state import Call, Refused
from video_service.media_plane import LegState

START_MS = 2_404_800_000_000
HOUR_MS = 3_600_000
CUSTOMERS = 7
AGENT_SKILLS: tuple[tuple[str, ...], ...] = (("csl",), ("csl:2", "hksl"), ("asl",), ())
NEEDS: tuple[tuple[str, ...], ...] = ((), ("csl",), ("csl:3",), ("hksl",), ("asl",), ("hksl", "csl:2"))
SIGNS = ("", "", "hksl", "asl", "", "not_sure", "")
TOPICS = ("", "", "", "hksl", "nobody_knows", "asl", "", "")
SAYINGS: tuple[tuple[Outcome, int], ...] = (("solved", 0), ("follow_up", 2), ("follow_up", 24), ("cut_off", 0))
BREAKS: tuple[tuple[int, ...], ...] = ((), (2, 20, 40), (10,), (5, 10, 15, 30, 45))
STEPS_S = (0.001, 1, 7, 25, 70, 200, 400)

Command = tuple[str, int, int]
KINDS = (
    *("join",) * 5,
    *("connect_customer",) * 3,
    *("accept",) * 5,
    *("ready",) * 4,
    *("advance",) * 4,
    *("decline", "hang_up_customer", "hang_up_agent", "hang_up_customer", "hang_up_agent"),
    *("ask_break",) * 3,
    "keep_place",
    *("break", "stale_accept", "drop_customer", "drop_agent", "connect_agent", "freeze", "thaw"),
    *("drop_agent", "connect_agent", "connect_agent"),
    *("close_leg", "offer_leg", "offer_leg"),
    *("sign_in", "drop_partner", "return_partner") * 3,
    *("another", "another", "another", "another", "stale_another"),
    *("disposition", "disposition", "disposition_of_another", "hold"),
    *("transfer", "transfer", "invite", "invite", "invite", "invite"),
    *("connect_agent", "add_shift", "add_shift", "add_shift", "sign_out", "remove_shift"),
)
commands = st.tuples(st.sampled_from(KINDS), st.integers(0, 99), st.integers(0, 99))
histories = st.lists(commands, min_size=5, max_size=60)


@dataclasses.dataclass
class Clock:
    now_ms: int = START_MS

    def __call__(self) -> int:
        return self.now_ms


class LoggingStore(Store):
    """A store that writes down what it did, with the number that Redis gave to it: the order in which it happened."""

    def keep(self, log: list[tuple[int, str, tuple[Argument, ...], int]]) -> None:
        self.log = log
        self.unsure: list[tuple[str, tuple[Argument, ...], int]] = []

    async def run(self, name: str, *arguments: Argument) -> dict[str, Any]:
        try:
            answer = await super().run(name, *arguments)
        except StoreUnavailable:
            self.unsure.append((name, arguments, self.now_ms()))
            raise
        if "op" in answer:
            self.log.append((answer["op"], name, arguments, answer["now"]))
        return answer


class World:
    """The town and its two nodes. `do` takes commands that may run at the same time, and then asks the oracle."""

    def __init__(self, first: Redis, second: Redis, pool: str, policy: Policy | None = None) -> None:
        self.policy = policy or Policy(
            max_signing_minutes=2,
            rest_minutes=5,
            waiting_limit=5,
            missed_limit=2,
            age_after_s=40,
            urgent_proposal_s=120,
            urgent_solution_s=900,
            vip_first=True,
            last_agent_window_s=20,
            vip_agent_window_s=330,
            kept_place_s=80,
            max_signing_minutes_a_day=8,
            break_guard_s=60,
            break_wait_limit_s=100,
            ticket_ttl_s=600,  # by the server's clock
            time_zone="Pacific/Marquesas",  # a day ends an hour and a half after the start
        )
        self.clock = Clock()
        self.log: list[tuple[int, str, tuple[Argument, ...], int]] = []
        self.stores = [
            LoggingStore(redis, pool=pool, policy=self.policy, clock=self.clock) for redis in (first, second)
        ]
        for store in self.stores:
            store.keep(self.log)
        self.pool = pool
        self.oracle = Oracle(self.policy)
        self.sockets: dict[str, str] = {}
        self.frozen: set[str] = set()
        self.turn = self.acknowledged = 0
        self.slots = 0

    @property
    def store(self) -> LoggingStore:
        """The nodes take turns."""
        self.turn += 1
        return self.stores[self.turn % 2]

    async def open(self) -> None:
        """Everybody's shift has begun, and the agents are at their desks."""
        await self.stores[0].load()
        for number in range(len(AGENT_SKILLS)):
            breaks = [(START_MS + at * 60_000, START_MS + (at + 4) * 60_000) for at in BREAKS[number]]
            await self.store.add_shift(f"a{number}", START_MS, START_MS + HOUR_MS, breaks)
            await self._connect_agent(number)
            await self.store.sign_in(self._agent(number))
            await self.store.leg_offered(f"a{number}", leg=f"leg{number}", worker="w1")
            if number < 2:
                await self.store.ready(f"a{number}")
        for number in range(3):
            await self._connect_customer(number)
        self.replay()

    def _agent(self, number: int) -> Identity:
        number %= len(AGENT_SKILLS)
        return Identity(person=f"a{number}", role="agent", skills=AGENT_SKILLS[number])

    async def _connect(self, identity: Identity) -> None:
        socket = f"s{len(self.log)}-{self.turn}"
        self.sockets[identity.person] = socket
        self.frozen.discard(identity.person)
        await self.store.connect(identity, node="n", socket=socket)

    async def _connect_agent(self, number: int) -> None:
        await self._connect(self._agent(number))

    async def _connect_customer(self, number: int) -> None:
        await self._connect(Identity(person=f"c{number % CUSTOMERS}", role="customer"))

    async def do(self, batch: list[Command]) -> None:
        """Run commands at once, then replay what they did in Redis's order."""
        await asyncio.gather(*(self._try(self._command(*command)) for command in batch))
        self.replay()

    async def _try(self, work: Awaitable[object] | None) -> None:
        if work is not None:
            try:
                await work
            except StoreUnavailable:
                raise
            except SignalingError:
                return

    def _command(self, kind: str, x: int, y: int) -> Awaitable[object] | None:
        customer, agent = f"c{x % CUSTOMERS}", f"a{x % len(AGENT_SKILLS)}"
        desk = self.oracle.agents.get(agent)
        call = self.oracle.calls.get(desk.call) if desk is not None else None
        match kind:
            case "join":
                needs = NEEDS[y % len(NEEDS)]
                return self.store.join(
                    customer,
                    queue="main",
                    needs=needs,
                    sign_language=SIGNS[y % len(SIGNS)],
                    topic=TOPICS[y % len(TOPICS)],
                    urgent=y % 5 == 0,
                    vip=y % 4 == 1,
                    reason="",
                    locale="zh-CN",
                )
            case "connect_customer":
                return self._connect_customer(x)
            case "connect_agent":
                away = [number for number in range(len(AGENT_SKILLS)) if f"a{number}" not in self.sockets]
                return self._connect_agent(away[x % len(away)] if away else x)
            case "drop_customer" if customer in self.sockets:
                return self.store.disconnect(customer, self.sockets.pop(customer))
            case "keep_place":
                return self.store.keep_place(customer)
            case "drop_agent" if agent in self.sockets:
                return self.store.disconnect(agent, self.sockets.pop(agent))
            case "drop_partner" if call is not None and call.customer in self.sockets:
                return self.store.disconnect(call.customer, self.sockets.pop(call.customer))
            case "return_partner" if call is not None:
                return self._connect_customer(int(call.customer[1:]))
            case "freeze":
                self.frozen.add(agent if y % 2 else customer)
            case "thaw":
                self.frozen.clear()
            case "hang_up_customer" if customer in self.oracle.persons:
                return self.store.hang_up(customer, self.oracle.persons[customer].call or "none")
            case "hang_up_agent" if call is not None:
                return self.store.hang_up(agent, call.id)
            case "accept" if call is not None:
                return self.store.accept(agent, call.id, self._number(agent, call))
            case "stale_accept" if call is not None:
                return self.store.accept(agent, call.id, self._number(agent, call) - 1)
            case "decline" if call is not None:
                return self.store.decline(agent, call.id, self._number(agent, call))
            case "invite" if call is not None:
                whom = f"a{y % len(AGENT_SKILLS)}" if y % 7 else ""
                return self.store.invite(agent, call.id, call.epoch - (y % 13 == 12), to=whom, note="n" * (y % 2))
            case "another" if call is not None:
                return self.store.another_signer(call.customer, call.id, call.epoch)
            case "hold" if call is not None:
                return self.store.hold(agent, call.id, call.epoch - (y % 9 == 8), held=y % 3 > 0)
            case "transfer" if call is not None:
                return self.store.transfer(
                    agent,
                    call.id,
                    call.epoch - (y % 11 == 10),
                    to=f"a{y % len(AGENT_SKILLS)}" if y % 3 else "",
                    sign_language=SIGNS[y % len(SIGNS)],
                    need="csl" if y % 5 == 4 else "",
                    note="n" * (y % 2),
                )
            case "disposition" if desk is not None:
                return self._dispose(agent, desk.after_call_of or "c_none", y)
            case "disposition_of_another" if self.oracle.calls:
                return self._dispose(agent, list(self.oracle.calls)[y % len(self.oracle.calls)], x)
            case "stale_another" if call is not None:
                return self.store.another_signer(f"c{y % CUSTOMERS}", call.id, call.epoch - y % 2)
            case "ready":
                return self.store.ready(agent)
            case "break":
                return self.store.break_(agent)
            case "ask_break":
                return self.store.ask_break(agent, wanted=y % 4 > 0)
            case "offer_leg" if agent in self.oracle.persons:
                return self.store.leg_offered(agent, leg=f"leg{self.turn}", worker="w1")
            case "close_leg" if agent in self.oracle.persons:
                return self.store.leg_event(agent, leg=self.oracle.persons[agent].leg, state=LegState.CLOSED)
            case "sign_in" if agent in self.oracle.persons:
                return self.store.sign_in(self._agent(x))
            case "sign_out":
                return self.store.sign_out(agent)
            case "add_shift":
                start_ms = self.clock.now_ms // HOUR_MS * HOUR_MS + y % 2 * HOUR_MS
                breaks = [(start_ms + at * 60_000, start_ms + (at + 1 + y % 5) * 60_000) for at in BREAKS[y % 4]]
                return self.store.add_shift(agent, start_ms, start_ms + HOUR_MS, breaks)
            case "remove_shift" if self.oracle.shifts:
                known = sorted((shift.agent, shift.start_ms, key) for key, shift in self.oracle.shifts.items())
                return self.store.remove_shift(known[y % len(known)][2])
        return None

    @staticmethod
    def _number(agent: str, call: Call) -> int:
        """Return what an agent answers a ring with: an invitation has a number of its own."""
        return call.invitations if call.invited == agent else call.epoch

    def _dispose(self, agent: str, call: str, number: int) -> Awaitable[None]:
        outcome, due_in_h = SAYINGS[number % len(SAYINGS)]
        return self.store.disposition(agent, call, outcome=outcome, note="n" * (number % 3), due_in_h=due_in_h)

    async def advance(self, seconds: float) -> None:
        """Let time pass; pages that are not frozen are heard, and both nodes sweep at once."""
        self.clock.now_ms += round(seconds * 1_000)
        heard = [pair for pair in self.sockets.items() if pair[0] not in self.frozen]
        await self.store.beat(heard)
        while any(await asyncio.gather(*(store.sweep() for store in self.stores))):
            pass
        self.replay()

    def replay(self) -> None:
        """Let the oracle do what was logged, in the order of the numbers."""
        for number, name, arguments, now_ms in sorted(self.log):
            self.acknowledged = number
            try:
                self.oracle.apply(name, arguments, now_ms)
            except Refused as refused:
                raise AssertionError(f"the store did {name}, the oracle refuses: {refused.code}") from refused
            except AttributeError:
                if hasattr(self.oracle, f"do_{name}"):
                    raise
        self.log.clear()


async def play(world: World, history: list[Command], at_once: int) -> None:
    """Play a history, `at_once` commands at a time; time passes between, not during."""
    batch: list[Command] = []
    for kind, x, y in history:
        if kind == "advance" or len(batch) == at_once:
            await world.do(batch)
            batch = []
        if kind == "advance":
            await world.advance(STEPS_S[y % len(STEPS_S)])
        else:
            batch.append((kind, x, y))
    await world.do(batch)
