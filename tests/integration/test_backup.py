"""Backups of a Valkey that is being written to, and what is there after restoring."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.running_service import run_command
from tests.valkey_server import RealValkey
from video_service import backup as module
from video_service.backup import BackupFailed, RestoreRefused, back_up, restore
from video_service.valkey import at_hand

pytestmark = pytest.mark.integration

MakeServer = Callable[..., RealValkey]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vs-") as name:
        yield Path(name)


class Writer:
    """Writes numbers one after the other, in pairs that belong together; `acknowledged` is the last that was."""

    def __init__(self, url: str) -> None:
        self.acknowledged = self.rewrites = 0
        self._redis = Redis.from_url(url, socket_timeout=30)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)
        self._redis.close()

    def _write(self) -> None:
        while not self._stop.is_set():
            number = self.acknowledged + 1
            with self._redis.pipeline(transaction=True) as pair:
                pair.set(f"a{number}", number)
                pair.set(f"b{number}", number)
                pair.execute()
            self.acknowledged = number

    def past(self, number: int) -> int:
        """Wait until more than `number` are acknowledged, and return how many."""
        while self.acknowledged <= number:
            assert self._thread.is_alive(), "it cannot write"
            self._stop.wait(0.005)
        return self.acknowledged


class Rewriter(Writer):
    """Lets the server rewrite its file as often as it can; `rewrites` is how often."""

    def _write(self) -> None:
        while not self._stop.is_set():
            if self._redis.info("persistence")["aof_rewrite_in_progress"] == 0:
                self._redis.bgrewriteaof()
                self.rewrites += 1
            self._stop.wait(0.002)

    def past(self, number: int) -> int:
        while self.rewrites <= number:
            assert self._thread.is_alive(), "it cannot rewrite"
            self._stop.wait(0.002)
        return self.rewrites


def test_nothing_acknowledged_is_missing_from_a_backup_under_load(valkey_server: MakeServer, folder: Path) -> None:
    server = valkey_server(aof=True)
    with Writer(server.url) as writer:
        before = writer.past(50)
        back_up(server.url, folder / "backup")
        after = writer.past(writer.acknowledged + 20)  # it goes on during and after

    restore(folder / "backup", folder / "new")

    with at_hand(folder / "new", "") as url, Redis.from_url(url) as restored:
        kept = {key.decode() for key in restored.keys("*")}
        restored.set("goes on", 1)
    numbers = {int(key[1:]) for key in kept if key.startswith("a")}
    assert numbers >= set(range(1, before + 1))
    assert numbers == set(range(1, len(numbers) + 1)), "a prefix of what was written, without a hole"
    assert len(numbers) < after
    assert {f"b{number}" for number in numbers} == {key for key in kept if key.startswith("b")}, "no half of a pair"


def test_a_backup_is_whole_when_the_file_was_rewritten_in_between(valkey_server: MakeServer, folder: Path) -> None:
    server = valkey_server(aof=True)
    with Redis.from_url(server.url) as redis:
        for number in range(20):
            redis.set(f"k{number}", "x" * 100)
        redis.bgrewriteaof()
        redis.set("last", 1)

        back_up(server.url, folder / "backup")

    restore(folder / "backup", folder / "new")
    with at_hand(folder / "new", "") as url, Redis.from_url(url) as restored:
        assert restored.dbsize() == 21


def test_a_backup_while_the_file_is_rewritten_over_and_over_has_no_hole(
    valkey_server: MakeServer, folder: Path
) -> None:
    server = valkey_server(aof=True)
    with Writer(server.url) as writer, Rewriter(server.url) as rewriter:
        before = []
        for number in range(8):
            rewriter.past(rewriter.rewrites)
            before.append(writer.acknowledged)
            back_up(server.url, folder / f"backup{number}")
    for number, least in enumerate(before):
        restore(folder / f"backup{number}", folder / f"new{number}")
        with at_hand(folder / f"new{number}", "") as url, Redis.from_url(url) as restored:
            kept = {key.decode() for key in restored.keys("*")}
        numbers = {int(key[1:]) for key in kept if key.startswith("a")}
        assert numbers >= set(range(1, least + 1))
        assert numbers == set(range(1, len(numbers) + 1))


def test_a_backup_changes_nothing_of_the_server_so_one_that_is_killed_leaves_it_as_it_was(
    valkey_server: MakeServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = valkey_server(aof=True)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_copy_bytes", killed)
    with Redis.from_url(server.url) as redis:
        before = redis.config_get("*")
        with pytest.raises(KeyboardInterrupt):
            back_up(server.url, folder / "backup")
        assert redis.config_get("*") == before
    assert list(folder.iterdir()) == []


def test_a_manifest_that_is_never_the_same_twice_is_a_sentence(
    valkey_server: MakeServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = valkey_server(aof=True)
    monkeypatch.setattr(module, "TRIES", 2)
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b"# %d\n" % time.perf_counter_ns())
    with pytest.raises(BackupFailed, match="over and over"):
        back_up(server.url, folder / "backup")
    assert list(folder.iterdir()) == []


def test_a_command_that_was_cut_in_two_is_left_out(valkey_server: MakeServer, folder: Path) -> None:
    server = valkey_server(aof=True)
    with Redis.from_url(server.url) as redis:
        redis.set("whole", 1)
        redis.set("cut", "x" * 1000)
    back_up(server.url, folder / "backup")
    increment = next((folder / "backup").rglob("*.incr.aof"))
    increment.write_bytes(increment.read_bytes()[:-500])

    restore(folder / "backup", folder / "new")

    with at_hand(folder / "new", "") as url, Redis.from_url(url) as restored:
        assert restored.keys() == [b"whole"]


def test_backups_are_for_their_owner_only(valkey_server: MakeServer, folder: Path) -> None:
    back_up(valkey_server(aof=True).url, folder / "backup")

    modes = {path.name: path.stat().st_mode & 0o077 for path in [folder / "backup", *(folder / "backup").rglob("*")]}
    assert set(modes.values()) == {0}


def test_by_command_with_the_embedded_server(folder: Path) -> None:
    with at_hand(folder / "data", "") as url, Redis.from_url(url) as store:
        store.set("kept", 1)
        made = run_command("backup", str(folder / "backup"), "--data", str(folder / "data"))
        again = run_command("backup", str(folder / "backup"), "--data", str(folder / "data"))
    restored = run_command("restore", str(folder / "backup"), "--data", str(folder / "new"))

    assert made.returncode == 0, made.stderr
    assert f"video-service restore {folder}/backup --data NEW_FOLDER" in made.stdout
    assert again.stderr.strip() == f"{folder}/backup exists; name a new folder."
    assert restored.stdout.strip() == f"Restored. To start with it: video-service run --data {folder}/new"
    with at_hand(folder / "new", "") as url, Redis.from_url(url) as store:
        assert store.get("kept") == b"1"


def test_a_server_that_keeps_nothing_or_is_not_there_is_a_sentence(valkey_server: MakeServer, folder: Path) -> None:
    with pytest.raises(BackupFailed, match="keeps no append-only file"):
        back_up(valkey_server().url, folder / "backup")
    with pytest.raises(BackupFailed, match="The backup could not be made: ConnectionError"):
        back_up("redis://127.0.0.1:1/0", folder / "backup")
    assert list(folder.iterdir()) == []


def test_a_server_elsewhere_needs_its_folder_named(valkey_server: MakeServer, folder: Path) -> None:
    server = valkey_server(aof=True)
    with Redis.from_url(server.url, decode_responses=True) as redis:
        redis.set("kept", 1)
        there = Path(redis.config_get("dir")["dir"] or "")

    with pytest.raises(BackupFailed, match="has no append-only file"):
        back_up(server.url, folder / "backup", source=folder)
    assert back_up(server.url, folder / "backup", source=there) > 0


def test_what_is_no_backup_and_a_folder_with_data_are_refused(valkey_server: MakeServer, folder: Path) -> None:
    with pytest.raises(RestoreRefused, match="is no backup"):
        restore(folder, folder / "new")
    back_up(valkey_server(aof=True).url, folder / "backup")
    restore(folder / "backup", folder / "new")
    before = sorted(path.read_bytes() for path in (folder / "new").rglob("*.aof"))

    with pytest.raises(RestoreRefused, match="has data already"):
        restore(folder / "backup", folder / "new")

    assert sorted(path.read_bytes() for path in (folder / "new").rglob("*.aof")) == before


def test_a_restore_that_was_interrupted_can_be_done_again(valkey_server: MakeServer, folder: Path) -> None:
    back_up(valkey_server(aof=True).url, folder / "backup")
    restore(folder / "backup", folder / "new")
    done = folder / "new" / "valkey" / "appendonlydir"
    shutil.move(done, done.with_name("appendonlydir.part"))

    restore(folder / "backup", folder / "new")

    assert list(done.glob("*.manifest"))
