"""Real-time text: pieces of a line while somebody writes it, the same over either carrier.

A piece is T.140 text: characters, a backspace for each that is taken back, and at the line's end a line separator. It
says which line it belongs to and counts from 1 within it, so that a page can put pieces of two carriers in one order,
drop what comes twice, and mark what is missing. A finished line is sent as a whole besides; pieces are kept nowhere.

Over a data channel a piece is one message: a T.140 control string that says call, line and number, then the text; what
comes from the service says who wrote it, too. A receiver that does not know such a string passes over it.

Source: ITU-T T.140 (1998) with addendum 1 (2000), section 8; RFC 8865; RFC 4103, section 5.
"""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Final

import msgspec
from msgspec import Meta

BACKSPACE: Final = "\b"
LINE_END: Final = "\u2028"
LOSS: Final = "\ufffd"
"""What stands where a piece is missing (T.140, addendum 1)."""
MOST_PIECE: Final = 600
"""Characters in one piece: a whole line taken back is 500 backspaces, and another may begin after them."""
CHARACTERS_PER_S: Final = 30.0
"""What a reader is taken to follow, over ten seconds (RFC 8865, section 4.2.1: `cps`)."""
CHARACTER_BURST: Final = 600.0
"""Twice ten seconds of that: a page keeps to the once, and a slow network hands over in one moment what took longer."""

LineNumber = Annotated[int, Meta(ge=1, le=99_999_999_999_999)]  # Lua writes longer ones as floats
PieceNumber = Annotated[int, Meta(ge=1, le=1_000_000)]
# Of all controls only the backspace; a browser's lone surrogates are no characters, and no JSON decoder lets one in.
PieceText = Annotated[
    str, Meta(min_length=1, max_length=MOST_PIECE, pattern="^[^\\x00-\\x07\\x09-\\x1f\\x7f-\\x9f]*$(?!\\n)")
]


class Piece(msgspec.Struct, frozen=True):
    """One piece. `line` grows with each line of a writer; `number` counts its pieces from 1."""

    line: LineNumber
    number: PieceNumber
    text: PieceText


_MESSAGE = re.compile(r"\x98([A-Za-z0-9_-]{1,64}) (\d{1,14}) (\d{1,7})\x9c(.*)", re.ASCII | re.DOTALL)


def unpacked(message: str) -> tuple[str, Piece] | None:
    """Return call and piece of a data channel's message, None when it is none.

    Source: ITU-T T.140, section 8 (SOS 0098, ST 009C).
    """
    match = _MESSAGE.fullmatch(message)
    if match is None:
        return None
    call, line, number, text = match.groups()
    try:
        return call, msgspec.convert({"line": int(line), "number": int(number), "text": text}, type=Piece)
    except msgspec.ValidationError:
        return None


def characters_of(message: str) -> int:
    """Return how many characters a data channel's message counts for: what was typed, and not what stands before it."""
    head, end, text = message.partition("\x9c")
    return max(1, len(text if end else head))


def packed(call: str, writer: str, piece: Piece) -> str:
    """Return what a data channel brings to a page."""
    return f"\x98{call} {piece.line} {piece.number} {writer}\x9c{piece.text}"


def writer_key(call: str, person: str) -> str:
    """Return what tells a person's text from other people's in one call: the same on every node, and no name."""
    return hashlib.sha256(f"{call} {person}".encode()).hexdigest()[:12]


class TextPace:
    """A token bucket: how many characters somebody may still send now. Times in seconds of any steady clock."""

    def __init__(self, now_s: float) -> None:
        self._tokens = CHARACTER_BURST
        self._at_s = now_s

    def take(self, characters: int, now_s: float) -> bool:
        """Take `characters` tokens, or none and return False when there are fewer."""
        self._tokens = min(CHARACTER_BURST, self._tokens + (now_s - self._at_s) * CHARACTERS_PER_S)
        self._at_s = now_s
        if self._tokens < characters:
            return False
        self._tokens -= characters
        return True
