"""A port for a server that has to be told which one it gets, and that binds it a moment later."""

from __future__ import annotations

import random
import socket

# Below those that the kernel gives to whoever asks for any port or connects: none of these is given away in between.
FIRST, LAST = 20_000, 32_000
_dice = random.SystemRandom()  # a seed that two processes share would send both to one port


def free_port(host: str = "") -> int:
    """Return a port that nobody uses at this moment, neither for UDP nor for TCP."""
    while True:
        port = _dice.randrange(FIRST, LAST)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, socket.socket() as streams:
            try:
                datagrams.bind((host, port))
                streams.bind((host, port))
            except OSError:
                continue
            return port
