"""The messages of a call's written text: finished lines, and pieces of a line while it is written."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from signaling.message_parts import Line, Message, Millis, ShortId
from video_service.real_time_text import LineNumber, PieceNumber, PieceText

LineOrNone = Annotated[int, Meta(ge=0, le=99_999_999_999_999)]


class Say(Message, tag="say", frozen=True):
    """One line of written text to the others of the call.

    `line`: the number under which it was seen while it was written (see rtt), 0 when it was not.
    """

    call: ShortId
    text: Line
    line: LineOrNone = 0


class Typing(Message, tag="rtt", frozen=True):
    """A piece of a line that is being written: T.140 text, sent at most every 300 ms.

    A character adds one to the line, U+0008 takes the last one (a code point) back, U+2028 ends the line; a page sends
    what an input method has committed, never what it still composes. `line`: larger with each line of this person, such
    as the time in ms. `number` counts the pieces of the line from 1. More than 30 characters a second, over ten
    seconds, may be refused as `too_fast`; the line that follows by `say` is whole in any case.
    """

    call: ShortId
    line: LineNumber
    number: PieceNumber
    text: PieceText


class TextLine(Message, tag="text_line", frozen=True):
    """One line of a call's text; `seq` grows by one. `of_before`: an agent wrote it who is not in the call any more.

    `line`: the number under which it was seen while it was written, 0 when it was not. `photo`: the id of a photo, at
    GET /api/photos/<call>/<photo>, which is shown instead of text; "" for none. `writer` tells writers apart, "" for
    the reader; `name` is the agent's, "" for the customer and for the reader.
    """

    call: str
    seq: int
    mine: bool
    text: str
    at_ms: Millis
    of_before: bool = False
    line: int = 0
    photo: str = ""
    writer: str = ""
    name: str = ""


class OtherTyping(Message, tag="rtt", frozen=True):
    """A piece of a line that another person is writing, as in rtt from a page. `writer`: as in that one's `text_line`.

    Pieces may come twice, out of order, or not at all: `number` tells; U+FFFD is to stand where one does not come. The
    `text_line` with the same `line` takes the place of all that was seen of it. `number` 0: the other page has missed
    what was written of this page's unfinished line, and needs it from the start, under a new `line`.
    """

    call: str
    line: int
    number: int
    text: str
    writer: str = ""
