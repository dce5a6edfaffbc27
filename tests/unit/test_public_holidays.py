"""Public holidays and make-up workdays, by region and year."""

from __future__ import annotations

from datetime import date

import pytest

from video_service.public_holidays import (
    MOST_YEARS,
    SpecialDay,
    SpecialKind,
    UnknownRegion,
    check_region,
    countries,
    special_day,
    special_days,
)

pytestmark = pytest.mark.unit


def test_a_chinese_spring_festival_has_days_off_and_the_weekend_days_worked_for_them() -> None:
    found = special_days("CN", date(2026, 2, 14), date(2026, 2, 28), "zh_CN")
    assert [(one.day.day, one.kind) for one in found] == [
        (14, SpecialKind.MAKE_UP),
        *((day, SpecialKind.HOLIDAY) for day in (16, 17, 18, 19, 20, 23)),
        (28, SpecialKind.MAKE_UP),
    ]
    assert found[2] == SpecialDay(date(2026, 2, 17), SpecialKind.HOLIDAY, "春节")


def test_both_ends_count_and_years_join() -> None:
    found = special_days("HK", date(2025, 12, 26), date(2026, 1, 1))
    assert [one.day for one in found] == [date(2025, 12, 26), date(2026, 1, 1)]
    assert special_days("HK", date(2026, 1, 2), date(2026, 1, 1)) == ()


def test_a_part_of_a_country_has_days_of_its_own() -> None:
    epiphany = date(2026, 1, 6)
    assert [one.day for one in special_days("DE-BY", epiphany, epiphany)] == [epiphany]
    assert special_days("DE", epiphany, epiphany) == ()


def test_no_region_has_no_holidays() -> None:
    check_region("")
    assert special_days("", date(2026, 1, 1), date(2026, 12, 31)) == ()


@pytest.mark.parametrize("region", ["XX", "cn", "China", "DE-ZZ", "DE-BY-X"])
def test_an_unknown_region_is_said(region: str) -> None:
    with pytest.raises(UnknownRegion) as caught:
        special_days(region, date(2026, 1, 1), date(2026, 1, 2))
    assert caught.value.data == {"region": region}


def test_a_life_long_question_is_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        special_days("CN", date(2026, 1, 1), date(2026 + MOST_YEARS, 1, 1))


def test_a_day_is_asked_for_alone() -> None:
    found = special_day("CN", date(2026, 2, 14))
    assert found is not None
    assert (found.day, found.kind) == (date(2026, 2, 14), SpecialKind.MAKE_UP)
    assert special_day("CN", date(2026, 2, 13)) is None
    assert special_day("XX", date(2026, 1, 1)) is None


def test_every_country_of_the_list_can_be_asked_for() -> None:
    known = countries()
    assert {"CN", "HK", "MO", "TW", "SG", "GB"} <= set(known)
    assert sorted(set(known)) == list(known)
    for country in known:
        check_region(country)
