"""What the views of several pages say in the same way: media, pictures, lines, signing."""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

import msgspec

from signaling import messages
from signaling.errors import SchemaUnknown
from signaling.messages import MediaWish
from signaling.policy import Policy
from signaling.snapshots import (
    AgentRow,
    CallRow,
    PersonRow,
    WallAgentRow,
)
from video_service.keys import readable
from video_service.line_quality import LineWord

Picture = Literal["clear", "protected", "slate", ""]
AwayReason = Literal["missed", "shift_over", "asked", "rostered", "no_picture", ""]

WISH_OF_LEG: dict[str, MediaWish] = {
    "inviting": "offer",
    "connecting": "connecting",
    "live": "live",
    "held": "live",
    "paused": "live",
    "reconnecting": "reconnecting",
    "left": "offer",
}


def check(*rows: PersonRow | AgentRow | CallRow | None) -> None:
    """Refuse rows of a schema version that is not read here.

    Raises:
        SchemaUnknown: written by a newer or a much older program.
    """
    for row in rows:
        if row is not None and not readable(row.v):
            raise SchemaUnknown(found=row.v)


def agent_media(agent: PersonRow | None, alive: Container[str]) -> MediaWish:
    """Return what the agent's page should do about its peer connection."""
    if agent is None or not agent.leg or agent.leg_worker not in alive:
        return "offer"
    return WISH_OF_LEG[agent.leg_state]


def customer_media(customer: PersonRow | None, agent: PersonRow | None, call: str, alive: Container[str]) -> MediaWish:
    """Return what a customer's page should do, in an active call. Its leg has to be on the agent's worker."""
    if agent_media(agent, alive) == "offer":
        return "reconnecting"
    if customer is None or agent is None or customer.leg_call != call or customer.leg_worker != agent.leg_worker:
        return "offer"
    return WISH_OF_LEG[customer.leg_state]


def seen_of(wish: MediaWish, other: PersonRow | None) -> MediaWish:
    """Return what a page says of the other person: whoever is not here is not live, whatever the last report said."""
    return wish if other is not None and other.present else "reconnecting"


def beside(agent: PersonRow | None, other: PersonRow | None, alive: Container[str]) -> MediaWish:
    """Return what is to be said of the picture of one of two agents, who are to be on one worker."""
    together = agent is not None and other is not None and agent.leg_worker == other.leg_worker
    wish = agent_media(agent, alive)
    return seen_of(wish if together and wish != "offer" else "connecting", agent)


def picture_of(person: PersonRow | None) -> Picture:
    """Return what viewers see of this person, "" while that is not known."""
    picture: Picture = msgspec.convert(person.picture if person else "", type=Picture)
    return picture


def narrow_of(mine: PersonRow | None, other: PersonRow | None) -> messages.Narrow:
    """Return whose line is too narrow for fluent signing; that of somebody who is not here is not known."""
    ours = bool(mine and mine.narrow)
    if other is not None and other.present and other.narrow:
        return "both" if ours else "theirs"
    return "mine" if ours else ""


def line_of(person: PersonRow | None, call: str) -> LineWord:
    """Return how well this person's picture reaches the other one, "" unless it is known of this call and leg."""
    known = person is not None and person.present and person.quality_of == f"{call}/{person.leg}"
    return person.quality if known and person is not None else ""


def signed_ms(agent: AgentRow | WallAgentRow, now_ms: int, policy: Policy) -> int:
    """Return how long an agent has signed since the last rest, without a running call."""
    working = agent.state in ("on_call", "after_call")
    rested = not working and now_ms - agent.working_until_ms >= policy.rest_minutes * 60_000
    return 0 if rested else agent.signing_ms


def break_until_ms(state: str, away: str, until_ms: int) -> int:
    """Return when an agent's break of the roster ends, 0 for who is on none."""
    return until_ms if state == "break" and away == "rostered" else 0
