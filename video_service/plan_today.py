"""The rest of today, in a planning process: forecast against what came, required people, and what would help."""

from __future__ import annotations

import math
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from scheduler.errors import NoHistory
from scheduler.forecast import as_document, corrected, from_document
from scheduler.forecast_counts import quantile
from scheduler.forecast_models import Forecast
from scheduler.history import Floats, Ints
from scheduler.intraday import SoFar, Suggestion, Today, rest_of
from scheduler.on_shift import OnShift
from scheduler.plan import day_source, plan_day
from scheduler.plan_file import read_plan_file
from scheduler.replay import Share
from scheduler.targets import ServiceLevel
from video_service.plan_demand import demand_for, with_goal
from video_service.plan_work import Advice, Expected, Level, LookAtToday, ShiftToday, TodaySaid

QUARTER_MS = 900_000
_QUARTERS = 96
_HOURS = 24
_LOW, _HIGH = 0.1, 0.9
_EXACTLY = 0.02  # of the plan: it says how many people an hour needs, not what a month will come to


def look(work: LookAtToday) -> TodaySaid:
    """Reckon the rest of today.

    Raises:
        NoHistory: there is nothing to learn from.
    """
    expected = work.expected or _expected(work)
    file = with_goal(read_plan_file(work.team), work.goal)
    promise = next(one for one in file.targets.promises if isinstance(one, ServiceLevel))
    said = from_document(expected.document)
    row = said.days.index(work.day)
    came = _by_quarter(work)
    # A call is counted when it is over: those of the last quarter hours go on, and would look like nobody.
    over = max(0, (work.now_ms - work.midnight_ms) // QUARTER_MS - 1)
    now = corrected(said, work.day, came, over)
    handle_s = np.asarray(expected.handle_s)
    plan = plan_day(now, work.day, handle_s, expected.patience_s, file.targets, half_width=_EXACTLY)
    now_s = (work.now_ms - work.midnight_ms) / 1000
    people = [_on_shift(one, work.midnight_ms) for one in work.shifts]
    rest = rest_of(
        Today(
            source=day_source(now, 0, handle_s, expected.patience_s),
            now_s=now_s,
            so_far=SoFar(sum(one.offered for one in work.rollups), sum(one.within_target for one in work.rollups)),
            within_s=promise.within_s,
            required=plan.agents,
        ),
        people,
    )
    return TodaySaid(
        expected=expected,
        said=_hourly(said.expected[row]),
        now=_hourly(now.expected[0]),
        low=_bound(now, _LOW),
        high=_bound(now, _HIGH),
        came=tuple(int(n) for n in came.reshape(_HOURS, -1).sum(axis=1)[: int(now_s // 3600) + 1]),
        required=plan.agents,
        level=_level(rest.level),
        goal=promise.share,
        advice=tuple(_advice(one, work) for one in rest.suggestions),
    )


def _expected(work: LookAtToday) -> Expected:
    if work.basis is None:
        raise NoHistory
    demand, _ = demand_for(work.basis, [work.day])
    return Expected(
        day=work.day,
        document=as_document(demand.result.forecast),
        handle_s=tuple(float(one) for one in demand.handle_s[0]),
        patience_s=demand.patience_s,
    )


def _by_quarter(work: LookAtToday) -> Ints:
    came = np.zeros(_QUARTERS, dtype=np.int64)
    for one in work.rollups:
        # By the clock on the wall, as the forecast is, also on a day of clock change.
        local = datetime.fromtimestamp(one.start_ms / 1000, ZoneInfo(work.zone))
        came[local.hour * 4 + local.minute // 15] += one.offered
    return came


def _hourly(quarters: Floats) -> tuple[float, ...]:
    return tuple(round(float(one), 3) for one in quarters.reshape(_HOURS, -1).sum(axis=1))


def _bound(made: Forecast, share: float) -> tuple[int, ...]:
    """Return the hours' quantile; an hour's quarters are taken to be busy or quiet together, which errs on the wide."""
    mean = made.expected[0].reshape(_HOURS, -1).sum(axis=1)
    spread = made.spread[0].reshape(_HOURS, -1).mean(axis=1)
    return tuple(int(one) for one in np.where(mean > 0, quantile(share, mean, spread), 0))


def _on_shift(one: ShiftToday, midnight_ms: int) -> OnShift:
    def at_s(ms: int) -> float:
        return (ms - midnight_ms) / 1000

    breaks = tuple((at_s(a), at_s(b)) for a, b in one.breaks)
    return OnShift(one.shift, at_s(one.from_ms), at_s(one.to_ms), breaks, one.longest_min * 60.0)


def _level(share: Share) -> Level:
    if math.isnan(share.mean):
        return Level(mean=-1, low=-1, high=-1)
    return Level(mean=round(share.mean, 4), low=round(share.low, 4), high=round(share.high, 4))


def _advice(one: Suggestion, work: LookAtToday) -> Advice:
    def span_ms(span: tuple[float, float]) -> tuple[int, int]:
        return (work.midnight_ms + round(span[0] * 1000), work.midnight_ms + round(span[1] * 1000))

    agent = next((shift.agent for shift in work.shifts if shift.shift == one.who), "")
    found = Advice(
        kind=one.kind,
        level=_level(one.level),
        shift=one.who,
        agent=agent,
        new=span_ms(one.new),
        calls=round(one.calls, 2),
    )
    return msgspec.structs.replace(found, old=span_ms(one.old)) if one.kind == "break" else found
