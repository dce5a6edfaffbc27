"""Histories: states, gaps and outages, longer intervals."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from scheduler.errors import BadHistory, NoHistory
from scheduler.history import History, State, mark_outages, rebin, runs, with_hours

pytestmark = pytest.mark.unit

MONDAY = date(2026, 3, 2)
HOURLY = 3600


def office(days: int, calls_an_hour: int = 3, open_hours: tuple[int, int] = (9, 17)) -> tuple[np.ndarray, np.ndarray]:
    """Counts and record of a queue that is open on weekdays."""
    calls, recorded = np.zeros((days, 24), dtype=np.int64), np.zeros((days, 24))
    for row in range(days):
        if (MONDAY + timedelta(days=row)).weekday() < 5:
            recorded[row, open_hours[0] : open_hours[1]] = 1.0
            calls[row, open_hours[0] : open_hours[1]] = calls_an_hour
    return calls, recorded


def test_opening_hours_are_read_off_the_record() -> None:
    history = with_hours(MONDAY, HOURLY, *office(28))
    assert set(history.state[5].tolist()) == {State.CLOSED}
    assert history.state[0].tolist().count(State.OPEN) == 8
    assert history.exposure[0, 9] == 1.0
    assert history.exposure.sum() == 20 * 8
    assert history.days[7] == date(2026, 3, 9)


def test_a_missing_day_and_a_missing_hour_are_gaps_and_not_learned() -> None:
    calls, recorded = office(28)
    recorded[8] = 0.0
    recorded[2, 11] = 0.0
    calls[8] = 99
    history = with_hours(MONDAY, HOURLY, calls, recorded)
    assert runs(history, State.GAP) == [(date(2026, 3, 4), 11, 11), (date(2026, 3, 10), 9, 16)]
    assert history.learned[8].sum() == 0
    assert history.exposure[8].sum() == 0.0
    assert history.open_share[8].sum() == 8.0


def test_what_was_told_wins_over_what_was_guessed() -> None:
    calls, recorded = office(28)
    recorded[8] = 0.0
    told = np.full(calls.shape, -1, dtype=np.int8)
    told[8] = State.CLOSED
    told[9, 9:12] = State.OUTAGE
    history = with_hours(MONDAY, HOURLY, calls, recorded, told)
    assert runs(history, State.GAP) == []
    assert runs(history, State.OUTAGE) == [(date(2026, 3, 11), 9, 11)]
    assert history.exposure[9].sum() == 5.0


def test_silence_beyond_chance_is_an_outage() -> None:
    calls, recorded = office(28, calls_an_hour=3)
    calls[10, 9:17] = 0
    calls[3, 9:12] = 0
    history = with_hours(MONDAY, HOURLY, calls, recorded)
    # A whole day of 24 expected calls; three hours without any of 9 calls can happen once in thousands of mornings.
    assert runs(history, State.OUTAGE) == [(date(2026, 3, 12), 9, 16)]
    assert history.learned[3, 9:12].tolist() == [0, 0, 0]
    assert history.exposure[3, 9] == 1.0


def test_a_silence_goes_on_over_night_and_ends_with_a_call() -> None:
    calls, recorded = office(28, calls_an_hour=3)
    calls[10, 13:17] = 0
    calls[11, 9:13] = 0
    assert len(runs(with_hours(MONDAY, HOURLY, calls, recorded), State.OUTAGE)) == 2
    calls[11, 9] = 1
    assert runs(with_hours(MONDAY, HOURLY, calls, recorded), State.OUTAGE) == []


def test_a_quiet_queue_has_no_outages() -> None:
    random = np.random.default_rng(1)
    calls, recorded = office(120)
    calls = random.poisson(0.2, calls.shape) * (recorded > 0)
    assert runs(with_hours(MONDAY, HOURLY, calls, recorded), State.OUTAGE) == []


def test_longer_intervals_add_up_and_know_what_part_was_recorded() -> None:
    calls, recorded = office(28)
    calls[0, 16], recorded[0, 16] = 0, 0.0
    fine = with_hours(MONDAY, HOURLY, calls, recorded)
    coarse = rebin(fine, 4 * HOURLY)
    assert coarse.calls.shape == (28, 6)
    # 8 to 12: one closed hour and three open ones; 16 to 20: of one open hour there is no record.
    assert coarse.calls[0].tolist() == [0, 0, 9, 12, 0, 0]
    assert coarse.exposure[0].tolist() == [0.0, 0.0, 0.75, 1.0, 0.0, 0.0]
    assert State(coarse.state[0, 4]) is State.GAP
    assert coarse.open_share[0, 4] == 0.25
    assert coarse.calls.sum() == fine.learned.sum()
    assert rebin(fine, HOURLY).calls.tolist() == fine.learned.tolist()


def test_handle_times_come_along() -> None:
    calls, recorded = office(14)
    history = with_hours(MONDAY, HOURLY, calls, recorded, answered=calls, handle_s=calls * 100.0)
    coarse = rebin(history, 2 * HOURLY)
    assert coarse.answered is not None
    assert coarse.handle_s is not None
    assert coarse.answered.sum() == calls.sum()
    assert coarse.handle_s.sum() == calls.sum() * 100.0
    part = history.of(date(2026, 3, 3), date(2026, 3, 4))
    assert part.handle_s is not None
    assert part.handle_s.shape == (2, 24)


def test_what_was_known_before_a_day() -> None:
    history = with_hours(MONDAY, HOURLY, *office(28))
    known = history.before(date(2026, 3, 10))
    assert (len(known.calls), known.days[-1]) == (8, date(2026, 3, 9))
    assert len(history.before(date(2026, 1, 1)).calls) == 0
    assert history.of(date(2026, 3, 3), date(2026, 3, 3)).first_day == date(2026, 3, 3)


def test_contradictory_histories_are_refused() -> None:
    calls, recorded = office(2)
    with pytest.raises(NoHistory):
        with_hours(MONDAY, HOURLY, calls, recorded * 0)
    state = np.zeros(calls.shape, dtype=np.uint8)
    with pytest.raises(BadHistory, match="divide a day"):
        History(MONDAY, 7000, calls, recorded, state)
    with pytest.raises(BadHistory, match="open_share must have a row"):
        History(MONDAY, HOURLY, calls, recorded[:1], state)
    with pytest.raises(BadHistory, match="negative"):
        History(MONDAY, HOURLY, calls - 9, recorded, state)
    with pytest.raises(BadHistory, match="multiple"):
        rebin(History(MONDAY, HOURLY, calls, recorded, state), 5400)


def test_marking_outages_twice_changes_nothing() -> None:
    calls, recorded = office(28)
    calls[10] = 0
    once = with_hours(MONDAY, HOURLY, calls, recorded)
    assert mark_outages(once).state.tolist() == once.state.tolist()
