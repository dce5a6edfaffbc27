"""A media worker without media, a process of its own that `kill -9` ends: `python -m tests.worker_process NAME SOCKET`.

A recording engine behind the real RPC server, with a real lease in the registry; the store and the pool are told by the
environment. Whoever has a leg in a call is seen at once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

from media.registry import Lease, Registry
from media.rpc_server import RpcServer
from tests.recording_engine import RecordingEngine
from video_service.media_plane import CallRoute, LegAnswer, LegEvent, LegRequest, LegState
from video_service.redis_client import hot

STATES = (LegState.CONNECTED, LegState.FLOWING)
LEASE_MS = 600_000  # longer than a test: that it is dead is seen by its socket
LEGS = 100


class WorkerProcess:
    """Use as a context. It is there when its lease is."""

    def __init__(self, name: str, folder: Path, redis_url: str, pool: str) -> None:
        self.name = name
        self._command = [sys.executable, "-m", "tests.worker_process", name, str(folder / f"{name}.sock")]
        self._environment = {**os.environ, "REDIS_URL": redis_url, "POOL": pool}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, env=self._environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            self.kill()
            raise AssertionError(f"{self.name} did not start")
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End it by SIGKILL; may be called twice."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


class SeenAtOnce(RecordingEngine):
    """Reports that media flow as soon as a leg is there, and of a call as soon as it has both."""

    async def answer_leg(self, request: LegRequest) -> LegAnswer:
        answer = await super().answer_leg(request)
        self._flow(request.leg_id, request.person)
        return answer

    async def open_call(self, route: CallRoute) -> None:
        await super().open_call(route)
        for leg in (route.customer_leg, route.agent_leg):
            self._flow(leg, self.legs[leg].person, route.call_id)

    def _flow(self, leg: str, person: str, call: str = "") -> None:
        for state in STATES:
            self.tell(LegEvent(worker=self.worker, leg_id=leg, person=person, state=state, call_id=call))


async def _serve(name: str, path: Path) -> None:
    redis = hot(os.environ["REDIS_URL"], timeout_s=30)
    server = RpcServer(SeenAtOnce(name, capacity=LEGS), token="")
    await server.serve_unix(path)
    running = asyncio.create_task(server.run())
    await Registry(redis, os.environ["POOL"]).renew(Lease(worker=name, address=f"unix:{path}"), lease_ms=LEASE_MS)
    print("ready", flush=True)  # noqa: T201
    await running


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], Path(sys.argv[2])))
