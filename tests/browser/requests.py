"""Requests about shifts as the service gives them to a coordinator."""

from __future__ import annotations

from typing import Any

from tests.browser.stage import Stage

LIN, WANG, CHEN = "a-1", "a-2", "a-3"
PEOPLE = {LIN: "林晓", WANG: "王静", CHEN: "陈宇"}
REST = {"rule": "rest", "shift": "", "has": 40, "limit": 44}
COVER = {"start": "2055-03-01T01:00:00Z", "end": "2055-03-01T03:00:00Z"}


def row(request: str, kind: str, state: str, **more: Any) -> dict[str, Any]:
    """Return one request, of Lin unless it says otherwise."""
    fields: dict[str, Any] = {"request": request, "rev": 1, "kind": kind, "state": state, "person": LIN, "other": ""}
    fields |= {"at_ms": 1, "changed_ms": 1, "why": ""}
    if kind in ("open", "offer", "swap"):
        fields |= {"start": "2055-03-01T01:00:00Z", "end": "2055-03-01T09:00:00Z"}
    else:
        fields |= {"first_day": "2055-03-01", "last_day": "2055-03-03", "named": ""}
    return {**fields, **more}


def means(cover: tuple[int, int, int | None] | None = None, **more: Any) -> dict[str, Any]:
    """Return what a request means; `cover`: people there as it stands, if it is granted, and wanted."""
    found = None if cover is None else {**COVER, **dict(zip(("now", "then", "wanted"), cover, strict=True))}
    return {"broken": [], "lacks": [], "cover": found, "shifts": 1, **more}


def live() -> list[dict[str, Any]]:
    """Return one of each that can wait."""
    theirs = {"their_start": "2055-03-02T05:00:00Z", "their_end": "2055-03-02T13:00:00Z"}
    lacks = [{"person": WANG, "what": ["hksl:2", "writes_en"]}]
    broken = [{**REST, "person": WANG, "day": "2055-03-01"}]
    return [
        row("q-1", "leave", "asked", means=means((2, 1, 2), shifts=2)),
        row("q-2", "swap", "asked", other=WANG, means=means(), **theirs),
        row("q-3", "offer", "asked", other=WANG, means=means(broken=broken, lacks=lacks)),
        row("q-4", "open", "waiting", person=CHEN, means=means((0, 1, None))),
        row("q-5", "offer", "waiting", means=means()),
    ]


def inbox(stage: Stage, rows: list[dict[str, Any]] | None = None, **more: Any) -> None:
    """Let the stage answer with these requests, or with one of each."""
    rows = live() if rows is None else rows
    days = [row("q-6", "away", "noted", person=WANG), row("q-7", "wish", "noted", named="late")]
    past = [row("q-8", "offer", "declined", other=WANG, why="too_few"), row("q-9", "leave", "granted")]
    said = {"zone": "Asia/Shanghai", "auto": False, "people": PEOPLE, "live": rows, "days": days, "past": past}
    stage.answers["GET requests"] = (200, {**said, **more})
    for_you = sum(one["state"] == "asked" or one["kind"] == "open" for one in rows)
    newest_ms = max((one["changed_ms"] for one in rows), default=0)
    counted = {"live": len(rows), "for_you": for_you, "newest_ms": newest_ms}
    stage.answers["GET requests/count"] = (200, counted)


def candidates(stage: Stage, request: str = "q-4") -> None:
    """Let the stage say who could work a shift: somebody who fits, and somebody who should not."""
    one: dict[str, Any] = {"lacks": [], "wished_off": False, "week_min": 960, "most_min": 2400, "recent_min": 0}
    people = [{**one, "person": WANG, "broken": []}, {**one, "person": LIN, "broken": [REST], "lacks": ["hksl"]}]
    stage.answers[f"GET requests/{request}/people"] = (200, {"people": people})


def sent(stage: Stage, path: str) -> list[Any]:
    """Return the bodies of what the page has sent to a path."""
    return [body for method, rest, body in stage.requests if method in ("POST", "PUT") and rest == path]
