"""The policy of matching as one would say it.

After every event, give the first call that anybody can take to the longest rested agent who can take it, until nobody
can take any. It looks at everything every time, so it needs no invariant, no index and no trick; the scripts must come
to the same result. It steps the same life-cycle tables as the scripts do, and keeps deadlines in a dict.
"""

from __future__ import annotations

from typing import Any

from signaling.lifecycle import Arm, Clear, Do, EventRefused, Machine, delay_ms
from signaling.lifecycle_agent import AGENT
from signaling.lifecycle_call import CALL, CLASSES
from signaling.policy import Policy
from tests.oracle.state import Agent, Call, Person, Shift
from video_service.day import day_start_ms

AT_WORK = ("available", "reserved", "on_call", "after_call")


class Steps:
    """One pool: its people, calls, shifts and deadlines, and what one event leads to."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.now = 0
        self.arrivals = 0
        self.persons: dict[str, Person] = {}
        self.agents: dict[str, Agent] = {}
        self.calls: dict[str, Call] = {}
        self.shifts: dict[str, Shift] = {}
        self.deadlines: dict[str, int] = {}
        self.visited: set[tuple[str, str, str]] = set()

    # -- what may be asked

    def on_shift(self, agent: str) -> bool:
        return self.shift_now(agent) is not None

    def shift_now(self, agent: str) -> Shift | None:
        mine = [s for s in self.shifts.values() if s.agent == agent and s.start_ms <= self.now < s.end_ms]
        return mine[0] if mine else None

    def open_calls(self) -> list[Call]:
        return [call for call in self.calls.values() if call.phase != "closed"]

    # -- care

    def today(self) -> int:
        return day_start_ms(self.now, self.policy.time_zone)

    def tomorrow(self) -> int:
        return day_start_ms(self.today() + 129_600_000, self.policy.time_zone)

    def spent(self, agent: Agent) -> bool:
        today, limit = self.today(), self.policy.max_signing_minutes_a_day * 60_000
        return 0 < limit <= sum(max(0, to - max(since, today)) for since, to in agent.signed)

    def rested_ms(self, agent: Agent) -> int:
        return self.now - agent.working_until_ms

    def tired(self, agent: Agent) -> bool:
        limit, rest = self.policy.max_signing_minutes * 60_000, self.policy.rest_minutes * 60_000
        return agent.signing_ms >= limit and self.rested_ms(agent) < rest

    def break_due(self, agent: Agent) -> bool:
        return agent.break_owed_ms > 0 or 0 < agent.break_from_ms <= self.now

    def will_serve(self, agent: Agent, call: Call) -> bool:
        """Whether this agent, once free and rested, may be asked to take this call."""
        if not self.on_shift(agent.id) or self.break_due(agent):
            return False
        near = agent.break_from_ms and self.now >= agent.break_from_ms - self.policy.break_guard_s * 1_000
        return call.call_class == "urgent" or not (near or self.spent(agent))

    def cover_allows(self, agent: Agent) -> bool:
        others = [a for a in self.agents.values() if a is not agent and a.staffed_until_ms > self.now]
        for skill in {skill for skill in agent.skills if "." not in skill} or {""}:
            able = [a for a in others if not a.staffed_spent and (not skill or skill in a.skills)]
            if able and not any(a.state in AT_WORK and self.persons[a.id].present for a in able):
                return False
        return True

    def grant(self) -> None:
        for agent in sorted(self.agents.values(), key=lambda agent: (agent.asked_ms, agent.id)):
            free = agent.state == "rest" or (agent.state == "available" and self.cover_allows(agent))
            if agent.asked_ms and free and self.on_shift(agent.id):
                self.pause(agent, "asked")

    def forget_ask(self, agent: Agent) -> None:
        agent.asked_ms = 0
        self.deadlines.pop(f"break_wait:{agent.id}", None)

    def begin_break(self, agent: Agent) -> None:
        owed_ms = agent.break_owed_ms
        if 0 < agent.break_from_ms <= self.now:
            owed_ms += agent.break_length_ms
            agent.break_from_ms = 0
        self.pause(agent, "rostered")
        agent.break_until_ms = self.deadlines[f"break_over:{agent.id}"] = self.now + owed_ms

    def go_to_rest(self, agent: Agent, rested_ms: int) -> None:
        self.step_agent(agent, "tire", served_ms={"rest": rested_ms})
        if self.spent(agent):
            self.deadlines[f"rest:{agent.id}"] = self.tomorrow()

    def after_ring(self, agent: Agent) -> None:
        if agent.state != "available":
            return
        if not self.on_shift(agent.id):
            self.pause(agent, "shift_over")
        elif agent.break_wanted:
            self.pause(agent, "asked")
        elif self.break_due(agent):
            self.begin_break(agent)
        elif self.tired(agent) or self.spent(agent):
            self.go_to_rest(agent, self.rested_ms(agent))

    def look_at_limit(self, agent: Agent) -> None:
        if agent.staffed_spent != self.spent(agent):
            self.list_staffed(agent)

    def list_staffed(self, agent: Agent) -> None:
        shift = self.shift_now(agent.id)
        agent.staffed_until_ms = shift.end_ms if shift else 0
        agent.staffed_spent = self.spent(agent)
        if agent.staffed_spent:
            self.deadlines[f"day:{agent.id}"] = self.tomorrow()
        else:
            self.deadlines.pop(f"day:{agent.id}", None)
        self.look_for_nobody()

    def may_serve(self, agent: Agent, call: Call) -> bool:
        return (
            agent.state in ("available", "rest")
            and self.persons[agent.id].present
            and self.will_serve(agent, call)
            and (agent.state != "rest" or (call.call_class == "urgent" and self.persons[agent.id].leg_up))
            and call.needs <= agent.skills
            and agent.id not in call.declined | call.left
            and call.held_for in ("", agent.id)
        )

    def staffed(self, needs: frozenset[str], call_class: str) -> list[Agent]:
        """Who is signed in, was on shift at the last look, covers the needs, and is there for the class."""
        on = [a for a in self.agents.values() if a.staffed_until_ms > self.now and needs <= a.skills]
        return [a for a in on if call_class == "urgent" or not a.staffed_spent]

    def look_for_nobody(self, like: Call | None = None) -> None:
        """A call in line that nobody covers has a limit; one that somebody covers again has none."""
        for call in self.calls.values():
            if call.phase != "queued" or call.held_for:
                continue
            if like and (call.needs, call.counts_as) != (like.needs, like.counts_as):
                continue
            if self.staffed(call.needs, call.call_class):
                self.deadlines.pop(f"nobody:{call.id}", None)
            elif f"nobody:{call.id}" not in self.deadlines:
                self.arm("nobody", call.id)

    def arm(self, kind: str, key: str) -> None:
        self.deadlines[f"{kind}:{key}"] = self.now + delay_ms(kind, self.policy)

    def match(self) -> None:
        while True:
            line = sorted(
                (call for call in self.calls.values() if call.phase == "queued"),
                key=lambda call: (CLASSES.index(call.counts_as), not call.held_for, call.seq),
            )
            for call in line:
                fit = [agent for agent in self.agents.values() if self.may_serve(agent, call)]
                if fit:
                    knows = self.now < call.last_agent_until_ms and call.last_agent
                    best = min(
                        fit, key=lambda a: (a.id != knows or a.state == "rest", a.state == "rest", a.idle_ms, a.id)
                    )
                    self.reserve(call, best)
                    break
            else:
                return

    def reserve(self, call: Call, agent: Agent) -> None:
        call.agent, agent.call = agent.id, call.id
        self.step_call(call, "reserve")
        self.step_agent(agent, "reserve")

    def enter_line(self, call: Call) -> None:
        """Find the call's place: the class that it counts as by now, and whether it waits for one agent."""
        rank, age_ms = CLASSES.index(call.call_class), delay_ms("age", self.policy)
        waited = (self.now - call.joined_ms) // age_ms
        reached = max(1, rank - waited) if rank else 0
        call.counts_as, call.held_for = CLASSES[reached], ""
        if reached > 1:
            self.deadlines[f"age:{call.id}"] = call.joined_ms + (waited + 1) * age_ms
        if self.worth_waiting_for(call):
            call.held_for = call.last_agent
            self.deadlines[f"last_agent:{call.id}"] = call.last_agent_until_ms
        else:
            self.look_for_nobody(call)
        if call.declined | call.left and f"ask_again:{call.id}" not in self.deadlines:
            self.arm("ask_again", call.id)

    def hold_place(self, call: Call) -> None:
        """Whoever asked to keep the place is waited for until then, if that is longer."""
        kind = f"keep_place:{call.id}"
        self.deadlines[kind] = max(self.deadlines[kind], call.kept_until_ms)

    def close_matter(self, call: Call) -> None:
        call.matter = False
        self.deadlines.pop(f"proposal:{call.id}", None)
        self.deadlines.pop(f"solution:{call.id}", None)

    def worth_waiting_for(self, call: Call) -> bool:
        agent = self.agents.get(call.last_agent)
        if agent is None or call.call_class == "urgent" or self.now >= call.last_agent_until_ms:
            return False
        if not (self.persons[agent.id].present and self.will_serve(agent, call) and call.needs <= agent.skills):
            return False
        if agent.id in call.declined | call.left:
            return False
        if agent.state == "after_call":
            return not agent.break_wanted and agent.signing_ms < self.policy.max_signing_minutes * 60_000
        return agent.state == "rest" and self.deadlines[f"rest:{agent.id}"] < call.last_agent_until_ms

    # -- steps by the tables

    def _fire(self, machine: Machine, state: str, event: str, key: str, **more: Any) -> tuple[str, list[str]] | None:
        try:
            fired = machine.fire(state, event, now_ms=self.now, policy=self.policy, **more)
        except EventRefused:
            return None
        self.visited.add((machine.name, state, event))
        named = []
        for effect in fired.effects:
            match effect:
                case Arm(kind):
                    self.deadlines[f"{kind}:{key}"] = fired.due_ms[kind]
                case Clear(kind):
                    self.deadlines.pop(f"{kind}:{key}", None)
                case Do(name):
                    named.append(name)
        return fired.state, named

    def step_call(self, call: Call, event: str, why: str = "") -> bool:
        fired = self._fire(CALL, call.phase, event, call.id)
        if fired is None:
            return False
        call.phase, named = fired
        for name in named:
            if name == "bump_epoch":
                call.epoch += 1
            elif name == "enter_line":
                self.enter_line(call)
            elif name == "leave_line":
                call.held_for = ""
            elif name == "hold_place":
                self.hold_place(call)
            elif name == "open_segment":
                call.answered_ms = call.answered_ms or self.now
                call.segment_from_ms = self.now
            elif name == "end_segment":
                self.hold(call, held=False)
                call.signing_ms += self.now - call.segment_from_ms
                call.segments.append((call.agent, why))
            elif name == "finish":
                call.ended_reason, call.closed_ms = why, self.now
                if why == "customer_cancelled":
                    self.close_matter(call)
        return True

    def hold(self, call: Call, *, held: bool) -> None:
        if held and not call.held_from_ms:
            call.held_from_ms = self.now
        elif not held and call.held_from_ms:
            call.hold_ms += self.now - call.held_from_ms
            call.held_from_ms = 0

    def step_agent(self, agent: Agent, event: str, why: str = "", **more: Any) -> bool:
        before, since = agent.state, agent.since_ms
        fired = self._fire(AGENT, agent.state, event, agent.id, **more)
        if fired is None:
            return False
        agent.state, named = fired
        if agent.state != before:
            agent.since_ms = self.now
        for name in named:
            if name == "enter_idle" and (before not in ("available", "reserved") or why == "missed"):
                agent.idle_ms = self.now
            elif name == "note_sign_in":
                agent.skills = self.persons[agent.id].skills
                agent.missed, agent.break_wanted, agent.away, agent.lost = 0, False, "", False
                agent.break_from_ms = agent.break_owed_ms = agent.break_until_ms = 0
                self.arm_shift(agent.id)
            elif name == "note_sign_out":
                agent.call, agent.break_wanted, agent.away = "", False, ""
                agent.break_from_ms = agent.break_owed_ms = 0
                self.forget_ask(agent)
                self.deadlines.pop(f"shift:{agent.id}", None)
                self.deadlines.pop(f"day:{agent.id}", None)
                self.deadlines.pop(f"no_picture:{agent.id}", None)
                agent.staffed_until_ms = 0
                self.look_for_nobody()
            elif name == "begin_signing":
                agent.signing_from_ms = self.now
            elif name == "count_signing":
                agent.signing_ms += self.now - agent.signing_from_ms
                agent.signed.append((agent.signing_from_ms, self.now))
                agent.working_until_ms = self.now
                self.look_at_limit(agent)
            elif name == "count_after_call":
                assert since <= self.now
                agent.after_call_of = ""
                agent.working_until_ms = self.now
            elif name == "count_rest" and self.now - agent.working_until_ms >= self.policy.rest_minutes * 60_000:
                agent.signing_ms = 0
        return True

    def arm_shift(self, name: str) -> None:
        agent, shift = self.agents[name], self.shift_now(name)
        if 0 < agent.break_from_ms <= self.now and agent.state not in ("break", "offline"):
            agent.break_owed_ms += agent.break_length_ms
        breaks = [each for each in shift.breaks if each[0] > self.now] if shift else []
        agent.break_from_ms, agent.break_length_ms = (breaks[0][0], breaks[0][1] - breaks[0][0]) if breaks else (0, 0)
        starts = [s.start_ms for s in self.shifts.values() if s.agent == name and s.start_ms > self.now]
        due = [agent.break_from_ms or shift.end_ms] if shift else sorted(starts)
        if due:
            self.deadlines[f"shift:{name}"] = due[0]
        else:
            self.deadlines.pop(f"shift:{name}", None)
        self.list_staffed(agent)
        if shift and agent.break_owed_ms and agent.state in ("available", "rest"):
            self.begin_break(agent)

    def pause(self, agent: Agent, why: str) -> None:
        if self.step_agent(agent, "pause", why):
            self.note_pause(agent, why)

    def note_pause(self, agent: Agent, why: str) -> None:
        agent.away, agent.break_wanted, agent.missed, agent.break_owed_ms = why, False, 0, 0
        self.forget_ask(agent)

    def settle(self, agent: Agent) -> None:
        if agent.state == "after_call":
            agent.working_until_ms = self.now
        self.look_at_limit(agent)
        if not self.on_shift(agent.id):
            agent.away = "shift_over"
            self.pause(agent, "shift_over")
        elif agent.break_wanted:
            self.pause(agent, "asked")
        elif self.break_due(agent) and agent.state != "break":
            self.begin_break(agent)
        elif self.tired(agent) or self.spent(agent):
            agent.away = ""
            self.go_to_rest(agent, self.rested_ms(agent))
        elif not self.persons[agent.id].leg_up:
            agent.away = "no_picture"
            self.pause(agent, "no_picture")
        else:
            agent.away = ""
            self.step_agent(agent, "ready")

    def take_back(self, call: Call, call_event: str, agent_event: str, how: str, why: str = "") -> Agent:
        agent = self.agents[call.agent]
        self.step_call(call, call_event, why)
        call.agent = agent.call = ""
        self.step_agent(agent, agent_event, how)
        self.after_ring(agent)
        return agent

    def close(self, call: Call, why: str) -> None:
        agent = self.agents.get(call.agent)
        if call.phase == "ringing":
            self.take_back(call, "close", "release", "withdrawn", why)
        elif self.step_call(call, "close", why):
            self.drop_helpers(call, why)
            if agent is not None:
                self.free(agent)

    def helps(self, name: str, key: str) -> bool:
        return key in self.calls and name in (self.calls[key].invited, *self.calls[key].helpers)

    def uninvite(self, call: Call, event: str, how: str) -> Agent:
        agent = self.agents[call.invited]
        call.invited = agent.call = ""
        self.deadlines.pop(f"invite:{call.id}", None)
        self.step_agent(agent, event, how)
        self.after_ring(agent)
        return agent

    def helper_goes(self, call: Call, name: str, why: str) -> Agent:
        call.helpers.remove(name)
        open_part = next(part for part in call.helped if part == [name, ""])
        open_part[1] = why
        return self.agents[name]

    def drop_helpers(self, call: Call, why: str) -> None:
        for name in tuple(call.helpers):
            self.free(self.helper_goes(call, name, why))
        if call.invited:
            self.uninvite(call, "release", "withdrawn")

    def hand_over(self, call: Call, why: str) -> Agent:
        first = self.agents[call.agent]
        second = self.helper_goes(call, call.helpers[0], "took_over")
        self.step_call(call, "hand_over", why)
        call.agent = second.id
        return first

    def free(self, agent: Agent) -> None:
        agent.after_call_of, agent.call = agent.call, ""
        self.step_agent(agent, "ended")

    def leave_ring(self, agent: Agent, why: str) -> None:
        if self.helps(agent.id, agent.call):
            self.uninvite(self.calls[agent.call], "pause", "left")
            return self.note_pause(agent, why)
        self.take_back(self.calls[agent.call], "release", "pause", "left")
        return self.note_pause(agent, why)

    def leave(self, agent: Agent, why: str) -> None:
        if agent.state == "offline":
            return
        call = self.calls.get(agent.call)
        if call is not None and agent.state == "reserved":
            if call.invited == agent.id:
                self.uninvite(call, "sign_out", "left")
            else:
                self.take_back(call, "release", "sign_out", "left")
            return
        if call is not None and agent.state == "on_call":
            if agent.id in call.helpers:
                self.helper_goes(call, agent.id, why)
            elif call.helpers:
                self.hand_over(call, why)
            else:
                self.requeue(call, why)
        self.step_agent(agent, "sign_out")
        agent.lost = why == "agent_lost"

    def requeue(self, call: Call, why: str) -> None:
        if call.call_class != "urgent":
            call.call_class = "resumed"
        self.step_call(call, "requeue", why)
        call.agent = ""
        self.drop_helpers(call, why)

    def gone(self, name: str) -> None:
        person = self.persons[name]
        if not person.present:
            return
        person.present = False
        if person.role == "agent" and name in self.agents:
            agent = self.agents[name]
            if agent.state == "reserved" and self.helps(name, agent.call):
                self.uninvite(self.calls[agent.call], "gone", "left")
            elif agent.state == "reserved":
                self.take_back(self.calls[agent.call], "release", "gone", "left")
            else:
                self.step_agent(agent, "gone")
        elif person.call:
            call = self.calls[person.call]
            if call.phase == "ringing":
                self.take_back(call, "customer_gone", "release", "withdrawn")
            else:
                self.step_call(call, "customer_gone")

    def back(self, name: str) -> None:
        person = self.persons[name]
        person.lapses_ms = self.now + round(self.policy.presence_ttl_s * 1_000)
        if person.present:
            return
        person.present = True
        if person.role == "agent" and name in self.agents:
            if self.agents[name].lost:
                self.step_agent(self.agents[name], "sign_in")
            self.step_agent(self.agents[name], "back")
        elif person.call:
            self.step_call(self.calls[person.call], "customer_back")
