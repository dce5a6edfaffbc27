"""The reader of the store's log finds who was served before somebody who came first, and takes nobody else for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks._order import Checker, Operation, commands, covers, operations, planted

pytestmark = pytest.mark.unit

AGENT = ["HSET", "{main}:agent:a1", "skills", "csl+rail.2", "state", "available"]


def joined(call: str, seq: int, needs: str = "csl", counts_as: str = "normal", held_for: str = "") -> Operation:
    name = f"{{main}}:call:{call}"
    row = {"seq": str(seq), "needs": needs, "counts_as": counts_as, "held_for": held_for, "phase": "queued"}
    return [["HSET", name, *(word for pair in {"queue": "main", "class": "normal", **row}.items() for word in pair)]]


def rings(call: str, agent: str = "a1") -> Operation:
    return [["HSET", f"{{main}}:call:{call}", "phase", "ringing", "agent", agent]]


def found(*log: Operation) -> list[str]:
    checker = Checker()
    for operation in ([AGENT], *log):
        checker.play(operation)
    return [each.should for each in checker.found]


def test_whoever_came_first_rings_first() -> None:
    assert found(joined("x", 1), joined("y", 2), rings("x"), rings("y")) == []
    assert found(joined("x", 1), joined("y", 2), rings("y")) == ["x"]


def test_a_call_that_comes_back_stands_where_it_stood() -> None:
    back: Operation = [["HSET", "{main}:call:x", "phase", "queued", "agent", ""]]
    assert found(joined("x", 1), joined("y", 2), rings("x"), back, rings("y")) == ["x"]


@pytest.mark.parametrize(
    "first",
    [
        joined("x", 1, needs="asl"),
        joined("x", 1, needs="rail.3"),
        joined("x", 1, held_for="a2"),
        [*joined("x", 1), ["SADD", "{main}:declined:x", "a1"]],
        [*joined("x", 1), ["SADD", "{main}:left:x", "a1", "a3"]],
        [["HSET", "{main}:call:x", "seq", "1", "needs", "", "class", "normal", "phase", "parked"]],
    ],
    ids=["cannot", "level", "held for another", "declined", "was left", "away"],
)
def test_who_could_not_ring_there_is_not_overtaken(first: Operation) -> None:
    assert found(first, joined("y", 2), rings("y")) == []


def test_declined_counts_until_all_are_asked_anew() -> None:
    declined: Operation = [*joined("x", 1), ["SADD", "{main}:declined:x", "a1"]]
    assert found(declined, [["DEL", "{main}:declined:x", "{main}:left:x"]], joined("y", 2), rings("y")) == ["x"]


def test_a_higher_class_goes_first_and_whoever_waits_for_this_agent_first_of_a_class() -> None:
    assert found(joined("x", 1), joined("y", 2, counts_as="urgent"), rings("y")) == []
    assert found(joined("x", 1), joined("y", 2, counts_as="urgent"), rings("x")) == ["y"]
    assert found(joined("x", 1), joined("y", 2, held_for="a1"), rings("y")) == []
    assert found(joined("x", 1), joined("y", 2, held_for="a1"), rings("x")) == ["y"]


def test_what_comes_in_the_same_operation_was_not_there_to_be_asked() -> None:
    assert found(joined("y", 2), [*rings("y"), *joined("x", 1)]) == []


def test_an_unfair_log_is_made_from_a_fair_one_and_found() -> None:
    log = [[AGENT], joined("x", 1), joined("y", 2), rings("x"), rings("y")]
    assert [each.rang for each in _played(planted(log)).found] == ["x"]
    assert _played(log).found == []
    with pytest.raises(LookupError):
        planted([[AGENT], joined("x", 1), rings("x")])


def _played(log: list[Operation]) -> Checker:
    checker = Checker()
    for operation in log:
        checker.play(operation)
    return checker


def test_levels_are_compared_as_the_service_compares_them() -> None:
    assert covers("csl+rail.2", "csl+rail.2")
    assert covers("csl", "")
    assert not covers("csl+rail.1", "rail.2")


def test_a_log_is_read_operation_by_operation_and_a_torn_end_is_left_out(tmp_path: Path) -> None:
    log = tmp_path / "a.aof"
    words = [["SELECT", "0"], ["MULTI"], ["HSET", "k", "f", "手"], ["DEL", "k"], ["EXEC"]]
    text = "#TS:1\r\n" + "".join(
        f"*{len(each)}\r\n" + "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in each) for each in words
    )
    log.write_bytes(text.encode() + b"*2\r\n$3\r\nDE")
    assert list(operations(commands(log))) == [[["SELECT", "0"]], [["HSET", "k", "f", "手"], ["DEL", "k"]]]
