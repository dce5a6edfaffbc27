"""The word for a line on the two pages: of this call and these legs, and of people who are here."""

from __future__ import annotations

from typing import Any

import pytest

from signaling import views
from signaling.policy import Policy
from signaling.snapshots import AgentRow, CallRow, PersonRow, PersonSnapshot
from video_service.line_quality import LineWord

pytestmark = pytest.mark.unit


def person(role: str, leg: str, **more: Any) -> PersonRow:
    fixed: dict[str, Any] = {"present": True, "leg": leg, "leg_worker": "w1", "leg_state": "live", "leg_call": "c"}
    return PersonRow(v=1, role=role, **fixed | more)


def snap(mine: PersonRow, other: PersonRow, phase: str = "talking", agent: AgentRow | None = None) -> PersonSnapshot:
    call = CallRow(v=1, phase=phase, epoch=1, customer="p", queue="main", call_class="normal", answered_ms=1)
    return PersonSnapshot(
        now=9, agents_on=1, serving=1, ringing=0, waiting=0, waiting_limit=5, person=mine, other=other, agent=agent,
        call_id="c", call=call,
    )  # fmt: skip


def shown_to_agent(mine: PersonRow, other: PersonRow, phase: str = "talking") -> tuple[LineWord, LineWord]:
    view = views.agent_view(snap(mine, other, phase, AgentRow(v=1, state="on_call")), alive={"w1"}, policy=Policy())
    return view.line_mine, view.line_theirs


def shown_to_customer(mine: PersonRow, other: PersonRow) -> str:
    return views.customer_view(snap(mine, other), alive={"w1"}, policy=Policy()).line_word


GOOD: dict[str, Any] = {"quality": "good"}


def test_agent_sees_a_word_for_each_side() -> None:
    agent = person("agent", "la", quality="fair", quality_of="c/la")
    customer = person("customer", "lc", quality="poor", quality_of="c/lc")
    assert shown_to_agent(agent, customer) == ("fair", "poor")


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"quality_of": "c/lc"}, "good"),
        ({"quality_of": "c/an-earlier-leg"}, ""),
        ({"quality_of": "an-earlier-call/lc"}, ""),
        ({"quality_of": ""}, ""),
        ({"quality_of": "c/lc", "present": False}, ""),
    ],
)
def test_word_of_another_call_or_leg_or_of_somebody_who_is_away_is_no_word(more: dict[str, Any], word: str) -> None:
    assert shown_to_agent(person("agent", "la"), person("customer", "lc", **GOOD | more)) == ("", word)


def test_there_is_no_word_before_the_call_is_on() -> None:
    agent = person("agent", "la", quality="good", quality_of="c/la")
    assert shown_to_agent(agent, person("customer", "lc"), phase="ringing") == ("", "")


@pytest.mark.parametrize(
    ("mine", "theirs", "word"),
    [
        ("good", "good", ""),
        ("fair", "good", ""),
        ("poor", "good", "poor"),
        ("good", "poor", "poor"),
        ("", "", ""),
    ],
)
def test_customer_hears_of_a_line_only_when_it_is_poor(mine: LineWord, theirs: LineWord, word: str) -> None:
    customer = person("customer", "lc", quality=mine, quality_of="c/lc")
    agent = person("agent", "la", quality=theirs, quality_of="c/la")
    assert shown_to_customer(customer, agent) == word
