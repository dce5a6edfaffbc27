"""The search for the roster of a small team: bound it, dive, and choose among the ways near zero, on two cores."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from scheduler.roster.days import day_costs
from scheduler.roster.model import Roster
from scheduler.roster.team import Team

if TYPE_CHECKING:
    from scheduler.roster.search import Search

_NEAR = (5.0, 20.0, 60.0)
_NODES = 10
_MOST_DOUBTS = 8
_DOUBTS_SHARE = 0.15


def search_team(search: Search) -> bool:
    """Better the best roster of a search; tell whether the team was small enough to be solved as a whole."""
    costs = day_costs(search.grid)
    if costs is None:
        return False
    assert search.best is not None
    search.phase = "team"
    team = Team(search.grid, costs)
    team.add_roster(search.best.roster)
    most_s = search.share(0.3)
    left_s = None if search.limits.seconds is None else lambda: min(most_s, search.left_s())
    team.generate(search.until(0.7), left_s)
    search.raise_bound(team.bound)
    first = team.dive(search.stopped, _most(search))
    search.keep_roster(first.roster)
    if search.limits.seconds is None or search.limits.workers == 1:
        late = search.until(_DOUBTS_SHARE)
        for other in _doubts(search, team, first.choices, late):
            search.keep_roster(other)
        _choose(search, team)
    else:
        _choose_and_doubt(search, team, first.choices)
    return bool(team.reduced)


def _most(search: Search) -> float:
    """Return what a roster must cost less than to be better, as the team's programme counts."""
    assert search.best is not None
    return search.best.cost - search.owed


def _doubts(search: Search, team: Team, choices: int, stop: Callable[[], bool]) -> Iterator[Roster]:
    """Dive again, each time with another of the choices made otherwise; yield what is better than all before."""
    most = _most(search)
    for doubt in range(min(choices, _MOST_DOUBTS)):
        if search.done() or stop():
            return
        dive = team.dive(stop, most, doubt)
        if dive.roster is not None:
            most = min(most, dive.cost)
            yield dive.roster


def _choose_and_doubt(search: Search, team: Team, choices: int) -> None:
    """Choose in this thread; dives that doubt go on in another, as the solvers let go of the interpreter."""
    ended = threading.Event()
    found: list[Roster] = []

    def doubt() -> None:
        found.extend(_doubts(search, team, choices, lambda: ended.is_set() or search.stopped()))

    with ThreadPoolExecutor(1) as beside:
        doubting = beside.submit(doubt)
        try:
            _choose(search, team)
        finally:
            ended.set()
        doubting.result()
    for roster in found:
        search.keep_roster(roster)


def _choose(search: Search, team: Team) -> None:
    """Choose in whole numbers, first among few ways to share a day, then more."""
    for most in _NEAR:
        if search.done() or not team.reduced:
            return
        limits = search.limits
        seconds = None if limits.seconds is None else 0.75 * search.left_s()
        # A way with a higher reduced cost stands in no better roster than the best there is.
        near = team.near(min(most, max(1.0, _most(search) - team.bound)))
        search.keep_roster(team.choose(near, seconds, _NODES * limits.rounds, limits.gap, search.cancelled))
        search.raise_bound(team.bound)
