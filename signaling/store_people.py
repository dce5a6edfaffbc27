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

    `unknown`: persons who are not here by what is stored, on no socket: that they came was lost. `replaced`: sockets of
    persons who are here on a newer one.
    """

    unknown: list[str]
    replaced: list[str]


class PeopleStore(StoreBase):
    """Who is here, by which socket, with which leg."""

    async def connect(
        self, identity: Identity, *, node: str, socket: str, token: str = "", again: bool = False
    ) -> tuple[int, int]:
        """Put a person's newest socket on the books; an earlier socket gets a "replaced" wake.

        A waiting customer takes the kept place again, a person in a call is back in it. `token` opened the socket;
        `again` when the socket was on the books and a failover lost it.

        Returns:
            The store's time in ms and the number of the operation: the greater, the newer the socket.

        Raises:
            Superseded: the person is here by a token that was given out later, or (`again`) on another socket.
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
            int(again),
        )
        return answer["now"], answer["op"]

    async def relabel(self, person: str, *, name: str, skills: tuple[str, ...]) -> None:
        """Change what a person is called and signs. No error when nobody knows the person.

        A signed-in agent is matched by the new skills at once, and may be given a call that waits; a call that rings or
        goes on stays.
        """
        await self.run("relabel", person, self.cipher.seal(name), skills_text(skills))

    async def beat(self, persons: Iterable[tuple[str, str]]) -> Heard:
        """Refresh the presence of (person, socket) pairs; pairs whose socket is not the newest are ignored."""
        heard = Heard([], [])
        for batch in batched_pairs(persons):
            answer = await self.run("beat", *(word for pair in batch for word in pair))
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


def batched_pairs(persons: Iterable[tuple[str, str]]) -> Iterable[list[tuple[str, str]]]:
    """Cut pairs into lists that one script handles in well under a millisecond or two."""
    batch: list[tuple[str, str]] = []
    for pair in persons:
        batch.append(pair)
        if len(batch) == BEAT_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
