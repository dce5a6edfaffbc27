"""The forecast of a queue: the best method for it, what it rests on in words, and its correction during the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from scheduler.day_types import Calendar
from scheduler.errors import BadHistory, NoHistory
from scheduler.forecast_backtest import Backtest, backtest
from scheduler.forecast_models import Forecast, Method, learn_model, seasonal_naive, weekday_mean
from scheduler.history import Floats, History, Ints, State, runs

LONGEST_HORIZON_DAYS = 84
# Two years and a quarter: enough for a second summer to confirm the first.
MOST_DAYS = 820
DAYS_FOR_WEEKDAYS = 14
BACKTEST_DAYS, FEWEST_BACKTEST_DAYS = 28, 10
BACKTEST_LEAD_DAYS = 14
_DOCUMENT_VERSION = 1
_USUAL_DAY_VARIANCE = 0.01
_MOST_DAYS_NAMED = 5


@dataclass(frozen=True)
class Result:
    """A forecast with the back-test that chose its method; None where the history was too short for one."""

    forecast: Forecast
    backtest: Backtest | None


def forecast(
    history: History,
    calendar: Calendar,
    days: Sequence[date],
    open_share: Floats | None = None,
    method: Method | None = None,
) -> Result:
    """Forecast the calls of `days`, at most twelve weeks after the history's end.

    The method is the one that did best on the last four weeks, forecast two weeks ahead; where the history is too short
    for that, about six weeks, it is the model, and the notes say so. `open_share` (days, slots) is read off the history
    where it is not given; `method` skips the choice.

    Raises:
        NoHistory: there is no open and recorded slot.
        BadHistory: a day lies within the history or too far ahead.
    """
    recorded = [day for day, seen in zip(history.days, history.exposure.sum(axis=1) > 0, strict=True) if seen]
    if not recorded:
        raise NoHistory
    _check_horizon(history, days)
    if len(history.calls) > MOST_DAYS:
        history = history.of(history.days[-MOST_DAYS], history.days[-1])
        recorded = [day for day in recorded if day >= history.first_day]
    span = (recorded[-1] - recorded[0]).days + 1
    testable = _testable(recorded)
    tested: Backtest | None = None
    notes = [*history.notes, *_notes_on(history)]
    if method is None and testable:
        tested = backtest(history, calendar, testable, BACKTEST_LEAD_DAYS, relearn_days=BACKTEST_DAYS)
        method = tested.best
        notes.append(_said_of(tested))
    elif method is None:
        method = Method.MODEL
        notes.append(
            f"{span} days of history: too few to test the methods against one another; the model is used untested"
        )
    if span < DAYS_FOR_WEEKDAYS:
        notes.append(
            f"less than two weeks of history ({span} days): weekdays can hardly be told apart, and the bands are wide"
        )
    if method is Method.MODEL:
        model = learn_model(history, calendar)
        made = model.forecast(days, open_share)
        if model.unusual:
            notes.append(f"left out as unlike any other day, please mark or explain: {_named(model.unusual)}")
    else:
        simple = weekday_mean if method is Method.WEEKDAY_MEAN else seasonal_naive
        made = simple(history, calendar, days, open_share)
    return Result(replace(made, notes=tuple(notes)), tested)


def corrected(made: Forecast, day: date, calls: Ints, slots_past: int) -> Forecast:
    """Return the forecast of `day` after `slots_past` of its slots are over, from the calls that came in them.

    `calls`: shape (slots,), what came; only the first `slots_past` count. How much of a surprise belongs to the whole
    day and how much to the slots it came in follows from the forecast's own variances. Past slots keep what was said.

    Raises:
        BadHistory: the forecast does not have that day.

    Source: the gamma distribution is conjugate to the Poisson.
    """
    if day not in made.days:
        raise BadHistory("The forecast does not reach that day.", day=day.isoformat())
    row = made.days.index(day)
    said = made.expected[row]
    variance = float(made.day_variance[row]) or _USUAL_DAY_VARIANCE
    # A slot whose own scatter is large says little about the day.
    weight = np.where(np.arange(len(said)) < slots_past, 1 / (1 + made.slot_variance[row] * said), 0.0)
    weight = np.where(made.open_share[row] > 0, weight, 0.0)
    known, due = 1 / variance + float((weight * calls).sum()), 1 / variance + float((weight * said).sum())
    ahead = np.arange(len(said)) >= slots_past
    return replace(
        made,
        days=(day,),
        expected=np.where(ahead, said * known / due, said)[None, :],
        open_share=made.open_share[row : row + 1],
        day_variance=np.asarray([1 / known]),
        slot_variance=made.slot_variance[row : row + 1],
    )


def as_document(made: Forecast) -> dict[str, Any]:
    """Return the forecast as plain values, to be kept and held against what came."""
    return {
        "v": _DOCUMENT_VERSION,
        "days": [day.isoformat() for day in made.days],
        "interval_s": made.interval_s,
        "method": made.method.value,
        "notes": list(made.notes),
        "expected": made.expected.tolist(),
        "open_share": made.open_share.tolist(),
        "day_variance": made.day_variance.tolist(),
        "slot_variance": made.slot_variance.tolist(),
    }


def from_document(document: Mapping[str, Any]) -> Forecast:
    """Return the forecast that `as_document` was given.

    Raises:
        BadHistory: the document is of a later version.
    """
    if document.get("v") != _DOCUMENT_VERSION:
        raise BadHistory("This forecast was kept by another version.", v=document.get("v"))
    return Forecast(
        days=tuple(date.fromisoformat(day) for day in document["days"]),
        interval_s=document["interval_s"],
        expected=np.asarray(document["expected"], dtype=np.float64),
        open_share=np.asarray(document["open_share"], dtype=np.float64),
        day_variance=np.asarray(document["day_variance"], dtype=np.float64),
        slot_variance=np.asarray(document["slot_variance"], dtype=np.float64),
        method=Method(document["method"]),
        notes=tuple(document["notes"]),
    )


def _testable(recorded: Sequence[date]) -> list[date]:
    """Return the last days that can be forecast two weeks ahead from at least two weeks of record; none if too few."""
    known_by = recorded[min(DAYS_FOR_WEEKDAYS, len(recorded)) - 1] + timedelta(days=BACKTEST_LEAD_DAYS)
    days = [day for day in recorded if day >= known_by][-BACKTEST_DAYS:]
    return days if len(days) >= FEWEST_BACKTEST_DAYS else []


def _check_horizon(history: History, days: Sequence[date]) -> None:
    end = history.first_day + timedelta(days=len(history.calls))
    if not days:
        raise BadHistory("There is no day to forecast.")
    if min(days) < end:
        raise BadHistory("A day to be forecast lies within the history.", day=min(days).isoformat())
    if (max(days) - end).days >= LONGEST_HORIZON_DAYS:
        raise BadHistory("A forecast reaches at most twelve weeks ahead.", day=max(days).isoformat())


def _notes_on(history: History) -> list[str]:
    notes = []
    for state, words in ((State.GAP, "without a record"), (State.OUTAGE, "silent beyond chance, taken as outages")):
        days = tuple(dict.fromkeys(day for day, _, _ in runs(history, state)))
        if days:
            notes.append(f"not learned from, {words}: {_named(days)}")
    return notes


def _said_of(tested: Backtest) -> str:
    errors = ", ".join(f"{method.value} {scores.day_wape:.1%}" for method, scores in tested.scores.items())
    return (
        f"{tested.best.value} did best two weeks ahead on the last {len(tested.days)} days (a day was off by: {errors})"
    )


def _named(days: Sequence[date]) -> str:
    named = ", ".join(day.isoformat() for day in days[:_MOST_DAYS_NAMED])
    return named if len(days) <= _MOST_DAYS_NAMED else f"{named} and {len(days) - _MOST_DAYS_NAMED} more"
