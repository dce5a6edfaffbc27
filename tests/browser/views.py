"""Views for page-state tests, with only what a test means to say."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from signaling import messages

CALL = "c-7f3a91"


def now_ms() -> int:
    return round(time.time() * 1000)


def customer(state: str, **more: Any) -> messages.CustomerView:
    """Return a customer's view; `connected_s` and `joined_s` are ages in seconds."""
    now = now_ms()
    joined = now - round(more.pop("joined_s", 80) * 1000)
    connected = now - round(more.pop("connected_s", 0) * 1000)
    fields: dict[str, Any] = {
        "open": True,
        "agents_on": 2,
        "server_time_ms": now,
    }
    if state != "home":
        fields |= {"call": CALL, "epoch": 1, "joined_ms": joined}
    if state == "connected":
        fields |= {"connected_ms": connected, "agent_name": "小林", "media": "offer", "picture": "clear"}
        fields |= {"other_media": "live"}
    return messages.CustomerView(state=state, **{**fields, **more})  # type: ignore[arg-type]


def agent(state: str, **more: Any) -> messages.AgentView:
    """Return an agent's view, on shift for three more hours."""
    now = now_ms()
    fields: dict[str, Any] = {
        "since_ms": now - 95_000,
        "shift_until_ms": now + 3 * 3_600_000,
        "waiting": 1,
        "agents_on": 2,
        "media": "offer",
        "picture": "clear",
        "server_time_ms": now,
    }
    return messages.AgentView(state=state, **{**fields, **more})  # type: ignore[arg-type]


def reservation(**more: Any) -> messages.Reservation:
    fields: dict[str, Any] = {
        "call": CALL,
        "epoch": 2,
        "queue": "main",
        "needs": (),
        "urgent": False,
        "reason": "",
        "note": "航班取消了，想改到明天上午。",
        "waited_ms": 48_000,
        "ring_until_ms": now_ms() + 15_000,
    }
    return messages.Reservation(**{**fields, **more})


def agent_call(**more: Any) -> messages.AgentCall:
    fields: dict[str, Any] = {
        "call": CALL,
        "epoch": 2,
        "queue": "main",
        "needs": (),
        "urgent": False,
        "reason": "",
        "note": "航班取消了，想改到明天上午。",
        "waited_ms": 48_000,
        "since_ms": now_ms() - 134_000,
        "other_media": "live",
        "other_paused": False,
    }
    return messages.AgentCall(**{**fields, **more})


def wall() -> messages.CoordinatorView:
    """Return a wall with something of everything."""
    now = now_ms()

    def call(name: str, state: str, age_s: int, **more: Any) -> messages.WallCall:
        joined = now - age_s * 1000
        fields: dict[str, Any] = {"queue": "main", "urgent": False, "joined_ms": joined, "since_ms": joined}
        return messages.WallCall(call=name, state=state, **{**fields, **more})  # type: ignore[arg-type]

    def person(name: str, title: str, state: str, age_s: int, **more: Any) -> messages.WallAgent:
        fields: dict[str, Any] = {"since_ms": now - age_s * 1000, "shift_until_ms": now + 9_000_000}
        return messages.WallAgent(agent=name, name=title, state=state, **{**fields, **more})  # type: ignore[arg-type]

    late: dict[str, Any] = {"owner_name": "林晓", "escalated": "proposal"}
    times: dict[str, Any] = {"proposal_s": 900, "solution_s": 7_200}
    return messages.CoordinatorView(
        waiting=(
            call("c-1", "waiting", 41),
            call("c-2", "waiting", 12, urgent=True),
            call("c-3", "ringing", 66, agent="a-4"),
        ),
        active=(
            call("c-4", "active", 402, agent="a-1"),
            call("c-5", "active", 65, agent="a-2", customer_present=False),
        ),
        agents=(
            person("a-1", "林晓", "on_call", 402),
            person("a-2", "王静", "on_call", 65),
            person("a-3", "陈宇", "rest", 130),
            person("a-4", "赵敏", "reserved", 6),
            person("a-5", "刘洋", "break", 900, away_reason="missed"),
            person("a-6", "Alex", "offline", 9000, shift_until_ms=0),
        ),
        offered_today=47,
        answered_today=44,
        within_target_today=42,
        abandoned_today=3,
        target_s=20,
        urgent_matters=(
            messages.UrgentMatter(call="c-0", state="over", since_ms=now - 521_000, reason="hotel", **late, **times),
            messages.UrgentMatter(call="c-2", state="waiting", since_ms=now - 12_000, reason="airport", **times),
        ),
        server_time_ms=now,
    )


ME_AGENT = {"name": "林晓", "sign_in_name": "lin", "role": "agent", "skills": [], "languages": []}
ME_COORDINATOR = {"name": "周岚", "sign_in_name": "zhou", "role": "coordinator", "skills": [], "languages": []}

AGENTS = [
    {"agent": f"a-{n}", "name": name, "sign_in_name": f"agent{n}", "skills": [], "languages": [], "disabled": n == 6}
    for n, name in enumerate(("林晓", "王静", "陈宇", "赵敏", "刘洋", "Alex"), 1)
]


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shifts() -> list[dict[str, str]]:
    """Return two days of shifts around now."""
    now, hour = now_ms(), 3_600_000
    spans = [("a-1", -3, 5), ("a-2", -1, 7), ("a-3", 2, 10), ("a-1", 21, 29), ("a-4", 23, 31), ("a-5", 26, 34)]
    return [
        {"shift": f"s-{n}", "agent": agent, "start": _iso(now + a * hour), "end": _iso(now + b * hour)}
        for n, (agent, a, b) in enumerate(spans)
    ]


def door(*, open: bool = True, notice: str = "") -> dict[str, Any]:  # noqa: A002  named as in the answer
    """Return whether the line is open, as the service gives it."""
    since, by = (None, "") if open else (_iso(now_ms() - 600_000), "周岚")
    return {"open": open, "since": since, "by": by, "notice": {"zh-CN": notice, "zh-HK": "", "en": ""}}


def hours(**more: Any) -> dict[str, Any]:
    """Return opening hours as the service gives them: office hours, a holiday, open now."""
    closes = round(datetime(2027, 3, 1, 10, tzinfo=UTC).timestamp() * 1000)  # 18:00 in Shanghai
    fields: dict[str, Any] = {
        "week": [*[[["09:00", "18:00"]]] * 5, [], []],
        "exceptions": [{"date": "2027-01-01", "hours": []}],
        "set": True,
        "zone": "Asia/Shanghai",
        "holidays": None,
        "special_days": [],
        "regions": ["CN", "HK", "SG"],
        "open_now": True,
        "today": [["09:00", "18:00"]],
        "closes_ms": closes,
        "next_open_ms": 0,
    }
    return {**fields, **more}


NO_WORDS = {"zh-CN": "", "zh-HK": "", "en": ""}
HOUSE = {"share_percent": 95, "within_s": 20, "proposal_min": 15, "solution_min": 120}


def queue(name: str = "main", **more: Any) -> dict[str, Any]:
    """Return a queue as the service gives it: anybody of six agents could serve it."""
    fields: dict[str, Any] = {"queue": name, "title": NO_WORDS, "closed": NO_WORDS, "needs": [], "languages": []}
    fields |= {"targets": {}, "proposal_min": 0, "solution_min": 0, "own_hours": False}
    return {**fields, "agents": 6, "able": 6, "on_now": 3, **more}


def queues(*others: dict[str, Any]) -> dict[str, Any]:
    """Return the main queue and others, with the house's targets."""
    return {"queues": [queue(), *others], "house": HOUSE}


def inbox(**more: Any) -> dict[str, Any]:
    """Return messages and follow-ups as the service gives them, who waits longest first."""
    now, hour = now_ms(), 3_600_000

    def entry(id_: str, text: str, age_ms: int, **its: Any) -> dict[str, Any]:
        fields: dict[str, Any] = {"kind": "message", "due_ms": 0, "customer": "c-guest1", "verified": False}
        fields |= {"locale": "zh-CN", "contact": "", "call": "", "owner_name": "", "state": "open", "readable": True}
        return {"id": id_, "at_ms": now - age_ms, "text": text, **fields, **its}

    def follow_up(call: str, text: str, due_ms: int) -> dict[str, Any]:
        its = {"kind": "follow_up", "call": call, "due_ms": now + due_ms, "owner_name": "王静", "verified": True}
        return entry(call, text, 26 * hour, **its)

    messages = [
        entry("m-1", "航班取消了。\n请问怎么改签？", 50 * hour, contact="lin@example.org"),
        follow_up("c_77", "酒店答应下午回复，要告诉客户。", -3 * hour - 60_000),
        entry("m-2", "Please tell me about my refund.", 6 * hour + 60_000, locale="en"),
        entry("m-3", "谢谢，已经好了。", 12 * 60_000 + 5_000, contact="微信 lin-88"),
        follow_up("c_78", "等航空公司。", 30 * hour),
    ]
    return {"messages": messages, "more": False, "cursor": "", "open": 5, **more}


def records() -> list[dict[str, Any]]:
    """Return session records as the service gives them."""
    now = now_ms()

    def record(n: int, age_s: int, wait_s: int, length_s: int, ended: str) -> dict[str, Any]:
        joined = now - age_s * 1000
        answered = joined + wait_s * 1000 if length_s else 0
        closed = joined + (wait_s + length_s) * 1000
        agent = f"a-{1 + n % 4}"
        segments = [{"agent": agent, "from_ms": answered, "to_ms": closed, "ended": ended}] if length_s else []
        leg = {"worker": "w", "silences": 0, "closed_ms": closed}
        legs = [
            {"leg": "l-c", "role": "customer", "offered_ms": answered + 60, "connected_ms": answered + 310}
            | {"flowing_ms": answered + 640, **leg, "silences": 1},
            {"leg": "l-a", "role": "agent", "offered_ms": answered, "connected_ms": answered + 10}
            | {"flowing_ms": answered + 590, **leg},
        ]
        return {
            "call": f"c-{n}",
            "state": "closed",
            "customer": "p-9",
            "queue": "main",
            "needs": [],
            "class": "normal",
            "reason": "",
            "joined_ms": joined,
            "answered_ms": answered,
            "closed_ms": closed,
            "wait_ms": wait_s * 1000,
            "signing_ms": length_s * 1000,
            "ended_reason": ended,
            "segments": segments,
            "legs": legs if length_s else [],
        }

    return [
        record(1, 900, 14, 372, "customer_hung_up") | {"class": "urgent", "reason": "airport"},
        record(2, 2400, 8, 184, "agent_hung_up"),
        record(3, 5100, 66, 0, "customer_cancelled"),
        record(4, 9000, 19, 722, "customer_lost"),
        record(5, 90_000, 5, 260, "customer_hung_up"),
    ]


def empty_wall() -> messages.CoordinatorView:
    """Return the wall before anybody came."""
    return messages.CoordinatorView(
        waiting=(),
        active=(),
        agents=(),
        offered_today=0,
        answered_today=0,
        within_target_today=0,
        abandoned_today=0,
        target_s=20,
        server_time_ms=now_ms(),
    )
