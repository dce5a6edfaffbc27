"""The HTTP surface for everybody: signing in and out, coming in as a customer, tickets. See docs/http-api.md."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify, request

from video_service.accounts import Account, Role
from video_service.block_list import Blocked
from video_service.consent import CONSENT_VERSION
from video_service.customers import SESSION_TTL_S, Customer
from video_service.door import DoorState
from video_service.http_callbacks import shown_to
from video_service.http_gate import PasswordChangeFirst
from video_service.http_input import body, one_of
from video_service.http_video_messages import offer_of_videos
from video_service.opening_hours import Hours
from video_service.permissions import ENTRANCES, Entrance
from video_service.queues import Topics
from video_service.security import GUEST_COOKIE, SESSION_COOKIE, clear_cookie, set_cookie, set_framed_cookie
from video_service.services import ANYBODY, Visitor, services
from video_service.skill_words import all_skills

OPEN_CALL = frozenset({"waiting", "ringing", "connected"})

api = Blueprint("api", __name__, url_prefix="/api")


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/sign-in."""

    name: Annotated[str, Meta(max_length=128)]
    password: Annotated[str, Meta(max_length=1024)]


class PasswordWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/password."""

    old: Annotated[str, Meta(max_length=1024)]
    new: Annotated[str, Meta(max_length=1024)]


class Entering(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/enter. `framed`: the page is shown in a frame of another site."""

    token: Annotated[str, Meta(max_length=8192)] = ""
    framed: bool = False


class TicketWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/ticket."""

    entrance: Entrance = msgspec.field(name="as")
    locale: Annotated[str, Meta(max_length=16, pattern=r"^[A-Za-z0-9-]*\Z")] = ""


@api.post("/sign-in")
async def sign_in() -> Response:
    """Sign a browser in with a name and a password."""
    wish = await body(SignIn)
    sessions = services().web_sessions
    token, account = await sessions.sign_in(wish.name, wish.password, address=_address())
    await sessions.sign_out(request.cookies.get(SESSION_COOKIE))
    return _signed_in(token, account)


@api.post("/sign-out")
async def sign_out() -> Response:
    """End this browser's session, if it has one, and the person's socket; an agent is off the line at once."""
    token = request.cookies.get(SESSION_COOKIE)
    account = await services().web_sessions.account(token)
    await services().web_sessions.sign_out(token)
    if account is not None:
        await _off_the_line(account)
        await services().accounts.cut_off(account)
    return _signed_out()


@api.post("/sign-out-everywhere")
async def sign_out_everywhere() -> Response:
    """End every session of this account, and its socket; an agent is off the line at once."""
    account = await one_of()
    await services().accounts.sign_out_everywhere(account.name)
    await _off_the_line(account)
    return _signed_out()


@api.post("/password")
async def change_password() -> Response:
    """Change the own password; every other browser is signed out."""
    wish = await body(PasswordWish)
    account = await one_of()
    token, changed = await services().web_sessions.change_password(account, wish.old, wish.new, address=_address())
    return _signed_in(token, changed)


@api.get("/me")
async def me() -> Response:
    """Say who is signed in."""
    return jsonify(_about(await one_of()))


@api.post("/enter")
async def enter() -> Response:
    """Begin a customer's session: with a launch token as whom it names, else as a guest."""
    wish = await body(Entering)
    before = await services().customers.of(request.cookies.get(GUEST_COOKIE))
    cookie, customer = await services().customers.enter(wish.token, framed=wish.framed, address=_address())
    if before is not None and before.person != customer.person:
        # This browser is another one's now: it is told nothing more that concerns the one before.
        await services().pushes.forget(before.person)
    return _with_guest_cookie(jsonify({"verified": customer.verified, "entry": customer.entry}), cookie)


@api.post("/ticket")
async def ticket() -> Response:
    """Hand out the one-time ticket that opens the WebSocket."""
    wish = await body(TicketWish)
    if wish.entrance == "customer":
        return await _customer_ticket(wish.locale)
    account = await one_of(*ENTRANCES[wish.entrance])
    if account.must_change:
        raise PasswordChangeFirst
    if wish.entrance == "coordinator":  # whose socket shows who is here and who waits
        await services().audit.note(who=account.person, role=account.role.value, what="wall")
    visitor = Visitor(
        person=account.person,
        entrance=wish.entrance,
        name=account.display_name,
        skills=all_skills(account),
        locale=wish.locale,
        generation=account.generation,
    )
    return jsonify({"ticket": await services().issue_ticket(visitor)})


@api.get("/service")
async def line() -> Response:
    """Say how it stands for a page without a socket yet.

    Whether the line is open, whether this browser may call and is known, and whether it has a call that goes on.
    """
    customers = services().customers
    customer = await customers.of(request.cookies.get(GUEST_COOKIE))
    queue = await services().queues.known(customer.queue if customer else "")
    state = await services().store.customer_view(
        customer.person if customer else ANYBODY, alive=(), queue=queue, needs=customer.needs if customer else ()
    )
    yours = customer is not None and state.state in OPEN_CALL
    door = await services().door.state()
    hours = await services().queues.hours(queue)
    topics = rules.topics if (rules := await services().queues.find(queue)) else ()
    return jsonify(
        {
            "open": state.open,
            "urgent_open": state.urgent_open,
            "agents_on": state.agents_on,
            "consent_version": CONSENT_VERSION,
            "message_retention_days": services().messages.retention_days,
            "video_messages": await offer_of_videos(),
            "push": await services().pushes.shown_to(customer.person if customer else ""),
            "hours": _hours(hours, shut=not door.open) if hours else None,
            "notice": await _notice(door, queue, shut=not (state.open or state.urgent_open)),
            "title": await services().queues.title(queue),
            "topics": msgspec.to_builtins(topics),
            "topic": await _topic(queue, topics, customer),
            "yours": yours,
            "callbacks": {"booked": await shown_to(customer)} if services().callbacks.offered else None,
            "promises": await services().promises.count_of(customer.person) if customer else 0,
            "known": customer is not None,
            "signs": customer.sign_language if customer else "",
            "guests": customers.guests_allowed,
        }
    )


async def _customer_ticket(locale: str) -> Response:
    customers = services().customers
    cookie, customer = await customers.admit(request.cookies.get(GUEST_COOKIE), address=_address())
    try:
        await customers.blocks.check(customer.person)
    except Blocked:
        # A call that goes on is not cut off, also where the page has lost its resume token.
        state = await services().store.customer_view(customer.person, alive=())
        if state.state not in OPEN_CALL:
            raise
    visitor = _visitor(customer, locale, await services().queues.known(customer.queue))
    response = jsonify({"ticket": await services().issue_ticket(visitor)})
    return _with_guest_cookie(response, cookie)


def _visitor(customer: Customer, locale: str, queue: str) -> Visitor:
    urgent = services().customers.is_urgent(customer)
    return Visitor(
        person=customer.person,
        entrance="customer",
        locale=locale,
        verified=customer.verified,
        vip=customer.vip,
        entry=customer.entry,
        sign_language=customer.sign_language,
        needs=customer.needs,
        queue=queue,
        urgent=urgent,
        reason=customer.reason if urgent else "",
        context=customer.context,
    )


async def _off_the_line(account: Account) -> None:
    if account.role is Role.AGENT:
        await services().store.sign_out(account.person)


def _signed_in(token: str, account: Account) -> Response:
    response = jsonify(_about(account))
    set_cookie(response, SESSION_COOKIE, token, max_age_s=services().web_sessions.limits.session_ttl_s)
    return response


def _signed_out() -> Response:
    response = Response(status=204)
    clear_cookie(response, SESSION_COOKIE)
    return response


def _with_guest_cookie(response: Response, cookie: str) -> Response:
    set_framed_cookie(response, GUEST_COOKIE, cookie, max_age_s=SESSION_TTL_S)
    return response


async def _notice(door: DoorState, queue: str, *, shut: bool) -> dict[str, str] | None:
    """Return what customers read while nobody may call: the coordinator's words, else the queue's, if it has some."""
    said = door.notice if not door.open else (await services().queues.get(queue)).closed
    words: dict[str, str] = msgspec.to_builtins(said)
    return words if not door.open or (shut and any(words.values())) else None


async def _topic(queue: str, topics: Topics, customer: Customer | None) -> str:
    """Return what the matter is about as far as it is known: by the launch token, else as in the last call."""
    if customer is None:
        return ""
    labels = {need.partition(":")[0] for need in customer.needs}
    said = next((each.topic for each in topics if each.topic in labels), "")
    return said or await services().queues.last_topic(queue, customer.person)


def _hours(hours: Hours, *, shut: bool) -> dict[str, Any]:
    """Return what a customer may know of the hours; nobody knows when a line opens that somebody has closed."""
    book = services().hours
    standing = book.standing(hours)
    return {
        "zone": book.zone,
        "today": standing.today,
        "open_now": standing.open_now,
        "next_open_ms": 0 if shut else standing.next_open_ms,
    }


def _address() -> str:
    return request.remote_addr or ""


def _about(account: Account) -> dict[str, Any]:
    return {
        "name": account.display_name,
        "sign_in_name": account.name,
        "role": account.role.value,
        "skills": account.skills,
        "languages": account.languages,
        "must_change": account.must_change,
    }
