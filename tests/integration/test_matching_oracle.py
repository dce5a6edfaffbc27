"""Random histories on a real Valkey, by two nodes, against the oracle of the policy."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from redis.asyncio import Redis

from signaling.lifecycle import DELAY_FIELDS
from signaling.lifecycle_agent import AGENT
from signaling.lifecycle_call import CALL
from tests.oracle.compare import Dump, same, sound
from tests.oracle.world import KINDS, Command, World, histories, play
from tests.valkey_server import RealValkey

pytestmark = pytest.mark.integration

_numbers = itertools.count()
# A customer is put on hold, goes and comes back, leaves the agent, and then the only other one goes: chance finds it
# once in a hundred histories.
FORSAKEN: list[Command] = [
    *[("join", 0, 1), ("accept", 0, 0), ("hold", 0, 1), ("drop_partner", 0, 0), ("return_partner", 0, 0)],
    *[("hold", 0, 0), ("hold", 0, 1), ("another", 0, 0), ("accept", 1, 0), ("sign_out", 1, 0)],
    *[("advance", 0, 4), ("advance", 0, 5)],
]
# One agent passes a call on to another, who declines, and it comes back.
PASSED_ON: list[Command] = [
    *[("ready", 0, 0), ("ready", 1, 0), ("join", 3, 1), ("accept", 0, 0), ("transfer", 0, 1), ("decline", 1, 0)],
    *[("ready", 0, 0), ("advance", 0, 4), ("accept", 0, 0), ("accept", 1, 0), ("transfer", 0, 3), ("transfer", 1, 0)],
    *[("hang_up_customer", 3, 0), ("sign_out", 0, 0), ("sign_out", 1, 0)],
]
# A second agent is asked in, declines, comes in, and goes on with the call: once more while the customer is away.
TOGETHER: list[Command] = [
    *[("join", 0, 1), ("accept", 0, 0), ("invite", 0, 1), ("decline", 1, 0), ("invite", 0, 1), ("accept", 1, 0)],
    *[("hang_up_agent", 0, 0), ("ready", 0, 0), ("invite", 1, 4), ("accept", 0, 0), ("drop_partner", 1, 0)],
    *[("hang_up_agent", 1, 0), ("ready", 1, 0), ("invite", 0, 1), ("advance", 0, 3), ("sign_out", 0, 0)],
]
# Two are asked in, one after the other; the first one leaves and comes back, asked by the one who went on.
FOUR: list[Command] = [
    *[("ready", 2, 0), ("join", 0, 1), ("accept", 0, 0), ("invite", 0, 1), ("accept", 1, 0), ("invite", 0, 2)],
    *[("accept", 2, 0), ("hang_up_agent", 0, 0), ("ready", 0, 0), ("invite", 1, 4), ("accept", 0, 0)],
    *[("invite", 1, 2), ("hang_up_agent", 2, 0), ("another", 0, 0), ("hang_up_customer", 0, 0)],
]
# A customer comes back while the agent is in after-call work, and that takes too long.
RETURNED: list[Command] = [
    *[("ready", 0, 0), ("join", 1, 2), ("accept", 0, 0), ("hang_up_agent", 0, 0)],
    *[("sign_in", 1, 0), ("ready", 1, 0), ("join", 1, 2), ("advance", 0, 3)],
]
# Much signing at once is followed by a rest, in which an urgent call asks, is declined, and asks anew.
CARED: list[Command] = [
    *[
        ("ready", 2, 0),
        ("connect_customer", 5, 0),
        ("join", 5, 4),
        ("accept", 2, 0),
        ("advance", 0, 4),
        ("advance", 0, 4),
    ],
    *[("hang_up_agent", 2, 0), ("ready", 2, 0), ("drop_agent", 2, 0), ("connect_agent", 0, 0), ("sign_out", 2, 0)],
    *[("sign_in", 2, 0), ("ready", 2, 0), ("connect_customer", 6, 0), ("join", 6, 10), ("decline", 2, 0)],
    *[("advance", 0, 4), ("advance", 0, 3), ("hang_up_customer", 6, 0)],
]
# Somebody signs enough for the day, and then it ends.
TILL_MIDNIGHT: list[Command] = [
    *[("ready", 0, 0), ("join", 0, 1), ("accept", 0, 0), ("advance", 0, 6), ("advance", 0, 6)],
    *[("hang_up_agent", 0, 0), *[("advance", 0, 6)] * 13],
]
HARDLY_BY_CHANCE = {("rest", "tire")}  # when the day's limit ends at midnight and the rest for much at once does not
relaxed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
async def second(valkey: RealValkey) -> AsyncIterator[Redis]:
    """The other node's connections."""
    client = Redis.from_url(valkey.url, socket_timeout=30.0)
    yield client
    await client.aclose()


async def run(world: World, history: list[Command], at_once: int) -> None:
    await world.open()
    await play(world, history, at_once)
    dump = await Dump(world.pool).read(world.stores[0].redis)
    sound(dump)
    same(dump, world.oracle)


@relaxed
@given(history=histories)
async def test_two_nodes_in_turn_do_what_the_policy_says(
    redis: Redis, second: Redis, pool: str, history: list[Command]
) -> None:
    world = World(redis, second, f"{pool}-{next(_numbers)}")
    await run(world, history, at_once=1)


@relaxed
@given(history=histories)
async def test_two_nodes_at_the_same_time_do_what_the_policy_says_in_the_order_redis_gave(
    redis: Redis, second: Redis, pool: str, history: list[Command]
) -> None:
    world = World(redis, second, f"{pool}-{next(_numbers)}")
    await run(world, history, at_once=8)


async def long_history(redis: Redis, second: Redis, pool: str, seed: int, *, at_once: int) -> World:
    dice = random.Random(seed)
    world = World(redis, second, f"{pool}-{seed}")
    history = [(dice.choice(KINDS), dice.randrange(100), dice.randrange(100)) for _ in range(700)]
    await run(world, FORSAKEN + RETURNED + CARED + PASSED_ON + history, at_once)
    return world


async def test_long_histories_take_every_step_of_the_life_cycles(redis: Redis, second: Redis, pool: str) -> None:
    visited: set[tuple[str, str, str]] = set()
    for seed in (0, 3, 4, 6, 12, 14, 17, 18, 22, 25):
        world = await long_history(redis, second, pool, seed, at_once=1)
        visited |= world.oracle.visited
    together = World(redis, second, f"{pool}-together")
    await run(together, TOGETHER, at_once=1)
    visited |= together.oracle.visited
    four = World(redis, second, f"{pool}-four")
    await run(four, FOUR, at_once=1)
    assert [[name, how] for call in four.oracle.calls.values() for name, how in call.helped] == [
        ["a1", "took_over"],
        ["a2", "agent_hung_up"],
        ["a0", "took_over"],
    ]
    late = World(redis, second, f"{pool}-late")
    await run(late, TILL_MIDNIGHT, at_once=1)
    visited |= late.oracle.visited
    for machine in (CALL, AGENT):
        taken = {(state, event) for name, state, event in visited if name == machine.name}
        assert set(machine.table) - taken <= HARDLY_BY_CHANCE
    # No coordinator looks on in these histories: it changes nothing of who serves whom.
    known = {*DELAY_FIELDS, "shift", "break_over", "day"} - {"watch"}
    assert {kind for name, _, kind in visited if name == "deadline"} == known


@relaxed
@given(history=histories)
async def test_nobody_waits_for_ever_when_no_agent_acts(
    redis: Redis, second: Redis, pool: str, history: list[Command]
) -> None:
    world = World(redis, second, f"{pool}-{next(_numbers)}")
    await run(world, history, at_once=1)
    for _ in range(20):
        await world.advance(600)
    dump = await Dump(world.pool).read(redis)
    same(dump, world.oracle)
    assert dump.scores("line") == {}
    assert {row["phase"] for row in dump.of("call").values()} <= {"closed", "talking"}


@pytest.mark.parametrize("seed", range(20, 24))
async def test_long_histories_with_much_at_once(redis: Redis, second: Redis, pool: str, seed: int) -> None:
    world = await long_history(redis, second, pool, seed, at_once=9)
    assert len(world.oracle.calls) > 3
