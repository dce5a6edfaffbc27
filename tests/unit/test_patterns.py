"""Patterns of what comes from outside: none lets a line end pass behind what it allows."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from signaling import message_parts
from signaling.schema import json_schema

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
PACKAGES = ("signaling", "video_service", "media", "scheduler")


def test_no_pattern_ends_where_python_lets_a_line_end_pass() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {pattern}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if not path.name.startswith("openapi")  # they tell others, in JSON Schema's own terms, and check nothing
        for pattern in re.findall(r'pattern=r?f?"([^"]*)"', path.read_text(encoding="utf-8"))
    ]
    assert len(found) > 20
    assert [line for line in found if line.endswith("$")] == []


def test_an_id_with_a_line_end_is_none() -> None:
    assert msgspec.convert("a-1", message_parts.ShortId) == "a-1"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("a-1\n", message_parts.ShortId)


def test_the_published_schema_says_it_as_json_schema_does() -> None:
    schema = json_schema()
    assert "\\Z" not in schema
    assert "[A-Za-z0-9_-]+$" in schema
