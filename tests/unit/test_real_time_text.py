"""Pieces of unfinished lines: what may be in one, and how much of it somebody may send."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import messages
from video_service.real_time_text import (
    BACKSPACE,
    CHARACTER_BURST,
    CHARACTERS_PER_S,
    LINE_END,
    MOST_PIECE,
    Piece,
    TextPace,
    characters_of,
    unpacked,
)

pytestmark = pytest.mark.unit


def decoded(**fields: object) -> messages.FromPage:
    message = {"type": "rtt", "call": "c_1", "line": 1_764_000_000_000, "number": 1, "text": "x", **fields}
    return messages.decode(msgspec.json.encode(message))


@pytest.mark.parametrize(
    "text",
    ["a", "您好", "👩🏽‍✈️", BACKSPACE * 500 + "新", LINE_END, "x" * MOST_PIECE, "tab is no sign of T.140 here: \u00a0"],
    ids=["letter", "chinese", "surrogate-pairs", "taken-back", "end", "longest", "wide-space"],
)
def test_a_piece_holds_text_what_is_taken_back_and_the_end(text: str) -> None:
    message = decoded(text=text)
    assert isinstance(message, messages.Typing)
    assert message.text == text


@pytest.mark.parametrize(
    "fields",
    [
        {"text": ""},
        {"text": "x" * (MOST_PIECE + 1)},
        {"text": "a\n"},
        {"text": "a\nb"},
        {"text": "\x00"},
        {"text": "\x1b[31m"},
        {"text": "\x7f"},
        {"text": "\x98n=1\x9c"},
        {"number": 0},
        {"number": 1_000_001},
        {"line": 0},
        {"line": 10**14},
        {"more": 1},
    ],
    ids=lambda fields: "-".join(fields) + str(len(str(fields))),
)
def test_nothing_else_is_a_piece(fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        decoded(**fields)


def test_half_a_surrogate_pair_is_no_text() -> None:
    raw = b'{"type":"rtt","call":"c_1","line":1,"number":1,"text":"\\ud83d"}'
    with pytest.raises(msgspec.DecodeError):
        messages.decode(raw)


def test_whoever_is_too_fast_waits_and_has_lost_nothing_by_asking() -> None:
    pace = TextPace(100.0)
    assert pace.take(int(CHARACTER_BURST), 100.0)
    assert not pace.take(31, 101.0)
    assert pace.take(30, 101.0)
    assert not pace.take(1, 101.0)


def test_a_page_that_keeps_to_the_pace_is_never_refused() -> None:
    """30 characters a second over ten seconds, however the network bunches them within ten seconds."""
    pace = TextPace(0.0)
    for window in range(1, 30):
        for _ in range(10):
            assert pace.take(30, window * 10.0)


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(1, MOST_PIECE)), max_size=40))
def test_no_more_passes_than_the_burst_and_the_pace(asked: list[tuple[float, int]]) -> None:
    pace, now_s, passed = TextPace(0.0), 0.0, 0
    for pause_s, characters in asked:
        now_s += pause_s
        if pace.take(characters, now_s):
            passed += characters
        assert passed <= CHARACTER_BURST + CHARACTERS_PER_S * now_s + 1e-6


SOS, ST = "\x98", "\x9c"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (f"{SOS}c_1-x 1764000000000 3{ST}您好{BACKSPACE}", ("c_1-x", Piece(1_764_000_000_000, 3, f"您好{BACKSPACE}"))),
        (f"{SOS}c 1 1{ST}{LINE_END}", ("c", Piece(1, 1, LINE_END))),
        (f"{SOS}c 1 1{ST}", None),
        (f"{SOS}c 0 1{ST}x", None),
        (f"{SOS}c 1 0{ST}x", None),
        (f"{SOS}c 1 1{ST}x\n", None),
        (f"{SOS}c 1 1{ST}{SOS}c 1 2{ST}x", None),
        (f"{SOS}c 1 ١{ST}x", None),
        (f"{SOS}c/../d 1 1{ST}x", None),
        (f"{SOS}c 1 1{ST}" + "x" * (MOST_PIECE + 1), None),
        ("plain text", None),
        ("", None),
    ],
    ids=range(12),
)
def test_a_data_channels_message_is_a_piece_of_a_call_or_nothing(
    message: str, expected: tuple[str, Piece] | None
) -> None:
    assert unpacked(message) == expected


def test_over_a_channel_too_only_what_was_typed_counts() -> None:
    """A person writes for ten minutes, a piece each 300 ms: what stands before each is longer than the piece."""
    pace = TextPace(0.0)
    for number in range(1, 2_000):
        message = f"{SOS}c_lghDBpm9qx77-AYT 1764000000000 {number}{ST}字"
        assert pace.take(characters_of(message), number * 0.3), number
    assert characters_of("x" * 50) == 50, "what is no piece counts in full"
    assert characters_of(f"{SOS}c 1 1{ST}") == characters_of("") == 1, "nothing is free"


@given(st.text(max_size=80))
def test_whatever_a_data_channel_brings_is_read_or_left(text: str) -> None:
    for message in (text, f"{SOS}{text}{ST}x", f"{SOS}c 1 1{ST}{text}"):
        found = unpacked(message)
        assert found is None or found[1].text in message
