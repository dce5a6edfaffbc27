"""A call by a TURN server only, as a program of its own: it runs on another host than the service.

    python -m tests.relayed_call WEB_OF_AGENT WEB_OF_CUSTOMER

REDIS_URL says where accounts and tickets are, VIDEO_SERVICE_DATA_KEYS opens them.

It prints, as JSON, what each side saw.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from typing import Any

from aioice import Candidate, stun, turn
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from signaling.identity_types import Identity
from signaling.store import Store
from video_service import redis_client, settings
from video_service.accounts import Accounts, Role
from video_service.clock import SystemClock
from video_service.consent import CONSENT_VERSION
from video_service.data_keys import cipher_of
from video_service.demo_page import DemoPage
from video_service.demo_peer import IceServers, draw_loop
from video_service.demo_picture import Look
from video_service.passwords import PasswordCost, Passwords
from video_service.tasks import cancel_and_wait

LIMIT_S = 75.0
ENOUGH_PICTURES = 10
NO_WORKER = ("10.77.1.99", 40000)


def by_relay(servers: IceServers) -> RTCConfiguration:
    """Use what the page was told, and nothing but a relayed address."""
    return RTCConfiguration(
        iceServers=[RTCIceServer(**server) for server in servers],  # type: ignore[arg-type]
        iceTransportPolicy=RTCIceTransportPolicy.RELAY,
        bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
    )


def used(page: DemoPage) -> Candidate:
    """Return the local candidate by which a page's media goes."""
    assert page.peer is not None
    transport = page.peer.connection.getTransceivers()[0].sender.transport
    pair = transport.transport.iceGatherer._connection._nominated[1]
    found: Candidate = pair.local_candidate
    return found


async def refusal(server: dict[str, Any]) -> int:
    """Return the code with which the TURN server refuses to relay to whoever is no worker; 0 when it does relay."""
    host, port = server["urls"][0].removeprefix("turn:").partition("?")[0].split(":")
    lost = asyncio.Event()

    class Endpoint(asyncio.DatagramProtocol):
        def connection_lost(self, _: Exception | None) -> None:
            lost.set()

    transport, _ = await turn.create_turn_endpoint(
        Endpoint, (host, int(port)), server["username"], server["credential"]
    )
    try:
        await transport._TurnTransport__inner_protocol.channel_bind(0x4000, NO_WORKER)  # type: ignore[attr-defined]
    except stun.TransactionFailed as error:
        return int(error.response.attributes["ERROR-CODE"][0])
    finally:
        transport.close()
        await lost.wait()
    return 0


async def main(web_of_agent: str, web_of_customer: str) -> dict[str, Any]:
    loaded = settings.load()
    redis = redis_client.hot(loaded.redis_url, timeout_s=30.0)
    cipher = cipher_of(loaded)
    store = Store(redis, pool=loaded.pool, cipher=cipher)
    passwords = Passwords(PasswordCost(time_cost=1, memory_kib=8, parallelism=1))
    accounts = Accounts(redis, pool=loaded.pool, passwords=passwords, clock=SystemClock(), cipher=cipher)
    account = await accounts.add("lin", role=Role.AGENT, display_name="Lin", password="correct horse battery")
    now_ms = SystemClock().now_ms()
    await store.add_shift(account.person, now_ms, now_ms + 3_600_000)
    camera = draw_loop(Look())

    def page(web: str, identity: Identity) -> DemoPage:
        return DemoPage(
            f"ws://{web}/ws",
            origin=f"http://{web}",
            ticket=lambda: store.issue_ticket(identity),
            camera=camera,
            configure=by_relay,
        )

    agent = page(web_of_agent, Identity(person=account.person, role="agent", name="Lin", generation=account.generation))
    customer = page(web_of_customer, Identity(person="c-1", role="customer"))
    tasks = [asyncio.create_task(each.run()) for each in (agent, customer)]
    try:
        await _meet(agent, customer)
        return {
            "candidates": [used(each).type for each in (agent, customer)],
            "users": [each._welcome["ice_servers"][0]["username"] for each in (agent, customer)],
            "pictures": [each.peer.pictures if each.peer else 0 for each in (agent, customer)],
            "elsewhere": await refusal(agent._welcome["ice_servers"][0]),
        }
    finally:
        await cancel_and_wait(tasks)
        passwords.close()
        await redis.aclose()


async def _meet(agent: DemoPage, customer: DemoPage) -> None:
    """Let the two get into a call, and see each other for a moment."""
    deadline_s = time.monotonic() + LIMIT_S
    sent_s = dict.fromkeys(("ready", "join", "accept"), 0.0)

    async def ask(page: DemoPage, kind: str, **fields: object) -> None:
        if time.monotonic() - sent_s[kind] > 1.0:
            sent_s[kind] = time.monotonic()
            with contextlib.suppress(Exception):
                await page.send(kind, **fields)

    while True:
        assert time.monotonic() < deadline_s, f"not in time: {agent.view} {customer.view}"
        if agent.view.get("picture") and agent.view.get("state") in ("break", "offline"):
            await ask(agent, "ready")
        if agent.view.get("state") == "available" and customer.view.get("state") == "home":
            await ask(customer, "join", consent=CONSENT_VERSION)
        if ringing := agent.view.get("reservation"):
            await ask(agent, "accept", call=ringing["call"], epoch=ringing["epoch"])
        if customer.view.get("state") == "connected" and all(
            page.peer is not None and page.peer.pictures >= ENOUGH_PICTURES for page in (agent, customer)
        ):
            return
        await asyncio.sleep(0.05)


async def _in_time(*nodes: str) -> dict[str, Any]:
    # Where it stood when the time was over is in the traceback; whoever started this kills it a little later.
    async with asyncio.timeout(LIMIT_S + 8):
        return await main(*nodes)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_in_time(*sys.argv[1:]))))  # noqa: T201
