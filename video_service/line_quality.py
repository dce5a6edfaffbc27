"""How well one person's picture reaches the other one: what the media side counts and the session record keeps.

Everything is whole numbers, as all that is stored. Of each second in a call one sample is taken; `p5` is what 5 % of
the seconds lie under, `p50` the middle, `p95` what 5 % lie over: for each count the bad end stands beside the middle.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

LineWord = Literal["", "good", "fair", "poor"]
"""How a line is, in a word; "" while it is not known."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class LineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One leg's part of one call, from the first second that counts to now.

    `seconds`: how many seconds were counted; the first one after a join is not, and neither is a picture that its owner
    has paused. `rendered_seconds`: in how many of them the other person's page said itself what it presented; in the
    others the frames that were sent to it stand for them. `fps_*`, `freezes`, `frozen_ms`: this leg's picture as the
    other person is shown it. `loss_*`: packets lost on the way from this leg's client, before repair. `round_trip_*`:
    between this leg's client and the server. `added_*`: how long the server kept a frame (blurred legs) or a packet
    (forwarded legs). `in_*` and `out_*`: what came from and went to the client, sound and repair included.
    `pictures`: how many frames the server blurred, `pictures_whole` and `pictures_slate` those of them that were
    blurred whole and those that were a drawn card instead; all 0 for a forwarded picture.
    """

    seconds: Count = 0
    rendered_seconds: Count = 0
    fps_p5: Count = 0
    fps_p50: Count = 0
    freezes: Count = 0
    frozen_ms: Count = 0
    loss_p50_permille: Count = 0
    loss_p95_permille: Count = 0
    round_trip_p50_ms: Count = 0
    round_trip_p95_ms: Count = 0
    added_p50_us: Count = 0
    added_p95_us: Count = 0
    in_p5_kbps: Count = 0
    in_p50_kbps: Count = 0
    out_p5_kbps: Count = 0
    out_p50_kbps: Count = 0
    pictures: Count = 0
    pictures_whole: Count = 0
    pictures_slate: Count = 0
