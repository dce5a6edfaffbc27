"""One day of calls against one staffing plan, event by event.

Nothing is averaged and no steady state is assumed: calls come when they come, agents come, take their breaks and go
home, and a call outlasts the shift it began in. Calls are served in order of arrival; an agent takes the longest
waiting call among the queues that agent has the skill for, and a call goes to the idle agent with the fewest skills,
among those to the one idle longest.

A break that has to wait for a call keeps its length: the agent returns as much later as the break began. A longer
absence (a split shift) ends when it was planned to end.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduler.errors import BadPlan, NotPositive
from scheduler.presence import Presence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LONGEST_BREAK_S = 7200.0

_COME, _LEAVE, _FREE, _RETRY = range(4)


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of one day, in order of arrival; four arrays of shape (calls,).

    `arrive_s`: seconds since the start of the day. `handle_s`: how long the agent is busy, after-call work included.
    `patience_s`: how long the customer waits. `queue`: index of the queue.
    """

    arrive_s: Floats
    handle_s: Floats
    patience_s: Floats
    queue: Ints

    def __post_init__(self) -> None:
        if not len(self.arrive_s) == len(self.handle_s) == len(self.patience_s) == len(self.queue):
            raise BadPlan("Every call has an arrival, a handle time, a patience and a queue.")
        if np.any(np.diff(self.arrive_s) < 0):
            raise BadPlan("Calls must be in order of arrival.")


@dataclass(frozen=True, slots=True)
class Retry:
    """Who gives up calls again with chance `again` after an exponential time of mean `pause_s` seconds."""

    again: float
    pause_s: float

    def __post_init__(self) -> None:
        if not (0 <= self.again < 1 and self.pause_s > 0):
            raise NotPositive("A retry needs a chance below 1 and a positive pause.", again=self.again)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each attempt, in order of the attempt's arrival; arrays of shape (attempts,).

    `offered_wait_s` is how long the caller waited or would have had to wait: infinite where no agent ever came.
    `served` says that the caller was still there then. `first` is False for a repeated attempt. `busy_s`, shape
    (agents,), is each agent's time on calls, `present_s` the time on the floor, calls after its end included.
    """

    arrive_s: Floats
    queue: Ints
    offered_wait_s: Floats
    patience_s: Floats
    first: NDArray[np.bool_]
    busy_s: Floats
    present_s: Floats

    @property
    def served(self) -> NDArray[np.bool_]:
        """Which attempts were served; shape (attempts,)."""
        return np.asarray(self.offered_wait_s <= self.patience_s)

    @property
    def wait_s(self) -> Floats:
        """Seconds each attempt waited, served or not; shape (attempts,)."""
        return np.minimum(self.offered_wait_s, self.patience_s)


def from_counts(agents: Sequence[int], interval_s: float) -> list[Presence]:
    """Return who is there when `agents[i]` are wanted in interval i; whoever came first leaves last.

    That is the plan before anybody has a name: agent k is there whenever more than k are wanted.
    """
    found = []
    for k in range(max(agents, default=0)):
        spans: list[tuple[float, float]] = []
        for i, wanted in enumerate(agents):
            if wanted <= k:
                continue
            if spans and spans[-1][1] == i * interval_s:
                spans[-1] = (spans[-1][0], (i + 1) * interval_s)
            else:
                spans.append((i * interval_s, (i + 1) * interval_s))
        found.append(Presence(tuple(spans)))
    return found


def simulate_day(
    calls: Calls, agents: Sequence[Presence], retry: Retry | None = None, seed: int | np.random.Generator = 0
) -> Outcome:
    """Return what becomes of `calls` with `agents` on the floor; `seed` matters for retries only.

    Raises:
        BadPlan: a call is for a queue with a negative number.
    """
    if len(calls.queue) and int(calls.queue.min()) < 0:
        raise BadPlan("Queues are numbered from 0.")
    return _Day(calls, agents, retry, np.random.default_rng(seed)).run()


class _Day:
    """The state of the day while it runs."""

    def __init__(
        self, calls: Calls, agents: Sequence[Presence], retry: Retry | None, random: np.random.Generator
    ) -> None:
        self._agents = agents
        self._retry = retry
        self._random = random
        self._arrive: list[float] = calls.arrive_s.tolist()
        self._handle: list[float] = calls.handle_s.tolist()
        self._patience: list[float] = calls.patience_s.tolist()
        self._queue: list[int] = calls.queue.tolist()
        self._first_attempts = len(self._arrive)
        self._offered_wait = [math.inf] * len(self._arrive)
        queues = 1 + max([*self._queue, *(skill for agent in agents for skill in agent.skills)], default=0)
        self._lines: list[deque[int]] = [deque() for _ in range(queues)]
        self._busy_s = [0.0] * len(agents)
        self._present_s = [0.0] * len(agents)
        self._span = [0] * len(agents)
        self._came_s = [0.0] * len(agents)
        self._present = [False] * len(agents)
        self._on_call = [False] * len(agents)
        self._wants_to_leave_s: dict[int, float] = {}
        self._idle_since_s: dict[int, float] = {}
        # Ordered by time, then comings before goings, then entry: the run is the same on every machine.
        self._events: list[tuple[float, int, int, int]] = []
        self._entered = 0
        for who, agent in enumerate(agents):
            if agent.spans:
                self._at(agent.spans[0][0], _COME, who)

    def run(self) -> Outcome:
        next_call = 0
        while next_call < self._first_attempts or self._events:
            due_s = self._events[0][0] if self._events else math.inf
            if next_call < self._first_attempts and self._arrive[next_call] <= due_s:
                self._call_comes(next_call, self._arrive[next_call])
                next_call += 1
                continue
            now_s, kind, _, subject = heapq.heappop(self._events)
            if kind == _COME:
                self._agent_comes(subject, now_s)
            elif kind == _LEAVE:
                self._agent_should_leave(subject, now_s)
            elif kind == _FREE:
                self._agent_is_free(subject, now_s)
            else:
                self._caller_returns(subject, now_s)
        order = np.argsort(self._arrive, kind="stable")
        return Outcome(
            arrive_s=np.asarray(self._arrive)[order],
            queue=np.asarray(self._queue, dtype=np.int64)[order],
            offered_wait_s=np.asarray(self._offered_wait)[order],
            patience_s=np.asarray(self._patience)[order],
            first=order < self._first_attempts,
            busy_s=np.asarray(self._busy_s),
            present_s=np.asarray(self._present_s),
        )

    def _at(self, when_s: float, kind: int, subject: int) -> None:
        heapq.heappush(self._events, (when_s, kind, self._entered, subject))
        self._entered += 1

    def _call_comes(self, call: int, now_s: float) -> None:
        able = [who for who in self._idle_since_s if self._queue[call] in self._agents[who].skills]
        if able:
            chosen = min(able, key=lambda who: (len(self._agents[who].skills), self._idle_since_s[who], who))
            self._serve(chosen, call, now_s)
            return
        self._lines[self._queue[call]].append(call)
        if self._retry is not None and self._random.random() < self._retry.again:
            pause_s = self._random.exponential(self._retry.pause_s)
            self._at(now_s + self._patience[call] + pause_s, _RETRY, call)

    def _caller_returns(self, call: int, now_s: float) -> None:
        if self._offered_wait[call] <= self._patience[call]:
            return
        # A new attempt brings new patience, somebody's of the same day; the matter to talk about is the same.
        like = int(self._random.integers(self._first_attempts))
        self._arrive.append(now_s)
        self._handle.append(self._handle[call])
        self._patience.append(self._patience[like])
        self._queue.append(self._queue[call])
        self._offered_wait.append(math.inf)
        self._call_comes(len(self._arrive) - 1, now_s)

    def _agent_comes(self, who: int, now_s: float) -> None:
        self._present[who] = True
        self._came_s[who] = now_s
        self._at(self._agents[who].spans[self._span[who]][1], _LEAVE, who)
        self._take_next(who, now_s)

    def _agent_should_leave(self, who: int, now_s: float) -> None:
        if self._on_call[who]:
            self._wants_to_leave_s[who] = now_s
        else:
            self._agent_goes(who, now_s, late_s=0.0)

    def _agent_goes(self, who: int, now_s: float, late_s: float) -> None:
        self._present[who] = False
        self._idle_since_s.pop(who, None)
        self._present_s[who] += now_s - self._came_s[who]
        spans = self._agents[who].spans
        left_s = spans[self._span[who]][1]
        for following in range(self._span[who] + 1, len(spans)):
            start_s, end_s = spans[following]
            is_break = start_s - left_s <= LONGEST_BREAK_S
            back_s = max(start_s + (late_s if is_break else 0.0), now_s)
            if back_s < end_s:
                self._span[who] = following
                self._at(back_s, _COME, who)
                return

    def _agent_is_free(self, who: int, now_s: float) -> None:
        self._on_call[who] = False
        if who in self._wants_to_leave_s:
            self._agent_goes(who, now_s, late_s=now_s - self._wants_to_leave_s.pop(who))
        else:
            self._take_next(who, now_s)

    def _take_next(self, who: int, now_s: float) -> None:
        """Let an agent who is here and idle take the longest waiting caller who is still there."""
        self._idle_since_s[who] = now_s
        while True:
            heads = [(self._arrive[self._lines[q][0]], q) for q in self._agents[who].skills if self._lines[q]]
            if not heads:
                return
            call = self._lines[min(heads)[1]].popleft()
            self._offered_wait[call] = now_s - self._arrive[call]
            if self._offered_wait[call] <= self._patience[call]:
                self._serve(who, call, now_s)
                return

    def _serve(self, who: int, call: int, now_s: float) -> None:
        self._offered_wait[call] = now_s - self._arrive[call]
        del self._idle_since_s[who]
        self._on_call[who] = True
        self._busy_s[who] += self._handle[call]
        self._at(now_s + self._handle[call], _FREE, who)
