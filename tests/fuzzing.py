"""Messages and bodies for fuzz tests, made from the published schema: valid ones, nearly valid ones, and rubbish."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SCHEMA = json.loads((Path(__file__).parents[1] / "docs" / "protocol.schema.json").read_text(encoding="utf-8"))
KINDS: dict[str, dict[str, Any]] = {
    str(SCHEMA["$defs"][name]["properties"]["type"]["enum"][0]): SCHEMA["$defs"][name]
    for name in (part["$ref"].rpartition("/")[2] for part in SCHEMA["$defs"]["FromPage"]["anyOf"])
}
"""Every message that a page may send, by its type."""

ODD: Sequence[Any] = (
    *(None, True, -1, 0, 1, 2**31, 2**63, -(2**63) - 1, 1e308, 0.5, "", " ", "x" * 300, "x" * 5_000, "\x00", "\ud7ff"),
    *("‮abc", "𠮷", "../..", "{main}:clock", "c_" + "A" * 16, "' or 1=1 --", [], [[]], {}, {"type": "ping"}, ["x"] * 99),
)
RUBBISH: Sequence[str | bytes] = (
    *("", " ", "null", "[]", "{}", "0", '"ping"', "{", "}{", '{"type":1}', '{"type":"ping"', '{"type":"nothing"}'),
    *('{"type":"ping","type":"hang_up"}', "[" * 10_000, '{"type":"ping","t":1e999}', '{"type":"ping","t":' + "9" * 400),
    *(b"\xff\xfe", b"\x00" * 64, b'{"type":"ping","t":1}', b"\xed\xa0\x80", "﻿{}"),
)

# What a route refuses with 503 by its own name when too many come at once.
BUSY = frozenset({"busy", "messages_full", "store_unavailable", "videos_full"})


def value(schema: dict[str, Any], dice: random.Random) -> Any:
    """Return a value of a schema, as far as types, bounds and choices go."""
    if "$ref" in schema:
        return value(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], dice)
    if "anyOf" in schema:
        return value(dice.choice(schema["anyOf"]), dice)
    if "enum" in schema:
        return dice.choice(schema["enum"])
    if "const" in schema:
        return schema["const"]
    match schema.get("type"):
        case "string":
            size = dice.choice((schema.get("minLength", 0), min(schema.get("maxLength", 20), 20)))
            return "".join(dice.choice("abcXYZ019_-") for _ in range(size))
        case "integer" | "number":
            low, high = int(schema.get("minimum", -5)), int(schema.get("maximum", 1_000))
            return dice.choice((low, high, dice.randint(low, high)))
        case "boolean":
            return dice.random() < 0.5
        case "array" if "prefixItems" in schema:
            return [value(part, dice) for part in schema["prefixItems"]]
        case "array":
            least = schema.get("minItems", 0)
            size = dice.randint(least, max(least, min(schema.get("maxItems", 3), 3)))
            items = schema.get("items", {"type": "string"}) or {"type": "string"}
            return [value(items, dice) for _ in range(size)]
        case "object":
            return {name: value(part, dice) for name, part in schema.get("properties", {}).items()}
    return None


def message(dice: random.Random, known: dict[str, Sequence[Any]]) -> str | bytes:
    """Return what a page might send. `known`: values that mean something now, by the field's name."""
    if dice.random() < 0.08:
        return dice.choice(RUBBISH)
    kind, schema = dice.choice(list(KINDS.items()))
    required = set(schema.get("required", ()))
    made = {
        name: value(part, dice)
        for name, part in schema["properties"].items()
        if name in required or dice.random() < 0.7
    }
    for name in made.keys() & known.keys():
        if dice.random() < 0.8:
            made[name] = dice.choice(known[name])
    made["type"] = kind
    return json.dumps(mutated(made, dice) if dice.random() < 0.3 else made)


def mutated(made: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """Return a message with one thing wrong in it."""
    changed = dict(made)
    name = dice.choice(list(changed))
    match dice.randrange(4):
        case 0:
            del changed[name]
        case 1:
            changed[name] = dice.choice(ODD)
        case 2:
            changed["not_a_field"] = dice.choice(ODD)
        case _:
            changed[name] = [changed[name]]
    return changed


def body(dice: random.Random, valid: Any) -> Any:
    """Return a JSON body near to a valid one."""
    if not isinstance(valid, dict) or dice.random() < 0.15:
        return dice.choice(ODD)
    return mutated(valid, dice) if valid and dice.random() < 0.8 else valid
