"""From a forecast to a staffing plan whose number is a simulated mean.

Erlang A gives each interval its agents. Then the day is played out many times, with days that differ as the forecast
says they do, and as long as the promise is not kept on average, agents are added where it is broken worst.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from scheduler.errors import BadPlan, BadTarget
from scheduler.forecast_models import Forecast
from scheduler.history import Floats
from scheduler.presence import Presence
from scheduler.replay import HandleTimes, QueueDay, Replay, Share, replay
from scheduler.simulate import Retry, from_counts
from scheduler.staffing import Staffing, lagged_loads, staff_day
from scheduler.targets import ServiceLevel, Targets

_MOST_ROUNDS = 30
_SEARCH_HALF_WIDTH = 0.01


@dataclass(frozen=True)
class DayPlan:
    """The agents of each interval of a day, and what they come to.

    `agents`: on the floor, by interval. `staffing`: what the arithmetic asked for, with its reasons. `promised`: the
    replay of exactly these agents; its service level is the plan's number. `reached`: whether it keeps the promise.
    `note`: a sentence.
    """

    day: date
    interval_s: int
    agents: tuple[int, ...]
    staffing: tuple[Staffing, ...]
    promised: Replay
    reached: bool
    note: str


def day_source(
    made: Forecast, row: int, handle_s: Floats, patience_s: float, handle_variation: float = 1.0, queue: int = 0
) -> QueueDay:
    """Return day `row` of a forecast as a source of sampled days; `handle_s`: mean handle time by slot, (slots,)."""
    return QueueDay(
        expected=made.expected[row],
        interval_s=float(made.interval_s),
        handle=[HandleTimes(float(mean_s), handle_variation) for mean_s in handle_s],
        patience_s=patience_s,
        day_variance=float(made.day_variance[row]),
        interval_variance=made.slot_variance[row],
        queue=queue,
    )


def plan_day(
    made: Forecast,
    day: date,
    handle_s: Floats,
    patience_s: float,
    targets: Targets,
    *,
    handle_variation: float = 1.0,
    at_most: int | None = None,
    retry: Retry | None = None,
    half_width: float = 0.0025,
    seed: int = 0,
) -> DayPlan:
    """Plan the agents of one forecast day so that the simulated service level keeps the promise.

    `handle_s`, shape (slots,): mean handle time of each slot. `at_most`: the largest team that could be there.
    `half_width`: how exactly the promised number is to be known (95 %).

    Raises:
        BadPlan: the forecast does not have that day.
        BadTarget: no service level is among the promises.
    """
    if day not in made.days:
        raise BadPlan("The forecast does not reach that day.", day=day.isoformat())
    promise = next((one for one in targets.promises if isinstance(one, ServiceLevel)), None)
    if promise is None:
        raise BadTarget("A plan needs a service level to be held against.")
    row = made.days.index(day)
    loads = lagged_loads(made.expected[row].tolist(), float(made.interval_s), handle_s.tolist())
    opened = (made.open_share[row] > 0).tolist()
    staffing = staff_day(loads, patience_s, targets, opened, at_most)
    source = day_source(made, row, handle_s, patience_s, handle_variation)
    agents = [one.agents for one in staffing]

    def play(wanted: Sequence[int], exactly: float, seed: int) -> Replay:
        return held_against(
            source, from_counts(wanted, float(made.interval_s)), promise, len(wanted), retry, exactly, seed
        )

    for _ in range(_MOST_ROUNDS):
        found = play(agents, _SEARCH_HALF_WIDTH, seed)
        if not found.service_level.mean < promise.share:
            break
        more = _where_worst(agents, found.by_interval, made.expected[row], opened, promise.share, at_most)
        if more == agents:
            break
        agents = more
    # The search has looked for luck; the number comes from days that it has not seen.
    promised = play(agents, half_width, seed + 1)
    reached = not promised.service_level.mean < promise.share - half_width
    return DayPlan(
        day,
        made.interval_s,
        tuple(agents),
        tuple(staffing),
        promised,
        reached,
        _note(staffing, agents, promised.service_level),
    )


def held_against(
    source: QueueDay,
    agents: Sequence[Presence],
    promise: ServiceLevel,
    intervals: int,
    retry: Retry | None = None,
    half_width: float = 0.0025,
    seed: int = 0,
) -> Replay:
    """Replay a plan by its promise's threshold and definition; for a roster, `agents` are its people with breaks."""
    return replay(
        source,
        agents,
        promise.within_s,
        promise.definition,
        interval_s=source.interval_s,
        intervals=intervals,
        half_width=half_width,
        retry=retry,
        seed=seed,
    )


def _where_worst(
    agents: list[int], level: Floats, calls: Floats, opened: list[bool], share: float, at_most: int | None
) -> list[int]:
    """Return the agents with one more in the half of the broken intervals that loses most calls."""
    short = np.where(np.asarray(opened), np.nan_to_num(share - level, nan=0.0) * calls, 0.0)
    room = np.asarray([at_most is None or count < at_most for count in agents])
    short = np.where(room, short, 0.0)
    broken = short[short > 0]
    if not len(broken):
        return agents
    worst = short >= np.median(broken)
    return [count + int(more) for count, more in zip(agents, worst.tolist(), strict=True)]


def _note(staffing: Sequence[Staffing], agents: Sequence[int], level: Share) -> str:
    added = sum(agents) - sum(one.agents for one in staffing)
    short = sum(not one.reached for one in staffing)
    parts = [f"{level.mean:.1%} on average over {level.days} simulated days ({level.low:.1%} to {level.high:.1%})"]
    if added:
        parts.append(f"{added} intervals got one agent more than the formula asks for, because days differ")
    if short:
        parts.append(f"{short} intervals are short of what is needed")
    return "; ".join(parts)
