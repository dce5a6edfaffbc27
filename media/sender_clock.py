"""A client's clock in ours, by its sender reports: when each of its streams was captured, whatever its way did to them.

What is sent on needs sender reports of this side's own. By the time at which packets come here they would say of sound
and picture what the way did to each of them: with 0 to 200 ms of jitter that is up to 200 ms between lips and voice, of
which EN 301 549, 6.5.4, allows 100 in all. A client's own reports say when it captured each stream by one clock, and
that difference between the streams goes on unchanged.

Source: RFC 3550, sections 6.4.1 (sender reports) and 7.1 (translators).
"""

from __future__ import annotations

from typing import Final

DRIFT: Final = 0.0005  # share by which two clocks may part; crystals differ by 0.0001
JUMP_MS: Final = 5_000.0


class SenderClock:
    """One client's clock: the same for all of its streams, so that no error of it lies between them.

    A report says what the client's clock showed when it left; the one that came fastest says most. The clocks part
    slowly, so an older report counts for less in time; where the client has set its clock anew, it begins again.
    """

    def __init__(self) -> None:
        self._behind_ms: float | None = None
        self._heard_ms = 0.0

    def heard(self, theirs_ms: float, now_ms: float) -> None:
        """Take a report that shows `theirs_ms` of the client's clock, at `now_ms` of ours."""
        behind_ms, known_ms = now_ms - theirs_ms, self._behind_ms
        if known_ms is None or abs(behind_ms - known_ms) > JUMP_MS:
            self._behind_ms = behind_ms
        else:
            self._behind_ms = min(behind_ms, known_ms + DRIFT * (now_ms - self._heard_ms))
        self._heard_ms = now_ms

    def theirs_ms(self, now_ms: float) -> float:
        """Return what the client's clock shows at `now_ms` of ours, less the fastest way from there.

        Raises:
            ValueError: nothing was heard yet.
        """
        if self._behind_ms is None:
            raise ValueError("No report has come.")
        return now_ms - self._behind_ms


class StreamClock:
    """One stream's time stamps by its client's clock. `clock_hz` is the RTP clock."""

    def __init__(self, clock: SenderClock, clock_hz: int) -> None:
        self._clock = clock
        self._ticks_per_ms = clock_hz / 1000
        self._timestamp = 0
        self._theirs_ms = 0.0

    def heard(self, ntp: int, timestamp: int, now_ms: float) -> None:
        """Take a sender report: `timestamp` was captured at `ntp`, 32.32 fixed point."""
        self._timestamp, self._theirs_ms = timestamp, ntp * 1000 / 2**32
        self._clock.heard(self._theirs_ms, now_ms)

    def timestamp(self, now_ms: float) -> int:
        """Return the time stamp of what is captured now, 32 bits of it.

        Raises:
            ValueError: nothing was heard yet.
        """
        since_ms = self._clock.theirs_ms(now_ms) - self._theirs_ms
        return (self._timestamp + round(since_ms * self._ticks_per_ms)) & 0xFFFFFFFF
