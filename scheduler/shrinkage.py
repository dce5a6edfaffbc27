"""From agents on the floor to people on the roster: who is paid and not there, cause by cause.

In a team of six, averages mislead: one sick signer in six is a sixth of the cover. So beside the mean there is the
exact number of people of whom enough come, as often as one asks for.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.errors import BadTarget, NotPositive

MOST_PEOPLE = 20_000


@dataclass(frozen=True)
class Shrinkage:
    """Shares of paid time away from the queue, by cause, for example breaks 0.10, training 0.03, sickness 0.05.

    The causes act one after the other (a sick agent takes no break), so what is left is the product of what each
    leaves, not one minus their sum.
    """

    causes: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for cause, share in self.causes.items():
            if not 0 <= share < 1:
                raise BadTarget(f"The share of time lost to {cause} must be at least 0 and below 1.", share=share)

    @property
    def present_share(self) -> float:
        """The share of paid time that is spent on the floor."""
        return math.prod(1.0 - share for share in self.causes.values())

    def rostered(self, agents: float) -> float:
        """Return the mean number of rostered people that leaves `agents` on the floor; also for hours."""
        return agents / self.present_share

    def chance_of(self, agents: int, people: int) -> float:
        """Return the chance that at least `agents` of `people` are there at a moment, each on their own account.

        Source: the binomial distribution.
        """
        here = self.present_share
        if agents <= 0:
            return 1.0
        if agents > people:
            return 0.0
        if here == 1.0:
            return 1.0
        return math.fsum(
            math.exp(
                math.lgamma(people + 1)
                - math.lgamma(k + 1)
                - math.lgamma(people - k + 1)
                + k * math.log(here)
                + (people - k) * math.log1p(-here)
            )
            for k in range(agents, people + 1)
        )

    def people_for(self, agents: int, at_least: float = 0.9) -> int:
        """Return the smallest number of people of whom `agents` are there with a chance of at least `at_least`.

        Raises:
            BadTarget: `at_least` does not lie between 0 and 1.
            NotPositive: `agents` is negative.
        """
        if not 0 < at_least < 1:
            raise BadTarget("The chance that enough people are there must lie between 0 and 1.", at_least=at_least)
        if agents < 0:
            raise NotPositive("The number of agents must not be negative.", agents=agents)
        high = max(agents, 1)
        while self.chance_of(agents, high) < at_least:
            high *= 2
            if high > MOST_PEOPLE:
                raise BadTarget("With this much time lost no team is large enough.", agents=agents)
        return bisect.bisect_left(range(high), at_least, lo=agents, key=lambda people: self.chance_of(agents, people))

    def by_cause(self, paid_hours: float) -> dict[str, float]:
        """Return the hours that each cause takes from `paid_hours`, in the order in which the causes act."""
        lost: dict[str, float] = {}
        left = paid_hours
        for cause, share in self.causes.items():
            lost[cause] = left * share
            left -= lost[cause]
        return lost
