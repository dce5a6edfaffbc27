"""The HTTP surface for everybody: signing in and out, tickets, and whether the line is open. See docs/http-api.md."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify, request

from video_service.accounts import Account, Role
from video_service.http_input import body, one_of, only
from video_service.security import GUEST_COOKIE, SESSION_COOKIE, clear_cookie, set_cookie
from video_service.services import ANYBODY, ENTRANCES, Entrance, Visitor, services
from video_service.web_sessions import guest_person, new_guest_token

OPEN_CALL = frozenset({"waiting", "ringing", "connected"})

api = Blueprint("api", __name__, url_prefix="/api")


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/sign-in."""

    name: Annotated[str, Meta(max_length=128)]
    password: Annotated[str, Meta(max_length=1024)]


class TicketWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/ticket."""

    entrance: Entrance = msgspec.field(name="as")
    locale: Annotated[str, Meta(max_length=16, pattern="^[A-Za-z0-9-]*$")] = ""


@api.post("/sign-in")
async def sign_in() -> Response:
    """Sign a browser in with a name and a password."""
    wish = await body(SignIn)
    sessions = services().web_sessions
    token, account = await sessions.sign_in(wish.name, wish.password, address=request.remote_addr or "")
    await sessions.sign_out(request.cookies.get(SESSION_COOKIE))
    response = jsonify(_about(account))
    set_cookie(response, SESSION_COOKIE, token, max_age_s=sessions.limits.session_ttl_s)
    return response


@api.post("/sign-out")
async def sign_out() -> Response:
    """End this browser's session, if it has one; an agent is off the line at once."""
    token = request.cookies.get(SESSION_COOKIE)
    account = await services().web_sessions.account(token)
    await services().web_sessions.sign_out(token)
    if account is not None and account.role is Role.AGENT:
        await services().store.sign_out(account.person)
    response = Response(status=204)
    clear_cookie(response, SESSION_COOKIE)
    return response


@api.get("/me")
@only()
async def me() -> Response:
    """Say who is signed in."""
    return jsonify(_about(await one_of()))


@api.post("/ticket")
async def ticket() -> Response:
    """Hand out the one-time ticket that opens the WebSocket."""
    wish = await body(TicketWish)
    if wish.entrance == "customer":
        return await _guest_ticket(wish.locale)
    account = await one_of(*ENTRANCES[wish.entrance])
    visitor = Visitor(
        person=account.person,
        entrance=wish.entrance,
        name=account.display_name,
        skills=account.skills,
        locale=wish.locale,
    )
    return jsonify({"ticket": await services().issue_ticket(visitor)})


@api.get("/service")
async def line() -> Response:
    """Say whether the line is open, and whether this guest has a call that goes on, for a page without a socket yet."""
    person = guest_person(request.cookies.get(GUEST_COOKIE))
    state = await services().store.customer_view(person or ANYBODY, alive=())
    yours = person is not None and state.state in OPEN_CALL
    return jsonify({"open": state.open, "agents_on": state.agents_on, "hours": None, "yours": yours})


async def _guest_ticket(locale: str) -> Response:
    token = request.cookies.get(GUEST_COOKIE)
    person = guest_person(token)
    if token is None or person is None:
        token = new_guest_token()
        person = guest_person(token)
        assert person is not None
    visitor = Visitor(person=person, entrance="customer", locale=locale)
    response = jsonify({"ticket": await services().issue_ticket(visitor)})
    set_cookie(response, GUEST_COOKIE, token, max_age_s=services().web_sessions.limits.guest_ttl_s)
    return response


def _about(account: Account) -> dict[str, Any]:
    return {
        "name": account.display_name,
        "sign_in_name": account.name,
        "role": account.role.value,
        "skills": account.skills,
        "languages": account.languages,
    }
