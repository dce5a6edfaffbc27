"""Files that are there as a whole or not at all, also after a power cut."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def write_durably(path: Path, data: bytes, put: Callable[[Path, Path], None]) -> None:
    """Put a file on disk that only its owner reads: `put` is os.replace, or os.link where none may be there yet.

    Raises:
        FileExistsError: `put` is os.link, and there is one.
        OSError: the disk is full, or the folder cannot be written.
    """
    new = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        put(new, path)
    finally:
        new.unlink(missing_ok=True)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
