"""Who is behind a ticket, a resume token or a socket."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from video_service.launch_tokens import UrgentReason

Role = Literal["customer", "agent", "coordinator"]
PersonId = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_-]+$")]
Skill = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_-]+$")]


_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")


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
    urgent: bool = False
    reason: UrgentReason = ""
    context: Annotated[str, Meta(max_length=200)] = ""
    generation: int = 0


def canonical(words: tuple[str, ...]) -> str:
    """Return skills or needs as the text that names their bucket: sorted, without doubles, joined by "+".

    Raises:
        ValueError: a word holds something other than letters, digits, "_" and "-".
    """
    for word in words:
        if not _WORD.fullmatch(word):
            raise ValueError(f"not a skill: {word!r}")
    return "+".join(sorted(set(words)))
