"""People for the chaos benchmark: customers and agents on real sockets, who do at random what a page lets them do."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from websockets.exceptions import WebSocketException

from signaling.identity_types import Identity
from signaling.messages import CloseCode
from tests.support.staff import Staff
from tests.web_nodes import SocketPage, WebNode
from video_service.consent import CONSENT_VERSION
from video_service.errors import ServiceError
from video_service.tasks import cancel_and_wait

PAUSE_S: Final = (0.02, 0.16)  # between two things that one person does
AWAY_S: Final = (0.0, 0.6)  # before a page whose socket is gone tries again
WELCOME_S: Final = 20.0

Act = tuple[str, dict[str, Any]]


@dataclass
class Seen:
    """What all pages together were shown: the log that the run is judged by."""

    operations: int = 0
    served: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    joined: dict[str, str] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    closed: Counter[int] = field(default_factory=Counter)
    resumed: int = 0


class Person:
    """Somebody with one page, which goes to another node whenever its socket is gone."""

    def __init__(
        self, identity: Identity, nodes: Sequence[WebNode], staff: Staff, seen: Seen, dice: random.Random
    ) -> None:
        self.identity, self.seen = identity, seen
        self._nodes, self._staff, self._dice = nodes, staff, dice
        self._resume = ""
        self._generation = 0
        self.view: dict[str, Any] = {}
        self.here = asyncio.Event()
        self.quiet = False
        """Does nothing any more but to end what is open."""

    async def live(self, goes_on: Callable[[], bool]) -> None:
        """Do things until `goes_on` says no; come back by the resume token whatever happens to a node."""
        while goes_on():
            with contextlib.suppress(WebSocketException, OSError, TimeoutError, EOFError, ServiceError):
                await self._visit(goes_on)
            self.here.clear()
            await asyncio.sleep(self._dice.uniform(*AWAY_S))

    async def _visit(self, goes_on: Callable[[], bool]) -> None:
        node = self._dice.choice([node for node in self._nodes if node.runs] or list(self._nodes))
        ticket = "" if self._resume else await self._staff.ticket(self.identity)
        page = await SocketPage.open(node, ticket=ticket, resume=self._resume)
        reader = asyncio.create_task(self._read(page))
        try:
            async with asyncio.timeout(WELCOME_S):
                waiting = asyncio.create_task(self.here.wait())
                await asyncio.wait((reader, waiting), return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
            while goes_on() and not reader.done():
                act = self._next()
                if act is None:
                    return
                kind, fields = act
                await page.send(kind, **fields)
                self.seen.operations += 1
                self.seen.sent[kind] += 1
                await asyncio.wait((reader,), timeout=self._dice.uniform(*PAUSE_S))
        finally:
            await cancel_and_wait((reader,))
            if page.wire.close_code == CloseCode.BAD_TICKET:
                self._resume = ""  # a page asks for a ticket then
            if page.wire.close_code is not None:
                self.seen.closed[page.wire.close_code] += 1
            self._dice.choice((page.wire.transport.abort, page.wire.transport.close))()

    async def _read(self, page: SocketPage) -> None:
        while True:
            try:
                message = await page.next()
            except WebSocketException:
                return
            match message["type"]:
                case "welcome":
                    self.seen.resumed += bool(self._resume)
                    self._resume = message["resume"]
                case "customer_view" | "agent_view":
                    self.view = message
                    self._note(message)
                    self.here.set()
                case "error":
                    self.seen.refused[f"{message['reply_to'] or '-'}: {message['code']}"] += 1

    def _note(self, view: dict[str, Any]) -> None:
        if self.identity.role == "agent":
            call = view["call"]
            if call is not None:
                self.seen.served[call["call"], call["epoch"]].add(self.identity.name)
            return
        if view["state"] in ("waiting", "ringing", "connected"):
            self.seen.joined.setdefault(view["call"], self.identity.person)
        if view["state"] == "connected":
            self.seen.served[view["call"], view["epoch"]].add(view["agent_name"])

    def _next(self) -> Act | None:
        """Return what to do now; None: the page is closed without a word."""
        chance = self._dice.random()
        if not self.quiet and chance < 0.03:
            return None
        return (self._agent if self.identity.role == "agent" else self._customer)(self.view, self._dice.random())

    def _customer(self, view: dict[str, Any], chance: float) -> Act:
        call = view["call"]
        match view["state"]:
            case "home" | "ended":
                return ("ping", {"t": 1}) if self.quiet else ("join", {"consent": CONSENT_VERSION})
            case _ if self.quiet:
                return "hang_up", {"call": call}
            case "connected":
                if view["media"] == "offer" and chance < 0.5:
                    return self._offer()
                if chance < 0.6:
                    return "say", {"call": call, "text": "?"}
                if chance < 0.7:
                    return "another_signer", {"call": call, "epoch": view["epoch"]}
                return ("hang_up", {"call": call}) if chance < 0.85 else ("ping", {"t": 1})
            case _:
                return ("hang_up", {"call": call}) if chance < 0.04 else ("note", {"text": "gate 14"})

    def _agent(self, view: dict[str, Any], chance: float) -> Act:
        call, ring = view["call"], view["reservation"]
        if view["media"] == "offer" and chance < 0.5:
            return self._offer()
        match view["state"]:
            case "reserved" if ring and not self.quiet:
                if chance < 0.75:
                    return "accept", {"call": ring["call"], "epoch": ring["epoch"]}
                if chance < 0.8:  # what comes too late, or from an earlier ring
                    return "accept", {"call": ring["call"], "epoch": max(0, ring["epoch"] - 1)}
                return (
                    ("decline", {"call": ring["call"], "epoch": ring["epoch"]}) if chance < 0.9 else ("ping", {"t": 1})
                )
            case "on_call" if call:
                return (
                    ("hang_up", {"call": call["call"]})
                    if chance < 0.15
                    else ("say", {"call": call["call"], "text": "!"})
                )
            case "after_call" | "break" if not self.quiet:
                return ("ready", {}) if chance < 0.9 else ("ping", {"t": 1})
            case _:
                return ("break", {}) if chance < 0.02 and not self.quiet else ("ping", {"t": 1})

    def _offer(self) -> Act:
        self._generation += 1
        return "media_offer", {"generation": self._generation, "sdp": "offer"}
