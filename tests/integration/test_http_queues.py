"""Queues over HTTP: kept as a whole or not at all, and what they do to who comes by a launch token."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.errors import Closed
from signaling.identity_types import Identity
from tests.integration.http_site import STEADY_ZONE, Browser, Site, error_of
from tests.launching import SETTINGS, launch_token
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.consent import CONSENT_VERSION
from video_service.queues import MOST_QUEUES
from video_service.settings import Settings

pytestmark = pytest.mark.integration

ALWAYS = [[["00:00", "24:00"]]] * 7
NEVER: list[list[list[str]]] = [[]] * 7
TITLE = {"zh-CN": "铁路", "zh-HK": "鐵路", "en": "Rail"}
CLOSED = {"zh-CN": "铁路客服不在。", "zh-HK": "鐵路客服不在。", "en": "Nobody for rail now."}
REFUND = {"zh-CN": "退票", "zh-HK": "退票", "en": "Refund"}
RAIL: dict[str, Any] = {
    "title": TITLE,
    "closed": CLOSED,
    "needs": ["rail:2"],
    "languages": ["en"],
    "topics": [{"topic": "refund", "title": REFUND}, {"topic": "seat", "title": {"zh-CN": "", "zh-HK": "", "en": ""}}],
    "targets": {"normal": {"share_percent": 80, "within_s": 60}},
    "proposal_min": 5,
    "solution_min": 60,
}


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    settings = Settings(redis_url=valkey.url, pool=pool, time_zone=STEADY_ZONE.key, **SETTINGS)
    async with Site(settings) as running:
        yield running


@pytest.fixture
async def chen(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR, "chen")


async def on_shift(site: Site, name: str, *skills: str, languages: tuple[str, ...] = ()) -> str:
    """An agent with an account is here, by a ticket as the page gets it; the person's id."""
    account = await site.account(name, Role.AGENT, skills=skills, languages=languages)
    browser = site.browser()
    assert (await browser.sign_in(name)).status_code == 200
    now_ms = site.services.clock.now_ms()
    await site.store.add_shift(account.person, now_ms - 60_000, now_ms + 3_600_000)
    identity = await site.store.redeem_ticket(await browser.ticket("agent"))
    await site.store.connect(identity, node="n-1", socket=name)
    await site.store.sign_in(identity)
    return account.person


async def kept(browser: Browser, name: str, wish: dict[str, Any], **more: Any) -> dict[str, Any]:
    response = await browser.put(f"/api/queues/{name}", {**wish, **more})
    answer: dict[str, Any] = await response.get_json()
    assert response.status_code == 200, answer
    return answer


async def listed(browser: Browser) -> list[dict[str, Any]]:
    answer = await (await browser.get("/api/queues")).get_json()
    found: list[dict[str, Any]] = answer["queues"]
    return found


async def sent(site: Site, queue: str, **claims: Any) -> Browser:
    """A customer whom the host application has sent to a queue."""
    browser = site.browser()
    token = launch_token(sub=secrets.token_hex(4), jti=secrets.token_hex(8), queue=queue, **claims)
    assert (await browser.post("/api/enter", {"token": token})).status_code == 200
    return browser


async def comes(site: Site, browser: Browser) -> Identity:
    """The customer's page connects."""
    identity = await site.store.redeem_ticket(await browser.ticket("customer"))
    await site.store.connect(identity, node="n-1", socket=identity.person)
    return identity


async def join(site: Site, identity: Identity, topic: str = "") -> str:
    return await site.store.join(
        identity.person,
        queue=identity.queue,
        needs=identity.needs,
        urgent=False,
        reason="",
        locale="zh-CN",
        consent=CONSENT_VERSION,
        topic=topic,
    )


async def line(browser: Browser) -> dict[str, Any]:
    answer: dict[str, Any] = await (await browser.get("/api/service")).get_json()
    return answer


async def test_there_is_the_main_queue_before_anybody_has_written_one_down(site: Site, chen: Browser) -> None:
    answer = await (await chen.get("/api/queues")).get_json()
    nothing = {"zh-CN": "", "zh-HK": "", "en": ""}
    plain = {"queue": "main", "title": nothing, "closed": nothing, "needs": [], "languages": [], "topics": []}
    plain |= {"targets": {}}
    numbers = {"proposal_min": 0, "solution_min": 0, "own_hours": False, "agents": 0, "able": 0, "on_now": 0}
    assert answer["queues"] == [{**plain, **numbers}]
    assert answer["house"] == {"share_percent": 95, "within_s": 20, "proposal_min": 15, "solution_min": 120}


async def test_a_queue_is_kept_as_it_was_written_and_says_who_could_serve_it(site: Site, chen: Browser) -> None:
    await on_shift(site, "lin", "rail", "csl", languages=("zh", "en"))
    await on_shift(site, "wang", "csl", languages=("zh",))
    await site.account("zhao", Role.AGENT, skills=("rail:1",), languages=("en",))
    would = await kept(chen, "rail", RAIL, new=True, apply=False)
    assert (would["agents"], would["able"], would["on_now"]) == (3, 1, 1)
    assert [each["queue"] for each in await listed(chen)] == ["main"], "a look changes nothing"
    saved = await kept(chen, "rail", RAIL, new=True)
    assert saved == would
    assert {name: saved[name] for name in RAIL} == RAIL
    assert (await listed(chen))[1] == saved
    looks = [(look.what, look.about) async for look in site.services.audit.each() if "queue" in look.what]
    assert looks == [("queue_set", "rail")]


async def test_a_name_is_taken_once_and_only_what_is_there_is_changed(chen: Browser) -> None:
    assert await error_of(await chen.put("/api/queues/rail", RAIL)) == (404, "unknown_queue")
    await kept(chen, "rail", RAIL, new=True)
    assert await error_of(await chen.put("/api/queues/rail", {"new": True})) == (409, "queue_there")
    assert await error_of(await chen.put("/api/queues/main", {"new": True})) == (409, "queue_there")
    assert (await kept(chen, "rail", {}))["needs"] == [], "what is not said is not asked for any more"
    assert await error_of(await chen.put("/api/queues/Rail%20A", {"new": True})) == (400, "bad_queue_name")


@pytest.mark.parametrize(
    "wish",
    [
        {"needs": ["a b"]},
        {"needs": ["csl:4"]},
        {"needs": [f"n{number}" for number in range(9)]},
        {"topics": [{"topic": "a b"}]},
        {"topics": [{"topic": ""}]},
        {"topics": [{"topic": "refund:2"}]},
        {"topics": [{"topic": "refund", "title": {"en": "two\nlines"}}]},
        {"topics": [{"topic": f"t{number}"} for number in range(9)]},
        {"topics": ["refund"]},
        {"targets": {"gold": {"share_percent": 80, "within_s": 60}}},
        {"targets": {"normal": {"share_percent": 101, "within_s": 60}}},
        {"targets": {"normal": {"share_percent": 80, "within_s": 0}}},
        {"title": {"en": "x" * 41}},
        {"closed": {"en": "two\nlines"}},
        {"proposal_min": -1},
        {"hours": None},
    ],
    ids=lambda wish: next(iter(wish)),
)
async def test_what_no_page_sends_is_not_read(chen: Browser, wish: dict[str, Any]) -> None:
    assert await error_of(await chen.put("/api/queues/rail", {**wish, "new": True})) == (400, "bad_request")


async def test_there_are_so_many_queues_and_no_more(chen: Browser) -> None:
    for number in range(MOST_QUEUES):
        await kept(chen, f"q{number}", {}, new=True)
    assert await error_of(await chen.put("/api/queues/one-more", {"new": True})) == (409, "queues_full")
    assert (await kept(chen, "q0", RAIL))["needs"] == ["rail:2"]
    assert (await chen.delete("/api/queues/q1")).status_code == 204
    assert (await chen.delete("/api/queues/q1")).status_code == 204, "removing what is gone is no error"
    await kept(chen, "one-more", {}, new=True)


async def test_a_customer_joins_the_queue_of_the_launch_token(site: Site, chen: Browser, redis: Redis) -> None:
    await on_shift(site, "lin", "rail", languages=("en",))
    await kept(chen, "rail", RAIL, new=True)
    identity = await comes(site, await sent(site, "rail"))
    assert identity.queue == "rail"
    call = await join(site, identity)
    record = await site.services.records.get(call)
    assert (record.queue, record.needs, record.target_ms) == ("rail", "rail.2+writes_en", 60_000)
    guest = await comes(site, site.browser())
    record = await site.services.records.get(await join(site, guest))
    assert (record.queue, record.needs, record.target_ms) == ("main", "", 20_000)


async def test_whom_nobody_can_serve_is_told_before_the_camera_in_the_queues_words(site: Site, chen: Browser) -> None:
    await on_shift(site, "lin", "csl", languages=("en",))
    await kept(chen, "rail", RAIL, new=True)
    rail, main = await sent(site, "rail"), site.browser()
    told = await line(rail)
    assert (told["open"], told["urgent_open"], told["notice"]) == (False, False, CLOSED)
    assert ((await line(main))["open"], (await line(main))["notice"]) == (True, None)
    with pytest.raises(Closed):
        await join(site, await comes(site, rail))
    await kept(chen, "rail", {**RAIL, "needs": []})
    told = await line(rail)
    assert (told["open"], told["notice"]) == (True, None)
    assert await join(site, await comes(site, rail))


async def test_a_queue_has_its_own_hours_or_those_of_the_line(site: Site, chen: Browser) -> None:
    await on_shift(site, "lin")
    await kept(chen, "rail", {}, new=True)
    rail, main = await sent(site, "rail"), site.browser()
    await chen.put("/api/hours", {"week": NEVER})
    assert ((await line(rail))["open"], (await line(main))["open"]) == (False, False)
    hours = await (await chen.get("/api/hours?queue=rail")).get_json()
    assert (hours["set"], hours["open_now"], hours["week"]) == (False, False, NEVER), "those of the line hold"
    would = await (await chen.put("/api/hours?queue=rail", {"week": ALWAYS, "apply": False})).get_json()
    assert (would["set"], would["open_now"]) == (True, True)
    assert (await line(rail))["open"] is False
    assert (await chen.put("/api/hours?queue=rail", {"week": ALWAYS})).status_code == 200
    assert (await line(rail))["open"] is True
    assert (await line(rail))["hours"]["today"] == [["00:00", "24:00"]]
    identity = await comes(site, rail)
    assert (await site.store.customer_view(identity.person, alive=())).open is True
    assert (await line(main))["open"] is False
    assert (await listed(chen))[1]["own_hours"] is True
    await kept(chen, "rail", RAIL | {"needs": [], "languages": []})
    assert (await (await chen.get("/api/hours?queue=rail")).get_json())["week"] == ALWAYS, "the rest leaves them alone"
    assert (await chen.put("/api/hours?queue=rail", {"set": False})).status_code == 200
    assert (await line(rail))["open"] is False
    assert await error_of(await chen.get("/api/hours?queue=other")) == (404, "unknown_queue")
    looks = [look.about async for look in site.services.audit.each() if look.what.startswith("hours_")]
    assert looks == ["rail", "rail", ""], "newest first"


async def test_who_is_sent_to_a_queue_that_is_gone_comes_into_the_main_one(site: Site, chen: Browser) -> None:
    await on_shift(site, "lin")
    await kept(chen, "rail", {"needs": ["rail"]}, new=True)
    early = await sent(site, "rail")
    connected = await comes(site, early)
    assert (await chen.delete("/api/queues/rail")).status_code == 204
    assert (await line(early))["open"] is True
    late = await comes(site, await sent(site, "nowhere"))
    assert late.queue == "main"
    assert (await site.services.records.get(await join(site, late))).queue == "main"
    assert (await site.services.records.get(await join(site, connected))).queue == "main"
    assert await error_of(await chen.delete("/api/queues/main")) == (409, "main_queue")


async def test_holidays_are_part_of_hours_and_the_next_ones_are_said(chen: Browser) -> None:
    wish = {"week": ALWAYS, "holidays": {"region": "CN", "hours": [["10:00", "12:00"]], "make_up_as": 2}}
    saved = await (await chen.put("/api/hours", wish)).get_json()
    assert saved["holidays"] == wish["holidays"]
    assert {"CN", "HK"} <= set(saved["regions"])
    free = [each for each in saved["special_days"] if each["kind"] == "holiday"]
    assert free[0]["hours"] == [["10:00", "12:00"]]
    assert all(each["date"] and (each["name"] or each["kind"] == "make-up") for each in saved["special_days"])
    again = await (await chen.get("/api/hours?lang=zh-CN")).get_json()
    assert [each["date"] for each in again["special_days"]] == [each["date"] for each in saved["special_days"]]
    response = await chen.put("/api/hours", {"week": ALWAYS, "holidays": {"region": "XX"}})
    faults = [{"code": "region_unknown", "holiday": True}]
    assert (response.status_code, await response.get_json()) == (400, {"error": "bad_hours", "faults": faults})
    plain = await (await chen.put("/api/hours", {"week": ALWAYS})).get_json()
    assert (plain["holidays"], plain["special_days"]) == (None, [])


async def test_a_queue_is_called_by_its_title_where_there_are_several(site: Site, chen: Browser) -> None:
    await kept(chen, "main", {"title": TITLE})
    assert (await line(site.browser()))["title"] == {}, "there is nothing to tell it from"
    await kept(chen, "rail", RAIL, new=True)
    assert (await line(await sent(site, "rail")))["title"] == TITLE
    assert (await line(site.browser()))["title"] == TITLE
    lin = await on_shift(site, "lin", "rail", languages=("en",))
    await site.store.leg_offered(lin, leg="leg-1", worker="w1")
    await site.store.ready(lin)
    call = await join(site, await comes(site, await sent(site, "rail")))
    ringing = (await site.store.agent_view(lin, alive=())).reservation
    assert ringing is not None
    assert (ringing.call, ringing.queue_title, ringing.topic) == (call, TITLE, "")
    assert ringing.topic_titles["refund"] == REFUND


async def test_a_customer_chooses_a_topic_and_the_page_knows_it_the_next_time(site: Site, chen: Browser) -> None:
    await kept(chen, "rail", RAIL, new=True)
    await on_shift(site, "lin", "rail", "refund", languages=("en",))
    browser = await sent(site, "rail")
    said = await line(browser)
    assert (said["topics"], said["topic"]) == (RAIL["topics"], "")
    identity = await comes(site, browser)
    call = await join(site, identity, topic="refund")
    assert (await site.services.records.get(call)).topic == "refund"
    assert (await line(browser))["topic"] == "refund"
    await kept(chen, "rail", {**RAIL, "topics": []})
    assert ((await line(browser))["topics"], (await line(browser))["topic"]) == ([], "")
    assert (await line(site.browser()))["topics"] == [], "the main queue has none"


async def test_a_topic_that_the_queue_does_not_have_is_none(site: Site, chen: Browser) -> None:
    await kept(chen, "rail", RAIL, new=True)
    await on_shift(site, "lin", "rail", "secret", languages=("en",))
    call = await join(site, await comes(site, await sent(site, "rail")), topic="secret")
    assert (await site.services.records.get(call)).topic == ""


async def test_a_topic_that_is_said_twice_counts_once(chen: Browser) -> None:
    twice = [{"topic": "refund", "title": REFUND}, {"topic": "seat"}, {"topic": "refund"}]
    saved = await kept(chen, "rail", {"topics": twice}, new=True)
    assert [(each["topic"], each["title"]["en"]) for each in saved["topics"]] == [("refund", "Refund"), ("seat", "")]
