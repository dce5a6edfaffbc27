"""The bitrate of a picture: slow up, fast down, and loss counts once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rate_control import KNOWN_GROWTH, Limits, PictureRate, ViewerState, shares

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
    assert rate.update([GOOD], 1000) == 1_000_000
    assert rate.update([GOOD], 1001) == 1_000_000
    for second in range(2, 60):
        rate.update([GOOD], second * 1000)
    assert rate.target_bps == LIMITS.maximum


def test_some_loss_holds_it_and_much_loss_lowers_it() -> None:
    rate = PictureRate(LIMITS)
    rate.update([GOOD], 0)

    assert rate.update([GOOD, ViewerState(None, 0.05)], 1000) == 800_000
    assert rate.update([GOOD, ViewerState(None, 0.2)], 2000) == 720_000


def test_what_is_lost_on_a_line_whose_width_is_known_is_not_counted_twice() -> None:
    rate = PictureRate(LIMITS)
    rate.update([GOOD], 0)

    assert rate.update([ViewerState(500_000, 0.6)], 1000) == 500_000


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


def test_bandwidth_is_divided_between_slots() -> None:
    assert shares(None, 2) == [None, None]
    assert shares(1_000_000, 0) == []
    assert shares(1_000_000, 1) == [1_000_000]
    assert shares(1_000_000, 2) == [400_000, 600_000]
    assert sum(share or 0 for share in shares(1_000_000, 3)) <= 1_000_000


@pytest.mark.parametrize(("bps", "preview"), [(260_000, 104_000), (220_000, 100_000), (150_000, 75_000)])
def test_an_agents_preview_stays_fluent_as_long_as_the_other_picture_can(bps: int, preview: int) -> None:
    """It is encoded once: what the preview has not, the customer has not."""
    assert shares(bps, 2) == [preview, bps - preview]


def test_under_a_ceiling_that_grows_by_itself_it_grows_faster() -> None:
    rate = PictureRate(LIMITS)
    rate.update([ViewerState(400_000, 0)], 0)
    assert rate.update([ViewerState(1_500_000, 0)], 1000) == 400_000 * KNOWN_GROWTH
