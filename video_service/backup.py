"""Backup of a running Valkey's append-only file, and its restoring into a new data folder.

The file is several (a base, increments, a manifest); only a rewrite removes any. So all are opened first, and are those
of one moment when the manifest is the same before and after: what is open can be read when it has been removed. They
are copied up to the length that they have then. The server is asked for nothing but its folder, so a backup that is
killed leaves it as it was. Whatever was acknowledged before the copy began is in it; a last command that was cut in two
is left out when the copy is read.

Source: Valkey documentation, "Persistence", how the append-only file is several.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import BinaryIO, ClassVar, Final

from redis import Redis
from redis.exceptions import RedisError

from video_service.errors import ServiceError
from video_service.sockets import private_folder
from video_service.valkey import EmbeddedValkey
from video_service.video_messages_files import Folder

FILES: Final = "appendonlydir"
FILMS: Final = "video-messages"
TRIES: Final = 50
COMMAND_TIMEOUT_S: Final = 10.0
_POLL_S: Final = 0.1


class BackupFailed(ServiceError):
    """The backup could not be made."""

    code: ClassVar[str] = "backup_failed"


class RestoreRefused(ServiceError):
    """The backup cannot be restored there."""

    code: ClassVar[str] = "restore_refused"


def back_up(redis_url: str, target: Path, *, source: Path | None = None, films: Path | None = None) -> int:
    """Copy the append-only files of the server at `redis_url` into `target`, a new folder; return the bytes copied.

    `source` is the server's data folder as this process sees it; None asks the server. `films`: the folder of signed
    messages, copied after the keys that open them, so that none is missing in the copy but those whose time has come.

    Raises:
        BackupFailed: the server does not answer, keeps no append-only file, or its files are not on this machine.
        FileExistsError: `target` exists.
    """
    redis = Redis.from_url(
        redis_url, decode_responses=True, socket_timeout=COMMAND_TIMEOUT_S, socket_connect_timeout=COMMAND_TIMEOUT_S
    )
    try:
        with contextlib.closing(redis):
            folder = _folder(redis, source)
            part = target.with_name(f"{target.name}.part")
            private_folder(part)
            try:
                copied = _copy(folder, part / FILES)
                for pool in sorted(films.iterdir()) if films is not None and films.is_dir() else ():
                    copied += Folder(pool).copy(part / FILMS / pool.name)
                part.rename(target)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
    except (RedisError, OSError) as error:
        raise BackupFailed(f"The backup could not be made: {type(error).__name__}.") from error
    return copied


def restore(backup: Path, data_dir: Path) -> None:
    """Put a backup into `data_dir`, so that the next `run --data` there begins with it.

    Raises:
        RestoreRefused: `backup` is none, or `data_dir` has data already.
        ValkeyInUse: a service runs on `data_dir`.
    """
    if not list((backup / FILES).glob("*.manifest")):
        raise RestoreRefused(f"{backup} is no backup: it has no {FILES} with a manifest.")
    server = EmbeddedValkey(data_dir)
    server.acquire()
    try:
        place = server.folder / FILES
        if place.exists():
            raise RestoreRefused(f"{data_dir} has data already; name a new folder, or move {place} away first.")
        _restore_films(backup / FILMS, data_dir / FILMS)
        part = place.with_name(f"{FILES}.part")
        shutil.rmtree(part, ignore_errors=True)
        _copy(backup / FILES, part)
        part.rename(place)
    finally:
        server.release()


def _restore_films(source: Path, target: Path) -> None:
    """Put the films of a backup beside the data, those of each pool whole or not at all."""
    for pool in sorted(source.iterdir()) if source.is_dir() else ():
        if not (target / pool.name).exists():
            part = target / f".{pool.name}.part"
            shutil.rmtree(part, ignore_errors=True)
            Folder(pool).copy(part)
            part.rename(target / pool.name)


def _folder(redis: Redis, source: Path | None) -> Path:
    """Return where the server's append-only files are."""
    told = {name: redis.config_get(name)[name] or "" for name in ("dir", "appenddirname", "appendonly")}
    if told["appendonly"] != "yes":
        raise BackupFailed("This Valkey keeps no append-only file; see docs/how-to/redis.md.")
    folder = (source or Path(told["dir"])) / told["appenddirname"]
    if not list(folder.glob("*.manifest")):
        raise BackupFailed(f"{folder} has no append-only file; run this where the server's folder is, or name it.")
    return folder


def _copy(source: Path, target: Path) -> int:
    """Copy the files that the manifest names, on disk when this returns; return their bytes together.

    Raises:
        BackupFailed: the manifest names a file elsewhere, or changes over and over.
    """
    target.mkdir(mode=0o700)
    with contextlib.ExitStack() as stack:
        files = _opened(source, stack)
        lengths = {name: os.fstat(file.fileno()).st_size for name, file in files.items()}
        for name, file in files.items():
            _copy_bytes(file, lengths[name], target / name)
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return sum(lengths.values())


def _opened(source: Path, stack: contextlib.ExitStack) -> dict[str, BinaryIO]:
    """Return the manifest and the files that it names, open: from here on they can be read whatever becomes of them."""
    for _ in range(TRIES):
        found = stack.enter_context(contextlib.ExitStack())
        with contextlib.suppress(FileNotFoundError):  # a rewrite has just ended
            manifest = next(source.glob("*.manifest"))
            before = manifest.read_bytes()
            names = [line.split()[1] for line in before.decode().splitlines() if line.startswith("file ")]
            if any(Path(name).name != name for name in names):
                raise BackupFailed(f"{manifest} names a file that is elsewhere.")
            files: dict[str, BinaryIO] = {
                name: found.enter_context((source / name).open("rb")) for name in (*names, manifest.name)
            }
            if files[manifest.name].read() == before == manifest.read_bytes():
                files[manifest.name].seek(0)
                return files
        found.close()
        time.sleep(_POLL_S)
    raise BackupFailed("The append-only file is being rewritten over and over; try again later.")


def _copy_bytes(source: BinaryIO, length: int, target: Path) -> None:
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        left = length
        while left and (block := source.read(min(left, 1 << 20))):
            out.write(block)
            left -= len(block)
        out.flush()
        os.fsync(out.fileno())
