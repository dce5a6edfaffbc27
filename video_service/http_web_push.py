"""The HTTP surface of Web Push: a customer's browser asks to be told, or no more. See docs/http-api.md."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, request

from video_service.customers import SESSION_TTL_S
from video_service.http_input import body
from video_service.security import GUEST_COOKIE, set_framed_cookie
from video_service.services import services
from video_service.web_push import MOST_ADDRESS

web_push_api = Blueprint("web_push_api", __name__, url_prefix="/api")


class PushWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /api/push. `address`: what the browser's subscription calls its endpoint."""

    address: Annotated[str, Meta(min_length=1, max_length=MOST_ADDRESS)]


@web_push_api.put("/push")
async def subscribe() -> Response:
    """Tell this customer's browser that there is news, from now on, for a week."""
    wish = await body(PushWish)
    cookie, customer = await services().customers.admit(
        request.cookies.get(GUEST_COOKIE), address=request.remote_addr or ""
    )
    await services().pushes.subscribe(customer.person, wish.address)
    response = Response(status=204)
    if cookie != request.cookies.get(GUEST_COOKIE):  # one that is there may have longer to last, for what was booked
        set_framed_cookie(response, GUEST_COOKIE, cookie, max_age_s=SESSION_TTL_S)
    return response


@web_push_api.delete("/push")
async def unsubscribe() -> Response:
    """Tell it no more."""
    customer = await services().customers.of(request.cookies.get(GUEST_COOKIE))
    if customer is not None:
        await services().pushes.forget(customer.person)
    return Response(status=204)
