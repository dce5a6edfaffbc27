"""Encryption of personal data at rest, with keys that can be changed without a break.

The first key seals; every key opens. So a new key is put in front, `Cipher.renew` seals what was stored anew, and the
old key is dropped when nothing is left under it. What must be found without being read has a digest beside it.

Source: Fernet (AES-128-CBC with HMAC-SHA-256), https://github.com/fernet/spec; RFC 2104 for the digest, RFC 5869 for
its key.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from video_service.durable_file import write_durably
from video_service.errors import ServiceError

SEALED_START: Final = "gAAAAA"
"""How every sealed text begins: Fernet's version byte, and a time before the year 2106."""

_DIGEST_PURPOSE = b"video-service look-up 1"
_NAME_PURPOSE = b"video-service key name 1"
_KEY_BYTES = 32
_NAME_DIGITS = 12
# Views show the same few names and notes again and again; one that is opened stays at hand.
_OPENED_KEPT = 2048


class Unreadable(ServiceError):
    """What is stored cannot be opened with any of the data keys: a key is missing."""

    code: ClassVar[str] = "data_key_missing"


class BadDataKeys(ServiceError):
    """The data keys are unusable: each has 44 characters, as `video-service data-key new` makes them."""

    code: ClassVar[str] = "bad_data_keys"


class Cipher:
    """Seals and opens texts. `keys`: Fernet keys, newest first, at least one.

    Raises:
        BadDataKeys: there is no key, or one is malformed.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise BadDataKeys
        try:
            self._boxes = [Fernet(key) for key in keys]
        except ValueError as error:
            raise BadDataKeys from error
        self._box = MultiFernet(self._boxes)
        self._digest_keys = [_derived(key, _DIGEST_PURPOSE) for key in keys]
        self._open = functools.lru_cache(_OPENED_KEPT)(self._decrypt)
        self.names = tuple(_derived(key, _NAME_PURPOSE).hex()[:_NAME_DIGITS] for key in keys)
        """The keys' names, in their order: they tell keys apart, and nothing of them."""

    def seal(self, text: str) -> str:
        """Return `text` encrypted, in ASCII; the empty text stays empty, for it says nothing of anybody."""
        return self._box.encrypt(text.encode()).decode() if text else ""

    def open(self, sealed: str) -> str:
        """Return what was sealed.

        Raises:
            Unreadable: no key fits, or it was altered.
        """
        return self._open(sealed) if sealed else ""

    def open_once(self, sealed: str) -> str:
        """Return what was sealed and is not asked for again: nothing of it stays at hand.

        Raises:
            Unreadable: no key fits, or it was altered.
        """
        return self._decrypt(sealed) if sealed else ""

    def open_or_plain(self, stored: str) -> str:
        """Return the text of a value that may have been written before anything was sealed.

        Raises:
            Unreadable: it is sealed, and no key fits, or it was altered.
        """
        return self.open(stored) if stored.startswith(SEALED_START) else stored

    def renew(self, sealed: str) -> str:
        """Return the same under the newest key, with the time of the first sealing kept.

        Raises:
            Unreadable: no key fits, or it was altered.
        """
        try:
            return self._box.rotate(sealed.encode()).decode() if sealed else ""
        except InvalidToken as error:
            raise Unreadable from error

    def sealed_by(self, sealed: str) -> str:
        """Return the name of the key under which it was sealed; "" when it is none of these."""
        for name, box in zip(self.names, self._boxes, strict=True):
            with contextlib.suppress(InvalidToken):
                box.decrypt(sealed.encode())
                return name
        return ""

    def digest(self, text: str) -> str:
        """Return the digest under which a new value is found again: 64 hexadecimal digits, of use only with the key."""
        return _digest(self._digest_keys[0], text)

    def digests(self, text: str) -> tuple[str, ...]:
        """Return every digest under which an old value may stand, newest key first."""
        return tuple(_digest(key, text) for key in self._digest_keys)

    def _decrypt(self, sealed: str) -> str:
        try:
            return self._box.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise Unreadable from error


def new_key() -> str:
    """Return a new random key: 32 bytes in URL-safe Base64."""
    return Fernet.generate_key().decode()


def parse_keys(text: str) -> tuple[str, ...]:
    """Return keys from text: newest first, apart by commas or white space."""
    return tuple(text.replace(",", " ").split())


def keys_in(path: Path) -> tuple[str, ...]:
    """Return the keys in a file that only its owner can read.

    Raises:
        BadDataKeys: others may read the file, or there is no key in it.
        OSError: it cannot be read.
    """
    if path.stat().st_mode & 0o077:
        raise BadDataKeys(f"Others may read {path.name}: chmod 600, and change the key if it was seen.")
    keys = parse_keys(path.read_text())
    if not keys:
        raise BadDataKeys(f"There is no key in {path.name}.")
    return keys


def make_keys(path: Path) -> None:
    """Make the file with a new key where there is none; it is there whole, or not at all.

    Raises:
        OSError: it cannot be made.
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):  # another process was first
        _write(path, [new_key()], os.link)


def add_key(path: Path) -> None:
    """Put a new key before those in the file.

    Raises:
        BadDataKeys: see `keys_in`.
        OSError: it cannot be written.
    """
    _write(path, [new_key(), *keys_in(path)], os.replace)


def _write(path: Path, keys: Sequence[str], put: Callable[[Path, Path], None]) -> None:
    write_durably(path, "".join(f"{key}\n" for key in keys).encode(), put)


def _derived(key: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose).derive(key.encode())


def _digest(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
