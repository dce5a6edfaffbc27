"""Does one piece of planning: `python -m video_service.plan_child`, work in, lines of progress and the result out.

A process of its own: what searches for minutes must not hold up the pages' sockets, and a web node starts without the
libraries that it needs. It reads its work from the first line; a second one, or the end of its input, asks it to end
soon with the best it has found. It gives way to whatever else runs on the machine.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import msgspec

from scheduler.errors import NoHistory
from scheduler.plan import DayPlan
from scheduler.plan_file import PlanFile
from scheduler.planning import Demand, problem_of, roster_of, staffing_of
from scheduler.roster import search
from scheduler.roster.problem import Problem
from scheduler.roster_explained import explained
from scheduler.roster_file import RosterDocument, Truth
from scheduler.roster_making import begun, needs_by_hours, with_days_before, with_standing
from scheduler.small_team import first_week
from video_service.errors import ServiceError
from video_service.plan_ahead import look_ahead
from video_service.plan_demand import demand_for, rules_of
from video_service.plan_pool import play_pool
from video_service.plan_today import look
from video_service.plan_work import (
    LookAhead,
    LookAtPool,
    LookAtToday,
    MakeRoster,
    Progress,
    Said,
    Trouble,
    Work,
    line_of,
)

NICE = 10
BEST_EVERY_S = 5.0
"""So often at most the best found is handed out: of a large team it is a megabyte."""
NO_CALLS = "no_calls"
"""A note of a roster: it was made without any call."""

Tell = Callable[[Progress], None]
Asked = Callable[[], bool]
Keep = Callable[[RosterDocument], None]


def problem_for(
    work: MakeRoster, file: PlanFile, tell: Tell, asked: Asked
) -> tuple[Problem, tuple[str, ...], Truth | None]:
    """Return the roster to be made, with notes and what its hours cost; without a past, for the team's minimum."""
    days = [work.first_day + timedelta(days=number) for number in range(work.days)]
    tell(Progress(phase="forecast"))
    truth = None
    try:
        demand, notes = demand_for(work.basis, days)
    except NoHistory:
        needs = needs_by_hours(file, work.days)
        problem, notes = file.problem(work.first_day, work.days, needs, work.basis.zone), (NO_CALLS,)
    else:
        plans = plans_of(demand, file, tell, asked)
        problem, truth = problem_of(plans, file, work.basis.zone), first_week(demand, plans, file)
    return with_standing(with_days_before(problem, work.earlier), work.standing), notes, truth


def plans_of(demand: Demand, file: PlanFile, tell: Tell, asked: Asked) -> list[DayPlan]:
    """Return how many agents each forecast day needs.

    Raises:
        Ended: nobody waits for it any more.
    """
    of = len(demand.result.forecast.days)
    done = 0

    def planned(plan: DayPlan) -> None:
        nonlocal done
        done += 1
        tell(Progress(phase="staffing", done=done, of=of))
        if asked():
            raise Ended

    tell(Progress(phase="staffing", done=0, of=of))
    return staffing_of(demand, file, planned)


class Ended(ServiceError):
    """The work was ended before there was anything to keep."""

    code = "plan_ended"


def make(work: MakeRoster, tell: Tell, asked: Asked, keep: Keep) -> RosterDocument:
    """Make a roster and explain it. When `asked` to end it returns the best found, without reasons not yet known.

    `keep` is given the best found, now and then while it is bettered: whatever ends this process, that is not lost.
    """
    file = rules_of(work.basis.team, work.basis.goal)
    problem, notes, truth = problem_for(work, file, tell, asked)
    best = [Progress(phase="search")]

    def found(progress: search.Progress) -> None:
        bound = -1.0 if progress.bound is None else progress.bound
        best[0] = Progress(phase="search", cost=progress.cost, bound=bound)
        tell(best[0])

    def explaining(phase: str, done: int, of: int) -> None:
        tell(msgspec.structs.replace(best[0], phase=phase, done=done, of=of))

    kept_s = float("-inf")

    def better(document: Callable[[], RosterDocument]) -> None:
        nonlocal kept_s
        if time.monotonic() - kept_s >= BEST_EVERY_S:
            keep(msgspec.structs.replace(document(), notes=notes))
            kept_s = time.monotonic()

    tell(best[0])
    limits = search.Limits(seconds=work.seconds)
    document, made = roster_of(problem, limits, found, asked, begun(problem, work.begun), better)
    best[0] = Progress(phase="search", cost=made.cost, bound=made.bound)
    tell(best[0])
    known = msgspec.structs.replace(explained(problem, made, limits, explaining, asked), truth=truth)
    return msgspec.structs.replace(document, explained=known, notes=(*notes, *document.notes))


def answer(work: Work, tell: Tell, asked: Asked, keep: Keep = lambda _: None) -> Said:
    """Do the work; what cannot be done is said as trouble."""
    try:
        if isinstance(work, LookAtToday):
            return Said(today=look(work))
        if isinstance(work, LookAhead):
            return Said(ahead=look_ahead(work))
        if isinstance(work, LookAtPool):
            return Said(pool=play_pool(work))
        return Said(roster=make(work, tell, asked, keep))
    except ServiceError as error:
        return Said(trouble=Trouble(code=error.code, words=str(error)))


def main() -> int:
    """Return 0 when the end of the work was written."""
    os.nice(NICE)
    work = msgspec.json.decode(sys.stdin.buffer.readline(), type=Work)
    ended = threading.Event()
    writing = threading.Lock()

    def listen() -> None:
        sys.stdin.buffer.readline()
        ended.set()

    def write(said: Said) -> None:
        with writing:
            sys.stdout.buffer.write(line_of(said))
            sys.stdout.buffer.flush()

    threading.Thread(target=listen, daemon=True).start()
    said = answer(
        work, lambda progress: write(Said(progress=progress)), ended.is_set, lambda best: write(Said(best=best))
    )
    write(said)
    return 0


if __name__ == "__main__":
    status = main()
    # The thread that listens holds the lock of the input, which an orderly end would wait for.
    os._exit(status)
