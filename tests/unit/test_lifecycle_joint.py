"""The three life cycles together, in virtual time and without a store: customers, agents and their pages at random."""

from __future__ import annotations

from unittest import TestCase

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from signaling.lifecycle_call import CLASSES, STATE_OF
from signaling.policy import Policy
from tests.oracle.policy_oracle import Oracle
from tests.oracle.state import Call, Refused

pytestmark = pytest.mark.unit

HOUR_MS = 3_600_000
SKILLS = ("csl", "csl+hksl", "")
NEEDS = ("", "csl", "hksl")
customers = st.sampled_from(["c0", "c1", "c2", "c3"])
agents = st.sampled_from(["a0", "a1", "a2"])


class Town(RuleBasedStateMachine):
    """One pool, as the oracle runs it."""

    def __init__(self) -> None:
        super().__init__()
        self.oracle = Oracle(Policy(missed_limit=2, max_signing_minutes=1, waiting_limit=3))
        self.now_ms = HOUR_MS
        self.joined = 0
        self.answered: list[Call] = []

    def do(self, script: str, *arguments: object) -> None:
        ringing = {call.id for call in self.oracle.calls.values() if call.phase == "ringing"}
        try:
            self.oracle.apply(script, arguments, self.now_ms)
        except Refused:
            assert ringing == {call.id for call in self.oracle.calls.values() if call.phase == "ringing"}

    @initialize()
    def everybody_comes(self) -> None:
        for number, skills in enumerate(SKILLS):
            self.do("shift_add", f"a{number}", f"s{number}", HOUR_MS // 2, 2 * HOUR_MS)
            self.do("connect", f"a{number}", "agent", f"first{number}", "n", "", skills)
            self.do("sign_in", f"a{number}")
            self.do("leg_offered", f"a{number}", "first", "w")
        for number in range(4):
            self.do("connect", f"c{number}", "customer", f"first{number}", "n", "", "")

    @rule(who=customers, needs=st.sampled_from(NEEDS), call_class=st.sampled_from(CLASSES))
    def join(self, who: str, needs: str, call_class: str) -> None:
        self.joined += 1
        self.do("join", who, f"call{self.joined}", "main", needs, call_class, "", "zh-CN", "", "", "", "0", "")

    @rule(who=agents)
    def ready(self, who: str) -> None:
        self.do("ready", who)

    @rule(who=agents, answer=st.sampled_from(["accept", "accept", "decline"]))
    def answer(self, who: str, answer: str) -> None:
        call = self.oracle.calls.get(self.oracle.agents[who].call)
        if call is not None:
            self.do(answer, who, call.id, call.epoch)

    @rule(who=agents)
    def customer_asks_for_another_signer(self, who: str) -> None:
        call = self.oracle.calls.get(self.oracle.agents[who].call)
        if call is not None:
            self.do("another", call.customer, call.id, call.epoch)

    @rule(who=agents, event=st.sampled_from(["break", "sign_out", "sign_in"]))
    def leave_the_desk_or_come(self, who: str, event: str) -> None:
        self.do(event, who)

    @rule(who=agents, leg=st.sampled_from(["one", "other"]))
    def agent_offers_a_picture(self, who: str, leg: str) -> None:
        self.do("leg_offered", who, leg, "w")

    @rule(who=agents)
    def agents_picture_is_closed(self, who: str) -> None:
        self.do("leg_event", who, self.oracle.persons[who].leg, "closed")

    @rule(who=customers)
    def customer_hangs_up(self, who: str) -> None:
        self.do("hang_up", who, self.oracle.persons[who].call)

    @rule(who=agents)
    def agent_hangs_up(self, who: str) -> None:
        self.do("hang_up", who, self.oracle.agents[who].call)

    @rule(who=st.one_of(customers, agents))
    def page_closes(self, who: str) -> None:
        self.do("disconnect", who, self.oracle.persons[who].socket)

    @rule(who=st.one_of(customers, agents))
    def page_opens(self, who: str) -> None:
        person = self.oracle.persons[who]
        self.do("connect", who, person.role, f"at{self.now_ms}", "n", "", "+".join(person.skills))

    @rule(seconds=st.sampled_from([1, 5, 20, 60, 300, 1_500]))
    def time_passes(self, seconds: int) -> None:
        self.now_ms += seconds * 1_000
        here = [(name, person.socket, 0) for name, person in self.oracle.persons.items() if person.present]
        self.do("beat", *(word for each in here for word in each))
        self.do("sweep")

    @invariant()
    def a_call_and_its_agent_name_each_other(self) -> None:
        for agent in self.oracle.agents.values():
            assert bool(agent.call) == (agent.state in ("reserved", "on_call"))
            if agent.call:
                call = self.oracle.calls[agent.call]
                assert call.agent == agent.id
                assert (agent.state == "reserved") == (call.phase == "ringing")
        for call in self.oracle.open_calls():
            assert bool(call.agent) == (call.phase in ("ringing", "talking", "alone"))

    @invariant()
    def nobody_serves_a_customer_who_left_for_another(self) -> None:
        assert all(call.agent not in call.left for call in self.oracle.open_calls())

    @invariant()
    def no_customer_is_lost(self) -> None:
        for call in self.oracle.open_calls():
            customer = self.oracle.persons[call.customer]
            assert customer.call == call.id
            assert customer.present == (call.phase not in ("parked", "alone"))

    @invariant()
    def nobody_waits_for_an_agent_who_is_free(self) -> None:
        for call in self.oracle.open_calls():
            if call.phase == "queued":
                assert not any(self.oracle.may_serve(agent, call) for agent in self.oracle.agents.values())

    @invariant()
    def nobody_in_line_is_overtaken_by_a_later_call_of_the_class(self) -> None:
        for late in self.oracle.open_calls():
            if late.phase != "ringing":
                continue
            agent = self.oracle.agents[late.agent]
            for early in self.oracle.open_calls():
                if early.phase == "queued" and early.call_class == late.call_class and early.seq < late.seq:
                    came_back_later = early.declined or not early.needs <= agent.skills or early.epoch > 0
                    assert came_back_later or self.was_away(early)

    def was_away(self, call: Call) -> bool:
        """Whether the call has been out of the line since it came, so that another could be given meanwhile."""
        return call.id in self.parked_once

    @invariant()
    def remember_who_was_away(self) -> None:
        self.parked_once = getattr(self, "parked_once", set[str]())
        self.parked_once |= {call.id for call in self.oracle.calls.values() if call.phase == "parked"}

    @invariant()
    def who_waits_for_calls_has_a_picture_or_a_limit(self) -> None:
        for agent in self.oracle.agents.values():
            if agent.state in ("available", "reserved"):
                assert self.oracle.persons[agent.id].leg_up or f"no_picture:{agent.id}" in self.oracle.deadlines

    @invariant()
    def whoever_rings_has_a_limit(self) -> None:
        for call in self.oracle.open_calls():
            for phase, kind in (("ringing", "ring"), ("parked", "keep_place"), ("alone", "customer_return")):
                assert (f"{kind}:{call.id}" in self.oracle.deadlines) == (call.phase == phase)

    def teardown(self) -> None:
        """A caller's wait ends although no agent does anything.

        And when every page is gone, in the end every call is closed and every agent off, whatever the state was."""
        for _ in range(60):
            self.time_passes(120)
        assert {call.phase for call in self.oracle.open_calls()} <= {"talking"}
        for _ in range(4):
            self.now_ms += HOUR_MS
            self.do("sweep")
        assert not self.oracle.open_calls()
        assert {agent.state for agent in self.oracle.agents.values()} <= {"offline"}
        assert not self.oracle.deadlines
        assert all(STATE_OF[call.phase] == "closed" and call.ended_reason for call in self.oracle.calls.values())


TestTown: type[TestCase] = Town.TestCase
TestTown.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)  # type: ignore[attr-defined]
