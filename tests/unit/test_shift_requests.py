"""What becomes of a request about shifts: the table of steps, who may do what, what is moot."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from video_service.shift_requests import (
    COORDINATORS_ACTS,
    LIVE,
    OF_A_SHIFT,
    OF_DAYS,
    Act,
    Kind,
    NotYours,
    RequestOver,
    ShiftRequest,
    State,
    step,
)

pytestmark = pytest.mark.unit

ME, COLLEAGUE, THIRD, BOSS = "a-1", "a-2", "a-3", "o-1"
NOW = 1_000_000


def asked(kind: Kind, state: State = State.WAITING, **more: object) -> ShiftRequest:
    fields: dict[str, object] = {"request": "q-1", "kind": kind, "state": state, "person": ME, "lapses_ms": NOW + 1}
    return ShiftRequest(**{**fields, **more})  # type: ignore[arg-type]


def after(found: ShiftRequest, *acts: tuple[Act, str]) -> ShiftRequest:
    for act, actor in acts:
        found = step(found, act, actor=actor, now_ms=NOW, coordinating=actor == BOSS)
    return found


def test_a_swap_goes_from_one_to_the_other_and_to_the_coordinator() -> None:
    found = asked(Kind.SWAP, other=COLLEAGUE)
    assert after(found, (Act.ACCEPT, COLLEAGUE)).state is State.ASKED
    granted = after(found, (Act.ACCEPT, COLLEAGUE), (Act.GRANT, BOSS))
    assert (granted.state, granted.by, granted.changed_ms) == (State.GRANTED, BOSS, NOW)
    assert after(found, (Act.ACCEPT, COLLEAGUE), (Act.DECLINE, BOSS)).state is State.DECLINED
    assert after(found, (Act.REFUSE, COLLEAGUE)).state is State.REFUSED
    assert after(found, (Act.ACCEPT, COLLEAGUE), (Act.DROP, COLLEAGUE)).state is State.REFUSED
    assert after(found, (Act.WITHDRAW, ME)).state is State.WITHDRAWN


def test_an_open_shift_is_open_again_when_whoever_took_it_does_not_get_it() -> None:
    found = asked(Kind.OPEN)
    taken = after(found, (Act.TAKE, THIRD))
    assert (taken.state, taken.other) == (State.ASKED, THIRD)
    for act, actor in ((Act.DROP, THIRD), (Act.DECLINE, BOSS)):
        again = after(taken, (act, actor))
        assert (again.state, again.other, again.for_anybody) == (State.WAITING, "", True)
    assert after(taken, (Act.ASSIGN, BOSS)).state is State.GRANTED
    assert after(found, (Act.CANCEL, BOSS)).state is State.WITHDRAWN


def test_whoever_wanted_an_open_shift_and_did_not_get_it_is_known() -> None:
    taken = after(asked(Kind.OPEN), (Act.TAKE, THIRD))
    assert after(taken, (Act.DECLINE, BOSS)).last == THIRD
    assert after(taken, (Act.ASSIGN, BOSS)).last == THIRD
    assert after(taken, (Act.DROP, THIRD)).last == "", "who gives it back knows it"


def test_a_reason_goes_with_a_no_alone() -> None:
    taken = after(asked(Kind.OFFER), (Act.TAKE, THIRD))
    said = {
        act: step(taken, act, actor=BOSS, now_ms=NOW, coordinating=True, why="talk").why
        for act in (Act.GRANT, Act.DECLINE)
    }
    assert said == {Act.GRANT: "", Act.DECLINE: "talk"}


def test_an_offer_is_for_anybody_or_for_one() -> None:
    assert after(asked(Kind.OFFER), (Act.TAKE, THIRD)).other == THIRD
    with pytest.raises(RequestOver):
        after(asked(Kind.OFFER, other=COLLEAGUE), (Act.TAKE, THIRD))
    assert not asked(Kind.SWAP).for_anybody


def test_days_are_asked_or_stand() -> None:
    assert after(asked(Kind.LEAVE, State.ASKED), (Act.GRANT, BOSS), (Act.CANCEL, BOSS)).state is State.WITHDRAWN
    assert after(asked(Kind.LEAVE, State.ASKED), (Act.DECLINE, BOSS)).state is State.DECLINED
    assert after(asked(Kind.WISH, State.NOTED), (Act.WITHDRAW, ME)).state is State.WITHDRAWN
    with pytest.raises(RequestOver):  # what was granted is the coordinator's to end
        after(asked(Kind.LEAVE, State.GRANTED), (Act.WITHDRAW, ME))
    assert after(asked(Kind.AWAY, State.NOTED), (Act.WITHDRAW, ME)).state is State.WITHDRAWN  # who is well again


@pytest.mark.parametrize(
    ("kind", "state", "act", "actor"),
    [
        (Kind.SWAP, State.WAITING, Act.ACCEPT, ME),
        (Kind.SWAP, State.WAITING, Act.ACCEPT, THIRD),
        (Kind.SWAP, State.WAITING, Act.WITHDRAW, COLLEAGUE),
        (Kind.SWAP, State.ASKED, Act.GRANT, ME),
        (Kind.OPEN, State.WAITING, Act.TAKE, ME),
        (Kind.OPEN, State.WAITING, Act.WITHDRAW, ME),
        (Kind.OPEN, State.WAITING, Act.ASSIGN, THIRD),
        (Kind.LEAVE, State.ASKED, Act.GRANT, ME),
    ],
)
def test_nobody_does_what_is_somebody_elses(kind: Kind, state: State, act: Act, actor: str) -> None:
    found = asked(kind, state, other="" if kind is Kind.OPEN else COLLEAGUE)
    with pytest.raises(NotYours):
        step(found, act, actor=actor, now_ms=NOW)


def test_what_is_moot_lapses_and_does_nothing_else() -> None:
    late = asked(Kind.OFFER, lapses_ms=NOW)
    with pytest.raises(RequestOver):
        after(late, (Act.TAKE, THIRD))
    assert after(late, (Act.LAPSE, "")).state is State.LAPSED
    noted = asked(Kind.WISH, State.NOTED, lapses_ms=NOW)  # it stands however old it is
    assert after(noted, (Act.WITHDRAW, ME)).state is State.WITHDRAWN


def test_every_state_ends_or_can_be_left_and_no_end_is_left_again() -> None:
    actors = {Act.TAKE: THIRD, Act.ACCEPT: COLLEAGUE, Act.REFUSE: COLLEAGUE, Act.DROP: COLLEAGUE, Act.WITHDRAW: ME}
    ends = {State.DECLINED, State.REFUSED, State.WITHDRAWN, State.LAPSED}
    seen = set()
    for kind, state, act in itertools.product(Kind, State, Act):
        found = asked(kind, state, other="" if act is Act.TAKE else COLLEAGUE)
        actor = BOSS if act in COORDINATORS_ACTS else actors.get(act, "")
        try:
            to = step(found, act, actor=actor, now_ms=NOW, coordinating=actor == BOSS).state
        except (RequestOver, NotYours):
            continue
        assert state not in ends
        seen.add((kind, state))
        assert to is not state
    begun = {(kind, State.WAITING) for kind in OF_A_SHIFT} | {(kind, State.ASKED) for kind in OF_A_SHIFT}
    begun |= {(kind, State.NOTED) for kind in (Kind.AWAY, Kind.WISH, Kind.BUSY)}
    assert seen == begun | {(Kind.LEAVE, State.ASKED), (Kind.LEAVE, State.GRANTED)}
    assert set(Kind) == OF_A_SHIFT | OF_DAYS
    assert ends.isdisjoint(LIVE)


def test_a_request_is_kept_as_flat_fields_and_read_again() -> None:
    found = asked(Kind.SWAP, breaks="[[1,2],[3,4]]")
    flat = {name: str(value) for name, value in msgspec.to_builtins(found).items()}
    assert msgspec.convert(flat, type=ShiftRequest, strict=False) == found
    assert found.pauses == ((1, 2), (3, 4))
