"""What encryption at rest costs: sealing, opening, and the views and messages that do so, against the same in plain.

    ./dev bench sealing [--json]

Both stores take turns within one run on one Valkey (`appendfsync always`), so that their ratio holds on a busy machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from signaling.identity_types import Identity
from signaling.policy import Policy
from signaling.store import Store
from tests.valkey_server import RealValkey
from video_service.cipher import Cipher, new_key
from video_service.consent import CONSENT_VERSION
from video_service.redis_client import hot

AGENTS = 100
HOUR_MS = 3_600_000
NAME, NOTE, CONTEXT, LINE = "陈小琳 Xiaolin", "我的航班取消了 " * 20, "order K-7741", "请稍等 one moment"


class Plain(Cipher):
    """Leaves everything as it is: what the others are measured against."""

    def seal(self, text: str) -> str:
        return text

    def open_or_plain(self, stored: str) -> str:
        return stored


async def scene(url: str, pool: str, cipher: Cipher) -> tuple[Store, dict[str, Callable[[], Awaitable[object]]]]:
    """Return a store with a live call and many agents, and what is measured of it."""
    store = Store(hot(url, timeout_s=5), pool=pool, policy=Policy(presence_ttl_s=3_600), cipher=cipher)
    await store.load()
    now_ms = time.time_ns() // 1_000_000
    for number in range(AGENTS):
        agent = Identity(person=f"a{number}", role="agent", name=f"{NAME} {number}")
        await store.add_shift(agent.person, now_ms - HOUR_MS, now_ms + HOUR_MS)
        await store.connect(agent, node="n", socket="s")
        await store.sign_in(agent)
    await store.leg_offered("a0", leg="l", worker="w")
    await store.ready("a0")
    customer = Identity(person="c1", role="customer", context=CONTEXT)
    await store.connect(customer, node="n", socket="s")
    call = await store.join(
        "c1",
        queue="main",
        needs=(),
        urgent=False,
        reason="",
        consent=CONSENT_VERSION,
        locale="zh-CN",
        context=CONTEXT,
    )
    await store.note("c1", NOTE)
    ringing = (await store.agent_view("a0", alive=())).reservation
    assert ringing is not None
    await store.accept("a0", call, ringing.epoch)

    async def ticket() -> None:
        await store.redeem_ticket(await store.issue_ticket(customer))

    return store, {
        "agent's view": lambda: store.agent_view("a0", alive=()),
        "customer's view": lambda: store.customer_view("c1", alive=()),
        f"wall, {AGENTS} agents": store.coordinator_view,
        "note": lambda: store.note("c1", NOTE),
        "line of text": lambda: store.say("c1", call, LINE),
        "ticket, made and used": ticket,
    }


async def compare(url: str, rounds: int) -> dict[str, dict[str, float]]:
    """Return the medians in ms in plain and sealed, and their ratio."""
    stores, acts = [], []
    for name, cipher in (("plain", Plain([new_key()])), ("sealed", Cipher([new_key()]))):
        store, found = await scene(url, name, cipher)
        stores.append(store)
        acts.append(found)
    rows = {}
    for name in acts[0]:
        times_ms: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds):
            for which in (0, 1):
                start_s = time.perf_counter()
                await acts[which][name]()
                times_ms[which].append((time.perf_counter() - start_s) * 1000)
        plain, sealed = map(statistics.median, times_ms)
        rows[name] = {"plain_ms": plain, "sealed_ms": sealed, "ratio": sealed / plain}
    for store in stores:
        await store.redis.aclose()
    return rows


def single(rounds: int) -> dict[str, float]:
    """Return medians in microseconds: one name sealed, opened for the first time, and opened again."""
    cipher = Cipher([new_key()])
    sealed = [cipher.seal(f"{NAME} {number}") for number in range(rounds)]

    def median_us(act: Callable[[int], object]) -> float:
        times = []
        for number in range(rounds):
            start_s = time.perf_counter()
            act(number)
            times.append((time.perf_counter() - start_s) * 1e6)
        return statistics.median(times)

    return {
        "seal_us": median_us(lambda number: cipher.seal(f"{NAME} {number}")),
        "open_us": median_us(lambda number: cipher.open(sealed[number])),
        "open_again_us": median_us(lambda number: cipher.open(sealed[number])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--rounds", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        server = RealValkey(Path(folder), aof=True)
        server.start()
        try:
            rows = asyncio.run(compare(server.url, options.rounds))
        finally:
            server.kill()
    one = single(options.rounds)
    if options.json:
        print(json.dumps({"one": one, "rows": rows}))
        return
    print(
        "one name: "
        + ", ".join(f"{name.removesuffix('_us').replace('_', ' ')} {us:.1f} us" for name, us in one.items())
    )
    for name, row in rows.items():
        print(f"  {name:24} plain {row['plain_ms']:6.3f} ms  sealed {row['sealed_ms']:6.3f} ms  x{row['ratio']:.2f}")


if __name__ == "__main__":
    main()
