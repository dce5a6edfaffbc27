"""The HTTP API as an OpenAPI document, made from the application: its routes, who may use them, and what they read."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Any, Final

import msgspec
from quart import Blueprint, Quart, Response, current_app
from werkzeug.routing import Rule

from video_service.permissions import EVERYBODY, ROUTES

openapi_api = Blueprint("openapi", __name__, url_prefix="/api")

REF: Final = "#/components/schemas/{name}"
_BODY = re.compile(r"\bbody\((\w+)\)")
_ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")
_ANSWERED_BY: Final = {"2XX": "done", "4XX": "refused, by name", "503": "too much at once, or the store is away"}


@openapi_api.get("/openapi.json")
async def openapi() -> Response:
    """Describe every route below /api/: this document."""
    return Response(json.dumps(document(current_app), ensure_ascii=False), content_type="application/json")


def routes(app: Quart) -> Iterator[tuple[str, Rule]]:
    """Yield method and rule of each route below /api/."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.rule.startswith("/api/"):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield method, rule


def body_type(view: Callable[..., Any]) -> Any:
    """Return the type that a handler reads as its JSON body, None for one that reads none."""
    named = _BODY.search(inspect.getsource(view))
    return getattr(inspect.getmodule(view), named[1]) if named else None


def document(app: Quart) -> dict[str, Any]:
    """Return the document (OpenAPI 3.1)."""
    kinds = {rule.endpoint: body_type(app.view_functions[rule.endpoint]) for _, rule in routes(app)}
    read = list(dict.fromkeys(kind for kind in kinds.values() if kind is not None))
    schemas, components = msgspec.json.schema_components(read, ref_template=REF)
    by_kind = dict(zip(read, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for method, rule in routes(app):
        view, kind = app.view_functions[rule.endpoint], kinds[rule.endpoint]
        operation = {
            "operationId": f"{method.lower()} {rule.endpoint}",
            "summary": (inspect.getdoc(view) or "").partition("\n")[0],
            "x-who": _who(method, rule),
            "parameters": [_parameter(*found) for found in _ARGUMENT.findall(rule.rule)],
            "responses": {status: _answer(status, words) for status, words in _ANSWERED_BY.items()},
        }
        if kind is not None:
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": by_kind[kind]}}}
        paths.setdefault(_ARGUMENT.sub(r"{\2}", rule.rule), {})[method.lower()] = operation
    made = {
        "openapi": "3.1.0",
        "info": {"title": "Sign-language video service", "version": metadata.version("video-service")},
        "paths": paths,
        "components": {"schemas": components | {"Refusal": _REFUSAL}},
    }
    # As in the WebSocket's schema: what Python writes "\Z" is "$" in JSON Schema.
    told: dict[str, Any] = json.loads(json.dumps(made).replace('\\\\Z"', '$"'))
    return told


_REFUSAL: Final = {
    "type": "object",
    "properties": {"error": {"type": "string", "minLength": 1}},
    "required": ["error"],
}


def _who(method: str, rule: Rule) -> list[str]:
    right = ROUTES.get(f"{method} {rule.rule}")
    return ["anybody"] if right is not None and right.who == EVERYBODY else sorted(right.who) if right else []


def _parameter(kind: str, name: str) -> dict[str, Any]:
    return {
        "name": name, "in": "path", "required": True, "schema": {"type": "integer" if kind == "int" else "string"},
    }  # fmt: skip


def _answer(status: str, words: str) -> dict[str, Any]:
    if status == "2XX":
        return {"description": words}
    return {
        "description": words,
        "content": {"application/json": {"schema": {"$ref": REF.format(name="Refusal")}}},
    }
