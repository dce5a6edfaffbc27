"""The operations of the store, as the oracle does them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from signaling.lifecycle import delay_ms
from signaling.lifecycle_call import STATE_OF
from tests.oracle.state import Agent, Call, Person, Refused, Shift, skills_of, words
from tests.oracle.steps import Steps

MOST_HELPERS = 2


class Oracle(Steps):
    """One pool. `apply(script, arguments, now)` does what the script of that name does, or raises `Refused`."""

    def apply(self, script: str, arguments: tuple[Any, ...], now_ms: int) -> None:
        self.now = max(self.now, now_ms)
        method: Callable[..., None] = getattr(self, f"do_{script}")
        method(*arguments)
        self.match()
        self.grant()

    def do_connect(self, name: str, role: str, socket: str, *facts: Any) -> None:
        person = self.persons.setdefault(name, Person(role, frozenset()))
        person.socket, person.skills = socket, skills_of(facts[2])
        self.back(name)

    def do_beat(self, *beats: Any) -> None:
        for name, socket, _ in zip(beats[::3], beats[1::3], beats[2::3], strict=True):
            if name in self.persons and self.persons[name].socket == socket:
                self.back(name)

    def do_disconnect(self, name: str, socket: str) -> None:
        if name in self.persons and self.persons[name].socket == socket:
            self.gone(name)

    def do_join(self, name: str, key: str, queue: str, needs: str, call_class: str, *facts: Any) -> None:
        person = self.persons.get(name)
        if person is None or not person.present:
            raise Refused("not_connected")
        if person.call and self.calls[person.call].phase != "closed":
            return
        if not self.on_for(words(needs), call_class):
            raise Refused("closed")
        if sum(STATE_OF[call.phase] == "waiting" for call in self.calls.values()) >= self.policy.waiting_limit:
            raise Refused("queue_full")
        self.arrivals += 1
        earlier = sorted((c for c in self.calls.values() if c.customer == name), key=lambda c: (c.joined_ms, c.id))
        answered = [c for c in earlier[-3:] if c.phase == "closed" and c.answered_ms]
        call = self.calls[key] = Call(key, name, words(needs), call_class, self.arrivals, self.now)
        signs = [each for each in (c.sign for c in earlier[-1:-4:-1]) if each]
        call.sign, call.base_needs = facts[3] or next(iter(signs), ""), call.needs
        if call.sign and self.on_for(call.needs | {call.sign}, call_class):
            call.needs |= {call.sign}
            call.sign_need = call.needs - call.base_needs
        call.topic = frozenset(filter(None, facts[7:8]))
        if self.on_for(call.needs | call.topic, call_class):
            call.needs |= call.topic
        call.vip = facts[6] == "1"
        window_s = self.policy.vip_agent_window_s if call.vip else self.policy.last_agent_window_s
        call.last_agent_until_ms = self.now + round(window_s * 1_000)
        if answered:
            last = answered[-1]
            call.last_agent = last.promise[0] or last.segments[-1][0]
            fresh = self.now - last.closed_ms < self.policy.resume_window_s * 1_000
            if call_class != "urgent" and last.ended_reason in ("customer_lost", "shutdown") and fresh:
                call.call_class = "resumed"
            elif call_class != "urgent" and last.promise[0] and last.promise[2] <= self.now:
                call.call_class = "callback"
        person.call = key
        if call.call_class == "urgent":
            call.matter = True
            for kind in ("proposal", "solution"):
                self.deadlines[f"{kind}:{key}"] = self.now + delay_ms(kind, self.policy) // 2
        self.step_call(call, "join")

    def on_for(self, needs: frozenset[str], call_class: str) -> bool:
        on = [a for a in self.agents.values() if a.state != "offline" and self.on_shift(a.id) and needs <= a.skills]
        return any(call_class == "urgent" or not a.staffed_spent for a in on)

    def do_hang_up(self, name: str, key: str) -> None:
        call = self.calls.get(key)
        if call is not None and name in call.helpers:
            self.free(self.helper_goes(call, name, "agent_hung_up"))
            return
        if call is None or name not in (call.customer, call.agent) or (name == call.agent and call.phase == "ringing"):
            raise Refused("no_call")
        state = STATE_OF[call.phase]
        if name == call.agent and call.helpers:
            self.free(self.hand_over(call, "handed_over"))
        elif name == call.agent:
            self.close(call, "agent_hung_up")
        elif state != "closed":
            self.close(call, "customer_hung_up" if state == "active" else "customer_cancelled")
        elif self.persons[name].call == key:
            self.persons[name].call = ""

    def do_keep_place(self, name: str) -> None:
        call = self.calls.get(self.persons[name].call) if name in self.persons else None
        if call is None or STATE_OF[call.phase] != "waiting":
            raise Refused("no_call")
        if not call.kept_until_ms:
            call.kept_until_ms = self.now + round(self.policy.kept_place_s * 1_000)
            if call.phase == "parked":
                self.hold_place(call)

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
        person, agent = self.persons.get(name), self.agents.get(name)
        if agent is None or agent.state == "offline":
            if person is None or not person.present:
                raise Refused("not_signed_in")
            self.do_sign_in(name)
            if not self.on_shift(name) or not person.leg_up:
                return
        agent = self.signed_in(name)
        if agent.state == "break" and not self.on_shift(name):
            raise Refused("not_rostered")
        if agent.state in ("break", "after_call") and self.on_shift(name) and not self.persons[name].leg_up:
            raise Refused("no_picture")
        agent.break_wanted, agent.missed = agent.break_wanted and agent.state == "after_call", 0
        if agent.state in ("break", "after_call"):
            self.settle(agent)

    def do_break(self, name: str) -> None:
        agent = self.signed_in(name)
        if agent.state == "on_call":
            agent.break_wanted = True
        elif agent.state == "reserved":
            self.leave_ring(agent, "asked")
        elif agent.state == "break" and agent.away == "rostered":
            agent.away, agent.break_until_ms = "asked", 0
            self.deadlines.pop(f"break_over:{name}", None)
        else:
            self.pause(agent, "asked")

    def do_ask_break(self, name: str, wanted: int) -> None:
        agent = self.signed_in(name)
        if not wanted:
            self.forget_ask(agent)
        elif agent.state == "after_call" and self.cover_allows(agent) and not self.could_take(agent):
            self.pause(agent, "asked")
        elif agent.state != "break" and not agent.asked_ms:
            agent.asked_ms = self.now
            self.arm("break_wait", name)

    def could_take(self, agent: Agent) -> bool:
        return any(
            self.will_serve(agent, call)
            and call.needs <= agent.skills
            and agent.id not in call.declined | call.left
            and call.held_for in ("", agent.id)
            for call in self.open_calls()
            if call.phase == "queued"
        )

    def ringing_at(self, name: str, key: str, epoch: int) -> tuple[Agent, Call]:
        call = self.calls.get(key)
        if call is None or call.phase != "ringing" or call.agent != name or call.epoch != int(epoch):
            raise Refused("stale")
        return self.agents[name], call

    def invited(self, name: str, key: str, number: int) -> Call | None:
        call = self.calls.get(key)
        if call is None or call.invited != name:
            return None
        if call.invitations != int(number):
            raise Refused("stale")
        return call

    def do_invite(self, name: str, key: str, epoch: int, whom: str, note: str) -> None:
        call = self.calls.get(key)
        if call is None or call.agent != name or STATE_OF[call.phase] != "active":
            raise Refused("no_call")
        if call.epoch != int(epoch):
            raise Refused("stale")
        if not whom:
            if call.invited:
                self.uninvite(call, "release", "withdrawn")
            return
        if call.invited:
            raise Refused("wrong_state")
        if len(call.helpers) >= MOST_HELPERS:
            raise Refused("call_full")
        agent = self.agents.get(whom)
        free = agent is not None and agent.state == "available" and self.persons[whom].present
        if agent is None or not free or whom in call.left or not self.will_serve(agent, call):
            raise Refused("not_free")
        call.invited, agent.call = whom, key
        call.invitations += 1
        self.step_agent(agent, "reserve")
        self.arm("invite", key)

    def do_accept(self, name: str, key: str, epoch: int) -> None:
        asked = self.invited(name, key, epoch)
        if asked is not None:
            asked.invited = ""
            asked.helpers.append(name)
            asked.helped.append([name, ""])
            self.deadlines.pop(f"invite:{key}", None)
            self.step_agent(self.agents[name], "accept")
            self.agents[name].missed = 0
            return
        agent, call = self.ringing_at(name, key, epoch)
        self.step_call(call, "accept")
        self.step_agent(agent, "accept")
        agent.missed = 0

    def do_decline(self, name: str, key: str, epoch: int) -> None:
        asked = self.invited(name, key, epoch)
        if asked is not None:
            self.agents[name].missed = 0
            self.uninvite(asked, "release", "declined")
            return
        agent, call = self.ringing_at(name, key, epoch)
        call.declined.add(name)
        self.deadlines.pop(f"ask_again:{key}", None)
        agent.missed = 0
        self.take_back(call, "release", "release", "declined")

    def do_another(self, name: str, key: str, epoch: int) -> None:
        call = self.calls.get(key)
        if call is None or call.customer != name:
            raise Refused("no_call")
        if STATE_OF[call.phase] != "active" or call.epoch != int(epoch):
            raise Refused("stale")
        if call.helpers:
            call.left.add(call.agent)
            self.free(self.hand_over(call, "another_signer"))
            return
        if not self.possible(call, call.needs):
            if not self.possible(call, call.base_needs):
                raise Refused("nobody_else")
            call.needs = call.base_needs
        agent = self.agents[call.agent]
        call.left.add(agent.id)
        self.requeue(call, "another_signer")
        self.free(agent)

    def do_hold(self, name: str, key: str, epoch: int, held: int) -> None:
        call = self.calls.get(key)
        if call is None or call.agent != name or STATE_OF[call.phase] != "active":
            raise Refused("no_call")
        if call.epoch != int(epoch):
            raise Refused("stale")
        self.hold(call, held=bool(held))

    def do_transfer(self, name: str, key: str, epoch: int, to: str, sign: str, need: str, note: str) -> None:
        call = self.calls.get(key)
        if call is None or call.agent != name or STATE_OF[call.phase] != "active":
            raise Refused("no_call")
        if call.epoch != int(epoch):
            raise Refused("stale")
        signs = call.sign_need if call.needs != call.base_needs else frozenset()
        base = call.base_needs | frozenset(filter(None, [need]))
        asked = frozenset([sign]) if sign else signs
        needs = base | asked

        def can(wanted: frozenset[str]) -> bool:
            return to != name and self.is_free(to, call, wanted) if to else self.possible(call, wanted)

        if not can(needs):
            if to:
                raise Refused("not_free")
            if sign or not asked or not self.possible(call, base):
                raise Refused("nobody_else")
            needs = base
        if to:
            call.last_agent, call.last_agent_until_ms = to, self.now + delay_ms("ring", self.policy)
        call.sign_need = needs - base
        about = needs | call.topic
        call.needs, call.base_needs, call.sign = about if can(about) else needs, base, sign or call.sign
        agent = self.agents[name]
        call.declined.add(name)
        self.requeue(call, "transferred")
        self.free(agent)

    def is_free(self, name: str, call: Call, needs: frozenset[str]) -> bool:
        agent = self.agents.get(name)
        return (
            agent is not None
            and agent.state == "available"
            and self.persons[name].present
            and self.will_serve(agent, call)
            and needs <= agent.skills
            and name not in call.declined | call.left
        )

    def possible(self, call: Call, needs: frozenset[str]) -> bool:
        barred = call.declined | call.left | {call.agent}
        return any(
            agent.id not in barred and agent.state != "break" and self.persons[agent.id].present
            for agent in self.staffed(needs, call.call_class)
        )

    def do_disposition(self, name: str, key: str, outcome: str, note: str, due_in_h: int) -> None:
        agent = self.agents.get(name)
        if agent is None or agent.state != "after_call" or agent.after_call_of != key:
            raise Refused("no_call")
        call = self.calls[key]
        call.outcome = outcome
        if call.solved and outcome != "solved":
            call.matter, call.solved = True, False
            self.deadlines[f"solution:{key}"] = call.joined_ms + delay_ms("solution", self.policy) // 2
        if call.matter and outcome != "cut_off":
            self.deadlines.pop(f"proposal:{key}", None)
            if outcome == "solved":
                call.solved = True
                self.close_matter(call)
        if outcome != "follow_up":
            call.promise = ("", 0, 0)
        elif call.promise[:2] != (name, due_in_h):
            call.promise = (name, due_in_h, self.now + due_in_h * 3_600_000)

    def do_leg_offered(self, name: str, leg: str, worker: str) -> None:
        if name not in self.persons:
            raise Refused("not_connected")
        person = self.persons[name]
        person.leg, person.leg_up = leg, True
        self.deadlines.pop(f"no_picture:{name}", None)

    def do_leg_event(self, name: str, leg: str, event: str) -> None:
        person = self.persons.get(name)
        if person is None or person.leg != leg or not person.leg_up or event != "closed":
            return
        person.leg_up = False
        if name in self.agents and self.agents[name].state in ("available", "reserved"):
            self.arm("no_picture", name)

    def do_shift_add(self, name: str, key: str, start_ms: int, end_ms: int, breaks: str | bytes = "[]") -> None:
        if any(s.agent == name and s.start_ms < end_ms and start_ms < s.end_ms for s in self.shifts.values()):
            raise Refused("shift_overlaps")
        self.shifts[key] = Shift(name, start_ms, end_ms, json.loads(breaks))
        if name in self.agents and self.agents[name].state != "offline":
            self.arm_shift(name)

    def do_shift_remove(self, key: str) -> None:
        shift = self.shifts.pop(key, None)
        if shift is not None and shift.agent in self.agents and self.agents[shift.agent].state != "offline":
            agent = self.agents[shift.agent]
            self.arm_shift(agent.id)
            if agent.state in ("available", "rest") and not self.on_shift(agent.id):
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
                kind, _, key = member.partition(":")
                self.handle(kind, key)
                self.match()

    def others(self, call: Call, needs: frozenset[str]) -> set[str]:
        return {agent.id for agent in self.staffed(needs, call.call_class)} - call.left

    def let_others(self, call: Call) -> None:
        """Who signs in another way takes it, or nobody does."""
        if call.needs == call.base_needs or not self.others(call, call.base_needs):
            return self.close(call, "closed")
        self.deadlines.pop(f"nobody:{call.id}", None)
        self.deadlines.pop(f"forsaken:{call.id}", None)
        call.needs, call.held_for = call.base_needs, ""
        self.enter_line(call)
        return None

    def ask_again(self, call: Call) -> None:
        others = self.others(call, call.needs)
        if others:
            self.deadlines.pop(f"forsaken:{call.id}", None)
        elif call.left and f"forsaken:{call.id}" not in self.deadlines:
            self.arm("forsaken", call.id)
        if others and others <= call.declined:
            call.declined.clear()
            if not call.left:
                return
        self.arm("ask_again", call.id)

    def handle(self, kind: str, key: str) -> None:
        self.visited.add(("deadline", "", kind))
        if kind == "ring":
            call = self.calls[key]
            agent = self.agents[call.agent]
            rests = self.tired(agent) or self.spent(agent)
            if rests:
                call.declined.add(agent.id)
                self.deadlines.pop(f"ask_again:{key}", None)
            self.take_back(call, "release", "release", "missed")
            agent.missed += not rests
            if agent.missed >= self.policy.missed_limit:
                self.pause(agent, "missed")
        elif kind == "invite":
            agent = self.uninvite(self.calls[key], "release", "missed")
            agent.missed += 1
            if agent.missed >= self.policy.missed_limit:
                self.pause(agent, "missed")
        elif kind in ("keep_place", "customer_return"):
            self.close(self.calls[key], "customer_lost")
        elif kind == "nobody":
            self.let_others(self.calls[key])
        elif kind == "ask_again" and self.calls[key].phase == "queued":
            self.ask_again(self.calls[key])
        elif kind == "ask_again":
            return
        elif kind in ("age", "last_agent"):
            call = self.calls[key]
            if call.phase == "queued" and (kind == "age" or call.held_for):
                call.held_for = ""
                self.enter_line(call)
        elif kind in ("proposal", "solution"):
            assert self.calls[key].matter
        elif kind == "forsaken":
            if not self.others(self.calls[key], self.calls[key].needs):
                self.let_others(self.calls[key])
        elif kind == "no_picture":
            desk = self.agents[key]
            if not self.persons[key].leg_up and desk.state == "reserved":
                self.leave_ring(desk, "no_picture")
            elif not self.persons[key].leg_up and desk.state == "available":
                self.pause(desk, "no_picture")
        elif kind == "agent_return":
            self.leave(self.agents[key], "agent_lost")
        elif kind == "shift":
            self.arm_shift(key)
            if self.agents[key].state in ("available", "rest") and not self.on_shift(key):
                self.pause(self.agents[key], "shift_over")
        elif kind == "day":
            self.look_at_limit(self.agents[key])
        elif kind == "break_over":
            if self.agents[key].state == "break":
                self.settle(self.agents[key])
        elif kind == "break_wait" and self.agents[key].state in ("available", "rest"):
            self.pause(self.agents[key], "asked")
        elif kind == "break_wait":
            self.agents[key].break_wanted = True
            self.forget_ask(self.agents[key])
        elif self.agents[key].state == kind:
            self.settle(self.agents[key])
