"""Time as an argument: code that needs the time of day takes a `Clock`, so that a test can say what time it is.

Durations inside one process are measured with the event loop's clock, and times that several nodes must agree on come
from Redis TIME; this one is for everything else.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Says what time it is."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970-01-01T00:00Z."""
        ...


class SystemClock:
    """The machine's time of day."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970-01-01T00:00Z."""
        return time.time_ns() // 1_000_000


def utc(ms: int) -> datetime:
    """Return `ms` (milliseconds since 1970-01-01T00:00Z) as an aware datetime in UTC."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC)
