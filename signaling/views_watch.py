"""From a snapshot of the store to what a coordinator beside a call sees, and by which leg. Pure."""

from __future__ import annotations

from collections.abc import Container

from signaling.lifecycle_call import STATE_OF
from signaling.message_parts import MediaWish, Watching
from signaling.onlooking import coach_lines
from signaling.snapshots_watch import WatchSnapshot
from signaling.store_types import WatchRoute
from signaling.views import WISH_OF_LEG, agent_media, check, customer_media, seen_of

SEES = ("in", "joined")
"""In these states a coordinator sees the call."""


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
        second_name=snap.second.name if snap.second else "",
        lines=coach_lines(snap.lines, coordinator, call.coach_read),
    )


def own_media(snap: WatchSnapshot, alive: Container[str]) -> MediaWish:
    """Return what the page of a coordinator who looks on should do: its leg has to be on the agent's worker."""
    if agent_media(snap.agent, alive) == "offer":
        return "reconnecting"
    if snap.person is None or snap.agent is None or not snap.person.leg:
        return "offer"
    return WISH_OF_LEG[snap.person.leg_state] if snap.person.leg_worker == snap.agent.leg_worker else "offer"


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
        leg=snap.person.leg if snap.person.leg_worker == snap.agent.leg_worker else "",
    )
