"""Types for the OpenAPI document, of what handlers build by hand: a line for each."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec

NOTHING: Final = ""
"""The answer of a route that has none: a 204."""

Answer: TypeAlias = Any
"""What a route answers: a type, a file's media type, or `NOTHING`."""


def row(name: str, texts: str = "", numbers: str = "", flags: str = "", /, **others: Any) -> Any:
    """Return a type with these fields; an answer may have more.

    Args:
        name: its own, one of a kind in the document.
        texts: fields that are strings, with spaces between them.
        numbers: whole ones.
        flags: true or false.
        others: fields of other types.
    """
    fields: list[Any] = [(field, str) for field in texts.split()]
    fields += [(field, int) for field in numbers.split()]
    fields += [(field, bool) for field in flags.split()]
    fields += [
        (field, kind) if not isinstance(kind, Missing) else (field, *kind.field) for field, kind in others.items()
    ]
    return msgspec.defstruct(name, fields, kw_only=True)


class Missing:
    """Marks a field that an answer may go without."""

    def __init__(self, kind: Any) -> None:
        self.field = (kind | msgspec.UnsetType, msgspec.UNSET)


def many(kind: Any) -> Any:
    """Return the type of a list."""
    return list[kind]


def maybe(kind: Any) -> Any:
    """Return the type of what may be null."""
    return kind | None
