"""What an agent does with a live call beside talking."""

from __future__ import annotations

from signaling.message_parts import Epoch, Message, ShortId


class Hold(Message, tag="hold", frozen=True):
    """An agent puts the customer on hold, or takes the call up again. Saying so twice is saying so once.

    On hold the customer is sent neither picture nor sound of an agent, and is told so; text goes on, and the agent sees
    the customer.
    """

    call: ShortId
    epoch: Epoch
    held: bool
