"""Who was asked before whom, read from the log of the store itself: the commands that Valkey wrote to its AOF.

A script's commands stand in the log together, in the order in which the server ran the scripts. The checker plays them
into rows of its own and looks, at each ring, for a call that should have rung instead: one that waited before and after
this operation, that this agent can take and has not declined, and that stands before the one that rang.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

CLASSES: Final = ("urgent", "resumed", "callback", "vip", "normal")
BEST_LEVEL: Final = 3

Command = list[str]
Operation = list[Command]


def commands(log: Path) -> Iterator[Command]:
    """Yield the commands of an AOF (RESP arrays of bulk strings); a last one that is cut off is left out."""
    data, at = log.read_bytes(), 0

    def line() -> bytes:
        nonlocal at
        end = data.index(b"\r\n", at)
        found, at = data[at:end], end + 2
        return found

    while at < len(data):
        try:
            head = line()
            if head[:1] == b"#":  # a time stamp between commands
                continue
            words = []
            for _ in range(int(head[1:])):
                size = int(line()[1:])
                words.append(data[at : at + size].decode())
                at += size + 2
        except ValueError:
            return
        yield words


def operations(log: Iterable[Command]) -> Iterator[Operation]:
    """Yield the commands of each operation: what stands between MULTI and EXEC, or one command alone."""
    together: Operation | None = None
    for command in log:
        word = command[0].upper()
        if word == "MULTI":
            together = []
        elif word == "EXEC":
            yield together or []
            together = None
        elif together is None:
            yield [command]
        else:
            together.append(command)


def covers(skills: str, needs: str) -> bool:
    """Say whether somebody with these skills can take a call with these needs, both as in the rows: "csl+rail.2"."""
    has = {}
    for word in filter(None, skills.split("+")):
        label, _, level = word.partition(".")
        has[label] = int(level or BEST_LEVEL)
    for word in filter(None, needs.split("+")):
        label, _, level = word.partition(".")
        if has.get(label, 0) < int(level or 1):
            return False
    return True


@dataclasses.dataclass
class Overtaken:
    """A call that rang although another one should have."""

    operation: int
    agent: str
    rang: str
    should: str


class Checker:
    """Plays the log of one pool."""

    def __init__(self, pool: str = "main") -> None:
        self._root = f"{{{pool}}}:"
        self.rows: dict[str, dict[str, str]] = {}
        self.barred: dict[str, set[str]] = defaultdict(set)
        self.queued: set[str] = set()
        self.found: list[Overtaken] = []
        self.counts: Counter[str] = Counter()
        self._number = 0

    def play(self, operation: Operation) -> None:
        """Take one operation into the rows, and judge whoever it made ring."""
        self._number += 1
        before = {call: self._place(call) for call in self.queued}
        barred_before = {call: set(self.barred[call]) for call in self.queued if call in self.barred}
        rang = [call for command in operation if (call := self._apply(command))]
        for call in rang:
            self._judge(call, before, barred_before)

    def _apply(self, command: Command) -> str:
        """Return the call that this command lets ring, "" for none."""
        word, name = command[0].upper(), command[1].removeprefix(self._root) if len(command) > 1 else ""
        kind, _, key = name.partition(":")
        if word == "HSET" and kind in ("call", "agent"):
            fields = dict(zip(command[2::2], command[3::2], strict=True))
            row = self.rows.setdefault(name, {})
            was = row.get("phase", "")
            row |= fields
            if kind == "call" and "phase" in fields:
                self._count(was, row)
                (self.queued.add if row["phase"] == "queued" else self.queued.discard)(key)
                return key if row["phase"] == "ringing" else ""
            if kind == "call" and was == "queued" and "counts_as" in fields:
                self.counts["other class or held"] += 1
        elif word == "SADD" and kind in ("declined", "left"):
            self.barred[key] |= set(command[2:])
        elif word in ("DEL", "UNLINK"):
            for each in command[1:]:
                stem, _, call = each.removeprefix(self._root).partition(":")
                if stem == "declined":
                    self.barred.pop(call, None)
        return ""

    def _count(self, was: str, row: dict[str, str]) -> None:
        self.counts[f"{was or 'new'} to {row['phase']}"] += 1

    def _place(self, call: str) -> tuple[int, str, int]:
        """Return where a call stands: class, for whom it is held, number of its arrival."""
        row = self.rows[f"call:{call}"]
        return CLASSES.index(row.get("counts_as") or row["class"]), row.get("held_for", ""), int(row["seq"])

    def _judge(self, call: str, before: dict[str, tuple[int, str, int]], barred_before: dict[str, set[str]]) -> None:
        row = self.rows[f"call:{call}"]
        agent = row["agent"]
        skills = self.rows[f"agent:{agent}"].get("skills", "")
        self.counts["rings"] += 1
        own = self._place(call)
        places = {own, before.get(call, own)}
        for other in self.queued & before.keys():
            if agent in self.barred.get(other, ()) or agent in barred_before.get(other, ()):
                continue
            if not covers(skills, self.rows[f"call:{other}"]["needs"]):
                continue
            stood = (before[other], self._place(other))
            if all(_before(one, place, agent) for one in stood for place in places):
                self.found.append(Overtaken(self._number, agent, call, other))
                return


def _before(one: tuple[int, str, int], other: tuple[int, str, int], agent: str) -> bool:
    """Say whether `one` stands before `other` for this agent: by class, then who waits for this agent, then arrival."""
    if one[1] not in ("", agent):
        return False
    return (one[0], one[1] != agent, one[2]) < (other[0], other[1] != agent, other[2])


def planted(log: list[Operation], pool: str = "main") -> list[Operation]:
    """Return the log of a service that is not fair: of two calls that waited together, the later one rang first.

    Raises:
        LookupError: no two calls of one class and the same needs ever waited together.
    """
    checker = Checker(pool)
    for operation in log:
        waited = {call: checker.rows[f"call:{call}"] for call in checker.queued}
        checker.play(operation)
        for call in waited.keys() - checker.queued:
            row = checker.rows[f"call:{call}"]
            if row["phase"] != "ringing" or row.get("held_for"):
                continue
            for other, stands in waited.items():
                alike = all(stands.get(field) == row.get(field) for field in ("counts_as", "needs", "queue"))
                if other in checker.queued and alike and not stands.get("held_for") and not checker.barred.get(other):
                    return [_swapped(each, row["seq"], stands["seq"]) for each in log]
    raise LookupError("no two calls waited together")


def _swapped(operation: Operation, one: str, other: str) -> Operation:
    """Return an operation in which two numbers of arrival have changed their places."""
    swap = {one: other, other: one}
    result = []
    for command in operation:
        words = list(command)
        if words[0].upper() == "HSET" and ":call:" in words[1]:
            for at in range(2, len(words) - 1, 2):
                if words[at] == "seq":
                    words[at + 1] = swap.get(words[at + 1], words[at + 1])
        result.append(words)
    return result
