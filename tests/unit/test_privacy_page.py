"""The page for data protection, held against what is really stored, and for how long."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from signaling.policy import Policy
from video_service import customers, left_messages
from video_service.customers import SESSION_TTL_S
from video_service.keys import KEYS, OTHER_KEYS, KeySpec
from video_service.privacy import Known
from video_service.settings import Settings
from video_service.web_sessions import SessionLimits

pytestmark = pytest.mark.unit

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")
SPECS = {spec.stem: spec for spec in (*KEYS, *OTHER_KEYS) if spec.type != "channel"}
TIME = re.compile(r"`(\w+)` \((\d+) (days|s)\)")
SETTING = re.compile(r"\b\w+_(?:days|ttl_s|linger_s|buffer_s|place_s|back_s)\b")


def words(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")][
    1:
]
NOBODYS = words(re.search(r"^Of nobody: (.*?)\. They", PAGE, re.DOTALL | re.MULTILINE)[1])  # type: ignore[index]


def specs_of(row: list[str]) -> list[KeySpec]:
    return [SPECS[stem] for stem in words(row[2])]


def test_every_key_is_on_the_page_once() -> None:
    named = [stem for row in ROWS for stem in words(row[2])] + NOBODYS
    assert sorted(named) == sorted(SPECS)


@pytest.mark.parametrize("row", ROWS, ids=[row[2] for row in ROWS])
def test_the_times_are_those_of_the_keys_and_the_settings(row: list[str]) -> None:
    said = {name: int(number) for name, number, _ in TIME.findall(row[3])}
    known = {name: getattr(Settings(), name, None) or getattr(Policy(), name) for name in said}
    assert said == known
    needed = {name for spec in specs_of(row) for name in SETTING.findall(spec.ttl)}
    assert set(said) == needed, "the table of keys says otherwise"


def test_the_times_that_are_no_settings_are_right_too() -> None:
    assert SESSION_TTL_S == 86_400
    assert SPECS["customer"].ttl == SPECS["erased"].ttl == "1 day"
    assert SessionLimits().session_ttl_s == 12 * 3_600
    assert SPECS["web_session"].ttl == "12 h"


def test_digests_of_addresses_go_as_soon_as_the_page_says() -> None:
    assert "a digest of one that only the data keys can make, for an hour at most" in PAGE
    # A limit is paid off after its window; the sign-in's window is its lock-out.
    windows_s = (left_messages.HOUR_S, customers.WINDOW_S, SessionLimits().sign_in_lockout_s)
    assert max(windows_s) == 3_600


def test_what_is_of_nobody_is_in_no_export() -> None:
    assert not set(NOBODYS) & set(Known.__struct_fields__)


def test_what_customers_have_is_ended_by_erasing_unless_the_page_says_how_it_ends() -> None:
    lasting = {"call", "launch", "audit", "limit"}  # a call that is over; digests; what has to stay
    for row in ROWS:
        if row[1] in ("customers", "all", "both sides") and not lasting & set(words(row[2])):
            assert "privacy erase" in row[6], row[2]
