"""The protocol's two published forms, both derived from `signaling.messages`.

`docs/protocol.schema.json` is for people who write another client; `web/shared/messages.d.ts` gives the pages' JSDoc
its types. Both are committed, so that pages need no build, and a test fails when they and the messages differ.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args, get_origin

import msgspec

from signaling import messages
from video_service.errors import ServiceError

ROOT = Path(__file__).resolve().parents[1]
SCHEMA_PATH = Path("docs/protocol.schema.json")
TYPES_PATH = Path("web/shared/messages.d.ts")

_REF = "#/$defs/"
_TS_WIDTH = 120


class ProtocolFilesDiffer(ServiceError):
    """The committed protocol files are not what the messages say; `video-service schema` writes them anew."""

    code: ClassVar[str] = "protocol_files_differ"


def close_codes() -> dict[str, int]:
    """Return the service's WebSocket close codes by name."""
    return {name: code for name, code in vars(messages.CloseCode).items() if isinstance(code, int)}


def json_schema() -> str:
    """Return the JSON Schema of every message as text.

    Source: JSON Schema 2020-12; `protocol` is an annotation of this project with what a schema cannot say.
    """
    (from_page, to_page), components = _components()
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Messages between the pages and the sign-language video service",
        "description": "One JSON object a message, told apart by `type`: FromPage to the service, ToPage from it.",
        "protocol": {
            "version": messages.PROTOCOL_VERSION,
            "max_message_bytes": messages.MAX_MESSAGE_BYTES,
            "close_codes": close_codes(),
        },
        "anyOf": [{"$ref": _REF + "FromPage"}, {"$ref": _REF + "ToPage"}],
        "$defs": {"FromPage": from_page, "ToPage": to_page, **components},
    }
    # Where Python's "$" lets one line end pass, that of JSON Schema does not, and it has no `\Z`.
    return json.dumps(document, indent=2, ensure_ascii=False).replace('\\\\Z"', '$"') + "\n"


def _components() -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    unions, components = msgspec.json.schema_components(
        [messages.FromPage, messages.ToPage], ref_template=_REF + "{name}"
    )
    for component in components.values():
        # Python 3.13 takes the indentation out of docstrings by itself; the files are the same from every version.
        if "description" in component:
            component["description"] = inspect.cleandoc(component["description"])
    return unions, components


def type_declarations() -> str:
    """Return TypeScript declarations of every message as text, for `import("../shared/messages.js")` in JSDoc.

    What a page sends may leave out a field with a default; what the service sends has every field, because msgspec
    writes defaults too (except in structs with `omit_defaults`).
    """
    unions, components = _components()
    aliases = _literal_aliases()
    sent_by_page = _reachable(unions[0], components)
    out = [
        "// Written by `video-service schema` from signaling/messages.py: change that file, not this one.",
        "",
        f"export type ProtocolVersion = {messages.PROTOCOL_VERSION};",
        "",
        "/** WebSocket close codes of the service. */",
        "export interface CloseCodes {",
        *(f"  readonly {name}: {code};" for name, code in close_codes().items()),
        "}",
        "",
    ]
    for values, name in aliases.items():
        out += [_wrapped(name, [json.dumps(value) for value in sorted(values)]), ""]
    for name, schema in components.items():
        omits = _struct(name).__struct_config__.omit_defaults
        out += [*_interface(name, schema, aliases, defaults_optional=name in sent_by_page or omits), ""]
    for name, union in zip(("FromPage", "ToPage"), unions, strict=True):
        out += [_wrapped(name, [_ref_name(part) for part in union["anyOf"]]), ""]
    return "\n".join(out)


def write(root: Path = ROOT) -> list[Path]:
    """Write both files under `root` where they differ; return those that were written."""
    written = []
    for path, text in _files():
        target = root / path
        if _read(target) != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            written.append(target)
    return written


def check(root: Path = ROOT) -> None:
    """Make sure that the files under `root` are current.

    Raises:
        ProtocolFilesDiffer: one is missing or differs.
    """
    stale = [str(path) for path, text in _files() if _read(root / path) != text]
    if stale:
        raise ProtocolFilesDiffer(files=stale)


def _files() -> Iterator[tuple[Path, str]]:
    yield SCHEMA_PATH, json_schema()
    yield TYPES_PATH, type_declarations()


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _struct(name: str) -> type[msgspec.Struct]:
    found = getattr(messages, name)
    assert isinstance(found, type)
    assert issubclass(found, msgspec.Struct)
    return found


def _literal_aliases() -> dict[frozenset[str], str]:
    """Name the module's Literal types, so that a declaration says `AgentState` and not its seven words."""
    return {frozenset(get_args(value)): name for name, value in vars(messages).items() if get_origin(value) is Literal}


def _ref_name(schema: Mapping[str, Any]) -> str:
    return str(schema["$ref"]).removeprefix(_REF)


def _reachable(schema: Any, components: Mapping[str, Any]) -> set[str]:
    """Return the names of every component that `schema` leads to."""
    found: set[str] = set()
    pending = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, Mapping):
            if "$ref" in node and (name := _ref_name(node)) not in found:
                found.add(name)
                pending.append(components[name])
            pending.extend(node.values())
        elif isinstance(node, Sequence) and not isinstance(node, str):
            pending.extend(node)
    return found


def _interface(
    name: str, schema: Mapping[str, Any], aliases: Mapping[frozenset[str], str], *, defaults_optional: bool
) -> Iterator[str]:
    if description := schema.get("description"):
        lines = str(description).splitlines()
        yield from (
            [f"/** {lines[0]} */"] if len(lines) == 1 else ["/**", *(f" * {line}".rstrip() for line in lines), " */"]
        )
    yield f"export interface {name} {{"
    for field, kind in schema["properties"].items():
        optional = "?" if defaults_optional and field not in schema["required"] else ""
        yield f"  {field}{optional}: {_ts_type(kind, aliases)};"
    yield "}"


def _ts_type(schema: Mapping[str, Any], aliases: Mapping[frozenset[str], str]) -> str:
    if "$ref" in schema:
        return _ref_name(schema)
    if "anyOf" in schema:
        return " | ".join(_ts_type(part, aliases) for part in schema["anyOf"])
    if "enum" in schema:
        return aliases.get(frozenset(schema["enum"])) or " | ".join(json.dumps(value) for value in schema["enum"])
    if schema["type"] == "array":
        return f"ReadonlyArray<{_ts_type(schema['items'], aliases)}>"
    if schema["type"] == "object":
        return f"Readonly<Record<string, {_ts_type(schema['additionalProperties'], aliases)}>>"
    return {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}[
        schema["type"]
    ]


def _wrapped(name: str, parts: Sequence[str]) -> str:
    line = f"export type {name} = {' | '.join(parts)};"
    return line if len(line) <= _TS_WIDTH else f"export type {name} =\n  | " + "\n  | ".join(parts) + ";"
