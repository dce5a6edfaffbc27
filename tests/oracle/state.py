"""What the oracle knows: plain objects, no indexes, nothing clever."""

from __future__ import annotations

import dataclasses


class Refused(Exception):
    """The operation is refused with this code, and nothing has changed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclasses.dataclass
class Person:
    role: str
    skills: frozenset[str]
    socket: str = ""
    present: bool = False
    lapses_ms: int = 0
    leg: str = ""
    leg_up: bool = False
    call: str = ""


@dataclasses.dataclass
class Call:
    id: str
    customer: str
    needs: frozenset[str]
    call_class: str
    seq: int
    joined_ms: int
    vip: bool = False
    matter: bool = False
    solved: bool = False
    """As its agent says."""
    sign: str = ""
    base_needs: frozenset[str] = frozenset()
    sign_need: frozenset[str] = frozenset()
    """Of what is more than that, how the customer signs; the rest is the topic."""
    topic: frozenset[str] = frozenset()
    counts_as: str = ""
    last_agent: str = ""
    last_agent_until_ms: int = 0
    held_for: str = ""
    closed_ms: int = 0
    phase: str = "new"
    epoch: int = 0
    agent: str = ""
    declined: set[str] = dataclasses.field(default_factory=set)
    left: set[str] = dataclasses.field(default_factory=set)
    answered_ms: int = 0
    signing_ms: int = 0
    segment_from_ms: int = 0
    invited: str = ""
    """Who is asked to come in."""
    invitations: int = 0
    helpers: list[str] = dataclasses.field(default_factory=list)
    """Who is in beside the agent, the first of them first."""
    helped: list[list[str]] = dataclasses.field(default_factory=list)
    """Whoever came in, and how that ended, "" while it has not."""
    held_from_ms: int = 0
    hold_ms: int = 0
    ended_reason: str = ""
    outcome: str = ""
    promise: tuple[str, int, int] = ("", 0, 0)
    """Who promised to come back within how many hours, and by when."""
    kept_until_ms: int = 0
    segments: list[tuple[str, str]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Agent:
    id: str
    skills: frozenset[str]
    state: str = "offline"
    idle_ms: int = 0
    since_ms: int = 0
    call: str = ""
    missed: int = 0
    break_wanted: bool = False
    away: str = ""
    signing_ms: int = 0
    signing_from_ms: int = 0
    working_until_ms: int = 0
    staffed_until_ms: int = 0
    staffed_spent: bool = False
    """At the last look, the day's limit was reached."""
    signed: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    """From when to when, in each call that is over."""
    break_from_ms: int = 0
    break_length_ms: int = 0
    break_owed_ms: int = 0
    break_until_ms: int = 0
    asked_ms: int = 0
    lost: bool = False
    after_call_of: str = ""


@dataclasses.dataclass
class Shift:
    agent: str
    start_ms: int
    end_ms: int
    breaks: list[tuple[int, int]] = dataclasses.field(default_factory=list)


def skills_of(text: object) -> frozenset[str]:
    """Read skills as all the needs that they cover: "csl.2" is csl, at any level up to 2."""
    found = set()
    for word in words(text):
        label, _, level = word.partition(".")
        found |= {label, *(f"{label}.{each}" for each in range(1, int(level or 3) + 1))}
    return frozenset(found)


def words(text: object) -> frozenset[str]:
    """Read "a+b" as the store writes skills and needs."""
    return frozenset(filter(None, str(text).split("+")))
