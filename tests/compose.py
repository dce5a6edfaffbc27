"""docker-compose.yml as Compose reads it: variables put in, merges done. Source: the Compose specification, 12."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).resolve().parents[1] / "docker-compose.yml"
SECRETS = ("VALKEY_PASSWORD", "VIDEO_SERVICE_MEDIA_TOKEN", "VIDEO_SERVICE_TURN_SECRET", "VIDEO_SERVICE_DATA_KEYS")
VARIABLES = {
    "SITE_NAME": "calls.example.org",
    "VALKEY_PASSWORD": "f7Dq2mXw9Ks4RtLz8Nb3",
    "VIDEO_SERVICE_MEDIA_TOKEN": "9b1f0c7e5d3a4b28a6c4e2f01d7b9835",
    "VIDEO_SERVICE_TURN_SECRET": "3c5e7a9b1d0f24681357bdf9ace02468",
    "VIDEO_SERVICE_DATA_KEYS": "Zt3pQ0mVb7yXw2Ks9RtLz8Nb3cDfGhJk4MnPqSvWxYU=",
    "VIDEO_SERVICE_MEDIA_ANNOUNCE": "198.51.100.7",
}
_VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|\{(?P<name>[A-Z_]+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\})")


class VariableMissing(Exception):
    """A variable that must be set is not."""


def load(variables: Mapping[str, str] = VARIABLES) -> dict[str, Any]:
    """Return the file with `variables` put in; an environment's name without a value has the variable's, if any."""
    found: dict[str, Any] = _interpolated(_read(), variables)
    for service in found["services"].values():
        given = {name: variables.get(name) if value is None else value for name, value in _environment(service)}
        service["environment"] = {name: value for name, value in given.items() if value is not None}
    return found


@functools.cache
def _read() -> Any:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def _environment(service: Mapping[str, Any]) -> Iterable[tuple[str, str | None]]:
    given: dict[str, str | None] = service.get("environment", {})
    return given.items()


def _interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _value(match, variables), value)
    if isinstance(value, dict):
        return {name: _interpolated(each, variables) for name, each in value.items()}
    if isinstance(value, list):
        return [_interpolated(each, variables) for each in value]
    return value


def _value(match: re.Match[str], variables: Mapping[str, str]) -> str:
    if match["escaped"]:
        return "$"
    value = variables.get(match["name"], "")
    if value:
        return value
    if match["kind"] == "-":
        return match["rest"]
    raise VariableMissing(match["name"])
