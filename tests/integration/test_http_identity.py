"""Signing in and out over HTTP, tickets, and guests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from signaling.errors import TicketRefused
from signaling.identity_types import Identity
from tests.integration.http_site import ORIGIN, SECRET, Site, cookie, error_of
from tests.valkey_server import RealValkey
from video_service.accounts import Account, Role
from video_service.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as running:
        yield running


async def test_signing_in_says_who_one_is_and_sets_a_cookie_that_scripts_cannot_read(site: Site) -> None:
    await site.account("lin", Role.AGENT, display_name="林老师", skills=("csl",), languages=("zh",))
    browser = site.browser()
    response = await browser.sign_in(" Lin ")
    assert response.status_code == 200
    about = {
        "name": "林老师",
        "sign_in_name": "lin",
        "role": "agent",
        "skills": ["csl"],
        "languages": ["zh"],
        "must_change": False,
    }
    assert await response.get_json() == about
    made = cookie(response, "vs_session")
    assert {"httponly", "samesite", "path", "max-age"} <= set(made)
    assert (made["samesite"], made["path"], made["max-age"]) == ("Strict", "/", "43200")
    assert "secure" not in made, "a browser would drop it on plain http"
    assert await (await browser.get("/api/me")).get_json() == about


async def test_behind_https_the_cookies_are_secure(valkey: RealValkey, redis: Redis, pool: str) -> None:
    async with Site(Settings(redis_url=valkey.url, pool=pool, public_url="https://calls.example.org")) as site:
        await site.account("lin", Role.AGENT)
        assert "secure" in cookie(await site.browser().sign_in("lin"), "vs_session")
        guest = await site.browser().post("/api/ticket", {"as": "customer"}, Origin="https://calls.example.org")
        assert "secure" in cookie(guest, "vs_guest")
        assert guest.headers["Strict-Transport-Security"].startswith("max-age=31536000")


async def test_wrong_names_and_passwords_get_the_same_answer(site: Site) -> None:
    await site.account("lin", Role.AGENT)
    await site.account("wang", Role.AGENT)
    await site.services.accounts.set_disabled("wang", True)
    for name, password in (("lin", "wrong"), ("nobody", SECRET), ("wang", SECRET), ("", "")):
        response = await site.browser().sign_in(name, password)
        assert await error_of(response) == (401, "bad_sign_in")
        assert "Set-Cookie" not in response.headers


async def test_the_eleventh_try_is_refused_with_a_time(site: Site) -> None:
    await site.account("lin", Role.AGENT)
    for number in range(10):
        # Whatever address a client claims in a header, it is one client.
        response = await site.browser().post(
            "/api/sign-in",
            {"name": "lin", "password": "wrong"},
            **{"X-Forwarded-For": f"192.0.2.{number}", "Remote-Addr": f"192.0.2.{number}"},
        )
        assert await error_of(response) == (401, "bad_sign_in")
    refused = await site.browser().sign_in("lin")
    assert await error_of(refused) == (429, "too_many")
    assert 0 < int(refused.headers["Retry-After"]) <= 300


async def test_signing_out_ends_the_session_for_whoever_kept_the_cookie(site: Site) -> None:
    browser = await site.signed_in(Role.AGENT)
    kept = site.browser()
    for stored in browser.client.cookie_jar or ():
        assert kept.client.cookie_jar is not None
        kept.client.cookie_jar.set_cookie(stored)
    assert (await kept.get("/api/me")).status_code == 200

    response = await browser.post("/api/sign-out")
    assert response.status_code == 204
    assert cookie(response, "vs_session")["max-age"] == "0"
    assert await error_of(await browser.get("/api/me")) == (401, "sign_in_first")
    assert await error_of(await kept.get("/api/me")) == (401, "sign_in_first")
    bare = await browser.client.post("/api/sign-out", headers={"Origin": ORIGIN})
    assert bare.status_code == 204, "nothing to say needs no body"


async def test_signing_in_again_replaces_the_session(site: Site, redis: Redis, pool: str) -> None:
    browser = await site.signed_in(Role.AGENT, "lin")
    await browser.sign_in("lin")
    assert len([key async for key in redis.scan_iter(f"{{{pool}}}:web_session:*")]) == 1
    assert (await browser.sign_in("lin", "wrong")).status_code == 401
    assert (await browser.get("/api/me")).status_code == 200, "a typing error signs nobody out"


async def test_a_disabled_account_is_out_at_its_next_request(site: Site) -> None:
    browser = await site.signed_in(Role.AGENT, "lin")
    await site.services.accounts.set_disabled("lin", True)
    assert await error_of(await browser.get("/api/me")) == (401, "sign_in_first")
    assert await error_of(await browser.post("/api/ticket", {"as": "agent"})) == (401, "sign_in_first")


async def test_an_agents_ticket_carries_who_the_account_is(site: Site) -> None:
    account = await site.account("lin", Role.AGENT, display_name="林老师", skills=("csl", "travel"))
    browser = site.browser()
    await browser.sign_in("lin")
    response = await browser.post("/api/ticket", {"as": "agent", "locale": "zh-CN"})
    identity = await site.store.redeem_ticket((await response.get_json())["ticket"])
    assert (identity.person, identity.role, identity.name) == (account.person, "agent", "林老师")
    assert (identity.skills, identity.locale) == (("csl", "travel"), "zh-CN")


async def test_a_ticket_is_taken_once(site: Site) -> None:
    ticket = await site.browser().ticket("customer")
    await site.store.redeem_ticket(ticket)
    with pytest.raises(TicketRefused):
        await site.store.redeem_ticket(ticket)


async def test_a_ticket_ends_with_the_sessions_of_its_account(site: Site) -> None:
    browser = await site.signed_in(Role.COORDINATOR, "zhou")
    ticket = await browser.ticket("coordinator")
    token = await site.store.issue_resume(await site.store.redeem_ticket(await browser.ticket("coordinator")))
    assert (await browser.post("/api/sign-out-everywhere")).status_code == 204
    for redeem, word in ((site.store.redeem_ticket, ticket), (site.store.redeem_resume, token)):
        with pytest.raises(TicketRefused):
            await redeem(word)

    await browser.sign_in("zhou")
    early = await browser.ticket("coordinator")
    await site.services.accounts.reset("zhou", "another good password", one_time=True)
    with pytest.raises(TicketRefused):
        await site.store.redeem_ticket(early)


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMIN])
async def test_coordinators_and_administrators_enter_as_coordinator(site: Site, role: Role) -> None:
    browser = await site.signed_in(role)
    identity = await site.store.redeem_ticket(await browser.ticket("coordinator"))
    assert identity.role == "coordinator"
    assert await error_of(await browser.post("/api/ticket", {"as": "agent"})) == (403, "wrong_role")


async def test_nobody_enters_as_what_the_account_is_not(site: Site) -> None:
    agent = await site.signed_in(Role.AGENT)
    assert await error_of(await agent.post("/api/ticket", {"as": "coordinator"})) == (403, "wrong_role")
    guest = site.browser()
    for entrance in ("agent", "coordinator"):
        assert await error_of(await guest.post("/api/ticket", {"as": entrance})) == (401, "sign_in_first")


async def test_a_guest_is_the_same_person_after_a_reload_and_no_other_guest(site: Site) -> None:
    browser, other = site.browser(), site.browser()
    response = await browser.post("/api/ticket", {"as": "customer", "locale": "zh-CN"})
    made = cookie(response, "vs_guest")
    assert (made["samesite"], made["max-age"], "httponly" in made) == ("Strict", "86400", True)

    first = await site.store.redeem_ticket((await response.get_json())["ticket"])
    again = await site.store.redeem_ticket(await browser.ticket("customer"))
    someone = await site.store.redeem_ticket(await other.ticket("customer"))
    assert (first.role, first.name, first.locale, first.skills) == ("customer", "", "zh-CN", ())
    assert first.person == again.person != someone.person
    assert first.person not in made["vs_guest"]


async def test_a_made_up_guest_cookie_is_replaced(site: Site) -> None:
    browser = site.browser()
    browser.client.set_cookie("localhost", "vs_guest", "c-somebody-else")
    response = await browser.post("/api/ticket", {"as": "customer"})
    assert len(cookie(response, "vs_guest")["vs_guest"]) == 43


async def test_an_agent_may_be_a_customer_too(site: Site) -> None:
    browser = await site.signed_in(Role.AGENT, "lin")
    identity = await site.store.redeem_ticket(await browser.ticket("customer"))
    assert (identity.role, identity.name, identity.skills) == ("customer", "", ())


async def test_the_home_page_learns_that_the_line_is_closed(site: Site) -> None:
    response = await site.browser().get("/api/service")
    assert await response.get_json() == {
        "open": False,
        "urgent_open": False,
        "agents_on": 0,
        "hours": None,
        "notice": None,
        "yours": False,
        "callbacks": {"booked": None},
        "promises": 0,
        "video_messages": {"consent": 1, "days": 30, "done_days": 7, "most_s": 90},
        "consent_version": 1,
        "message_retention_days": 90,
        "known": False,
        "signs": "",
        "guests": True,
        "push": None,
        "title": {},
        "topic": "",
        "topics": [],
    }


async def test_a_guest_who_comes_back_learns_that_a_call_goes_on(site: Site) -> None:
    lin = await site.account("lin", Role.AGENT)
    await agent_is_here(site, lin)
    guest, other = site.browser(), site.browser()
    identity = await site.store.redeem_ticket(await guest.ticket("customer"))
    await site.store.connect(identity, node="n", socket="s")
    assert (await (await guest.get("/api/service")).get_json())["yours"] is False
    call = await site.store.join(identity.person, queue="main", needs=(), urgent=False, reason="", locale="zh-CN")
    assert (await (await guest.get("/api/service")).get_json())["yours"] is True
    assert (await (await other.get("/api/service")).get_json())["yours"] is False
    await site.store.hang_up(identity.person, call)
    assert (await (await guest.get("/api/service")).get_json())["yours"] is False


async def test_an_agent_who_signs_out_is_off_the_line_at_once(site: Site) -> None:
    browser = await site.signed_in(Role.AGENT, "lin")
    lin = await site.services.accounts.get("lin")
    assert lin is not None
    await agent_is_here(site, lin)
    assert (await (await browser.get("/api/service")).get_json())["agents_on"] == 1
    await browser.post("/api/sign-out")
    assert (await (await browser.get("/api/service")).get_json())["agents_on"] == 0


async def agent_is_here(site: Site, account: Account) -> None:
    """Put an agent on shift and sign the page in."""
    now_ms = site.services.clock.now_ms()
    await site.store.add_shift(account.person, now_ms - 1_000, now_ms + 3_600_000)
    identity = Identity(person=account.person, role="agent", name=account.display_name)
    await site.store.connect(identity, node="n", socket="s")
    await site.store.sign_in(identity)
