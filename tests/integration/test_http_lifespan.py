"""How a web node starts, says whether it can serve, and stops."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
from quart import typing as quart_typing
from quart.testing.connections import WebsocketDisconnectError
from redis.asyncio import Redis

from signaling.errors import TicketRefused
from signaling.messages import CloseCode
from tests.data_keys import DATA_KEYS
from tests.integration.http_site import Browser, Site
from tests.valkey_server import RealValkey
from video_service import app as module
from video_service.accounts import Role
from video_service.app import (
    BoundedWebsocket,
    NoStore,
    NoStoreAddress,
    close_services,
    create_app,
    drain,
    open_services,
)
from video_service.http_health import media_word
from video_service.media_plane import WorkerStatus
from video_service.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as running:
        yield running


async def _parts(browser: Browser) -> tuple[int, dict[str, str]]:
    response = await browser.get("/readyz")
    answer = await response.get_json()
    assert answer["ready"] is (response.status_code == 200)
    return response.status_code, answer["parts"]


async def _read_all(socket: quart_typing.TestWebsocketConnectionProtocol, types: list[str]) -> None:
    while True:
        types.append((await socket.receive_json())["type"])


async def test_a_node_that_can_serve_says_so_and_that_it_has_no_worker(site: Site) -> None:
    browser = site.browser()
    assert (await browser.get("/healthz")).status_code == 200
    assert await _parts(browser) == (200, {"store": "ok", "scripts": "ok", "media": "no_worker"})


@pytest.mark.parametrize(
    ("steps", "word"), [((), "no_worker"), ((0, 0), "ok"), ((0, 2, 1), "load_step_2")], ids=["none", "well", "busy"]
)
def test_it_says_how_far_the_busiest_worker_has_stepped_down(steps: tuple[int, ...], word: str) -> None:
    workers = [WorkerStatus(worker="w", legs=1, blur_legs=1, capacity=4, weights_ok=True, step=step) for step in steps]
    assert media_word(workers) == word


async def test_a_node_without_its_store_lives_and_is_not_ready(
    valkey_server: Callable[..., RealValkey], pool: str
) -> None:
    server = valkey_server()
    async with Site(Settings(redis_url=server.url, pool=pool)) as site:
        browser = site.browser()
        server.kill()
        status, parts = await _parts(browser)
        assert (status, parts["scripts"]) == (503, "store_unavailable")
        assert parts["store"] != "ok"
        assert (await browser.get("/healthz")).status_code == 200

        server.start()  # empty: the scripts are gone too
        assert (await _parts(browser))[0] == 200


async def test_a_frozen_store_does_not_hold_the_answer_up(valkey_server: Callable[..., RealValkey], pool: str) -> None:
    server = valkey_server()
    async with Site(Settings(redis_url=server.url, pool=pool), patient=False) as site:
        server.freeze()
        try:
            async with asyncio.timeout(30):
                status, parts = await _parts(site.browser())
        finally:
            server.thaw()
        assert status == 503
        assert "ok" not in (parts["store"], parts["scripts"])


async def test_a_node_waits_for_a_store_that_starts_late(valkey_server: Callable[..., RealValkey], pool: str) -> None:
    server = valkey_server()
    server.stop()
    starting = asyncio.create_task(open_services(Settings(redis_url=server.url, pool=pool, data_keys=DATA_KEYS)))
    await asyncio.sleep(0)  # it has begun to try
    await asyncio.to_thread(server.start)
    opened = await starting
    await close_services(opened)
    await close_services(opened)


async def test_a_store_that_never_comes_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, valkey_server: Callable[..., RealValkey]
) -> None:
    server = valkey_server()
    server.stop()
    monkeypatch.setattr(module, "START_TIMEOUT_S", 0.0)
    with pytest.raises(NoStore) as refused:
        await open_services(Settings(redis_url=server.url, data_keys=DATA_KEYS))
    assert str(refused.value).startswith("The Redis or Valkey of REDIS_URL does not answer")
    assert server.url not in str(refused.value), "the address may hold a password"

    with pytest.raises(NoStoreAddress, match="REDIS_URL"):
        await open_services(Settings())


async def test_pages_are_told_before_the_node_goes(site: Site) -> None:
    ticket = await site.browser().ticket("customer")
    async with site.browser().socket() as socket:
        await socket.send_json({"type": "hello", "v": 1, "ticket": ticket})
        assert (await socket.receive_json())["type"] == "welcome"
        await asyncio.gather(drain(site.app), drain(site.app))
        types: list[str] = []
        with pytest.raises(WebsocketDisconnectError) as closed:
            await _read_all(socket, types)
        assert "draining" in types
        assert closed.value.args == (CloseCode.GOING_AWAY,)

    async with site.browser().socket() as socket:
        await socket.send_json({"type": "hello", "v": 1, "ticket": "t" * 22})
        assert (await socket.receive_json())["code"] == "draining"


async def test_an_application_opens_its_own_services(valkey: RealValkey, redis: Redis, pool: str) -> None:
    app = create_app(Settings(redis_url=valkey.url, pool=pool, data_keys=DATA_KEYS))
    await drain(app)  # before it has any
    async with app.test_app() as running:
        assert (await running.test_client().get("/readyz")).status_code == 200


async def test_a_part_that_cannot_be_closed_does_not_keep_the_others_open(
    valkey: RealValkey, redis: Redis, pool: str
) -> None:
    opened = await open_services(Settings(redis_url=valkey.url, pool=pool, data_keys=DATA_KEYS))
    real = opened.hub.close

    class Stuck:
        async def close(self) -> None:
            await real()
            raise OSError("cannot")

    await close_services(dataclasses.replace(opened, hub=Stuck()))  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="shutdown"):
        await opened.passwords.matches("x", None)


async def test_what_a_page_sends_waits_outside_when_nobody_reads(site: Site) -> None:
    """A page that floods its socket fills the network's buffers, not this process."""
    connection = BoundedWebsocket(site.app, {})  # type: ignore[typeddict-item]
    handed_over = 0

    async def receive() -> dict[str, object]:
        nonlocal handed_over
        handed_over += 1
        return {"type": "websocket.receive", "text": "x"}

    reading = asyncio.create_task(connection.handle_messages(receive))  # type: ignore[arg-type]
    for _ in range(1000):
        await asyncio.sleep(0)
    assert handed_over == module.QUEUED_MESSAGES + 1
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


async def test_an_agent_signs_in_over_http_and_socket(site: Site) -> None:
    browser = await site.signed_in(Role.AGENT, "lin")
    async with browser.socket() as socket:
        await socket.send_json({"type": "hello", "v": 1, "ticket": await browser.ticket("agent")})
        welcome = await socket.receive_json()
        assert (welcome["role"], welcome["name"]) == ("agent", "Lin")
        view = await socket.receive_json()
        assert (view["type"], view["state"]) == ("agent_view", "break")


async def _staff_socket(site: Site, browser: Browser) -> tuple[quart_typing.TestWebsocketConnectionProtocol, str]:
    """Return an agent's open socket and its resume token."""
    socket = browser.socket()
    await socket.__aenter__()
    await socket.send_json({"type": "hello", "v": 1, "ticket": await browser.ticket("agent")})
    return socket, (await socket.receive_json())["resume"]


@pytest.mark.parametrize("how", ["disable", "reset"])
async def test_whoever_is_shut_out_loses_the_socket_and_cannot_come_back(site: Site, how: str) -> None:
    browser = await site.signed_in(Role.AGENT, "lin")
    unused = await browser.ticket("agent")
    socket, resume = await _staff_socket(site, browser)
    if how == "disable":
        await site.services.accounts.set_disabled("lin", True)
    else:
        await site.services.accounts.reset("lin", "another good password")
    with pytest.raises(WebsocketDisconnectError):
        async with asyncio.timeout(30):
            await _read_all(socket, [])
    await socket.__aexit__(None, None, None)  # type: ignore[arg-type]

    secrets = {"resume": resume} | ({"ticket": unused} if how == "disable" else {})
    for name, secret in secrets.items():
        async with browser.socket() as again:
            await again.send_json({"type": "hello", "v": 1, name: secret})
            assert (await again.receive_json())["code"] == "bad_ticket"


async def test_an_agent_whose_role_changed_does_not_come_back_as_one(site: Site) -> None:
    browser = await site.signed_in(Role.AGENT, "lin")
    ticket = await browser.ticket("agent")
    key = f"{{{site.settings.pool}}}:accounts"
    ((place, stored),) = (await site.services.redis.hgetall(key)).items()
    changed = {**msgspec.json.decode(stored), "role": Role.COORDINATOR}
    await site.services.redis.hset(key, place, msgspec.json.encode(changed).decode())
    with pytest.raises(TicketRefused):
        await site.store.redeem_ticket(ticket)


async def test_shutting_out_somebody_who_is_not_here_is_fine(site: Site) -> None:
    await site.account("lin", Role.AGENT)
    assert (await site.services.accounts.set_disabled("lin", True)).disabled
