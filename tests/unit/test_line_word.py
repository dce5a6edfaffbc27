"""One plain word for a line, and how slowly it changes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from media.line_word import BETTER_AFTER_S, FAIR, GOOD, LEAST_S, WINDOW_S, WORSE_AFTER_S, Word, grade, next_word
from video_service.line_quality import LineWord

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class One:
    """A second."""

    fps: int = 30
    freezes: int = 0
    frozen_ms: int = 0
    loss_permille: int | None = 0
    round_trip_ms: int | None = 40


def steady(second: One) -> list[One]:
    return [second] * WINDOW_S


@pytest.mark.parametrize(
    ("second", "word"),
    [
        (One(), "good"),
        (One(fps=25), "good"),
        (One(fps=24), "fair"),
        (One(fps=20), "fair"),
        (One(fps=19), "poor"),
        (One(fps=11), "poor"),
        (One(fps=0), "poor"),
        (One(loss_permille=30), "good"),
        (One(loss_permille=31), "fair"),
        (One(loss_permille=100), "fair"),
        (One(loss_permille=101), "poor"),
        (One(round_trip_ms=300), "good"),
        (One(round_trip_ms=301), "fair"),
        (One(round_trip_ms=801), "poor"),
        (One(loss_permille=None, round_trip_ms=None), "good"),
    ],
)
def test_each_bound_decides_by_itself(second: One, word: LineWord) -> None:
    assert grade(steady(second)) == word


def test_one_short_freeze_is_fair_and_a_long_one_or_a_second_is_poor() -> None:
    calm = steady(One())
    assert grade([*calm[1:], One(freezes=1, frozen_ms=400)]) == "fair"
    assert grade([*calm[1:], One(freezes=1, frozen_ms=501)]) == "poor"
    assert grade([*calm[2:], One(freezes=1, frozen_ms=100), One(freezes=1, frozen_ms=100)]) == "poor"


def test_two_numbers_out_of_five_do_not_decide_alone() -> None:
    uneven = [One(fps=fps) for fps in (24, 26, 25, 24, 26)]
    assert grade(uneven) == "good"


def test_too_few_seconds_say_nothing() -> None:
    assert grade([One()] * (LEAST_S - 1)) == ""
    assert grade([One()] * LEAST_S) == "good"
    assert next_word(Word(), [One()]) == Word()


def test_bounds_are_ordered_so_that_good_is_fair_too() -> None:
    assert GOOD.least_fps > FAIR.least_fps
    assert GOOD.most_freezes < FAIR.most_freezes
    assert GOOD.most_frozen_ms < FAIR.most_frozen_ms
    assert GOOD.most_loss_permille < FAIR.most_loss_permille
    assert GOOD.most_round_trip_ms < FAIR.most_round_trip_ms


def follow(seconds: list[One]) -> list[LineWord]:
    """Return the word after each second, from windows of the last ones."""
    words, word = list[LineWord](), Word()
    for end in range(1, len(seconds) + 1):
        word = next_word(word, seconds[max(0, end - WINDOW_S) : end])
        words.append(word.shown)
    return words


def changes(words: list[LineWord]) -> list[LineWord]:
    return [word for word, _ in itertools.groupby(words)]


def test_first_word_comes_as_soon_as_there_is_something_to_say() -> None:
    assert follow([One(fps=15)] * 4) == ["", "", "poor", "poor"]


def test_worse_is_said_quickly_and_better_only_when_it_lasts() -> None:
    words = follow([One()] * 10 + [One(fps=8)] * 10 + [One()] * 15)
    assert changes(words) == ["", "good", "poor", "good"]
    assert words[10 + WINDOW_S + WORSE_AFTER_S - 1] == "poor"
    back = words[20:].index("good") + 1
    assert back >= BETTER_AFTER_S


def test_line_at_the_edge_does_not_flap() -> None:
    """A window that is good and fair in turns for a minute changes the word once at most."""
    seconds = [One(fps=24 if number % 4 < 2 else 25) for number in range(60)]
    assert len(changes(follow(seconds))) <= 3


def test_single_bad_second_of_a_good_line_is_not_called_poor() -> None:
    words = follow([One()] * 10 + [One(fps=14)] + [One()] * 10)
    assert "poor" not in words


def test_function_has_no_memory_of_its_own() -> None:
    window = steady(One(fps=10))
    before = Word("good", worse_s=WORSE_AFTER_S - 1)
    assert next_word(before, window) == next_word(before, window) == Word("poor")
