"""The table of permissions is whole, the application keeps to it, and its page for readers says the same."""

from __future__ import annotations

import base64
import dataclasses
import re
import secrets
import typing
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from quart.typing import TestWebsocketConnectionProtocol as Socket
from redis.asyncio import Redis

from scheduler.plan_file import EXAMPLE
from signaling import messages
from tests.integration.http_site import ORIGIN, SECRET, Browser, Site, error_of, served_call
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.consent import CONSENT_VERSION
from video_service.left_messages import Left
from video_service.permissions import AGENT, COORDINATING, CUSTOMER, ENTRANCES, EVERYBODY, MESSAGES, ROUTES, STAFF
from video_service.settings import Settings
from video_service.video_messages import VIDEO_CONSENT_VERSION

pytestmark = pytest.mark.integration

PEOPLE = (CUSTOMER, *Role)
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
IN_WORDS = {
    "agent": AGENT,
    "anybody": EVERYBODY,
    "signed in": STAFF,
    "coordinator": COORDINATING,
    "see below": EVERYBODY,
}
TYPES: dict[str, type[msgspec.Struct]] = {
    str(kind.__struct_config__.tag): kind for kind in typing.get_args(messages.FromPage)
}


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str, tmp_path: Path) -> AsyncIterator[Site]:
    (tmp_path / "home.mp4").write_bytes(b"a clip")
    settings = Settings(
        redis_url=valkey.url,
        pool=pool,
        clips_dir=str(tmp_path),
        video_messages_dir=str(tmp_path),
        sign_in_tries=100,  # somebody new signs in for every route, all from one address
    )
    async with Site(settings) as running:
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


@dataclasses.dataclass(frozen=True)
class Ask:
    """A valid request and its answer. {agent}, {shift}, {call}, {message}, {roster}, {request}, {day}: the world's."""

    status: int = 200
    body: Any = None
    path: str = ""  # where the rule of the route has parts to fill in


ROSTER = base64.b64encode(b"agent,date,from,to\n").decode()
NEW_PERSON = {"sign_in_name": "new", "name": "New"}

# Every route, asked as a page would; whoever may ask gets exactly this status.
ASKS: dict[str, Ask] = {
    "GET /": Ask(302),
    "GET /healthz": Ask(),
    "GET /readyz": Ask(),
    "GET /metrics": Ask(404),
    "GET /customer/": Ask(),
    "GET /agent/": Ask(),
    "GET /coordinator/": Ask(),
    "GET /embed/": Ask(),
    "GET /<any(customer, agent, coordinator, embed, shared):folder>/<path:name>": Ask(path="/customer/main.js"),
    "GET /clips/<name>.mp4": Ask(path="/clips/home.mp4"),
    "POST /api/sign-in": Ask(body={"name": "{name}", "password": SECRET}),
    "POST /api/sign-out": Ask(204, {}),
    "POST /api/sign-out-everywhere": Ask(204, {}),
    "POST /api/password": Ask(body={"old": SECRET, "new": f"{SECRET} 2"}),
    "GET /api/me": Ask(),
    "POST /api/enter": Ask(body={}),
    "POST /api/ticket": Ask(body={"as": "customer"}),
    "GET /api/service": Ask(),
    "GET /api/openapi.json": Ask(),
    "GET /api/callback": Ask(),
    "POST /api/callback/slots": Ask(body={}),
    "PUT /api/callback": Ask(409, {"start_ms": 1, "consent": CONSENT_VERSION}),
    "DELETE /api/callback": Ask(204),
    "GET /api/callbacks": Ask(),
    "GET /api/promises": Ask(),
    "POST /api/promises/<call>/urge": Ask(404, {}, path="/api/promises/c_none/urge"),
    "POST /api/call-back/follow": Ask(410, {"token": "none"}),
    "POST /api/call-back/decline": Ask(404, {}),
    "POST /api/promises/<call>/owner": Ask(404, {"owner": "{agent}"}, path="/api/promises/c_none/owner"),
    "POST /api/matters/<call>/settle": Ask(404, {}, path="/api/matters/c_none/settle"),
    "GET /api/my/promises": Ask(),
    "GET /api/my/promises/<call>": Ask(404, path="/api/my/promises/c_none"),
    "POST /api/my/promises/<call>": Ask(404, {"act": "done"}, path="/api/my/promises/c_none"),
    "POST /api/place": Ask(410, {}),
    "PUT /api/push": Ask(404, {"address": "https://push.example.org/x"}),
    "DELETE /api/push": Ask(204),
    "POST /api/place/follow": Ask(410, {"token": "none"}),
    "GET /api/agents": Ask(),
    "GET /api/people": Ask(),
    "POST /api/people": Ask(201, NEW_PERSON),
    "POST /api/people/<person>/labels": Ask(
        body={"name": "Lin", "skills": ["csl"], "languages": []}, path="/api/people/{agent}/labels"
    ),
    "POST /api/people/<person>/disabled": Ask(body={"disabled": False}, path="/api/people/{agent}/disabled"),
    "POST /api/people/<person>/password": Ask(body={}, path="/api/people/{agent}/password"),
    "POST /api/people/<person>/sign-out": Ask(body={}, path="/api/people/{agent}/sign-out"),
    "GET /api/day": Ask(),
    "GET /api/shifts": Ask(),
    "POST /api/shifts": Ask(
        201, {"agent": "{agent}", "start": "2030-03-02T09:00:00+08:00", "end": "2030-03-02T17:00:00+08:00"}
    ),
    "POST /api/shifts/import": Ask(body={"file": ROSTER, "zone": "UTC"}),
    "GET /api/shifts/template.csv": Ask(),
    "DELETE /api/shifts/<shift>": Ask(204, path="/api/shifts/{shift}"),
    "GET /api/rosters": Ask(),
    "POST /api/rosters": Ask(201, {"first_day": "2030-03-04", "days": 7}),
    "GET /api/rosters/<draft>": Ask(path="/api/rosters/{roster}"),
    "PUT /api/rosters/duties": Ask(body={"draft": "{roster}", "rev": 1, "duties": []}),
    "GET /api/rosters/<draft>/roster.csv": Ask(path="/api/rosters/{roster}/roster.csv"),
    "GET /api/rosters/<draft>/roster.xlsx": Ask(path="/api/rosters/{roster}/roster.xlsx"),
    "GET /api/rosters/versions/<int:number>/roster.xlsx": Ask(404, path="/api/rosters/versions/1/roster.xlsx"),
    "GET /api/rosters/<draft>/roster.ics": Ask(path="/api/rosters/{roster}/roster.ics"),
    "GET /api/rosters/versions/<int:number>/roster.ics": Ask(404, path="/api/rosters/versions/1/roster.ics"),
    "GET /api/rosters/<draft>/changes": Ask(path="/api/rosters/{roster}/changes"),
    "POST /api/rosters/<draft>/publish": Ask(409, {"token": "x"}, path="/api/rosters/{roster}/publish"),
    "DELETE /api/rosters/<draft>": Ask(204, path="/api/rosters/{roster}"),
    "GET /api/rosters/versions/<int:number>": Ask(404, path="/api/rosters/versions/1"),
    "GET /api/rosters/team": Ask(),
    "PUT /api/rosters/team": Ask(body={"text": EXAMPLE, "apply": False}),
    "POST /api/plan/roster": Ask(400, {"first_day": "2000-01-03", "days": 7}),
    "GET /api/plan/job": Ask(),
    "POST /api/plan/cancel": Ask(body={"job": "p-none"}),
    "GET /api/plan/campaigns": Ask(),
    "PUT /api/plan/campaigns": Ask(body={"campaigns": [], "rev": 0}),
    "POST /api/plan/outlook": Ask(body={}),
    "POST /api/plan/pool": Ask(body={"days": 1}),
    "GET /api/intraday": Ask(),
    "POST /api/intraday/break": Ask(409, {"shift": "s_none", "old": [0, 1], "new": [2, 3]}),
    "GET /api/requests": Ask(),
    "GET /api/requests/count": Ask(),
    "POST /api/requests/means": Ask(body={"requests": []}),
    "GET /api/requests/<request_id>/people": Ask(path="/api/requests/{request}/people"),
    "POST /api/requests/<request_id>": Ask(body={"act": "cancel", "rev": 1}, path="/api/requests/{request}"),
    "POST /api/requests/away": Ask(201, {"agent": "{agent}", "first_day": "{day}", "last_day": "{day}"}),
    "POST /api/requests/open": Ask(201, {"start": "{day}T09:00:00+08:00", "end": "{day}T17:00:00+08:00"}),
    "PUT /api/requests/rules": Ask(body={"auto": False}),
    "GET /api/my/requests": Ask(),
    "POST /api/my/requests": Ask(201, {"kind": "wish", "first_day": "{day}", "last_day": "{day}"}),
    "POST /api/my/requests/<request_id>": Ask(body={"act": "take", "rev": 1}, path="/api/my/requests/{request}"),
    "POST /api/my/requests/seen": Ask(204, {}),
    "POST /api/my/away": Ask(201, {"first_day": "{day}", "last_day": "{day}"}),
    "GET /api/my/shifts/<shift>/swaps": Ask(400, path="/api/my/shifts/{shift}/swaps"),  # it is somebody else's
    "GET /api/my/shifts": Ask(),
    "POST /api/my/calendar": Ask(201, {}),
    "DELETE /api/my/calendar": Ask(204),
    "GET /api/calendar/<secret>.ics": Ask(404, path=f"/api/calendar/{'x' * 43}.ics"),  # the secret is the right
    "GET /api/door": Ask(),
    "POST /api/door": Ask(body={"open": True}),
    "GET /api/background": Ask(),
    "PUT /api/background": Ask(body={"default": {"kind": "blur"}, "agents_choose": True}),
    "POST /api/photos": Ask(404, {}, path="/api/photos?call={call}&photo=abcdefghijklmnop"),  # the call is over
    "GET /api/photos/<call>/<photo>": Ask(404, path="/api/photos/{call}/abcdefghijklmnop"),
    "PUT /api/background/picture": Ask(400, {}),  # no picture; one that is taken is in test_http_background
    "DELETE /api/background/picture": Ask(),
    "GET /api/background/picture.jpg": Ask(404),
    "GET /api/hours": Ask(),
    "PUT /api/hours": Ask(body={"week": [[["09:00", "18:00"]]] * 7}),
    "GET /api/queues": Ask(),
    "PUT /api/queues/<queue>": Ask(body={}, path="/api/queues/main"),
    "DELETE /api/queues/<queue>": Ask(204, path="/api/queues/rail"),
    "POST /api/messages": Ask(201, {"text": "hello", "consent": CONSENT_VERSION}),
    "GET /api/messages": Ask(),
    "GET /api/messages/count": Ask(),
    "POST /api/messages/<message>": Ask(body={"state": "done"}, path="/api/messages/{message}"),
    "POST /api/video-messages": Ask(201, {"video": "{video}", "size": 9, "consent": VIDEO_CONSENT_VERSION}),
    "POST /api/video-messages/part": Ask(404, {}, path=f"/api/video-messages/part?part=0&video={32 * '0'}"),
    "POST /api/video-messages/finish": Ask(404, {"video": 32 * "0"}),
    "GET /api/signed-messages": Ask(),
    "POST /api/signed-messages/<message>": Ask(404, {"state": "done"}, path="/api/signed-messages/{message}"),
    "GET /api/messages/<message>/video": Ask(404, path="/api/messages/{message}/video"),
    "GET /api/blocks": Ask(),
    "POST /api/blocks": Ask(201, {"customer": "c-blocked", "reason": "insults", "days": 7}),
    "DELETE /api/blocks/<customer>": Ask(204, path="/api/blocks/c-blocked"),
    "GET /api/records": Ask(),
    "GET /api/records/<call>": Ask(path="/api/records/{call}"),
    "GET /api/records.csv": Ask(),
}


def _filled(value: Any, world: dict[str, str]) -> Any:
    """Return `value` with the names of the world in place of those in braces."""
    if isinstance(value, dict):
        return {name: _filled(part, world) for name, part in value.items()}
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: world[found[1]], value)
    return value


def test_every_route_has_a_valid_request_here() -> None:
    missing = {route for route in ROUTES if not route.startswith("WEBSOCKET")} - set(ASKS)
    assert missing == set(), "add the route to ASKS: a valid request, and the status of its answer"
    assert set(ASKS) <= set(ROUTES)


@pytest.mark.parametrize("person", PEOPLE)
async def test_every_route_lets_in_whom_it_should_and_nobody_else(site: Site, person: str) -> None:
    agent = await site.account("lin", Role.AGENT)
    now_ms = site.services.clock.now_ms()
    shift = await site.store.add_shift(agent.person, now_ms - 1_000, now_ms + 3_600_000)
    world = {"agent": agent.person, "shift": shift.shift, "call": await served_call(site, agent)}
    left = Left(customer="c-1", verified=False, locale="en", text="hello", contact="", consent=CONSENT_VERSION)
    world["message"] = await site.services.messages.leave(left, address="192.0.2.1")
    world["roster"] = (await site.services.rosters.begin(date(2030, 3, 4), 7, by="operator")).draft
    world["day"] = str(datetime.fromtimestamp(now_ms / 1000, UTC).date() + timedelta(days=30))
    opened = await site.services.requests.open_shift(now_ms + 10 * DAY_MS, now_ms + 10 * DAY_MS + HOUR_MS, by="x")
    world["request"] = opened.request
    for number, (route, ask) in enumerate(ASKS.items()):
        # Some requests end sessions or change a password, so everybody is new each time.
        world["video"] = secrets.token_hex(16)
        world["name"] = f"{person}{number}" if person != CUSTOMER else "lin"
        browser = site.browser() if person == CUSTOMER else await site.signed_in(Role(person), world["name"])
        method, _, rule = route.partition(" ")
        answer = await browser.client.open(
            _filled(ask.path or rule, world),
            method=method,
            headers={"Origin": ORIGIN},
            json=_filled(ask.body, world),
        )
        if person in ROUTES[route].who:
            assert answer.status_code == ask.status, (route, await answer.get_data(as_text=True))
        else:
            expected = (401, "sign_in_first") if person == CUSTOMER else (403, "wrong_role")
            assert await error_of(answer) == expected, route


@pytest.mark.parametrize("person", PEOPLE)
async def test_a_ticket_is_for_the_doors_that_a_person_may_use(site: Site, person: str) -> None:
    browser = await _browser(site, person)
    for entrance, who in ENTRANCES.items():
        answer = await browser.post("/api/ticket", {"as": entrance})
        if person in who:
            assert answer.status_code == 200, entrance
        else:
            expected = (401, "sign_in_first") if person == CUSTOMER else (403, "wrong_role")
            assert await error_of(answer) == expected, entrance


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
        case msgspec.inspect.FloatType():
            return kind.ge or 0
        case msgspec.inspect.VarTupleType():
            return [_value(kind.item_type)] * (kind.min_length or 0)
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
    listed = re.findall(r"^\| `([A-Z]+ /(?:api|\w+z|metrics)[^`]*)` \| ([^|]*) \|", text, re.MULTILINE)
    told = {route: IN_WORDS[who.strip()] for route, who in listed}
    pages = {"GET /", "WEBSOCKET /ws"} | {route for route in ROUTES if re.match(r"GET /(<any|clips|\w+/$)", route)}
    assert told == {route: right.who for route, right in ROUTES.items() if route not in pages}


async def test_outside_of_the_api_everything_is_only_read(site: Site) -> None:
    for rule in site.app.url_map.iter_rules():
        if not rule.rule.startswith("/api"):
            assert rule.websocket or (rule.methods or set()) <= {"GET", "HEAD", "OPTIONS"}, rule.rule
