"""One leg's seconds: which of them count, what is kept of them, in constant memory. Virtual time only."""

from __future__ import annotations

import dataclasses
import random
import sys
from collections.abc import Iterable

import pytest

from media.leg_quality import HELD_MOST, SHOWN_FRESH_MS, Histogram, LegQuality, Reading, Sample
from video_service.line_quality import LineFacts
from video_service.media_plane import Shown

pytestmark = pytest.mark.unit

START = Reading(at_ms=0.0, sent=0, freezes=0, frozen_ms=0.0, octets_in=0, octets_out=0)


class Call:
    """A leg in a call, second by second."""

    def __init__(self, *, first_sent: int = 0) -> None:
        self.quality = LegQuality()
        self.now = dataclasses.replace(START, sent=first_sent)
        self.samples: list[Sample] = []
        self.quality.read(self.now)

    def second(self, fps: int, *, page: Shown | None = None, **change: float | None) -> None:
        """Let a second pass in which `fps` frames were sent; `change` are absolute readings."""
        self.now = dataclasses.replace(
            self.now,
            at_ms=self.now.at_ms + 1000,
            sent=self.now.sent + fps,
            **change,  # type: ignore[arg-type]
        )
        if page is not None:
            self.quality.shown(page, self.now.at_ms)
        sample = self.quality.read(self.now)
        if sample is not None:
            self.samples.append(sample)

    def seconds(self, rates: Iterable[int]) -> None:
        for fps in rates:
            self.second(fps)


def joined(fps: int = 30) -> Call:
    """A call whose first seconds, which never count, are over."""
    call = Call()
    call.seconds([fps, fps])
    assert call.samples == []
    return call


def test_steady_call_is_what_was_sent_second_by_second() -> None:
    call = joined()
    call.seconds([30] * 60)
    facts = call.quality.finish()
    assert (facts.seconds, facts.fps_p5, facts.fps_p50, facts.freezes, facts.rendered_seconds) == (60, 30, 30, 0, 0)


def test_p5_is_what_a_twentieth_of_the_seconds_lies_under() -> None:
    call = joined()
    call.seconds([12] * 5 + [30] * 95)
    assert call.quality.finish().fps_p5 == 12
    better = joined()
    better.seconds([12] * 4 + [30] * 96)
    assert better.quality.finish().fps_p5 == 30


def test_time_until_the_first_frame_and_the_first_second_after_it_do_not_count() -> None:
    call = Call(first_sent=400)  # an outlet that has shown another call before
    call.seconds([0] * 20)
    call.seconds([7, 22])
    assert call.samples == []
    call.seconds([30] * 5)
    facts = call.quality.finish()
    assert (facts.seconds, facts.fps_p5) == (5, 30)


def test_page_that_tells_what_it_presented_is_believed_more_than_what_was_sent() -> None:
    call = joined()
    for _ in range(20):
        call.second(30, page=Shown(fps=18, freezes=1, frozen_ms=400))
    facts = call.quality.finish()
    assert (facts.fps_p50, facts.rendered_seconds, facts.freezes, facts.frozen_ms) == (18, 20, 20, 8000)


def test_page_whose_word_comes_unevenly_is_followed_word_by_word() -> None:
    call = joined()
    call.second(30, page=Shown(fps=20))
    call.second(30)
    call.quality.shown(Shown(fps=22), call.now.at_ms)
    call.second(30, page=Shown(fps=24))
    call.second(30)
    assert [sample.fps for sample in call.samples] == [20, 20, 22, 24]


def test_late_word_is_used_again_without_its_freezes() -> None:
    call = joined()
    call.second(30, page=Shown(fps=20, freezes=2, frozen_ms=900))
    call.second(30)
    facts = call.quality.finish()
    assert (facts.rendered_seconds, facts.freezes, facts.frozen_ms) == (2, 2, 900)


def test_page_that_says_nothing_any_more_leaves_what_was_sent() -> None:
    call = joined()
    call.second(30, page=Shown(fps=11))
    call.seconds([30] * 10)
    silent_from = 1 + int(SHOWN_FRESH_MS // 1000)
    assert [sample.rendered for sample in call.samples] == [True] * silent_from + [False] * (11 - silent_from)
    assert call.samples[-1].fps == 30


def test_freezes_and_frozen_time_of_the_server_count_where_no_page_speaks() -> None:
    call = joined()
    call.second(25, freezes=1, frozen_ms=320.4)
    call.second(25, freezes=3, frozen_ms=1000.0)
    facts = call.quality.finish()
    assert (facts.freezes, facts.frozen_ms) == (3, 1000)


def test_paused_picture_is_neither_frozen_nor_slow() -> None:
    call = joined()
    call.seconds([30] * 10)
    call.quality.pause(paused=True)
    call.seconds([1] * 120)
    call.quality.pause(paused=False)
    # The first frame after the pause ends a gap that was wished for.
    call.second(9, freezes=1, frozen_ms=120_000.0)
    call.seconds([28] + [30] * 10)
    facts = call.quality.finish()
    assert (facts.fps_p5, facts.freezes, facts.frozen_ms) == (30, 0, 0)
    assert facts.seconds == 8 + 10


def test_seconds_just_before_a_pause_go_with_it_because_its_word_comes_late() -> None:
    call = joined()
    call.seconds([30] * 10 + [14, 0])
    call.quality.pause(paused=True)
    facts = call.quality.finish()
    assert (facts.seconds, facts.fps_p5) == (10, 30)


def test_pause_said_twice_is_one_pause() -> None:
    call = joined()
    call.seconds([30] * 10)
    for _ in range(3):
        call.quality.pause(paused=True)
    assert call.quality.finish().seconds == 8


def test_word_and_last_second_are_unknown_while_paused() -> None:
    call = joined()
    call.seconds([30] * 5)
    assert call.quality.word.shown == "good"
    call.quality.pause(paused=True)
    call.second(0)
    assert (call.quality.word.shown, call.quality.last) == ("", None)


def test_stillness_counts_once_the_picture_moves_again() -> None:
    call = joined()
    call.seconds([30] * 10 + [0] * 4 + [30] * 10)
    facts = call.quality.finish()
    assert (facts.seconds, facts.fps_p5) == (24, 0)


def test_stillness_at_the_end_does_not_count_nobody_came_back() -> None:
    call = joined()
    call.seconds([30] * 10 + [0] * 15)
    facts = call.quality.finish()
    assert (facts.seconds, facts.fps_p5) == (10, 30)


def test_stillness_beyond_all_patience_counts_and_memory_stays_bounded() -> None:
    call = joined()
    call.seconds([30] * 5 + [0] * (HELD_MOST + 20))
    assert call.quality.facts().seconds >= 5 + 20


def test_seconds_that_nobody_is_there_to_see_do_not_count() -> None:
    call = joined()
    call.seconds([30] * 5)
    for _ in range(8):
        call.second(30, seen=False)
    call.second(30, seen=True)
    call.second(30)
    call.seconds([25] * 5)
    facts = call.quality.finish()
    assert (facts.seconds, facts.fps_p5) == (10, 25)


def test_other_persons_new_connection_begins_new_counts_in_the_same_facts() -> None:
    call = joined()
    call.seconds([30] * 10 + [0, 0])
    call.quality.rejoin()
    call.now = dataclasses.replace(call.now, sent=0)  # a new outlet has sent nothing yet
    call.seconds([0, 0, 12, 30])
    call.seconds([26] * 10)
    facts = call.quality.finish()
    assert (facts.seconds, facts.fps_p5, facts.fps_p50) == (20, 26, 26)


def test_loss_is_of_the_worse_direction_and_unknown_without_packets() -> None:
    call = joined()
    call.second(30, expected=1000, received=1000)
    call.second(30, expected=2000, received=1950)
    call.second(30, expected=3000, received=2950, out_lost_share=0.12)
    call.second(30, out_lost_share=0.0)
    assert [sample.loss_permille for sample in call.samples] == [0, 50, 120, None]


def test_new_stream_whose_counts_begin_anew_is_no_loss() -> None:
    call = joined()
    call.second(30, expected=5000, received=5000)
    call.second(30, expected=90, received=90)
    assert call.samples[-1].loss_permille is None


def test_bitrate_is_what_the_octets_grew_by() -> None:
    call = joined()
    call.second(30, octets_in=100_000, octets_out=50_000)
    call.second(30, octets_in=225_000, octets_out=50_000)
    assert [(sample.in_kbps, sample.out_kbps) for sample in call.samples] == [(800, 400), (1000, 0)]


def test_second_that_lasted_longer_is_counted_by_its_length() -> None:
    call = joined()
    call.now = dataclasses.replace(call.now, at_ms=call.now.at_ms + 1000)  # the loop stood still for a second
    call.second(60, octets_in=250_000)
    assert (call.samples[-1].fps, call.samples[-1].in_kbps) == (30, 1000)


def test_delay_and_round_trip_are_kept_as_middle_and_bad_end() -> None:
    call = joined()
    for number in range(100):
        slow = number >= 90
        call.second(30, added_us=40_000.0 if slow else 9_000.0, round_trip_ms=400.0 if slow else 20.0)
    facts = call.quality.finish()
    assert facts.added_p50_us == pytest.approx(9_000, rel=1 / 32)
    assert facts.round_trip_p50_ms == 20
    assert facts.added_p95_us == pytest.approx(40_000, rel=1 / 32)
    assert facts.round_trip_p95_ms == pytest.approx(400, rel=1 / 32)


def test_covered_pictures_are_those_of_this_call() -> None:
    call = Call()
    call.quality = LegQuality()
    call.now = dataclasses.replace(START, pictures=500, whole=40, slate=3)
    call.quality.read(call.now)
    call.second(30, pictures=530, whole=40, slate=3)
    call.second(30, pictures=560, whole=50, slate=5)
    facts = call.quality.facts()
    assert (facts.pictures, facts.pictures_whole, facts.pictures_slate) == (60, 10, 2)


def test_each_second_says_how_many_of_its_pictures_were_covered() -> None:
    call = joined()
    call.second(30)
    for pictures, whole, slate in ((30, 0, 0), (60, 12, 0), (80, 12, 20)):
        call.second(30, pictures=pictures, whole=whole, slate=slate)
    assert [sample.whole_permille for sample in call.samples[-4:]] == [None, 0, 400, 1000]


def test_call_without_a_counted_second_has_empty_facts() -> None:
    call = Call()
    assert call.quality.facts() == call.quality.finish() == LineFacts()


def test_hours_take_no_more_room_than_minutes() -> None:
    """Reach of the values bounds the memory, not the length."""
    draw = random.Random(7)
    call = joined()

    def pass_by(seconds: int) -> int:
        for _ in range(seconds):
            call.second(draw.randrange(61), added_us=draw.randrange(100_000), round_trip_ms=draw.randrange(2_000))
        parts = [value for value in vars(call.quality).values() if isinstance(value, Histogram)]
        return sum(sys.getsizeof(part._counts) + len(part._counts) for part in parts)

    call.samples.clear()
    early = pass_by(4_000)
    late = pass_by(16_000)
    assert late <= 1.6 * early
    assert call.quality.facts().seconds >= 19_000


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.95, 1.0])
def test_histogram_agrees_with_sorting(share: float) -> None:
    draw = random.Random(3)
    for size in (1, 2, 19, 20, 21, 500):
        values = [draw.choice([draw.randrange(64), draw.randrange(10**6)]) for _ in range(size)]
        histogram = Histogram()
        for value in values:
            histogram.add(value)
        exact = sorted(values)[max(0, -(-int(share * 1000) * size // 1000) - 1)]
        assert histogram.quantile(share) == pytest.approx(exact, rel=1 / 32)


def test_histogram_is_exact_for_small_numbers_and_takes_none_below_zero() -> None:
    for value in range(64):
        histogram = Histogram()
        histogram.add(value)
        assert histogram.quantile(0.5) == value
    below = Histogram()
    below.add(-5)
    assert below.quantile(0.5) == 0
    assert Histogram().quantile(0.5) == 0
