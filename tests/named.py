"""Tables that say which tests prove what: the tests that they name have to be there."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

TESTS = Path(__file__).resolve().parent


def missing(named: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return those of (file below tests, function) that are not there."""
    return [(file, name) for file, name in named if name not in _functions(TESTS / file)]


def _functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
