"""What a receiver reports about one stream: loss, jitter, the last sender report.

Source: RFC 3550, sections 6.4.1 (report block), A.3 (loss) and A.8 (jitter).
"""

from __future__ import annotations

from aiortc.rtp import RtcpReceiverInfo, RtcpSenderInfo, clamp_packets_lost

from media.rtp_packet import unwrap
from media.sender_clock import SenderClock, StreamClock


class Reception:
    """Counts of one incoming SSRC. `clock_hz` is the RTP clock; times are milliseconds of the loop's clock."""

    def __init__(self, ssrc: int, clock_hz: int, sequence: int) -> None:
        self.ssrc = ssrc
        self.packets = 0
        self._clock_hz = clock_hz
        self._ticks_per_ms = clock_hz / 1000
        self._base = sequence
        self._highest = sequence
        self._jitter = 0.0
        self._transit: float | None = None
        self._last_timestamp: int | None = None
        self._prior = (0, 0)
        self._sender_report: tuple[int, float] | None = None
        self._clock: StreamClock | None = None

    @property
    def highest(self) -> int:
        return self._highest

    @property
    def expected(self) -> int:
        return self._highest - self._base + 1

    @property
    def loss_share(self) -> float:
        """Share of the packets so far that did not come by themselves (retransmissions do not count)."""
        return max(0.0, 1 - self.packets / self.expected) if self.packets else 0.0

    def add(self, sequence: int, timestamp: int, now_ms: float) -> int:
        """Count a packet and return its unwrapped sequence number."""
        number = unwrap(sequence, self._highest, 16)
        self.packets += 1
        if number >= self._highest:
            self._highest = number
            # Jitter counts a frame's first packet only: its other packets carry the same time stamp.
            if timestamp != self._last_timestamp:
                self._last_timestamp = timestamp
                transit = now_ms * self._ticks_per_ms - timestamp
                if self._transit is not None:
                    self._jitter += (abs(transit - self._transit) - self._jitter) / 16
                self._transit = transit
        return number

    def sender_report(self, info: RtcpSenderInfo, clock: SenderClock, now_ms: float) -> None:
        """Take a sender report of a client with this clock; without a time (RFC 3550: zero) it says none."""
        self._sender_report = ((info.ntp_timestamp >> 16) & 0xFFFFFFFF, now_ms)
        if info.ntp_timestamp:
            self._clock = self._clock or StreamClock(clock, self._clock_hz)
            self._clock.heard(info.ntp_timestamp, info.rtp_timestamp, now_ms)

    def captured(self, near: int, now_ms: float) -> int | None:
        """Return the time stamp of what the client captures now, unwrapped as `near` is; None: it has not told."""
        return None if self._clock is None else unwrap(self._clock.timestamp(now_ms), near, 32)

    def report(self, now_ms: float) -> RtcpReceiverInfo:
        """Return the report block since the last one."""
        expected, received = self.expected, self.packets
        lost = (expected - self._prior[0]) - (received - self._prior[1])
        interval = expected - self._prior[0]
        self._prior = (expected, received)
        since_last, delay = 0, 0
        if self._sender_report is not None:
            since_last = self._sender_report[0]
            delay = min(int((now_ms - self._sender_report[1]) * 65.536), 0xFFFFFFFF)
        return RtcpReceiverInfo(
            ssrc=self.ssrc,
            fraction_lost=min(255, (lost << 8) // interval) if interval > 0 and lost > 0 else 0,
            packets_lost=clamp_packets_lost(expected - received),
            highest_sequence=self._highest & 0xFFFFFFFF,
            jitter=int(self._jitter) & 0xFFFFFFFF,
            lsr=since_last,
            dlsr=delay,
        )
