"""Each life cycle on its own: every way through its table, with virtual time and the deadlines that are set."""

from __future__ import annotations

from unittest import TestCase

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from signaling.lifecycle import DELAY_FIELDS, Arm, Clear, Do, EventRefused, Machine, delay_ms
from signaling.lifecycle_agent import AGENT
from signaling.lifecycle_call import CALL, STATE_OF
from signaling.lifecycle_leg import LEG
from signaling.policy import Policy

pytestmark = pytest.mark.unit

POLICY = Policy()
MACHINES = (CALL, LEG, AGENT)


class Walk(RuleBasedStateMachine):
    """Any sequence of events; whoever listens sees the state and the deadlines only."""

    machine: Machine

    def __init__(self) -> None:
        super().__init__()
        self.state = self.machine.initial
        self.now_ms = 0
        self.deadlines: dict[str, int] = {}
        self.done: list[str] = []

    def fire(self, event: str) -> None:
        fired = self.machine.fire(self.state, event, now_ms=self.now_ms, policy=POLICY)
        self.state = fired.state
        self.done = [effect.name for effect in fired.effects if isinstance(effect, Do)]
        for effect in fired.effects:
            if isinstance(effect, Arm):
                self.deadlines[effect.deadline] = fired.due_ms[effect.deadline]
            elif isinstance(effect, Clear):
                self.deadlines.pop(effect.deadline, None)

    @rule(seconds=st.integers(0, 10_000))
    def time_passes(self, seconds: int) -> None:
        self.now_ms += seconds * 1_000

    @rule(data=st.data())
    def an_event_that_means_something(self, data: st.DataObject) -> None:
        accepted = sorted(self.machine.accepts(self.state))
        if accepted:
            self.fire(data.draw(st.sampled_from(accepted)))

    @rule(data=st.data())
    def an_event_that_means_nothing(self, data: st.DataObject) -> None:
        refused = sorted(self.machine.events - set(self.machine.accepts(self.state)))
        if refused:
            event = data.draw(st.sampled_from(refused))
            with pytest.raises(EventRefused, match=event):
                self.machine.fire(self.state, event, now_ms=self.now_ms, policy=POLICY)

    @invariant()
    def deadlines_depend_on_the_state_and_not_on_the_way_there(self) -> None:
        assert set(self.deadlines) - {"agent_return"} == self.machine.armed[self.state]

    @invariant()
    def deadlines_lie_ahead_of_their_arming(self) -> None:
        for kind, due_ms in self.deadlines.items():
            assert due_ms <= self.now_ms + delay_ms(kind, POLICY)


class CallWalk(Walk):
    machine = CALL

    def __init__(self) -> None:
        super().__init__()
        self.epoch = 0
        self.segments_open = 0
        self.in_line = False

    def fire(self, event: str) -> None:
        before = self.state
        super().fire(event)
        self.epoch += "bump_epoch" in self.done
        self.in_line = (self.in_line or "enter_line" in self.done) and "leave_line" not in self.done
        self.segments_open += ("open_segment" in self.done) - ("end_segment" in self.done)
        moved = {before, self.state} & {"ringing", "closed"} or STATE_OF[before] != STATE_OF[self.state]
        if moved and event != "join":
            assert "bump_epoch" in self.done, "who may act on the call changed"

    @invariant()
    def a_call_is_in_line_when_it_may_be_offered(self) -> None:
        assert self.in_line == (self.state == "queued")

    @invariant()
    def a_segment_is_open_while_the_call_is_active(self) -> None:
        assert self.segments_open == (STATE_OF[self.state] == "active")

    @invariant()
    def a_closed_call_stays_closed(self) -> None:
        if self.state == "closed":
            assert not list(self.machine.accepts(self.state))


class AgentWalk(Walk):
    machine = AGENT

    def __init__(self) -> None:
        super().__init__()
        self.here = True
        self.idle = False
        self.signing = False

    def fire(self, event: str) -> None:
        super().fire(event)
        self.idle = (self.idle or ("enter_idle" in self.done and self.here)) and "leave_idle" not in self.done
        self.signing = (self.signing or "begin_signing" in self.done) and "count_signing" not in self.done

    @precondition(lambda self: self.here)
    @rule()
    def the_page_goes(self) -> None:
        if "gone" in self.machine.accepts(self.state):
            self.here = False
            self.fire("gone")

    @precondition(lambda self: not self.here)
    @rule()
    def the_page_comes(self) -> None:
        self.here = True
        if "back" in self.machine.accepts(self.state):
            self.fire("back")

    @rule(data=st.data())
    def an_event_that_means_something(self, data: st.DataObject) -> None:
        # Presence has rules of its own above; matching reserves only who is here.
        barred = {"gone", "back"} | (set() if self.here else {"reserve", "sign_in"})
        accepted = sorted(set(self.machine.accepts(self.state)) - barred)
        if accepted:
            self.fire(data.draw(st.sampled_from(accepted)))

    @invariant()
    def who_is_idle_is_available_and_here(self) -> None:
        assert self.idle == (self.state in ("available", "rest") and self.here)

    @invariant()
    def an_absent_agent_who_is_signed_in_has_a_limit(self) -> None:
        assert ("agent_return" in self.deadlines) == (not self.here and self.state != "offline")

    @invariant()
    def signing_is_counted_exactly_on_a_call(self) -> None:
        assert self.signing == (self.state == "on_call")

    @invariant()
    def nobody_is_rung_who_is_not_here(self) -> None:
        assert self.here or self.state != "reserved"


class LegWalk(Walk):
    machine = LEG

    @initialize()
    def first_offer(self) -> None:
        self.fire("offered")

    @invariant()
    def a_new_offer_is_always_taken(self) -> None:
        assert "offered" in self.machine.accepts(self.state)

    @invariant()
    def a_paused_or_held_picture_is_not_missed(self) -> None:
        if self.state in ("paused", "held"):
            assert "silent" not in self.machine.accepts(self.state)


def _test_of(walk: type[Walk]) -> type[TestCase]:
    case: type[TestCase] = walk.TestCase
    case.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)  # type: ignore[attr-defined]
    return case


TestCallWalk = _test_of(CallWalk)
TestAgentWalk = _test_of(AgentWalk)
TestLegWalk = _test_of(LegWalk)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_tables_are_whole(machine: Machine) -> None:
    targets = {step.to for step in machine.table.values()}
    assert {state for state, _ in machine.table} <= machine.states
    assert targets | {machine.initial} == machine.states
    kinds = {e.deadline for step in machine.table.values() for e in step.effects if not isinstance(e, Do)}
    assert kinds <= {*DELAY_FIELDS, "break_over"}, "a break is as long as the roster says"


def test_states_are_those_of_the_design() -> None:
    assert set(STATE_OF.values()) == {"", "waiting", "active", "closed"}
    assert set(STATE_OF) == CALL.states
    assert LEG.states == {"inviting", "connecting", "live", "held", "paused", "reconnecting", "left"}
    assert AGENT.states == {"offline", "available", "reserved", "on_call", "after_call", "rest", "break"}


def test_a_deadline_is_due_after_the_time_that_the_policy_says() -> None:
    policy = Policy(ring_timeout_s=7, rest_minutes=3)
    assert CALL.fire("queued", "reserve", now_ms=1_000, policy=policy).due_ms == {"ring": 8_000}
    assert AGENT.fire("break", "tire", now_ms=0, policy=policy).due_ms == {"rest": 180_000}


def test_time_already_rested_is_taken_off_a_rest() -> None:
    rest = {"served_ms": {"rest": 100_000}}
    assert AGENT.fire("break", "tire", now_ms=0, policy=POLICY, **rest).due_ms == {"rest": 200_000}
    rest = {"served_ms": {"rest": 400_000}}
    assert AGENT.fire("break", "tire", now_ms=9, policy=POLICY, **rest).due_ms == {"rest": 9}


def test_a_refusal_says_what_was_refused() -> None:
    with pytest.raises(EventRefused) as caught:
        CALL.fire("closed", "accept", now_ms=0, policy=POLICY)
    assert str(caught.value) == "call in state 'closed' refuses 'accept'"
