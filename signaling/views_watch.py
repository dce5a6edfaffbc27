"""From a snapshot of the store to what a coordinator beside a call sees, and by which leg. Pure."""

from __future__ import annotations

from collections.abc import Container

from signaling.lifecycle_call import STATE_OF
from signaling.message_parts import MediaWish, OtherAgent, Watching, WatchPicture
from signaling.onlooking import coach_lines
from signaling.snapshots import CallRow
from signaling.snapshots_watch import WatchSnapshot
from signaling.store_types import WatchRoute
from signaling.views_parts import WISH_OF_LEG, agent_media, beside, check, customer_media, picture_of, seen_of
from video_service.media_plane import LegRole
from video_service.real_time_text import writer_key

SEES = ("in", "joined")
"""In these states a coordinator sees the call."""
LEG_START = {role: f"{role.value[0]}-" for role in LegRole}
"""How the names of legs begin."""


def watching(snap: WatchSnapshot, coordinator: str, *, alive: Container[str]) -> Watching | None:
    """Draw the call that a coordinator is beside; None for no call."""
    check(snap.person, snap.call, snap.agent, snap.customer)
    call = snap.call
    if call is None or not call.watch_state:
        return None
    connected = STATE_OF[call.phase] == "active"
    return Watching(
        call=snap.call_id,
        state=call.watch_state,
        connected=connected,
        agent_name=snap.agent.name if snap.agent and connected else "",
        since_ms=call.answered_ms,
        until_ms=call.watch_until_ms,
        held_from_ms=call.held_from_ms,
        media=own_media(snap, alive) if connected and call.watch_state in SEES else "none",
        agent_media=seen_of(agent_media(snap.agent, alive), snap.agent) if connected else "none",
        customer_media=seen_of(customer_media(snap.customer, snap.agent, snap.call_id, alive), snap.customer)
        if connected
        else "none",
        others=_others(snap, alive) if connected else (),
        lines=coach_lines(snap.lines, coordinator, call.coach_read),
        picture=_picture(call),
        own_picture=picture_of(snap.person),
        own_reason=snap.person.picture_reason if snap.person else "",
        camera_fps=snap.person.camera_fps if snap.person else 0,
    )


def _others(snap: WatchSnapshot, alive: Container[str]) -> tuple[OtherAgent, ...]:
    return tuple(
        OtherAgent(
            name=each.person.name if each.person else "",
            state="in",
            writer=writer_key(snap.call_id, each.agent),
            media=beside(each.person, snap.agent, alive),
        )
        for each in snap.helpers
    )


def _picture(call: CallRow) -> WatchPicture:
    return "refused" if call.watch_unseen else call.watch_picture


def _leg(snap: WatchSnapshot) -> str:
    """Return the own leg, "" unless it is of the kind that is wanted now and where the agent's is."""
    person, agent, call = snap.person, snap.agent, snap.call
    if person is None or agent is None or call is None or person.leg_worker != agent.leg_worker:
        return ""
    is_camera = person.leg.startswith(LEG_START[LegRole.GUEST])
    return person.leg if is_camera is (call.watch_picture != "") else ""


def own_media(snap: WatchSnapshot, alive: Container[str]) -> MediaWish:
    """Return what the page of a coordinator who looks on should do: its leg has to be on the agent's worker."""
    if agent_media(snap.agent, alive) == "offer":
        return "reconnecting"
    return WISH_OF_LEG[snap.person.leg_state] if snap.person is not None and _leg(snap) else "offer"


def route(snap: WatchSnapshot) -> WatchRoute | None:
    """Return where a coordinator looks on; None for one who may not, or when nobody talks just now."""
    check(snap.person, snap.call, snap.agent)
    call = snap.call
    if call is None or snap.person is None or snap.agent is None:
        return None
    if call.watch_state not in SEES or STATE_OF[call.phase] != "active":
        return None
    return WatchRoute(
        call=snap.call_id,
        epoch=call.epoch,
        worker=snap.agent.leg_worker,
        leg=_leg(snap),
        camera=call.watch_picture != "",
        seen=call.watch_picture == "shown",
    )
