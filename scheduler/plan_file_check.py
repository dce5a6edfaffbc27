"""Where the rows of a plan file contradict one another, or name what is not there; told by row and rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scheduler.errors import BadRoster
from scheduler.plan_file_rows import ContractRow, Rows, ShiftRow
from scheduler.roster.problem import WEEKEND

_DAY_MIN = 1440


def check(rows: Rows, *, strict: bool = True) -> None:
    """Refuse rows that cannot be together. `strict`: False lets pass what can be read all the same.

    Raises:
        BadRoster: the first such row, and its rule.
    """
    contracts = {one.name for one in rows.contracts}
    for number, person in enumerate(rows.people, 1):
        if person.contract not in contracts:
            raise _Bad(f"people {number} ({person.name})", "contract", f"there is no contract {person.contract}")
    if not strict:
        return
    _once("shifts", [one.name for one in rows.shifts])
    _once("people", [one.name for one in rows.people])
    shifts = {one.name for one in rows.shifts}
    tags = {tag for one in rows.shifts for tag in one.tags}
    for number, shift in enumerate(rows.shifts, 1):
        _shift(f"shifts {number} ({shift.name})", shift, shifts)
    for number, contract in enumerate(rows.contracts, 1):
        _contract(f"contracts {number} ({contract.name})", contract, shifts | tags)
    for number, fair in enumerate(rows.fair, 1):
        if fair.burden != WEEKEND and fair.burden not in tags:
            raise _Bad(f"fair {number}", "burden", f"{fair.burden} is neither {WEEKEND} nor a tag of any shift")
    _mixes(rows)


def minutes_of(shift: ShiftRow) -> int:
    """Return how long a shift is: to an earlier time it ends the next day, to the same it has 24 hours."""
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in (shift.start, shift.end))
    return (end - start - 1) % _DAY_MIN + 1


class _Bad(BadRoster):
    """A row of the plan file cannot be."""

    def __init__(self, row: str, field: str, words: str) -> None:
        where = f"{row}, {field}" if field else row
        super().__init__(f"The plan file says something that cannot be: {where}: {words}.")


def _once(table: str, names: Iterable[str]) -> None:
    seen: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if name in seen:
            raise _Bad(f"{table} {number} ({name})", "name", f"{table} {seen[name]} has the same")
        seen[name] = number


def _shift(row: str, shift: ShiftRow, shifts: set[str]) -> None:
    minutes = minutes_of(shift)
    if shift.paid_min is not None and shift.paid_min > minutes:
        raise _Bad(row, "paid_min", f"{shift.paid_min} minutes cannot be paid of a shift of {minutes}")
    if shift.break_min is not None and shift.break_min >= minutes:
        raise _Bad(row, "break_min", f"a break of {shift.break_min} minutes does not fit into a shift of {minutes}")
    if shift.weekdays is not None and not shift.weekdays:
        raise _Bad(row, "weekdays", "on no weekday at all it could never be worked")
    if unknown := sorted(shift.not_before - shifts):
        raise _Bad(row, "not_before", f"there is no shift {unknown[0]}")


def _contract(row: str, contract: ContractRow, kinds: set[str]) -> None:
    least, most = contract.least_hours_a_week, contract.most_hours_a_week
    if least > most:
        raise _Bad(row, "least_hours_a_week", f"at least {least:g} hours and at most {most:g} cannot both be")
    fewest, longest = contract.days_on_in_a_row, contract.days_in_a_row
    if fewest > longest:
        raise _Bad(row, "days_on_in_a_row", f"at least {fewest} days in a row and at most {longest} cannot both be")
    if unknown := sorted(set(contract.most_of) - kinds):
        raise _Bad(row, "most_of", f"{unknown[0]} is neither a shift nor a tag of any shift")


def _mixes(rows: Rows) -> None:
    kinds: Mapping[str, set[str]] = {
        "skill": {name for one in rows.people for name in one.skills},
        "site": {one.site for one in rows.shifts if one.site is not None},
    }
    senior = max(one.seniority for one in rows.people)
    for number, mix in enumerate(rows.mix, 1):
        if mix.skill is not None and mix.skill not in kinds["skill"]:
            raise _Bad(f"mix {number}", "skill", f"nobody has the skill {mix.skill}")
        if mix.site is not None and mix.site not in kinds["site"]:
            raise _Bad(f"mix {number}", "site", f"no shift is at {mix.site}")
        if mix.seniority > senior:
            raise _Bad(f"mix {number}", "seniority", f"nobody has {mix.seniority} or more")
