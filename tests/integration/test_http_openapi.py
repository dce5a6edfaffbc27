"""The HTTP API's own description: whole, true, and a source of requests that no route answers with a fault."""

from __future__ import annotations

import json
import random
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from redis.asyncio import Redis

from tests import fuzzing
from tests.integration.http_site import ORIGIN, Browser, Site
from tests.integration.test_http_fuzz import BUSY, PATHS
from tests.integration.test_permissions import ASKS
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.openapi import document
from video_service.permissions import ROUTES
from video_service.settings import Settings

pytestmark = pytest.mark.integration

EACH = 5
ENDS_SESSION = ("/api/sign-out", "/api/sign-out-everywhere", "/api/password")


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


def made(operation: dict[str, Any], names: dict[str, Any], dice: random.Random) -> Any:
    """Return a body that the description allows, and None where it knows of none."""
    if "requestBody" not in operation:
        return None
    body = fuzzing.value(operation["requestBody"]["content"]["application/json"]["schema"], dice, names)
    schema = names.get(next(iter(references(operation["requestBody"])), ""), {})
    required = schema.get("required", ())
    return {name: each for name, each in body.items() if name in required or dice.random() < 0.6}


@pytest.mark.parametrize("person", ["customer", "agent", "coordinator"])
async def test_what_the_description_allows_is_done_or_refused_by_name(site: Site, person: str) -> None:
    dice = random.Random(person)
    browser = site.browser() if person == "customer" else await site.signed_in(Role(person))
    other: Browser = site.browser()
    told = document(site.app)
    names = told["components"]["schemas"]
    for path, ways in told["paths"].items():
        for method, operation in ways.items():
            for _ in range(EACH):
                target = re.sub(r"\{\w+\}", lambda _: quote(dice.choice(PATHS), safe="%"), path)
                answer = await (other if path in ENDS_SESSION else browser).client.open(
                    target, method=method.upper(), headers={"Origin": ORIGIN}, json=made(operation, names, dice)
                )
                said = await answer.get_data(as_text=True)
                if answer.status_code >= 400:
                    refusal = json.loads(said)
                    assert isinstance(refusal, dict), (method, path, said[:200])
                    assert isinstance(refusal.get("error"), str), (method, path, said[:200])
                    assert refusal["error"], (method, path)
                    assert answer.status_code < 500 or refusal["error"] in BUSY, (method, path, said[:200])
                elif answer.mimetype == "application/json" and answer.status_code != 204:
                    json.loads(said)
