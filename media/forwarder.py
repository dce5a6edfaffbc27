"""One stream of packets towards one client: the same class for a forwarded picture, the blurred one, and sound.

The client sees one SSRC that never breaks: sequence numbers, time stamps and VP8 picture identifiers go on evenly when
the source behind them is swapped, and the last 1,024 packets can be sent again. Gaps in the source stay gaps, so that
the client asks for what it misses.

A packet is sent again as it was, not on a retransmission stream of its own: every client takes that, and aiortc loses
retransmissions where several lines share a payload type.

Source: RFC 3550, sections 5.1 and 6.4.1; RFC 4585 (NACK, PLI); RFC 7741, section 4.5.
"""

from __future__ import annotations

import math
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from aiortc.rtp import RtcpReceiverInfo, RtcpSdesPacket, RtcpSenderInfo, RtcpSourceInfo, RtcpSrPacket

from media.depacketize_vp8 import NO_VALUE, parse_vp8, with_identifiers
from media.departures import Departures
from media.line_rate import PACKET_OCTETS
from media.meter import PictureMeter
from media.negotiation import VP8, Choice
from media.rtp_packet import (
    HEADER_BYTES,
    NUMBERED_HEADER_BYTES,
    ONE_WORD,
    pack_header,
    pack_numbered_header,
    renumbered,
    unwrap,
)

HISTORY: Final = 1024
MIN_RESEND_INTERVAL_MS: Final = 10.0
RESEND_WINDOW_MS: Final = 100.0
MAX_RESENT_PER_WINDOW: Final = 128
RESENT_SHARE: Final = 0.5
FULL_PACKET_OCTETS: Final = 1200
NEWLY_LOST_MS: Final = 5000.0  # what is asked for again within that time is no further loss
MOST_APART_MS: Final = 2_000.0  # no way takes longer: a client whose reports say so has told nonsense
REPORTS_KEPT: Final = 8  # of ours, one a second: a client may answer one that is not the last
_ROUND_TRIP_WEIGHT: Final = 0.2
_CNAME: Final = 1


class Source(Protocol):
    """What an outlet is fed from."""

    @property
    def target_bps(self) -> int | None:
        """What the source is allowed to send, None when it is not for this side to say."""
        ...

    def want_key_frame(self, *, new_viewer: bool) -> None:
        """Ask for a key frame as soon as the limits allow."""
        ...

    def captured(self, now_ms: float) -> int | None:
        """The time stamp of what is captured now, unwrapped; None: whoever captures it has not told."""
        ...

    def viewer_changed(self) -> None:
        """What a viewer can receive, or what it loses, has changed."""
        ...

    def detach(self, outlet: Outlet) -> None:
        """Part an outlet from this source at once."""
        ...


@dataclass(frozen=True, slots=True)
class Reported:
    """Sums at a client's report: octets sent, and those up to the highest number that it has seen, with headers.

    `count` packets were sent up to that number; what was sent again is left out. `lost` is the client's count of them,
    `nacked` how many it asked to be sent again. Only sums of one `stream`, from a switch to the next, can be compared.
    """

    at_ms: float
    stream: int
    sent_octets: int
    resent_octets: int
    acknowledged_octets: int
    count: int
    lost: int
    nacked: int


class Outlet:
    """Packets to one client's m-line. Nothing is sent before `open()`; a picture begins with a key frame.

    With `departures` each packet, also one that is sent again, has a transport-wide number of its own in the header
    extension `transport_cc_id`.
    """

    waits_for_key = False

    def __init__(
        self,
        send: Callable[[bytes], None],
        *,
        ssrc: int,
        choices: Iterable[Choice],
        clock_hz: int,
        cname: str,
        departures: Departures | None = None,
        transport_cc_id: int = 0,
    ) -> None:
        self.ssrc = ssrc
        self.source: Source | None = None
        self.on_first: Callable[[], None] | None = None
        self.packets = 0
        self.meter = PictureMeter()
        self.octets = 0
        self.resent = 0
        self.resent_octets = 0
        self.nacked = 0
        self.reported: Reported | None = None
        self.round_trip_ms: float | None = None
        self.round_trip_sample_ms: float | None = None
        self.loss_share = 0.0
        self.ceiling_bps: int | None = None
        self.loss_judged = False  # what is lost is in the ceiling already, or was lost by chance
        self.restraint = 1.0  # share of that an encoder may aim at: less after it has sent more than it should
        self.allowed_bps: int | None = None  # what a source that is encoded here found that this way carries
        self.sent_bps = 0
        self._send = send
        self._choices: Mapping[str, Choice] = {choice.name: choice for choice in choices}
        self._ticks_per_ms = clock_hz / 1000
        self._cname = cname.encode()
        self._departures = departures
        self._extension_head = transport_cc_id << 4 | 1  # of two octets
        self._packet_octets = PACKET_OCTETS + (NUMBERED_HEADER_BYTES - HEADER_BYTES if departures is not None else 0)
        self._open = False
        self._bound = False
        self._codec = ""
        self._choice: Choice | None = None
        # The first sequence number lies low: a wrap before the client has seen a packet would break its SRTP index.
        self._highest = secrets.randbelow(1 << 14)
        self._acknowledged = self._highest
        self._acknowledged_octets = 0
        self._never_sent = 0
        self._streams = 0
        self._first = 0
        self._sequence_shift = 0
        self._timestamp_shift = 0
        self._last_timestamp = secrets.randbits(31)
        self._last_ms: float | None = None
        self._last_payload = b""
        self._picture = 0  # the source's own picture id, unwrapped
        self._picture_shift = 0
        self._tl0_shift = 0
        self._history: list[tuple[int, bytes] | None] = [None] * (HISTORY if self.waits_for_key else 0)
        self._key_number = 0
        self._resent_ms: dict[int, float] = {}
        self._resend_window_ms = 0.0
        self._resend_left = MAX_RESENT_PER_WINDOW
        self._own_reports: OrderedDict[int, float] = OrderedDict()
        self._measured: tuple[int, float] = (0, 0.0)

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def line_octets(self) -> int:
        """What was sent so far as it lies on the line: with all headers, and with what was sent again."""
        return self.octets + self.packets * self._packet_octets + self.resent_octets

    @property
    def codecs(self) -> tuple[str, ...]:
        """The codecs that the client takes on this line, best first."""
        return tuple(self._choices)

    def open(self) -> None:
        """The client can be reached: whatever is attached may flow, from a key frame on."""
        self._open = True
        self._bound = False
        if self.source is not None:
            self.source.want_key_frame(new_viewer=True)

    def close(self) -> None:
        """Nothing is sent from here on."""
        self._open = False
        self.source = None
        self.on_first = None
        self._history = [None] * len(self._history)

    def switch(self, source: Source | None) -> None:
        """Another source (or none) follows; its first key frame goes on where the old source stopped."""
        self.source, self.allowed_bps, self.reported = source, None, None
        self.meter.restart()
        self._bound = False
        self._history = [None] * len(self._history)
        self._acknowledged = self._highest  # what is still on its way can no longer be looked up
        self._streams += 1

    def forward(
        self, codec: str, sequence: int, timestamp: int, marker: bool, payload: bytes, starts_key: bool, now_ms: float
    ) -> None:
        """Send one packet of the attached source. `sequence` and `timestamp` are the source's, unwrapped."""
        if not self._open:
            return
        first = not self._bound
        if first and not self._bind(codec, sequence, timestamp, payload, starts_key, now_ms):
            return
        if codec != self._codec and not self._use(codec):
            return
        number = sequence + self._sequence_shift
        if number < self._first or self._choice is None:
            return
        if self._history:
            kept = self._history[number % HISTORY]
            if kept is not None and kept[0] >= number:
                return  # it was sent already (browsers probe with such), or is older than all that is kept
        out_timestamp = (timestamp + self._timestamp_shift) & 0xFFFFFFFF
        if (self._picture_shift or self._tl0_shift) and payload and codec == VP8:
            try:
                payload = self._renamed(payload)
            except ValueError:
                return
        second = self._choice.payload_type | 0x80 if marker else self._choice.payload_type
        if self._departures is None:
            data = pack_header(0x80, second, number & 0xFFFF, out_timestamp, self.ssrc) + payload
        else:
            left = self._departures.leave(len(payload) + self._packet_octets, self._is_encoded)
            data = (
                pack_numbered_header(
                    0x90, second, number & 0xFFFF, out_timestamp, self.ssrc, ONE_WORD, self._extension_head, left, 0
                )
                + payload
            )
        if self._history:
            self._history[number % HISTORY] = (number, data)
            if starts_key:
                self._key_number = number
        self._send(data)
        self.packets += 1
        self.octets += len(payload)
        if marker:
            self.meter.frame(now_ms)
        if number >= self._highest:
            self._highest = number
            self._last_timestamp = out_timestamp
            self._last_ms = now_ms
            if payload:
                self._last_payload = payload
        if first and self.on_first is not None:
            self.on_first()

    def _bind(self, codec: str, sequence: int, timestamp: int, payload: bytes, starts_key: bool, now_ms: float) -> bool:
        """Join a source's numbers to this stream's; a picture can only begin with a key frame."""
        if (self.waits_for_key and not starts_key) or not self._use(codec):
            return False
        self._sequence_shift = self._highest + 1 - sequence
        self._first = self._highest + 1
        elapsed_ms = now_ms - self._last_ms if self._last_ms is not None else 0.0
        self._timestamp_shift = self._last_timestamp + max(1, int(elapsed_ms * self._ticks_per_ms)) - timestamp
        self._picture_shift = self._tl0_shift = 0
        if codec == VP8 and self._last_payload:
            self._join_identifiers(payload)
        self._bound = True
        return True

    def _join_identifiers(self, payload: bytes) -> None:
        try:
            old, new = parse_vp8(self._last_payload), parse_vp8(payload)
        except ValueError:
            return
        self._picture = new.picture_id
        if NO_VALUE not in (old.picture_id, new.picture_id):
            self._picture_shift = (old.picture_id + 1 - new.picture_id) & 0x7FFF
        if NO_VALUE not in (old.tl0_index, new.tl0_index):
            self._tl0_shift = (old.tl0_index + 1 - new.tl0_index) & 0xFF

    def _renamed(self, payload: bytes) -> bytes:
        found = parse_vp8(payload)
        if found.picture_id != NO_VALUE:
            self._picture = unwrap(found.picture_id, self._picture, 15 if found.wide else 7)
        return with_identifiers(payload, found, self._picture + self._picture_shift, found.tl0_index + self._tl0_shift)

    def _use(self, codec: str) -> bool:
        choice = self._choices.get(codec)
        if choice is None:
            return False
        if codec != self._codec:
            self._codec, self._choice, self._last_payload = codec, choice, b""
            self._picture_shift = self._tl0_shift = 0
        return True

    def resend(self, lost: Iterable[int], now_ms: float) -> None:
        """Answer a NACK from the history."""
        if not self._history or not self._open:
            return
        if now_ms - self._resend_window_ms >= RESEND_WINDOW_MS:
            self._resend_window_ms, self._resend_left = now_ms, self._most_resent()
        for sequence in lost:
            if not self._resend_left:
                return
            number = unwrap(sequence, self._highest, 16)
            place = number % HISTORY
            sent = self._history[place]
            if sent is None or sent[0] != number:
                continue
            if number < self._key_number and self.ceiling_bps is not None:
                continue  # a picture before the last key frame: soon nobody waits for it, and it would delay that one
            since_ms = now_ms - self._resent_ms.get(place, -math.inf)
            if since_ms < MIN_RESEND_INTERVAL_MS:
                continue
            self.nacked += since_ms > NEWLY_LOST_MS
            self._resent_ms[place] = now_ms
            self._resend_left -= 1
            self.resent += 1
            octets = _on_the_line(sent[1])
            self.resent_octets += octets
            if self._departures is None:
                self._send(sent[1])
            else:
                self._send(renumbered(sent[1], self._departures.leave(octets, self._is_encoded)))

    @property
    def _is_encoded(self) -> bool:
        """Whether the picture is made here, which is where its bits a second are said."""
        return self.source is not None and self.source.target_bps is not None

    def _most_resent(self) -> int:
        """Return how many packets may be sent again per window: on a narrow line they are what fills it."""
        if self.ceiling_bps is None:
            return MAX_RESENT_PER_WINDOW
        octets = RESENT_SHARE * self.ceiling_bps / 8 * RESEND_WINDOW_MS / 1000
        return min(MAX_RESENT_PER_WINDOW, max(1, round(octets / FULL_PACKET_OCTETS)))

    def sender_report(self, ntp: int, now_ms: float) -> bytes | None:
        """Return a sender report with the canonical name, None while nothing was sent. `ntp` is 32.32 fixed point."""
        octets, since_ms = self._measured
        if now_ms > since_ms:
            self.sent_bps = int((self.octets - octets) * 8000 / (now_ms - since_ms))
            self._measured = (self.octets, now_ms)
        if self._last_ms is None or not self._open:
            return None
        info = RtcpSenderInfo(
            ntp_timestamp=ntp,
            rtp_timestamp=self._timestamp_at(now_ms),
            packet_count=self.packets & 0xFFFFFFFF,
            octet_count=self.octets & 0xFFFFFFFF,
        )
        self._own_reports[(ntp >> 16) & 0xFFFFFFFF] = now_ms
        if len(self._own_reports) > REPORTS_KEPT:
            self._own_reports.popitem(last=False)
        name = RtcpSdesPacket(chunks=[RtcpSourceInfo(ssrc=self.ssrc, items=[(_CNAME, self._cname)])])
        return bytes(RtcpSrPacket(ssrc=self.ssrc, sender_info=info)) + bytes(name)

    def _timestamp_at(self, now_ms: float) -> int:
        """Return the time stamp of what is captured now: as its client says, else as if its way took no time."""
        since_ms = 0.0 if self._last_ms is None else now_ms - self._last_ms
        by_arrival = self._last_timestamp + int(since_ms * self._ticks_per_ms)
        captured = self.source.captured(now_ms) if self.source is not None and self._bound else None
        if captured is not None:
            apart = unwrap((captured + self._timestamp_shift) & 0xFFFFFFFF, by_arrival, 32) - by_arrival
            if abs(apart) <= MOST_APART_MS * self._ticks_per_ms:
                return (by_arrival + apart) & 0xFFFFFFFF
        return by_arrival & 0xFFFFFFFF

    def receiver_report(self, block: RtcpReceiverInfo, now_ms: float) -> None:
        """Take the client's report block about this stream: loss and round trip."""
        self.loss_share = block.fraction_lost / 256
        self._acknowledge(block, now_ms)
        # A client goes on naming the last of our reports that reached it. That is no new sample: on a full line, which
        # loses reports with the rest, it would say that nothing waits.
        sent_ms = self._own_reports.pop(block.lsr, None)
        self.round_trip_sample_ms = None
        if sent_ms is not None:
            sample_ms = self.round_trip_sample_ms = max(0.0, now_ms - sent_ms - block.dlsr / 65.536)
            old_ms = self.round_trip_ms
            self.round_trip_ms = sample_ms if old_ms is None else old_ms + _ROUND_TRIP_WEIGHT * (sample_ms - old_ms)
        if self.source is not None:
            self.source.viewer_changed()

    def _acknowledge(self, block: RtcpReceiverInfo, now_ms: float) -> None:
        if not self._history:
            return
        highest = min(unwrap(block.highest_sequence & 0xFFFF, self._highest, 16), self._highest)
        for number in range(max(self._acknowledged, highest - HISTORY) + 1, highest + 1):
            sent = self._history[number % HISTORY]
            if sent is not None and sent[0] == number:
                self._acknowledged_octets += _on_the_line(sent[1])
            else:
                self._never_sent += 1  # a gap that the source came with: no fault of this line
        self._acknowledged = max(self._acknowledged, highest)
        self.reported = Reported(
            now_ms,
            self._streams,
            self.line_octets - self.resent_octets,
            self.resent_octets,
            self._acknowledged_octets,
            self._acknowledged - self._never_sent,
            block.packets_lost - self._never_sent,
            self.nacked,
        )


def _on_the_line(packet: bytes) -> int:
    return len(packet) - HEADER_BYTES + PACKET_OCTETS


class PictureOutlet(Outlet):
    """A slot: a forwarded or a protected picture."""

    waits_for_key = True


class SoundOutlet(Outlet):
    """The sound towards one client."""
