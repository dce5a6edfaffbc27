"""The rows of a plan file as they stand there: read, each held against its rule, and a fault told by its row's name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from scheduler.errors import BadRoster
from scheduler.roster.problem import QUARTER_MIN
from scheduler.service_level import Definition
from scheduler.targets import MINIMUM_WHEN_OPEN

WISH_WEIGHT = 50
"""Penalty points of a wish that is not kept, where the rules say nothing else."""

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):(00|15|30|45)\Z")]
Quarters = Annotated[int, Meta(ge=QUARTER_MIN, le=1440, multiple_of=QUARTER_MIN)]
Part = Annotated[float, Meta(gt=0, lt=1)]
Points = Annotated[int, Meta(ge=0, le=100_000)]


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class TargetsRow(_Row, frozen=True):
    """What an open queue promises."""

    answered_share: Part = 0.95
    within_s: Annotated[float, Meta(ge=0, le=86_400)] = 20
    definition: Definition = Definition.SERVED_OF_OFFERED
    give_up_share: Part | None = None
    longest_wait_s: Annotated[float, Meta(gt=0, le=86_400)] | None = None
    minimum: Annotated[int, Meta(ge=0, le=1000)] = MINIMUM_WHEN_OPEN
    kept_often: Part = 0.9


class AgainRow(_Row, frozen=True):
    """Who gives up and calls again."""

    share: Annotated[float, Meta(ge=0, lt=1)]
    pause_s: Annotated[float, Meta(gt=0, le=86_400)]


class ShiftRow(_Row, frozen=True):
    """A shift that can be worked."""

    name: Name
    start: Clock = msgspec.field(name="from")
    end: Clock = msgspec.field(name="to")
    paid_min: Annotated[int, Meta(gt=0, le=1440)] | None = None
    break_min: Quarters | None = None
    most_signing_min: Quarters = 120
    weekdays: frozenset[Annotated[int, Meta(ge=1, le=7)]] | None = None
    tags: frozenset[Name] = frozenset()
    site: Name | None = None
    not_before: frozenset[Name] = frozenset()


class ContractRow(_Row, frozen=True):
    """A contract's limits."""

    name: Name
    most_hours_a_week: Annotated[float, Meta(gt=0, le=168)]
    least_hours_a_week: Annotated[float, Meta(ge=0, le=168)] = 0
    days_in_a_row: Annotated[int, Meta(ge=1, le=14)] = 6
    days_off_in_a_row: Annotated[int, Meta(ge=1, le=7)] = 1
    weekends: Annotated[int, Meta(ge=0)] | None = None
    days_a_week: Annotated[int, Meta(ge=1, le=7)] | None = None
    rest_hours: Annotated[float, Meta(ge=0, le=24)] = 11
    split_shifts: bool = False
    days_on_in_a_row: Annotated[int, Meta(ge=1, le=7)] = 1
    most_of: dict[Name, Annotated[int, Meta(ge=0)]] = {}


class FairRow(_Row, frozen=True):
    """A burden to be shared."""

    burden: Name
    weight: Points = WISH_WEIGHT


class MixRow(_Row, frozen=True):
    """Who is wanted whenever anybody is there."""

    people: Annotated[int, Meta(ge=1, le=1000)] = 1
    seniority: Annotated[int, Meta(ge=0, le=100)] = 0
    skill: Name | None = None
    site: Name | None = None
    weight: Points = 100


class PersonRow(_Row, frozen=True):
    """Somebody of the team."""

    name: Name
    contract: Name
    skills: frozenset[Name] = frozenset()
    seniority: Annotated[int, Meta(ge=0, le=100)] = 0
    sites: frozenset[Name] = frozenset()
    off: tuple[date, ...] = ()
    wishes_off: tuple[date, ...] = ()
    wish_weight: Points = WISH_WEIGHT


class Rows(_Row, frozen=True):
    """All of a plan file."""

    shifts: Annotated[tuple[ShiftRow, ...], Meta(min_length=1, max_length=64)]
    contracts: Annotated[tuple[ContractRow, ...], Meta(min_length=1)]
    people: Annotated[tuple[PersonRow, ...], Meta(min_length=1, max_length=1000)]
    targets: TargetsRow = TargetsRow()
    again: AgainRow | None = None
    fair: tuple[FairRow, ...] = ()
    mix: tuple[MixRow, ...] = ()
    shrinkage: dict[Name, Annotated[float, Meta(ge=0, lt=1)]] = {}


def read_rows(text: str) -> Rows:
    """Return the rows of a plan file.

    Raises:
        BadRoster: it is no TOML, or a row lacks something or has what it must not.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise BadRoster(f"The plan file is no TOML: {error}.") from error
    try:
        return msgspec.convert(_named(raw), type=Rows)
    except msgspec.ValidationError as error:
        words = _in_words(str(error), _named(raw))
        raise BadRoster(f"The plan file says something that cannot be: {words}.") from error


def _named(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the file with its contracts as rows that know their names, so that a fault can name its row."""
    contracts = raw.get("contracts")
    if not isinstance(contracts, dict) or not all(isinstance(row, dict) for row in contracts.values()):
        return dict(raw)
    return {**raw, "contracts": [{**row, "name": name} for name, row in contracts.items()]}


_LACKS = re.compile(r"Object missing required field `(\w+)`")
_WHERE = re.compile(r" - at `\$\.?([^`]*)`")


def _in_words(error: str, raw: Mapping[str, Any]) -> str:
    """Return msgspec's sentence with the row's own name: `people[3].off[0]` becomes `people 4 (amei), off`."""
    lacking = _LACKS.fullmatch(error)
    if lacking:
        return f"there is no row of {lacking[1]}"
    found = _WHERE.search(error)
    if not found:
        return error
    what, where = error[: found.start()], found[1]
    if "matching regex" in what:
        what = "must be a clock time in quarter hours, such as 09:15"
    row = re.match(r"(\w+)\[(\d+)\]\.?(\w*)", where)
    if row:
        rows: Any = raw.get(row[1])
        name = rows[int(row[2])].get("name", "") if isinstance(rows[int(row[2])], dict) else ""
        where = f"{row[1]} {int(row[2]) + 1}" + (f" ({name})" if name else "") + (f", {row[3]}" if row[3] else "")
    return f"{where}: {what[:1].lower()}{what[1:]}"
