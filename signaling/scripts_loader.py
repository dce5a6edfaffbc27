"""The Lua scripts, each with the common prelude before it.

The prelude begins with the life-cycle tables and the policy, written out from the Python ones: there is one
definition of every step, and a changed policy is another script with another digest.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from importlib import resources

from signaling.lifecycle import DELAY_FIELDS, Arm, Clear, Effect, Machine, delay_ms
from signaling.lifecycle_agent import AGENT
from signaling.lifecycle_call import CALL, CLASSES, STATE_OF
from signaling.lifecycle_leg import LEG
from signaling.policy import Policy
from video_service.keys import SCHEMA_VERSION
from video_service.queue_names import MAIN

PRELUDE = ("_base", "_steps", "_cover", "_agent", "_care", "_call", "_match", "_second", "_flow", "_requests")
"""Files of the prelude, in the order in which they build on one another."""


@dataclasses.dataclass(frozen=True)
class Script:
    """One script as the server gets it."""

    name: str
    text: str
    sha: str


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _effect(effect: Effect) -> str:
    match effect:
        case Arm(deadline):
            return "+" + deadline
        case Clear(deadline):
            return "-" + deadline
        case _:
            return "!" + effect.name


def machine_lua(machine: Machine) -> str:
    """Write a life cycle as a Lua function that returns its table.

    "state event" leads to "new_state effect ...", an effect being "+deadline" (arm), "-deadline" (clear) or "!name".
    Flat text, because every script makes this table anew and looks at few of its lines.
    """
    lines = [
        f"[{_quoted(f'{state} {event}')}]={_quoted(' '.join((step.to, *map(_effect, step.effects))))}"
        for (state, event), step in sorted(machine.table.items())
    ]
    return "function() return {" + ",\n".join(lines) + "} end"


def policy_lua(policy: Policy) -> str:
    """Write what the scripts need of the policy, in integer milliseconds and counts."""
    numbers = {
        "presence_ttl_ms": policy.presence_ttl_s * 1_000,
        "ticket_ttl_ms": policy.ticket_ttl_s * 1_000,
        "resume_ttl_ms": policy.resume_ttl_s * 1_000,
        "text_buffer_ms": policy.text_buffer_s * 1_000,
        "text_buffer_lines": policy.text_buffer_lines,
        "photos": policy.photos_per_call,
        "photo_tries": policy.photo_tries,
        "photo_most_ms": policy.photo_most_s * 1_000,
        "ended_linger_ms": policy.ended_linger_s * 1_000,
        "retention_ms": policy.record_retention_days * 86_400_000,
        "rollup_retention_ms": policy.rollup_retention_days * 86_400_000,
        # Never longer than the record by which the note is found, shown and erased.
        "note_retention_ms": min(policy.note_retention_days, policy.record_retention_days) * 86_400_000,
        "last_agent_ms": policy.last_agent_window_s * 1_000,
        "vip_agent_ms": policy.vip_agent_window_s * 1_000,
        "kept_place_ms": policy.kept_place_s * 1_000,
        "resume_ms": policy.resume_window_s * 1_000,
        "interval_ms": policy.interval_minutes * 60_000,
        "target_ms": policy.service_level_target_s * 1_000,
        "goal_percent": policy.service_level_goal_percent,
        "max_signing_ms": policy.max_signing_minutes * 60_000,
        "rest_ms": policy.rest_minutes * 60_000,
        "max_signing_day_ms": policy.max_signing_minutes_a_day * 60_000,
        "break_guard_ms": policy.break_guard_s * 1_000,
        "missed_limit": policy.missed_limit,
        "waiting_limit": policy.waiting_limit,
        "wall_limit": policy.wall_limit,
        "sweep_batch": policy.sweep_batch,
    }
    return "{" + ",".join(f"{name}={round(value)}" for name, value in numbers.items()) + "}"


def tables_lua(policy: Policy) -> str:
    """Write the generated head of the prelude."""
    delays = ",".join(f"{name}={delay_ms(name, policy)}" for name in DELAY_FIELDS)
    states = ",".join(f"[{_quoted(phase)}]={_quoted(state)}" for phase, state in STATE_OF.items())
    classes = ",".join(map(_quoted, CLASSES))
    machines = ",\n".join(f"{machine.name}={machine_lua(machine)}" for machine in (CALL, LEG, AGENT))
    return (
        f"local SCHEMA = {SCHEMA_VERSION}\nlocal MAIN_QUEUE = {_quoted(MAIN)}\n"
        f"local POLICY = {policy_lua(policy)}\nlocal DELAY = {{{delays}}}\n"
        f"local STATE_OF = {{{states}}}\nlocal CLASSES = {{{classes}}}\nlocal MACHINES = {{{machines}}}\n"
    )


class ScriptSet:
    """Every script, built for one policy."""

    def __init__(self, policy: Policy) -> None:
        folder = resources.files("signaling") / "scripts"
        sources = {
            entry.name.removesuffix(".lua"): entry.read_text(encoding="utf-8")
            for entry in folder.iterdir()
            if entry.name.endswith(".lua")
        }
        head = tables_lua(policy) + "".join(sources[name] for name in PRELUDE)
        self._scripts: dict[str, Script] = {}
        for name in sorted(sources.keys() - set(PRELUDE)):
            text = head + sources[name]
            sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
            self._scripts[name] = Script(name, text, sha)

    def __getitem__(self, name: str) -> Script:
        return self._scripts[name]

    def __iter__(self) -> Iterator[Script]:
        return iter(self._scripts.values())
