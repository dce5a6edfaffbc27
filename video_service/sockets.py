"""Where processes of one machine meet: a private folder of Unix sockets, and the web node's TCP socket."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
from pathlib import Path
from typing import ClassVar

from video_service.errors import ServiceError

SOCKET_PATH_BYTES = 103  # sun_path on macOS less the end mark; Linux has 107
LONGEST_NAME = "media-255.sock"
BACKLOG = 2048


class FolderOpen(ServiceError):
    """A folder that must be private is not."""

    code: ClassVar[str] = "folder_open"


class AddressUnusable(ServiceError):
    """The address to listen on cannot be used."""

    code: ClassVar[str] = "address_unusable"


def private_folder(folder: Path) -> None:
    """Make sure that `folder` exists and that only this user may look into it.

    Raises:
        FolderOpen: others may, or it belongs to another user. It is not changed: somebody may have looked already.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.geteuid():
        raise FolderOpen(f"{folder} belongs to another user; start the service as that user.")
    if status.st_mode & 0o077:
        raise FolderOpen(f"Others may read {folder}; close it first: chmod 700 {folder}")


def socket_folder(data_dir: Path) -> Path:
    """Return the folder of the sockets that belong to `data_dir`, the same for every process that asks.

    It is `run` in the data folder, or a folder in /tmp when that path is too long for a socket's address.
    """
    folder = data_dir.resolve() / "run"
    if len(os.fsencode(folder / LONGEST_NAME)) <= SOCKET_PATH_BYTES:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(f"/tmp/video-service-{os.geteuid()}-{digest}")


def listen(host: str, port: int) -> socket.socket:
    """Return a listening TCP socket on `host` and `port` (0: any free one).

    Raises:
        AddressUnusable: a sentence that says why not.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise AddressUnusable(f"{host} is no address of this machine.") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise AddressUnusable(_why_not(host, port, error)) from error
    return listener


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program; choose another with --port, or 0 for any free one."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has; choose one above 1023."
    return f"Cannot listen on {host}, port {port}: {os.strerror(error.errno or 0)}."
