"""What agents asked about days, as the rules of a roster have it. Pure: no I/O, no clock.

Leave that was granted and days away are days off that nothing overrides; so is a day on which somebody cannot work.
Wishes cost what the team's rules say of that person's wishes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import TypeVar

from scheduler.plan_file import PlanFile
from video_service.shift_requests import Kind, ShiftRequest

T = TypeVar("T")


def with_requests(file: PlanFile, asked: Iterable[ShiftRequest], names: Mapping[str, str]) -> PlanFile:
    """Return the rules with what stands of agents' requests. `names`: sign-in names by account's id.

    A shift that the rules do not have any more is left aside, and so is whoever is no agent any more.
    """
    shifts = {one.name for one in file.shifts}
    off: dict[str, list[date]] = defaultdict(list)
    wishes_off: dict[str, list[date]] = defaultdict(list)
    wishes: dict[str, list[tuple[date, str]]] = defaultdict(list)
    busy: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for one in asked:
        name = names.get(one.person)
        if name is None or (one.named and one.named not in shifts):
            continue
        for day in days_of(one):
            if one.kind is Kind.WISH:
                if one.named:
                    wishes[name].append((day, one.named))
                else:
                    wishes_off[name].append(day)
            elif one.kind is Kind.BUSY and one.named:
                busy[name].append((day, one.named))
            else:
                off[name].append(day)
    return replace(
        file,
        off=_joined(file.off, off),
        wishes_off=_joined(file.wishes_off, wishes_off),
        wishes=_joined(file.wishes, wishes),
        busy=_joined(file.busy, busy),
    )


def days_of(one: ShiftRequest) -> Iterator[date]:
    """Yield the days that a request is about."""
    day, last = date.fromisoformat(one.first_day), date.fromisoformat(one.last_day)
    while day <= last:
        yield day
        day += timedelta(days=1)


def _joined(there: Mapping[str, tuple[T, ...]], more: Mapping[str, list[T]]) -> dict[str, tuple[T, ...]]:
    return {name: tuple(dict.fromkeys((*there.get(name, ()), *more.get(name, ())))) for name in {**there, **more}}
