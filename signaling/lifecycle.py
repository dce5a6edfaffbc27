"""What a life cycle is: a table of transitions, each with its effects, and nothing that touches the world.

The tables of `lifecycle_call`, `lifecycle_leg` and `lifecycle_agent` are the only place where the steps are written
down. Pure code runs them through `Machine.fire`; the Lua scripts get the very same tables, written out by
`scripts_loader`, so the store cannot do a step that is not here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from signaling.policy import Policy


@dataclasses.dataclass(frozen=True)
class Do:
    """An effect with a name; the store has one small function for each."""

    name: str


@dataclasses.dataclass(frozen=True)
class Arm:
    """Set the deadline of this kind, replacing an earlier one."""

    deadline: str


@dataclasses.dataclass(frozen=True)
class Clear:
    """Remove the deadline of this kind, if it is set."""

    deadline: str


Effect = Do | Arm | Clear

DELAY_FIELDS: Mapping[str, tuple[str, int]] = {
    "ring": ("ring_timeout_s", 1_000),
    "invite": ("ring_timeout_s", 1_000),
    "watch": ("watch_answer_s", 1_000),
    "keep_place": ("keep_place_s", 1_000),
    "customer_return": ("customer_return_s", 1_000),
    "agent_return": ("agent_return_s", 1_000),
    "nobody": ("nobody_left_s", 1_000),
    "forsaken": ("nobody_left_s", 1_000),
    "ask_again": ("ask_again_s", 1_000),
    "proposal": ("urgent_proposal_s", 1_000),
    "solution": ("urgent_solution_s", 1_000),
    "age": ("age_after_s", 1_000),
    "last_agent": ("last_agent_window_s", 1_000),
    "no_picture": ("agent_return_s", 1_000),
    "after_call": ("after_call_limit_s", 1_000),
    "rest": ("rest_minutes", 60_000),
    "break_wait": ("break_wait_limit_s", 1_000),
}
"""Each deadline's field of the policy, and how many milliseconds the field's unit has."""


def delay_ms(deadline: str, policy: Policy) -> int:
    """Return how long after its arming a deadline is due."""
    field, unit_ms = DELAY_FIELDS[deadline]
    units: float = getattr(policy, field)
    return round(units * unit_ms)


@dataclasses.dataclass(frozen=True)
class Step:
    """One transition: where it leads, and what has to be done."""

    to: str
    effects: tuple[Effect, ...] = ()


@dataclasses.dataclass(frozen=True)
class Fired:
    """What came of an event: the new state, what to do in order, and when the deadlines that were armed are due."""

    state: str
    effects: tuple[Effect, ...]
    due_ms: Mapping[str, int]


class EventRefused(ValueError):
    """The event means nothing in this state."""

    def __init__(self, machine: str, state: str, event: str) -> None:
        self.machine, self.state, self.event = machine, state, event
        super().__init__(machine, state, event)

    def __str__(self) -> str:
        return f"{self.machine} in state {self.state!r} refuses {self.event!r}"


@dataclasses.dataclass(frozen=True)
class Machine:
    """A life cycle as data: (state, event) -> step."""

    name: str
    initial: str
    table: Mapping[tuple[str, str], Step]
    armed: Mapping[str, frozenset[str]]
    """In each state, the deadlines that are set, whatever the way there was (a test walks every way)."""

    @property
    def states(self) -> frozenset[str]:
        """Every state, the initial one and those without a way out included."""
        return frozenset(self.armed)

    @property
    def events(self) -> frozenset[str]:
        """Every event that means something in some state."""
        return frozenset(event for _, event in self.table)

    def fire(
        self, state: str, event: str, *, now_ms: int, policy: Policy, served_ms: Mapping[str, int] | None = None
    ) -> Fired:
        """Take an event in a state at a time.

        `served_ms` says how much of a deadline's time has passed already (a rest that began as a break).

        Raises:
            EventRefused: the event means nothing in this state; nothing changes.
        """
        step = self.table.get((state, event))
        if step is None:
            raise EventRefused(self.name, state, event)
        served = served_ms or {}
        due_ms = {
            effect.deadline: now_ms + max(0, delay_ms(effect.deadline, policy) - served.get(effect.deadline, 0))
            for effect in step.effects
            if isinstance(effect, Arm)
        }
        return Fired(step.to, step.effects, due_ms)

    def accepts(self, state: str) -> Iterator[str]:
        """Yield the events that mean something in this state."""
        return (event for at, event in self.table if at == state)
