"""The folder of video messages: encrypted files, each under a key of its own that is kept elsewhere.

A file without its key is noise, so a message is gone as soon as its key is; the file follows. Every web node of a
service shares one folder. Functions here wait for the disk: call them in a thread.

Source: AES-256-GCM, NIST SP 800-38D; a fresh random nonce for each file, few files under one key.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from video_service.durable_file import write_durably
from video_service.errors import ServiceError

KEY_BYTES: Final = 32
RESERVE_BYTES: Final = 1 << 30
"""So much stays free on the disk: what else writes there, such as the store, must never meet a full one."""
MARK: Final = "folder"
_NONCE_BYTES: Final = 12
_NAME = re.compile(r"([0-9a-f]{32})\.(film|part-\d{1,3})")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_YOUNG_S: Final = 300.0


class VideosFull(ServiceError):
    """There is no room for another video message now. Written messages are taken."""

    code: ClassVar[str] = "videos_full"
    retryable: ClassVar[bool] = True


class VideoGone(ServiceError):
    """This video message is gone: its time is over, or it was erased."""

    code: ClassVar[str] = "video_gone"


class Folder:
    """The files of one pool."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self, mark: str) -> str:
        """Make the folder where it is absent, and return its mark: the one that it has, else `mark`.

        Raises:
            OSError: it cannot be made, read or written to.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            write_durably(self.path / MARK, mark.encode(), os.link)
        return (self.path / MARK).read_text()

    def mark(self) -> str:
        """Return the folder's mark, "" where there is no folder yet or it has none.

        Raises:
            OSError: it cannot be read.
        """
        try:
            return (self.path / MARK).read_text()
        except FileNotFoundError:
            return ""

    def could_be(self) -> bool:
        """Return whether the folder is there and may be written to, or could be made."""
        place = next(each for each in (self.path, *self.path.absolute().parents) if each.exists())
        return place.is_dir() and os.access(place, os.W_OK | os.X_OK)

    def has_room(self, size: int) -> bool:
        """Return whether `size` bytes more leave enough of the disk to others."""
        return shutil.disk_usage(self.path).free - size >= RESERVE_BYTES

    def keep(self, video: str, part: str, key: bytes, data: bytes) -> None:
        """Write a file (part: "film" or "part-N"), whole or not at all; what was there goes.

        Raises:
            VideosFull: the disk is full.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, data, _about(video, part))
        try:
            write_durably(self._file(video, part), sealed, os.replace)
        except OSError as error:
            if error.errno in _FULL:
                raise VideosFull from error
            raise

    def read(self, video: str, part: str, key: bytes) -> bytes:
        """Return what is in a file.

        Raises:
            VideoGone: it is not there, or it is not what was kept under this name and key.
        """
        try:
            sealed = self._file(video, part).read_bytes()
            return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _about(video, part))
        except (FileNotFoundError, InvalidTag, ValueError) as error:
            raise VideoGone from error

    def parts(self, video: str) -> list[int]:
        """Return the numbers of the parts that are here, in order."""
        names = (_NAME.fullmatch(entry.name) for entry in self.path.glob(f"{video}.part-*"))
        return sorted(int(name[2].removeprefix("part-")) for name in names if name)

    def remove(self, video: str, *, parts_only: bool = False) -> None:
        """Remove the files of a video message; those that are gone are no error."""
        for entry in self.path.glob(f"{video}.{'part-*' if parts_only else '*'}"):
            entry.unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """Yield whose files are here; what was never finished, as after a crash, goes meanwhile."""
        found = set()
        for entry in self.path.iterdir():
            if name := _NAME.fullmatch(entry.name):
                found.add(name[1])
            elif entry.name.startswith(".") and _age_s(entry) > _YOUNG_S:
                entry.unlink(missing_ok=True)
        yield from sorted(found)

    def is_young(self, video: str) -> bool:
        """Return whether a file of it was written just now: its key may be on its way."""
        return any(_age_s(entry) < _YOUNG_S for entry in self.path.glob(f"{video}.*"))

    def copy(self, target: Path) -> int:
        """Copy the mark and the films into `target`, a new folder; return their bytes together."""
        target.mkdir(mode=0o700, parents=True)
        copied = 0
        for entry in sorted(self.path.iterdir()) if self.path.is_dir() else ():
            if entry.name == MARK or entry.name.endswith(".film"):
                with contextlib.suppress(FileNotFoundError):  # its time has come meanwhile
                    shutil.copyfile(entry, target / entry.name)
                    (target / entry.name).chmod(0o600)
                    copied += (target / entry.name).stat().st_size
        return copied

    def _file(self, video: str, part: str) -> Path:
        assert _NAME.fullmatch(f"{video}.{part}"), "names are made here"
        return self.path / f"{video}.{part}"


def folder_of(setting: str, data_dir: Path) -> Path:
    """Return the folder of all pools' video messages, by the setting `video_messages_dir`."""
    return Path(setting) if setting else data_dir / "video-messages"


def new_key() -> bytes:
    """Return a key for one video message."""
    return secrets.token_bytes(KEY_BYTES)


def _about(video: str, part: str) -> bytes:
    return f"video message {video} {part}".encode()


def _age_s(entry: Path) -> float:
    try:
        return time.time() - entry.stat().st_mtime
    except FileNotFoundError:
        return 0.0
