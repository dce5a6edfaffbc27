"""What demo people do: pure decisions from what each sees on the page, so that a test needs no clock and no network.

Two demo agents answer customers; demo customers call now and then, one at a time, so that one demo agent is always free
for a person who tries the customer's page. When a person is ready as an agent, the demo agents take a break, and the
demo customers call that person instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from video_service.consent import CONSENT_VERSION

RING_S: Final = 2.0  # so that the customer's page shows that somebody is being asked
AFTER_CALL_S: Final = 3.0
CALL_S: Final = 40.0
CALL_WITH_PERSON_S: Final = 90.0
CALL_WHILE_PERSON_WAITS_S: Final = 5.0  # with a drawn agent, when a person is ready
PATIENCE_S: Final = 60.0
PAUSE_S: Final = 15.0
FIRST_PAUSE_S: Final = 3.0
PAUSE_FOR_PERSON_S: Final = 4.0

DRAWN: Final = ("演示客服 Demo agent 1", "演示客服 Demo agent 2")

GREETING: Final = "演示：我是画出来的客服，您可以打手语，也可以打字。 Demo: I am a drawn agent. Sign or write to me."
ANSWER: Final = "演示：收到。 Demo: I have read that."
MATTERS: Final = (
    "演示：航班取消了，怎么办？ Demo: my flight was cancelled, what now?",
    "演示：酒店没有我的预订。 Demo: the hotel has no booking for me.",
    "演示：我想改签。 Demo: I want to change my ticket.",
)

Act = tuple[str, dict[str, Any]]
"""A message to send: its type and its fields."""

Wall = Mapping[str, Any]


@dataclass
class Timer:
    """Since when something has been so."""

    what: str = ""
    since_s: float = 0.0

    def age_s(self, what: str, now_s: float) -> float:
        """Return how long `what` has been the same."""
        if what != self.what:
            self.what, self.since_s = what, now_s
        return now_s - self.since_s


class DemoAgent:
    """Accepts what rings, greets, answers what is written, and is ready again. It never hangs up on a customer."""

    def __init__(self) -> None:
        self._timer = Timer()
        self._said: dict[str, int] = {}

    def decide(self, view: Mapping[str, Any], lines: int, *, person_on: bool, now_s: float) -> list[Act]:
        """Return what to send now. `lines`: how many the customer has written; `person_on`: a person takes calls."""
        state, call = view.get("state", ""), view.get("call") or {}
        age_s = self._timer.age_s(f"{state} {call.get('call', '')}", now_s)
        if state == "reserved" and view.get("reservation") and age_s >= RING_S:
            ringing = view["reservation"]
            return [("accept", {"call": ringing["call"], "epoch": ringing["epoch"]})]
        if state == "on_call" and call:
            return self._talk(call["call"], lines)
        if person_on:
            return [("break", {})] if state == "available" else []
        seen = view.get("picture", "") != "" and view.get("media") == "live"
        pause_s = AFTER_CALL_S if state == "after_call" else 0.0
        if state in ("break", "after_call", "offline") and seen and age_s >= pause_s:
            return [("ready", {})]
        return []

    def _talk(self, call: str, lines: int) -> list[Act]:
        if call not in self._said:
            self._said = {call: lines}
            return [("say", {"call": call, "text": GREETING})]
        if lines > self._said[call]:
            self._said[call] = lines
            return [("say", {"call": call, "text": ANSWER})]
        return []


class DemoCustomer:
    """Calls when `may_call`, says what it is about, and leaves after a while."""

    def __init__(self, number: int) -> None:
        self._matter = MATTERS[number % len(MATTERS)]
        self._timer = Timer()
        self._pause_s = FIRST_PAUSE_S
        self._noted = ""
        self._said = ""

    def decide(self, view: Mapping[str, Any], *, may_call: bool, person_on: bool, now_s: float) -> list[Act]:
        """Return what to send now. `may_call`: it is this one's turn; `person_on`: a person takes calls."""
        state, call = view.get("state", ""), view.get("call", "")
        age_s = self._timer.age_s(f"{state} {call}", now_s)
        if state in ("home", "ended"):
            pause_s = min(self._pause_s, PAUSE_FOR_PERSON_S) if person_on else self._pause_s
            return (
                [("join", {"consent": CONSENT_VERSION})] if may_call and view.get("open") and age_s >= pause_s else []
            )
        self._pause_s = PAUSE_S
        if state in ("waiting", "ringing") and call != self._noted:
            self._noted = call
            return [("note", {"text": self._matter})]
        if state == "connected" and call != self._said:
            self._said = call
            return [("say", {"call": call, "text": self._matter})]
        if age_s >= self._limit_s(state, view.get("agent_name", "") in DRAWN, person_on):
            return [("hang_up", {"call": call})]
        return []

    @staticmethod
    def _limit_s(state: str, with_drawn: bool, person_on: bool) -> float:
        if state == "waiting":
            return PATIENCE_S
        if state != "connected":
            return math.inf
        if not with_drawn:
            return CALL_WITH_PERSON_S
        return CALL_WHILE_PERSON_WAITS_S if person_on else CALL_S


def person_is_on(wall: Wall, demo_agents: frozenset[str]) -> bool:
    """Return whether somebody who is no demo agent takes calls."""
    return any(
        agent["agent"] not in demo_agents and agent["state"] not in ("offline", "break") for agent in wall["agents"]
    )


def whose_turn(views: Mapping[int, Mapping[str, Any]], last: int) -> int | None:
    """Return which demo customer may call: none while one has a call, else the next after `last`."""
    busy = any(view.get("state", "") not in ("home", "ended", "") for view in views.values())
    numbers = sorted(views)
    if busy or not numbers:
        return None
    later = [number for number in numbers if number > last]
    return (later or numbers)[0]
