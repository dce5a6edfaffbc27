"""The HTTP surface of promises: customers see and ask after them, owners keep them, coordinators give them on."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify, request

from video_service.accounts import Role
from video_service.customers import SESSION_TTL_S, Customer
from video_service.errors import ServiceError
from video_service.http_gate import did, looked
from video_service.http_input import body, one_of
from video_service.http_place import Link, Nothing
from video_service.promises import Promise
from video_service.security import GUEST_COOKIE, set_framed_cookie
from video_service.services import services

promises_api = Blueprint("promises_api", __name__, url_prefix="/api")


class NoPromiseHere(ServiceError):
    """There is no such open promise, or it is not yours."""

    code: ClassVar[str] = "no_promise"


class NoSuchOwner(ServiceError):
    """A promise is owned by an agent whose account is in use."""

    code: ClassVar[str] = "no_such_owner"


class OwnerWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/promises/<call>/owner."""

    owner: Annotated[str, Meta(max_length=64)]


class ActWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/my/promises/<call>."""

    act: Literal["call", "stop", "done"]


@promises_api.get("/promises")
async def my_promises() -> Response:
    """Say what this browser's customer was promised: by whom, by when, and what became of it."""
    customer = await _customer()
    found = await services().promises.of_customer(customer.person) if customer else []
    calling, until_ms = await services().promises.caller_of(customer.person) if customer else ("", 0)
    shown = []
    for each in found:
        account = await services().accounts.of_person(each.owner)
        shown.append(
            {
                "call": each.call,
                "name": account.display_name if account else "",
                "about_ms": each.joined_ms,
                "reason": each.reason,
                "due_ms": each.due_ms,
                "state": _state(each),
                "urged": each.urged_ms > 0,
                "calls_until_ms": until_ms if each.call == calling else 0,
                "called_ms": each.called_ms if each.called in ("missed", "declined") else 0,
            }
        )
    response = jsonify({"promises": shown})
    cookie = request.cookies.get(GUEST_COOKIE)
    open_until_ms = max((each.due_ms for each in found if not each.done_ms), default=0)
    if cookie and open_until_ms:
        # A guest is who has the cookie: it has to last until the promise is kept.
        left_s = max(0, open_until_ms - services().clock.now_ms()) // 1_000
        set_framed_cookie(response, GUEST_COOKIE, cookie, max_age_s=SESSION_TTL_S + left_s)
    return response


@promises_api.post("/promises/<call>/urge")
async def urge(call: str) -> tuple[str, int]:
    """Ask after a promise, once; owner and coordinators see it at once."""
    await body(Nothing)
    customer = await _customer()
    if customer is None:
        raise NoPromiseHere
    await services().promises.admit(customer.person)
    await services().store.urge(customer.person, call)
    return "", 204


@promises_api.post("/call-back/follow")
async def follow_link() -> Response:
    """Make this browser that of the customer whom an agent calls back; the link works once."""
    wish = await body(Link)
    customer = await services().promises.follow(wish.token, address=request.remote_addr or "")
    await services().customers.blocks.check(customer.person)
    cookie = await services().customers.begin(customer)
    response = Response(status=204)
    set_framed_cookie(response, GUEST_COOKIE, cookie, max_age_s=SESSION_TTL_S)
    return response


@promises_api.post("/call-back/decline")
async def decline() -> tuple[str, int]:
    """Say that it is not possible just now; the promise stays open, and its owner knows."""
    await body(Nothing)
    customer = await _customer()
    if customer is None:
        raise NoPromiseHere
    await services().store.decline_call_back(customer.person)
    return "", 204


@promises_api.get("/my/promises")
async def owned() -> Response:
    """List what the agent who asks has promised, and the urgent matters that this agent owns; nobody's words."""
    account = await one_of()
    found = await services().promises.of_owner(account.person)
    return jsonify(
        {
            "promises": [_owned(each) for each in found],
            "matters": [
                {"call": each.call, "since_ms": each.since_ms, "due_ms": each.due_ms, "reason": each.reason}
                for each in await services().promises.matters_of(account.person)
            ],
        }
    )


@promises_api.get("/my/promises/<call>")
async def note(call: str) -> Response:
    """Show what was noted of the call in which the agent who asks, or an earlier owner, promised something."""
    account = await one_of()
    await _own(call, account.person)
    await looked(about=call)
    text, opened = await services().promises.note_of(call)
    return jsonify({"note": text, "readable": opened})


@promises_api.post("/my/promises/<call>")
async def act(call: str) -> Response:
    """Call the customer back in sign, stop calling, or say that the promise is kept."""
    wish = await body(ActWish)
    account = await one_of()
    until_ms = 0
    if wish.act == "done":
        await did("promise_done", about=call)
        await services().store.turn_promise(call, "done", by=account.person, own=True)
    else:
        promise = await _own(call, account.person)
        if wish.act == "call":
            await did("call_back", about=call)
            until_ms = await services().promises.call_back(account.person, call)
            if until_ms:
                services().reminders.soon("follow_up.calling", f"{call}|{until_ms}", promise.customer)
        else:
            await services().store.stop_calling(account.person, promise.customer, call)
    return jsonify({"call": call, "until_ms": until_ms})


@promises_api.post("/promises/<call>/owner")
async def give(call: str) -> Response:
    """Give a promise, and the urgent matter of its call, to another agent."""
    wish = await body(OwnerWish)
    account = await services().accounts.of_person(wish.owner)
    if account is None or account.disabled or account.role is not Role.AGENT:
        raise NoSuchOwner
    await did("promise_give", about=call)
    await services().store.give_promise(call, account.person)
    return jsonify({"call": call, "owner_name": account.display_name})


@promises_api.post("/matters/<call>/settle")
async def settle(call: str) -> tuple[str, int]:
    """Take an urgent matter as solved: a coordinator any, an agent the own ones."""
    await body(Nothing)
    account = await one_of()
    await did("matter_settled", about=call)
    await services().store.settle_matter(call, by=account.person, own=account.role is Role.AGENT)
    return "", 204


async def _customer() -> Customer | None:
    return await services().customers.of(request.cookies.get(GUEST_COOKIE))


async def _own(call: str, owner: str) -> Promise:
    promise = await services().promises.one(call)
    if promise is None or promise.owner != owner:
        raise NoPromiseHere
    return promise


def _state(promise: Promise) -> str:
    if promise.done_ms:
        return "done"
    return "late" if services().clock.now_ms() >= promise.due_ms else "open"


def _owned(promise: Promise) -> dict[str, Any]:
    return {
        "call": promise.call,
        "about_ms": promise.joined_ms,
        "due_ms": promise.due_ms,
        "late": _state(promise) == "late",
        "urged_ms": promise.urged_ms,
        "reason": promise.reason,
        "sign_language": promise.sign_language,
        "locale": promise.locale,
        "called": promise.called,
        "called_ms": promise.called_ms,
    }
