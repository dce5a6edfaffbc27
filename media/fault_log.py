"""Says once what went wrong: a fault that returns with every picture must not fill the log thirty times a second."""

from __future__ import annotations

import traceback
from pathlib import PurePath

import structlog

log = structlog.get_logger(__name__)


class FaultLog:
    """Logs each kind of error at each place once: its type and line, never its text, which may hold anything."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._said: set[tuple[str, str]] = set()

    def note(self, error: BaseException) -> None:
        """Log `error` if its like has not been seen."""
        last = traceback.extract_tb(error.__traceback__)[-1:]
        where = f"{PurePath(last[0].filename).name}:{last[0].lineno}" if last else ""
        kind = (type(error).__name__, where)
        if kind not in self._said:
            self._said.add(kind)
            log.warning(self._event, error=kind[0], where=where)
