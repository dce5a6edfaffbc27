"""From snapshots to pages: which connection a page should have, and what it says about the call."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from signaling import views, views_wall
from signaling.errors import SchemaUnknown
from signaling.messages import AgentState, CallClass, MediaWish
from signaling.policy import Policy
from signaling.snapshots import (
    AfterRow,
    AgentRow,
    CallRow,
    EarlierRow,
    PersonRow,
    PersonSnapshot,
    Today,
    WallAgentRow,
    WallCallRow,
    WallSnapshot,
)
from video_service.day import day_start_ms

pytestmark = pytest.mark.unit

ALIVE = {"w1", "w2"}
POLICY = Policy()


def person(role: str, **more: Any) -> PersonRow:
    return PersonRow(v=1, role=role, **{"present": True} | more)


def agent_person(**more: Any) -> PersonRow:
    return person("agent", **{"name": "Lin", "leg": "la", "leg_worker": "w1", "leg_state": "live"} | more)


def customer_person(**more: Any) -> PersonRow:
    return person("customer", **{"leg": "lc", "leg_worker": "w1", "leg_state": "live", "leg_call": "c"} | more)


def call(phase: str, **more: Any) -> CallRow:
    fixed: dict[str, Any] = {"epoch": 4, "customer": "p", "queue": "main", "joined_ms": 1_000, "answered_ms": 5_000}
    return CallRow(v=1, phase=phase, call_class="normal", **fixed | more)


def snap(**more: Any) -> PersonSnapshot:
    fixed: dict[str, Any] = {"now": 9_000, "agents_on": 2, "serving": 2, "ringing": 1, "waiting": 4, "waiting_limit": 5}
    return PersonSnapshot(**fixed | more)


@pytest.mark.parametrize(
    ("change", "wish"),
    [
        ({}, "live"),
        ({"leg": ""}, "offer"),
        ({"leg_worker": "w9"}, "offer"),
        ({"leg_state": "left"}, "offer"),
        ({"leg_state": "connecting"}, "connecting"),
        ({"leg_state": "paused"}, "live"),
        ({"leg_state": "held"}, "live"),
        ({"leg_state": "reconnecting"}, "reconnecting"),
    ],
)
def test_what_an_agents_page_does_about_its_connection(change: dict[str, str], wish: MediaWish) -> None:
    view = views.agent_view(
        snap(person=agent_person(**change), agent=AgentRow(v=1, state="break")), alive=ALIVE, policy=POLICY
    )
    assert view.media == wish


@pytest.mark.parametrize(
    ("customer", "agent", "wish"),
    [
        ({}, {}, "live"),
        ({"leg_call": ""}, {}, "offer"),
        ({"leg_call": "earlier"}, {}, "offer"),
        ({"leg_worker": "w2"}, {}, "offer"),
        ({"leg_state": "left"}, {}, "offer"),
        ({"leg_state": "connecting"}, {}, "connecting"),
        ({"leg_state": "reconnecting"}, {}, "reconnecting"),
        ({}, {"leg_worker": "gone"}, "reconnecting"),
        ({}, {"leg": ""}, "reconnecting"),
        ({"leg_call": ""}, {"leg_state": "left"}, "reconnecting"),
        ({"leg_worker": "w2"}, {"leg_worker": "w2", "leg_state": "reconnecting"}, "live"),
    ],
)
def test_what_a_customers_page_does_about_its_connection(
    customer: dict[str, str], agent: dict[str, str], wish: MediaWish
) -> None:
    mine, other = customer_person(**customer), agent_person(**agent)
    view = views.customer_view(
        snap(person=mine, call_id="c", call=call("talking"), other_id="a", other=other), alive=ALIVE, policy=POLICY
    )
    assert view.state == "connected"
    assert view.media == wish
    desk = AgentRow(v=1, state="on_call", call="c")
    other_view = views.agent_view(
        snap(person=other, agent=desk, call_id="c", call=call("talking"), other_id="p", other=mine),
        alive=ALIVE,
        policy=POLICY,
    )
    assert other_view.call is not None
    assert other_view.call.other_media == wish


def test_a_connected_customer_sees_who_signs_and_how_protected_the_picture_is() -> None:
    other = agent_person(picture="protected", paused=True)
    view = views.customer_view(
        snap(person=customer_person(), call_id="c", call=call("alone"), other_id="a", other=other),
        alive=ALIVE,
        policy=POLICY,
    )
    assert (view.agent_name, view.picture, view.other_paused) == ("Lin", "protected", True)
    assert (view.connected_ms, view.place) == (5_000, 0)


def test_whoever_is_not_here_is_not_live_for_the_other_whatever_the_last_report_said() -> None:
    lin, caller = agent_person(picture="clear", present=False), customer_person()
    view = views.customer_view(
        snap(person=caller, call_id="c", call=call("talking"), other_id="a", other=lin), alive=ALIVE, policy=POLICY
    )
    assert (view.media, view.other_media, view.picture) == ("live", "reconnecting", "")
    desk = AgentRow(v=1, state="on_call", call="c")
    for gone in (customer_person(present=False), customer_person(present=False, leg_call=""), None):
        page = views.agent_view(
            snap(person=agent_person(), agent=desk, call_id="c", call=call("alone"), other_id="p", other=gone),
            alive=ALIVE,
            policy=POLICY,
        )
        assert page.call is not None
        assert page.call.other_media == "reconnecting"


@pytest.mark.parametrize(("phase", "state"), [("queued", "waiting"), ("parked", "waiting"), ("ringing", "ringing")])
def test_a_waiting_customer_sees_the_place_and_an_interval(phase: str, state: str) -> None:
    waiting = snap(person=customer_person(), call_id="c", call=call(phase), place=3, pace=(120_000,) * 32)
    view = views.customer_view(waiting, alive=ALIVE, policy=POLICY)
    assert (view.state, view.place, view.media) == (state, 3, "none")
    assert 0 < view.estimate_low_min < view.estimate_high_min < 12


def test_an_ended_call_says_why() -> None:
    ended = snap(person=customer_person(), call_id="c", call=call("closed", ended_reason="agent_hung_up"))
    view = views.customer_view(ended, alive=ALIVE, policy=POLICY)
    assert (view.state, view.ended_reason, view.media) == ("ended", "agent_hung_up", "none")


@pytest.mark.parametrize(
    ("agents_on", "urgent_on", "waiting", "door_closed", "opened"),
    [
        (2, 3, 4, False, (True, True)),
        (0, 0, 0, False, (False, False)),
        (0, 1, 4, False, (False, True)),
        (2, 2, 5, False, (False, False)),
        (0, 1, 4, True, (False, False)),
    ],
    ids=["open", "nobody", "enough signed", "full", "door"],
)
def test_open_means_that_a_join_is_taken(
    agents_on: int, urgent_on: int, waiting: int, door_closed: bool, opened: tuple[bool, bool]
) -> None:
    line = snap(agents_on=agents_on, urgent_on=urgent_on, waiting=waiting, door_closed=door_closed)
    view = views.customer_view(line, alive=ALIVE, policy=POLICY)
    assert (view.state, view.open, view.urgent_open) == ("home", *opened)


def test_a_ringing_agent_sees_what_the_matter_is() -> None:
    ring = call("ringing", needs="csl+hksl", note="lost bag", reason="airport", ring_until_ms=20_000)
    view = views.agent_view(
        snap(person=agent_person(), agent=AgentRow(v=1, state="reserved", call="c"), call_id="c", call=ring),
        alive=ALIVE,
        policy=POLICY,
    )
    assert view.reservation is not None
    assert view.reservation.needs == ("csl", "hksl")
    assert (view.reservation.note, view.reservation.reason) == ("lost bag", "airport")
    assert (view.reservation.waited_ms, view.reservation.ring_until_ms) == (8_000, 20_000)
    assert view.call is None
    assert view.waiting == 3, "the ringing one does not wait for somebody"


def test_an_agent_who_is_off_is_asked_for_nothing() -> None:
    view = views.agent_view(snap(person=None), alive=ALIVE, policy=POLICY)
    assert (view.state, view.media, view.shift_until_ms) == ("offline", "none", 0)


def test_reasons_are_shown_in_the_state_that_they_explain_only() -> None:
    desk = AgentRow(v=1, state="after_call", away="missed", ended_reason="customer_lost")
    view = views.agent_view(snap(person=agent_person(), agent=desk), alive=ALIVE, policy=POLICY)
    assert (view.away_reason, view.ended_reason) == ("", "customer_lost")
    view = views.agent_view(
        snap(person=agent_person(), agent=msgspec.structs.replace(desk, state="break")), alive=ALIVE, policy=POLICY
    )
    assert (view.away_reason, view.ended_reason) == ("missed", "")


def test_a_route_names_the_legs_of_both_sides_from_either() -> None:
    mine, other = customer_person(), agent_person()
    row = call("talking", agent="a")
    from_customer = views.route(snap(person=mine, call_id="c", call=row, other_id="a", other=other))
    desk = AgentRow(v=1, state="on_call", call="c")
    from_agent = views.route(snap(person=other, agent=desk, call_id="c", call=row, other_id="p", other=mine))
    assert from_customer == from_agent
    assert from_customer is not None
    assert (from_customer.customer, from_customer.customer_leg, from_customer.agent_leg) == ("p", "lc", "la")


@pytest.mark.parametrize("phase", ["queued", "ringing", "closed"])
def test_there_is_no_route_outside_a_live_call(phase: str) -> None:
    row = call(phase, agent="a")
    assert views.route(snap(person=customer_person(), call_id="c", call=row, other=agent_person())) is None
    assert views.route(snap()) is None


def test_a_leg_of_an_earlier_call_is_not_routed() -> None:
    mine = customer_person(leg_call="earlier")
    route = views.route(snap(person=mine, call_id="c", call=call("talking"), other=agent_person()))
    assert route is not None
    assert (route.customer_leg, route.customer_worker) == ("", "")


def test_a_leg_that_is_closed_is_none() -> None:
    assert views.leg(snap(person=customer_person(leg_state="left"))) is None
    assert views.leg(snap(person=None)) is None
    found = views.leg(snap(person=customer_person()))
    assert found is not None
    assert (found.leg, found.worker, found.state) == ("lc", "w1", "live")


def test_rows_of_an_unknown_schema_are_refused() -> None:
    with pytest.raises(SchemaUnknown):
        views.customer_view(snap(person=PersonRow(v=2)), alive=ALIVE, policy=POLICY)
    with pytest.raises(SchemaUnknown):
        views.agent_view(snap(person=agent_person(), agent=AgentRow(v=9)), alive=ALIVE, policy=POLICY)


def wall_call(
    name: str, phase: str, seq: int, call_class: CallClass = "normal", counts_as: CallClass = "normal"
) -> WallCallRow:
    fixed: dict[str, Any] = {"queue": "main", "joined_ms": 1, "since_ms": 2, "agent": "", "customer_present": True}
    return WallCallRow(call=name, phase=phase, seq=seq, **fixed, call_class=call_class, counts_as=counts_as)


def test_the_wall_lists_waiting_calls_in_the_order_in_which_they_are_served() -> None:
    waiting = (
        wall_call("n1", "queued", 1),
        wall_call("u3", "queued", 3, "urgent", "urgent"),
        wall_call("n2", "ringing", 2),
        wall_call("r4", "queued", 4, "resumed", "resumed"),
        wall_call("n0", "queued", 0, "normal", "resumed"),
    )
    today = Today(offered=5, answered=4, within_target=3, abandoned=1)
    wall = WallSnapshot(now=9, waiting=waiting, active=(wall_call("t", "alone", 0),), agents=(), today=today)
    view = views_wall.coordinator_view(wall, policy=POLICY)
    assert [each.call for each in view.waiting] == ["u3", "n0", "r4", "n1", "n2"], (
        "who waited long counts as a higher class"
    )
    assert [each.state for each in view.waiting] == ["waiting"] * 4 + ["ringing"]
    assert [each.state for each in view.active] == ["active"]
    assert (view.offered_today, view.within_target_today, view.target_s) == (5, 3, 20)


def test_a_day_begins_at_midnight_where_the_service_is() -> None:
    at_ms = 1_800_000_000_000  # 2027-01-15T08:00:00Z
    assert day_start_ms(at_ms, POLICY.time_zone) == 1_799_971_200_000
    assert day_start_ms(at_ms, Policy(time_zone="Asia/Shanghai").time_zone) == 1_799_942_400_000


# ---------------------------------------------------------------- after the call, and the clock of signing


def ended_snap(**more: Any) -> PersonSnapshot:
    return snap(person=customer_person(), call_id="c", call=call("closed", ended_reason="agent_hung_up"), **more)


def test_the_end_of_a_call_says_who_comes_back_and_by_when() -> None:
    view = views.customer_view(
        ended_snap(follow_up_due_ms=70_000, follow_up_owner=agent_person()), alive=ALIVE, policy=POLICY
    )
    assert (view.state, view.follow_up_due_ms, view.agent_name) == ("ended", 70_000, "Lin")
    unnamed = views.customer_view(ended_snap(follow_up_due_ms=70_000), alive=ALIVE, policy=POLICY)
    assert (unnamed.follow_up_due_ms, unnamed.agent_name) == (70_000, "")
    plain = views.customer_view(ended_snap(other=agent_person()), alive=ALIVE, policy=POLICY)
    assert (plain.follow_up_due_ms, plain.agent_name) == (0, "")


@pytest.mark.parametrize("phase", ["queued", "ringing", "parked"])
def test_who_waits_again_is_told_why(phase: str) -> None:
    for why in ("another_signer", "agent_lost", ""):
        waiting = call(phase, requeued=why)
        view = views.customer_view(
            snap(person=customer_person(), call_id="c", call=waiting, place=1), alive=ALIVE, policy=POLICY
        )
        assert view.requeued == why


def test_after_call_work_shows_what_was_said_and_its_limits() -> None:
    desk = AgentRow(v=1, state="after_call", since_ms=8_000)
    said = AfterRow(call_id="c", outcome="follow_up", due_in_h=24, note="call the airline")
    earlier = EarlierRow(at_ms=1, name="Wu", outcome="solved", with_me=True)
    seen = snap(
        person=agent_person(), agent=desk, after=said, after_call=call("closed", context="order 17"), earlier=(earlier,)
    )
    policy = Policy(after_call_limit_s=90, after_call_warn_s=120)
    after = views.agent_view(seen, alive=ALIVE, policy=policy).after_call
    assert after is not None
    assert (after.call, after.since_ms, after.warn_ms, after.limit_ms) == ("c", 8_000, 90_000, 90_000)
    assert (after.outcome, after.due_in_h, after.note) == ("follow_up", 24, "call the airline")
    assert (after.about.context, after.about.earlier[0].agent_name, after.about.earlier[0].with_me) == (
        "order 17",
        "Wu",
        True,
    )
    gone = msgspec.structs.replace(seen, after_call=None)
    left = views.agent_view(gone, alive=ALIVE, policy=policy).after_call
    assert left is not None
    assert (left.about.context, len(left.about.earlier)) == ("", 1)
    moved = msgspec.structs.replace(seen, agent=AgentRow(v=1, state="available"))
    assert views.agent_view(moved, alive=ALIVE, policy=policy).after_call is None


REST_MS = round(POLICY.rest_minutes * 60_000)


@pytest.mark.parametrize(
    ("state", "ago_ms", "signed"),
    [
        ("available", REST_MS - 1, 600_000),
        ("available", REST_MS, 0),
        ("reserved", REST_MS, 0),
        ("break", REST_MS, 0),
        ("break", REST_MS - 1, 600_000),
        ("rest", REST_MS - 1, 600_000),
        ("rest", REST_MS, 0),
        ("after_call", 10 * REST_MS, 600_000),
        ("on_call", 10 * REST_MS, 600_000),
    ],
)
def test_a_rest_sets_the_clock_of_signing_back(state: AgentState, ago_ms: int, signed: int) -> None:
    now = 9_000_000
    desk = AgentRow(v=1, state=state, signing_ms=600_000, signing_from_ms=now - 20_000, working_until_ms=now - ago_ms)
    view = views.agent_view(
        snap(now=now, person=agent_person(), agent=desk, rest_until_ms=now + 5), alive=ALIVE, policy=POLICY
    )
    assert view.signing_ms == signed
    assert view.signing_from_ms == (now - 20_000 if state == "on_call" else 0)
    assert view.signing_limit_ms == round(POLICY.max_signing_minutes * 60_000)
    assert view.rest_until_ms == (now + 5 if state == "rest" else 0)
    row = WallAgentRow(
        agent="a",
        name="Lin",
        state=state,
        since_ms=0,
        shift_until_ms=0,
        signing_ms=600_000,
        signing_from_ms=now - 20_000,
        working_until_ms=now - ago_ms,
    )
    today = Today(offered=0, answered=0, within_target=0, abandoned=0)
    wall = views_wall.coordinator_view(
        WallSnapshot(now=now, waiting=(), active=(), agents=(row,), today=today), policy=POLICY
    )
    assert wall.agents[0].signing_ms == signed + (20_000 if state == "on_call" else 0)
