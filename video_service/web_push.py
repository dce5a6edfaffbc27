"""Web Push without a word in it: one signed, empty request to the address that a customer's browser gave.

The company behind that browser learns that this service had news for somebody's browser, and when; so it is off by
default, chosen by the customer, limited to hosts that the operator names, and it says nothing: nothing to encrypt.

Source: RFC 8030 (a message may have no body, section 5), RFC 8292 (VAPID: ES256 token and public key), W3C Push API.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
from dataclasses import dataclass
from typing import ClassVar, Final
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from video_service.errors import ServiceError
from video_service.one_request import status_of
from video_service.settings_text import BadSetting

MOST_ADDRESS: Final = 1_000
TTL_S: Final = 3_600
"""So long the push service may try: older news is none. Of several that it holds (Topic) the last is enough."""
TOKEN_LIFE_S: Final = 12 * 3_600
GONE: Final = frozenset({404, 410})
_HOST = re.compile(r"[a-z0-9.-]{1,253}(:\d{1,5})?")  # with a dot before it: every host below
_CONTACT = re.compile(r"(mailto:[^\s@]+@[^\s@]+|https://[^\s]+)")


class BadPushAddress(ServiceError):
    """This is no address of a push service that this service sends to."""

    code: ClassVar[str] = "bad_push_address"


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who sends: the key, how a push service reaches the operator, and the hosts that may be sent to."""

    key: EllipticCurvePrivateKey
    contact: str
    hosts: tuple[str, ...]

    @property
    def public(self) -> str:
        """The public key as browsers and push services take it: an uncompressed point in Base64 for addresses."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return _base64(point)


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where one browser's push service takes messages for it."""

    origin: str
    host: str
    port: int
    target: str


def read_sender(key: str, contact: str, hosts: tuple[str, ...]) -> Sender | None:
    """Return who sends by the settings `web_push_key`, `web_push_contact` and `web_push_hosts`, None without a key.

    Raises:
        BadSetting: the key is no Base64 of 32 bytes that make a key, or the contact or a host is missing or none.
    """
    if not key:
        return None
    try:
        number = int.from_bytes(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)))
        private = derive_private_key(number if len(key) in (43, 44) else 0, SECP256R1())
    except (binascii.Error, ValueError) as error:
        raise BadSetting(
            "VIDEO_SERVICE_WEB_PUSH_KEY must be the Base64 (for addresses) of 32 random bytes "
            "(openssl rand -base64 32 | tr '+/' '-_' | tr -d = makes one)."
        ) from error
    if _CONTACT.fullmatch(contact) is None:
        raise BadSetting("VIDEO_SERVICE_WEB_PUSH_CONTACT must be like mailto:operator@example.org.")
    if not hosts or any(_HOST.fullmatch(host) is None for host in hosts):
        raise BadSetting("VIDEO_SERVICE_WEB_PUSH_HOSTS must name hosts such as push.example.org.")
    return Sender(key=private, contact=contact, hosts=hosts)


def address_of(url: str, hosts: tuple[str, ...]) -> Address:
    """Return the address that a browser gave.

    Raises:
        BadPushAddress: it is not https, or of no host that the operator has named.
    """
    if len(url) > MOST_ADDRESS or re.fullmatch(r"[\x21-\x7e]+", url) is None:
        raise BadPushAddress
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError as error:
        raise BadPushAddress from error
    host = parts.netloc.lower()
    named = host in hosts or any(each.startswith(".") and host.endswith(each) for each in hosts)
    if parts.scheme != "https" or not parts.hostname or _HOST.fullmatch(host) is None or not named:
        raise BadPushAddress
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(origin=f"https://{host}", host=parts.hostname, port=port, target=target)


def authorization(sender: Sender, origin: str, now_s: int) -> str:
    """Return the header that says who sends. Source: RFC 8292 sections 2 and 3."""
    claims = {"aud": origin, "exp": now_s + TOKEN_LIFE_S, "sub": sender.contact}
    return f"vapid t={jwt.encode(claims, sender.key, algorithm='ES256')}, k={sender.public}"


async def push(sender: Sender, address: Address, *, now_s: int, timeout_s: float, trust: ssl.SSLContext) -> int:
    """Send one empty message; return the answer's status. No redirect is followed, and nothing else is read.

    Raises:
        OSError, TimeoutError: there was no answer in time.
        ValueError: what answered does not speak HTTP.
    """
    head = (
        f"POST {address.target} HTTP/1.1\r\nHost: {address.origin.removeprefix('https://')}\r\nContent-Length: 0\r\n"
        f"Connection: close\r\nTTL: {TTL_S}\r\nUrgency: high\r\nTopic: news\r\n"
        f"Authorization: {authorization(sender, address.origin, now_s)}\r\n\r\n"
    )
    return await status_of(address.host, address.port, head.encode(), trust=trust, timeout_s=timeout_s)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
