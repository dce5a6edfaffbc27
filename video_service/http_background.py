"""The HTTP surface of what stands behind agents: the company's default and its picture. See docs/http-api.md."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, request

from video_service.background_store import CompanyBackground, NoBackgroundPicture
from video_service.http_gate import did
from video_service.http_input import body, one_of
from video_service.media_plane import Background, BackgroundKind
from video_service.services import services

background_api = Blueprint("background_api", __name__, url_prefix="/api")


class Default(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands behind an agent who has chosen nothing, or may not."""

    kind: BackgroundKind
    strength: Literal[1, 2, 3] = 2
    colour: Annotated[str, Meta(pattern=r"^#[0-9a-f]{6}\Z")] = Background().colour
    brighten: bool = False


class BackgroundWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /api/background."""

    default: Default
    agents_choose: bool


@background_api.get("/background")
async def background() -> Response:
    """Say what stands behind agents, whether they may choose, and which picture there is."""
    return _answer(await services().backgrounds.get())


@background_api.put("/background")
async def decide() -> Response:
    """Keep another default; agents who are here get it at once."""
    wish = await body(BackgroundWish)
    account = await one_of()
    chosen = wish.default
    default = Background(kind=chosen.kind, strength=chosen.strength, colour=chosen.colour, brighten=chosen.brighten)
    # Before it is done: a change that cannot be written down is not made.
    await did("background_set")
    kept = await services().backgrounds.decide(default, agents_choose=wish.agents_choose, by=account.person)
    return _answer(kept)


@background_api.put("/background/picture")
async def put_picture() -> Response:
    """Take the company's picture; it is decoded once, in a process apart, and never sent on as it came."""
    account = await one_of()
    data = await request.get_data(cache=False)
    assert isinstance(data, bytes)
    jpeg, size = await services().picture_maker.make(data)
    await did("background_picture_set")
    await services().backgrounds.put_picture(jpeg, size.width, size.height, by=account.person)
    return _answer(await services().backgrounds.get())


@background_api.delete("/background/picture")
async def remove_picture() -> Response:
    """Forget the company's picture; where it stood, rooms are blurred."""
    account = await one_of()
    await did("background_picture_remove")
    return _answer(await services().backgrounds.remove_picture(by=account.person))


@background_api.get("/background/picture.jpg")
async def picture() -> Response:
    """Return the company's picture."""
    found = (await services().backgrounds.get()).picture
    jpeg = await services().backgrounds.bytes_of(found.digest) if found else None
    if jpeg is None:
        raise NoBackgroundPicture
    return Response(jpeg, mimetype="image/jpeg")


def _answer(company: CompanyBackground) -> Response:
    default = company.default
    answer = {
        "default": {
            "kind": default.kind,
            "strength": default.strength,
            "colour": default.colour,
            "brighten": default.brighten,
        },
        "picture": company.picture,
        "agents_choose": company.agents_choose,
    }
    return Response(msgspec.json.encode(answer), mimetype="application/json")
