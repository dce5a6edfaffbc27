from __future__ import annotations

from typing import Any

import pytest

from video_service import demo_people
from video_service.consent import CONSENT_VERSION
from video_service.demo_people import DemoAgent, DemoCustomer, person_is_on, whose_turn

pytestmark = pytest.mark.unit

SEEN = {"picture": "clear", "media": "live"}
RINGING = {"state": "reserved", "reservation": {"call": "c1", "epoch": 4}}
TALKING = {"state": "on_call", "call": {"call": "c1"}} | SEEN


JOIN = ("join", {"consent": CONSENT_VERSION})


def agent_acts(agent: DemoAgent, view: dict[str, Any], now_s: float, **more: Any) -> list[Any]:
    return agent.decide(view, more.pop("lines", 0), person_on=more.pop("person_on", False), now_s=now_s)


def customer_acts(customer: DemoCustomer, view: dict[str, Any], now_s: float, **more: Any) -> list[Any]:
    return customer.decide(
        view, may_call=more.get("may_call", True), person_on=more.get("person_on", False), now_s=now_s
    )


def test_an_agent_lets_it_ring_a_moment_then_takes_the_call() -> None:
    agent = DemoAgent()

    assert agent_acts(agent, RINGING, 10.0) == []
    assert agent_acts(agent, RINGING, 11.9) == []
    assert agent_acts(agent, RINGING, 12.0) == [("accept", {"call": "c1", "epoch": 4})]


def test_an_agent_greets_once_and_answers_each_line() -> None:
    agent = DemoAgent()

    said = [agent_acts(agent, TALKING, 1.0, lines=lines) for lines in (0, 0, 1, 1, 3)]

    assert [[fields["text"] for _, fields in acts] for acts in said] == [
        [demo_people.GREETING],
        [],
        [demo_people.ANSWER],
        [],
        [demo_people.ANSWER],
    ]


def test_an_agent_never_ends_a_call() -> None:
    agent = DemoAgent()
    agent_acts(agent, TALKING, 0.0)

    assert agent_acts(agent, TALKING, 3600.0, person_on=True) == []


@pytest.mark.parametrize("view", [{"state": "break"}, {"state": "break", "picture": "clear", "media": "offer"}])
def test_an_agent_is_not_ready_without_a_picture(view: dict[str, Any]) -> None:
    assert agent_acts(DemoAgent(), view, 100.0) == []


def test_an_agent_is_ready_again_a_moment_after_a_call() -> None:
    agent = DemoAgent()
    view = {"state": "after_call"} | SEEN

    assert agent_acts(agent, view, 0.0) == []
    assert agent_acts(agent, view, 3.0) == [("ready", {})]


def test_agents_leave_the_line_to_a_person_who_takes_calls() -> None:
    agent = DemoAgent()

    assert agent_acts(agent, {"state": "available"} | SEEN, 0.0, person_on=True) == [("break", {})]
    assert agent_acts(agent, {"state": "break"} | SEEN, 9.0, person_on=True) == []
    assert agent_acts(agent, {"state": "break"} | SEEN, 9.0, person_on=False) == [("ready", {})]


def test_a_customer_calls_says_why_and_leaves() -> None:
    customer = DemoCustomer(0)
    home = {"state": "home", "open": True}

    assert customer_acts(customer, home, 0.0) == []
    assert customer_acts(customer, home, 3.0) == [JOIN]
    [(kind, fields)] = customer_acts(customer, {"state": "waiting", "call": "c1"}, 4.0)
    assert kind == "note"
    assert "Demo" in fields["text"]
    assert customer_acts(customer, {"state": "ringing", "call": "c1"}, 5.0) == []
    connected = {"state": "connected", "call": "c1", "agent_name": demo_people.DRAWN[0]}
    [(kind, fields)] = customer_acts(customer, connected, 10.0)
    assert kind == "say"
    assert "Demo" in fields["text"]
    assert customer_acts(customer, connected, 49.9) == []
    assert customer_acts(customer, connected, 50.0) == [("hang_up", {"call": "c1"})]
    ended = {"state": "ended", "call": "c1", "open": True}
    assert customer_acts(customer, ended, 51.0) == []
    assert customer_acts(customer, ended, 65.9) == []
    assert customer_acts(customer, ended, 66.0) == [JOIN]


def test_a_customer_stays_longer_with_a_person_and_calls_sooner() -> None:
    customer = DemoCustomer(1)
    connected = {"state": "connected", "call": "c1", "agent_name": "Demo agent (you)"}

    assert [kind for kind, _ in customer_acts(customer, connected, 0.0, person_on=True)] == ["say"]
    assert customer_acts(customer, connected, 89.0, person_on=True) == []
    assert customer_acts(customer, connected, 90.0, person_on=True) != []
    ended = {"state": "ended", "call": "c1", "open": True}
    assert customer_acts(customer, ended, 91.0, person_on=True) == []
    assert customer_acts(customer, ended, 95.0, person_on=True) == [JOIN]


def test_a_customer_leaves_a_drawn_agent_when_a_person_is_ready() -> None:
    customer = DemoCustomer(1)
    connected = {"state": "connected", "call": "c1", "agent_name": demo_people.DRAWN[1]}

    assert [kind for kind, _ in customer_acts(customer, connected, 0.0)] == ["say"]
    assert customer_acts(customer, connected, 4.9, person_on=True) == []
    assert customer_acts(customer, connected, 5.0, person_on=True) == [("hang_up", {"call": "c1"})]


@pytest.mark.parametrize(("may_call", "is_open"), [(False, True), (True, False)])
def test_a_customer_waits_for_the_turn_and_for_an_open_line(may_call: bool, is_open: bool) -> None:
    customer = DemoCustomer(0)

    for now_s in (0.0, 1000.0):
        assert customer_acts(customer, {"state": "home", "open": is_open}, now_s, may_call=may_call) == []


def test_a_customer_does_not_wait_for_ever() -> None:
    customer = DemoCustomer(0)
    waiting = {"state": "waiting", "call": "c1"}
    customer_acts(customer, waiting, 0.0)

    assert customer_acts(customer, waiting, 59.0) == []
    assert customer_acts(customer, waiting, 60.0) == [("hang_up", {"call": "c1"})]


def test_customers_call_one_after_the_other() -> None:
    home, busy = {"state": "home"}, {"state": "ringing"}

    assert whose_turn({0: home, 1: home}, -1) == 0
    assert whose_turn({0: home, 1: home}, 0) == 1
    assert whose_turn({0: home, 1: home}, 1) == 0
    assert whose_turn({0: busy, 1: home}, 0) is None
    assert whose_turn({0: {}, 1: home}, 1) == 0
    assert whose_turn({}, 0) is None


def test_who_counts_as_a_person() -> None:
    def wall(*agents: tuple[str, str]) -> dict[str, Any]:
        return {"agents": [{"agent": agent, "state": state} for agent, state in agents]}

    drawn = frozenset({"d"})

    assert not person_is_on(wall(("d", "available"), ("p", "offline"), ("q", "break")), drawn)
    assert person_is_on(wall(("d", "break"), ("p", "after_call")), drawn)
    assert not person_is_on(wall(), drawn)
