"""The Lua scripts, as functions of one library behind a common prelude.

The prelude begins with the life-cycle tables and the policy, written out from the Python ones: there is one
definition of every step, and a changed policy is another library with another digest.
"""

from __future__ import annotations

import hashlib
from importlib import resources

from signaling.lifecycle import DELAY_FIELDS, Arm, Clear, Effect, Machine, delay_ms
from signaling.lifecycle_agent import AGENT
from signaling.lifecycle_call import CALL, CLASSES, STATE_OF
from signaling.lifecycle_leg import LEG
from signaling.policy import Policy
from video_service.keys import SCHEMA_VERSION
from video_service.queue_names import MAIN

PRELUDE = (
    "_base",
    "_steps",
    "_cover",
    "_agent",
    "_care",
    "_call",
    "_match",
    "_second",
    "_watch",
    "_promise",
    "_flow",
    "_requests",
)
"""Files of the prelude, in the order in which they build on one another."""

READS = frozenset(
    {"near_places", "read_metrics", "read_person", "read_wall", "read_watch", "shifts_read", "texts", "watch_legs"}
)
"""What a server that is full or is not the primary may do, too."""

PREFIX = "signaling_"
DIGEST_LETTERS = 16
READ_ONLY = ", flags = {'no-writes'}"


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
        "call_back_ms": policy.call_back_s * 1_000,
        "call_back_window_ms": policy.call_back_window_s * 1_000,
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


class Library:
    """Every script of the folder as a function of one library, built for one policy.

    The server runs the prelude once, at the library's first operation, and not at each one. Functions are found by the
    library's name, which holds a digest of its text: nodes with other policies or of other versions do not meet.
    """

    def __init__(self, policy: Policy) -> None:
        folder = resources.files("signaling") / "scripts"
        sources = {
            entry.name.removesuffix(".lua"): entry.read_text(encoding="utf-8")
            for entry in folder.iterdir()
            if entry.name.endswith(".lua")
        }
        head = tables_lua(policy) + "".join(sources[name] for name in PRELUDE)
        self.names = tuple(sorted(sources.keys() - set(PRELUDE)))
        bodies = "".join(f"['{name}'] = operation(function()\n{sources[name]}end),\n" for name in self.names)
        made = f"local made\nlocal function make()\n{head}made = {{\n{bodies}}}\nend\n"
        self.name = PREFIX + hashlib.sha256(made.encode()).hexdigest()[:DIGEST_LETTERS]
        self.text = f"#!lua name={self.name}\n{made}{''.join(self._registered(name) for name in self.names)}"

    def _registered(self, name: str) -> str:
        # Of Lua's own functions there is none yet while the library is loaded: so it is made at the first call.
        return (
            f"redis.register_function{{function_name = '{self.function(name)}', callback = function(keys, words)\n"
            f"  if not made then make() end\n  return made['{name}'](keys, words)\nend"
            f"{READ_ONLY if name in READS else ''}}}\n"
        )

    def function(self, name: str) -> str:
        """Return what the server calls script `name`.

        Raises:
            KeyError: there is no such script.
        """
        if name not in self.names:
            raise KeyError(name)
        return f"{self.name}_{name}"
