"""Log lines without personal data, the same for every process.

Ids and counts are logged; what people say, are called, send, or connect from is not. Three things keep it so: keys that
could carry such data are dropped, an exception is logged as its type and place but not its message, and lines of
libraries lose their addresses and session descriptions.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

FORBIDDEN = frozenset(
    {
        *("address", "answer", "body", "candidate", "client", "codecs", "cookie", "credential", "email", "file", "ip"),
        *("key", "message", "name", "note", "offer", "password", "payload", "peer", "phone", "remote", "resume", "sdp"),
        *("secret", "text", "ticket", "token", "url"),
    }
)
FORBIDDEN_ENDINGS = tuple(f"_{word}" for word in sorted(FORBIDDEN))
FOREIGN_LENGTH = 300
FRAMES_KEPT = 6

_IPV4 = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_IPV6 = re.compile(r"(?<![\w:])(?=[0-9A-Fa-f]*:[0-9A-Fa-f:]*:)[0-9A-Fa-f:]{3,}(?:%\w+)?(?![\w:])")
_CLOCK = re.compile(r"^\d{1,2}:\d{2}:\d{2}$")
_SDP = re.compile(r"(?:\b[a-z]=\S.*|\bcandidate:\S.*)", re.DOTALL)


def configure(form: str, level: str, *, stream: TextIO | None = None, **always: str) -> None:
    """Send this process's log lines, its own and its libraries', to `stream` (default: standard error).

    `form` is "console", "json", or "auto" (console on a terminal). `always` is added to each line (the process's name).
    """
    target = sys.stderr if stream is None else stream
    console = form == "console" or (form == "auto" and target.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _Always(always),
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        place_of_exception,
        redact,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=target.isatty()) if console else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, scrub_foreign, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.raiseExceptions = False  # a closed terminal or pipe must not break what was being logged
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries tell of addresses at "info"; only their warnings are news here.
    root.setLevel(logging.WARNING)
    for package in ("video_service", "signaling", "media", "scheduler", "web"):
        logging.getLogger(package).setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


class _Always:
    """Adds the same values to each line."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        for name, value in self._values.items():
            event.setdefault(name, value)
        return event


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop every key that could carry personal data or a secret, at any depth."""
    kept = _without_forbidden(event)
    assert isinstance(kept, dict)
    return kept


def place_of_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its type and the places it came through: its message may quote what people sent."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    if isinstance(found, tuple):
        found = found[1]
    if isinstance(found, BaseException):
        event["error"] = type(found).__name__
        event["places"] = _places(found.__traceback__)
    return event


def scrub_foreign(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take addresses and session descriptions out of a library's line, and shorten it."""
    event["event"] = scrub(str(event.get("event", "")))
    return event


def scrub(text: str) -> str:
    """Return `text` without network addresses and session descriptions, at most 300 characters."""
    text = _SDP.sub("[sdp]", text)
    text = _IPV6.sub(lambda found: found[0] if _CLOCK.match(found[0]) else "[ip]", _IPV4.sub("[ip]", text))
    return text if len(text) <= FOREIGN_LENGTH else text[: FOREIGN_LENGTH - 1] + "…"


def _without_forbidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_forbidden(each) for name, each in value.items() if not _forbidden(name)}
    if isinstance(value, list | tuple):
        return [_without_forbidden(each) for each in value]
    return value


def _forbidden(name: object) -> bool:
    lowered = str(name).lower()
    return lowered in FORBIDDEN or lowered.endswith(FORBIDDEN_ENDINGS)


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-FRAMES_KEPT:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
