"""A whole web node in the test's own process, on a real Valkey: the application, and browsers that use it."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from unittest import mock
from zoneinfo import ZoneInfo

from quart import Quart, Response
from quart.typing import TestClientProtocol, TestWebsocketConnectionProtocol
from werkzeug.http import parse_cookie

from signaling import hub, store_base
from signaling.identity_types import Identity
from signaling.policy import Policy
from signaling.store import Store
from tests.data_keys import DATA_KEYS
from video_service import app, http_health, redis_client
from video_service.accounts import Account, Role
from video_service.app import create_app, open_services
from video_service.passwords import PasswordCost
from video_service.services import Services
from video_service.settings import Settings
from web.blueprint import create_blueprint

SECRET = "correct horse battery"
ORIGIN = "http://localhost"
CHEAP = PasswordCost(time_cost=1, memory_kib=8, parallelism=1)
LIMIT_S = 30.0


def _steady_zone() -> ZoneInfo:
    shanghai = ZoneInfo("Asia/Shanghai")
    return shanghai if 2 <= datetime.now(UTC).astimezone(shanghai).hour < 20 else ZoneInfo("America/Bogota")


STEADY_ZONE = _steady_zone()
"""A zone without clock changes that is hours from its midnight: today is the same day until the tests are over."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class _PatientPolicy(Policy):
    presence_ttl_s: float = 600  # people whom a test puts at a node of its own do not beat


# The same files for every site: read, packed and rendered once in a process. That was half of a site's start.
_pages = functools.cache(create_blueprint)


def _patience() -> Iterator[contextlib.AbstractContextManager[object]]:
    """Yield what lets a node wait as long as a slow machine may take: the store's answer, a page that is not heard."""
    yield mock.patch.object(redis_client, "hot", functools.partial(redis_client.hot, timeout_s=LIMIT_S))
    yield mock.patch.object(store_base, "CALL_TIMEOUT_S", LIMIT_S)
    yield mock.patch.object(http_health, "TIMEOUT_S", LIMIT_S)
    yield mock.patch.object(hub, "HELLO_TIMEOUT_S", LIMIT_S)
    yield mock.patch.object(hub, "HEARTBEAT_S", LIMIT_S)
    yield mock.patch.object(app, "Policy", _PatientPolicy)


@dataclasses.dataclass(frozen=True)
class Browser:
    """One person's browser; it keeps cookies and sends what a page of this service would."""

    client: TestClientProtocol

    async def get(self, path: str, **headers: str) -> Response:
        return await self.client.get(path, headers=headers)

    async def post(self, path: str, body: object = None, **headers: str) -> Response:
        return await self.client.post(
            path, json=body if body is not None else {}, headers={"Origin": ORIGIN, **headers}
        )

    async def put(self, path: str, body: object) -> Response:
        return await self.client.put(path, json=body, headers={"Origin": ORIGIN})

    async def delete(self, path: str) -> Response:
        return await self.client.delete(path, headers={"Origin": ORIGIN})

    async def sign_in(self, name: str, password: str = SECRET) -> Response:
        return await self.post("/api/sign-in", {"name": name, "password": password})

    async def ticket(self, entrance: str) -> str:
        response = await self.post("/api/ticket", {"as": entrance})
        assert response.status_code == 200, await response.get_data(as_text=True)
        ticket: str = (await response.get_json())["ticket"]
        return ticket

    def socket(self, origin: str = ORIGIN) -> TestWebsocketConnectionProtocol:
        return self.client.websocket("/ws", headers={"Origin": origin} if origin else {})


class Site:
    """The application between start and stop. Its node is patient, unless its own time limits are what is tested."""

    def __init__(self, settings: Settings, *, patient: bool = True) -> None:
        self._changes = contextlib.ExitStack()
        self._patient = patient
        self.settings = settings if settings.data_keys else dataclasses.replace(settings, data_keys=DATA_KEYS)
        self.app: Quart
        self.services: Services

    async def __aenter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for change in _patience() if self._patient else ():
                stack.enter_context(change)
            stack.enter_context(mock.patch.object(app, "create_blueprint", _pages))
            self.services = await open_services(self.settings, password_cost=CHEAP)
            self.app = create_app(self.settings, self.services)
            self._running = self.app.test_app()
            await self._running.startup()
            self._changes = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changes:
            await self._running.shutdown()

    @property
    def store(self) -> Store:
        assert isinstance(self.services.store, Store)
        return self.services.store

    def browser(self) -> Browser:
        return Browser(self.app.test_client())

    async def account(self, name: str, role: Role, **more: Any) -> Account:
        return await self.services.accounts.add(
            name, role=role, display_name=more.pop("display_name", name.title()), password=SECRET, **more
        )

    async def signed_in(self, role: Role, name: str = "") -> Browser:
        """Return the browser of somebody with a new account."""
        name = name or role.value
        await self.account(name, role)
        browser = self.browser()
        assert (await browser.sign_in(name)).status_code == 200
        return browser


async def error_of(response: Response) -> tuple[int, str]:
    """Return the status and code of a refusal, which is JSON with this one field and nothing else."""
    answer = await response.get_json()
    assert list(answer) == ["error"], answer
    return response.status_code, answer["error"]


def cookie(response: Response, name: str) -> dict[str, str]:
    """Return the attributes of a cookie that a response sets, its value under its name."""
    (line,) = [line for line in response.headers.getlist("Set-Cookie") if line.startswith(f"{name}=")]
    first, *attributes = line.split("; ")
    found = {key.lower(): value for key, _, value in (part.partition("=") for part in attributes)}
    return {**found, name: parse_cookie(first)[name]}


async def served_call(site: Site, agent: Account) -> str:
    """Let a customer join, `agent` (who is on shift) accept, and the customer hang up; return the call's id."""
    store, person = site.store, agent.person
    staff = Identity(person=person, role="agent", name=agent.display_name, skills=agent.skills)
    guest = Identity(person=f"c-{secrets.token_hex(4)}", role="customer", locale="zh-CN")
    for identity in (staff, guest):
        await store.connect(identity, node="n-1", socket=secrets.token_hex(4))
    await store.sign_in(staff)
    await store.leg_offered(person, leg="l-agent", worker="w-1")  # calls come only to an agent with a picture
    await store.ready(person)
    call = await store.join(
        guest.person, queue="main", needs=(), urgent=True, reason="airport", locale="zh-CN", entry="web"
    )
    ringing = (await store.agent_view(person, alive=())).reservation
    assert ringing is not None
    assert ringing.call == call
    await store.accept(person, call, ringing.epoch)
    await store.hang_up(guest.person, call)
    return call
