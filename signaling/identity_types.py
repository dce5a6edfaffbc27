"""Who is behind a ticket, a resume token or a socket."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from video_service.launch_tokens import UrgentReason

Role = Literal["customer", "agent", "coordinator"]
PersonId = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_-]+$")]
LEVELS = 3
Skill = Annotated[str, Meta(min_length=1, max_length=66, pattern=f"^[A-Za-z0-9_-]+(:[1-{LEVELS}])?$")]
"""A label, and how well: csl:2. As a skill a label alone means the highest level, as a need the lowest."""

_WORD = re.compile(rf"([A-Za-z0-9_-]{{1,64}})(?::([1-{LEVELS}]))?")


class Identity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One person in one role, as the web shell knows it after log-in (or after a guest's first tap).

    `person` is pseudonymous. `name` is shown to the other side of a call and never logged or put on record. The fields
    from `entry` on are a customer's: by which way in, and what the host application said (see `launch_tokens`).
    `generation` is that of a staff account: what was given out before the account's sessions ended opens nothing.
    """

    person: PersonId
    role: Role
    name: str = ""
    skills: tuple[Skill, ...] = ()
    verified: bool = False
    vip: bool = False
    site: str = "main"
    locale: str = ""
    entry: Annotated[str, Meta(max_length=16)] = "web"
    sign_language: Annotated[str, Meta(max_length=64)] = ""
    needs: tuple[Skill, ...] = ()
    urgent: bool = False
    reason: UrgentReason = ""
    context: Annotated[str, Meta(max_length=200)] = ""
    generation: int = 0


def skills_text(skills: tuple[str, ...]) -> str:
    """Return skills as the text that names their bucket: sorted, without doubles, joined by "+"; "csl.2" for csl:2.

    Raises:
        ValueError: a word holds something other than letters, digits, "_", "-" and a level.
    """
    return _canonical(skills, plain=LEVELS)


def needs_text(needs: tuple[str, ...]) -> str:
    """Return needs as the text that names their bucket; as `skills_text`, but a label alone asks for level 1.

    Raises:
        ValueError: as `skills_text`.
    """
    return _canonical(needs, plain=1)


def _canonical(words: tuple[str, ...], *, plain: int) -> str:
    levels: dict[str, int] = {}
    for word in words:
        found = _WORD.fullmatch(word)
        if found is None:
            raise ValueError(f"not a skill: {word!r}")
        label, level = found.group(1), int(found.group(2) or plain)
        levels[label] = max(level, levels.get(label, 0))
    return "+".join(label if level == plain else f"{label}.{level}" for label, level in sorted(levels.items()))
