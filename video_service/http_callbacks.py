"""The HTTP surface of booked callbacks: customers book, move and cancel, who works here sees what is booked."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify, request

from video_service.callbacks import Booking, Facts
from video_service.consent import CONSENT_VERSION
from video_service.customers import SESSION_TTL_S, Customer
from video_service.http_input import body
from video_service.http_messages import ConsentNeeded
from video_service.security import GUEST_COOKIE, set_framed_cookie
from video_service.services import services

LOCALE = Meta(max_length=16, pattern=r"^[A-Za-z0-9-]*\Z")
SIGNING = Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*\Z")

callbacks_api = Blueprint("callbacks_api", __name__, url_prefix="/api")


class Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/callback/slots."""

    sign_language: Annotated[str, SIGNING] = ""


class BookWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /api/callback. `sign_language`: the variety that the customer is used to, "" for not said."""

    start_ms: Annotated[int, Meta(ge=0, le=2**53)]
    consent: int = 0
    locale: Annotated[str, LOCALE] = ""
    sign_language: Annotated[str, SIGNING] = ""


@callbacks_api.get("/callback")
async def my_callback() -> Response:
    """Say what this customer has booked."""
    customer = await services().customers.of(request.cookies.get(GUEST_COOKIE))
    return jsonify({"booked": await shown_to(customer)})


@callbacks_api.post("/callback/slots")
async def slots() -> Response:
    """List the times that this customer could book."""
    wish = await body(Look)
    customer = await services().customers.of(request.cookies.get(GUEST_COOKIE))
    callbacks = services().callbacks
    facts = await _facts(customer or Customer(person=""), sign_language=wish.sign_language)
    found = await callbacks.slots(facts) if callbacks.offered else ()
    return jsonify({"slots": found, "slot_min": callbacks.rules.callback_slot_minutes})


@callbacks_api.put("/callback")
async def book() -> tuple[Response, int]:
    """Book a time, or another one instead of what was booked."""
    wish = await body(BookWish)
    if wish.consent != CONSENT_VERSION:
        raise ConsentNeeded
    address = request.remote_addr or ""
    cookie, customer = await services().customers.admit(request.cookies.get(GUEST_COOKIE), address=address)
    await services().customers.blocks.check(customer.person)
    facts = await _facts(customer, sign_language=wish.sign_language, locale=wish.locale, consent=wish.consent)
    booking = await services().callbacks.book(facts, wish.start_ms, address=address)
    response = jsonify({"booked": _shown(booking)})
    # A guest is who has the cookie: it has to last until the callback.
    left_s = (booking.end_ms - services().clock.now_ms()) // 1_000
    set_framed_cookie(response, GUEST_COOKIE, cookie, max_age_s=SESSION_TTL_S + max(0, left_s))
    return response, 201


@callbacks_api.delete("/callback")
async def cancel() -> tuple[str, int]:
    """Take back what was booked; nothing booked is no error."""
    customer = await services().customers.of(request.cookies.get(GUEST_COOKIE))
    if customer is not None:
        await services().callbacks.cancel(customer.person)
    return "", 204


@callbacks_api.get("/callbacks")
async def booked() -> Response:
    """List what is booked, by time, for who works here: no name, and no id of the customer."""
    bookings = await services().callbacks.all()
    uncovered = await services().callbacks.uncovered(bookings)
    return jsonify(
        {
            "callbacks": [
                {
                    "callback": each.callback,
                    "start_ms": each.start_ms,
                    "end_ms": each.end_ms,
                    "needs": each.facts.needs,
                    "sign_language": each.facts.sign_language,
                    "locale": each.facts.locale,
                    "covered": each.callback not in uncovered,
                }
                for each in bookings
            ]
        }
    )


async def shown_to(customer: Customer | None) -> dict[str, Any] | None:
    """Return a customer's own booking as the page gets it, None without one."""
    booking = await services().callbacks.of(customer.person) if customer else None
    return None if booking is None else _shown(booking)


def _shown(booking: Booking) -> dict[str, Any]:
    return {"start_ms": booking.start_ms, "end_ms": booking.end_ms, "state": booking.state}


async def _facts(customer: Customer, *, sign_language: str, locale: str = "", consent: int = 0) -> Facts:
    queue = await services().queues.known(customer.queue)
    rules = await services().queues.find(queue)
    return Facts(
        customer=customer.person,
        queue=queue,
        needs=tuple(dict.fromkeys((*customer.needs, *(rules.asked if rules else ())))),
        sign_language=customer.sign_language or sign_language,
        locale=locale,
        consent=consent,
    )
