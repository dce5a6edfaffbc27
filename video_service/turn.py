"""Names and passwords for a TURN server, made at the moment when a page needs them and good for a while only.

A page on a network that lets no UDP through to the media workers sends its packets by a TURN server (coturn). The
server and this service share one secret; a name carries the second at which it ends, and its password is the name's
signature, so the TURN server asks nobody and nothing is stored. The name says nothing about the person.

Source: draft-uberti-behave-turn-rest-00, section 2.2 (coturn's `use-auth-secret`); RFC 7065 (turn: addresses).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import re
import secrets
from collections.abc import Callable

from video_service.settings_text import ClientIceServer

LEAST_SECRET_CHARACTERS = 32
LEAST_DIFFERENT_CHARACTERS = 8  # "changeme" over and over has 7; 32 random hexadecimal digits never have fewer

_HOST = r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)"
_URL = re.compile(rf"turns?:{_HOST}(?::\d{{1,5}})?(?:\?transport=(?:udp|tcp))?")


def is_turn_url(text: str) -> bool:
    """Return whether `text` is an address such as turn:turn.example.org:3478?transport=udp."""
    return _URL.fullmatch(text) is not None


def is_weak(secret: str) -> bool:
    """Return whether a shared secret is too short, or repeats itself as sample values do."""
    return len(secret) < LEAST_SECRET_CHARACTERS or len(set(secret)) < LEAST_DIFFERENT_CHARACTERS


def credentials(secret: str, user: str, *, expires_s: int) -> tuple[str, str]:
    """Return the name and the password that a TURN server with this secret takes until `expires_s` (Unix time)."""
    name = f"{expires_s}:{user}"
    signature = hmac.new(secret.encode(), name.encode(), hashlib.sha1).digest()
    return name, base64.b64encode(signature).decode()


class ClientIce:
    """What pages are told about ICE: the fixed servers, and the TURN server with fresh credentials at each call.

    `renew_after_s` is when a page needs other credentials; infinite when those that it has never end.
    """

    def __init__(
        self,
        fixed: tuple[ClientIceServer, ...],
        *,
        turn_urls: tuple[str, ...],
        turn_secret: str,
        turn_ttl_s: int,
        now_s: Callable[[], float],
    ) -> None:
        self._fixed = fixed
        self._urls = turn_urls
        self._secret = turn_secret
        self._ttl_s = turn_ttl_s
        self._now_s = now_s

    @property
    def renew_after_s(self) -> float:
        """Half of the credentials' life: whoever connects just before a renewal still has the other half."""
        return self._ttl_s / 2 if self._urls else math.inf

    def servers(self) -> tuple[ClientIceServer, ...]:
        """Return the servers for one page, now."""
        if not self._urls:
            return self._fixed
        name, password = credentials(self._secret, secrets.token_hex(8), expires_s=int(self._now_s()) + self._ttl_s)
        return (*self._fixed, ClientIceServer(urls=self._urls, username=name, credential=password))
