from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from video_service import probes, sockets
from video_service.clock import SystemClock, utc
from video_service.sockets import SOCKET_PATH_BYTES, AddressUnusable, FolderOpen

pytestmark = pytest.mark.unit


def test_sockets_lie_in_the_data_folder() -> None:
    assert sockets.socket_folder(Path("/srv/video")) == Path("/srv/video/run")


def test_a_path_that_is_too_long_for_a_socket_has_a_short_one_of_its_own() -> None:
    first, second = (sockets.socket_folder(Path("/srv") / ("é" * 60) / name) for name in ("a", "b"))

    assert first != second
    for folder in (first, second):
        assert len(os.fsencode(folder / sockets.LONGEST_NAME)) <= SOCKET_PATH_BYTES
    assert sockets.socket_folder(Path("/srv") / ("é" * 60) / "a") == first


def test_a_private_folder_is_made_private(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    sockets.private_folder(folder)
    sockets.private_folder(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o740, 0o777])
def test_a_folder_that_others_may_enter_or_read_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    folder.chmod(mode)

    with pytest.raises(FolderOpen):
        sockets.private_folder(folder)


def test_listening_takes_connections_before_anybody_serves_them() -> None:
    with sockets.listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname(), 30) as client:
        assert client.getpeername() == listener.getsockname()


def test_a_port_that_is_taken_is_a_sentence() -> None:
    with sockets.listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(AddressUnusable, match=f"Port {port} is in use by another program"):
            sockets.listen("127.0.0.1", port)


def test_an_address_of_another_machine_is_a_sentence() -> None:
    with pytest.raises(AddressUnusable, match=r"192\.0\.2\.1 is no address of this machine"):
        sockets.listen("192.0.2.1", 0)


async def test_nobody_behind_a_port_is_no_status() -> None:
    # Held, and not listened on: nobody else can take it meanwhile.
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))

        assert await probes.http_get("127.0.0.1", held.getsockname()[1], "/") == (0, b"")


def test_the_clock_counts_milliseconds_since_1970() -> None:
    first = SystemClock().now_ms()

    assert utc(first).year >= 2025
    assert utc(0).isoformat() == "1970-01-01T00:00:00+00:00"
    assert utc(1_500).isoformat() == "1970-01-01T00:00:01.500000+00:00"
