"""The leg of somebody who is no agent and comes into a call with the own picture: blurred as an agent's is."""

from __future__ import annotations

from media.agent_leg import AgentLeg


class GuestLeg(AgentLeg):
    """A coordinator who looks on with a camera. Slot 0 is the own picture as others would see it, the call's follow.

    Nobody else is shown the picture before the call's order says so (`seen`), and it has no way but the blur's.
    """

    seen = False
