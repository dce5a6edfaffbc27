"""The HTTP surface for coordinators: today in numbers. See docs/http-api.md."""

from __future__ import annotations

import msgspec
from quart import Blueprint, Response, jsonify

from video_service.day import AHEAD_COUNT, AHEAD_MS, MINUTE_MS, ahead_of, day_start_ms, intervals_of
from video_service.services import services

day_api = Blueprint("day", __name__)


@day_api.get("/day")
async def day() -> Response:
    """Say how today's calls went, interval by interval, and who is on the roster for the next two hours."""
    rules, now_ms = services().day, services().clock.now_ms()
    interval_ms = rules.interval_minutes * MINUTE_MS
    start_ms = day_start_ms(now_ms, rules.time_zone)
    rollups = await services().records.rollups(start_ms, now_ms + interval_ms)
    shifts = await services().store.shifts(now_ms, now_ms + AHEAD_COUNT * AHEAD_MS)
    return jsonify(
        {
            "now_ms": now_ms,
            "start_ms": start_ms,
            "interval_ms": interval_ms,
            "target_s": rules.service_level_target_s,
            "goal_percent": rules.service_level_goal_percent,
            "intervals": msgspec.to_builtins(intervals_of(rollups, now_ms=now_ms, interval_ms=interval_ms)),
            "ahead": msgspec.to_builtins(ahead_of(shifts, now_ms=now_ms)),
        }
    )
