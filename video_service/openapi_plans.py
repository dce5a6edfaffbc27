"""What the routes of rosters, of requests about shifts and of plans answer. See `openapi_answers`."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from video_service.campaigns import Campaign
from video_service.floor import Hour
from video_service.intraday import Person
from video_service.openapi_types import NOTHING, Answer, Missing, many, maybe, row
from video_service.roster_desk import DayChange
from video_service.shift_requests import Kind, State

# What the planner has worked out, as it is: its types are not the web node's.
WORKED_OUT: Final[Any] = dict[str, Any]
STRINGS: Final[Any] = many(str)
COUNTS: Final[Any] = many(many(int))
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
ICS = "text/calendar"

HEAD: Final[dict[str, Any]] = {"first_day": date}
DRAFT = row("Draft", "draft state", "rev days changed_ms published", **HEAD)
VERSION_FIELDS = "number at_ms days added removed kept"
VERSION = row("Version", "", VERSION_FIELDS, **HEAD)
ROSTERED = row("Rostered", "name title", "", "ruled")
PAUSE = row("Pause", "", "from_min to_min")
DUTY = row("Duty", "person shift start", "minutes", day=date, pauses=many(PAUSE))
FAULT = row("RuleBroken", "rule person shift", "has limit", day=date)
FACTS: Final[dict[str, Any]] = {"duties": many(DUTY), "required": COUNTS}
CHECKED: Final[dict[str, Any]] = FACTS | {"faults": many(FAULT), "scheduled": COUNTS}
SHOWN = row(
    "ShownDraft",
    "draft state zone",
    "rev days changed_ms published",
    people=many(ROSTERED),
    shifts=many(row("ShiftKind", "name", "start_min minutes")),
    off=dict[str, list[date]],
    wishes_off=dict[str, list[date]],
    notes=STRINGS,
    explained=maybe(WORKED_OUT),
    **HEAD,
    **CHECKED,
)
CHANGED = "added removed kept late"
JOB = row(
    "Job",
    "job state kind phase draft error words queue",
    "started_ms done of cost cancel attempts days",
    limit_s=float,
    bound=float,
    **HEAD,
)
JOB_NOW = row("JobNow", "", "now_ms", job=maybe(JOB))
CAMPAIGNS = row("Campaigns", "", "rev", campaigns=many(Campaign))
TODAY = row(
    "Intraday",
    "trouble queue",
    "now_ms at_ms goal_percent target_s",
    "pending",
    plan=maybe(WORKED_OUT),
    scheduled=many(int),
    present=many(float),
    occupancy=many(float),
    hours=many(Hour),
    people=many(Person),
)
REQUEST_FIELDS: Final[dict[str, Any]] = {
    "kind": Kind,
    "state": State,
    **dict.fromkeys(
        ("shift", "start", "end", "their_start", "their_end", "first_day", "last_day", "named"), Missing(str)
    ),
}
REQUEST_TEXTS, REQUEST_NUMBERS = "request person other why", "rev at_ms changed_ms"
REQUEST = row("Request", REQUEST_TEXTS, REQUEST_NUMBERS, **REQUEST_FIELDS)
MEANT = row("MeantRequest", REQUEST_TEXTS, REQUEST_NUMBERS, means=Missing(maybe(WORKED_OUT)), **REQUEST_FIELDS)
FRESH = row("MyRequest", REQUEST_TEXTS, REQUEST_NUMBERS, "fresh", broken=Missing(many(WORKED_OUT)), **REQUEST_FIELDS)
NAMES: Final[Any] = dict[str, str]
CANDIDATE = row(
    "Candidate", "person", "week_min most_min recent_min", "wished_off", broken=many(WORKED_OUT), lacks=STRINGS
)
AWAY = row("AwayTold", "request", opened=STRINGS)
SWAP = row("Swap", "person shift start end", "", "alike")

PLANS: dict[str, Answer] = {
    "GET /api/rosters": row("Rosters", "zone", drafts=many(DRAFT), versions=many(VERSION), people=many(ROSTERED)),
    "POST /api/rosters": SHOWN,
    "GET /api/rosters/<draft>": SHOWN,
    "PUT /api/rosters/duties": row("Kept", "state", "rev", **CHECKED),
    "DELETE /api/rosters/<draft>": NOTHING,
    "GET /api/rosters/<draft>/roster.csv": CSV,
    "GET /api/rosters/<draft>/roster.xlsx": XLSX,
    "GET /api/rosters/versions/<int:number>/roster.xlsx": XLSX,
    "GET /api/rosters/<draft>/roster.ics": ICS,
    "GET /api/rosters/versions/<int:number>/roster.ics": ICS,
    "GET /api/rosters/<draft>/changes": row("Changes", "token", CHANGED, days=many(DayChange)),
    "POST /api/rosters/<draft>/publish": row("Published", "", f"version {CHANGED}"),
    "GET /api/rosters/versions/<int:number>": row("ShownVersion", "", VERSION_FIELDS, **HEAD, **FACTS),
    "GET /api/rosters/team": row("Team", "text", "since_ms rev", "set"),
    "PUT /api/rosters/team": row("TeamRead", "", "people rev", unknown=STRINGS, without=STRINGS),
    "GET /api/requests": row(
        "Inbox", "zone", "", "auto", people=NAMES, live=many(MEANT), days=many(REQUEST), past=many(REQUEST)
    ),
    "GET /api/requests/count": row("RequestCount", "", "live for_you newest_ms"),
    "POST /api/requests/means": row("Meanings", means=dict[str, maybe(WORKED_OUT)]),  # type: ignore[misc]
    "GET /api/requests/<request_id>/people": row("Candidates", people=many(CANDIDATE)),
    "POST /api/requests/<request_id>": REQUEST,
    "POST /api/requests/away": AWAY,
    "POST /api/requests/open": REQUEST,
    "PUT /api/requests/rules": row("RequestRules", "", "", "auto"),
    "GET /api/my/requests": row(
        "MyRequests", "zone me", "", "auto", people=NAMES, shifts=STRINGS, mine=many(FRESH), open=many(FRESH)
    ),
    "POST /api/my/requests": REQUEST,
    "POST /api/my/requests/<request_id>": REQUEST,
    "POST /api/my/requests/seen": NOTHING,
    "POST /api/my/away": AWAY,
    "GET /api/my/shifts/<shift>/swaps": row("Swaps", people=STRINGS, unlike=STRINGS, swaps=many(SWAP)),
    "POST /api/plan/roster": JOB_NOW,
    "GET /api/plan/job": JOB_NOW,
    "POST /api/plan/cancel": JOB_NOW,
    "GET /api/plan/campaigns": CAMPAIGNS,
    "PUT /api/plan/campaigns": CAMPAIGNS,
    "POST /api/plan/outlook": row("Outlook", "trouble", "", "pending", outlook=maybe(WORKED_OUT)),
    "POST /api/plan/pool": row("Pool", "trouble", "", "pending", pool=maybe(WORKED_OUT)),
    "GET /api/intraday": TODAY,
    "POST /api/intraday/break": row("BreakMoved", "", "version"),
}
