"""The HTTP surface of a kept place: ask for it, and come back to it by its link. See docs/http-api.md."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify, request

from video_service.customers import SESSION_TTL_S
from video_service.http_input import body
from video_service.keep_place import PlaceGone
from video_service.security import GUEST_COOKIE, set_framed_cookie
from video_service.services import services

WAITING = frozenset({"waiting", "ringing"})
OPEN_CALL = WAITING | {"connected"}

place_api = Blueprint("place_api", __name__, url_prefix="/api")


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body with nothing to say."""


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/place/follow."""

    token: Annotated[str, Meta(max_length=128)]


@place_api.post("/place")
async def keep_place() -> tuple[Response, int]:
    """Keep the place of a waiting customer, and hand out the secret of the link to it."""
    await body(Nothing)
    customer = await services().customers.of(request.cookies.get(GUEST_COOKIE))
    if customer is None or not await _is_in(customer.person, WAITING):
        raise PlaceGone
    await services().places.admit(customer.person, address=request.remote_addr or "")
    until_ms = await services().store.keep_place(customer.person)
    left_ms = until_ms - services().clock.now_ms()
    if left_ms <= 0:
        raise PlaceGone
    token = await services().places.link(customer, left_ms=left_ms)
    return jsonify({"until_ms": until_ms, "token": token}), 201


@place_api.post("/place/follow")
async def follow_link() -> Response:
    """Make this browser that of the customer whose place a link leads to."""
    wish = await body(Link)
    customer = await services().places.follow(wish.token, address=request.remote_addr or "")
    await services().customers.blocks.check(customer.person)
    if not await _is_in(customer.person, OPEN_CALL):
        await services().places.erase_of(customer.person)
        raise PlaceGone
    cookie = await services().customers.begin(customer)
    response = Response(status=204)
    set_framed_cookie(response, GUEST_COOKIE, cookie, max_age_s=SESSION_TTL_S)
    return response


async def _is_in(customer: str, states: frozenset[str]) -> bool:
    return (await services().store.customer_view(customer, alive=())).state in states
