"""The policy of matching as one would say it: after every event, give the first call that anybody can take to the longest
rested agent who can take it, until nobody can take any. It looks at everything every time, so it needs no invariant, no
index and no trick; the scripts must come to the same result.

It steps the same life-cycle tables as the scripts do (there is only one set of tables), and keeps deadlines in a dict.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from signaling.lifecycle import Arm, Clear, Do, EventRefused, Machine
from signaling.lifecycle_agent import AGENT
from signaling.lifecycle_call import CALL, CLASSES, STATE_OF
from signaling.policy import Policy
from tests.oracle.state import Agent, Call, Person, Refused, Shift, words


class Oracle:
    """One pool. `apply(script, arguments, now)` does what the script of that name does, or raises `Refused`."""

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

    def apply(self, script: str, arguments: tuple[Any, ...], now_ms: int) -> None:
        self.now = max(self.now, now_ms)
        method: Callable[..., None] = getattr(self, f"do_{script}")
        method(*arguments)
        self.match()

    # -- what may be asked

    def on_shift(self, agent: str) -> bool:
        return self.shift_now(agent) is not None

    def shift_now(self, agent: str) -> Shift | None:
        mine = [s for s in self.shifts.values() if s.agent == agent and s.start_ms <= self.now < s.end_ms]
        return mine[0] if mine else None

    def open_calls(self) -> list[Call]:
        return [call for call in self.calls.values() if call.phase != "closed"]

    def may_serve(self, agent: Agent, call: Call) -> bool:
        return (
            agent.state == "available"
            and self.persons[agent.id].present
            and self.on_shift(agent.id)
            and call.needs <= agent.skills
            and agent.id not in call.declined
        )

    def match(self) -> None:
        while True:
            line = sorted(
                (call for call in self.calls.values() if call.phase == "queued"),
                key=lambda call: (CLASSES.index(call.call_class), call.seq),
            )
            for call in line:
                fit = [agent for agent in self.agents.values() if self.may_serve(agent, call)]
                if fit:
                    self.reserve(call, min(fit, key=lambda agent: (agent.idle_ms, agent.id)))
                    break
            else:
                return

    def reserve(self, call: Call, agent: Agent) -> None:
        call.agent, agent.call = agent.id, call.id
        self.step_call(call, "reserve")
        self.step_agent(agent, "reserve")

    # -- steps by the tables

    def _fire(self, machine: Machine, state: str, event: str, id: str, **more: Any) -> tuple[str, list[str]] | None:
        try:
            fired = machine.fire(state, event, now_ms=self.now, policy=self.policy, **more)
        except EventRefused:
            return None
        self.visited.add((machine.name, state, event))
        named = []
        for effect in fired.effects:
            match effect:
                case Arm(kind):
                    self.deadlines[f"{kind}:{id}"] = fired.due_ms[kind]
                case Clear(kind):
                    self.deadlines.pop(f"{kind}:{id}", None)
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
            elif name == "open_segment":
                call.answered_ms = call.answered_ms or self.now
                call.segment_from_ms = self.now
            elif name == "end_segment":
                call.signing_ms += self.now - call.segment_from_ms
                call.segments.append((call.agent, why))
            elif name == "finish":
                call.ended_reason = why
        return True

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
                agent.missed, agent.break_wanted, agent.away = 0, False, ""
                self.arm_shift(agent.id)
            elif name == "note_sign_out":
                agent.call, agent.break_wanted, agent.away = "", False, ""
                self.deadlines.pop(f"shift:{agent.id}", None)
            elif name == "begin_signing":
                agent.signing_from_ms = self.now
            elif name == "count_signing":
                agent.signing_ms += self.now - agent.signing_from_ms
                agent.working_until_ms = self.now
            elif name == "count_after_call":
                assert since <= self.now
                agent.working_until_ms = self.now
            elif name == "count_rest" and self.now - agent.working_until_ms >= self.policy.rest_minutes * 60_000:
                agent.signing_ms = 0
        return True

    def arm_shift(self, agent: str) -> None:
        ends = [s.end_ms for s in self.shifts.values() if s.agent == agent and s.start_ms <= self.now < s.end_ms]
        starts = [s.start_ms for s in self.shifts.values() if s.agent == agent and s.start_ms > self.now]
        due = ends or sorted(starts)
        if due:
            self.deadlines[f"shift:{agent}"] = due[0]
        else:
            self.deadlines.pop(f"shift:{agent}", None)

    def pause(self, agent: Agent, why: str) -> None:
        if self.step_agent(agent, "pause", why):
            agent.away, agent.break_wanted, agent.missed = why, False, 0

    def settle(self, agent: Agent) -> None:
        limit, rest = self.policy.max_signing_minutes * 60_000, self.policy.rest_minutes * 60_000
        rested = 0 if agent.state == "after_call" else self.now - agent.working_until_ms
        if not self.on_shift(agent.id):
            self.pause(agent, "shift_over")
        elif agent.break_wanted:
            self.pause(agent, "asked")
        elif agent.signing_ms >= limit and rested < rest:
            agent.away = ""
            self.step_agent(agent, "tire", served_ms={"rest": rested})
        else:
            agent.away = ""
            self.step_agent(agent, "ready")

    def take_back(self, call: Call, call_event: str, agent_event: str, how: str, why: str = "") -> Agent:
        agent = self.agents[call.agent]
        self.step_call(call, call_event, why)
        call.agent = agent.call = ""
        self.step_agent(agent, agent_event, how)
        if agent.state == "available" and not self.on_shift(agent.id):
            self.pause(agent, "shift_over")
        return agent

    def close(self, call: Call, why: str) -> None:
        agent = self.agents.get(call.agent)
        if call.phase == "ringing":
            self.take_back(call, "close", "release", "withdrawn", why)
        elif self.step_call(call, "close", why) and agent is not None:
            agent.call = ""
            self.step_agent(agent, "ended")
            if agent.break_wanted:
                self.pause(agent, "asked")

    def leave(self, agent: Agent, why: str) -> None:
        if agent.state == "offline":
            return
        call = self.calls.get(agent.call)
        if call is not None and agent.state == "reserved":
            self.take_back(call, "release", "sign_out", "left")
            return
        if call is not None and agent.state == "on_call":
            self.step_call(call, "requeue", why)
            call.agent = ""
        self.step_agent(agent, "sign_out")

    def gone(self, name: str) -> None:
        person = self.persons[name]
        if not person.present:
            return
        person.present = False
        if person.role == "agent" and name in self.agents:
            agent = self.agents[name]
            if agent.state == "reserved":
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
            self.step_agent(self.agents[name], "back")
        elif person.call:
            self.step_call(self.calls[person.call], "customer_back")

    # -- the operations, by the names of the scripts

    def do_connect(self, name: str, role: str, socket: str, *facts: Any) -> None:
        person = self.persons.setdefault(name, Person(role, frozenset()))
        person.socket, person.skills = socket, words(facts[3])
        self.back(name)

    def do_beat(self, *pairs: str) -> None:
        for name, socket in zip(pairs[::2], pairs[1::2], strict=True):
            if name in self.persons and self.persons[name].socket == socket:
                self.back(name)

    def do_disconnect(self, name: str, socket: str) -> None:
        if name in self.persons and self.persons[name].socket == socket:
            self.gone(name)

    def do_join(self, name: str, id: str, queue: str, needs: str, call_class: str, *facts: Any) -> None:
        person = self.persons.get(name)
        if person is None or not person.present:
            raise Refused("not_connected")
        if person.call and self.calls[person.call].phase != "closed":
            return
        if not any(
            agent.state != "offline" and self.on_shift(agent.id) and words(needs) <= agent.skills
            for agent in self.agents.values()
        ):
            raise Refused("closed")
        if sum(STATE_OF[call.phase] == "waiting" for call in self.calls.values()) >= self.policy.waiting_limit:
            raise Refused("queue_full")
        self.arrivals += 1
        call = self.calls[id] = Call(id, name, words(needs), call_class, self.arrivals, self.now)
        person.call = id
        self.step_call(call, "join")

    def do_hang_up(self, name: str, id: str) -> None:
        call = self.calls.get(id)
        if call is None or name not in (call.customer, call.agent) or (name == call.agent and call.phase == "ringing"):
            raise Refused("no_call")
        state = STATE_OF[call.phase]
        if name == call.agent:
            self.close(call, "agent_hung_up")
        elif state == "closed":
            if self.persons[name].call == id:
                self.persons[name].call = ""
        else:
            self.close(call, "customer_hung_up" if state == "active" else "customer_cancelled")

    def do_sign_in(self, name: str) -> None:
        if name not in self.persons or not self.persons[name].present:
            raise Refused("not_connected")
        agent = self.agents.setdefault(name, Agent(name, self.persons[name].skills, idle_ms=self.now))
        self.step_agent(agent, "sign_in")

    def do_sign_out(self, name: str) -> None:
        if name in self.agents:
            self.leave(self.agents[name], "agent_left")

    def signed_in(self, name: str) -> Agent:
        agent = self.agents.get(name)
        if agent is None or agent.state == "offline":
            raise Refused("not_signed_in")
        return agent

    def do_ready(self, name: str) -> None:
        agent = self.signed_in(name)
        if agent.state == "break" and not self.on_shift(name):
            raise Refused("not_rostered")
        agent.break_wanted, agent.missed = False, 0
        if agent.state in ("break", "after_call"):
            self.settle(agent)

    def do_break(self, name: str) -> None:
        agent = self.signed_in(name)
        if agent.state == "on_call":
            agent.break_wanted = True
        elif agent.state == "reserved":
            self.take_back(self.calls[agent.call], "release", "pause", "left")
            agent.away, agent.missed = "asked", 0
        else:
            self.pause(agent, "asked")

    def ringing_at(self, name: str, id: str, epoch: int) -> tuple[Agent, Call]:
        call = self.calls.get(id)
        if call is None or call.phase != "ringing" or call.agent != name or call.epoch != int(epoch):
            raise Refused("stale")
        return self.agents[name], call

    def do_accept(self, name: str, id: str, epoch: int) -> None:
        agent, call = self.ringing_at(name, id, epoch)
        self.step_call(call, "accept")
        self.step_agent(agent, "accept")
        agent.missed = 0

    def do_decline(self, name: str, id: str, epoch: int) -> None:
        agent, call = self.ringing_at(name, id, epoch)
        call.declined.add(name)
        agent.missed = 0
        self.take_back(call, "release", "release", "declined")

    def do_shift_add(self, name: str, id: str, start_ms: int, end_ms: int) -> None:
        if any(s.agent == name and s.start_ms < end_ms and start_ms < s.end_ms for s in self.shifts.values()):
            raise Refused("shift_overlaps")
        self.shifts[id] = Shift(name, start_ms, end_ms)
        if name in self.agents and self.agents[name].state != "offline":
            self.arm_shift(name)

    def do_shift_remove(self, id: str) -> None:
        shift = self.shifts.pop(id, None)
        if shift is not None and shift.agent in self.agents and self.agents[shift.agent].state != "offline":
            agent = self.agents[shift.agent]
            self.arm_shift(agent.id)
            if agent.state == "available" and not self.on_shift(agent.id):
                self.pause(agent, "shift_over")

    def do_sweep(self) -> None:
        lapsed = [(p.lapses_ms, name) for name, p in self.persons.items() if p.present and p.lapses_ms <= self.now]
        for _, name in sorted(lapsed)[: self.policy.sweep_batch]:
            self.gone(name)
            self.match()
        due = sorted((at, member) for member, at in self.deadlines.items() if at <= self.now)
        for _, member in due[: self.policy.sweep_batch]:
            if self.deadlines.get(member, self.now + 1) <= self.now:
                del self.deadlines[member]
                kind, _, id = member.partition(":")
                self.handle(kind, id)
                self.match()

    def handle(self, kind: str, id: str) -> None:
        if kind == "ring":
            agent = self.take_back(self.calls[id], "release", "release", "missed")
            agent.missed += 1
            if agent.missed >= self.policy.missed_limit:
                self.pause(agent, "missed")
        elif kind in ("keep_place", "customer_return"):
            self.close(self.calls[id], "customer_lost")
        elif kind == "agent_return":
            self.leave(self.agents[id], "agent_lost")
        elif kind == "shift":
            self.arm_shift(id)
            if self.agents[id].state == "available" and not self.on_shift(id):
                self.pause(self.agents[id], "shift_over")
        elif self.agents[id].state == kind:
            self.settle(self.agents[id])
