"""What the people of a call write and send: lines and photos, kept for a while, and pieces of unfinished lines."""

from __future__ import annotations

import base64

import msgspec

from signaling.errors import NoCall
from signaling.messages_text import TextLine
from signaling.store_base import StoreBase
from video_service.real_time_text import Piece, writer_key
from video_service.redis_client import text_of


class _Line(msgspec.Struct, frozen=True):
    seq: int
    at: int
    person: str
    text: str
    line: int = 0
    photo: str = ""


class TextStore(StoreBase):
    """Text of live calls, sealed wherever Redis holds or carries it."""

    async def say(self, person: str, call: str, text: str, line: int = 0) -> int:
        """Keep one line of text of a live call and return its number, counted from 1 within the call.

        `line`: under which number the others saw it while it was written, 0 when nobody did.

        Raises:
            NoCall: the person is not in that call, or it is not live.
        """
        answer = await self.run("say", person, call, self.cipher.seal(text), line, "", "")
        return int(answer["seq"])

    async def may_share(self, person: str, call: str, photo: str) -> bool:
        """Count a try to send a photo, before it is looked at; return False when `photo` (an id) is there already.

        Raises:
            NoCall: the person is not in that call, or it is not live.
            PhotosFull: the call holds no more, or too many of them were none.
        """
        answer = await self.run("photo_slot", person, call, photo)
        return not answer["known"]

    async def share(self, person: str, call: str, photo: str, jpeg: bytes) -> None:
        """Keep a photo, sealed, until a while after the call, and its line; once, however often it is sent.

        Raises:
            NoCall, PhotosFull: see `may_share`, which comes first.
        """
        sealed = self.cipher.seal(base64.b64encode(jpeg).decode())
        await self.run("say", person, call, "", 0, photo, sealed)

    async def photo(self, person: str, call: str, photo: str) -> bytes | None:
        """Return a photo (JPEG) of a call to one of its people, None when it is gone.

        Raises:
            NoCall: the person is not in that call, or nothing is known of it any more.
            RedisError: no answer.
        """
        await self.run("photo_see", person, call)
        sealed = await self.redis.hget(self.keys.photos(call), photo)
        return base64.b64decode(self.cipher.open_once(text_of(sealed))) if sealed is not None else None

    async def texts(self, person: str, call: str, after_seq: int) -> list[TextLine]:
        """Return the lines of a call after `after_seq`, oldest first; none when the person is not a party of it."""
        try:
            answer = await self.run("texts", person, call, after_seq)
        except NoCall:
            return []
        lines = (msgspec.json.decode(raw, type=_Line) for raw in answer.get("lines", ()))
        names = {agent: self.cipher.open_or_plain(name) for agent, name in answer.get("names", {}).items()}
        return [
            TextLine(
                call=call,
                seq=line.seq,
                mine=line.person == person,
                text=self.cipher.open_or_plain(line.text),
                at_ms=line.at,
                of_before=line.person not in answer["present"],
                writer="" if line.person == person else writer_key(call, line.person),
                name="" if line.person == person else names.get(line.person, ""),
                line=line.line,
                photo=line.photo,
            )
            for line in lines
        ]

    async def pass_on(self, person: str, call: str, piece: Piece | None) -> None:
        """Hand a piece of an unfinished line to the pages of all others by a wake; nothing of it is kept.

        None: this person's page has missed what was written, and asks the others for all of their unfinished lines.

        Raises:
            NoCall: the person is not in that call, or it is not live.
        """
        sealed = ""
        if piece is not None:
            sealed = self.cipher.seal(msgspec.json.encode((writer_key(call, person), piece)).decode())
        await self.run("rtt", person, call, sealed)

    def piece(self, sealed: str) -> tuple[str, Piece] | None:
        """Return what `pass_on` has sealed, with the mark of who writes."""
        return msgspec.json.decode(self.cipher.open_once(sealed), type=tuple[str, Piece]) if sealed else None
