"""The benchmark of legibility scores pictures as `docs/benchmarks.md` explains and says which targets are missed."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.legibility import TARGETS, Scores, misses, score
from media.picture import Plane, Planes

pytestmark = pytest.mark.unit

SHAPE = (120, 160)
REACHED: dict[str, float | int | None] = {name: target for name, (target, _) in TARGETS.items()}


def planes(luma: Plane) -> Planes:
    grey = np.full((SHAPE[0] // 2, SHAPE[1] // 2), 128, np.uint8)
    return Planes(luma, grey, grey)


def detailed() -> Plane:
    return np.random.default_rng(1).integers(60, 180, SHAPE).astype(np.uint8)


def test_what_reaches_every_target_misses_none() -> None:
    assert misses(REACHED) == []


@pytest.mark.parametrize("name", TARGETS)
def test_a_figure_beyond_its_target_is_named(name: str) -> None:
    target, at_least = TARGETS[name]
    assert misses(REACHED | {name: target - 0.01 if at_least else target + 0.01}) == [name]


@pytest.mark.parametrize("name", TARGETS)
def test_a_clip_without_the_mask_for_a_figure_cannot_miss_it(name: str) -> None:
    assert misses(REACHED | {name: None}) == []


def test_a_perfect_picture_reaches_every_target_and_an_open_or_covered_one_does_not() -> None:
    original, person = detailed(), np.zeros(SHAPE, np.uint8)
    person[20:, 50:110] = 255
    blurred = np.full(SHAPE, 120, np.uint8)
    perfect = np.where(person > 0, original, blurred)
    missed = []
    for shown in (perfect, original, blurred):
        scores = Scores()
        score(scores, planes(original), planes(shown), person, person)
        missed.append(set(misses(scores.summary())))
    nothing, room, signer = missed
    assert nothing <= {"hands_intact_mean"}  # the blur beside the very edge takes some of its detail
    assert room == {"background_readable_mean", "background_readable_max"}
    assert signer == {"hands_intact_mean", "signer_intact_mean", "signer_intact_min"}


def test_a_run_counts_the_pictures_in_a_row_in_which_hands_are_lost() -> None:
    scores = Scores(hands=[1.0, 0.5, 0.89, 1.0, 0.2, 0.9, 0.1, 0.3, 0.0])
    assert scores.summary()["longest_run_under_0.9"] == 3
