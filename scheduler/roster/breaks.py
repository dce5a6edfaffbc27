"""Where breaks may lie inside a shift, so that nobody signs longer in one go than the rule allows."""

from __future__ import annotations

import math
from functools import cache

from scheduler.roster.problem import BreakRule, ShiftType

MOST_PLANS = 10

Plan = tuple[tuple[int, int], ...]


def plans_of(shift: ShiftType) -> tuple[Plan, ...]:
    """Return the break plans of a shift, as (from, to) in quarter hours from its start; none if it needs no break.

    With the fewest breaks that keep the rule there can be hundreds of plans. At most `MOST_PLANS` are kept, spread
    over all of them, so that a moment of the shift is almost always free of breaks in one of them.
    """
    if shift.breaks is None or shift.length_q <= shift.breaks.most_signing_q:
        return ()
    plans = _all_plans(shift.length_q, shift.breaks)
    if len(plans) <= MOST_PLANS:
        return plans
    return tuple(plans[round(index * (len(plans) - 1) / (MOST_PLANS - 1))] for index in range(MOST_PLANS))


@cache
def _all_plans(length_q: int, rule: BreakRule) -> tuple[Plan, ...]:
    count = 1
    while _fill(length_q, rule, count) > rule.most_signing_q:
        count += 1
    plans: list[Plan] = []

    def place(plan: Plan, start: int) -> None:
        left = count - len(plan)
        if left == 0:
            if rule.apart_q <= length_q - start <= rule.most_signing_q:
                plans.append(plan)
            return
        for stretch in range(rule.apart_q, rule.most_signing_q + 1):
            begin = start + stretch
            rest = length_q - begin - rule.length_q
            # What is left must be long enough for the remaining stretches and short enough for their limit.
            if (
                left * rule.apart_q + (left - 1) * rule.length_q
                <= rest
                <= (left * rule.most_signing_q + (left - 1) * rule.length_q)
            ):
                place((*plan, (begin, begin + rule.length_q)), begin + rule.length_q)

    place((), 0)
    return tuple(plans)


def _fill(length_q: int, rule: BreakRule, count: int) -> int:
    """Return the longest stretch when `count` breaks are spread evenly."""
    return math.ceil((length_q - count * rule.length_q) / (count + 1))
