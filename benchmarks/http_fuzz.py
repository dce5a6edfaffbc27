"""Requests that schemathesis makes from the API's own description, for long, over real HTTP: does a node fail or grow?

    python -m benchmarks.http_fuzz [--requests 20000] [--seed 1] [--json]

One whole web node and a Valkey, each a process of its own. Somebody without a cookie, a customer, an agent and a
coordinator, signed in as on their pages, ask every operation of `GET /api/openapi.json` again and again: what it
allows, with odd and with known names, and what it does not. Judged: no 5xx but a refusal by name (too much at once, or
the store is away), every answer as described. Memory: the last third against the first. Ends with status 1 for a fault,
or memory that grew by more than a twentieth. 20,000 requests take about 3 minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import requests
from schemathesis.core.failures import FailureGroup

from benchmarks.fuzz import GROWTH_LIMIT, SAMPLE_S, resident_bytes
from tests.api_walk import ENDS_SESSION, Walk
from tests.data_keys import DATA_KEYS
from tests.support.staff import PASSWORD, Staff
from tests.valkey_server import RealValkey
from tests.web_nodes import HOST, LIMIT_S, WebNode
from video_service.redis_client import hot
from video_service.tasks import cancel_and_wait

POOL: Final = "http-fuzz"
EACH: Final = 3
PEOPLE: Final = ("anybody", "customer", "agent", "coordinator")


class Browser:
    """One person's cookies and connection."""

    def __init__(self, url: str, person: str) -> None:
        self.url, self.person = url, person
        self._session = requests.Session()
        self._session.trust_env = False

    async def sign_in(self) -> None:
        if self.person == "customer":
            await self._post("/api/enter", {})
        elif self.person != "anybody":
            await self._post("/api/sign-in", {"name": self.person, "password": PASSWORD})

    async def send(self, path: str, asked: requests.PreparedRequest) -> tuple[int, dict[str, list[str]], bytes]:
        asked.headers["Origin"] = self.url
        # Whoever signs out or changes a password is somebody else, or all that follows would be refused for that.
        if self.person != "anybody" and path not in ENDS_SESSION:
            asked.headers["Cookie"] = "; ".join(f"{each.name}={each.value}" for each in self._session.cookies)
        answer = await asyncio.to_thread(self._send, asked)
        return answer.status_code, {name.lower(): [value] for name, value in answer.headers.items()}, answer.content

    def _send(self, asked: requests.PreparedRequest) -> requests.Response:
        # A cookie that an answer sets is not taken: everybody stays who one is.
        kept = self._session.cookies.copy()
        answer = self._session.send(asked, timeout=LIMIT_S, allow_redirects=False)
        self._session.cookies = kept
        return answer

    async def _post(self, path: str, body: dict[str, str]) -> None:
        answer = await asyncio.to_thread(
            self._session.post, self.url + path, json=body, headers={"Origin": self.url}, timeout=LIMIT_S
        )
        answer.raise_for_status()

    def close(self) -> None:
        self._session.close()


class Run:
    """What was asked, and what came of it."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.asked = 0
        self.statuses: Counter[int] = Counter()
        self.done: Counter[str] = Counter()
        self.faults: list[str] = []

    async def walk(
        self, browser: Browser, description: dict[str, Any], known: Mapping[str, Sequence[Any]], seed: int
    ) -> None:
        """Ask as one person until all has been asked."""
        for number in range(seed, seed + self.wanted):
            walk = Walk(description, known, number=number, base_url=browser.url)
            try:
                await self._once(walk, browser, description)
            finally:
                self.statuses += walk.statuses
                self.done += walk.done
            if self.asked >= self.wanted:
                return

    async def _once(self, walk: Walk, browser: Browser, description: dict[str, Any]) -> None:
        for operation in walk.operations():
            who = description["paths"][operation.path][operation.method]["x-who"]
            for case in walk.cases(operation, EACH if {browser.person, "anybody"} & set(who) else 1):
                if self.asked >= self.wanted:
                    return
                self.asked += 1
                try:
                    await walk.ask(case, browser.send)
                except (AssertionError, FailureGroup) as fault:
                    self.faults.append(f"{browser.person}: {operation.label}: {fault!r}"[:600])


async def measured(url: str, wanted: int, seed: int, folder: str) -> dict[str, Any]:
    """Let four people ask one node so many times."""
    redis = hot(url, timeout_s=10)
    staff = Staff(redis, POOL)
    await staff.store.load()
    names = [(await staff.agent(name)).person for name in ("agent", "lin")]
    await staff.coordinator("coordinator")
    shift = await staff.store.add_shift(names[1], 2_700_000_000_000, 2_700_003_600_000)
    known: dict[str, Sequence[Any]] = {
        **{key: [names[1]] for key in ("person", "agent", "owner")},
        "shift": [shift.shift], "queue": ["main", "rail"], "customer": ["c-1"], "number": [1], "rev": [0, 1],
        "consent": [1, 2, 3], "as": ["customer", "agent", "coordinator"], "first_day": ["2055-03-01"],
        "last_day": ["2055-03-02"], "start": ["2055-03-01T09:00:00+08:00"], "end": ["2055-03-01T17:00:00+08:00"],
    }  # fmt: skip
    settings = {
        "VIDEO_SERVICE_DATA_KEYS": ",".join(DATA_KEYS),
        "VIDEO_SERVICE_VIDEO_MESSAGES_DIR": folder,
        "VIDEO_SERVICE_SIGN_IN_TRIES": "1000",
        "VIDEO_SERVICE_TICKETS_PER_ADDRESS": "1000000",
    }
    run = Run(wanted)
    with WebNode(url, POOL, settings) as node:
        address = f"http://{HOST}:{node.port}"
        browsers = [Browser(address, person) for person in PEOPLE]
        for browser in browsers:
            await browser.sign_in()
        answer = await asyncio.to_thread(requests.get, f"{address}/api/openapi.json", timeout=LIMIT_S)
        description = answer.json()
        began_s, sizes = time.monotonic(), []
        tasks = [
            asyncio.create_task(run.walk(browser, description, known, seed + number * wanted))
            for number, browser in enumerate(browsers)
        ]
        try:
            while not all(task.done() for task in tasks):
                sizes.append(resident_bytes(node.pid))
                await asyncio.sleep(SAMPLE_S)
            await asyncio.gather(*tasks)
        finally:
            await cancel_and_wait(tasks)
            for browser in browsers:
                browser.close()
        took_s = time.monotonic() - began_s
    staff.close()
    await redis.aclose()
    third = max(1, len(sizes) // 3)
    first, last = statistics.median(sizes[:third]), statistics.median(sizes[-third:])
    return {
        "requests": run.asked,
        "seconds": took_s,
        "statuses": {str(code): count for code, count in sorted(run.statuses.items())},
        "operations": len(description["paths"]),
        "done": len(run.done),
        "faults": run.faults,
        "first_third_mb": first / 1e6,
        "last_third_mb": last / 1e6,
        "growth_share": last / first - 1,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    options = parser.parse_args()
    os.environ["VIDEO_SERVICE_DATA_KEYS"] = ",".join(DATA_KEYS)
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        server = RealValkey(Path(folder), aof=True)
        server.start()
        try:
            found = asyncio.run(measured(server.url, options.requests, options.seed, folder))
        finally:
            server.kill()
    if options.json:
        print(json.dumps(found))
    else:
        print(
            f"{found['requests']} requests in {found['seconds']:.0f} s; {found['done']} operations done at least once"
        )
        print("  " + ", ".join(f"{code}: {count}" for code, count in found["statuses"].items()))
        print(
            f"memory of the node: {found['first_third_mb']:.1f} MB in the first third, "
            f"{found['last_third_mb']:.1f} MB in the last ({found['growth_share']:+.1%})"
        )
        print(f"faults: {len(found['faults'])}")
        for words in found["faults"][:20]:
            print(f"  {words}")
    sys.exit(1 if found["faults"] or found["growth_share"] > GROWTH_LIMIT else 0)


if __name__ == "__main__":
    main()
