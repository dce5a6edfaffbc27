"""What a line carries, found in a drawn line: a width, a queue before it, and machines that are busy. Virtual time."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.fitting import NarrowLine
from media.line_rate import FORGET_MS, LeastDelay, LineRate, Seen, SendTimes, payload_bps

pytestmark = pytest.mark.unit

START, MINIMUM, MAXIMUM = 800_000, 40_000, 2_000_000
NEVER_SAID = 95_000


@dataclass
class DrawnLine:
    """One way of `bps` with a queue of `queue_s` before it, looked at once a second. `busy_ms` is no queue."""

    bps: float
    queue_s: float = 0.3
    waiting_bits: float = 0.0

    def second(self, sent_bps: float, *, busy_ms: float = 0.0, used: bool = True) -> Seen:
        offered = self.waiting_bits + sent_bps
        came = min(self.bps, offered)
        left = offered - came
        self.waiting_bits = min(left, self.bps * self.queue_s)
        lost = (left - self.waiting_bits) / sent_bps
        return Seen(came, sent_bps, lost, self.waiting_bits / self.bps * 1000 + busy_ms, used)


def run(line: DrawnLine, seconds: int, rate: LineRate | None = None, since_s: int = 0) -> list[int | None]:
    """Send what may be sent, and a quarter more each second while no limit is known."""
    found = rate or LineRate(MINIMUM, MAXIMUM)
    target: float = found.ceiling_bps or START
    ceilings = []
    for second in range(since_s, since_s + seconds):
        ceilings.append(found.update(line.second(target), second * 1000.0))
        target = min(MAXIMUM, target * 1.25, found.ceiling_bps or MAXIMUM)
    return ceilings


@pytest.mark.parametrize("kbps", [60, 80, 120, 200, 500, 1000])
@pytest.mark.parametrize("queue_s", [0.1, 0.3, 2.0])
def test_a_lines_width_is_found_and_kept(kbps: int, queue_s: float) -> None:
    ceilings = run(DrawnLine(kbps * 1000, queue_s), 120)

    assert all(known is not None for known in ceilings[5:])
    shares = [(known or 0) / kbps / 1000 for known in ceilings[10:]]
    assert min(shares) > 0.8
    assert max(shares) < 1.25
    assert sum(shares) / len(shares) > 0.88


@pytest.mark.parametrize("kbps", [115, 120, 150, 200, 300])
def test_no_line_of_more_than_100_kbit_s_is_ever_narrow(kbps: int) -> None:
    line = NarrowLine()
    ceilings = run(DrawnLine(kbps * 1000), 200)

    assert not any(line.update(known, second * 1000.0) for second, known in enumerate(ceilings))


def test_a_wide_line_has_no_ceiling() -> None:
    assert set(run(DrawnLine(10_000_000), 60)) == {None}


def test_a_fall_is_known_after_three_looks() -> None:
    rate, line = LineRate(MINIMUM, MAXIMUM), DrawnLine(10_000_000)
    run(line, 10, rate)
    line.bps = 200_000
    ceilings = run(line, 3, rate, 10)

    assert ceilings[-1] is not None
    assert ceilings[-1] <= 200_000


def test_one_look_at_a_bad_moment_does_not_take_everything() -> None:
    rate = LineRate(MINIMUM, MAXIMUM)
    assert rate.update(Seen(0, 1_000_000, 1.0, 300, used=True), 0) == 400_000
    assert rate.update(Seen(0, 400_000, 1.0, 300, used=True), 1000) == 160_000


def test_a_line_that_is_wide_again_is_used_again() -> None:
    rate, line = LineRate(MINIMUM, MAXIMUM), DrawnLine(120_000)
    run(line, 20, rate)
    line.bps = 10_000_000
    ceilings = run(line, 30, rate, 20)
    first_wide = next(second for second, known in enumerate(ceilings) if known is None or known > 500_000)

    assert first_wide <= 15
    assert ceilings[-1] is None


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("most_ms", [100, 300, 1000])
def test_a_busy_machine_is_not_taken_for_a_narrow_line(seed: int, most_ms: int) -> None:
    """Reports come late or on time, as it happens, and everything that was sent came."""
    dice, rate, narrow = random.Random(seed), LineRate(MINIMUM, MAXIMUM), NarrowLine()
    line, target, told = DrawnLine(50_000_000), float(START), []
    for second in range(120):
        busy_ms = dice.choice((0, 0, 40, most_ms, most_ms))
        rate.update(line.second(target, busy_ms=busy_ms), second * 1000.0)
        target = min(MAXIMUM, target * 1.25, rate.ceiling_bps or MAXIMUM)
        told.append(narrow.update(rate.ceiling_bps, second * 1000.0))

    assert not any(told)
    assert target > START / 2


def test_a_machine_that_is_always_late_costs_one_step() -> None:
    rate, line = LineRate(MINIMUM, MAXIMUM), DrawnLine(50_000_000)
    ceilings = []
    for second in range(15):
        seen = line.second(rate.ceiling_bps or START, busy_ms=200)
        ceilings.append(rate.update(seen, second * 1000.0))

    assert min(known for known in ceilings if known is not None) >= 0.8 * START


def test_what_was_not_filled_proves_nothing() -> None:
    """A card or a still picture takes little: that it is late, or partly lost, says nothing of the line's width."""
    rate = LineRate(MINIMUM, MAXIMUM)
    for second in range(30):
        assert rate.update(Seen(25_000, 30_000, 0.2, 400, used=False), second * 1000.0) is None


def test_a_little_loss_by_chance_is_no_ceiling() -> None:
    rate = LineRate(MINIMUM, MAXIMUM)
    for second in range(30):
        assert rate.update(Seen(760_000, 800_000, 0.05, 0, used=True), second * 1000.0) is None


def test_a_ceiling_is_forgotten_when_the_line_was_not_full_for_long() -> None:
    rate = LineRate(MINIMUM, MAXIMUM)
    rate.update(Seen(400_000, 800_000, 0.5, 300, used=True), 0)
    still = Seen(30_000, 30_000, 0, 0, used=False)

    assert rate.update(still, FORGET_MS) is not None
    assert rate.update(still, FORGET_MS + 1) is None


@given(
    st.lists(
        st.builds(Seen, st.floats(0, 1e8), st.floats(0, 1e8), st.floats(0, 1), st.floats(-1000, 1e5), st.booleans()),
        max_size=40,
    )
)
def test_whatever_is_seen_the_ceiling_keeps_its_limits(windows: list[Seen]) -> None:
    rate = LineRate(MINIMUM, MAXIMUM)
    for index, seen in enumerate(windows):
        ceiling = rate.update(seen, index * 700.0)
        assert ceiling is None or MINIMUM <= ceiling <= MAXIMUM


def test_the_quickest_packet_tells_of_a_standing_queue() -> None:
    delay = LeastDelay()
    for index in range(1000):
        delay.add(5 + (index % 30) * 10, index * 10.0)
    assert delay.take_ms() == pytest.approx(0, abs=1e-6), "one of them came at once"
    for index in range(100):
        delay.add(105 + (index % 30) * 10, 10_000 + index * 10.0)
    assert delay.take_ms() == pytest.approx(100, abs=1e-6)
    assert delay.take_ms() == 0, "nothing came"


def test_a_delay_that_stays_becomes_the_base() -> None:
    delay = LeastDelay()
    for index in range(3000):
        delay.add(5 if index < 300 else 80, index * 10.0)
        found = delay.take_ms()
    assert found == 0


def test_send_times_give_delays_though_clocks_differ_drift_and_wrap() -> None:
    times, delay = SendTimes(), LeastDelay()
    for index in range(10_000):
        sent_s = 1000 + index / 100
        now_ms = sent_s * 1000 * 1.0001 + 5
        delay.add(times.delay_ms(int(sent_s * (1 << 18)) & 0xFFFFFF, now_ms), now_ms)
    assert delay.take_ms() < 5
    for index in range(100):
        sent_s = 1100 + index / 100
        now_ms = sent_s * 1000 * 1.0001 + 105
        delay.add(times.delay_ms(int(sent_s * (1 << 18)) & 0xFFFFFF, now_ms), now_ms)
    assert delay.take_ms() == pytest.approx(100, abs=10)


@pytest.mark.parametrize(
    ("line", "rate", "payload"),
    [
        (2_000_000, 30, 1_916_000),
        (200_000, 30, 188_000),
        (120_000, 20, 112_000),
        (70_000, 12, 65_200),
        (9_000, 30, 4500),
    ],
)
def test_headers_have_their_share_of_a_line(line: int, rate: int, payload: int) -> None:
    assert payload_bps(line, rate) == payload
