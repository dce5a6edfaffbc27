"""How long customers wait before they give up, from the record: those who were served are not forgotten.

A customer who was served after 40 seconds would have waited at least 40. So the mean patience is all waiting time over
the number who gave up; the mean wait of those who gave up, which is often taken for it, is far too short.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scheduler.errors import NotPositive

USUAL_PATIENCE_S = 180.0
_PRIOR_ABANDONED = 2.0
_NORMAL_90 = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class Patience:
    """Mean patience in seconds with its 90 % interval; `abandoned` customers speak for it."""

    mean_s: float
    low_s: float
    high_s: float
    abandoned: int

    @property
    def words(self) -> str:
        """What to tell the coordinator."""
        if self.abandoned == 0:
            return "nobody gave up yet: the patience is what is usual, and mostly a guess"
        return f"{self.mean_s:.0f} s ({self.low_s:.0f} to {self.high_s:.0f}), from {self.abandoned} who gave up"


def patience_from_record(waited_s: float, abandoned: int, usual_s: float = USUAL_PATIENCE_S) -> Patience:
    """Return the patience that `waited_s` seconds of waiting by everybody, `abandoned` of whom gave up, speak for.

    As long as few gave up, `usual_s` has a say, worth two customers.

    Raises:
        NotPositive: a number is negative, or the usual patience is not positive.

    Source: maximum likelihood for censored exponential times with a conjugate gamma prior; Brown et al., "Statistical
    analysis of a telephone call center" (2005), section 5; interval by Wilson and Hilferty (1931).
    """
    if waited_s < 0 or abandoned < 0 or not usual_s > 0:
        raise NotPositive("Waiting time and numbers must not be negative, the usual patience positive.")
    events = abandoned + _PRIOR_ABANDONED
    total_s = waited_s + _PRIOR_ABANDONED * usual_s

    def gamma_quantile(normal: float) -> float:
        return float(events * (1 - 1 / (9 * events) + normal / (3 * math.sqrt(events))) ** 3)

    low_s, high_s = total_s / gamma_quantile(_NORMAL_90), total_s / gamma_quantile(-_NORMAL_90)
    return Patience(total_s / events, low_s, high_s, abandoned)
