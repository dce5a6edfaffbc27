"""The HTTP surface of left messages: customers leave them, coordinators answer. See docs/http-api.md."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, cast

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify, request

from video_service.consent import CONSENT_VERSION
from video_service.customers import SESSION_TTL_S
from video_service.errors import ServiceError
from video_service.http_gate import looked
from video_service.http_input import BadRequest, body, one_of, query_number
from video_service.left_messages import Entry, Left, State
from video_service.records import BadCursor
from video_service.security import GUEST_COOKIE, set_framed_cookie
from video_service.services import services

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR = 96
CALL = "c_"
"""So the id of a follow-up begins: it is that of its call."""

messages_api = Blueprint("messages_api", __name__, url_prefix="/api")


class ConsentNeeded(ServiceError):
    """Somebody agrees first to what is kept; the text has changed, or was not shown."""

    code: ClassVar[str] = "consent_needed"


class InCall(ServiceError):
    """Who is in a call tells it there."""

    code: ClassVar[str] = "in_call"


class MessageWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/messages. `id`: made by the page, so that sending again is not a second message.

    `video`: a film that is whole; with it there may be no text.
    """

    text: Annotated[str, Meta(max_length=1000)]
    contact: Annotated[str, Meta(max_length=100)] = ""
    consent: int = 0
    locale: Annotated[str, Meta(max_length=16, pattern=r"^[A-Za-z0-9-]*\Z")] = ""
    id: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*\Z")] = ""
    video: Annotated[str, Meta(pattern=r"^([0-9a-f]{32})?\Z")] = ""


class StateWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/messages/<message>."""

    state: State


@messages_api.post("/messages")
async def leave_message() -> tuple[Response, int]:
    """Keep what a customer writes, open or closed; not in a call, where there is somebody to tell it to."""
    wish = await body(MessageWish)
    if not (wish.text or wish.video):
        raise BadRequest
    if wish.consent != CONSENT_VERSION:
        raise ConsentNeeded
    address = request.remote_addr or ""
    cookie, customer = await services().customers.admit(request.cookies.get(GUEST_COOKIE), address=address)
    # Whoever waits may write instead, and leaves the queue once the words are kept.
    if (await services().store.customer_view(customer.person, alive=())).state == "connected":
        raise InCall
    left = Left(
        customer=customer.person,
        verified=customer.verified,
        locale=wish.locale,
        text=wish.text,
        contact=wish.contact,
        consent=wish.consent,
        video=wish.video,
    )
    newcomer = cookie != request.cookies.get(GUEST_COOKIE)
    message = await services().messages.leave(left, client_id=wish.id, address=address, newcomer=newcomer)
    response = jsonify({"message": message})
    set_framed_cookie(response, GUEST_COOKIE, cookie, max_age_s=SESSION_TTL_S)
    return response, 201


@messages_api.get("/messages")
async def messages() -> Response:
    """List messages and follow-ups: the open ones that wait longest first, or the done ones, newest first."""
    state = request.args.get("state", "open")
    if state not in ("open", "done"):
        raise BadRequest
    cursor = request.args.get("cursor", "")
    if len(cursor) > MAX_CURSOR:
        raise BadCursor
    limit = query_number("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT)
    await looked()
    page = await services().messages.page(cast(State, state), limit=limit, cursor=cursor)
    names = {owner: await _name(owner) for owner in {each.owner for each in page.entries if each.owner}}
    return jsonify(
        {
            "messages": [shown(each, names.get(each.owner, "")) for each in page.entries],
            "more": page.cursor != "",
            "cursor": page.cursor,
            "open": await services().messages.count_open(),
        }
    )


@messages_api.get("/messages/count")
async def count() -> Response:
    """Say how many are open, and nothing of anybody."""
    return jsonify({"open": await services().messages.count_open()})


@messages_api.post("/messages/<message>")
async def turn_message(message: str) -> Response:
    """Mark a message or follow-up as done, or as open again."""
    wish = await body(StateWish)
    account = await one_of()
    # First: what cannot be written down is not done.
    await services().audit.note(
        who=account.person, role=account.role.value, what=f"message_{wish.state}", about=message
    )
    if message.startswith(CALL):
        await services().store.turn_promise(message, wish.state, by=account.person)
    else:
        await services().messages.turn(message, wish.state, by=account.person)
    return jsonify({"id": message, "state": wish.state})


def shown(entry: Entry, owner_name: str) -> dict[str, Any]:
    """Return an entry as pages get it: with the name of who promised, not the id."""
    said: dict[str, Any] = msgspec.to_builtins(entry)
    del said["owner"]
    return {**said, "owner_name": owner_name}


async def _name(person: str) -> str:
    account = await services().accounts.of_person(person)
    return account.display_name if account else ""
