"""What a client said of each packet that was sent to it: when it came, or that it had not come.

Source: draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1 (transport-wide feedback).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)  # not frozen: there is one for every packet, and a frozen one takes twice as long to make
class Arrival:
    """One packet of a picture, as one feedback message of its client tells of it.

    `sent_ms`: the loop's clock here, when the packet left. `came_ms`: the client's clock, any constant in it; None:
    lost, or not come yet when the feedback was written. `line_octets`: as the packet lies on the line, all headers
    counted (`media/line_rate.py`, `PACKET_OCTETS`). `encoded`: of a picture that was encoded here, not forwarded.

    A packet is told at most once as lost and at most once as come, and never as lost after it came. One that comes
    although it was told as lost has `told_lost`. In one message they are in the order in which they were sent. Of
    packets whose feedback message was itself lost nothing is ever told: they are neither come nor lost. `number` counts
    all packets towards the client as they leave, so that such a gap is seen; -1: not known, no gap.
    """

    sent_ms: float
    came_ms: float | None
    line_octets: int
    encoded: bool
    told_lost: bool = False
    number: int = -1
