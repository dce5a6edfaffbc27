"""The HTTP surface of requests about shifts: what agents ask and answer, and what coordinators decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify

from scheduler.errors import BadRoster
from video_service.http_gate import did, looked
from video_service.http_input import body, iso, moment_ms, one_of
from video_service.http_roster import BadRosterRequest
from video_service.roster_desk import Overlapping
from video_service.services import services
from video_service.shift_requests import LIVE, OF_A_SHIFT, Act, Kind, ShiftRequest, State
from video_service.shift_requests_around import RulesBroken
from video_service.shift_requests_desk import BadShiftRequest
from video_service.shift_requests_means import MOST_MEANT, Means

SHOWN_OPEN = 30
SHOWN_MINE = 40

requests_api = Blueprint("requests_api", __name__, url_prefix="/api")

Name = Annotated[str, Meta(max_length=64)]
Id = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]+\Z")]
OptionalId = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*\Z")]


class AskWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/my/requests: days (`leave`, `wish`, `busy`) or a shift (`offer`, `swap`)."""

    kind: Literal["leave", "wish", "busy", "offer", "swap"]
    first_day: date | None = None
    last_day: date | None = None
    named: Name = ""
    shift: OptionalId = ""
    to: OptionalId = ""
    theirs: OptionalId = ""


class ActWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/my/requests/<request>. `rev`: the state that the page knows."""

    act: Literal["take", "accept", "refuse", "drop", "withdraw"]
    rev: Annotated[int, Meta(ge=1)]


class DecideWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/requests/<request>. `person`: to whom an open shift is assigned; `why`: of a no."""

    act: Literal["grant", "decline", "cancel", "assign"]
    rev: Annotated[int, Meta(ge=1)]
    person: OptionalId = ""
    anyway: bool = False
    why: Literal["", "too_few", "rules", "skill", "others", "talk"] = ""


class AwayWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/my/away and, with `agent`, of POST /api/requests/away."""

    first_day: date
    last_day: date
    agent: OptionalId = ""


class OpenWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/requests/open; times are ISO 8601 with a zone."""

    start: Annotated[str, Meta(max_length=40)]
    end: Annotated[str, Meta(max_length=40)]


class MeansWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/requests/means."""

    requests: Annotated[tuple[Id, ...], Meta(max_length=MOST_MEANT)]


class RulesWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /api/requests/rules."""

    auto: bool


@requests_api.errorhandler(BadRoster)
async def _bad_roster(error: BadRoster) -> Response:
    raise BadRosterRequest from error


@requests_api.errorhandler(RulesBroken)
async def _rules_broken(error: RulesBroken) -> tuple[Response, int]:
    return jsonify({"error": error.code, "rows": _built(error.rows), "lacks": _built(error.lacks)}), 409


@requests_api.errorhandler(BadShiftRequest)
async def _bad_request(error: BadShiftRequest) -> tuple[Response, int]:
    return jsonify({"error": error.code, "rule": error.rule}), 400


@requests_api.errorhandler(Overlapping)
async def _overlapping(error: Overlapping) -> tuple[Response, int]:
    return jsonify({"error": error.code, "rows": msgspec.to_builtins(error.rows)}), 409


@requests_api.get("/my/requests")
async def my_requests() -> Response:
    """List what one has asked, is asked, and could take, with the rules that taking it would break."""
    account, desk = await one_of(), services().requests
    me = account.person
    live = await desk.live()
    for_anybody = [one for one in live if one.for_anybody and me not in (one.person, one.last)][:SHOWN_OPEN]
    broken = await desk.broken(me, for_anybody)
    mine = [one for one in await desk.book.of(me) if me in (one.person, one.other, one.last)]
    mine = sorted(mine, key=lambda one: (one.state in LIVE, one.changed_ms), reverse=True)[:SHOWN_MINE]
    rules = await desk.rosters.rules()
    seen_ms = await desk.book.news_seen_ms(me)
    return jsonify(
        {
            "zone": desk.rosters.zone.key,
            "auto": await desk.book.automatic(),
            "me": me,
            "people": await _people(),
            "shifts": [one.name for one in rules.shifts],
            "mine": [{**_row(one, shown_to=me), "fresh": one.by != me and one.changed_ms > seen_ms} for one in mine],
            "open": [
                {
                    **_row(one, shown_to=me),
                    "broken": _built(broken[one.request]),
                    "fresh": one.changed_ms > seen_ms and not broken[one.request],
                }
                for one in for_anybody
            ],
        }
    )


@requests_api.post("/my/requests/seen")
async def seen() -> Response:
    """Say that one has read what is new."""
    account = await one_of()
    await services().requests.book.seen(account.person)
    return Response(status=204)


@requests_api.post("/my/requests")
async def ask() -> tuple[Response, int]:
    """Ask for days, or offer a shift."""
    wish, account = await body(AskWish), await one_of()
    desk = services().requests
    await did("request_asked", about=wish.kind)  # first: what cannot be written down is not done
    if wish.kind in ("offer", "swap"):
        if not wish.shift or (wish.kind == "swap") != bool(wish.theirs) or (wish.theirs and not wish.to):
            raise BadShiftRequest("no_shift")
        found = await desk.offer(account.person, wish.shift, to=wish.to, theirs=wish.theirs)
    else:
        if wish.first_day is None or wish.last_day is None:
            raise BadShiftRequest("no_days")
        found = await desk.ask_days(Kind(wish.kind), account.person, wish.first_day, wish.last_day, wish.named)
    return jsonify(_row(await desk.book.one(found.request))), 201


@requests_api.post("/my/requests/<request_id>")
async def answer(request_id: str) -> Response:
    """Take, accept, refuse, or take back."""
    wish, account = await body(ActWish), await one_of()
    desk = services().requests
    await did(f"request_{wish.act}", about=request_id)
    await desk.answer(request_id, wish.rev, Act(wish.act), actor=account.person)
    return jsonify(_row(await desk.book.one(request_id), shown_to=account.person))


@requests_api.get("/my/shifts/<shift>/swaps")
async def swaps(shift: str) -> Response:
    """List the colleagues' shifts that one's own could be swapped for, and who could take it, with no rule broken.

    `unlike` are those of them who cannot do all that one can: a coordinator decides about them.
    """
    account = await one_of()
    found, people = await services().requests.swaps(account.person, shift)
    rows = [
        {
            "person": one.person,
            "shift": one.shift,
            "start": iso(one.start_ms),
            "end": iso(one.end_ms),
            "alike": one.alike,
        }
        for one in found
    ]
    unlike = [person for person, alike in people.items() if not alike]
    return jsonify({"people": list(people), "unlike": unlike, "swaps": rows})


@requests_api.post("/my/away")
async def away() -> tuple[Response, int]:
    """Say that one cannot come on these days: the shifts are taken off at once and are open to colleagues."""
    wish, account = await body(AwayWish), await one_of()
    if wish.agent:
        raise BadShiftRequest("not_an_agent")
    return await _away(wish, account.person, account.person)


@requests_api.get("/requests")
async def inbox() -> Response:
    """List what waits for the coordinator or for colleagues, the days that stand, and what came to an end.

    What one means takes a while to work out: of those that lapse first it is there, of the others pages ask for it.
    """
    desk = services().requests
    await looked()
    live = await desk.live()
    means = await desk.means(live)
    today = desk.rosters.local(services().clock.now_ms()).date()
    return jsonify(
        {
            "zone": desk.rosters.zone.key,
            "auto": await desk.book.automatic(),
            "people": await _people(),
            "live": [
                _row(one) | ({"means": _means(means[one.request])} if one.request in means else {}) for one in live
            ],
            "days": [_row(one) for one in await desk.book.days(today, 800)],
            "past": [_row(one) for one in await desk.book.past()],
        }
    )


@requests_api.post("/requests/means")
async def means_of() -> Response:
    """Say what granting each of these requests would mean; what waits for nobody any more is left out."""
    wish = await body(MeansWish)
    desk = services().requests
    wanted = set(wish.requests)
    found = await desk.means([one for one in await desk.live() if one.request in wanted])
    return jsonify({"means": {request: _means(one) for request, one in found.items()}})


@requests_api.get("/requests/count")
async def count() -> Response:
    """Say how many requests wait for somebody, how many of these for a coordinator, and when the newest changed."""
    live = await services().requests.book.live()
    return jsonify(
        {
            "live": len(live),
            "for_you": sum(one.state is State.ASKED or one.kind is Kind.OPEN for one in live),
            "newest_ms": max((one.changed_ms for one in live), default=0),
        }
    )


@requests_api.get("/requests/<request_id>/people")
async def people_for(request_id: str) -> Response:
    """List who could work the shift in question, the best first, with what speaks against each."""
    desk = services().requests
    ids = {one.name: one.person for one in await desk.rosters.agents()}
    rows = [
        {
            "person": ids[one.person],
            "broken": [
                {"rule": fault.rule, "shift": fault.shift, "has": fault.has, "limit": fault.limit}
                for fault in one.faults
            ],
            "lacks": list(one.lacks),
            "wished_off": one.wished_off,
            "week_min": one.week_min,
            "most_min": one.most_min,
            "recent_min": one.recent_min,
        }
        for one in await desk.candidates(request_id)
    ]
    return jsonify({"people": rows})


@requests_api.post("/requests/<request_id>")
async def decide(request_id: str) -> Response:
    """Grant, decline, end, or give an open shift to somebody."""
    wish, account = await body(DecideWish), await one_of()
    desk, by = services().requests, account.person
    await did(f"request_{wish.act}{'_anyway' if wish.anyway else ''}", about=request_id)
    if wish.act == "assign":
        await desk.assign(request_id, wish.rev, wish.person, by=by, anyway=wish.anyway)
    else:
        await desk.decide(request_id, wish.rev, Act(wish.act), by=by, anyway=wish.anyway, why=wish.why)
    return jsonify(_row(await desk.book.one(request_id)))


@requests_api.post("/requests/away")
async def away_for() -> tuple[Response, int]:
    """Say that somebody cannot come on these days."""
    wish, account = await body(AwayWish), await one_of()
    return await _away(wish, wish.agent, account.person)


@requests_api.post("/requests/open")
async def open_shift() -> tuple[Response, int]:
    """Put a shift out for whoever takes it."""
    wish, account = await body(OpenWish), await one_of()
    start_ms, end_ms = moment_ms(wish.start), moment_ms(wish.end)
    await did("shift_opened")
    desk = services().requests
    found = await desk.open_shift(start_ms, end_ms, by=account.person)
    return jsonify(_row(await desk.book.one(found.request))), 201


@requests_api.put("/requests/rules")
async def set_rules() -> Response:
    """Let what breaks no rule be granted by itself once both agree, or by a coordinator."""
    wish, account = await body(RulesWish), await one_of()
    await did("request_rules_set", about="auto" if wish.auto else "asked")
    await services().requests.book.set_automatic(wish.auto, by=account.person)
    return jsonify({"auto": wish.auto})


async def _away(wish: AwayWish, person: str, by: str) -> tuple[Response, int]:
    desk = services().requests
    await did("away_told", about=person)
    found, opened = await desk.away(person, wish.first_day, wish.last_day, by=by)
    return jsonify({"request": found.request, "opened": [one.request for one in opened]}), 201


async def _people() -> dict[str, str]:
    return {one.person: one.display_name for one in await services().requests.rosters.agents()}


def _row(found: ShiftRequest, *, shown_to: str = "") -> dict[str, Any]:
    """`shown_to`: the agent who sees it, whom it does not concern whose open shift it was."""
    row: dict[str, Any] = {
        name: getattr(found, name)
        for name in ("request", "rev", "kind", "state", "other", "why", "at_ms", "changed_ms")
    }
    if shown_to and found.last == shown_to and found.other != shown_to:
        row |= {"state": State.DECLINED, "other": shown_to}  # whoever has it now, and how far it is, is not theirs
    row["person"] = "" if shown_to and found.kind is Kind.OPEN else found.person
    if found.kind in OF_A_SHIFT:
        row |= {"shift": found.shift, "start": iso(found.start_ms), "end": iso(found.end_ms)}
        if found.their_shift:
            row |= {"their_start": iso(found.their_start_ms), "their_end": iso(found.their_end_ms)}
    else:
        row |= {"first_day": found.first_day, "last_day": found.last_day, "named": found.named}
    return row


def _means(found: Means | None) -> dict[str, Any] | None:
    if found is None:
        return None
    cover: dict[str, Any] | None = None
    if found.cover is not None:
        one = found.cover
        cover = {"start": iso(one.start_ms), "end": iso(one.end_ms)}
        cover |= {"now": one.now, "then": one.then, "wanted": one.wanted}
    return {
        "broken": _built(found.broken),
        "lacks": _built(found.lacks),
        "cover": cover,
        "shifts": found.shifts,
    }


def _built(rows: Sequence[msgspec.Struct]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.to_builtins(rows)
    return found
