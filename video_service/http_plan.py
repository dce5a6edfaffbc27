"""The HTTP surface of planning: a roster made in the background, how far it is, and stopping it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify

from scheduler.errors import BadRoster
from video_service.campaigns import MOST, BadCampaigns, Campaign
from video_service.http_gate import did
from video_service.http_input import body, one_of
from video_service.http_roster import BadRosterRequest
from video_service.plan_jobs import RosterWish
from video_service.plan_outlook import OutlookWish
from video_service.plan_pool_input import PoolWish
from video_service.plan_store import Job
from video_service.services import services

plan_api = Blueprint("plan_api", __name__, url_prefix="/api/plan")

_SHOWN = (
    *("job", "state", "kind", "started_ms", "limit_s", "phase", "done", "of", "cost", "bound", "cancel", "attempts"),
    *("draft", "error", "words"),
)


@plan_api.post("/roster")
async def make() -> tuple[Response, int]:
    """Begin to make a roster; for the same input the job that there is."""
    wish, account = await body(RosterWish), await one_of()
    await services().queues.get(wish.queue)
    await did("roster_made")
    try:
        job = await services().plan_jobs.begin(wish, by=account.person)
    except BadRoster as error:
        raise BadRosterRequest from error
    return jsonify(_shown(job)), 202


@plan_api.get("/job")
async def job() -> Response:
    """Say how far the roster is that was asked for last."""
    return jsonify(_shown(await services().plan_jobs.look()))


class CancelWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/plan/cancel."""

    job: str


@plan_api.post("/cancel")
async def cancel() -> Response:
    """Ask a job to end soon; the best that it has found becomes the draft."""
    wish = await body(CancelWish)
    await services().plan_jobs.cancel(wish.job)
    return jsonify(_shown(await services().plan_jobs.look()))


def _shown(job: Job | None) -> dict[str, Any]:
    now_ms = services().clock.now_ms()
    if job is None:
        return {"job": None, "now_ms": now_ms}
    wish = msgspec.json.decode(job.wish, type=RosterWish)
    facts = {name: getattr(job, name) for name in _SHOWN}
    said = {"first_day": wish.first_day.isoformat(), "days": wish.days, "queue": wish.queue}
    return {"job": {**facts, **said}, "now_ms": now_ms}


class CampaignsWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /api/plan/campaigns: all of them, and the state that was read."""

    campaigns: Annotated[tuple[Campaign, ...], Meta(max_length=2 * MOST)]
    rev: Annotated[int, Meta(ge=0)]


@plan_api.get("/campaigns")
async def campaigns() -> Response:
    """Return the campaigns that the coordinator entered, with their state."""
    found, rev = await services().campaigns.get()
    return jsonify({"campaigns": msgspec.to_builtins(found), "rev": rev})


@plan_api.put("/campaigns")
async def set_campaigns() -> tuple[Response, int]:
    """Keep the campaigns; a fault is told by its row, and nothing is kept."""
    wish = await body(CampaignsWish)
    await did("campaigns_set")
    try:
        await services().campaigns.set(wish.campaigns, rev=wish.rev)
    except BadCampaigns as error:
        return jsonify({"error": error.code, "row": error.row, "fault": error.fault}), 400
    return await campaigns(), 200


@plan_api.post("/outlook")
async def outlook() -> Response:
    """Say what the coming days would be; `pending` while it is reckoned: ask again."""
    wish = await body(OutlookWish)
    await services().queues.get(wish.queue)
    try:
        found = await services().outlooks.look(wish)
    except BadRoster as error:
        raise BadRosterRequest from error
    said = None if found is None or found.said is None else msgspec.to_builtins(found.said)
    return jsonify({"pending": found is None, "trouble": found.trouble if found is not None else "", "outlook": said})


@plan_api.post("/pool")
async def pool() -> Response:
    """Say what the queues come to with a team each, by their agents' skills and pooled; as `outlook`."""
    wish = await body(PoolWish)
    try:
        found = await services().outlooks.pooled(wish)
    except BadRoster as error:
        raise BadRosterRequest from error
    said = None if found is None or found.pool is None else msgspec.to_builtins(found.pool)
    return jsonify({"pending": found is None, "trouble": found.trouble if found is not None else "", "pool": said})
