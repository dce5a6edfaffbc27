"""What Redis holds against what the oracle says, and what must hold whatever happened."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from redis.asyncio import Redis

from signaling.lifecycle_call import STATE_OF
from tests.oracle.policy_oracle import Oracle
from tests.oracle.state import words


def text(value: Any) -> Any:
    """Bytes to text, all the way down."""
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")  # the bits of a day's open time are no text
    if isinstance(value, dict):
        return {text(key): text(item) for key, item in value.items()}
    if isinstance(value, list | set | tuple):
        return [text(item) for item in value]
    return value


class Dump:
    """Every key of a pool, read type by type."""

    def __init__(self, pool: str) -> None:
        self.root = f"{{{pool}}}:"
        self.types: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    async def read(self, redis: Redis) -> Dump:
        names = [text(name) async for name in redis.scan_iter(match=self.root.replace("{", "?") + "*", count=1000)]
        async with redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.type(name)
            self.types = dict(zip(names, text(await pipe.execute()), strict=True))
            readers = {"hash": pipe.hgetall, "set": pipe.smembers, "string": pipe.get}
            for name, kind in self.types.items():
                if kind == "zset":
                    pipe.zrange(name, 0, -1, withscores=True)
                elif kind == "list":
                    pipe.lrange(name, 0, -1)
                else:
                    readers[kind](name)
            self.values = dict(zip(names, text(await pipe.execute()), strict=True))
        return self

    def get(self, name: str) -> Any:
        return self.values.get(self.root + name)

    def scores(self, name: str) -> dict[str, int]:
        return {member: int(score) for member, score in self.get(name) or []}

    def of(self, stem: str) -> dict[str, Any]:
        head = f"{self.root}{stem}:"
        return {name.removeprefix(head): value for name, value in self.values.items() if name.startswith(head)}


def same(dump: Dump, oracle: Oracle) -> None:
    """Every call, agent and deadline is as the oracle says."""
    calls = {
        key: (
            *(row["phase"], int(row["epoch"]), row["agent"] if row["phase"] != "closed" else "", row["ended_reason"]),
            *(row["class"], row["counts_as"], row["held_for"], row["last_agent"]),
            *(words(row["needs"]), row["sign_language"], int(row.get("held_from_ms", 0))),
            *(row.get("invited", ""), row.get("helpers", "").split(), int(row.get("invite_seq", 0))),
        )
        for key, row in dump.of("call").items()
    }
    expected_calls = {
        call.id: (
            *(call.phase, call.epoch, call.agent if call.phase != "closed" else "", call.ended_reason),
            *(call.call_class, call.counts_as, call.held_for, call.last_agent),
            *(call.needs, call.sign, call.held_from_ms),
            *(call.invited, call.helpers, call.invitations),
        )
        for call in oracle.calls.values()
    }
    assert calls == expected_calls
    agents = {
        key: (
            row["state"],
            row["call"],
            int(row["missed"]),
            row["break_wanted"] == "1",
            row["away"],
            int(row["signing_ms"]),
            row["lost"] == "1",
            row.get("listed_spent") == "1",
            *(int(row.get(name, 0)) for name in ("break_from_ms", "break_owed_ms", "break_until_ms", "break_asked_ms")),
        )
        for key, row in dump.of("agent").items()
    }
    expected_agents = {
        a.id: (
            *(a.state, a.call, a.missed, a.break_wanted, a.away, a.signing_ms, a.lost, a.staffed_spent),
            *(a.break_from_ms, a.break_owed_ms, a.break_until_ms, a.asked_ms),
        )
        for a in oracle.agents.values()
    }
    assert agents == expected_agents
    # What was promised is no part of matching, and has a history of its own (integration/test_call_back.py).
    due = {name: at for name, at in dump.scores("deadlines").items() if not name.startswith(("promise:", "call_back:"))}
    assert due == oracle.deadlines
    present = {name for name, row in dump.of("person").items() if row["present"] == "1"}
    assert (
        present == {name for name, person in oracle.persons.items() if person.present} == set(dump.scores("presence"))
    )
    assert {key: set(left) for key, left in dump.of("left").items()} == {
        call.id: call.left for call in oracle.open_calls() if call.left
    }
    assert set(dump.scores("urgent_matters")) == {call.id for call in oracle.calls.values() if call.matter}
    assert dump.scores("follow_ups") == {call.id: call.promise[2] for call in oracle.calls.values() if call.promise[0]}
    for key, row in dump.of("record").items():
        assert row.get("outcome", "") == oracle.calls[key].outcome
        assert row.get("follow_up_owner", "") == oracle.calls[key].promise[0]
        assert int(row["signing_ms"]) == oracle.calls[key].signing_ms
        helped = [[each["agent"], each["ended"]] for each in json.loads(row.get("helpers", "[]"))]
        assert helped == oracle.calls[key].helped
        assert int(row.get("hold_ms", 0)) == oracle.calls[key].hold_ms


def sound(dump: Dump) -> None:
    """What must hold in every store, oracle or not."""
    calls, agents, persons = dump.of("call"), dump.of("agent"), dump.of("person")
    served = [row["agent"] for row in calls.values() if row["phase"] != "closed" and row["agent"]]
    assert len(served) == len(set(served)), "an agent has two calls"
    live = {key: row for key, row in calls.items() if row["phase"] != "closed"}
    asked = {row["invited"]: key for key, row in live.items() if row.get("invited")}
    beside = [(agent, key) for key, row in live.items() for agent in row.get("helpers", "").split()]
    company = dict(beside) | asked
    assert len(company) == len(beside) + sum(1 for row in live.values() if row.get("invited")), (
        "one is beside two calls"
    )
    assert max((len(row.get("helpers", "").split()) for row in live.values()), default=0) <= 2
    assert not set(served) & set(company), "an agent has two calls"
    held = [row["call"] for key, row in agents.items() if row["call"] and key not in company]
    assert len(held) == len(set(held)), "a call is at two agents"
    assert {key: agents[key]["call"] for key in company} == company, "a further agent is somewhere else"
    for key, row in agents.items():
        assert bool(row["call"]) == (row["state"] in ("reserved", "on_call"))
        if row["call"]:
            call = calls[row["call"]]
            if key in company:
                assert (row["state"] == "reserved") == (key in asked)
                assert STATE_OF[call["phase"]] == "active", "a further agent without a first one"
                continue
            assert call["agent"] == key
            assert (row["state"] == "reserved") == (call["phase"] == "ringing")
    for key, row in calls.items():
        assert bool(row["agent"]) == (row["phase"] in ("ringing", "talking", "alone")) or row["phase"] == "closed"
        assert STATE_OF[row["phase"]] == "active" or int(row.get("held_from_ms", 0)) == 0, "on hold with nobody"
        if row["phase"] != "closed":
            assert persons[row["customer"]]["call"] == key, "a customer was lost"
    in_state = {
        state: {key for key, row in calls.items() if STATE_OF[row["phase"]] == state} for state in ("waiting", "active")
    }
    assert set(dump.scores("line")) == in_state["waiting"]
    assert set(dump.scores("active")) == in_state["active"]
    assert set(dump.scores("records")) == set(dump.of("record")) >= set(calls)
    in_line = {key for key, row in calls.items() if row["phase"] == "queued"}
    reserved_for = {key: calls[key]["held_for"] for key in in_line if calls[key]["held_for"]}
    _index(dump, "waiting", in_line - set(reserved_for))
    assert {key: agent for agent, members in dump.of("held").items() for key, _ in members} == reserved_for
    _index(
        dump,
        "idle",
        {
            key
            for key, row in agents.items()
            if row["state"] in ("available", "rest") and persons[key]["present"] == "1"
        },
    )
    asks = {key: int(row["break_asked_ms"]) for key, row in agents.items() if int(row.get("break_asked_ms", 0))}
    assert dump.scores("break_asks") == asks
    assert set(dump.scores("agents")) == {key for key, row in agents.items() if row["state"] != "offline"}
    counted = {state: int(count) for state, count in (dump.get("agent_states") or {}).items() if int(count)}
    assert counted == Counter(row["state"] for row in agents.values() if row["state"] != "offline")


def _index(dump: Dump, stem: str, expected: set[str]) -> None:
    zsets = {name: [member for member, _ in members] for name, members in dump.of(stem).items()}
    assert sorted(member for members in zsets.values() for member in members) == sorted(expected)
    if stem == "waiting":
        index = {f"{bucket}:{name}" for name, buckets in dump.of("buckets").items() for bucket in buckets}
    else:
        index = set(dump.get("idle_sets") or [])
    assert index == set(zsets), "the index names exactly the buckets that are not empty"
