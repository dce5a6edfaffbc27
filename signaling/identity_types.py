"""Who is behind a ticket, a resume token or a socket."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from video_service.launch_tokens import UrgentReason
from video_service.skill_words import LEVELS, LONGEST

Role = Literal["customer", "agent", "coordinator"]
PersonId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+\Z")]
Skill = Annotated[str, Meta(min_length=1, max_length=LONGEST + 2, pattern=rf"^[A-Za-z0-9_-]+(:[1-{LEVELS}])?\Z")]
"""As in `skill_words`."""


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
    queue: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*\Z")] = ""
    urgent: bool = False
    reason: UrgentReason = ""
    context: Annotated[str, Meta(max_length=200)] = ""
    generation: int = 0
