"""Presence, and what is known of each person's leg."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from signaling.identity_types import Identity
from signaling.store_base import StoreBase
from signaling.store_tickets import token_digest
from video_service.line_quality import LineFacts, LineWord
from video_service.media_plane import Box, LegState, PictureState
from video_service.skill_words import needs_text, skills_text

BEAT_BATCH = 500


class Heard(NamedTuple):
    """What a beat has found amiss.

    `unknown`: persons who are not here by what is stored, or on an older socket: that they came was lost. `replaced`:
    sockets of persons who are here on a newer one.
    """

    unknown: list[str]
    replaced: list[str]


class Known(NamedTuple):
    """When the store knew of a socket: the greater, the newer.

    `at_ms`, `op`: its time and the number of its operation; `since_ms`: when the token was given out that opened it.
    """

    at_ms: int = 0
    op: int = 0
    since_ms: int = 0


class PeopleStore(StoreBase):
    """Who is here, by which socket, with which leg."""

    async def connect(
        self, identity: Identity, *, node: str, socket: str, token: str = "", again: Known | None = None
    ) -> Known:
        """Put a person's newest socket on the books; an earlier socket gets a "replaced" wake.

        A waiting customer takes the kept place again, a person in a call is back in it. `token` opened the socket;
        `again`: what was known of it before a failover lost it.

        Raises:
            Superseded: the person came by a token that was given out later, or (`again`) is here on another socket.
        """
        answer = await self.run(
            "connect",
            identity.person,
            identity.role,
            socket,
            node,
            self.cipher.seal(identity.name),
            skills_text(identity.skills),
            int(identity.verified),
            identity.site,
            identity.locale,
            identity.queue,
            needs_text(identity.needs),
            token_digest(token) if token else "",
            "" if again is None else again.since_ms,
        )
        return Known(answer["now"], answer["op"], answer["since"])

    async def relabel(self, person: str, *, name: str, skills: tuple[str, ...]) -> None:
        """Change what a person is called and signs. No error when nobody knows the person.

        A signed-in agent is matched by the new skills at once, and may be given a call that waits; a call that rings or
        goes on stays.
        """
        await self.run("relabel", person, self.cipher.seal(name), skills_text(skills))

    async def beat(self, persons: Iterable[tuple[str, str] | tuple[str, str, int]]) -> Heard:
        """Refresh the presence of persons by their sockets; a socket that is not the newest counts for nothing.

        `persons`: person, socket, and where it is known when its token was given out (see `Known`).
        """
        heard = Heard([], [])
        for batch in batched(persons):
            answer = await self.run("beat", *(word for each in batch for word in each))
            heard.unknown.extend(answer.get("unknown", ()))
            heard.replaced.extend(answer.get("replaced", ()))
        return heard

    async def disconnect(self, person: str, socket: str) -> None:
        """A socket is gone. Ignored when it is not the person's newest."""
        await self.run("disconnect", person, socket)

    async def leg_offered(self, person: str, *, leg: str, worker: str) -> None:
        """A page offered a new peer connection; it is the person's only leg from here on (state: connecting).

        Raises:
            NotConnected: nobody is known by that name.
        """
        await self.run("leg_offered", person, leg, worker)

    async def leg_event(self, person: str, *, leg: str, state: LegState) -> None:
        """A worker reported a change of a leg. Ignored when it is not the person's newest leg."""
        await self.run("leg_event", person, leg, state.value)

    async def picture(self, person: str, *, leg: str, state: PictureState, reason: str) -> None:
        """What viewers of this agent see changed. Ignored when it is not the newest leg."""
        await self.run("picture", person, leg, state.value, reason)

    async def line(self, person: str, *, leg: str, narrow: bool, camera_fps: int) -> None:
        """A person's line became narrow, or wide enough again. Ignored when it is not the newest leg."""
        await self.run("line", person, leg, int(narrow), camera_fps)

    async def quality(self, person: str, *, leg: str, call: str, word: LineWord, facts: LineFacts) -> None:
        """Put on record how a leg's picture reached the other person of a call so far; nothing when the record is gone.

        The word is for the pages, while the call is on and the leg the person's newest.
        """
        await self.run("quality", person, leg, call, word, msgspec.json.encode(facts))

    async def choose_background(self, person: str, *, kind: str, strength: int, colour: str, brighten: bool) -> None:
        """Keep what an agent wants behind the own picture.

        Raises:
            NotConnected: no agent is known by that name.
        """
        await self.run("background", person, kind, strength, colour, int(brighten))

    async def shown_object(self, person: str, *, leg: str, box: Box | None) -> None:
        """A worker shows what lies in a box beside this agent, or nothing any more. Ignored if not the newest leg."""
        await self.run("object", person, leg, "" if box is None else msgspec.json.encode(box))

    async def pause(self, person: str, paused: bool, *, by_phone: bool = False) -> None:
        """A person paused or resumed the own picture, or the phone did (`by_phone`)."""
        await self.run("pause", person, int(paused), int(by_phone))


def batched(
    persons: Iterable[tuple[str, str] | tuple[str, str, int]],
) -> Iterable[list[tuple[str, str, int]]]:
    """Cut what beats into lists that one script handles in well under a millisecond or two."""
    batch: list[tuple[str, str, int]] = []
    for person, socket, *since_ms in persons:
        batch.append((person, socket, *(since_ms or (0,))))
        if len(batch) == BEAT_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
