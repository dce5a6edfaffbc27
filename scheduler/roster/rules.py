"""The rules of a roster, one function each, as constraints of the solver's model. `RULES` is all that bind a person.

A rule speaks about one person `p`. `model.work(p, day)` is a literal, true when `p` works that day; `model.x[p, day]`
maps the duties that are possible there to literals.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np

from scheduler.roster.model import Model

Rule = Callable[[Model, int], None]


def one_duty_a_day(model: Model, p: int) -> None:
    """A person has one duty on a day, or the day off; a split day is one duty of two shifts."""
    for day in range(model.grid.days):
        model.cp.add_exactly_one([*model.x[p, day].values(), ~model.work(p, day)])


def rest_between_days(model: Model, p: int) -> None:
    """Between two working days lies the legal rest, and no shift is followed by one that must not come after it."""
    follows = model.grid.follows[model.grid.people[p].follows]
    for day in range(model.grid.days - 1):
        today, tomorrow = model.x[p, day], model.x[p, day + 1]
        barred = {a: frozenset(b for b in tomorrow if not follows[day, a, b]) for a in today}
        for after in set(barred.values()) - {frozenset()}:
            # Everything that bars at least the same duties stands in one row: a clique, not many pairs.
            before = [today[a] for a, others in barred.items() if others >= after]
            model.cp.add_at_most_one([*before, *(tomorrow[b] for b in after)])


def most_days_in_a_row(model: Model, p: int) -> None:
    """Nobody works more days in a row than the contract says, counting the days before the roster."""
    most, days = model.grid.people[p].contract.max_days_on, model.grid.days
    worked = (model.grid.people[p].start or (0, 0))[0]
    for first in range(days - most):
        model.cp.add_bool_or([~model.work(p, first + step) for step in range(most + 1)])
    if worked and most - worked < days:
        model.cp.add_bool_or([~model.work(p, day) for day in range(max(0, most - worked) + 1)])


def least_days_in_a_row(model: Model, p: int) -> None:
    """Work, once begun, goes on for the least number of days; a run that touches the roster's edge may be shorter."""
    least, days = model.grid.people[p].contract.min_days_on, model.grid.days
    for first in range(1, days):
        for step in range(1, min(least, days - first)):
            row = [model.work(p, first - 1), ~model.work(p, first), model.work(p, first + step)]
            model.cp.add_bool_or(row)


def least_days_off_in_a_row(model: Model, p: int) -> None:
    """Days off come at least so many in a row; at the edge fewer may be seen, unless the days before are known."""
    person, days = model.grid.people[p], model.grid.days
    least = person.contract.min_days_off
    for first in range(1, days):
        for step in range(1, min(least, days - first)):
            row = [~model.work(p, first - 1), model.work(p, first), ~model.work(p, first + step)]
            model.cp.add_bool_or(row)
    if person.start is None:
        return
    worked, rested = person.start
    for step in range(min(least - rested, days) if rested else 0):
        model.cp.add_bool_or([~model.work(p, step)])
    for step in range(1, min(least, days) if worked else 0):
        model.cp.add_bool_or([model.work(p, 0), ~model.work(p, step)])


def weekends(model: Model, p: int) -> None:
    """No more weekends with work than the contract says; weekends above the fair share cost points."""
    person = model.grid.people[p]
    if not person.counts_weekends:
        return
    worked = []
    for number, days in enumerate(model.grid.weekends):
        literal = model.cp.new_bool_var(f"weekend_{p}_{number}")
        worked.append(literal)
        for day in days:
            model.cp.add_implication(model.work(p, day), literal)
        model.cp.add_bool_or([~literal, *(model.work(p, day) for day in days)])
    if person.most_weekends is not None:
        model.cp.add(sum(worked) <= person.most_weekends)
    if person.fair_weekends is not None:
        share, weight = person.fair_weekends
        over = model.cp.new_int_var(0, len(worked), f"weekends_over_{p}")
        model.cp.add(over >= sum(worked) - share)
        model.cost(over, weight)


def hours(model: Model, p: int) -> None:
    """In each period the minutes stay between the contract's least and most."""
    _sums(model, p, lambda name: name == "hours")


def days_a_week(model: Model, p: int) -> None:
    """In each seven days, counted from the first, no more days are worked than the contract says."""
    _sums(model, p, lambda name: name == "days a week")


def most_of_a_kind(model: Model, p: int) -> None:
    """No more shifts of a kind than the contract says."""
    _sums(model, p, lambda name: name.startswith("most of "))


def fair_shares(model: Model, p: int) -> None:
    """Nights, peak hours and the like above the fair share over the rolling quarter cost points."""
    _sums(model, p, lambda name: name.startswith("share of "))


RULES: Mapping[str, Rule] = {
    "one duty a day": one_duty_a_day,
    "rest between days": rest_between_days,
    "most days in a row": most_days_in_a_row,
    "least days in a row": least_days_in_a_row,
    "least days off in a row": least_days_off_in_a_row,
    "weekends": weekends,
    "contract hours": hours,
    "days a week": days_a_week,
    "most of a kind": most_of_a_kind,
    "fair shares": fair_shares,
}


def add_rules(model: Model, p: int, without: Collection[str] = ()) -> None:
    """Add every rule for a person but those named in `without`."""
    for name, rule in RULES.items():
        if name not in without:
            rule(model, p)


def _sums(model: Model, p: int, wanted: Callable[[str], bool]) -> None:
    for number, resource in enumerate(model.grid.people[p].resources):
        if not wanted(resource.name):
            continue
        literals, uses = [], []
        for day in range(resource.first_day, resource.end_day):
            for duty, literal in model.x[p, day].items():
                if resource.use[day, duty]:
                    literals.append(literal)
                    uses.append(int(resource.use[day, duty]))
        common = int(np.gcd.reduce(uses)) if uses else 1
        total = sum(literal * (use // common) for literal, use in zip(literals, uses, strict=True))
        if resource.over_weight is None:
            model.cp.add(total <= resource.most // common)
        else:
            over = model.cp.new_int_var(0, sum(uses), f"over_{p}_{number}")
            model.cp.add(over >= total * common - resource.most)
            model.cost(over, resource.over_weight)
        if resource.least > 0 and p in model.may_lack_hours:
            short = model.cp.new_int_var(0, resource.least_minutes, f"short_{p}_{number}")
            model.cp.add(total * (common * resource.unit) + short >= resource.least_minutes)
            model.cost(short, resource.short_weight)
            model.lacks.append(short)
        elif resource.least > 0:
            model.cp.add(total >= -(-resource.least // common))
