"""Three hosts on one machine: network namespaces where they can be made, else one host on loopback.

client ──(2)── service ──(1)── turn          the client has no way to (1): media reaches it by the TURN server only
   └────────────(3)──────────────┘
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Host:
    """One host. `prefix` goes before a command that shall run there."""

    prefix: tuple[str, ...] = ()


@dataclass(frozen=True)
class Network:
    """The hosts and their addresses. `apart`: they are namespaces, and the client cannot reach `media`."""

    apart: bool
    service: Host
    turn: Host
    client: Host
    web: str = LOOPBACK  # the service as the client reaches it
    media: str = LOOPBACK  # the service as the TURN server reaches it
    turn_inside: str = LOOPBACK
    turn_outside: str = LOOPBACK


@contextlib.contextmanager
def three_hosts() -> Iterator[Network]:
    """Make the hosts; everything that was made is gone afterwards."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        yield Network(False, Host(), Host(), Host())
        return
    mark = secrets.token_hex(2)
    names = [f"vs{mark}{letter}" for letter in "stc"]
    service, turn, client = names
    try:
        try:
            for name in names:
                _ip("netns", "add", name)
                _ip("-n", name, "link", "set", "lo", "up")
            _join(service, "10.77.1.1", turn, "10.77.1.2", f"{mark}1")
            _join(service, "10.77.2.1", client, "10.77.2.2", f"{mark}2")
            _join(turn, "10.77.3.1", client, "10.77.3.2", f"{mark}3")
        except subprocess.CalledProcessError:
            yield Network(False, Host(), Host(), Host())
            return
        hosts = [Host(("ip", "netns", "exec", name)) for name in names]
        yield Network(True, hosts[0], hosts[1], hosts[2], "10.77.2.1", "10.77.1.1", "10.77.1.2", "10.77.3.1")
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True, timeout=30)


def _join(one: str, one_address: str, other: str, other_address: str, mark: str) -> None:
    _ip("link", "add", f"va{mark}", "netns", one, "type", "veth", "peer", "name", f"vb{mark}", "netns", other)
    for name, link, address in ((one, f"va{mark}", one_address), (other, f"vb{mark}", other_address)):
        _ip("-n", name, "addr", "add", f"{address}/24", "dev", link)
        _ip("-n", name, "link", "set", link, "up")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=30)
