"""The HTTP surface of photos that the people of a call send each other. See docs/http-api.md."""

from __future__ import annotations

import re
from typing import ClassVar

from quart import Blueprint, Response, jsonify, request

from video_service.errors import ServiceError
from video_service.http_input import BadRequest, who
from video_service.security import GUEST_COOKIE
from video_service.services import services

photos_api = Blueprint("photos_api", __name__, url_prefix="/api")

_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")


class NoPhoto(ServiceError):
    """The photo is gone, or this is nobody of its call."""

    code: ClassVar[str] = "no_photo"


@photos_api.post("/photos")
async def share() -> tuple[Response, int]:
    """Send a photo to the other person of a call; it is made anew in a process apart, and never sent on as it came."""
    call, photo = _id(request.args.get("call", "")), _id(request.args.get("photo", ""))
    store = services().store
    for person in await _people():
        try:
            is_new = await store.may_share(person, call, photo)
        except ServiceError as error:
            if error.code == "no_call":
                continue
            raise
        if is_new:
            data = await request.get_data(cache=False)
            assert isinstance(data, bytes)
            await store.share(person, call, photo, await services().picture_maker.make_photo(data))
        return jsonify({"photo": photo}), 201
    raise NoPhoto


@photos_api.get("/photos/<call>/<photo>")
async def see(call: str, photo: str) -> Response:
    """Return a photo to the people of its call, for a while after it too; no cache keeps it."""
    for person in await _people():
        try:
            jpeg = await services().store.photo(person, _id(call), _id(photo))
        except ServiceError as error:
            if error.code == "no_call":
                continue
            raise
        if jpeg is not None:
            return Response(jpeg, mimetype="image/jpeg", headers={"Cache-Control": "no-store"})
    raise NoPhoto


async def _people() -> list[str]:
    """Return as whom this browser may be in a call: an agent's browser can be a guest's as well."""
    account = await who()
    customer = await services().customers.of(request.cookies.get(GUEST_COOKIE))
    found = [account.person] if account is not None and not account.must_change else []
    return [*found, customer.person] if customer is not None else found


def _id(text: str) -> str:
    if _ID.fullmatch(text) is None:
        raise BadRequest
    return text
