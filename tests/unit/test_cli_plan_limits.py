"""What the commands of `plan` refuse before they compute: days and lengths that no plan can have."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from typer.testing import CliRunner

from scheduler.errors import BadPlan
from scheduler.history import History
from video_service.cli_plan import app
from video_service.cli_plan_common import days_of
from video_service.plan_source import Past

pytestmark = pytest.mark.unit

_ONE_DAY = np.ones((1, 96))
PAST = Past(
    History(date(2026, 3, 1), 900, _ONE_DAY.astype(np.int64), _ONE_DAY, np.zeros((1, 96), dtype=np.uint8)),
    180.0,
    "patience: a usual one",
    date(2026, 3, 2),
)


def test_days_follow_the_past_or_the_first_day_asked_for() -> None:
    assert days_of(PAST, "", 2) == [date(2026, 3, 2), date(2026, 3, 3)]
    assert days_of(PAST, "2026-03-09", 1) == [date(2026, 3, 9)]


@pytest.mark.parametrize(
    ("first", "sentence"), [("2026-13-01", "is no day such as"), ("9999-12-30", "is too far ahead to plan for")]
)
def test_a_first_day_that_cannot_be_is_named(first: str, sentence: str) -> None:
    with pytest.raises(BadPlan, match=f"{first} {sentence}"):
        days_of(PAST, first, 14)


@pytest.mark.parametrize("length", ["0", "nan", "inf"])
def test_a_length_of_calls_that_cannot_be_is_refused_before_any_file_is_read(length: str) -> None:
    found = CliRunner().invoke(app, ["staff", "absent.toml", "--handle-s", length])
    assert found.exit_code == 2
