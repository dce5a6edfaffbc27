"""The table of permissions is whole, the application keeps to it, and its page for readers says the same."""

from __future__ import annotations

import re
import typing
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from quart.typing import TestWebsocketConnectionProtocol as Socket
from redis.asyncio import Redis

from signaling import messages
from tests.integration.http_site import ORIGIN, Browser, Site, error_of
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.permissions import COORDINATING, CUSTOMER, EVERYBODY, MESSAGES, ROUTES, STAFF
from video_service.settings import Settings

pytestmark = pytest.mark.integration

PEOPLE = (CUSTOMER, *Role)
IN_WORDS = {"anybody": EVERYBODY, "signed in": STAFF, "coordinator": COORDINATING, "see below": EVERYBODY}
TYPES: dict[str, type[msgspec.Struct]] = {
    str(kind.__struct_config__.tag): kind for kind in typing.get_args(messages.FromPage)
}


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as running:
        yield running


async def _browser(site: Site, person: str) -> Browser:
    return site.browser() if person == CUSTOMER else await site.signed_in(Role(person))


async def test_every_route_of_the_application_is_in_the_table(site: Site) -> None:
    found = {
        f"{'WEBSOCKET' if rule.websocket else method} {rule.rule}"
        for rule in site.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert found == set(ROUTES)


def test_every_message_of_the_protocol_is_in_the_table() -> None:
    assert set(TYPES) == set(MESSAGES)


async def test_a_route_that_nobody_wrote_down_is_open_to_nobody(site: Site) -> None:
    async def forgotten() -> str:
        return "secret"

    site.app.add_url_rule("/api/forgotten", view_func=forgotten)
    site.app.add_websocket("/forgotten", view_func=forgotten)
    for person in (CUSTOMER, Role.ADMIN):
        browser = await _browser(site, person)
        assert await error_of(await browser.get("/api/forgotten")) == (403, "wrong_role")


@pytest.mark.parametrize("person", PEOPLE)
async def test_every_route_lets_in_whom_it_should_and_nobody_else(site: Site, person: str) -> None:
    browser = await _browser(site, person)
    # Whatever ends the session comes last.
    for route in sorted(ROUTES, key=lambda route: "sign-out" in route):
        method, _, path = route.partition(" ")
        if method == "WEBSOCKET":
            continue  # the messages inside it have their own walk
        path = re.sub(r"<any\((\w+)[^>]*>/<[^>]*>", r"\1/main.js", path)
        response = await browser.client.open(
            re.sub(r"<\w+>", "none", path),
            method=method,
            headers={"Origin": ORIGIN},
            json=None if method in ("GET", "DELETE") else {},
        )
        if person in ROUTES[route].who:
            assert response.status_code not in (401, 403, 405, 500), route
        else:
            expected = (401, "sign_in_first") if person == CUSTOMER else (403, "wrong_role")
            assert await error_of(response) == expected, route
        if route == "POST /api/sign-out":
            browser = await _browser(site, CUSTOMER) if person == CUSTOMER else site.browser()
            if person != CUSTOMER:
                assert (await browser.sign_in(person)).status_code == 200


def _least(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the smallest message of this type."""
    message: dict[str, Any] = {"type": str(kind.__struct_config__.tag)}
    for field in msgspec.structs.fields(kind):
        if field.required:
            message[field.encode_name] = _value(msgspec.inspect.type_info(field.type))
    return message


def _value(kind: msgspec.inspect.Type) -> Any:
    match kind:
        case msgspec.inspect.StrType():
            return "x" * max(1, kind.min_length or 0)
        case msgspec.inspect.IntType():
            return kind.ge or 0
        case msgspec.inspect.BoolType():
            return False
        case msgspec.inspect.LiteralType():
            return kind.values[0]
        case msgspec.inspect.UnionType():
            return _value(kind.types[0])
        case _:
            raise AssertionError(f"teach this walk the type {kind}")


async def _refused(socket: Socket, message: dict[str, Any], number: int) -> bool:
    """Send a message and say whether it was refused as not allowed; other answers do not matter."""
    await socket.send_json(message)
    await socket.send_json({"type": "ping", "t": number})
    refused = False
    while True:
        answer = await socket.receive_json()
        if answer["type"] == "error" and answer["reply_to"] == message["type"]:
            refused = refused or answer["code"] == "not_allowed"
        if answer == {"type": "pong", "t": number}:
            return refused


@pytest.mark.parametrize("person", PEOPLE)
async def test_every_message_is_taken_from_whom_it_should_and_nobody_else(site: Site, person: str) -> None:
    browser = await _browser(site, person)
    ticket = await browser.ticket("coordinator" if person == Role.ADMIN else person)
    async with browser.socket() as socket:
        await socket.send_json({"type": "hello", "v": 1, "ticket": ticket})
        refused = {tag for n, tag in enumerate(sorted(TYPES), 1) if await _refused(socket, _least(TYPES[tag]), n)}
    assert refused == {tag for tag, who in MESSAGES.items() if person not in who}


def test_the_page_for_readers_says_the_same() -> None:
    text = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([A-Z]+ /(?:api|\w+z)[^`]*)` \| ([^|]*) \|", text, re.MULTILINE)
    told = {route: IN_WORDS[who.strip()] for route, who in listed}
    pages = {"GET /", "WEBSOCKET /ws"} | {route for route in ROUTES if re.match(r"GET /(<any|clips|\w+/$)", route)}
    assert told == {route: right.who for route, right in ROUTES.items() if route not in pages}


async def test_outside_of_the_api_everything_is_only_read(site: Site) -> None:
    for rule in site.app.url_map.iter_rules():
        if not rule.rule.startswith("/api"):
            assert rule.websocket or (rule.methods or set()) <= {"GET", "HEAD", "OPTIONS"}, rule.rule
