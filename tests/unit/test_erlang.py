"""Erlang C and A against exact sums, against the reference table, and against what must be true of any queue."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.erlang import worst_errors
from scheduler.erlang import ErlangA, Load, erlang_a, erlang_c
from scheduler.errors import NotPositive, Unstable
from scheduler.service_level import Definition

pytestmark = pytest.mark.unit

REFERENCE = Path(__file__).parents[2].parent / "shared/data/queueing/erlang_reference_values.csv"


def test_the_reference_table_is_met_to_a_billionth() -> None:
    if not REFERENCE.exists():
        pytest.skip("shared material: the reference table is not beside the project")
    with REFERENCE.open(newline="", encoding="utf-8") as file:
        worst = worst_errors(list(csv.DictReader(file)))
    assert len(worst) == 13
    assert {name: entry for name, entry in worst.items() if entry["relative_error"] > 1e-9} == {}


@dataclass(frozen=True)
class Exact:
    """Erlang A by its birth-death sums with 400 decimal digits: slow, and simple enough to be trusted."""

    delay: Decimal
    abandonment: Decimal
    queue_length: Decimal
    served_of_offered: Decimal
    served_of_answered: Decimal
    offered_wait: Decimal
    waits_longer: Decimal


def exact(load: Load, agents: int, patience_s: float, within_s: float) -> Exact:
    """With k calls ahead the offered wait is the slowest of k+1 of c+k+1 exponentials: a negative binomial sum."""
    with localcontext() as context:
        context.prec = 400
        offered = Decimal(load.calls) * Decimal(load.aht_s) / Decimal(load.interval_s)
        b = Decimal(load.aht_s) / Decimal(patience_s)
        c = agents / b
        alive = (-Decimal(within_s) / Decimal(patience_s)).exp()
        state, below = Decimal(1), Decimal(0)
        for busy in range(agents):
            below += state
            state *= offered / (busy + 1)
        term, patient_term = (c * alive.ln()).exp(), ((c + 1) * alive.ln()).exp()
        late, patient_late = term, patient_term
        top = waiting = in_time = served = served_in_time = longer = Decimal(0)
        k = 0
        while k == 0 or state > top * Decimal("1e-330") or offered >= agents + k * b:
            stays = c / (c + k + 1)
            top += state
            waiting += k * state
            in_time += state * (1 - late)
            longer += state * late * alive
            served += state * stays
            served_in_time += state * stays * (1 - patient_late)
            k += 1
            state *= offered / (agents + k * b)
            term *= (1 - alive) * (c + k - 1) / k
            patient_term *= (1 - alive) * (c + k) / k
            late, patient_late = late + term, patient_late + patient_term
        total = below + top
        return Exact(
            delay=top / total,
            abandonment=waiting * b / offered / total,
            queue_length=waiting / total,
            served_of_offered=(below + served_in_time) / total,
            served_of_answered=(below + served_in_time) / (below + served),
            offered_wait=(below + in_time) / total,
            waits_longer=longer / total,
        )


def relative_error(found: float, expected: Decimal) -> float:
    return abs(float((Decimal(found) - expected) / expected)) if expected > Decimal("1e-280") else 0.0


CASES = [
    # agents, load per agent, patience / handle time, threshold / handle time
    (1, 0.001, 1.0, 0.07),
    (1, 25.0, 1.0, 0.07),
    (1, 0.9, 40.0, 3.0),
    (2, 0.42, 0.6, 0.067),
    (2, 1.0, 30.0, 1e-4),
    (6, 0.8, 0.0001, 0.05),
    (6, 0.8, 50.0, 0.05),
    (6, 1.0, 50.0, 8.0),
    (30, 0.02, 1.0, 0.1),
    (30, 0.95, 0.3, 0.05),
    (60, 1.3, 20.0, 0.05),
    (150, 0.05, 0.01, 0.0001),
    (300, 0.9999, 5.0, 0.01),
    (300, 2.5, 5.0, 0.05),
    (300, 1.0, 0.02, 0.05),
    (300, 0.9999999, 1.0, 0.01),
    (300, 0.6, 1.0, 0.3),
    (1, 1e-6, 1e-3, 0.5),
    (1, 1.0, 1e-6, 0.07),
    (2, 0.5, 1e-6, 0.07),
]


@pytest.mark.parametrize(("agents", "per_agent", "patience", "threshold"), CASES)
def test_erlang_a_is_the_birth_death_sum(agents: int, per_agent: float, patience: float, threshold: float) -> None:
    load = Load(calls=900.0 / 240.0 * agents * per_agent, interval_s=900.0, aht_s=240.0)
    queue = erlang_a(load, agents, patience * 240.0)
    expected = exact(load, agents, patience * 240.0, threshold * 240.0)
    errors = {
        "delay": relative_error(queue.delay_probability, expected.delay),
        "abandonment": relative_error(queue.abandonment, expected.abandonment),
        "queue_length": relative_error(queue.queue_length, expected.queue_length),
        "waits_longer": relative_error(queue.waits_longer(threshold * 240.0), expected.waits_longer),
    }
    for definition in Definition:
        found = queue.service_level(threshold * 240.0, definition)
        errors[definition] = relative_error(found, getattr(expected, definition.value))
    assert {name: error for name, error in errors.items() if error > 2e-12} == {}


@pytest.mark.parametrize(
    ("agents", "per_agent"),
    [(1, 0.5), (1, 1 - 1e-12), (2, 1 - 1e-9), (6, 0.999), (30, 0.2), (120, 0.01), (300, 0.5), (300, 0.9999999)],
)
def test_erlang_c_is_its_sum(agents: int, per_agent: float) -> None:
    load = Load(calls=900.0 / 240.0 * agents * per_agent, interval_s=900.0, aht_s=240.0)
    with localcontext() as context:
        context.prec = 400
        offered = Decimal(load.calls) * 240 / 900
        state, below = Decimal(1), Decimal(0)
        for busy in range(agents):
            below += state
            state *= offered / (busy + 1)
        top = state * agents / (agents - offered)
        delay, asa_s = top / (top + below), 240 * top / (top + below) / (agents - offered)
        late = delay * (-(agents - offered) * 20 / 240).exp()
    queue = erlang_c(load, agents)
    assert relative_error(queue.delay_probability, delay) < 1e-12
    assert relative_error(queue.asa_s, asa_s) < 1e-12
    assert relative_error(queue.service_level(20.0), 1 - late) < 1e-12
    assert relative_error(queue.waits_longer(20.0), late) < 1e-12


def queue_a(
    agents: int = 5, calls: float = 12.0, aht_s: float = 300.0, patience_s: float = 240.0, interval_s: float = 900.0
) -> ErlangA:
    return erlang_a(Load(calls=calls, interval_s=interval_s, aht_s=aht_s), agents, patience_s)


AGENTS = st.integers(1, 120)
PER_AGENT = st.floats(0.01, 4.0)
PATIENCE_S = st.floats(0.01, 1e7)
WITHIN_S = st.floats(0.0, 3600.0)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(agents=AGENTS, per_agent=PER_AGENT, patience_s=PATIENCE_S, within_s=WITHIN_S)
def test_what_holds_for_every_queue(agents: int, per_agent: float, patience_s: float, within_s: float) -> None:
    calls = 900.0 / 300.0 * agents * per_agent
    queue = queue_a(agents, calls, patience_s=patience_s)
    more = queue_a(agents + 1, calls, patience_s=patience_s)
    assert queue.served + queue.abandonment == pytest.approx(1.0, abs=1e-12)
    assert queue.delay_probability + queue.no_delay_probability == pytest.approx(1.0, abs=1e-12)
    # Little's law, and work that comes is work that is done.
    assert queue.queue_length == pytest.approx(queue.wait_s * calls / 900.0, rel=1e-12)
    assert queue.occupancy * agents == pytest.approx(calls * 300.0 / 900.0 * queue.served, rel=1e-12)
    assert more.delay_probability <= queue.delay_probability
    assert more.abandonment <= queue.abandonment
    assert more.wait_s <= queue.wait_s
    for definition in Definition:
        level = queue.service_level(within_s, definition)
        assert 0.0 <= level <= 1.0 + 1e-12
        assert more.service_level(within_s, definition) >= level * (1 - 1e-12)
        assert queue.service_level(within_s + 1.0, definition) >= level * (1 - 1e-12)
    assert queue.service_level(within_s) <= queue.service_level(within_s, Definition.SERVED_OF_ANSWERED) * (1 + 1e-12)
    assert queue.service_level(within_s) <= queue.service_level(within_s, Definition.OFFERED_WAIT) * (1 + 1e-12)
    assert queue.waits_longer(within_s) <= queue.delay_probability * (1 + 1e-12)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(agents=AGENTS, per_agent=st.floats(0.01, 0.9), within_s=WITHIN_S)
def test_endless_patience_is_erlang_c(agents: int, per_agent: float, within_s: float) -> None:
    load = Load(calls=3.0 * agents * per_agent, interval_s=900.0, aht_s=300.0)
    patient, endless = erlang_a(load, agents, 1e13), erlang_c(load, agents)
    assert patient.delay_probability == pytest.approx(endless.delay_probability, rel=1e-6)
    assert patient.wait_s == pytest.approx(endless.asa_s, rel=1e-6)
    assert patient.queue_length == pytest.approx(endless.queue_length, rel=1e-6)
    assert patient.occupancy == pytest.approx(endless.occupancy, rel=1e-6)
    assert patient.waits_longer(within_s) == pytest.approx(endless.waits_longer(within_s), rel=1e-6)
    for definition in Definition:
        assert patient.service_level(within_s, definition) == pytest.approx(endless.service_level(within_s), rel=1e-6)


@pytest.mark.parametrize("agents", [1, 2, 7, 60])
def test_no_patience_is_the_loss_formula(agents: int) -> None:
    load = Load(calls=0.8 * agents, interval_s=300.0, aht_s=300.0)
    blocked = 1.0
    for busy in range(1, agents + 1):
        blocked = load.offered * blocked / (busy + load.offered * blocked)
    assert erlang_a(load, agents, 1e-9).abandonment == pytest.approx(blocked, rel=1e-9)


def test_one_agent_is_the_textbook_queue() -> None:
    queue = erlang_c(Load(calls=6.0, interval_s=3600.0, aht_s=300.0), 1)
    assert queue.delay_probability == pytest.approx(0.5, rel=1e-15)
    assert queue.asa_s == pytest.approx(300.0, rel=1e-14)
    assert queue.occupancy == 0.5
    assert queue.queue_length == pytest.approx(0.5, rel=1e-14)
    assert queue.service_level(600.0) == pytest.approx(1 - 0.5 * math.exp(-1.0), rel=1e-14)


def test_the_smallest_of_shares_keep_their_precision() -> None:
    load = Load(calls=10.0 - 1e-11, interval_s=300.0, aht_s=300.0)
    nearly_full = erlang_c(load, 10)
    # 1 / B(9, 10) = 3.66: the chance of no delay goes to 0 with the spare capacity.
    assert nearly_full.no_delay_probability == pytest.approx(load.spare(10) * 3.65981 / 10, rel=1e-4)
    assert nearly_full.service_level(0.0) == nearly_full.no_delay_probability
    # One call a week at five hundred agents: no float can hold the chance, and nothing breaks.
    idle = erlang_a(Load(calls=1.0, interval_s=604800.0, aht_s=1.0), 500, 60.0)
    assert (idle.delay_probability, idle.abandonment, idle.service_level(20.0)) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("ratio", [1e-12, 1e-6, 1.0, 1e6, 1e12])
@pytest.mark.parametrize("per_agent", [1e-6, 1 - 1e-9, 1.0, 1 + 1e-9, 1e6])
@pytest.mark.parametrize("agents", [1, 6, 5000])
def test_extremes_stay_consistent(agents: int, per_agent: float, ratio: float) -> None:
    queue = queue_a(agents, 3.0 * agents * per_agent, patience_s=300.0 * ratio)
    assert queue.served + queue.abandonment == pytest.approx(1.0, abs=1e-11)
    assert queue.service_level(math.inf) == pytest.approx(queue.served, rel=1e-11)
    assert queue.service_level(0.0) == queue.no_delay_probability
    assert queue.waits_longer(0.0) == pytest.approx(queue.delay_probability, rel=1e-11)
    assert queue.waits_longer(math.inf) == 0.0


def test_a_queue_without_end_is_refused() -> None:
    with pytest.raises(Unstable) as refused:
        erlang_c(Load(calls=6.0, interval_s=900.0, aht_s=300.0), 2)
    assert refused.value.data == {"offered_erlang": 2.0, "agents": 2}
    assert refused.value.code == "planning_unstable"


@pytest.mark.parametrize("name", ["calls", "interval_s", "aht_s"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_load_is_positive(name: str, value: float) -> None:
    with pytest.raises(NotPositive, match=name):
        Load(**({"calls": 5.0, "interval_s": 900.0, "aht_s": 300.0} | {name: value}))


@pytest.mark.parametrize("agents", [0, -1, 2.5])
def test_agents_are_whole(agents: int) -> None:
    load = Load(calls=5.0, interval_s=900.0, aht_s=300.0)
    with pytest.raises(NotPositive, match="whole number"):
        erlang_a(load, agents, 60.0)
    with pytest.raises(NotPositive, match="whole number"):
        erlang_c(load, agents)


@pytest.mark.parametrize("patience_s", [0.0, -3.0, math.inf, math.nan])
def test_patience_is_positive_and_finite(patience_s: float) -> None:
    with pytest.raises(NotPositive, match="patience_s"):
        queue_a(patience_s=patience_s)


def test_a_threshold_is_not_negative() -> None:
    with pytest.raises(NotPositive, match="within_s"):
        queue_a().service_level(-1.0)
    with pytest.raises(NotPositive, match="than_s"):
        queue_a().waits_longer(math.nan)
    with pytest.raises(NotPositive, match="within_s"):
        erlang_c(Load(calls=1.0, interval_s=900.0, aht_s=300.0), 2).service_level(-1.0)
