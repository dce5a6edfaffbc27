"""The rules that a finished roster is held against, by name, and what is said of a broken one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that a roster breaks, by its name in `RULES`, and the row: whose, on which day (None: all), which shift.

    `has` and `limit`: what the roster has and what the rule allows, in the rule's own unit (days, times, minutes,
    quarter hours, weekends), 0 where that says nothing. `words`: the same as a sentence.
    """

    rule: str
    person: str
    words: str
    day: int | None = None
    shift: str = ""
    has: int = 0
    limit: int = 0


RULES = {
    "nobody": "only people of the team are rostered",
    "absent": "nobody works on a day of absence",
    "no_such_time": "a shift begins at a time that the clock shows",
    "unavailable": "nobody works a shift for which they said they are not available",
    "weekday": "a shift is worked on its weekdays",
    "site": "people work at their sites",
    "into_absence": "no shift reaches into a day of absence",
    "one_shift": "one shift a day, two where split shifts are agreed",
    "split_gap": "between the two parts of a split shift lies the agreed gap",
    "succession": "some shifts do not follow some others",
    "rest": "legal rest lies between two days of work",
    "days_on": "not too many days of work in a row",
    "days_on_least": "a run of days of work is not too short",
    "days_off_least": "a run of days off is not too short",
    "kind": "not too many shifts of a kind",
    "weekends": "not too many weekends with work",
    "days_week": "not too many days of work in a week",
    "hours": "not more hours than the contract has",
    "break_elsewhere": "breaks lie in shifts that are worked",
    "break_rule": "breaks are as long and as far apart as agreed",
    "no_break": "nobody signs too long without a break",
}
"""Every rule that `check` looks at, in words."""
