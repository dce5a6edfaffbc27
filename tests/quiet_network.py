"""A host whose every packet to the outside is seen: a namespace with one way out, and a watcher at the other end.

The way looks like the way to the Internet: there is a default route and a name server beyond it. Nobody forwards
anything there, and nobody answers; what arrives is written down.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

INSIDE = "10.78.0.2"
OUTSIDE = "10.78.0.1"
LIMIT_S = 30.0
_IPV4 = 0x0800
_IPV6 = 0x86DD
_ICMPV6 = (0, 58)  # by itself, and behind a hop-by-hop header: neighbours and multicast groups, the kernel's own talk


class QuietHost:
    """`prefix` goes before a command that shall run there; `packets` is what tried to leave, a line each."""

    def __init__(self, name: str, watcher: subprocess.Popen[str]) -> None:
        self.prefix = ("ip", "netns", "exec", name)
        self.packets: list[str] = []
        self._watcher = watcher
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def until(self, count: int) -> None:
        """Wait until that many packets were seen."""
        deadline_s = time.monotonic() + LIMIT_S
        while len(self.packets) < count:
            assert time.monotonic() < deadline_s, f"only {self.packets}"
            time.sleep(0.02)

    def close(self) -> None:
        """End the watcher, and read what it has said to the end: nobody closes a stream that is being read."""
        self._watcher.kill()
        self._watcher.wait()
        self._thread.join(LIMIT_S)
        assert self._watcher.stdout is not None
        self._watcher.stdout.close()

    def _read(self) -> None:
        assert self._watcher.stdout is not None
        for line in self._watcher.stdout:
            self.packets.append(line.strip())


@contextlib.contextmanager
def quiet_host() -> Iterator[QuietHost | None]:
    """Make the host; None where namespaces cannot be made. Everything that was made is gone afterwards."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        yield None
        return
    mark = secrets.token_hex(2)
    inside, outside = f"vq{mark}i", f"vq{mark}o"
    resolver = Path("/etc/netns") / inside
    with contextlib.ExitStack() as stack:
        try:
            for name in (inside, outside):
                _ip("netns", "add", name)
                stack.callback(subprocess.run, ["ip", "netns", "del", name], check=False, capture_output=True)
            _ip(
                "link",
                "add",
                f"vi{mark}",
                "netns",
                inside,
                "type",
                "veth",
                "peer",
                "name",
                f"vo{mark}",
                "netns",
                outside,
            )
            for name, link, address in ((inside, f"vi{mark}", INSIDE), (outside, f"vo{mark}", OUTSIDE)):
                _ip("-n", name, "link", "set", "lo", "up")
                _ip("-n", name, "addr", "add", f"{address}/24", "dev", link)
                _ip("-n", name, "link", "set", link, "up")
            _ip("-n", inside, "route", "add", "default", "via", OUTSIDE)
            # `ip netns exec` puts this file in the place of /etc/resolv.conf, for the commands that it runs.
            resolver.mkdir(parents=True)
            stack.callback(shutil.rmtree, resolver)
            (resolver / "resolv.conf").write_text(f"nameserver {OUTSIDE}\noptions timeout:1 attempts:1\n")
        except (subprocess.CalledProcessError, OSError):
            yield None
            return
        watcher = subprocess.Popen(
            ["ip", "netns", "exec", outside, sys.executable, "-P", "-S", str(Path(__file__).resolve()), f"vo{mark}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert watcher.stdout is not None
        watching = watcher.stdout.readline()
        host = QuietHost(inside, watcher)
        stack.callback(host.close)
        assert watching == "watching\n"
        yield host


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=30)


def described(frame: bytes) -> str:
    """Return a line about an Ethernet frame that carries IP, "" for one that leaves no trace of who asks whom."""
    (kind,) = struct.unpack("!H", frame[12:14])
    packet = frame[14:]
    if kind == _IPV4 and packet[12:16] == socket.inet_aton(INSIDE):
        words = (packet[0] & 15) * 4
        port = struct.unpack("!H", packet[words + 2 : words + 4])[0] if packet[9] in (6, 17) else 0
        return f"protocol {packet[9]} to {socket.inet_ntoa(packet[16:20])} port {port}"
    if kind == _IPV6 and packet[6] not in _ICMPV6:
        return f"protocol {packet[6]} to {socket.inet_ntop(socket.AF_INET6, packet[24:40])}"
    return ""


def _watch(link: str) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as all_frames:
        all_frames.bind((link, 0))
        sys.stdout.write("watching\n")
        sys.stdout.flush()
        while True:
            frame, (_, _, direction, *_) = all_frames.recvfrom(65_535)
            if direction != socket.PACKET_OUTGOING and (line := described(frame)):
                sys.stdout.write(line + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    _watch(sys.argv[1])
