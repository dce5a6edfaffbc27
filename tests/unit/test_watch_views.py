"""What is told of a coordinator beside a call, and what that one's page should do, from stored rows alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import views_watch
from signaling.errors import SchemaUnknown
from signaling.onlooking import coach_lines, onlooker
from signaling.snapshots import CallRow, CoachRow, PersonRow
from signaling.snapshots_watch import WatcherRow, WatchSnapshot

pytestmark = pytest.mark.unit

ALIVE = frozenset({"w1", "w2"})
AGENT = PersonRow(v=1, role="agent", name="Lin", present=True, leg="a", leg_worker="w1", leg_state="live")
STATES = st.sampled_from(("coach", "asked", "in", "joined", ""))


def row(state: str = "in", phase: str = "talking", **more: object) -> CallRow:
    fields: dict[str, object] = {"v": 1, "phase": phase, "epoch": 3, "customer": "c1", "queue": "main", "agent": "a1"}
    return CallRow(call_class="normal", watch_state=state, **{**fields, **more})  # type: ignore[arg-type]


def snap(call: CallRow | None = None, *, agent: PersonRow | None = AGENT, **seat: object) -> WatchSnapshot:
    fields: dict[str, object] = {"v": 1, "role": "coordinator", "present": True, "leg": "w", "leg_worker": "w1"}
    person = WatcherRow(**{**fields, "leg_state": "live", **seat})  # type: ignore[arg-type]
    return WatchSnapshot(now=5, person=person, call_id="c", call=call or row(), agent=agent)


@given(state=STATES, phase=st.sampled_from(("queued", "ringing", "parked", "talking", "alone", "closed")))
def test_pictures_are_for_whoever_was_let_in_while_an_agent_talks(state: str, phase: str) -> None:
    seen = snap(row(state, phase))
    may = state in ("in", "joined") and phase in ("talking", "alone")
    assert (views_watch.route(seen) is not None) is may
    shown = views_watch.watching(seen, "o1", alive=ALIVE)
    assert (shown is not None and shown.media != "none") is may


@given(state=STATES)
def test_a_customer_is_told_of_looking_on_and_of_nothing_else(state: str) -> None:
    call, mei = row(state), PersonRow(v=1, name="Mei")
    assert (onlooker(call, mei, of_customer=True) is not None) is (state in ("asked", "in", "joined"))
    assert (onlooker(call, mei) is not None) is (state != "")
    assert onlooker(call, None) is None


@pytest.mark.parametrize(
    ("seat", "agent", "wish"),
    [
        ({}, AGENT, "live"),
        ({"leg_state": "connecting"}, AGENT, "connecting"),
        ({"leg_state": "left"}, AGENT, "offer"),
        ({"leg": ""}, AGENT, "offer"),
        ({"leg_worker": "w2"}, AGENT, "offer"),
        ({}, PersonRow(v=1, present=True, leg="a", leg_worker="gone"), "reconnecting"),
        ({}, None, "reconnecting"),
    ],
)
def test_the_page_offers_where_the_agent_is(seat: dict[str, object], agent: PersonRow | None, wish: str) -> None:
    assert views_watch.own_media(snap(None, agent=agent, **seat), ALIVE) == wish


@given(state=STATES, picture=st.sampled_from(("", "ready", "asked", "unanswered", "shown")), leg=st.sampled_from("gw"))
def test_a_leg_counts_when_it_is_of_the_kind_that_is_wanted(state: str, picture: str, leg: str) -> None:
    seen = snap(row(state, watch_picture=picture), leg=f"{leg}-1")
    found = views_watch.route(seen)
    fits = (leg == "g") is (picture != "")
    if found is not None:
        assert (found.leg != "", found.camera, found.seen) == (fits, picture != "", picture == "shown")
    assert views_watch.own_media(seen, ALIVE) == ("live" if fits else "offer")


@given(state=STATES, picture=st.sampled_from(("", "ready", "asked", "unanswered", "shown")))
def test_of_a_camera_that_only_its_owner_sees_nobody_is_told(state: str, picture: str) -> None:
    call, mei = row(state, watch_picture=picture), PersonRow(v=1, name="Mei")
    told = onlooker(call, mei, media="live")
    if told is not None:
        assert told.picture == (picture if picture in ("asked", "shown") else "")
        assert told.media == ("live" if picture == "shown" else "none")


def test_a_leg_on_another_worker_is_none_of_the_route() -> None:
    there = views_watch.route(snap())
    elsewhere = views_watch.route(snap(leg_worker="w2"))
    assert there is not None
    assert elsewhere is not None
    assert (there.worker, there.leg, elsewhere.leg) == ("w1", "w", "")


def test_of_lines_it_is_told_whose_they_are_and_whether_they_were_read() -> None:
    rows = [CoachRow(seq=n, at=n, person=who, text=str(n)) for n, who in ((1, "o1"), (2, "a1"), (3, "o1"))]
    assert [(line.mine, line.read) for line in coach_lines(rows, "a1", 2)] == [
        (False, True),
        (True, True),
        (False, False),
    ]


def test_rows_of_a_newer_program_are_not_guessed_at() -> None:
    with pytest.raises(SchemaUnknown):
        views_watch.route(snap(row(v=99)))
