"""Erlang C and Erlang A, exact for one agent as for thousands.

Erlang C (M/M/n): nobody gives up; needs more agents than offered work. Erlang A (M/M/n+M): customers give up after an
exponential patience, so it has an answer at any load. Both are computed from the birth-death balance itself, never from
a many-servers limit: at two or six agents such limits are wrong by points of service level.

Source: Erlang (1917); Palm (1946); Mandelbaum and Zeltyn, "Service engineering in action: the Palm/Erlang-A queue"
(2007). The waiting-time integrals are explained in `scheduler.erlang_integrals`.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from fractions import Fraction

from scheduler.erlang_integrals import Integrals, Waits
from scheduler.errors import NotPositive, Unstable
from scheduler.service_level import Definition


@dataclass(frozen=True, slots=True)
class Load:
    """Calls that come to one queue in one interval, as rates.

    `calls` come in `interval_s` seconds, and each keeps an agent busy for `aht_s` seconds (conversation and after-call
    work) on average. All must be positive and finite.
    """

    calls: float
    interval_s: float
    aht_s: float

    def __post_init__(self) -> None:
        for name in ("calls", "interval_s", "aht_s"):
            _positive(name, getattr(self, name))

    @property
    def offered(self) -> float:
        """Offered work in Erlangs: how many agents it would keep busy all the time."""
        return self.calls * self.aht_s / self.interval_s

    def spare(self, agents: int) -> float:
        """Return `agents` minus the offered work, exact even where the two nearly meet."""
        return float(agents - Fraction(self.calls) * Fraction(self.aht_s) / Fraction(self.interval_s))


@dataclass(frozen=True, slots=True)
class ErlangC:
    """The steady state of a queue in which everybody waits as long as it takes; build it with `erlang_c`.

    `delay_probability`: share of calls that wait at all. `asa_s`: mean wait of all calls in seconds. `occupancy`: share
    of an agent's time that is busy. `queue_length`: mean number of waiting calls.
    """

    load: Load
    agents: int
    delay_probability: float
    no_delay_probability: float
    asa_s: float
    occupancy: float
    queue_length: float

    def service_level(self, within_s: float) -> float:
        """Return the share of calls served after at most `within_s` seconds of waiting."""
        x = self.load.spare(self.agents) * _not_negative("within_s", within_s) / self.load.aht_s
        return self.no_delay_probability - self.delay_probability * math.expm1(-x)

    def waits_longer(self, than_s: float) -> float:
        """Return the share of calls that wait longer than `than_s` seconds."""
        x = self.load.spare(self.agents) * _not_negative("than_s", than_s) / self.load.aht_s
        return self.delay_probability * math.exp(-x)


def erlang_c(load: Load, agents: int) -> ErlangC:
    """Return the exact M/M/n queue for `load` and `agents`.

    Raises:
        NotPositive: `agents` is not a whole number of at least 1.
        Unstable: the offered work is not below `agents`.

    Source: Erlang (1917), delay formula.
    """
    _whole(agents)
    offered, spare = load.offered, load.spare(agents)
    if spare <= 0:
        raise Unstable(offered_erlang=offered, agents=agents)
    # In units of the chance of n-1 busy agents: fewer than n busy (log), n or more busy.
    log_below = _log_idle(offered, agents)
    log_odds = math.log(offered / spare) - log_below
    delayed, at_once = _share(log_odds), _share(-log_odds)
    return ErlangC(
        load=load,
        agents=agents,
        delay_probability=delayed,
        no_delay_probability=at_once,
        asa_s=delayed * load.aht_s / spare,
        occupancy=offered / agents,
        queue_length=delayed * offered / spare,
    )


@dataclass(frozen=True, slots=True)
class ErlangA:
    """The steady state of a queue whose customers give up; build it with `erlang_a`.

    `delay_probability`: share of calls that find every agent busy. `abandonment`: share that gives up. `served`: share
    that does not. `wait_s`: mean wait of all calls, served or not, in seconds. `queue_length`: mean number waiting.
    `occupancy`: share of an agent's time that is busy.
    """

    load: Load
    agents: int
    patience_s: float
    delay_probability: float
    no_delay_probability: float
    abandonment: float
    served: float
    wait_s: float
    queue_length: float
    occupancy: float
    _waits: Waits
    _total: Integrals

    def service_level(self, within_s: float, definition: Definition = Definition.SERVED_OF_OFFERED) -> float:
        """Return the service level within `within_s` seconds of waiting, by the named definition."""
        x = _not_negative("within_s", within_s) / self.load.aht_s
        part = self._waits.below(x)
        if definition is Definition.OFFERED_WAIT:
            return self.no_delay_probability + self._delayed_share(part, part.plain)
        served = self.no_delay_probability + self._delayed_share(part, part.patient)
        return served if definition is Definition.SERVED_OF_OFFERED else served / self.served

    def waits_longer(self, than_s: float) -> float:
        """Return the share of calls still waiting after `than_s` seconds, whether they are served later or give up."""
        x = _not_negative("than_s", than_s) / self.load.aht_s
        part = self._waits.above(x)
        return self._delayed_share(part, part.plain) * math.exp(-x * self._waits.impatience)

    def _delayed_share(self, part: Integrals, value: float) -> float:
        if value == 0.0:
            return 0.0
        scale = part.log_scale - self._total.log_scale
        return self.delay_probability * math.exp(scale + math.log(value) - math.log(self._total.plain))


def erlang_a(load: Load, agents: int, patience_s: float) -> ErlangA:
    """Return the exact M/M/n+M queue for `load`, `agents` and a mean patience of `patience_s` seconds.

    The accuracy is about 1e-13 relative for each figure, small probabilities included, whether patience is a thousandth
    or a million handle times and whatever the load.

    Raises:
        NotPositive: `agents` is not a whole number of at least 1, or `patience_s` is not positive and finite; for
            customers who never give up use `erlang_c`.

    Source: Palm (1946); Zeltyn and Mandelbaum (2005), section 3.
    """
    _whole(agents)
    _positive("patience_s", patience_s)
    offered = load.offered
    waits = Waits(offered=offered, agents=agents, spare=load.spare(agents), impatience=load.aht_s / patience_s)
    total = waits.below(math.inf)
    log_odds = math.log(offered) + total.log_scale + math.log(total.plain) - _log_idle(offered, agents)
    delayed, at_once = _share(log_odds), _share(-log_odds)
    abandonment = delayed * (total.impatient / total.plain)
    served = at_once + delayed * (total.patient / total.plain)
    return ErlangA(
        load=load,
        agents=agents,
        patience_s=patience_s,
        delay_probability=delayed,
        no_delay_probability=at_once,
        abandonment=abandonment,
        served=served,
        wait_s=abandonment * patience_s,
        queue_length=abandonment * patience_s * load.calls / load.interval_s,
        occupancy=served * offered / agents,
        _waits=waits,
        _total=total,
    )


def _log_idle(offered: float, agents: int) -> float:
    """Return the log of the chance of fewer than `agents` busy, in units of the chance of `agents` - 1 busy.

    That is the reciprocal of Erlang's loss formula at agents - 1; every term is positive, so nothing cancels.
    """
    value, log_scale = 1.0, 0.0
    for busy in range(1, agents):
        value = 1.0 + value * busy / offered if log_scale == 0.0 else value * busy / offered
        if value > 1e250:
            # The 1 that would be added from here on is below double precision.
            log_scale += math.log(value)
            value = 1.0
    return math.log(value) + log_scale


def _share(log_odds: float) -> float:
    """Return odds / (1 + odds), precise for tiny odds."""
    return 1.0 / (1.0 + math.exp(-log_odds)) if log_odds > -700 else math.exp(log_odds)


def _positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise NotPositive(f"The {name} must be a positive number.", **{name: value})


def _not_negative(name: str, value: float) -> float:
    if math.isnan(value) or value < 0:
        raise NotPositive(f"The {name} must not be negative.", **{name: value})
    return value


def _whole(agents: int) -> None:
    try:
        enough = operator.index(agents) >= 1
    except TypeError:
        enough = False
    if not enough:
        raise NotPositive("The number of agents must be a whole number of at least 1.", agents=agents)
