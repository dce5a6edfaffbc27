"""What a line of the table of keys says, and which versions of stored data this program reads."""

from __future__ import annotations

import dataclasses
from typing import Literal

SCHEMA_VERSION = 1
"""Stored in the field `v` of every hash and of every stored JSON object. Code reads this version and the one before."""

KeyType = Literal["hash", "zset", "set", "list", "string", "stream", "channel"]


def readable(version: int) -> bool:
    """Whether this program reads data of that schema version."""
    return SCHEMA_VERSION - 1 <= version <= SCHEMA_VERSION


@dataclasses.dataclass(frozen=True)
class KeySpec:
    """One kind of key. `name` holds the varying parts in angle brackets; `ttl` and `writer` are for readers."""

    name: str
    type: KeyType
    ttl: str
    writer: str
    holds: str

    @property
    def stem(self) -> str:
        """The fixed first word."""
        return self.name.partition(":")[0]

    @property
    def parts(self) -> int:
        """How many varying parts follow the first word."""
        return self.name.count("<")
