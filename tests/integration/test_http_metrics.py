"""Who may read /metrics of a web node, and what is in it after a call."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from signaling.identity_types import Identity
from tests.integration.http_site import Site, served_call
from tests.valkey_server import RealValkey
from video_service.accounts import Account, Role
from video_service.settings import Settings

pytestmark = pytest.mark.integration

TOKEN = "9e2d4c6a8b0f1e3d5c7b9a8f6e4d2c0b"
CALLS = "video_service_calls"
HERE, ELSEWHERE = "127.0.0.1", "203.0.113.9"


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool, metrics_token=TOKEN)) as running:
        yield running


@pytest.fixture
async def lin(site: Site) -> Account:
    account = await site.account("lin", Role.AGENT, display_name="林老师")
    now_ms = site.services.clock.now_ms()
    await site.store.add_shift(account.person, now_ms - 3_600_000, now_ms + 3_600_000)
    return account


async def ask(site: Site, address: str, **headers: str) -> tuple[int, dict[str, Metric]]:
    """Return the status and what can be read, asked from `address`."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await site.app.test_client().get("/metrics", headers=names, scope_base={"client": (address, 4711)})
    if answer.status_code != 200:
        return answer.status_code, {}
    text = await answer.get_data(as_text=True)
    assert "林老师" not in text
    return 200, {family.name: family for family in text_string_to_metric_families(text)}


@pytest.mark.parametrize("address", [HERE, "::1"])
async def test_this_machine_may_read_it(site: Site, address: str) -> None:
    assert (await ask(site, address))[0] == 200


@pytest.mark.parametrize("header", ["X_Forwarded_For", "Forwarded", "X_Real_IP", "Via"])
async def test_what_a_proxy_on_this_machine_passes_on_may_not(site: Site, header: str) -> None:
    assert (await ask(site, HERE, **{header: ELSEWHERE}))[0] == 404


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Bearer ", f"Basic {TOKEN}", "Bearer é"])
async def test_to_another_machine_it_is_not_there(site: Site, authorization: str) -> None:
    assert (await ask(site, ELSEWHERE, Authorization=authorization))[0] == 404
    assert (await ask(site, "not-an-address", Authorization=authorization))[0] == 404


async def test_whoever_has_the_token_may_read_it_from_anywhere(site: Site) -> None:
    assert (await ask(site, ELSEWHERE, Authorization=f"Bearer {TOKEN}"))[0] == 200
    assert (await ask(site, ELSEWHERE, Authorization=f"Bearer {TOKEN}", X_Forwarded_For=ELSEWHERE))[0] == 200


async def test_without_a_token_no_word_opens_it(valkey: RealValkey, redis: Redis, pool: str) -> None:
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as site:
        for word in ("", "Bearer", "Bearer "):
            assert (await ask(site, ELSEWHERE, Authorization=word))[0] == 404


async def test_a_call_is_counted_once_and_its_wait_falls_into_a_bucket(site: Site, lin: Account) -> None:
    before = (await ask(site, HERE))[1]
    assert before["video_service_calls_answered"].samples[0].value == 0
    await served_call(site, lin)
    await served_call(site, lin)
    found = (await ask(site, HERE))[1]
    for name in ("calls_answered", "calls_answered_in_target"):
        assert found[f"video_service_{name}"].samples[0].value == 2
    waits = {sample.labels.get("le"): sample.value for sample in found["video_service_wait_seconds"].samples}
    assert (waits["5.0"], waits["+Inf"]) == (2, 2)
    assert {sample.value for sample in found["video_service_calls"].samples} == {0}
    timed = [sample for sample in found["video_service_store_script_seconds"].samples if sample.name.endswith("_count")]
    assert {"join", "accept", "ready"} <= {sample.labels["script"] for sample in timed}


async def test_a_call_that_nobody_answered_is_abandoned(site: Site, lin: Account) -> None:
    await served_call(site, lin)  # the agent is in after-call work from here on, and nobody else is here
    await site.store.connect(Identity(person="c-1", role="customer"), node="n-1", socket="s-1")
    call = await site.store.join("c-1", queue="main", needs=(), urgent=False, reason="", locale="zh-CN")
    waiting = {sample.labels["state"]: sample.value for sample in (await ask(site, HERE))[1][CALLS].samples}
    assert waiting == {"waiting": 1, "ringing": 0, "active": 0}
    await site.store.hang_up("c-1", call)
    found = (await ask(site, HERE))[1]
    assert found["video_service_calls_abandoned"].samples[0].value == 1
    assert {sample.value for sample in found[CALLS].samples} == {0}
