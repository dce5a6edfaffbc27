"""The HTTP API's own description: whole, true, and a source of requests that no route answers with a fault."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from quart.testing.utils import sentinel
from redis.asyncio import Redis
from schemathesis.core.failures import FailureGroup

from tests.api_walk import ENDS_SESSION, Walk
from tests.integration.http_site import ORIGIN, Browser, Site, served_call
from tests.integration.test_permissions import ASKS
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.consent import CONSENT_VERSION
from video_service.left_messages import Left
from video_service.openapi import document
from video_service.openapi_answers import ANSWERS
from video_service.openapi_requests import QUERIES, RAW_BODIES
from video_service.permissions import ROUTES
from video_service.settings import Settings
from video_service.video_messages import VIDEO_CONSENT_VERSION

pytestmark = pytest.mark.integration

EACH = 3
PEOPLE = ("anybody", "customer", "agent", "coordinator")
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool, video_messages_dir=str(tmp_path))) as running:
        yield running


def references(node: Any) -> set[str]:
    return set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(node)))


async def test_it_describes_every_route_and_nothing_else(site: Site) -> None:
    answer = await site.browser().client.get("/api/openapi.json")
    told = await answer.get_json()
    described = {f"{method.upper()} {path}" for path, ways in told["paths"].items() for method in ways}
    assert described == {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route) for route in ROUTES if " /api/" in route}
    assert references(told) <= set(told["components"]["schemas"])
    assert told["paths"]["/api/agents"]["get"]["x-who"] == ["admin", "coordinator"]
    assert told["paths"]["/api/service"]["get"]["x-who"] == ["anybody"]
    versions = told["paths"]["/api/rosters/versions/{number}"]["get"]["parameters"]
    assert versions == [{"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}}]


async def test_whatever_the_tests_know_to_send_is_described_as_a_body(site: Site) -> None:
    told = document(site.app)
    for route, ask in ASKS.items():
        method, _, rule = route.partition(" ")
        if isinstance(ask.body, dict) and ask.body and " /api/" in route:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)
            assert "requestBody" in told["paths"][path][method.lower()], route


async def world(site: Site) -> dict[str, list[Any]]:
    """Put something of everything there, and return what it is called: what a request may mean."""
    agent = await site.account("lin", Role.AGENT)
    now_ms = site.services.clock.now_ms()
    shift = await site.store.add_shift(agent.person, now_ms - 1_000, now_ms + HOUR_MS)
    call = await served_call(site, agent)
    left = Left(customer="c-1", verified=False, locale="en", text="hello", contact="", consent=CONSENT_VERSION)
    opened = await site.services.requests.open_shift(now_ms + 10 * DAY_MS, now_ms + 10 * DAY_MS + HOUR_MS, by="x")
    return {
        "person": [agent.person],
        "agent": [agent.person],
        "owner": [agent.person],
        "shift": [shift.shift],
        "call": [call],
        "message": [await site.services.messages.leave(left, address="192.0.2.1"), call],
        "draft": [(await site.services.rosters.begin(date(2030, 3, 4), 7, by="operator")).draft],
        "request_id": [opened.request],
        "queue": ["main", "rail"],
        "customer": ["c-1"],
        "number": [1],
        "rev": [0, 1],
        "consent": [CONSENT_VERSION, VIDEO_CONSENT_VERSION],
        "as": ["customer", "agent", "coordinator"],
        "first_day": ["2055-03-01"],
        "last_day": ["2055-03-02"],
        "start": ["2055-03-01T09:00:00+08:00"],
        "end": ["2055-03-01T17:00:00+08:00"],
    }


@pytest.mark.parametrize("person", ["anybody", "customer", "agent", "coordinator"])
async def test_whatever_schemathesis_asks_is_answered_as_described(site: Site, person: str) -> None:
    told = document(site.app)
    walk = Walk(told, await world(site), number=PEOPLE.index(person))
    browser = site.browser() if person in ("anybody", "customer") else await site.signed_in(Role(person))
    if person == "customer":
        assert (await browser.post("/api/enter")).status_code == 200
    other: Browser = site.browser()
    addresses = itertools.count()

    async def send(path: str, asked: requests.PreparedRequest) -> tuple[int, dict[str, list[str]], bytes]:
        client = other if path in ENDS_SESSION else site.browser() if person == "anybody" else browser
        answer = await client.client.open(
            asked.path_url,
            method=str(asked.method),
            headers={**asked.headers, "Origin": ORIGIN},
            json=sentinel,  # none: the body is ready made
            data=asked.body if isinstance(asked.body, str | bytes) else None,
            scope_base={"client": (f"192.0.2.{next(addresses) % 250}", 1)},  # so that few are refused for asking often
        )
        headers = {name.lower(): [value] for name, value in answer.headers.items()}
        return answer.status_code, headers, bytes(await answer.get_data(as_text=False))

    for operation in walk.operations():
        who = set(told["paths"][operation.path][operation.method]["x-who"])
        if who & {"anybody", "customer", person}:
            cases = walk.cases(operation, EACH if who & {"anybody", person} else 1)
        else:
            cases = walk.one(operation)  # refused by the table of permissions, before a handler reads anything
        for case in cases:
            await walk.ask(case, send)
    assert walk.done["GET /api/service"], "something was answered at all"
    assert sum(walk.done.values()) > (40 if person == "coordinator" else 8)


async def test_an_answer_that_is_not_as_described_is_found(site: Site) -> None:
    """The judge itself."""
    told = document(site.app)
    told["components"]["schemas"]["Line"]["properties"]["agents_on"] = {"type": "string"}
    walk = Walk(told, {})
    (operation,) = [each for each in walk.operations() if each.label == "GET /api/service"]

    async def send(path: str, asked: requests.PreparedRequest) -> tuple[int, dict[str, list[str]], bytes]:
        answer = await site.browser().get(path)
        said = {name.lower(): [value] for name, value in answer.headers.items()}
        return answer.status_code, said, bytes(await answer.get_data(as_text=False))

    with pytest.raises(FailureGroup, match="agents_on"):
        await walk.ask(walk.cases(operation, 1)[0], send)

    async def fail(path: str, asked: requests.PreparedRequest) -> tuple[int, dict[str, list[str]], bytes]:
        return 500, {"content-type": ["application/json"]}, b'{"error": "internal"}'

    with pytest.raises(AssertionError, match="internal"):
        await walk.ask(walk.cases(operation, 1)[0], fail)


def test_every_route_says_what_it_answers() -> None:
    described = {route for route in ROUTES if " /api/" in route}
    assert described - set(ANSWERS) == set(), "say in openapi_answers or openapi_plans what these answer"
    assert set(ANSWERS) | set(QUERIES) | set(RAW_BODIES) <= described
