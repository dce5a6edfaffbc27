"""What planning costs and what its numbers are worth, one option each; `--json` for one JSON object.

    python -m benchmarks.planning [--calls 1000 10000 100000]

What planning costs as calls pile up: a Valkey of its own for each number of calls on record, spread over 26 weeks of a
line that is open from 9 to 21. Measured are closing one more call (with its roll-up), and the way from the store to
four weeks of staffing. Planning reads sums of quarter hours, at most 8,736 of them, whatever the number of calls.

    python -m benchmarks.planning --replay [--days 2000]

The service level that plans promise against a second program that shares no code with the planner.

    python -m benchmarks.planning --agents 6 [--seconds 10] [--seed 0]

Four weeks of a made-up service with every rule on, as `benchmarks.rostering --size`; without `--seconds` 10 for up to
12 agents, 120 for up to 100, 300 for more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from redis.asyncio import Redis

from benchmarks._promises import promises
from benchmarks.rostering import measured, service
from scheduler.day_types import Calendar
from scheduler.forecast import Result
from scheduler.plan_file import EXAMPLE, read_plan_file
from scheduler.planning import demand_of, staffing_of
from scheduler.roster.search import Limits
from signaling.identity_types import Identity
from signaling.policy import Policy
from signaling.store import Store
from tests.valkey_server import RealValkey
from video_service.keys import SCHEMA_VERSION, Keys
from video_service.plan_source import past_of_service
from video_service.redis_client import hot
from video_service.settings import Settings

ZONE = ZoneInfo("Asia/Shanghai")
WEEKS, OPENS_H, CLOSES_H = 26, 9, 21
DAYS_PLANNED = 28
TIMED_CALLS = 200
BATCH = 5_000


async def fill(redis: Redis, calls: int) -> None:
    """Put `calls` records and their roll-ups where the closing script puts them."""
    keys = Keys("main")
    today = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    random = np.random.default_rng(calls)
    days, slots = WEEKS * 7, (CLOSES_H - OPENS_H) * 4
    counts = random.multinomial(calls, np.full(days * slots, 1 / (days * slots))).reshape(days, slots)
    number = 0
    for back, row in enumerate(counts.tolist(), start=1):
        opens_ms = round((today - timedelta(days=back) + timedelta(hours=OPENS_H)).timestamp() * 1000)
        async with redis.pipeline(transaction=False) as pipe:
            for slot, count in enumerate(row):
                if not count:
                    continue
                start_ms = opens_ms + slot * 900_000
                sums: dict[Any, Any] = {"offered": count, "answered": count, "handle_ms": count * 300_000}
                pipe.hset(keys.rollup(f"main:{start_ms}"), mapping={"v": SCHEMA_VERSION, **sums})
                pipe.zadd(keys.rollups, {f"main:{start_ms}": start_ms})
                for _ in range(count):
                    number += 1
                    pipe.hset(keys.record(f"old{number}"), mapping=_record(f"old{number}", start_ms))
                    pipe.zadd(keys.records, {f"old{number}": start_ms})
                    if number % BATCH == 0:
                        await pipe.execute()
            await pipe.execute()


def _record(call: str, start_ms: int) -> dict[Any, Any]:
    ended_ms = start_ms + 300_000
    return {
        "v": SCHEMA_VERSION,
        "call": call,
        "state": "closed",
        "customer": f"c-{call}",
        "queue": "main",
        "needs": "csl",
        "class": "normal",
        "joined_ms": start_ms,
        "answered_ms": start_ms + 4_000,
        "closed_ms": ended_ms,
        "wait_ms": 4_000,
        "signing_ms": 296_000,
        "ended_reason": "customer_hung_up",
        "segments": json.dumps([{"agent": "a1", "from_ms": start_ms + 4_000, "to_ms": ended_ms, "ended": "hang_up"}]),
        "legs": "[]",
    }


async def close_calls(redis: Redis) -> float:
    """Return the median time in ms of the script that closes a call and adds it to its roll-up."""
    store = Store(redis, policy=Policy(presence_ttl_s=3_600, max_signing_minutes=10**6))
    await store.load()
    agent = Identity(person="agent", role="agent", skills=("csl",))
    now_ms = time.time_ns() // 1_000_000
    shifts = []
    for back in range(1, WEEKS * 7 + 1):
        opens = datetime.now(ZONE).replace(hour=OPENS_H, minute=0, second=0, microsecond=0) - timedelta(days=back)
        opens_ms = round(opens.timestamp() * 1000)
        shifts.append(("agent", opens_ms, opens_ms + (CLOSES_H - OPENS_H) * 3_600_000))
    await store.add_shifts(shifts)
    await store.add_shift("agent", now_ms, now_ms + 8 * 3_600_000)
    await store.connect(agent, node="n", socket="s")
    await store.sign_in(agent)
    await store.leg_offered("agent", leg="l", worker="w")
    times_ms = []
    for number in range(TIMED_CALLS):
        customer = f"c{number}"
        await store.connect(Identity(person=customer, role="customer"), node="n", socket="s")
        await store.ready("agent")
        await store.join(customer, queue="main", needs=("csl",), urgent=False, reason="", locale="")
        ring = (await store.agent_view("agent", alive=())).reservation
        assert ring is not None, "the one agent is ready"
        await store.accept("agent", ring.call, ring.epoch)
        began_s = time.perf_counter()
        await store.hang_up(customer, ring.call)
        times_ms.append((time.perf_counter() - began_s) * 1000)
    return statistics.median(times_ms)


async def measure(url: str, calls: int) -> dict[str, float]:
    """Fill the store and return the times in ms."""
    redis = hot(url, timeout_s=30)
    await fill(redis, calls)
    found = {"close_ms": await close_calls(redis)}
    settings = Settings(redis_url=url, time_zone=ZONE.key)
    began_s = time.perf_counter()
    past = await past_of_service(redis, settings, "main", WEEKS, time.time_ns() // 1_000_000)
    found["read_ms"] = (time.perf_counter() - began_s) * 1000
    await redis.aclose()
    began_s = time.perf_counter()
    days = [past.first_day + timedelta(days=number) for number in range(DAYS_PLANNED)]
    demand = demand_of(past.history, Calendar(), days, past.patience_s)
    found["forecast_ms"] = (time.perf_counter() - began_s) * 1000
    began_s = time.perf_counter()
    # Many calls need many agents; what they cost the replay is not what is asked here.
    light = min(1.0, 30 / max(1.0, float(demand.result.forecast.expected.sum(axis=1).max())))
    said = replace(demand.result.forecast, expected=demand.result.forecast.expected * light)
    staffing_of(replace(demand, result=Result(said, None)), read_plan_file(EXAMPLE), half_width=0.01)
    found["staffing_ms"] = (time.perf_counter() - began_s) * 1000
    return found


def calls_report(numbers: list[int]) -> dict[int, dict[str, float]]:
    """Measure each number of calls on record with a store of its own; times in ms."""
    results = {}
    for calls in numbers:
        with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
            server = RealValkey(Path(folder))
            server.start()
            try:
                results[calls] = asyncio.run(measure(server.url, calls))
            finally:
                server.kill()
    return results


def print_calls(results: dict[int, dict[str, float]]) -> None:
    print(f"{'calls on record':>16}  {'close one':>10}  {'read sums':>10}  {'forecast':>10}  {'staff 28 days':>14}")
    for calls, row in results.items():
        print(
            f"{calls:>16,}  {row['close_ms']:>7.2f} ms  {row['read_ms']:>7.0f} ms  {row['forecast_ms']:>7.0f} ms"
            f"  {row['staffing_ms']:>11.0f} ms"
        )


def print_promises(results: dict[str, dict[str, float]]) -> None:
    print(f"{'plan':<26}  {'promised':>8}  {'replayed':>8}  points")
    for name, row in results.items():
        print(f"{name:<26}  {row['promised']:>8.2%}  {row['replayed']:>8.2%}  {row['difference_points']:+.2f}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--calls", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--replay", action="store_true", help="hold plans against a second program")
    parser.add_argument("--days", type=int, default=2_000, help="days that the second program plays")
    parser.add_argument("--agents", type=int, help="make a roster for so many")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.agents is not None and options.agents < 1:
        parser.error("--agents must be 1 or more")
    if options.seconds is not None and not 0 < options.seconds < float("inf"):
        parser.error("--seconds must be above 0")
    if min(options.calls, default=1) < 1 or options.days < 1 or options.workers < 1:
        parser.error("--calls, --days and --workers must be 1 or more")
    if options.agents is not None:
        seconds = options.seconds or next(
            (s for most, s in ((12, 10.0), (100, 120.0)) if options.agents <= most), 300.0
        )
        limits = Limits(seconds, workers=options.workers, seed=options.seed)
        made = {"agents": options.agents, **measured(service(options.agents, options.seed), limits, say=False)}
        print(json.dumps(made) if options.json else "\n".join(f"{key}: {value}" for key, value in made.items()))
        return
    if options.replay:
        found = promises(options.days, options.seed)
        if options.json:
            print(json.dumps({"days": options.days, "plans": found}))
        else:
            print_promises(found)
        return
    results = calls_report(options.calls)
    if options.json:
        print(json.dumps({"weeks": WEEKS, "days_planned": DAYS_PLANNED, "calls": results}))
        return
    print_calls(results)


if __name__ == "__main__":
    main()
