"""`video-service plan simulate --pool`: all queues at once, with a team for each, by skills, and pooled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
from redis.asyncio import Redis
from rich.table import Table

from scheduler.errors import BadPlan, NoHistory
from scheduler.plan_file import PlanFile
from scheduler.pool_plan import pool_of_roster, pool_of_staffing
from scheduler.pooling import PoolQueue
from scheduler.roster_file import RosterDocument
from video_service.cli_plan_options import Asked
from video_service.cli_store import print_json, print_table, with_store
from video_service.clock import SystemClock
from video_service.opening_hours_store import OpeningHours
from video_service.plan_input import goal_of
from video_service.plan_pool import promise_of, ways_of
from video_service.plan_source import Past
from video_service.plan_work import Goal, Level, PoolWay
from video_service.queue_names import MAIN
from video_service.queues_store import QueueBook
from video_service.settings import Settings
from video_service.skill_words import covers, needs_text

DAYS = 14
"""So many days are played where no roster says which."""


@dataclass(frozen=True)
class _Queue:
    name: str
    needs: tuple[str, ...]
    goal: Goal | None
    past: Past


def pool_of(asked: Asked, file: PlanFile, document: RosterDocument | None, also: Sequence[str]) -> dict[str, Any]:
    """Return what the queues come to, as `--json` prints it.

    Raises:
        BadPlan: options do not go together, or there is only one queue.
        BadHistory, NoHistory: a past cannot be read, or there is none.
    """
    left_out: dict[str, str] = {}
    found = list(_of_files(asked, also) if asked.csv is not None else _of_service(asked, also, left_out))
    if len(found) < 2:
        raise BadPlan(
            "There is only one queue with calls: nothing to pool. With --csv, --also rail=rail.csv names another."
        )
    days = _days_of(document, max(one.past.first_day for one in found))
    queues = [PoolQueue(one.name, asked.demand(one.past, days), promise_of(one.goal, file)) for one in found]
    if document is None:
        played = pool_of_staffing(queues, file)
    else:
        serves = {
            person.name: frozenset(number for number, one in enumerate(found) if _can(person.skills, one.needs))
            for person in file.people
        }
        played = pool_of_roster(queues, file, document, serves)
    return {
        "first_day": str(days[0]),
        "days": len(days),
        "roster": document is not None,
        "ways": msgspec.to_builtins(list(ways_of(queues, played))),
        "left_out": left_out,
    }


def show(found: dict[str, Any], as_json: bool) -> None:
    """Print what `pool_of` returned."""
    if as_json:
        print_json(found)
        return
    table = Table("", "queue", "answered in time", "between", "goal", "hours on the floor")
    for way in msgspec.convert(found["ways"], list[PoolWay]):
        table.add_row(way.way, "all", *_words(way.level), "", f"{way.hours:.1f}")
        for one in way.queues:
            table.add_row("", one.queue, *_words(one.level), f"{one.goal:.1%} in {one.within_s:g} s", "")
    print_table(table)
    groups = Table("", "agents for", "people", "hours on the floor", "on calls")
    for way in msgspec.convert(found["ways"], list[PoolWay]):
        for each in way.groups:
            busy = "" if each.occupancy < 0 else f"{each.occupancy:.0%}"
            groups.add_row(way.way, ", ".join(each.queues) or "no queue", f"{each.people}", f"{each.hours:.1f}", busy)
    print_table(groups)


def _of_files(asked: Asked, also: Iterable[str]) -> Iterator[_Queue]:
    """Return the queues of files: everybody serves the first one, another one whoever has the skill of its name."""
    yield _Queue(MAIN, (), None, asked.past())
    names = {MAIN}
    for word in also:
        name, _, path = word.partition("=")
        if not name or not path or not _is_skill(name):
            raise BadPlan(f"--also {word} is not a queue's name and its file, such as rail=rail.csv.")
        if name in names:
            raise BadPlan(f"--also names the queue {name} twice.")
        names.add(name)
        yield _Queue(name, (name,), None, replace(asked, csv=Path(path)).past())


def _of_service(asked: Asked, also: Sequence[str], left_out: dict[str, str]) -> Iterator[_Queue]:
    if also:
        raise BadPlan("--also is for files, with --csv; without it all queues of this service are played.")
    if asked.queue != MAIN:
        raise BadPlan(f"--pool plays all queues: --queue {asked.queue} cannot go with it.")

    async def work(redis: Redis, loaded: Settings) -> list[tuple[str, tuple[str, ...], Goal | None]]:
        clock = SystemClock()
        line = OpeningHours(redis, pool=loaded.pool, clock=clock, zone=loaded.time_zone)
        known = await QueueBook(redis, pool=loaded.pool, clock=clock, line=line).all()
        return [(name, rules.asked, goal_of(rules)) for name, rules in known.items()]

    for name, needs, goal in with_store(asked.data, work):
        try:
            yield _Queue(name, needs, goal, replace(asked, queue=name).past())
        except NoHistory as error:
            left_out[name] = error.code


def _days_of(document: RosterDocument | None, first: date) -> list[date]:
    if document is not None:
        first = document.first_day
    return [first + timedelta(days=number) for number in range(DAYS if document is None else document.days)]


def _can(skills: Iterable[str], needs: Iterable[str]) -> bool:
    """Return whether somebody of the plan file has what a queue asks for; a file's skill may be any word."""
    return covers(filter(_is_skill, skills), needs)


def _is_skill(word: str) -> bool:
    try:
        needs_text((word,))
    except ValueError:
        return False
    return True


def _words(level: Level) -> tuple[str, str]:
    if level.mean < 0:
        return "nobody calls", ""
    return f"{level.mean:.1%}", f"{level.low:.1%} and {level.high:.1%}"
