"""Bodies, queries and paths near to valid ones, on every route as every role: refused by name, never a fault."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from redis.asyncio import Redis

from tests import fuzzing
from tests.integration.http_site import ORIGIN, Browser, Site
from tests.integration.test_permissions import ASKS
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.permissions import ROUTES
from video_service.settings import Settings

pytestmark = pytest.mark.integration

EACH = 4
PATHS = ("x", "..", "%00", "c-1", "0", "x" * 300, "%E2%80%AE", "a b", "{main}:clock", "-1", "🙂")
QUERIES = ("from=x", "from=2026-13-01T00:00:00Z", "to=1e9", "limit=0", "limit=99999999999", "cursor=%00", "cursor=1:x")


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool, video_messages_dir=str(tmp_path))) as running:
        yield running


def asked(route: str, dice: random.Random) -> tuple[str, str, object]:
    """Return method, path and body of one request."""
    method, _, rule = route.partition(" ")
    path = ASKS[route].path or rule
    for part in ("{agent}", "{shift}", "{call}", "{message}", "{name}", "{draft}", "{number}"):
        path = path.replace(part, quote(dice.choice(PATHS), safe="%"))
    while "<" in path:
        before, _, rest = path.partition("<")
        path = before + quote(dice.choice(PATHS), safe="%") + rest.partition(">")[2]
    if dice.random() < 0.5:
        path += "?" + dice.choice(QUERIES)
    return method, path, fuzzing.body(dice, ASKS[route].body)


@pytest.mark.parametrize("person", ["customer", "agent", "coordinator"])
async def test_near_valid_requests_are_refused_by_name(site: Site, person: str) -> None:
    dice = random.Random(person)
    browser = site.browser() if person == "customer" else await site.signed_in(Role(person))
    other: Browser = site.browser()
    for route in sorted(route for route in ROUTES if "/api/" in route and route in ASKS):
        for _ in range(EACH):
            method, path, body = asked(route, dice)
            ends_session = route.rpartition("/")[2] in ("sign-out", "sign-out-everywhere", "password")
            answer = await (other if ends_session else browser).client.open(
                path,
                method=method,
                headers={"Origin": ORIGIN},
                json=body,
            )
            said = await answer.get_data(as_text=True)
            well = answer.status_code < 500 or json.loads(said)["error"] in fuzzing.BUSY
            assert well, (route, path, body, said[:200])


async def test_rubbish_is_a_bad_request(site: Site) -> None:
    for raw in fuzzing.RUBBISH:
        answer = await site.browser().client.post(
            "/api/ticket",
            headers={"Origin": ORIGIN, "Content-Type": "application/json"},
            data=raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass"),
        )
        assert answer.status_code == 400, raw
