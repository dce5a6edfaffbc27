"""What a coordinator does beside a live call: ask to look on, look on, write to its agent; and what the pages read."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import msgspec

from signaling import messages, views_watch
from signaling.snapshots_watch import WatchSnapshot
from signaling.store_types import WatchRoute
from signaling.store_views import ViewStore


class WatchStore(ViewStore):
    """Steps of a coordinator beside a call. Lines are sealed wherever Redis holds them."""

    async def watch(self, coordinator: str, call: str, *, how: str) -> None:
        """Come beside a live call ("coach"), ask to look on ("watch"), take part ("join"), or go ("leave").

        With the own picture: open the camera for oneself ("prepare"), ask the customer ("show"), end it ("hide").

        Raises:
            NotConnected: the coordinator has no socket.
            NoCall: it is not live.
            WatchRefused: its customer has said no.
            Watched: another coordinator is there.
            WrongState: only who looks on can join.
            PictureRefused: the customer does not want the picture.
            CallFull: there is no place for it.
            NoPicture: it has not come yet.
        """
        await self.run("watch", coordinator, call, how)

    async def allow_watch(self, customer: str, call: str, *, ask: int, allow: bool, picture: bool = False) -> None:
        """Let the coordinator who asked in question `ask` look on, or nobody for as long as the call goes on.

        `picture`: the same as to the coordinator's own picture.

        Raises:
            NoCall: not a live call of this customer.
            StaleReservation: nobody asks that any more.
        """
        await self.run("allow_watch", customer, call, ask, int(allow), int(picture))

    async def coach(self, person: str, call: str, text: str) -> int:
        """Keep a line between the coordinator beside a call and its agent, and return its number.

        Raises:
            NoCall: the person is neither of them, or nobody is beside the call.
        """
        answer = await self.run("coach", person, call, self.cipher.seal(text))
        return int(answer["seq"])

    async def coach_read(self, agent: str, call: str, seq: int) -> None:
        """Note that an agent has read the lines up to `seq`.

        Raises:
            NoCall: not a live call of this agent.
        """
        await self.run("coach_read", agent, call, seq)

    async def _watch_snapshot(self, coordinator: str) -> WatchSnapshot:
        answer: dict[str, Any] = await self.run("read_watch", coordinator)
        for row in (answer.get("agent"), *(each.get("person") for each in answer.get("helpers", ()))):
            self._open(row, "name")
        answer["lines"] = self.coach_rows(answer.get("lines", ()))
        return msgspec.convert(answer, type=WatchSnapshot, strict=False)

    async def watch_route(self, coordinator: str) -> WatchRoute | None:
        """Return where a coordinator who may look on now does so, or None."""
        return views_watch.route(await self._watch_snapshot(coordinator))

    async def watch_legs(self, calls: Iterable[str]) -> frozenset[str]:
        """Return the legs by which somebody may look on in one of `calls` now."""
        asked = sorted(set(calls))
        if not asked:
            return frozenset()
        answer = await self.run("watch_legs", *asked)
        return frozenset(answer.get("legs", ()))

    async def with_watching(
        self, view: messages.CoordinatorView, coordinator: str, *, alive: Container[str]
    ) -> messages.CoordinatorView:
        """Return the wall with the call that this coordinator is beside."""
        snap = await self._watch_snapshot(coordinator)
        return msgspec.structs.replace(
            view,
            watching=views_watch.watching(snap, coordinator, alive=alive),
            watch_ended=snap.person.watch_ended if snap.person and snap.call is None else "",
            watch_ended_call=snap.person.watch_last if snap.person and snap.call is None else "",
        )
