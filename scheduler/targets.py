"""What an open queue promises: each promise says itself in words, and tells whether a queue keeps it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scheduler.errors import BadTarget
from scheduler.service_level import Definition

if TYPE_CHECKING:
    from scheduler.erlang import ErlangA  # brings a library that a web node is spared

MINIMUM_WHEN_OPEN = 2


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """At least `share` of calls within `within_s` seconds of waiting, by the named definition."""

    share: float = 0.95
    within_s: float = 20.0
    definition: Definition = Definition.SERVED_OF_OFFERED

    def __post_init__(self) -> None:
        _share("service level", self.share)
        if not (math.isfinite(self.within_s) and self.within_s >= 0):
            raise BadTarget(f"A service level is within a number of seconds, 0 or more, not {self.within_s:g}.")

    @property
    def words(self) -> str:
        """The promise as a person would say it."""
        return f"{self.share:.4g} answered within {self.within_s:g} s ({self.definition.value})"

    def met(self, queue: ErlangA) -> bool:
        """Tell whether the queue keeps it."""
        return queue.service_level(self.within_s, self.definition) >= self.share

    def figure(self, queue: ErlangA) -> float:
        """Return what the queue reaches."""
        return queue.service_level(self.within_s, self.definition)


@dataclass(frozen=True, slots=True)
class Abandonment:
    """At most `share` of calls give up."""

    share: float

    def __post_init__(self) -> None:
        _share("abandonment", self.share)

    @property
    def words(self) -> str:
        """The promise as a person would say it."""
        return f"at most {self.share:.4g} give up"

    def met(self, queue: ErlangA) -> bool:
        """Tell whether the queue keeps it."""
        return queue.abandonment <= self.share

    def figure(self, queue: ErlangA) -> float:
        """Return what the queue reaches."""
        return queue.abandonment


@dataclass(frozen=True, slots=True)
class LongestWait:
    """At most `share` of calls are still waiting after `wait_s` seconds, whether served later or not.

    A random queue has no longest wait; it has one that is passed as seldom as one says.
    """

    wait_s: float
    share: float = 0.01

    def __post_init__(self) -> None:
        _share("longest wait", self.share)
        if not (math.isfinite(self.wait_s) and self.wait_s >= 0):
            raise BadTarget(f"The longest wait is a number of seconds, 0 or more, not {self.wait_s:g}.")

    @property
    def words(self) -> str:
        """The promise as a person would say it."""
        return f"at most {self.share:.4g} wait longer than {self.wait_s:g} s"

    def met(self, queue: ErlangA) -> bool:
        """Tell whether the queue keeps it."""
        return queue.waits_longer(self.wait_s) <= self.share

    def figure(self, queue: ErlangA) -> float:
        """Return what the queue reaches."""
        return queue.waits_longer(self.wait_s)


Promise = ServiceLevel | Abandonment | LongestWait


def _share(name: str, share: float) -> None:
    if not 0 < share < 1:
        raise BadTarget(f"The {name} must lie between 0 and 1: no staff makes it certain.", share=share)


@dataclass(frozen=True, slots=True)
class Targets:
    """What an open queue promises, all of it at once; `minimum` agents stand there even when nobody calls."""

    promises: tuple[Promise, ...] = (ServiceLevel(),)
    minimum: int = MINIMUM_WHEN_OPEN

    def __post_init__(self) -> None:
        if self.minimum < 0:
            raise BadTarget("The minimum of agents must not be negative.", minimum=self.minimum)
        if not self.promises and self.minimum == 0:
            raise BadTarget("There is nothing to staff for: no promise, and a minimum of no agents.")
