"""The plan file as people write it, the roster document as programs pass it on."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from scheduler.errors import BadRoster
from scheduler.plan_file import EXAMPLE, PlanFile, read_plan_file
from scheduler.roster.problem import BreakRule, Hours, Need
from scheduler.roster_file import Duty, Pause, RosterDocument, presence_of, read_document, spans_ms
from scheduler.targets import Abandonment, LongestWait, ServiceLevel

pytestmark = pytest.mark.unit

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


NO_TIME = {"person": "amei", "day": "2026-03-02", "shift": "any", "start": "25:00", "minutes": 60}


@pytest.fixture(scope="module")
def example() -> PlanFile:
    return read_plan_file(EXAMPLE)


def test_the_example_says_what_it_says(example: PlanFile) -> None:
    assert example.targets.promises == (ServiceLevel(0.95, 20.0), Abandonment(0.05), LongestWait(120.0))
    assert example.targets.minimum == 2
    assert dict(example.shrinkage.causes) == {"sickness": 0.04, "training": 0.02}
    early, late = example.shifts
    assert (early.start_q, early.length_q, early.minutes) == (36, 32, 450)
    assert early.breaks == BreakRule(length_q=1, most_signing_q=8)
    assert late.not_before == {"early"}
    amei = example.people[0]
    assert amei.name == "amei"
    assert amei.skills == {"csl"}
    assert amei.contract.hours == (Hours(2400, 1800, 7),)
    assert (amei.contract.max_days_on, amei.contract.min_rest_q) == (5, 44)


def test_days_off_and_wishes_are_placed_on_the_rosters_days_and_others_left(example: PlanFile) -> None:
    problem = example.problem(MONDAY, 7, [Need(0, 36, 84, 2)], "Asia/Shanghai")

    assert problem.absences == {("amei", 5)}
    assert problem.requests == ()  # the wish is for the week after
    [wish] = example.problem(date(2026, 3, 9), 7, [], "Asia/Shanghai").requests
    assert (wish.person, wish.day, wish.wanted, wish.weight) == ("amei", 5, False, 50)


@pytest.mark.parametrize(
    ("start", "end", "quarters"), [("22:00", "06:00", 32), ("08:00", "08:00", 96), ("23:45", "00:00", 1)]
)
def test_a_shift_may_end_on_the_next_day(start: str, end: str, quarters: int) -> None:
    old = 'from = "09:00"\nto = "17:00"\npaid_min = 450\nbreak_min = 15'
    text = EXAMPLE.replace(old, f'from = "{start}"\nto = "{end}"')

    assert read_plan_file(text).shifts[0].length_q == quarters


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"17:00"', '"17:10"', r"shifts 1 \(early\), to: must be a clock time in quarter hours, such as 09:15"),
        ('"17:00"', '"24:00"', r"shifts 1 \(early\), to: must be a clock time"),
        ('contract = "full"', 'contract = "half"', r"people 1 \(amei\), contract: there is no contract half"),
        ('"2026-03-07"', '"2026-02-30"', r"people 1 \(amei\), off: "),
        ("within_s = 20", "within_seconds = 20", "targets: object contains unknown field `within_seconds`"),
        ("answered_share = 0.95", "answered_share = 1", r"targets\.answered_share: expected `float` < 1"),
        ("most_hours_a_week = 40\n", "", r"contracts 1 \(full\): object missing required field `most_hours_a_week`"),
        ("sickness = 0.04", "sickness = 1.0", "shrinkage"),
        ("[targets]", "[targets", "is no TOML"),
        ("within_s = 20", "within_s = inf", r"targets\.within_s: expected `float` <= 86400"),
        ('name = "linxiao"', 'name = "amei"', r"people 2 \(amei\), name: people 1 has the same"),
        ('name = "late"', 'name = "early"', r"shifts 2 \(early\), name: shifts 1 has the same"),
        (
            "break_min = 15",
            "break_min = 600",
            r"shifts 1 \(early\), break_min: a break of 600 minutes does not fit into",
        ),
        ("break_min = 15", "break_min = 465", "No breaks fit into shift early"),
        (
            "paid_min = 450",
            "paid_min = 999",
            r"shifts 1 \(early\), paid_min: 999 minutes cannot be paid of a shift of 480",
        ),
        ("paid_min = 450", "weekdays = []", r"shifts 1 \(early\), weekdays: on no weekday at all"),
        ('not_before = ["early"]', 'not_before = ["nix"]', r"shifts 2 \(late\), not_before: there is no shift nix"),
        (
            "least_hours_a_week = 30",
            "least_hours_a_week = 41",
            r"contracts 1 \(full\), least_hours_a_week: at least 41 hours",
        ),
        (
            "days_in_a_row = 5",
            "days_in_a_row = 2\ndays_on_in_a_row = 5",
            r"contracts 1 \(full\), days_on_in_a_row: at least 5",
        ),
        (
            "rest_hours = 11",
            "most_of = { nix = 12 }",
            r"contracts 1 \(full\), most_of: nix is neither a shift nor a tag",
        ),
        (
            "rest_hours = 11",
            "rest_hours = 11\n[[fair]]\nburden = 'nix'",
            "fair 1, burden: nix is neither weekend nor a tag",
        ),
        ("rest_hours = 11", "rest_hours = 11\n[[mix]]\nskill = 'nix'", "mix 1, skill: nobody has the skill nix"),
        ("rest_hours = 11", "rest_hours = 11\n[[mix]]\nsite = 'nix'", "mix 1, site: no shift is at nix"),
        ("rest_hours = 11", "rest_hours = 11\n[[mix]]\nseniority = 3", "mix 1, seniority: nobody has 3 or more"),
        ("break_min = 15", "break_min = 10", r"shifts 1 \(early\), break_min: "),
        (
            "[shrinkage]",
            "[again]\nshare = 0.5\npause_s = inf\n[shrinkage]",
            r"again\.pause_s: expected `float` <= 86400",
        ),
    ],
)
def test_a_fault_names_its_row_and_its_rule(old: str, new: str, sentence: str) -> None:
    with pytest.raises(BadRoster, match=sentence):
        read_plan_file(EXAMPLE.replace(old, new, 1))


def test_a_file_without_people_or_contracts_is_refused() -> None:
    with pytest.raises(BadRoster, match="there is no row of people"):
        read_plan_file(EXAMPLE.partition("[[people]]")[0])
    with pytest.raises(BadRoster, match="contracts"):
        read_plan_file("contracts = 3\n" + EXAMPLE.replace("[contracts.full]", "[other]"))


def test_a_mark_before_the_text_is_no_part_of_it() -> None:
    assert read_plan_file("\ufeff" + EXAMPLE) == read_plan_file(EXAMPLE)


def roster(*duties: Duty, zone: str = "Asia/Shanghai", first_day: date = MONDAY) -> RosterDocument:
    return RosterDocument(zone=zone, first_day=first_day, days=7, duties=duties)


def duty(person: str, day: date, start: str, hours: int, *pauses: tuple[int, int]) -> Duty:
    breaks = tuple(Pause(from_min=first, to_min=last) for first, last in pauses)
    return Duty(person=person, day=day, shift="any", start=start, minutes=hours * 60, pauses=breaks)


def test_a_document_is_read_as_it_was_written() -> None:
    written = roster(duty("amei", MONDAY, "09:00", 8, (120, 135)))

    assert read_document(msgspec.json.encode(written)) == written


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[1]",
        "no json",
        '{"zone":"Nowhere/At all","first_day":"2026-03-02","days":7,"duties":[]}',
        msgspec.json.encode({"zone": "UTC", "first_day": "2026-03-02", "days": 1, "duties": [NO_TIME]}).decode(),
        '{"v":2,"zone":"UTC","first_day":"2026-03-02","days":7,"duties":[]}',
    ],
)
def test_what_is_no_roster_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadRoster, match=r"no roster|version 2"):
        read_document(text)


def test_people_are_on_the_floor_but_for_their_breaks_and_a_night_shift_on_both_days() -> None:
    document = roster(
        duty("amei", MONDAY, "09:00", 8, (120, 135), (300, 315)),
        duty("linxiao", MONDAY, "22:00", 8),
        duty("linxiao", TUESDAY, "06:00", 2),
    )

    amei, linxiao = presence_of(document, MONDAY)
    assert amei.spans == ((32_400, 39_600), (40_500, 50_400), (51_300, 61_200))
    assert linxiao.spans == ((79_200, 86_400),)
    [after] = presence_of(document, TUESDAY)
    assert after.spans == ((0, 28_800),)


def test_a_night_shift_is_an_hour_shorter_or_longer_when_the_clocks_change() -> None:
    spring = roster(duty("amei", date(2026, 3, 28), "22:00", 8), zone="Europe/Berlin")
    autumn = roster(duty("amei", date(2026, 10, 24), "22:00", 8), zone="Europe/Berlin")

    [(_, start, end, _)] = spans_ms(spring)
    assert end - start == 7 * 3_600_000
    [(_, start, end, _)] = spans_ms(autumn)
    assert end - start == 9 * 3_600_000
