"""From a snapshot of the store to what coordinators see on the wall. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import Literal

from signaling import messages
from signaling.lifecycle_call import CLASSES, STATE_OF
from signaling.policy import Policy
from signaling.snapshots import (
    WallAgentRow,
    WallCallRow,
    WallClassRow,
    WallMatterRow,
    WallSnapshot,
)
from signaling.views_parts import break_until_ms, signed_ms
from video_service.day import day_start_ms


def _running_ms(agent: WallAgentRow, now_ms: int, since_ms: int = 0) -> int:
    return max(0, now_ms - max(agent.signing_from_ms, since_ms)) if agent.state == "on_call" else 0


def coordinator_view(snap: WallSnapshot, *, policy: Policy) -> messages.CoordinatorView:
    """Draw the wall: waiting calls in the order in which they are served, live calls and agents as they came."""
    midnight_ms = day_start_ms(snap.now, policy.time_zone)
    waiting = sorted(snap.waiting, key=lambda call: (CLASSES.index(call.counts_as), call.seq))
    return messages.CoordinatorView(
        waiting=tuple(map(_wall_call, waiting)),
        active=tuple(map(_wall_call, snap.active)),
        agents=tuple(
            messages.WallAgent(
                agent=each.agent,
                name=each.name,
                state=each.state,
                since_ms=each.since_ms,
                shift_until_ms=each.shift_until_ms,
                away_reason=each.away,
                signing_ms=signed_ms(each, snap.now, policy) + _running_ms(each, snap.now),
                day_signing_ms=each.day_signing_ms + _running_ms(each, snap.now, midnight_ms),
                rest_until_ms=each.rest_until_ms,
                break_from_ms=each.break_from_ms,
                break_owed_ms=each.break_owed_ms,
                break_until_ms=break_until_ms(each.state, each.away, each.break_until_ms),
                break_asked_ms=each.break_asked_ms,
                break_wanted=each.break_wanted,
            )
            for each in snap.agents
        ),
        offered_today=snap.today.offered,
        answered_today=snap.today.answered,
        within_target_today=snap.today.within_target,
        abandoned_today=snap.today.abandoned,
        target_s=round(policy.service_level_target_s),
        classes_today=tuple(map(_class_today, snap.classes)),
        urgent_matters=tuple(_matter(each, policy) for each in snap.matters),
        late_promises=tuple(
            messages.LatePromise(
                call=each.call,
                owner_name=each.name,
                due_ms=each.due_ms,
                late=each.late_ms > 0,
                urged_ms=each.urged_ms,
                away=each.away,
            )
            for each in snap.promises
        ),
        signing_limit_ms=round(policy.max_signing_minutes * 60_000),
        day_limit_ms=round(policy.max_signing_minutes_a_day * 60_000),
        after_call_warn_ms=round(min(policy.after_call_warn_s, policy.after_call_limit_s) * 1_000),
        server_time_ms=snap.now,
    )


def _class_today(row: WallClassRow) -> messages.ClassToday:
    return messages.ClassToday(
        queue=row.queue,
        call_class=row.call_class,
        offered=row.offered,
        within=row.within,
        target_s=round(row.target_ms / 1_000),
        goal_percent=row.goal,
    )


def _matter(row: WallMatterRow, policy: Policy) -> messages.UrgentMatter:
    state: Literal["waiting", "ringing", "active", "over"] = "waiting"
    if STATE_OF[row.phase] == "active":
        state = "active"
    elif row.phase in ("ringing", "closed"):
        state = "ringing" if row.phase == "ringing" else "over"
    return messages.UrgentMatter(
        call=row.call,
        state=state,
        since_ms=row.since_ms,
        reason=row.reason,
        owner_name=row.name,
        proposed=row.proposed_ms > 0,
        escalated=row.escalated,
        proposal_s=round(row.proposal_within_ms / 1_000 or policy.urgent_proposal_s),
        solution_s=round(row.solution_within_ms / 1_000 or policy.urgent_solution_s),
    )


def _wall_call(call: WallCallRow) -> messages.WallCall:
    state: Literal["waiting", "ringing", "active"] = "waiting"
    if STATE_OF[call.phase] == "active":
        state = "active"
    elif call.phase == "ringing":
        state = "ringing"
    return messages.WallCall(
        call=call.call,
        state=state,
        queue=call.queue,
        urgent=call.call_class == "urgent",
        joined_ms=call.joined_ms,
        since_ms=call.since_ms,
        agent=call.agent,
        customer_present=call.customer_present,
        watch=call.watch,
    )
