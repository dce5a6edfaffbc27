"""From a snapshot of the store to what a page shows. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

import msgspec

from signaling import messages
from signaling.estimate import mean_handle_s, wait_interval_min
from signaling.lifecycle_call import STATE_OF
from signaling.messages import MediaWish
from signaling.onlooking import coach_lines, onlooker
from signaling.policy import Policy
from signaling.snapshots import (
    AgentRow,
    BackgroundRow,
    CallRow,
    PersonRow,
    PersonSnapshot,
)
from signaling.store_types import CallRouteInfo, LegInfo
from signaling.views_parts import (
    AwayReason,
    agent_media,
    beside,
    break_until_ms,
    check,
    customer_media,
    line_of,
    narrow_of,
    picture_of,
    seen_of,
    signed_ms,
)
from video_service.day import day_start_ms
from video_service.media_plane import Background, BackgroundKind
from video_service.real_time_text import writer_key


def _comes_in(snap: PersonSnapshot) -> bool:
    """Return whether the reader is in the call beside its agent."""
    return any(each.agent == snap.reader for each in snap.helpers)


def _own_media(snap: PersonSnapshot, alive: Container[str]) -> MediaWish:
    """Return what an agent's page should do: a further agent's leg has to be where the first one's is."""
    lead = snap.lead
    apart = lead is not None and snap.person is not None and snap.person.leg_worker != lead.leg_worker
    if _comes_in(snap) and apart and agent_media(lead, alive) != "offer":
        return "offer"
    return agent_media(snap.person, alive)


def _others(snap: PersonSnapshot, alive: Container[str]) -> tuple[messages.OtherAgent, ...]:
    """Return the agents of a call beside the one whose picture is first, in the order of a page's slots."""
    if snap.call is None:
        return ()
    first = snap.lead
    found = [(each.agent, each.person) for each in snap.helpers if each.agent != snap.reader]
    if _comes_in(snap):
        found.insert(0, (snap.call.agent, first))
    others = [
        messages.OtherAgent(
            name=row.name if row else "",
            state="in",
            writer=writer_key(snap.call_id, agent),
            media=beside(row, snap.person if row is first else first, alive),
        )
        for agent, row in found
    ]
    if snap.invited is not None and snap.agent is not None and snap.call.invited != snap.reader:
        until_ms = snap.call.invite_until_ms
        others.append(messages.OtherAgent(name=snap.invited.name, state="asked", until_ms=until_ms))
    return tuple(others)


def _onlooker(
    snap: PersonSnapshot, call: CallRow, lead: PersonRow | None, alive: Container[str]
) -> messages.Onlooker | None:
    media = beside(snap.watcher, lead, alive)
    return onlooker(call, snap.watcher, of_customer=snap.agent is None, media=media)


def _is_voice(snap: PersonSnapshot, call: CallRow) -> bool:
    """Return whether the agent who switched the microphone on last is still in the call."""
    return call.voice != "" and call.voice in (call.agent, *(each.agent for each in snap.helpers))


def _line_word(snap: PersonSnapshot, call: CallRow) -> Literal["", "poor"]:
    """Whether one of two pictures reaches the other person poorly; that of an agent on hold reaches nobody."""
    seen = (snap.person,) if call.held_from_ms else (snap.person, snap.other)
    return "poor" if "poor" in (line_of(each, snap.call_id) for each in seen) else ""


def background_of(snap: PersonSnapshot) -> Background:
    """Return what stands behind an agent: the own choice where the company leaves it, and always as to brightness."""
    company, choice = snap.company or BackgroundRow(), snap.choice
    chosen = choice if choice is not None and company.agents_choose else company
    brighten = (choice or company).brighten
    if chosen.kind is BackgroundKind.PICTURE and not company.picture:
        return Background(brighten=brighten)
    return Background(
        kind=chosen.kind,
        strength=chosen.strength,
        colour=chosen.colour,
        picture=company.picture if chosen.kind is BackgroundKind.PICTURE else "",
        brighten=brighten,
    )


def _background(snap: PersonSnapshot) -> messages.AgentBackground:
    company, now = snap.company or BackgroundRow(), background_of(snap)
    return messages.AgentBackground(
        kind=now.kind.value,
        strength=now.strength,
        colour=now.colour,
        brighten=now.brighten,
        picture=bool(company.picture),
        may_choose=company.agents_choose,
    )


def customer_view(snap: PersonSnapshot, *, alive: Container[str], policy: Policy) -> messages.CustomerView:
    """Draw a customer's page. `alive` holds the media workers that are reachable."""
    check(snap.person, snap.call)
    room = snap.waiting < snap.waiting_limit and not snap.door_closed
    opened, call = room and snap.agents_on > 0, snap.call
    if call is None:
        return messages.CustomerView(
            state="home",
            open=opened,
            urgent_open=room and snap.urgent_on > 0,
            queue=snap.queue,
            agents_on=snap.agents_on,
            server_time_ms=snap.now,
        )
    view = messages.CustomerView(
        state="waiting",
        open=opened,
        queue=snap.queue,
        agents_on=snap.agents_on,
        call=snap.call_id,
        epoch=call.epoch,
        urgent=call.call_class == "urgent",
        joined_ms=call.joined_ms,
        kept_until_ms=call.kept_until_ms,
        server_time_ms=snap.now,
    )
    if call.phase == "closed":
        return msgspec.structs.replace(
            view,
            state="ended",
            ended_reason=call.ended_reason,
            follow_up_due_ms=snap.follow_up_due_ms,
            agent_name=snap.follow_up_owner.name if snap.follow_up_owner else "",
        )
    if STATE_OF[call.phase] == "active":
        return msgspec.structs.replace(
            view,
            state="connected",
            connected_ms=call.answered_ms,
            agent_name=snap.other.name if snap.other else "",
            media=customer_media(snap.person, snap.other, snap.call_id, alive),
            other_media=seen_of(agent_media(snap.other, alive), snap.other),
            other_paused=bool(snap.other and snap.other.paused),
            picture=picture_of(snap.other) if snap.other and snap.other.present else "",
            own_picture=picture_of(snap.person),
            narrow=narrow_of(snap.person, snap.other),
            camera_fps=snap.person.camera_fps if snap.person else 0,
            line_word=_line_word(snap, call),
            others=_others(snap, alive),
            held_from_ms=call.held_from_ms,
            onlooker=_onlooker(snap, call, snap.other, alive),
        )
    low, high = 0, 0
    if snap.hope:
        low, high = wait_interval_min(snap.place, snap.serving, mean_handle_s(snap.pace, policy.typical_handle_s))
    return msgspec.structs.replace(
        view,
        state="ringing" if call.phase == "ringing" else "waiting",
        requeued=call.requeued,
        agent_name=snap.other.name if call.requeued == "transferred" and snap.other else "",
        place=snap.place,
        estimate_low_min=low,
        estimate_high_min=high,
    )


def must_rest(snap: PersonSnapshot, agent: AgentRow, policy: Policy) -> bool:
    """Return whether an agent who is free of calls would have to rest, or has signed enough for today."""
    tired = signed_ms(agent, snap.now, policy) >= policy.max_signing_minutes * 60_000
    return tired or 0 < policy.max_signing_minutes_a_day * 60_000 <= snap.day_signing_ms


def agent_view(snap: PersonSnapshot, *, alive: Container[str], policy: Policy) -> messages.AgentView:
    """Draw an agent's page."""
    check(snap.person, snap.agent, snap.call, snap.after_call)
    agent = snap.agent or AgentRow(v=1)
    view = messages.AgentView(
        state=agent.state,
        since_ms=agent.since_ms,
        shift_until_ms=snap.shift_until_ms,
        waiting=max(0, snap.waiting - snap.ringing),
        agents_on=snap.agents_on,
        media=_own_media(snap, alive) if agent.state != "offline" else "none",
        picture=picture_of(snap.person),
        picture_reason=snap.person.picture_reason if snap.person else "",
        narrow=narrow_of(snap.person, None),
        camera_fps=snap.person.camera_fps if snap.person else 0,
        background=_background(snap),
        break_wanted=agent.break_wanted,
        away_reason=msgspec.convert(agent.away if agent.state == "break" else "", type=AwayReason),
        after_call=_after_call(snap, agent, policy),
        ended_reason=agent.ended_reason if agent.state == "after_call" else "",
        signing_ms=signed_ms(agent, snap.now, policy),
        signing_from_ms=agent.signing_from_ms if agent.state == "on_call" else 0,
        signing_limit_ms=round(policy.max_signing_minutes * 60_000),
        day_signing_ms=snap.day_signing_ms,
        day_from_ms=max(agent.signing_from_ms, day_start_ms(snap.now, policy.time_zone))
        if agent.state == "on_call"
        else 0,
        day_limit_ms=round(policy.max_signing_minutes_a_day * 60_000),
        rest_until_ms=snap.rest_until_ms if agent.state == "rest" else 0,
        rest_owed=agent.state == "reserved" and must_rest(snap, agent, policy),
        break_from_ms=agent.break_from_ms,
        break_length_ms=agent.break_length_ms,
        break_quiet_ms=max(0, agent.break_from_ms - round(policy.break_guard_s * 1_000)),
        break_owed_ms=agent.break_owed_ms,
        break_until_ms=break_until_ms(agent.state, agent.away, agent.break_until_ms),
        break_asked_ms=agent.break_asked_ms,
        break_latest_ms=agent.break_asked_ms and agent.break_asked_ms + round(policy.break_wait_limit_s * 1_000),
        shift_news_ms=snap.shift_news_ms,
        promise_news_ms=snap.promise_news_ms,
        server_time_ms=snap.now,
    )
    call = snap.call
    if call is None:
        return view
    if call.phase == "ringing" or (snap.helps and not _comes_in(snap)):
        return msgspec.structs.replace(view, reservation=_reservation(snap, call))
    if STATE_OF[call.phase] != "active":
        return view
    return msgspec.structs.replace(
        view,
        narrow=narrow_of(snap.person, snap.other),
        line_mine="" if call.held_from_ms else line_of(snap.person, snap.call_id),
        line_theirs=line_of(snap.other, snap.call_id),
        object_box=msgspec.json.decode(snap.person.object_box, type=tuple[float, ...])
        if snap.person and snap.person.object_box
        else (),
        call=messages.AgentCall(
            call=snap.call_id,
            epoch=call.epoch,
            queue=call.queue,
            needs=_needs(call),
            topic=call.topic,
            urgent=call.call_class == "urgent",
            reason=call.reason,
            note=call.note,
            waited_ms=max(0, call.answered_ms - call.joined_ms),
            since_ms=agent.since_ms,
            other_media=seen_of(
                customer_media(snap.other, snap.lead if snap.helps else snap.person, snap.call_id, alive), snap.other
            ),
            other_paused=bool(snap.other and snap.other.paused),
            other_by_phone=bool(snap.other and snap.other.paused and snap.other.by_phone),
            held_from_ms=call.held_from_ms,
            handover=_handover(snap, call),
            colleagues=tuple(
                messages.Colleague(agent=each.agent, name=each.name, covers=each.covers) for each in snap.colleagues
            ),
            skills_on=snap.skills_on,
            others=_others(snap, alive),
            helps=snap.helps,
            invite_ended="" if snap.helps else call.invite_ended,
            onlooker=_onlooker(snap, call, snap.lead or snap.person, alive),
            coach=coach_lines(snap.coach, call.agent, call.coach_read),
            voice=writer_key(snap.call_id, call.voice) if _is_voice(snap, call) else "",
            speaks=call.voice == snap.reader,
            about=_caller(snap, call),
        ),
    )


def _after_call(snap: PersonSnapshot, agent: AgentRow, policy: Policy) -> messages.AfterCall | None:
    after = snap.after
    if after is None or agent.state != "after_call":
        return None
    return messages.AfterCall(
        call=after.call_id,
        since_ms=agent.since_ms,
        warn_ms=round(min(policy.after_call_warn_s, policy.after_call_limit_s) * 1_000),
        limit_ms=round(policy.after_call_limit_s * 1_000),
        outcome=after.outcome,
        note=after.note,
        due_in_h=after.due_in_h,
        about=_caller(snap, snap.after_call),
    )


def _reservation(snap: PersonSnapshot, call: CallRow) -> messages.Reservation:
    return messages.Reservation(
        call=snap.call_id,
        epoch=call.invite_seq if snap.helps else call.epoch,
        queue=call.queue,
        needs=_needs(call),
        topic=call.topic,
        urgent=call.call_class == "urgent",
        reason=call.reason,
        note=call.note,
        waited_ms=max(0, snap.now - call.joined_ms),
        ring_until_ms=call.invite_until_ms if snap.helps else call.ring_until_ms,
        handover=_handover(snap, call),
        joins=snap.helps,
        about=_caller(snap, call),
    )


def _handover(snap: PersonSnapshot, call: CallRow) -> messages.Handover | None:
    if snap.helps and snap.lead is not None:
        # The line was for whoever was asked last.
        newest = not _comes_in(snap) or (not call.invited and snap.helpers[-1].agent == snap.reader)
        return messages.Handover(from_name=snap.lead.name, note=call.invite_note if newest else "")
    if snap.handover_from is None:
        return None
    return messages.Handover(from_name=snap.handover_from.name, note=call.handover)


def _caller(snap: PersonSnapshot, call: CallRow | None) -> messages.Caller:
    earlier = tuple(
        messages.Earlier(at_ms=each.at_ms, agent_name=each.name, outcome=each.outcome, with_me=each.with_me)
        for each in snap.earlier
    )
    if call is None:
        return messages.Caller(earlier=earlier)
    return messages.Caller(
        verified=call.verified,
        entry=call.entry,
        sign_language=call.sign_language,
        context=call.context,
        earlier=earlier,
    )


def _needs(call: CallRow) -> tuple[str, ...]:
    """What an agent must have for the call; how the customer signs, and the topic, are said beside it."""
    needs = filter(None, call.needs.split("+"))
    return tuple(need.replace(".", ":") for need in needs if need not in (call.sign_need, call.topic))


def leg(snap: PersonSnapshot) -> LegInfo | None:
    """Return a person's newest leg, or None when there is none or it is closed."""
    check(snap.person)
    if snap.person is None or not snap.person.leg or snap.person.leg_state == "left":
        return None
    return LegInfo(leg=snap.person.leg, worker=snap.person.leg_worker, state=snap.person.leg_state)


def route(snap: PersonSnapshot) -> CallRouteInfo | None:
    """Return the legs of an active call, or None."""
    check(snap.person, snap.call, snap.other)
    if snap.person is None or snap.call is None or snap.other is None or STATE_OF[snap.call.phase] != "active":
        return None
    if snap.helps and not (snap.lead and _comes_in(snap)):
        return None
    mine_is_agent = snap.agent is not None
    agent, customer = (snap.person, snap.other) if mine_is_agent else (snap.other, snap.person)
    if snap.helps and snap.lead is not None:
        agent = snap.lead
    together = [
        each.person if each.person and each.person.leg_worker == agent.leg_worker else None for each in snap.helpers
    ]
    voice = next((row for each, row in zip(snap.helpers, together, strict=True) if each.agent == snap.call.voice), None)
    joined = customer.leg_call == snap.call_id
    return CallRouteInfo(
        call=snap.call_id,
        epoch=snap.call.epoch,
        customer=snap.call.customer,
        agent=snap.call.agent,
        customer_leg=customer.leg if joined else "",
        customer_worker=customer.leg_worker if joined else "",
        agent_leg=agent.leg,
        agent_worker=agent.leg_worker,
        held=snap.call.held_from_ms > 0,
        helper_legs=tuple(row.leg if row else "" for row in together),
        voice_leg=voice.leg if voice else "",
    )
