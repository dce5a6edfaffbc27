"""What opening hours and campaigns say to planning, of the past of a queue and of the days to come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np

from scheduler.day_types import Campaign
from scheduler.history import DAY_S, Floats
from scheduler.rollups import Span
from video_service import campaigns
from video_service.opening_hours import Hours

_DAY_MIN = 1_440


def within(spans: Iterable[Span], hours: Sequence[tuple[int, int]]) -> list[Span]:
    """Return the parts of `spans` that lie in the opening hours, `hours` as (from, to) in ms, in order and apart."""
    found: list[Span] = []
    for span in spans:
        found += [
            Span(max(span.from_ms, start), min(span.to_ms, end))
            for start, end in hours
            if start < span.to_ms and end > span.from_ms
        ]
    return found


def entered(rows: Iterable[campaigns.Campaign]) -> tuple[Campaign, ...]:
    """Return what the coordinator entered as the campaigns that a forecast knows."""
    return tuple(
        Campaign(one.name, one.first, one.last, one.percent / 100, one.span_min[0] * 60, one.span_min[1] * 60)
        for one in rows
    )


def planned_share(hours: Hours, days: Sequence[date], interval_s: int) -> Floats:
    """Return which part of each interval of `days` the hours have open; shape (days, intervals), 0 to 1."""
    step_min = interval_s / 60
    shares: Floats = np.zeros((len(days), DAY_S // interval_s))
    for row, day in enumerate(days):
        for span in hours.of_day(day):
            edges = np.clip((np.array([span.from_min, span.to_min]) / step_min), 0, _DAY_MIN / step_min)
            starts = np.arange(shares.shape[1])
            shares[row] += np.clip(np.minimum(edges[1], starts + 1) - np.maximum(edges[0], starts), 0, 1)
    return np.minimum(shares, 1.0)
