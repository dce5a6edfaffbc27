"""A draft of a roster as the service gives it, and a small service that keeps what the page sends."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

FIRST = date(2027, 3, 1)  # a Monday
KINDS = {"early": (540, 480), "late": (780, 480)}
PEOPLE = (("amei", "林晓"), ("wang", "王静"), ("chen", "陈宇"), ("zhao", "赵敏"))


def duty(person: str, day: int, shift: str = "early", **more: Any) -> dict[str, Any]:
    """Return a shift with its breaks, on a day counted from the first."""
    start, minutes = KINDS[shift]
    pauses = [{"from_min": at, "to_min": at + 15} for at in (105, 225, 345)]
    fields: dict[str, Any] = {"person": person, "day": str(FIRST + timedelta(days=day)), "shift": shift}
    fields |= {"start": f"{start // 60:02}:00", "minutes": minutes, "pauses": pauses}
    return {**fields, **more}


def fault(rule: str, person: str, day: int | None, **more: Any) -> dict[str, Any]:
    """Return a broken rule."""
    return {"rule": rule, "person": person, "day": day, "shift": "", "has": 0, "limit": 0, **more}


def floor(duties: list[dict[str, Any]], days: int) -> list[list[int]]:
    """Return how many are there in each quarter hour, breaks not left out: enough for a picture."""
    counts = [[0] * 96 for _ in range(days)]
    for each in duties:
        day = (date.fromisoformat(each["day"]) - FIRST).days
        hours, minutes = map(int, each["start"].split(":"))
        at = hours * 4 + minutes // 15
        for quarter in range(at, min(96, at + each["minutes"] // 15)):
            counts[day][quarter] += 1
    return counts


def draft(days: int = 14, **more: Any) -> dict[str, Any]:
    """Return a draft of two weeks: most days staffed, one rule broken, more wanted at noon than there are."""
    duties = [
        duty(name, day, "early" if (n + day) % 3 else "late")
        for n, (name, _) in enumerate(PEOPLE)
        for day in range(days)
        if (n * 2 + day) % 7 < 5
    ]
    wanted = [[0] * 36 + [2] * 8 + [4] * 16 + [2] * 24 + [0] * 12 for _ in range(days)]
    fields: dict[str, Any] = {
        "draft": "r-1",
        "rev": 1,
        "state": "draft",
        "first_day": str(FIRST),
        "days": days,
        "changed_ms": 1_800_000_000_000,
        "published": 0,
        "zone": "Asia/Shanghai",
        "people": [{"name": name, "title": title, "ruled": True} for name, title in PEOPLE],
        "shifts": [{"name": name, "start_min": start, "minutes": many} for name, (start, many) in KINDS.items()],
        "off": {"wang": [str(FIRST + timedelta(days=4))]},
        "wishes_off": {"chen": [str(FIRST + timedelta(days=3))]},
        "duties": duties,
        "required": wanted,
        "faults": [fault("rest", "amei", 2, has=40, limit=44), fault("hours", "chen", 0, has=2520, limit=2400)],
        "scheduled": floor(duties, days),
    }
    return {**fields, **more}


def listed() -> dict[str, Any]:
    """Return the drafts and versions."""
    head = {name: draft()[name] for name in ("draft", "rev", "state", "first_day", "days", "changed_ms", "published")}
    version = {"first_day": str(FIRST), "days": 28, "at_ms": 1_800_000_000_000, "kept": 31}
    return {
        "zone": "Asia/Shanghai",
        "drafts": [{**head, "state": "changed"}, {**head, "draft": "r-2"}],
        "versions": [
            {**version, "number": 2, "added": 1, "removed": 1},
            {**version, "number": 1, "added": 32, "removed": 0},
        ],
        "people": draft()["people"],
    }


def changes(**more: Any) -> dict[str, Any]:
    """Return what publishing would change."""
    day = str(FIRST)
    rows = [
        {"person": "amei", "day": day, "before": [duty("amei", 0)], "after": [duty("amei", 0, "late")]},
        {"person": "zhao", "day": day, "before": [], "after": [duty("zhao", 0)]},
    ]
    return {"token": "t-1", "days": rows, "added": 2, "removed": 1, "kept": 30, "late": 0, **more}


def job(state: str = "running", **more: Any) -> dict[str, Any]:
    """Return a roster in the making, two weeks of it, as GET /api/plan/job answers."""
    fields: dict[str, Any] = {
        "job": "p-1",
        "state": state,
        "kind": "roster",
        "first_day": str(FIRST),
        "days": 14,
        "queue": "main",
        "started_ms": 1_000_000,
        "limit_s": 60,
        "phase": "search",
        "done": 0,
        "of": 0,
        "cost": -1,
        "bound": -1,
        "cancel": 0,
        "draft": "",
        "error": "",
        "words": "",
    }
    return {"job": {**fields, **more}, "now_ms": 1_042_000}


def outlook(days: int = 14) -> dict[str, Any]:
    """Return coming days with twenty calls each."""
    level = {"mean": 0.953, "low": 0.94, "high": 0.96}
    day = {"calls": 20.0, "low": 13.2, "high": 26.8, "most": 3, "hours": 36.0, "level": level}
    day |= {"wait_s": 4.2, "occupancy": 0.413}
    coming = [{**day, "day": str(FIRST + timedelta(days=n))} for n in range(days)]
    return {"days": coming, "goal": 0.95, "within_s": 20.0, "truth": explained()["truth"], "notes": []}


def pool() -> dict[str, Any]:
    """Return two queues with a team each, by skills and pooled, and a third in which nobody has called."""

    def level(mean: float, half: float) -> dict[str, float]:
        return {"mean": mean, "low": mean - half, "high": mean + half}

    def way(name: str, mean: float, *groups: tuple[list[str], int, float, float]) -> dict[str, Any]:
        goals = [{"queue": "main", "goal": 0.95, "within_s": 20.0, "level": level(mean - 0.02, 0.01), "calls": 280.0}]
        goals += [{"queue": "rail", "goal": 0.9, "within_s": 30.0, "level": level(mean + 0.01, 0.01), "calls": 90.0}]
        parts = [dict(zip(("queues", "people", "hours", "occupancy"), each, strict=True)) for each in groups]
        return {"way": name, "hours": 290.5, "level": level(mean, 0.012), "queues": goals, "groups": parts}

    ways = [
        way("apart", 0.86, (["main"], 4, 200.0, 0.41), (["rail"], 2, 90.5, 0.52)),
        way("skilled", 0.92, (["main"], 3, 150.0, 0.43), (["main", "rail"], 3, 140.5, 0.45)),
        way("pooled", 0.958, (["main", "rail"], 6, 290.5, 0.44)),
    ]
    left_out = {"air": "planning_no_history"}
    return {"first_day": str(FIRST), "days": 14, "roster": True, "ways": ways, "left_out": left_out, "notes": []}


def explained(**more: Any) -> dict[str, Any]:
    """Return what is known of a made roster: two gaps, one of them asked about, and two ways out."""
    lack = {"day": str(FIRST + timedelta(days=5)), "from_min": 1020, "to_min": 1080, "missing": 1, "skill": ""}
    night = {**lack, "from_min": 1080, "to_min": 1440, "skill": "hksl", "floor": False, "why": None}
    extra = {"weekday": 5, "start": "13:00", "minutes": 480, "times": 2}
    way = {"rule": "", "price": 640, "saves": 2_400, "missing_min": 60, "extra": [], "uses": []}
    over = fault("hours", "amei", 0, has=2_700, limit=2_400)
    keeps = {"share": 0.769, "workdays": [540, 1260], "weekend": None}
    fields: dict[str, Any] = {
        "truth": {"takes": 7, "seat": 6, "has": 4, "hours": 40.0, "enough": False, **keeps},
        "proved": False,
        "gap": 0.043,
        "seconds": 60.0,
        "missing_min": 420,
        "lacks": [{**lack, "floor": True, "why": ["rest", "hours"]}, night],
        "ways": [
            {**way, "kind": "extra", "extra": [extra]},
            {**way, "kind": "relaxed", "rule": "rest", "uses": [over]},
        ],
    }
    return {**fields, **more}
