"""The HTTP surface for coordinators: the door, agents by name, and the parts beside it. See docs/http-api.md."""

from __future__ import annotations

import msgspec
from quart import Blueprint, Response, jsonify

from video_service.accounts import Role
from video_service.door import DoorState, Notice
from video_service.http_blocks import blocks_api
from video_service.http_day import day_api
from video_service.http_gate import did, looked
from video_service.http_input import body, iso, one_of
from video_service.http_people import people_api
from video_service.http_records import records_api
from video_service.http_shifts import shifts_api
from video_service.services import services

coordinator_api = Blueprint("coordinator_api", __name__, url_prefix="/api")
for part in (day_api, people_api, shifts_api, records_api, blocks_api):
    coordinator_api.register_blueprint(part)


class DoorWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/door."""

    open: bool
    notice: Notice = Notice()


@coordinator_api.get("/agents")
async def agents() -> Response:
    """List the accounts that may be put on a shift."""
    await looked()
    everybody = await services().accounts.all()
    return jsonify(
        {
            "agents": [
                {
                    "agent": account.person,
                    "name": account.display_name,
                    "sign_in_name": account.name,
                    "skills": account.skills,
                    "languages": account.languages,
                    "disabled": account.disabled,
                }
                for account in everybody
                if account.role is Role.AGENT
            ]
        }
    )


@coordinator_api.get("/door")
async def door() -> Response:
    """Say whether new customers come in, since when and by whom."""
    return await _door(await services().door.state())


@coordinator_api.post("/door")
async def turn_door() -> Response:
    """Open or close the line to new customers, at once."""
    wish = await body(DoorWish)
    account = await one_of()
    # Before it is done: a change that cannot be written down is not made.
    await did("door_open" if wish.open else "door_close")
    return await _door(await services().door.turn(opened=wish.open, by=account.person, notice=wish.notice))


async def _door(state: DoorState) -> Response:
    account = await services().accounts.of_person(state.by) if state.by else None
    answer = {
        "open": state.open,
        "since": iso(state.since_ms) if state.since_ms else None,
        "by": account.display_name if account else "",
        "notice": state.notice,
    }
    return Response(msgspec.json.encode(answer), mimetype="application/json")
