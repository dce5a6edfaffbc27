"""Times, numbers and content policies as text."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quart import Quart

from video_service.http_input import BadRequest, BadTime, iso, moment_ms, query_number, span_ms
from video_service.security import content_policy

pytestmark = pytest.mark.unit

NINE_MS = 1_772_413_200_000  # 2026-03-02T01:00:00Z, nine o'clock in Shanghai


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T09:00:00+08:00",
        "2026-03-02T01:00:00Z",
        "2026-03-02T01:00:00.000Z",
        "2026-03-02 01:00+00:00",
        "20260302T010000Z",
        "2026-03-01T20:00:00-05:00",
    ],
)
def test_a_time_is_read_whatever_its_zone(text: str) -> None:
    assert moment_ms(text) == NINE_MS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-03-02",
        "2026-03-02T09:00:00",
        "2026-02-30T09:00:00Z",
        "2026-03-02T25:00:00Z",
        "1999-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "1772413200000",
        "2026-03-02T09:00:00Zx",
        "２０２６-03-02T09:00:00Z",
    ],
)
def test_what_is_no_time_with_a_zone_is_refused(text: str) -> None:
    with pytest.raises(BadTime):
        moment_ms(text)


@given(st.integers(min_value=946_684_800_000, max_value=4_102_444_799_999))
def test_a_time_survives_being_written(ms: int) -> None:
    assert moment_ms(iso(ms)) == ms


@given(st.text(max_size=40))
def test_no_text_is_more_than_refused(text: str) -> None:
    with contextlib.suppress(BadTime):
        assert 946_684_800_000 <= moment_ms(text) < 4_102_444_800_000


async def test_a_span_has_defaults_and_goes_forward() -> None:
    app = Quart(__name__)
    async with app.test_request_context("/?from=2026-03-02T09:00:00+08:00"):  # the plus not escaped
        assert span_ms(default_from_ms=0, default_to_ms=NINE_MS + 1) == (NINE_MS, NINE_MS + 1)
    async with app.test_request_context("/?to=2026-03-02T01:00:00Z"):
        assert span_ms(default_from_ms=5, default_to_ms=0) == (5, NINE_MS)
        with pytest.raises(BadTime):
            span_ms(default_from_ms=NINE_MS, default_to_ms=0)


@pytest.mark.parametrize(("query", "number"), [("", 50), ("limit=1", 1), ("limit=200", 200), ("limit=007", 7)])
async def test_a_number_of_the_query(query: str, number: int) -> None:
    async with Quart(__name__).test_request_context(f"/?{query}"):
        assert query_number("limit", 50, low=1, high=200) == number


@pytest.mark.parametrize("text", ["0", "201", "-1", "1.5", "x", "1e2", "9" * 5000, "٣", "²", " 5"])
async def test_what_is_no_number_within_bounds_is_refused(text: str) -> None:
    async with Quart(__name__).test_request_context("/", query_string={"limit": text}):
        with pytest.raises(BadRequest):
            query_number("limit", 50, low=1, high=200)


def test_the_policy_names_the_socket_of_this_host_only() -> None:
    policy = content_policy("calls.example.org", https=True)
    assert "connect-src 'self' wss://calls.example.org" in policy.split("; ")
    assert "ws://calls.example.org" in content_policy("calls.example.org", https=False)
    assert "unsafe" not in policy
