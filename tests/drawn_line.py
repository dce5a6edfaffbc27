"""A line that is drawn, in virtual time: how wide it is, how long its queue, what it loses, and how the machine stalls.

Datagrams go down through a queue of so many seconds; what would wait longer is lost. Feedback comes up another way,
late and with losses. The machine may stand still again and again, as a busy one does: whatever is due meanwhile happens
at the end of it. `tests/drawn_call.py` sends pictures over it.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field

UDP_OCTETS = 28


@dataclass(frozen=True)
class Busy:
    """How a machine is starved: a picture of the camera is made so many times a second, and it stands still so long."""

    fps: float = 30.0
    stall_ms: float = 0.0
    every_ms: float = 1000.0


@dataclass(frozen=True)
class Case:
    """One run. `widths`: (from second, bits a second), of the way down.

    `loss`: by chance, on its way behind the queue. `policed`: what would wait longer than the queue is lost, and the
    rest waits for nothing. `jitter_ms`: at most, of each datagram. `up_ms`, `up_loss`: of feedback. `feedback_ms`:
    between messages.
    `fills`: what an encoder makes of its target. `pictures`: on the line, the first a preview when there are two.
    """

    widths: tuple[tuple[float, float], ...]
    start_bps: int = 450_000
    loss: float = 0.0
    busy: Busy = field(default_factory=Busy)
    little_bps: float = float("inf")
    delay_ms: float = 5.0
    jitter_ms: float = 0.0
    sound_bps: int = 0
    queue_s: float = 0.3
    up_ms: float = 0.0
    up_loss: float = 0.0
    feedback_ms: float = 100.0
    drift_ppm: float = 0.0
    fills: float = 0.75
    rebuilds: bool = True
    pictures: int = 1
    policed: bool = False
    seed: int = 1


class DrawnLine:
    """The clock, the dice and the way down."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.dice = random.Random(case.seed)
        self.now_ms = 0.0
        self._free_ms = 0.0
        self._last_ms = self._up_ms = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._stalls = self._draw_stalls()

    def at(self, due_ms: float, do: Callable[[], None], *, machine: bool = True) -> None:
        """Do something later: when the machine stands still then, at the end of that."""
        if machine:
            due_ms = self._after_stall(due_ms)
        heapq.heappush(self._events, (max(due_ms, self.now_ms), next(self._order), do))

    def after(self, ms: float, do: Callable[[], None]) -> None:
        self.at(self.now_ms + ms, do)

    def step(self) -> None:
        """Do what is due next."""
        self.now_ms, _, do = heapq.heappop(self._events)
        do()

    def width_bps(self) -> float:
        return next(width for since_s, width in reversed(self.case.widths) if self.now_ms >= since_s * 1000)

    def cross(self, octets: int, arrive: Callable[[], None]) -> None:
        """Send a datagram towards the viewer."""
        case = self.case
        starts_ms = max(self.now_ms, self._free_ms)
        if starts_ms - self.now_ms > case.queue_s * 1000:
            return
        self._free_ms = comes_ms = starts_ms + (octets + UDP_OCTETS) * 8000 / self.width_bps()
        if case.policed:
            comes_ms = self.now_ms
        if self.dice.random() < case.loss:
            return
        # What is late by chance does not let others overtake.
        self._last_ms = max(self._last_ms, comes_ms + case.delay_ms + self.dice.random() * case.jitter_ms)
        self.at(self._last_ms, arrive)

    def up(self, arrive: Callable[[], None]) -> None:
        """Send feedback back."""
        if self.dice.random() >= self.case.up_loss:
            self._up_ms = max(self._up_ms, self.now_ms + self.case.delay_ms + self.dice.random() * self.case.up_ms)
            self.at(self._up_ms, arrive)

    def _draw_stalls(self) -> list[tuple[float, float]]:
        busy, stalls, at_ms = self.case.busy, [], 0.0
        if not busy.stall_ms:
            return []
        dice = random.Random(self.case.seed + 1000)
        while at_ms < 200_000:
            at_ms += dice.uniform(0.2, 1.8) * busy.every_ms
            end_ms = at_ms + dice.uniform(0.2, 1.8) * busy.stall_ms
            stalls.append((at_ms, end_ms))
            at_ms = end_ms
        return stalls

    def _after_stall(self, due_ms: float) -> float:
        while self._stalls and self._stalls[0][1] < self.now_ms:
            self._stalls.pop(0)
        for start_ms, end_ms in self._stalls:
            if start_ms > due_ms:
                break
            if due_ms < end_ms:
                return end_ms
        return due_ms
