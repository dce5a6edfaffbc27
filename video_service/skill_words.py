"""Skills and needs as words: a label, and how well (csl:2).

As a skill a label alone means the highest level, as a need the lowest. A written language is asked for as a skill like
any other: writes_en.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

LEVELS = 3
WRITES = "writes_"
LONGEST = 64 + len(WRITES)

_WORD = re.compile(rf"([A-Za-z0-9_-]{{1,{LONGEST}}})(?::([1-{LEVELS}]))?")


class Able(Protocol):
    """Somebody with skills, and with languages that are written."""

    @property
    def skills(self) -> tuple[str, ...]: ...

    @property
    def languages(self) -> tuple[str, ...]: ...


def all_skills(person: Able) -> tuple[str, ...]:
    """Return what somebody can do as matching knows it: the skills, and the written languages beside them."""
    return (*person.skills, *writing(person.languages))


def writing(languages: Iterable[str]) -> tuple[str, ...]:
    """Return written languages as skills, or as needs."""
    return tuple(WRITES + language for language in languages)


def skills_text(skills: Iterable[str]) -> str:
    """Return skills as the text that names their bucket: sorted, without doubles, joined by "+"; "csl.2" for csl:2.

    Raises:
        ValueError: a word holds something other than letters, digits, "_", "-" and a level.
    """
    return _canonical(skills, plain=LEVELS)


def needs_text(needs: Iterable[str]) -> str:
    """Return needs as the text that names their bucket; as `skills_text`, but a label alone asks for level 1.

    Raises:
        ValueError: as `skills_text`.
    """
    return _canonical(needs, plain=1)


def covers(skills: Iterable[str], needs: Iterable[str]) -> bool:
    """Return whether somebody with these skills has what is needed.

    Raises:
        ValueError: as `skills_text`.
    """
    have = _levels(skills, plain=LEVELS)
    return all(have.get(label, 0) >= least for label, least in _levels(needs, plain=1).items())


def lacking(skills: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """Return what of somebody's skills `wanted` somebody with `skills` cannot do as well, by label.

    A label that is not there at all stands alone; one that is there at a lower level has the level that is wanted.

    Raises:
        ValueError: as `skills_text`.
    """
    have, want = _levels(skills, plain=LEVELS), _levels(wanted, plain=LEVELS)
    return tuple(
        f"{label}:{level}" if label in have else label
        for label, level in sorted(want.items())
        if have.get(label, 0) < level
    )


def _canonical(words: Iterable[str], *, plain: int) -> str:
    levels = sorted(_levels(words, plain=plain).items())
    return "+".join(label if level == plain else f"{label}.{level}" for label, level in levels)


def _levels(words: Iterable[str], *, plain: int) -> dict[str, int]:
    """Return the highest level of each label; `plain` is that of a label alone."""
    found: dict[str, int] = {}
    for word in words:
        match = _WORD.fullmatch(word)
        if match is None:
            raise ValueError(f"not a skill: {word!r}")
        label, level = match.group(1), int(match.group(2) or plain)
        found[label] = max(level, found.get(label, 0))
    return found
