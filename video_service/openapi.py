"""The HTTP API as an OpenAPI document, made from the application.

Its routes, who may use them, what they read and what they answer. The body of a request is the type that its handler
reads, an answer stands in `openapi_answers`.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from typing import Any, Final

import msgspec
from quart import Blueprint, Quart, Response, current_app
from werkzeug.routing import Rule

from video_service.openapi_answers import ANSWERS
from video_service.openapi_requests import QUERIES, RAW_BODIES
from video_service.openapi_types import NOTHING
from video_service.permissions import EVERYBODY, ROUTES

openapi_api = Blueprint("openapi", __name__, url_prefix="/api")

REF: Final = "#/components/schemas/{name}"
_BODY = re.compile(r"\bbody\((\w+)\)")
_ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")
_REFUSED_BY: Final = {"4XX": "refused, by name", "503": "too much at once, or the store is away"}


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
    bodies = {rule.endpoint: body_type(app.view_functions[rule.endpoint]) for _, rule in routes(app)}
    kinds = [kind for kind in (*bodies.values(), *ANSWERS.values()) if kind is not None and not isinstance(kind, str)]
    # By identity: two types may look the same to Python (`dict[str, Any]`).
    distinct = list({id(kind): kind for kind in kinds}.values())
    schemas, components = msgspec.json.schema_components(distinct, ref_template=REF)
    by_kind = {id(kind): schema for kind, schema in zip(distinct, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for method, rule in routes(app):
        view, kind, route = app.view_functions[rule.endpoint], bodies[rule.endpoint], f"{method} {rule.rule}"
        operation = {
            "operationId": f"{method.lower()} {rule.endpoint}",
            "summary": (inspect.getdoc(view) or "").partition("\n")[0],
            "x-who": _who(route),
            "parameters": [*map(_parameter, _ARGUMENT.findall(rule.rule)), *QUERIES.get(route, ())],
            "responses": _done(route, by_kind) | {status: _refused(words) for status, words in _REFUSED_BY.items()},
        }
        if kind is not None:
            operation["requestBody"] = {"required": True, "content": _json(by_kind[id(kind)])}
        elif route in RAW_BODIES:
            operation["requestBody"] = {"required": True, "content": {kind: {} for kind in RAW_BODIES[route]}}
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


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _who(route: str) -> list[str]:
    right = ROUTES.get(route)
    return ["anybody"] if right is not None and right.who == EVERYBODY else sorted(right.who) if right else []


def _parameter(found: tuple[str, str]) -> dict[str, Any]:
    kind, name = found
    return {
        "name": name, "in": "path", "required": True, "schema": {"type": "integer" if kind == "int" else "string"},
    }  # fmt: skip


def _done(route: str, by_kind: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    told = {"description": "done"}
    if route not in ANSWERS:
        return {"2XX": told}
    kind = ANSWERS[route]
    if kind == NOTHING:
        return {"204": told}
    return {"2XX": told | {"content": {kind: {}} if isinstance(kind, str) else _json(by_kind[id(kind)])}}


def _refused(words: str) -> dict[str, Any]:
    return {"description": words, "content": _json({"$ref": REF.format(name="Refusal")})}
