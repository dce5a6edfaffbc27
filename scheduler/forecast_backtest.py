"""Forecasts held against what came: of the past as if it were not known yet, and of forecasts that were kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from scheduler import forecast_counts
from scheduler.day_types import Calendar
from scheduler.errors import NoHistory
from scheduler.forecast_models import Forecast, Method, Scales, learn_model, seasonal_naive, weekday_mean
from scheduler.history import Floats, History, Ints

_LOW, _HIGH = 0.1, 0.9


@dataclass(frozen=True)
class Scores:
    """How good forecasts were over a number of slots.

    `wape`: sum of absolute errors over the sum of calls. `day_wape`: the same for whole days. `ranked`: mean ranked
    probability score in calls. `log_score`: mean log probability of what came. `coverage_80`: share of counts within
    the 10 % and 90 % quantiles; above 0.8 by nature where counts are small. `pit_80`: share of the randomised
    probability integral transform between 0.1 and 0.9; 0.8 by nature for any counts. `pit_distance` and `pit_p`: the
    Kolmogorov-Smirnov test of that transform against uniform; the test takes slots as independent, so days that are
    busy from morning to night fail it more often than they should.
    """

    slots: int
    calls: int
    wape: float
    day_wape: float
    ranked: float
    log_score: float
    coverage_80: float
    pit_80: float
    pit_distance: float
    pit_p: float


@dataclass
class Tally:
    """Collects what was said and what came, day by day, and gives the scores."""

    seed: int = 0
    _came: list[Ints] = field(default_factory=list)
    _mean: list[Floats] = field(default_factory=list)
    _spread: list[Floats] = field(default_factory=list)

    def add(self, forecast: Forecast, history: History) -> None:
        """Hold each day of `forecast` that `history` has against it; slots that were not open or recorded are left."""
        for row, day in enumerate(forecast.days):
            at = (day - history.first_day).days
            if not 0 <= at < len(history.calls):
                continue
            used = (history.exposure[at] > 0) & (forecast.open_share[row] > 0)
            if used.any():
                self._came.append(history.calls[at][used])
                self._mean.append(forecast.expected[row][used])
                self._spread.append(forecast.spread[row][used])

    def __bool__(self) -> bool:
        return bool(self._came)

    def scores(self) -> Scores:
        """Return the scores of everything that was added.

        Raises:
            NoHistory: nothing of what was forecast has come yet.
        """
        if not self._came:
            raise NoHistory("Nothing of what was forecast has come yet.")
        came, mean, spread = np.concatenate(self._came), np.concatenate(self._mean), np.concatenate(self._spread)
        total = max(int(came.sum()), 1)
        by_day = sum(abs(float(a.sum()) - float(b.sum())) for a, b in zip(self._came, self._mean, strict=True))
        low = forecast_counts.quantile(_LOW, mean, spread)
        high = forecast_counts.quantile(_HIGH, mean, spread)
        random = np.random.default_rng(self.seed)
        transform = forecast_counts.randomised_pit(came, mean, spread, random)
        distance, p = forecast_counts.uniformity(transform)
        return Scores(
            slots=len(came),
            calls=int(came.sum()),
            wape=float(np.abs(came - mean).sum()) / total,
            day_wape=by_day / total,
            ranked=float(forecast_counts.ranked_score(came, mean, spread).mean()),
            log_score=float(forecast_counts.log_probability(came, mean, spread).mean()),
            coverage_80=float(((came >= low) & (came <= high)).mean()),
            pit_80=float(((transform >= _LOW) & (transform <= _HIGH)).mean()),
            pit_distance=distance,
            pit_p=p,
        )


@dataclass(frozen=True)
class Backtest:
    """What each method would have scored on `days`, `lead_days` ahead."""

    lead_days: int
    days: tuple[date, ...]
    scores: Mapping[Method, Scores]

    @property
    def best(self) -> Method:
        """The method with the smallest ranked probability score."""
        return min(self.scores, key=lambda method: self.scores[method].ranked)


def backtest(
    history: History,
    calendar: Calendar,
    days: Sequence[date],
    lead_days: int = 14,
    relearn_days: int = 7,
    up_to_lead: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> Backtest:
    """Forecast each of `days` by every method from the history that ended `lead_days` before it.

    With `up_to_lead` each of `days` is an origin instead, the history ends on its eve, and all of `days` within the
    next `lead_days` are forecast from it; a day is then forecast many times, from near and from far.

    Every forecast is made anew from what was known; only the sizes of the model's effects are searched for anew just
    every `relearn_days` days, and taken from the last search, which knew less, in between. Opening hours are taken as
    known. `progress` is called with the number of origins done.

    Raises:
        NoHistory: there was nothing to learn from before one of the days.
    """
    tallies = {method: Tally() for method in Method}
    scales: Scales | None = None
    learned_on: date | None = None
    for done, day in enumerate(sorted(days), start=1):
        origin = day if up_to_lead else day - timedelta(days=lead_days - 1)
        wanted = [one for one in sorted(days) if 0 <= (one - day).days < lead_days] if up_to_lead else [day]
        known = history.before(origin)
        due = learned_on is None or (day - learned_on).days >= relearn_days
        model = learn_model(known, calendar, None if due else scales)
        if due:
            scales, learned_on = model.scales, day
        opened = np.concatenate([history.of(one, one).exposure for one in wanted])
        tallies[Method.MODEL].add(model.forecast(wanted, opened), history)
        tallies[Method.WEEKDAY_MEAN].add(weekday_mean(known, calendar, wanted, opened), history)
        tallies[Method.SEASONAL_NAIVE].add(seasonal_naive(known, calendar, wanted, opened), history)
        progress(done)
    return Backtest(lead_days, tuple(sorted(days)), {method: tally.scores() for method, tally in tallies.items()})


LEADS = {"a week": 7, "two weeks": 14, "four weeks": 28, "twelve weeks": 84}
"""How far ahead a forecast was, at most, in days."""


def held_by_lead(kept: Iterable[tuple[date, Forecast]], history: History) -> dict[str, Scores]:
    """Hold forecasts, each with the day on which it was made, against what came; by how far ahead they were.

    A lead of which no day has come yet is left out.
    """
    tallies = {name: Tally() for name in LEADS}
    for made, forecast in kept:
        for row, day in enumerate(forecast.days):
            name = next((name for name, most in LEADS.items() if (day - made).days <= most), None)
            if name is not None:
                tallies[name].add(forecast.day(row), history)
    return {name: tally.scores() for name, tally in tallies.items() if tally}
