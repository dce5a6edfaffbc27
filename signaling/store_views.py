"""Reading: one snapshot script per view, then pure code that draws it."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable
from typing import Any

import msgspec

from signaling import messages, views, views_wall
from signaling.snapshots import PersonSnapshot, WallSnapshot
from signaling.store_base import StoreBase
from signaling.store_types import CallRouteInfo, LegInfo
from video_service.day import day_start_ms
from video_service.media_plane import Background
from video_service.metrics import PoolCounts
from video_service.skill_words import needs_text


class ViewStore(StoreBase):
    """Views. Each is one consistent snapshot of the store."""

    async def _person(self, person: str, queue: str = "", needs: tuple[str, ...] = ()) -> PersonSnapshot:
        answer = await self.run("read_person", person, queue, needs_text(needs))
        self._open(answer.get("person"), "name")
        self._open(answer.get("other"), "name")
        self._open(answer.get("follow_up_owner"), "name")
        self._open(answer.get("call"), "note", "context", "handover", "invite_note")
        helpers = [each.get("person") for each in answer.get("helpers", ())]
        for row in (answer.get("lead"), answer.get("invited"), *helpers):
            self._open(row, "name")
        self._open(answer.get("handover_from"), "name")
        self._open(answer.get("after"), "note")
        self._open(answer.get("after_call"), "context")
        for named in (*(answer.get("earlier") or ()), *(answer.get("colleagues") or ())):
            self._open(named, "name")
        self._open(answer.get("watcher"), "name")
        answer["coach"] = self.coach_rows(answer.get("coach", ()))
        return msgspec.convert(answer, type=PersonSnapshot, strict=False)

    def coach_rows(self, lines: Iterable[str]) -> list[dict[str, Any]]:
        """Return stored lines between a coordinator and an agent, their text opened."""
        rows: list[dict[str, Any]] = [msgspec.json.decode(line) for line in lines]
        for row in rows:
            self._open(row, "text")
        return rows

    def _open(self, row: dict[str, Any] | None, *fields: str) -> None:
        """Open the sealed fields of a row, in place."""
        for field in fields:
            if row and row.get(field):
                row[field] = self.cipher.open_or_plain(row[field])

    async def route(self, person: str) -> CallRouteInfo | None:
        """Return the legs of the person's active call, or None when there is none."""
        return views.route(await self._person(person))

    async def leg(self, person: str) -> LegInfo | None:
        """Return the person's newest leg, or None when there is none or it is closed."""
        return views.leg(await self._person(person))

    async def background(self, agent: str) -> Background:
        """Return what stands behind an agent's picture."""
        return views.background_of(await self._person(agent))

    async def customer_view(
        self, customer: str, *, alive: Container[str], queue: str = "", needs: tuple[str, ...] = ()
    ) -> messages.CustomerView:
        """Return all that a customer's page shows. `alive` holds the names of the media workers that are reachable.

        `queue`, `needs`: those of a customer who has not connected yet; the store knows them of everybody else.
        """
        return views.customer_view(await self._person(customer, queue, needs), alive=alive, policy=self.policy)

    async def agent_view(self, agent: str, *, alive: Container[str]) -> messages.AgentView:
        """Return all that an agent's page shows. `alive` holds the names of the media workers that are reachable."""
        return views.agent_view(await self._person(agent), alive=alive, policy=self.policy)

    async def metrics(self) -> dict[str, int]:
        """Return the pool's counters since it began.

        `ticket_refused`, `ticket_replayed`, `resume_refused`, `resume_replayed`: tokens that opened nothing.
        `repairs`: calls that `tidy` put right. `sweep_failures`, `tidy_failures`: looks that failed at one row, which
        is looked at again. A counter that never counted is absent.
        """
        answer = await self.run("read_metrics")
        return {name: int(count) for name, count in answer["metrics"].items()}

    async def pool_counts(self) -> PoolCounts:
        """Return the line, the agents by state and the counters, for whoever watches the service."""
        answer = await self.run("read_metrics")
        agents = {state: int(count) for state, count in answer["agents"].items()}
        return PoolCounts(
            counters={name: int(count) for name, count in answer["metrics"].items()},
            agents=agents,
            waiting=answer["waiting"],
            ringing=agents.get("reserved", 0),
            active=answer["active"],
        )

    async def coordinator_view(self) -> messages.CoordinatorView:
        """Return the live wall."""
        answer = await self.run(
            "read_wall", day_start_ms(self.now_ms() or time.time_ns() // 1_000_000, self.policy.time_zone)
        )
        for row in (*answer["agents"], *answer["matters"], *answer["promises"]):
            self._open(row, "name")
        return views_wall.coordinator_view(msgspec.convert(answer, type=WallSnapshot, strict=False), policy=self.policy)
