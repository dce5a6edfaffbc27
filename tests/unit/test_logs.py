from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from video_service.logs import configure, scrub

pytestmark = pytest.mark.unit

SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\na=candidate:1 1 udp 1 192.0.2.7 9 typ host"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.raiseExceptions)
    yield io.StringIO()
    root.handlers[:], logging.raiseExceptions = before[0], before[2]
    root.setLevel(before[1])
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_says_what_and_when_and_where(stream: io.StringIO) -> None:
    configure("json", "info", stream=stream, process="web")

    structlog.get_logger("video_service.test").info("leg_opened", leg="l-1", count=2)

    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "leg_opened", "level": "info", "process": "web", "leg": "l-1", "count": 2}


@pytest.mark.parametrize(
    "key", ["sdp", "text", "name", "ticket", "token", "candidate", "ip", "user_name", "remote_ip", "Password"]
)
def test_personal_data_and_secrets_are_dropped_at_any_depth(stream: io.StringIO, key: str) -> None:
    configure("json", "info", stream=stream)

    structlog.get_logger("video_service.test").info("seen", **{key: "canary"}, deep={"list": [{key: "canary"}]})

    assert "canary" not in stream.getvalue()
    assert lines(stream)[0]["deep"] == {"list": [{}]}


def test_an_exception_is_logged_without_its_message(stream: io.StringIO) -> None:
    configure("json", "info", stream=stream)
    for name in ("video_service.test", "some.library"):
        try:
            raise ValueError("canary")
        except ValueError:
            logging.getLogger(name).exception("failed")
            structlog.get_logger(name).exception("failed")

    found = lines(stream)
    assert "canary" not in stream.getvalue()
    assert len(found) == 4
    assert all(line["error"] == "ValueError" for line in found)
    assert all("test_logs.py" in line["places"][-1] for line in found)


def test_a_librarys_line_loses_addresses_and_descriptions(stream: io.StringIO) -> None:
    configure("json", "info", stream=stream)

    logging.getLogger("aioice").info("candidate pair 192.0.2.1")
    logging.getLogger("aioice").warning("%s failed for %s", SDP, "192.0.2.1")

    (line,) = lines(stream)
    assert line["event"] == "[sdp]"
    assert line["logger"] == "aioice"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lost 192.0.2.7:3000", "lost [ip]:3000"),
        ("lost fe80::1%eth0 now", "lost [ip] now"),
        ("lost ::1", "lost [ip]"),
        ("at 10:20:30 version 1.2.3", "at 10:20:30 version 1.2.3"),
        ("got candidate:1 1 udp 2 host.local", "got [sdp]"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_scrub(text: str, expected: str) -> None:
    assert scrub(text) == expected


def test_the_level_is_kept(stream: io.StringIO) -> None:
    configure("json", "warning", stream=stream)

    structlog.get_logger("video_service.test").info("small")
    structlog.get_logger("media.test").warning("large")

    assert [line["event"] for line in lines(stream)] == ["large"]


def test_the_console_form_is_not_json(stream: io.StringIO) -> None:
    configure("console", "info", stream=stream)

    structlog.get_logger("video_service.test").info("leg_opened", leg="l-1")

    assert "leg_opened" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_a_closed_pipe_does_not_break_what_was_logged(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    configure("json", "info")
    stream.close()

    structlog.get_logger("video_service.test").info("nobody reads")
