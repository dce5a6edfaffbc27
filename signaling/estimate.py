"""How long until it is my turn: an interval, not a point, so that it is honest.

With n agents busy for a mean of m minutes a call, people leave the front of the line at a rate of n/m. The k-th place
is served at the k-th departure, so its wait has the Erlang(k) distribution with that rate. The interval goes from its
20 % to its 80 % quantile, widened to whole minutes.

Source: Erlang distribution as in any queueing text (Cooper, Introduction to Queueing Theory, ch. 3); its quantiles by
Wilson and Hilferty, "The distribution of chi-square", PNAS 17 (1931) 684.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

PRIOR_CALLS = 4
"""The assumed handle time counts as so many measured calls, so that one odd call does not decide."""
LOW_Z, HIGH_Z = -0.8416, 0.8416
"""Standard normal quantiles of 20 % and 80 %."""
LONGEST_MIN = 180


def mean_handle_s(recent_ms: Sequence[int], typical_s: float) -> float:
    """Return the mean length of a call in seconds, from recent calls (ms) and what is assumed without any."""
    return (PRIOR_CALLS * typical_s + sum(recent_ms) / 1_000) / (PRIOR_CALLS + len(recent_ms))


def erlang_quantile(shape: int, rate: float, z: float) -> float:
    """Return the quantile of Erlang(shape, rate) at the standard normal quantile `z` (Wilson-Hilferty)."""
    spread = 1 / (9 * shape)
    cube_root = max(0.0, 1 - spread + z * math.sqrt(spread))
    return shape * cube_root**3 / rate


def wait_interval_min(place: int, serving: int, handle_s: float) -> tuple[int, int]:
    """Return (low, high) whole minutes until place `place` (from 1) is served by `serving` agents; (0, 0): not known.

    Both ends stop at three hours: beyond that a number would only pretend.
    """
    if place < 1 or serving < 1 or handle_s <= 0:
        return 0, 0
    rate_per_min = serving * 60 / handle_s
    low = math.floor(erlang_quantile(place, rate_per_min, LOW_Z))
    high = max(1, math.ceil(erlang_quantile(place, rate_per_min, HIGH_Z)))
    return min(low, LONGEST_MIN), min(high, LONGEST_MIN)
