"""The bitrate of a picture: slow up, fast down, and never starved by an estimate that only follows a still picture."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rate_control import CEILING_MS, Ceiling, Limits, PictureRate, QueueDelay, UplinkEstimate, ViewerState, shares

pytestmark = pytest.mark.unit

LIMITS = Limits(start=800_000, minimum=100_000, maximum=2_000_000)
GOOD = ViewerState(None, 0.0)


def test_it_begins_at_the_start_rate() -> None:
    assert PictureRate(LIMITS).target_bps == 800_000
    assert PictureRate(LIMITS).update([], 0) == 800_000


def test_without_loss_it_grows_once_a_second_up_to_the_maximum() -> None:
    rate = PictureRate(LIMITS)
    rate.update([GOOD], 0)

    assert rate.update([GOOD], 999) == 800_000
    assert rate.update([GOOD], 1000) == pytest.approx(864_000, abs=1)
    assert rate.update([GOOD], 1001) == pytest.approx(864_000, abs=1)
    for second in range(2, 60):
        rate.update([GOOD], second * 1000)
    assert rate.target_bps == LIMITS.maximum


def test_some_loss_holds_it_and_much_loss_lowers_it() -> None:
    rate = PictureRate(LIMITS)
    rate.update([GOOD], 0)

    assert rate.update([GOOD, ViewerState(None, 0.05)], 1000) == 800_000
    assert rate.update([GOOD, ViewerState(None, 0.2)], 2000) == 720_000


def test_the_weakest_viewer_decides_at_once() -> None:
    rate = PictureRate(LIMITS)

    assert rate.update([GOOD, ViewerState(300_000, 0), ViewerState(500_000, 0)], 10) == 300_000


@given(
    states=st.lists(
        st.lists(st.builds(ViewerState, st.none() | st.integers(0, 10**8), st.floats(0, 1)), max_size=3), max_size=30
    )
)
def test_it_never_leaves_its_limits(states: list[list[ViewerState]]) -> None:
    rate = PictureRate(LIMITS)
    for index, viewers in enumerate(states):
        assert LIMITS.minimum <= rate.update(viewers, index * 700.0) <= LIMITS.maximum


def test_an_estimate_is_no_ceiling_while_nothing_is_congested() -> None:
    ceiling = Ceiling(2_000_000)
    for index, estimate in enumerate([74_000, 80_000, 60_000, 90_000, 99_000]):
        ceiling.update(estimate, index * 300.0, congested=False)

    assert ceiling.bps is None


def test_a_fall_is_less_than_the_estimate_before_by_more_than_its_grain() -> None:
    ceiling = Ceiling(2_000_000)
    assert not ceiling.falls(1_000_000)
    ceiling.update(1_000_000, 0, congested=False)

    assert not ceiling.falls(990_000)
    assert ceiling.falls(900_000)


def test_congestion_makes_it_a_ceiling_which_follows_the_estimate() -> None:
    ceiling = Ceiling(2_000_000)
    ceiling.update(700_000, 300, congested=True)
    assert ceiling.bps == 700_000
    ceiling.update(760_000, 600, congested=False)
    assert ceiling.bps == 760_000
    ceiling.update(2_100_000, 900, congested=False)
    assert ceiling.bps is None


def test_a_ceiling_is_given_up_when_there_was_no_congestion_for_long() -> None:
    ceiling = Ceiling(2_000_000)
    ceiling.update(500_000, 300, congested=True)
    ceiling.update(500_000, 300 + CEILING_MS, congested=False)
    assert ceiling.bps == 500_000
    ceiling.update(500_000, 301 + CEILING_MS, congested=False)
    assert ceiling.bps is None


def test_bandwidth_is_divided_between_slots() -> None:
    assert shares(None, 2) == [None, None]
    assert shares(1_000_000, 0) == []
    assert shares(1_000_000, 1) == [1_000_000]
    assert shares(1_000_000, 2) == [400_000, 600_000]
    assert sum(share or 0 for share in shares(1_000_000, 3)) <= 1_000_000


def send(estimate: UplinkEstimate, *, seconds: float, delay_ms_per_s: float, start_s: float = 0.0) -> float:
    """Send 100 packets of 1,000 bytes a second, each on time or later and later."""
    packets = int(seconds * 100)
    for index in range(packets):
        sent_s = start_s + index / 100
        send_time = int(sent_s * (1 << 18)) & 0xFFFFFF
        estimate.add(send_time, 1000, 5, (sent_s + (index / 100) * delay_ms_per_s / 1000) * 1000)
    return start_s + seconds


def test_a_free_uplink_has_no_ceiling() -> None:
    estimate = UplinkEstimate(2_000_000)
    send(estimate, seconds=12, delay_ms_per_s=0)

    assert estimate.running_bps is not None
    assert estimate.ceiling_bps is None


def test_an_uplink_on_which_packets_pile_up_gets_one() -> None:
    estimate = UplinkEstimate(2_000_000)
    end_s = send(estimate, seconds=8, delay_ms_per_s=0)
    send(estimate, seconds=6, delay_ms_per_s=60, start_s=end_s)

    assert estimate.ceiling_bps is not None
    assert estimate.ceiling_bps < 900_000


def test_packets_that_are_read_late_now_and_then_are_no_queue() -> None:
    estimate = UplinkEstimate(2_000_000)
    dice = random.Random(5)
    for index in range(3000):
        sent_s = index / 100
        late_ms = dice.choice((0, 0, 1, 2, 40)) + 30 * (index // 150 % 2)
        estimate.add(int(sent_s * (1 << 18)) & 0xFFFFFF, 1000, 5, sent_s * 1000 + late_ms)

    assert estimate.ceiling_bps is None


def test_a_queue_is_measured_though_clocks_differ_and_wrap() -> None:
    queue = QueueDelay()
    for index in range(10_000):
        sent_s = 1000 + index / 100
        queue.add(int(sent_s * (1 << 18)) & 0xFFFFFF, sent_s * 1000 * 1.0001 + 5)
    assert queue.ms < 5
    for index in range(100):
        sent_s = 1100 + index / 100
        queue.add(int(sent_s * (1 << 18)) & 0xFFFFFF, sent_s * 1000 * 1.0001 + 105)
    assert queue.ms == pytest.approx(100, abs=10)
