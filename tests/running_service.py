"""The whole service as an operator starts it: `video-service run`, as a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import redis

from video_service.sockets import socket_folder

START_LIMIT_S = 90.0  # two cores that are busy with something else
LIMIT_S = 60.0
ANSWER_S = 30.0  # for one answer of the web node
STOP_S = 45.0  # the service takes 5 s; its end is waited for, not measured
POLL_S = 0.1  # asking is work for the service that is asked
COMMAND = [sys.executable, "-P", "-m", "video_service.cli"]


class RunningService:
    """Use `with`; inside it the service is ready. `pids` follow the restarts of children."""

    def __init__(
        self, data: Path, *options: str, environment: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
    ) -> None:
        """`prefix` goes before the command: it may run it on another host."""
        self.data = data
        self._prefix = prefix
        self.address = ""
        self.said: list[str] = []
        self.log: list[dict[str, Any]] = []
        self.other: list[str] = []
        self._options = options
        self._environment = dict(environment or {})
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._threads: list[threading.Thread] = []
        self.process: subprocess.Popen[str]

    def __enter__(self) -> RunningService:
        self.start()
        self.wait_ready()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._read_to_the_end()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def start(self) -> None:
        """Start it and return at once."""
        self.process = subprocess.Popen(
            [*self._prefix, *COMMAND, "run", "--port", "0", "--data", str(self.data), *self._options],
            env=os.environ
            | {
                "VIDEO_SERVICE_MEDIA_BIND": "127.0.0.1",
                "VIDEO_SERVICE_MEDIA_WORKERS": "1",  # whatever the machine: tests name their worker
                "VIDEO_SERVICE_CAPACITY": "8",  # however slow the machine is
                "VIDEO_SERVICE_LOG_FORMAT": "json",
            }
            | self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for read in (self._read_said, self._read_log):
            thread = threading.Thread(target=read, daemon=True)
            thread.start()
            self._threads.append(thread)

    def wait_ready(self) -> None:
        """Wait until the service says that it is ready."""
        deadline_s = time.monotonic() + START_LIMIT_S
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline_s - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"not ready in time; it said:\n{self.everything()}") from None
            assert line is not None, f"it ended instead of starting; it said:\n{self.everything()}"
            found = re.search(r"customers:\s+(https?://\S+)/customer/", line)
            if found:
                self.address = found[1]
            if line.startswith(("The first coordinator", "  to coordinate")):
                return

    def everything(self) -> str:
        """Return all that it wrote, for the message of a failed test."""
        return "\n".join([*self.said, *map(str, self.log), *self.other])

    def stop(self, limit_s: float = STOP_S) -> int:
        """Press Ctrl-C and return the exit status; all that it said and logged to its end has been read then."""
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(limit_s)
        self._read_to_the_end()
        return status

    def _read_to_the_end(self) -> None:
        for thread in self._threads:
            thread.join(STOP_S)

    def pid(self, child: str) -> int:
        """Return the process id of the newest instance of a child ("web", "media 1", "valkey") that was ready."""
        self.until(lambda: self.times_ready(child))  # what it says and what it logs come by two ways
        return int([line["pid"] for line in self.events("child_ready") if line["child"] == child][-1])

    def times_ready(self, child: str) -> int:
        """Return how often a child became ready."""
        return sum(line["child"] == child for line in self.events("child_ready"))

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log lines of one event."""
        return [line for line in self.log if line["event"] == name]

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until `condition` holds."""
        deadline_s = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < deadline_s, f"it did not come about; the service said:\n{self.everything()}"
            time.sleep(POLL_S)

    def get(self, path: str) -> int:
        """Return the status of a page, 0 when there is no answer."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=ANSWER_S) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except (OSError, http.client.HTTPException):  # nobody is there, or was killed while it answered
            return 0

    def has_media(self) -> bool:
        """Return whether the web node can reach a media worker."""
        try:
            with urllib.request.urlopen(self.address + "/readyz", timeout=ANSWER_S) as answer:
                return bool(json.load(answer)["parts"]["media"] == "ok")
        except urllib.error.HTTPError as error:
            error.close()
        except (OSError, http.client.HTTPException, ValueError):  # nobody is there, or was killed while it answered
            pass
        return False

    def store(self) -> redis.Redis:
        """Return a client of the embedded Valkey."""
        return redis.Redis.from_url(f"unix://{socket_folder(self.data)}/valkey.sock", decode_responses=True)

    def _read_said(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            self._lines.put(line)
        self._lines.put(None)

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            try:
                self.log.append(json.loads(line))
            except ValueError:
                self.other.append(line.rstrip())


def run_command(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `video-service ...` to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=os.environ | dict(environment or {}),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet counts as ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False
