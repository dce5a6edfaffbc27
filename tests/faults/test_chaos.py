"""The chaos benchmark, short: people do at random what a page lets them do while web nodes are killed under them."""

from __future__ import annotations

import pytest

from benchmarks.chaos import Chaos
from tests.valkey_server import RealValkey

pytestmark = pytest.mark.faults


async def test_nobody_is_lost_or_given_twice_while_nodes_are_killed(valkey: RealValkey, pool: str) -> None:
    chaos = Chaos(valkey.url, pool, operations=600, nodes=2, customers=12, agents=5, seed=3, kill_every_s=(0.5, 1.0))
    outcome = await chaos.run()
    assert {words: count for words, count in outcome.faults.items() if count} == {}
    assert outcome.killed + outcome.stopped >= 2
    assert outcome.calls > 20
    assert sum(len(names) == 1 for names in outcome.seen.served.values()) > 10, "somebody was served at all"
    assert outcome.seen.resumed > 3


async def test_what_must_not_be_is_found_when_it_is(valkey: RealValkey, pool: str) -> None:
    """The judge itself."""
    chaos = Chaos(valkey.url, pool, operations=0, nodes=0, customers=0, agents=0, seed=1)
    chaos.outcome.seen.served["c_1", 3] = {"a1", "a2"}
    chaos.outcome.seen.served["c_1", 4] = {"a1"}
    chaos.outcome.seen.joined["c_2"] = "c-1"
    try:
        await chaos.judge()
    finally:
        await chaos.close()
    assert {words: count for words, count in chaos.outcome.faults.items() if count} == {
        "a call of one epoch at two agents": 1,
        "a call that a page was shown and nobody kept": 1,
    }
