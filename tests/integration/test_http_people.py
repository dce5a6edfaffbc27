"""Who may add, shut out, reset and sign out whom over HTTP, and what becomes of them at that moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.errors import Closed
from signaling.identity_types import Identity
from tests.integration.http_site import SECRET, Browser, Site, error_of, served_call
from tests.valkey_server import RealValkey
from video_service.accounts import Account, Role
from video_service.settings import Settings

pytestmark = pytest.mark.integration

LIN = {"sign_in_name": " Lin ", "name": "林老师", "skills": ["csl", "csl"], "languages": ["zh"]}
LABELS = {"name": " 林晓 ", "skills": ["hksl", "csl", "hksl"], "languages": ["zh", "en"]}


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as running:
        yield running


@pytest.fixture
async def chen(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR, "chen")


async def _acts(site: Site) -> list[tuple[str, str]]:
    """Return what was done to whom, oldest first."""
    looks = [look async for look in site.services.audit.each()]
    return [(look.what, look.about) for look in reversed(looks) if look.what.startswith("account_")]


async def _add(browser: Browser, **wish: Any) -> dict[str, Any]:
    answer = await browser.post("/api/people", {**LIN, **wish})
    assert answer.status_code == 201, await answer.get_data(as_text=True)
    made: dict[str, Any] = await answer.get_json()
    return made


async def test_an_agent_is_added_and_signs_in_once_with_the_password_shown(site: Site, chen: Browser) -> None:
    made = await _add(chen)
    account = made["account"]
    assert account == {
        "person": account["person"],
        "name": "林老师",
        "sign_in_name": "lin",
        "role": "agent",
        "skills": ["csl"],
        "languages": ["zh"],
        "disabled": False,
        "must_change": True,
        "created": account["created"],
        "own": False,
        "may_change": True,
    }
    lin = site.browser()
    assert (await (await lin.sign_in("lin", made["password"])).get_json())["must_change"] is True
    assert await error_of(await lin.post("/api/ticket", {"as": "agent"})) == (403, "password_change_first")
    changed = await lin.post("/api/password", {"old": made["password"], "new": SECRET})
    assert changed.status_code == 200
    assert await lin.ticket("agent")
    assert await _acts(site) == [("account_add", account["person"])]


async def test_everybody_is_listed_and_no_password(site: Site, chen: Browser) -> None:
    await _add(chen)
    await site.account("boss", Role.ADMIN)
    answer = await chen.get("/api/people")
    people = (await answer.get_json())["people"]
    assert [(each["sign_in_name"], each["role"], each["own"], each["may_change"]) for each in people] == [
        ("boss", "admin", False, False),
        ("chen", "coordinator", True, False),
        ("lin", "agent", False, True),
    ]
    text = await answer.get_data(as_text=True)
    assert "argon2" not in text
    assert "hash" not in text


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        ({"sign_in_name": "chen"}, (409, "name_taken")),
        ({"sign_in_name": "CHEN "}, (409, "name_taken")),
        ({"sign_in_name": "林"}, (400, "bad_account")),
        ({"sign_in_name": ""}, (400, "bad_account")),
        ({"sign_in_name": "x" * 129}, (400, "bad_request")),
        ({"name": "a\nb"}, (400, "bad_account")),
        ({"name": " "}, (400, "bad_account")),
        ({"skills": ["two words"]}, (400, "bad_account")),
        ({"skills": [f"s{n}" for n in range(17)]}, (400, "bad_account")),
        ({"languages": ["x"] * 33}, (400, "bad_request")),
        ({"role": "owner"}, (400, "bad_request")),
        ({"role": "coordinator"}, (403, "wrong_role")),
        ({"role": "admin"}, (403, "wrong_role")),
        ({"password": "correct horse"}, (400, "bad_request")),
    ],
)
async def test_an_account_that_cannot_be_is_named(
    site: Site, chen: Browser, wish: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert await error_of(await chen.post("/api/people", {**LIN, **wish})) == refusal
    assert await site.services.accounts.count() == 1
    assert await _acts(site) == []


async def test_only_an_administrator_looks_after_coordinators(site: Site, chen: Browser) -> None:
    boss = await site.signed_in(Role.ADMIN, "boss")
    made = [await _add(boss, sign_in_name=f"n-{role}", role=role.value) for role in Role]
    for one in made:
        person, role = one["account"]["person"], one["account"]["role"]
        for act, body in (
            ("disabled", {"disabled": True}),
            ("disabled", {"disabled": False}),
            ("password", {}),
            ("labels", {"name": "N", "skills": [], "languages": []}),
        ):
            path = f"/api/people/{person}/{act}"
            if role == "agent":
                assert (await chen.post(path, body)).status_code == 200, path
            else:
                assert await error_of(await chen.post(path, body)) == (403, "wrong_role"), path
            assert (await boss.post(path, body)).status_code == 200, path
    assert await error_of(await chen.post(f"/api/people/{made[1]['account']['person']}/sign-out")) == (
        403,
        "wrong_role",
    )


async def test_nobody_changes_the_own_account_here(site: Site) -> None:
    boss = await site.signed_in(Role.ADMIN, "boss")
    own = await site.services.accounts.get("boss")
    assert own is not None
    for act, body in (("disabled", {"disabled": True}), ("password", {}), ("sign-out", {}), ("labels", LABELS)):
        answer = await boss.post(f"/api/people/{own.person}/{act}", body)
        assert await error_of(answer) == (409, "own_account"), act
    assert (await boss.get("/api/me")).status_code == 200
    for person in ("a-none", "boss", "%00", "{main}:accounts"):
        assert (await boss.post(f"/api/people/{person}/sign-out")).status_code == 404, person
    assert await _acts(site) == []


@pytest.fixture
async def lin(site: Site) -> Account:
    return await site.account("lin", Role.AGENT, display_name="林老师")


async def test_a_signed_in_agent_gets_calls_by_the_new_skills_and_stays_signed_in(
    site: Site, chen: Browser, lin: Account
) -> None:
    desk = site.browser()
    assert (await desk.sign_in("lin")).status_code == 200
    now_ms = site.services.clock.now_ms()
    await site.store.add_shift(lin.person, now_ms - 1_000, now_ms + 3_600_000)
    await served_call(site, lin)
    resume = await site.store.issue_resume(
        Identity(person=lin.person, role="agent", name=lin.display_name, generation=lin.generation)
    )
    guest = Identity(person="c-guest", role="customer", locale="zh-CN")
    await site.store.connect(guest, node="n-1", socket="s-guest")
    wish: dict[str, Any] = {"queue": "main", "needs": ("hksl",), "urgent": False, "reason": "", "locale": "zh-CN"}
    with pytest.raises(Closed):
        await site.store.join(guest.person, **wish)

    answer = await chen.post(f"/api/people/{lin.person}/labels", LABELS)
    said = await answer.get_json()
    assert (said["name"], said["skills"], said["languages"]) == ("林晓", ["hksl", "csl"], ["zh", "en"])
    assert await _acts(site) == [("account_change", lin.person)]
    assert (await (await desk.get("/api/me")).get_json())["name"] == "林晓"
    again = await site.store.redeem_resume(resume)
    signs = ("hksl", "csl", "writes_zh", "writes_en")
    assert (again.name, again.skills) == ("林晓", signs), "the token is older than the change"

    await site.store.ready(lin.person)
    call = await site.store.join(guest.person, **wish)
    ringing = (await site.store.agent_view(lin.person, alive=())).reservation
    assert ringing is not None
    assert ringing.call == call


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        ({"name": " "}, (400, "bad_account")),
        ({"skills": ["two words"]}, (400, "bad_account")),
        ({"languages": ["x"] * 33}, (400, "bad_request")),
        ({"role": "admin"}, (400, "bad_request")),
        ({"skills": None}, (400, "bad_request")),
    ],
)
async def test_labels_that_cannot_be_change_nothing_and_are_no_act(
    site: Site, chen: Browser, lin: Account, wish: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert await error_of(await chen.post(f"/api/people/{lin.person}/labels", {**LABELS, **wish})) == refusal
    assert await site.services.accounts.of_person(lin.person) == lin
    assert await _acts(site) == []


@pytest.mark.parametrize("act", ["disabled", "password", "sign-out"])
async def test_whoever_is_shut_out_reset_or_signed_out_is_off_the_line_at_once(
    site: Site, chen: Browser, lin: Account, act: str
) -> None:
    desk = site.browser()
    assert (await desk.sign_in("lin")).status_code == 200
    now_ms = site.services.clock.now_ms()
    await site.store.add_shift(lin.person, now_ms - 1_000, now_ms + 3_600_000)
    await served_call(site, lin)
    assert (await site.store.agent_view(lin.person, alive=())).state == "after_call"

    answer = await chen.post(f"/api/people/{lin.person}/{act}", {"disabled": True} if act == "disabled" else {})
    assert answer.status_code == 200
    said = await answer.get_json()
    assert await error_of(await desk.get("/api/me")) == (401, "sign_in_first")
    assert (await site.store.agent_view(lin.person, alive=())).state == "offline"
    word = {"disabled": "account_disable", "password": "account_reset", "sign-out": "account_sign_out"}[act]
    assert await _acts(site) == [(word, lin.person)]
    with_old = (await desk.sign_in("lin")).status_code
    assert with_old == (200 if act == "sign-out" else 401)
    if act == "password":
        assert (await (await desk.sign_in("lin", said["password"])).get_json())["must_change"] is True
    if act == "disabled":
        assert said["disabled"] is True
        again = await chen.post(f"/api/people/{lin.person}/disabled", {"disabled": False})
        assert (await again.get_json())["disabled"] is False
        assert (await desk.sign_in("lin")).status_code == 200, "the password is the old one"


async def test_what_cannot_be_written_down_is_not_done(
    site: Site, chen: Browser, lin: Account, redis: Redis, pool: str
) -> None:
    await redis.set(f"{{{pool}}}:audit", "no stream")
    for act, body in (("disabled", {"disabled": True}), ("password", {}), ("sign-out", {}), ("labels", LABELS)):
        answer = await chen.post(f"/api/people/{lin.person}/{act}", body)
        assert await error_of(answer) == (503, "store_unavailable"), act
    assert await site.services.accounts.of_person(lin.person) == lin
    added = await chen.post("/api/people", {**LIN, "sign_in_name": "wang"})
    assert await error_of(added) == (503, "store_unavailable")
