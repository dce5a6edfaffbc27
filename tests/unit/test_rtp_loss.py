"""Lost packets are asked for each round trip, a key frame after two, and never more than one a second."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.loss import (
    KEY_FRAME_INTERVAL_MS,
    MAX_GAP,
    MOST_BEFORE_MS,
    NACK_PATIENCE_MS,
    KeyFrameRequests,
    LossAction,
    LossTracker,
)

pytestmark = pytest.mark.unit

ROUND_TRIP_MS = 80.0


def lossy(*, at_ms: float = 0.0) -> LossTracker:
    """A stream in which packets 11 and 12 are missing."""
    tracker = LossTracker()
    tracker.add(10, at_ms)
    tracker.add(13, at_ms)
    return tracker


def test_a_gap_is_asked_for_at_once() -> None:
    tracker = LossTracker()

    assert tracker.add(10, 0) == LossAction()
    assert tracker.add(11, 0) == LossAction()
    assert tracker.add(14, 0) == LossAction([12, 13])
    assert tracker.add(15, 0) == LossAction()
    assert tracker.pending


def test_it_is_asked_for_again_once_each_round_trip() -> None:
    tracker = lossy()

    assert tracker.due(79, ROUND_TRIP_MS).nack == []
    assert tracker.due(80, ROUND_TRIP_MS).nack == [11, 12]
    assert tracker.due(159, ROUND_TRIP_MS).nack == []
    assert tracker.due(160, ROUND_TRIP_MS).nack == [11, 12]


def test_a_short_round_trip_does_not_flood_the_sender() -> None:
    tracker = lossy()

    assert tracker.due(5, 1.0).nack == []
    assert tracker.due(20, 1.0).nack == [11, 12]


def test_what_came_is_not_asked_for_again() -> None:
    tracker = lossy()
    tracker.add(11, 10)

    assert tracker.due(80, ROUND_TRIP_MS).nack == [12]
    tracker.add(12, 90)
    assert not tracker.pending


@pytest.mark.parametrize(("round_trip_ms", "patience_ms"), [(10.0, 100.0), (80.0, 160.0), (200.0, 400.0)])
def test_a_key_frame_is_wanted_after_two_round_trips_but_not_before_100_ms(
    round_trip_ms: float, patience_ms: float
) -> None:
    tracker = lossy()

    assert not tracker.due(patience_ms - 1, round_trip_ms).key_frame
    assert tracker.due(patience_ms, round_trip_ms).key_frame


def test_a_packet_counts_as_missing_from_when_it_should_have_come() -> None:
    tracker = LossTracker()
    tracker.add(10, 0)
    tracker.add(11, 40)
    tracker.add(13, 60)

    assert not tracker.due(199, ROUND_TRIP_MS).key_frame
    assert tracker.due(200, ROUND_TRIP_MS).key_frame


def test_after_a_pause_it_counts_from_one_frame_before() -> None:
    tracker = LossTracker()
    tracker.add(10, 0)
    tracker.add(12, 5000)

    assert not tracker.due(5000 - MOST_BEFORE_MS + 159, ROUND_TRIP_MS).key_frame
    assert tracker.due(5000 - MOST_BEFORE_MS + 160, ROUND_TRIP_MS).key_frame


def test_a_packet_that_never_comes_is_given_up() -> None:
    tracker = lossy()
    tracker.due(NACK_PATIENCE_MS, ROUND_TRIP_MS)

    assert not tracker.pending


def test_what_lies_before_a_key_frame_is_forgotten() -> None:
    tracker = lossy()
    tracker.forget_before(12)

    assert tracker.due(80, ROUND_TRIP_MS).nack == [12]


def test_a_gap_too_large_to_mend_needs_a_key_frame() -> None:
    tracker = LossTracker()
    tracker.add(10, 0)

    assert tracker.add(10 + MAX_GAP + 1, 0) == LossAction(key_frame=True)
    assert not tracker.pending


@given(order=st.permutations(range(1, 60)))
def test_whatever_the_order_nothing_is_missing_in_the_end(order: list[int]) -> None:
    tracker = LossTracker()
    tracker.add(0, 0)
    for sequence in order:
        tracker.add(sequence, 0)

    assert not tracker.pending


def test_the_first_request_goes_out_at_once_and_later_ones_once_a_second() -> None:
    requests = KeyFrameRequests()

    assert requests.want(0)
    assert not requests.want(10)
    assert not requests.due(KEY_FRAME_INTERVAL_MS - 1)
    assert requests.due(KEY_FRAME_INTERVAL_MS)
    assert not requests.due(KEY_FRAME_INTERVAL_MS + 1)


def test_nothing_is_asked_for_when_the_key_frame_has_come() -> None:
    requests = KeyFrameRequests()
    requests.want(0)
    requests.settled()

    assert not requests.due(5000)
    assert requests.want(5000)


def test_a_wish_within_the_second_is_kept_until_its_end() -> None:
    requests = KeyFrameRequests()
    requests.want(0)
    requests.settled()

    assert not requests.want(300)
    assert requests.wanted
    assert not requests.due(999)
    assert requests.due(1000)


def test_a_new_viewer_does_not_wait() -> None:
    requests = KeyFrameRequests()
    requests.want(0)

    assert requests.want(5, new_viewer=True)


@given(wishes=st.lists(st.integers(0, 10_000), min_size=1, max_size=200))
def test_without_new_viewers_there_is_never_more_than_one_request_a_second(wishes: list[int]) -> None:
    requests = KeyFrameRequests()
    sent = [now_ms for now_ms in sorted(wishes) if requests.want(now_ms)]

    assert all(later - earlier >= KEY_FRAME_INTERVAL_MS for earlier, later in itertools.pairwise(sent))
