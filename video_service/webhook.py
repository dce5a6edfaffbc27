"""One signed request to the host application: its form, its signature, and how it is sent. No retries here.

Source: Standard Webhooks 1.0.0 (headers `webhook-id`, `webhook-timestamp`, `webhook-signature`; the signature `v1` is
HMAC-SHA256 of id, timestamp and body with dots between, in Base64), RFC 9112 (HTTP/1.1).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from video_service.one_request import status_of
from video_service.settings_text import BadSetting

SECRET_START = "whsec_"
LEAST_SECRET_BYTES = 24
MOST_SECRET_BYTES = 64


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where to send, and the key to sign with. `target`: path and query."""

    secure: bool
    host: str
    port: int
    target: str
    key: bytes

    @property
    def host_header(self) -> str:
        """The value of the header `Host`."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.secure else 80) else f"{name}:{self.port}"


def read_endpoint(url: str, secret: str) -> Endpoint | None:
    """Return the endpoint of the settings `webhook_url` and `webhook_secret`, None when both are empty.

    Raises:
        BadSetting: only one of them is set, the address is not https (http: on this machine only), or the secret is no
            Base64 of 24 to 64 bytes after "whsec_". No secret is named.
    """
    if not url and not secret:
        return None
    if not url or not secret:
        raise BadSetting("VIDEO_SERVICE_WEBHOOK_URL and VIDEO_SERVICE_WEBHOOK_SECRET go together: both, or neither.")
    wrong = BadSetting(f"VIDEO_SERVICE_WEBHOOK_URL: {url!r} is not like https://app.example.org/hooks/signing.")
    if re.fullmatch(r"[\x21-\x7e]+", url) is None:
        raise wrong
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise wrong from error
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme not in (("http", "https") if here else ("https",)) or not parts.hostname or "@" in parts.netloc:
        raise wrong
    secure = parts.scheme == "https"
    return Endpoint(
        secure=secure,
        host=parts.hostname,
        port=port or (443 if secure else 80),
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        key=_key(secret),
    )


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_START), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_START) or not LEAST_SECRET_BYTES <= len(key) <= MOST_SECRET_BYTES:
        raise BadSetting(
            "VIDEO_SERVICE_WEBHOOK_SECRET must be whsec_ and the Base64 of 24 to 64 random bytes "
            '(echo "whsec_$(openssl rand -base64 32)" makes one).'
        )
    return key


def payload(kind: str, at_ms: int, data: dict[str, Any]) -> bytes:
    """Return the body of a request about what happened at `at_ms`."""
    at = datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.json.encode({"type": kind, "timestamp": at, "data": data})


def signature(key: bytes, event: str, at_s: int, body: bytes) -> str:
    """Return the value of the header `webhook-signature`."""
    digest = hmac.digest(key, f"{event}.{at_s}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


async def post(endpoint: Endpoint, event: str, body: bytes, *, now_s: int, timeout_s: float) -> int:
    """Send one request, and return the status of its answer. No redirect is followed, and nothing else is read of it.

    Raises:
        OSError, TimeoutError: there was no answer in time.
        ValueError: what answered does not speak HTTP.
    """
    head = (
        f"POST {endpoint.target} HTTP/1.1\r\nHost: {endpoint.host_header}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\nwebhook-id: {event}\r\nwebhook-timestamp: {now_s}\r\n"
        f"webhook-signature: {signature(endpoint.key, event, now_s, body)}\r\n\r\n"
    )
    return await status_of(
        *(endpoint.host, endpoint.port, head.encode() + body),
        trust=ssl.create_default_context() if endpoint.secure else None,
        timeout_s=timeout_s,
        happy_eyeballs_delay=0.25,
    )
