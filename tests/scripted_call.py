"""A whole call with everything that people can say in one, as a program of its own, beside a running service.

    python -m tests.scripted_call URL

The settings in the environment are the service's. It prints, as JSON, what was said of whom (`personal`), and what
opened something (`secret`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from signaling.store import Store
from tests.launching import launch_token
from video_service import redis_client, settings
from video_service.accounts import Accounts, Role
from video_service.clock import SystemClock
from video_service.consent import CONSENT_VERSION
from video_service.data_keys import cipher_of
from video_service.demo_page import DemoPage
from video_service.demo_peer import direct, draw_loop, meet_on_this_machine
from video_service.demo_picture import Look
from video_service.passwords import PasswordCost, Passwords
from video_service.tasks import cancel_and_wait

LIMIT_S = 60.0
ENOUGH_PICTURES = 10
PASSWORD = "kestrel-marmalade-quill"

SIGN_IN = {"agent": "xiaolin.chen", "coordinator": "guan.mo"}
SHOWN = {"agent": "陈小琳 Xiaolin", "coordinator": "莫关 Mo"}
CONTEXT = "order K-7741 Zanzibar"
NOTE = "我的航班取消了 flight MU5099"
SAID = {"customer": "我在登机口 gate 47B", "agent": "请稍等 rebooked on CA1831"}
OUTCOME_NOTE = "答应回电 promised a voucher"
MESSAGE = "行李丢了 my blue suitcase"
CONTACT = "wechat-lotus-8812"
SUBJECT = "host-customer-90210"


class Desk:
    """One person's browser and page."""

    def __init__(self, url: str, camera: Any) -> None:
        self.secrets: list[str] = []
        self._url = url
        self._cookie = ""
        self.page = DemoPage(
            url.replace("http", "ws", 1) + "/ws", origin=url, ticket=self._ticket, camera=camera, configure=direct
        )
        self.entrance = "customer"

    async def post(self, path: str, body: object) -> Any:
        return await asyncio.to_thread(self._post, path, body)

    async def _ticket(self) -> str:
        ticket: str = (await self.post("/api/ticket", {"as": self.entrance, "locale": "en"}))["ticket"]
        self.secrets.append(ticket)
        return ticket

    def _post(self, path: str, body: object) -> Any:
        headers = {"Content-Type": "application/json", "Origin": self._url, "Cookie": self._cookie}
        request = urllib.request.Request(self._url + path, json.dumps(body).encode(), headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=LIMIT_S) as answer:
            for line in answer.headers.get_all("Set-Cookie") or ():
                self._cookie = line.partition(";")[0]
                self.secrets.append(self._cookie.partition("=")[2])
            return json.loads(answer.read())


async def main(url: str) -> dict[str, dict[str, Any]]:
    loaded = settings.load()
    meet_on_this_machine()
    await _staff(loaded)
    camera = draw_loop(Look())
    agent, customer, coordinator = (Desk(url, camera) for _ in range(3))
    for entrance, desk in (("agent", agent), ("coordinator", coordinator)):
        desk.entrance = entrance
        await desk.post("/api/sign-in", {"name": SIGN_IN[entrance], "password": PASSWORD})
    launch = launch_token(sub=SUBJECT, context=CONTEXT)
    await customer.post("/api/enter", {"token": launch})
    await customer.post("/api/messages", {"text": MESSAGE, "contact": CONTACT, "consent": CONSENT_VERSION})
    desks = (agent, customer, coordinator)
    tasks = [asyncio.create_task(desk.page.run(), name="page") for desk in desks]
    try:
        described = await _call(agent.page, customer.page)
    finally:
        await cancel_and_wait(tasks)
    secrets = [launch, PASSWORD, *described, *(secret for desk in desks for secret in desk.secrets)]
    secrets += [desk.page._welcome["resume"] for desk in desks]
    personal = [*SIGN_IN.values(), *SHOWN.values(), CONTEXT, NOTE, *SAID.values(), OUTCOME_NOTE, MESSAGE, CONTACT]
    return {"personal": {"texts": [*personal, SUBJECT]}, "secret": {"texts": secrets}}


async def _staff(loaded: settings.Settings) -> None:
    redis = redis_client.hot(loaded.redis_url)
    cipher = cipher_of(loaded)
    passwords = Passwords(PasswordCost(time_cost=1, memory_kib=8, parallelism=1))
    try:
        accounts = Accounts(redis, pool=loaded.pool, passwords=passwords, clock=SystemClock(), cipher=cipher)
        for role in (Role.AGENT, Role.COORDINATOR):
            account = await accounts.add(SIGN_IN[role], role=role, display_name=SHOWN[role], password=PASSWORD)
            if role is Role.AGENT:
                now_ms = SystemClock().now_ms()
                await Store(redis, pool=loaded.pool, cipher=cipher).add_shift(
                    account.person, now_ms, now_ms + 3_600_000
                )
    finally:
        passwords.close()
        await redis.aclose()


async def _call(agent: DemoPage, customer: DemoPage) -> list[str]:
    """Live through a call, and return the lines of both sides' session descriptions that tell them apart."""
    await _until(agent, lambda: bool(agent.view.get("picture")))
    await _ask(agent, "ready", lambda: agent.view.get("state") == "available")
    await _ask(customer, "join", lambda: bool(agent.view.get("reservation")), consent=CONSENT_VERSION)
    ringing = agent.view["reservation"]
    call = ringing["call"]
    await customer.send("note", text=NOTE)
    await _until(agent, lambda: (agent.view.get("reservation") or {}).get("note") == NOTE)
    assert agent.view["reservation"]["about"]["context"] == CONTEXT
    await _ask(agent, "accept", lambda: customer.view.get("state") == "connected", call=call, epoch=ringing["epoch"])
    await _until(
        agent,
        lambda: all(page.peer is not None and page.peer.pictures >= ENOUGH_PICTURES for page in (agent, customer)),
    )
    described = [_marks(page) for page in (agent, customer)]
    for page, other, role in ((customer, agent, "customer"), (agent, customer, "agent")):
        await _ask(page, "say", lambda other=other: bool(other.lines), call=call, text=SAID[role])  # type: ignore[misc]
    await _ask(customer, "hang_up", lambda: agent.view.get("state") == "after_call", call=call)
    await agent.send("disposition", call=call, outcome="follow_up", note=OUTCOME_NOTE, due_in_h=2)
    await _until(agent, lambda: (agent.view.get("after_call") or {}).get("note") == OUTCOME_NOTE)
    await customer.send("survey", call=call, solved="yes", face=5)
    await _ask(customer, "hang_up", lambda: customer.view.get("state") == "home", call=call)
    return [mark for marks in described for mark in marks]


def _marks(page: DemoPage) -> list[str]:
    """Return what only this connection's descriptions have: fingerprints, passwords, candidates."""
    assert page.peer is not None
    connection = page.peer.connection
    texts = [connection.localDescription.sdp, connection.remoteDescription.sdp]
    return [mark for text in texts for mark in re.findall(r"(?:fingerprint:\S+ |ice-pwd:|candidate:)(\S+)", text)]


async def _ask(page: DemoPage, kind: str, done: Callable[[], bool], **fields: object) -> None:
    """Send, and send again now and then, until it is done."""
    asked_s = 0.0

    def again() -> bool:
        return time.monotonic() - asked_s > 2.0

    deadline_s = time.monotonic() + LIMIT_S
    while not done():
        assert time.monotonic() < deadline_s, f"{kind} not in time: {page.view}"
        if again():
            asked_s = time.monotonic()
            with contextlib.suppress(Exception):
                await page.send(kind, **fields)
        await asyncio.sleep(0.05)


async def _until(page: DemoPage, done: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + LIMIT_S
    while not done():
        assert time.monotonic() < deadline_s, f"not in time: {page.view}"
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:]))))  # noqa: T201
