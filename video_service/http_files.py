"""Answers that a browser keeps as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator

from quart import Response

BOM = "\ufeff"  # without it Excel takes UTF-8 for the computer's own code page


def csv_file(content: str | AsyncIterator[bytes], name: str) -> Response:
    """Return a CSV file called `name`, whole or in parts; `content` begins with `BOM`."""
    response = Response(content.encode() if isinstance(content, str) else content, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
