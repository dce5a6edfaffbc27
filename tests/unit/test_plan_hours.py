"""What opening hours say to planning: the past of a queue with hours of its own, and days to come."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from scheduler.history import Floats, State
from video_service.campaigns import Campaign
from video_service.open_time import Times
from video_service.opening_hours import Holidays, Hours, Span
from video_service.plan_demand import demand_for
from video_service.plan_hours import planned_share
from video_service.plan_source import past_of
from video_service.plan_work import Basis, RawPast, Team
from video_service.records import Rollup

pytestmark = pytest.mark.unit

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 3, 2)
MORNING = Hours(week=((Span(540, 720),),) * 5 + ((), ()))
HOUR_MS = 3_600_000


def at_ms(day: date, hour: float = 0) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp() * 1000 + hour * HOUR_MS)


def raw(weeks: int = 3) -> RawPast:
    """The line is open from 9 to 21 each day, somebody is there from 8 on, and the service was down on one morning."""
    days = [MONDAY + timedelta(days=number) for number in range(7 * weeks)]
    known = [(at_ms(day, 12 if day == MONDAY + timedelta(days=1) else 0), at_ms(day, 24)) for day in days]
    return RawPast(
        first=MONDAY,
        today=days[-1] + timedelta(days=1),
        from_ms=at_ms(MONDAY),
        rollups=tuple(
            Rollup(queue="rail", start_ms=at_ms(day, hour), offered=1, answered=1, handle_ms=300_000)
            for day in days
            for hour in (9.25, 10.5)
        ),
        shifts=tuple((at_ms(day, 8), at_ms(day, 20)) for day in days),
        times=Times(known=tuple(known), opened=tuple((at_ms(day, 9), at_ms(day, 21)) for day in days)),
    )


def test_the_hours_of_days_to_come_are_shares_of_intervals() -> None:
    hours = Hours(week=((Span(545, 600), Span(1425, 1440)),) * 7, exceptions={MONDAY: (Span(0, 10),)})
    monday, tuesday = planned_share(hours, [MONDAY, MONDAY + timedelta(days=1)], 900)
    assert (monday[0], monday.sum()) == (pytest.approx(10 / 15), pytest.approx(10 / 15))
    assert tuesday[36:41].tolist() == pytest.approx([10 / 15, 1, 1, 1, 0])
    assert tuesday[95] == 1
    assert tuesday.sum() == pytest.approx(3 + 10 / 15 + 1)


def test_public_holidays_are_closed_and_make_up_days_open() -> None:
    hours = Hours(week=MORNING.week, holidays=Holidays(region="CN", make_up_as=0))
    day, make_up = date(2025, 10, 1), date(2025, 9, 28)  # a Wednesday, and a Sunday on which people work
    closed, opened = planned_share(hours, [day, make_up], 900)
    assert closed.sum() == 0
    assert opened.sum() == 12


def test_a_queue_with_hours_of_its_own_was_closed_outside_of_them_and_not_known_while_the_service_was_down() -> None:
    line, own = past_of(raw(), ZONE), past_of(raw(), ZONE, MORNING)
    assert line.history.state[0, 60] == State.OPEN
    assert own.history.state[0, 60] == State.CLOSED, "three in the afternoon is none of its hours"
    assert own.history.state[0, 36] == State.OPEN
    assert own.history.state[1, 40] == State.GAP, "the service was down"
    assert own.history.exposure[5, 38] == 0, "Saturday at half past nine"
    assert own.history.exposure[5, 37] == 1, "somebody called on Saturday at a quarter past nine"


def test_days_to_come_are_planned_in_the_queues_hours() -> None:
    days = [date(2026, 3, 24), date(2026, 3, 28)]  # a Tuesday, a Saturday
    past = raw()

    def made(hours: Hours | None, own: bool) -> Floats:
        basis = Basis(zone=ZONE.key, region="", queue="rail", past=past, team=Team(text=""), hours=hours, own_hours=own)
        return demand_for(basis, days)[0].result.forecast.open_share

    assert (made(None, False).sum(axis=1) > 47).all(), "as it has been, nine to nine"
    tuesday, saturday = made(MORNING, True)
    assert np.flatnonzero(tuesday).tolist() == list(range(36, 48))
    assert saturday.sum() == 0
    tuesday, saturday = made(MORNING, False)
    assert np.flatnonzero(tuesday).tolist() == list(range(36, 48)), "the line's own hours close it, too"


def test_a_campaign_ahead_raises_the_forecast_of_its_hours_alone() -> None:
    day = date(2026, 3, 24)
    past = raw()
    row = Campaign(name="fair", first=day, last=day, percent=200, start="10:00", end="12:00")

    def made(*rows: Campaign) -> Floats:
        basis = Basis(zone=ZONE.key, region="", queue="rail", past=past, team=Team(text=""), campaigns=rows)
        expected: Floats = demand_for(basis, [day])[0].result.forecast.expected[0]
        return expected

    usual, more = made(), made(row)
    assert usual[40:48].sum() > 0
    assert more[40:48] == pytest.approx(2 * usual[40:48])
    assert more[36:40] == pytest.approx(usual[36:40])
