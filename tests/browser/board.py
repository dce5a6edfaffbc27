"""The coordinator's page with somebody signed in, and what the service answers to it."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page

from tests.browser import views
from tests.browser.conftest import DESK, OpenPage
from tests.browser.stage import Stage

QUARTER_MS = 900_000
# What the page asks for twice in a minute it asks here when a test says so: neither is it waited for, nor does it come
# faster than it is answered.
IN_HAND = """
  window.again = [];
  const wait = window.setInterval;
  window.setInterval = (act, ms) => (ms === 30000 ? (window.again.push(act), 0) : wait(act, ms));
"""
ASK_AGAIN = "again.forEach((act) => act())"
# Of each quarter hour: answered within the target, later, not at all.
CALLS = (
    *((3, 0, 0), (4, 1, 0), (2, 0, 0), (0, 0, 0), (5, 2, 1), (6, 0, 0), (3, 0, 1), (2, 0, 0), (0, 0, 0)),
    *((1, 0, 0), (4, 0, 0), (5, 1, 0), (3, 0, 1), (4, 0, 0)),
)


def day(calls: tuple[tuple[int, int, int], ...] = CALLS, **more: Any) -> dict[str, Any]:
    """Return today's numbers as the service gives them: three hours and a half until now."""
    now = views.now_ms()
    last = now // QUARTER_MS * QUARTER_MS
    half = now // (2 * QUARTER_MS) * 2 * QUARTER_MS
    intervals = [
        {
            "start_ms": last - (len(calls) - 1 - n) * QUARTER_MS,
            "offered": within + late + left,
            "answered": within + late,
            "within_target": within,
            "abandoned": left,
            "mean_wait_ms": 8_400 + 21_000 * late if within + late else 0,
        }
        for n, (within, late, left) in enumerate(calls)
    ]
    rosters = (("a-1", "a-2", "a-3", "a-4"), ("a-1", "a-2", "a-3"), ("a-3",), (), ())
    ahead = [
        {
            "start_ms": half + n * 2 * QUARTER_MS,
            "end_ms": half + (n + 1) * 2 * QUARTER_MS,
            "agents": list(agents),
            "fewest": len(agents) - (n == 1),
        }
        for n, agents in enumerate(rosters)
    ]
    facts = {"now_ms": now, "start_ms": now - 40_000_000, "interval_ms": QUARTER_MS, "target_s": 20, "goal_percent": 95}
    return {**facts, "intervals": intervals, "ahead": ahead, **more}


def people(role: str = "coordinator") -> list[dict[str, Any]]:
    """Return everybody's accounts as somebody with `role` sees them."""

    def person(n: int, name: str, its: str, **more: Any) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "person": f"a-{n}",
            "name": name,
            "sign_in_name": f"person{n}",
            "role": its,
            "skills": ["csl"] if its == "agent" else [],
            "languages": ["zh"] if its == "agent" else [],
            "disabled": False,
            "must_change": False,
            "created": "2026-03-02T01:00:00.000Z",
            "own": False,
            "may_change": its == "agent" or role == "admin",
        }
        return {**fields, **more}

    return [
        person(1, "林晓", "agent"),
        person(2, "王静", "agent", skills=["csl", "hksl"], languages=["zh", "en"]),
        person(3, "陈宇", "agent", must_change=True),
        person(6, "Alex", "agent", disabled=True),
        person(8, "周岚", role, own=True, may_change=False, sign_in_name="zhou"),
        person(9, "方敏", "admin"),
    ]


def intraday(**more: Any) -> dict[str, Any]:
    """Return today against its plan, nobody has called yet."""
    fields: dict[str, Any] = {"now_ms": views.now_ms(), "at_ms": 1, "pending": False, "trouble": "planning_no_history"}
    fields |= {"queue": "main", "goal_percent": 95, "target_s": 20, "present": [-1] * 96, "occupancy": [-1] * 24}
    return {**fields, "plan": None, "scheduled": [0] * 96, "hours": [], "people": [], **more}


def floor() -> dict[str, Any]:
    """Return how the day went on the floor from nine to noon: people there, busy hours, calls and their waits."""
    late = {"within_target": 3, "answered": 5, "abandoned": 1, "wait_ms": 31_000}
    fine = {"within_target": 4, "answered": 4, "abandoned": 0, "wait_ms": 8_400}
    return {
        "present": [-1] * 36 + [2, 1.67, 2, 3] * 3 + [-1] * 48,
        "occupancy": [-1] * 9 + [0.62, 0.91, 0.4] + [-1] * 12,
        "hours": [{"hour": 9, "offered": 4, **fine}, {"hour": 11, "offered": 6, **late}],
    }


def long_story() -> dict[str, Any]:
    """Return a session that two agents served, with a promise at its end."""
    now = views.now_ms()
    start = now - 3_600_000
    parts = [("a-1", 20, 100, "another_signer"), ("a-2", 130, 400, "agent_lost"), ("a-4", 420, 900, "customer_hung_up")]
    return {
        **views.records()[0],
        "joined_ms": start,
        "answered_ms": start + 20_000,
        "closed_ms": start + 900_000,
        "wait_ms": 20_000,
        "signing_ms": 830_000,
        "after_call_ms": 95_000,
        "reservations": 5,
        "declines": 1,
        "misses": 1,
        "verified": True,
        "sign_language": "hksl",
        "solved": "no",
        "face": 2,
        "outcome": "follow_up",
        "follow_up_due_ms": now + 7_200_000,
        "follow_up_owner": "a-4",
        "segments": [
            {"agent": agent, "from_ms": start + a * 1000, "to_ms": start + b * 1000, "ended": why}
            for agent, a, b, why in parts
        ],
        "legs": [],
    }


def answer(stage: Stage, *, role: str = "coordinator") -> None:
    """Let the stage answer what the page asks, as long as a test has said nothing else."""
    for request, said in {
        "GET agents": {"agents": views.AGENTS},
        "GET door": views.door(),
        "GET day": day(),
        "GET people": {"people": people(role)},
        "GET shifts": {"shifts": views.shifts()},
        "GET blocks": {"blocks": []},
        "GET records": {"records": views.records(), "cursor": ""},
        "GET hours": views.hours(),
        "GET queues": views.queues(),
        "GET messages": views.inbox(),
        "GET messages/count": {"open": 5},
        "GET requests/count": {"live": 0, "for_you": 0, "newest_ms": 0},
        "GET plan/job": {"job": None, "now_ms": 0},
        "GET intraday": intraday(),
    }.items():
        stage.answers.setdefault(request, (200, said))


async def board(
    open_page: OpenPage,
    stage: Stage,
    part: str = "now",
    *,
    size: dict[str, int] = DESK,
    role: str = "coordinator",
    zone: str = "Asia/Shanghai",
    script: str = "",
) -> Page:
    """Open the page of somebody who is signed in."""
    stage.me = {**views.ME_COORDINATOR, "role": role}
    answer(stage, role=role)
    page = await open_page(f"/coordinator/#{part}", size=size, camera="refused", timezone_id=zone, script=script)
    await page.locator("#app[data-screen='board']").wait_for()
    return page
