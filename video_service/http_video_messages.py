"""The HTTP surface of signed messages: customers send a film in parts, staff look at it. See docs/http-api.md."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify, request

from video_service.accounts import Role
from video_service.customers import SESSION_TTL_S, Customer
from video_service.http_gate import did, looked
from video_service.http_input import BadRequest, body, one_of, query_number
from video_service.http_messages import ConsentNeeded, InCall, StateWish, shown
from video_service.left_messages import UnknownMessage
from video_service.security import GUEST_COOKIE, PART_PATH, set_framed_cookie
from video_service.services import services
from video_service.video_messages import MOST_UPLOAD_BYTES, PART_BYTES, VIDEO_CONSENT_VERSION, NoVideo
from video_service.video_messages_files import VideoGone
from video_service.video_messages_film import MOST_MS, FilmFacts

MOST_SIGNED = 100

video_messages_api = Blueprint("video_messages_api", __name__)

_ID = re.compile(r"[0-9a-f]{32}")


class VideoWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/video-messages. `video`: 32 random hexadecimal digits, made by the page; `size` in bytes."""

    video: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    size: Annotated[int, Meta(ge=1, le=MOST_UPLOAD_BYTES)]
    sound: bool = False
    consent: int = 0


class FinishWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/video-messages/finish."""

    video: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]


@video_messages_api.post("/api/video-messages")
async def begin_video() -> tuple[Response, int]:
    """Announce a film; say how large its parts are, and which are here already."""
    wish = await body(VideoWish)
    if wish.consent != VIDEO_CONSENT_VERSION:
        raise ConsentNeeded
    address = request.remote_addr or ""
    cookie, customer = await services().customers.admit(request.cookies.get(GUEST_COOKIE), address=address)
    await services().customers.blocks.check(customer.person)
    if (await services().store.customer_view(customer.person, alive=())).state == "connected":
        raise InCall
    parts = await services().videos.begin(
        customer.person, wish.video, size=wish.size, sound=wish.sound, address=address, consent=wish.consent
    )
    response = jsonify({"part_bytes": PART_BYTES, "parts": parts})
    set_framed_cookie(response, GUEST_COOKIE, cookie, max_age_s=SESSION_TTL_S)
    return response, 201


@video_messages_api.post(PART_PATH)
async def put_part() -> Response:
    """Keep one part of a film; sending it again changes nothing."""
    video = request.args.get("video", "")
    if _ID.fullmatch(video) is None:
        raise BadRequest
    part = query_number("part", 0, low=0, high=MOST_UPLOAD_BYTES // PART_BYTES - 1)
    customer = await _customer()
    data = await request.get_data(cache=False)
    assert isinstance(data, bytes)
    await services().videos.put(customer.person, video, part, data)
    return Response(status=204)


@video_messages_api.post("/api/video-messages/finish")
async def finish_video() -> Response:
    """Make the film of its parts: only what is seen (and heard, if wished) is kept. It goes with the next message."""
    wish = await body(FinishWish)
    facts: FilmFacts = await services().videos.finish((await _customer()).person, wish.video)
    return jsonify(msgspec.to_builtins(facts))


@video_messages_api.get("/api/signed-messages")
async def signed_messages() -> Response:
    """List the open messages that have a film, the longest waiting first: agents sign, coordinators may not."""
    await looked()
    page = await services().messages.page("open", limit=MOST_SIGNED)
    found = [each for each in page.entries if each.video is not None]
    return jsonify({"messages": [shown(each, "") for each in found]})


@video_messages_api.post("/api/signed-messages/<message>")
async def turn_signed(message: str) -> Response:
    """Mark a signed message as answered; whoever did so by mistake opens it again. The rest is the coordinators'."""
    wish = await body(StateWish)
    account = await one_of()
    video, is_open = await services().videos.of_message(message)
    mine = is_open or wish.state == "done" or await services().messages.done_by(message) == account.person
    if not video or not (mine or account.role is not Role.AGENT):
        raise UnknownMessage
    await did(f"message_{wish.state}", about=message)
    # Again, where nobody comes between: a colleague may have answered it since.
    await services().messages.turn(message, wish.state, by=account.person, own=account.role is Role.AGENT)
    return jsonify({"id": message, "state": wish.state})


@video_messages_api.get("/api/messages/<message>/video")
async def see_video(message: str) -> Response:
    """Return a message's film, whole, opened for this one answer; the look is on record before it leaves."""
    account = await one_of()
    video, is_open = await services().videos.of_message(message)
    # Agents look at what is to be answered; what is done stays with coordinators.
    if not video or not (is_open or account.role is not Role.AGENT):
        raise VideoGone
    film = await services().videos.film(video)
    await looked(about=message)
    return Response(film, mimetype="video/mp4", headers={"Cache-Control": "no-store", "Content-Disposition": "inline"})


async def offer_of_videos() -> dict[str, int] | None:
    """Return what a customer's page has to know before a signed message is recorded; None: none are taken here."""
    videos = services().videos
    if not await videos.offered():
        return None
    days, done_days = videos.rules.video_message_days, videos.rules.video_message_done_days
    return {
        "days": days,
        "done_days": min(days, done_days),
        "most_s": MOST_MS // 1_000,
        "consent": VIDEO_CONSENT_VERSION,
    }


async def _customer() -> Customer:
    customer = await services().customers.of(request.cookies.get(GUEST_COOKIE))
    if customer is None:
        raise NoVideo
    return customer
