"""What it is worth that one team answers several queues: fewer people for the same promise.

The arithmetic treats the pooled queues as one, every agent able to serve each. Where only some agents have a skill the
truth lies between pooled and apart; `scheduler.simulate` plays that out with the skills that each agent has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scheduler.erlang import Load
from scheduler.errors import NoHistory
from scheduler.staffing import Staffing, staff
from scheduler.targets import Targets


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """One queue's calls in an interval and its customers' mean patience in seconds."""

    load: Load
    patience_s: float


@dataclass(frozen=True)
class Pooling:
    """The team for all queues together beside the teams for each queue alone."""

    together: Staffing
    apart: Mapping[str, Staffing]

    @property
    def agents_apart(self) -> int:
        """Agents needed when no queue helps another."""
        return sum(one.agents for one in self.apart.values())

    @property
    def agents_saved(self) -> int:
        """Agents that pooling spares."""
        return self.agents_apart - self.together.agents


def pooled(queues: Mapping[str, QueueLoad]) -> QueueLoad:
    """Return several queues as one: calls add up, handle time and patience are means over calls.

    A mixture of exponential handle times or patiences is not exponential; the error is second-order while the queues'
    means are within a factor of two or so of each other, and the simulation does not make it.

    Raises:
        NoHistory: there are no queues.
    """
    if not queues:
        raise NoHistory("There is no queue to pool.")
    interval_s = next(iter(queues.values())).load.interval_s
    rates = [(one, one.load.calls / one.load.interval_s) for one in queues.values()]
    total = sum(rate for _, rate in rates)
    aht_s = sum(rate * one.load.aht_s for one, rate in rates) / total
    patience_s = sum(rate * one.patience_s for one, rate in rates) / total
    return QueueLoad(Load(total * interval_s, interval_s, aht_s), patience_s)


def pooling(queues: Mapping[str, QueueLoad], targets: Targets) -> Pooling:
    """Return what one team for all `queues` needs beside a team for each, every team with the same targets."""
    one = pooled(queues)
    apart = {name: staff(queue.load, queue.patience_s, targets) for name, queue in queues.items()}
    return Pooling(staff(one.load, one.patience_s, targets), apart)
