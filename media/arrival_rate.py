"""The ceiling of a line of which is known when each packet came: down to its width at once, up as far as it is known.

Full is a line in whose queue even the quickest pictures wait, or that works without a pause while packets are lost. Its
width is known then to a few percent (`media.arrival_line`), so the ceiling goes there in one step and stays, however
little an encoder makes of it. It grows fast up to what packets prove the line to carry, and hardly beyond while they
prove no more; where nothing proves anything it grows slowly at first, faster the longer nothing stops it. Packets that
are lost without a queue are lost by chance, unless it is a quarter of them: then what comes through is the width.

A line may carry a few packets together faster than many (a shaper, a radio link). What is proven is not believed for a
while when it has just led to a line that was full.

Source: draft-ietf-rmcat-gcc-02 (delivered rate at overuse, growth by how near the line was full); Cardwell et al.,
"BBR: Congestion-Based Congestion Control" (2016).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from media.arrival_line import SOON_MS, STEADY_MS, ArrivalLine, LineLook
from media.arrivals import Arrival

USED: Final = 0.93  # of a width: the rest empties its queue
QUEUE_MS: Final = 60.0
CLEAR_MS: Final = 25.0
AT_WORK: Final = 0.85
QUEUE_LOSS: Final = 0.05
MOST_LOST: Final = 0.3
MANY_PACKETS: Final = 20
POLICED_LOSS: Final = 0.25
POLICED_EVERY_MS: Final = 1200.0  # longer than the time that losses are counted over
DOUBT_MS: Final = 20_000.0
MISLED: Final = 0.8
EPISODE_MS: Final = 1500.0
FAST: Final = 2.0
UNSURE: Final = 0.5  # of the ceiling: pictures that come so unevenly prove nothing
SURE: Final = 0.9
CREEP: Final = 1.01
SLOW: Final = 1.03
BOLDER: Final = 0.02  # more growth for each second without a queue
BOLDEST: Final = 1.5
ASKED_FOR: Final = 0.5
PROVEN_MS: Final = 3000.0
STEEP: Final = 0.6  # of the ceiling
LONGEST_STEP_MS: Final = 300.0
STAYS_MS: Final = 300.0
DRAINING: Final = 0.9  # less of a change than makes VP8 begin anew
OVERSHOT: Final = 1.05
MOST_RESTRAINT: Final = 0.5
RELEASE: Final = 1.15


class ArrivalRate:
    """The ceiling of one way; None while the line was never full. `minimum_bps` is the least it says."""

    def __init__(self, minimum_bps: int, maximum_bps: int) -> None:
        self.ceiling_bps: int | None = None
        self.restraint = 1.0
        self._minimum_bps = minimum_bps
        self._maximum_bps = maximum_bps
        self._line = ArrivalLine()
        self._full_ms = -math.inf
        self._steep_ms = self._clear_ms = self._policed_ms = self._queued_ms = -math.inf
        self._believed_ms = self._misled_ms = self._doubt_until_ms = -math.inf
        self._last_ms: float | None = None
        self._proven: tuple[float, float] | None = None

    def update(self, packets: Sequence[Arrival], other_bps: float, now_ms: float) -> int | None:
        """Take one feedback and return the ceiling."""
        look = self._line.add(packets, other_bps, now_ms)
        step_s = 0.0 if self._last_ms is None else min(now_ms - self._last_ms, LONGEST_STEP_MS) / 1000
        self._last_ms = now_ms
        if look.proven_bps is not None:
            self._proven = (look.proven_bps, now_ms)
        is_full = self._is_full(look)
        if self._is_policed(look, now_ms):
            self._full_ms = self._policed_ms = now_ms
            self._doubt_until_ms = now_ms + DOUBT_MS
            self._set(min(USED * look.came_bps, self.ceiling_bps or math.inf))
        elif is_full:
            self._full_ms = self._queued_ms = now_ms
            self._proven = None
            self._line.forget_proofs()
            self._fill(look, step_s, now_ms)
        elif self.ceiling_bps is not None and look.queue_ms < CLEAR_MS:
            self._grow(self.ceiling_bps, look, step_s, now_ms)
        self._restrain(look, is_full, step_s, now_ms)
        return self.ceiling_bps

    def _restrain(self, look: LineLook, is_full: bool, step_s: float, now_ms: float) -> None:
        """Let encoders aim lower while the line stays full: key frames and what is sent again take their part, too."""
        if not is_full or self.ceiling_bps is None:
            self._clear_ms = now_ms
            if look.queue_ms < CLEAR_MS:
                self.restraint = min(1.0, self.restraint * RELEASE**step_s)
            return
        stays = now_ms - max(self._clear_ms, self._steep_ms) >= STAYS_MS
        over = stays and look.sent_bps > OVERSHOT * self.ceiling_bps
        wanted = self.ceiling_bps / look.sent_bps if over else DRAINING
        self.restraint = max(MOST_RESTRAINT, min(self.restraint, wanted, DRAINING))

    def _is_full(self, look: LineLook) -> bool:
        return look.queue_ms >= QUEUE_MS or (look.work_share >= AT_WORK and look.loss_share >= QUEUE_LOSS)

    def _is_policed(self, look: LineLook, now_ms: float) -> bool:
        """Return whether a line without a queue loses so much that it is not by chance: once in a while, to see."""
        since_ms = now_ms - max(self._policed_ms, self._queued_ms)
        enough = look.packets >= MANY_PACKETS and since_ms >= POLICED_EVERY_MS
        return enough and look.loss_share >= POLICED_LOSS and look.queue_ms < CLEAR_MS and look.work_share < AT_WORK

    def _fill(self, look: LineLook, step_s: float, now_ms: float) -> None:
        """The line is full. A steep fall is believed after a short look, for the rest a longer one is waited for."""
        known = self.ceiling_bps
        width_bps, steady_bps = self._line.width_bps(SOON_MS), self._line.width_bps(STEADY_MS)
        if width_bps is not None and (look.queue_ms >= QUEUE_MS or look.loss_share >= MOST_LOST):
            soon_bps = USED * width_bps
        elif look.loss_share >= MOST_LOST and look.packets >= MANY_PACKETS:
            soon_bps = USED * look.came_bps
        else:
            soon_bps = math.inf
        if soon_bps < (math.inf if known is None else STEEP * known):
            self._steep_ms = now_ms
            self._set(soon_bps)
        elif steady_bps is not None:
            bps = USED * steady_bps
            if known is None or bps < known:
                if known is not None and bps < MISLED * known and now_ms - self._believed_ms < PROVEN_MS:
                    self._mislead(now_ms)
                self._set(bps)
            elif now_ms - self._steep_ms >= STEADY_MS:
                self._set(min(bps, known * FAST**step_s))

    def _mislead(self, now_ms: float) -> None:
        """What was proven has led to a line that is full. Once may be a line that got narrow; twice is none."""
        if EPISODE_MS < now_ms - self._misled_ms < DOUBT_MS:
            self._doubt_until_ms = now_ms + DOUBT_MS
        if now_ms - self._misled_ms > EPISODE_MS:
            self._misled_ms = now_ms

    def _grow(self, ceiling_bps: int, look: LineLook, step_s: float, now_ms: float) -> None:
        proven_bps = 0.0
        if self._proven is not None and now_ms - self._proven[1] <= PROVEN_MS and now_ms >= self._doubt_until_ms:
            proven_bps = USED * self._proven[0]
        if ceiling_bps < proven_bps:
            self._believed_ms = now_ms
            self._set(min(proven_bps, ceiling_bps * FAST**step_s))
        elif proven_bps >= SURE * ceiling_bps:
            pass  # it is as wide as it was
        elif proven_bps >= UNSURE * ceiling_bps:
            self._set(ceiling_bps * CREEP**step_s)
        elif look.sent_bps >= ASKED_FOR * ceiling_bps:
            clear_s = (now_ms - self._full_ms) / 1000
            self._set(ceiling_bps * min(BOLDEST, SLOW + BOLDER * clear_s) ** step_s)

    def _set(self, bps: float) -> None:
        self.ceiling_bps = None if bps >= self._maximum_bps else max(self._minimum_bps, math.ceil(bps))
