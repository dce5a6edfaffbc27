"""What the two people of a call write: whole lines, which are kept for a while, and pieces of unfinished ones."""

from __future__ import annotations

import msgspec

from signaling.errors import NoCall
from signaling.messages_text import TextLine
from signaling.store_base import StoreBase
from video_service.real_time_text import Piece


class _Line(msgspec.Struct, frozen=True):
    seq: int
    at: int
    person: str
    text: str
    line: int = 0


class TextStore(StoreBase):
    """Text of live calls, sealed wherever Redis holds or carries it."""

    async def say(self, person: str, call: str, text: str, line: int = 0) -> int:
        """Keep one line of text of a live call and return its number, counted from 1 within the call.

        `line`: under which number the other saw it while it was written, 0 when nobody did.

        Raises:
            NoCall: the person is not in that call, or it is not live.
        """
        answer = await self.run("say", person, call, self.cipher.seal(text), line)
        return int(answer["seq"])

    async def texts(self, person: str, call: str, after_seq: int) -> list[TextLine]:
        """Return the lines of a call after `after_seq`, oldest first; none when the person is not a party of it."""
        try:
            answer = await self.run("texts", person, call, after_seq)
        except NoCall:
            return []
        lines = (msgspec.json.decode(raw, type=_Line) for raw in answer.get("lines", ()))
        return [
            TextLine(
                call=call,
                seq=line.seq,
                mine=line.person == person,
                text=self.cipher.open_or_plain(line.text),
                at_ms=line.at,
                of_before=line.person not in (answer["customer"], answer["agent"]),
                line=line.line,
            )
            for line in lines
        ]

    async def pass_on(self, person: str, call: str, piece: Piece | None) -> None:
        """Hand a piece of an unfinished line to the other person's page by a wake; nothing of it is kept.

        None: this person's page has missed what was written, and asks the other for all of the unfinished line.

        Raises:
            NoCall: the person is not in that call, or it is not live.
        """
        sealed = self.cipher.seal(msgspec.json.encode(piece).decode()) if piece is not None else ""
        await self.run("rtt", person, call, sealed)

    def piece(self, sealed: str) -> Piece | None:
        """Return what `pass_on` has sealed."""
        return msgspec.json.decode(self.cipher.open(sealed), type=Piece) if sealed else None
