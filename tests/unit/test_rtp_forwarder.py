"""What a client sees of a stream never breaks, whatever happens to the source behind it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from aiortc.rtp import RtcpPacket, RtcpReceiverInfo, RtcpSdesPacket, RtcpSrPacket
from hypothesis import example, given
from hypothesis import strategies as st

from media.depacketize_vp8 import depacketize_vp8, parse_vp8
from media.departures import Departures
from media.forwarder import HISTORY, MAX_RESENT_PER_WINDOW, Outlet, PictureOutlet, SoundOutlet, Source
from media.negotiation import H264, OPUS, VP8, Choice
from media.offer import Codec
from media.rtp_packet import RtpPacket, parse_rtp
from media.sources import _Fanout
from media.transport_feedback import TransportFeedback

pytestmark = pytest.mark.unit

FRAME_MS = 1000 / 30
NUMBERS = 9
VP8_CHOICE = Choice(Codec(96, VP8, 90_000), 97)
H264_CHOICE = Choice(Codec(102, H264, 90_000), None)


class Viewer:
    """An outlet and what it has sent."""

    def __init__(
        self,
        choices: Iterable[Choice] = (VP8_CHOICE, H264_CHOICE),
        kind: type[Outlet] = PictureOutlet,
        departures: Departures | None = None,
    ) -> None:
        self.data: list[bytes] = []
        clock_hz = 90_000 if kind is PictureOutlet else 48_000
        self.outlet = kind(
            self.data.append,
            ssrc=1,
            choices=choices,
            clock_hz=clock_hz,
            cname="name",
            departures=departures,
            transport_cc_id=NUMBERS if departures is not None else 0,
        )
        self.outlet.open()

    @property
    def packets(self) -> list[RtpPacket]:
        return [parse_rtp(data) for data in self.data]


class Stream:
    """The packets of one VP8 source, with its own numbers."""

    def __init__(
        self, sequence: int = 500, timestamp: int = 900_000, picture_id: int = 77, tl0: int = 9, *, wide: bool = True
    ) -> None:
        self.sequence, self.timestamp, self.picture_id, self.tl0 = sequence, timestamp, picture_id, tl0
        self.wide = wide
        self.frames = 0

    def payload(self, first: bool, key: bool) -> bytes:
        picture_id = 0x8000 | self.picture_id & 0x7FFF if self.wide else self.picture_id & 0x7F
        descriptor = bytes([0x80 | (0x10 if first else 0), 0xE0])
        descriptor += picture_id.to_bytes(2 if self.wide else 1, "big") + bytes([self.tl0 & 0xFF, 0])
        return descriptor + (b"\x00" if key else b"\x01") + self.frames.to_bytes(4, "big")

    def send(self, viewers: Iterable[Viewer], now_ms: float, *, key: bool = False, packets: int = 2) -> None:
        for index in range(packets):
            payload = self.payload(index == 0, key)
            for viewer in viewers:
                viewer.outlet.forward(
                    VP8, self.sequence, self.timestamp, index == packets - 1, payload, key and index == 0, now_ms
                )
            self.sequence += 1
        self.frames += 1
        self.timestamp += 3000
        self.picture_id += 1
        self.tl0 += 1


def numbers(packets: list[RtpPacket]) -> list[int]:
    return [packet.sequence for packet in packets]


def assert_even(packets: list[RtpPacket]) -> None:
    """No gap in the sequence numbers, time goes forward, picture ids count by one."""
    for earlier, later in itertools.pairwise(packets):
        assert later.sequence == (earlier.sequence + 1) & 0xFFFF
        assert 0 <= (later.timestamp - earlier.timestamp) & 0xFFFFFFFF < 1 << 31
        same_frame = later.timestamp == earlier.timestamp
        step = 0 if same_frame else 1
        assert parse_vp8(later.payload).picture_id == (parse_vp8(earlier.payload).picture_id + step) & 0x7FFF
        assert parse_vp8(later.payload).tl0_index == (parse_vp8(earlier.payload).tl0_index + step) & 0xFF


def test_a_picture_begins_with_a_key_frame() -> None:
    viewer, stream = Viewer(), Stream()

    stream.send([viewer], 0)
    assert viewer.data == []

    stream.send([viewer], FRAME_MS, key=True)
    assert len(viewer.data) == 2


def test_the_header_is_the_clients_own() -> None:
    viewer = Viewer()
    Stream().send([viewer], 0, key=True)

    first, last = viewer.packets
    assert (first.ssrc, first.payload_type, first.marker) == (1, 96, False)
    assert (last.ssrc, last.payload_type, last.marker) == (1, 96, True)
    assert first.sequence < 1 << 15, "a wrap before the first packet arrives would break the client's SRTP index"
    assert viewer.data[0][0] == 0x80, "no extension, no CSRC, no padding"


def test_two_viewers_get_the_same_picture_under_different_numbers() -> None:
    viewers = [Viewer(), Viewer([Choice(Codec(120, VP8, 90_000))])]
    stream = Stream()
    for index in range(20):
        stream.send(viewers, index * FRAME_MS, key=index == 0)

    assert [p.payload for p in viewers[0].packets] == [p.payload for p in viewers[1].packets]
    assert {p.payload_type for p in viewers[1].packets} == {120}


@given(
    parts=st.lists(
        st.tuples(
            st.integers(0, 65_535),
            st.integers(0, (1 << 32) - 1),
            st.integers(0, 0x7FFF),
            st.integers(0, 255),
            st.integers(1, 40),
            st.floats(0, 5000),
        ),
        min_size=1,
        max_size=5,
    )
)
@example([(65_500, (1 << 32) - 30_000, 0x7FF0, 240, 40, 0.0), (65_530, (1 << 32) - 3000, 0x7FFF, 255, 40, 20.0)])
def test_nothing_breaks_when_the_source_is_swapped(parts: list[tuple[int, int, int, int, int, float]]) -> None:
    viewer = Viewer()
    now_ms = 0.0
    for sequence, timestamp, picture_id, tl0, frames, pause_ms in parts:
        viewer.outlet.switch(None)
        now_ms += pause_ms
        stream = Stream(sequence, timestamp, picture_id, tl0)
        stream.send([viewer], now_ms)  # a frame that no viewer of the new source could decode
        for index in range(frames):
            now_ms += FRAME_MS
            stream.send([viewer], now_ms, key=index == 0)

    assert len(viewer.data) == 2 * sum(frames for *_, frames, _ in parts)
    assert_even(viewer.packets)


@given(
    first=st.integers(0, 0x7FFF),
    later=st.lists(st.tuples(st.booleans(), st.integers(0, 0x7FFF)), min_size=1, max_size=3),
)
@example(0x7FF0, [(False, 120), (True, 0x7FFF), (False, 0)])
def test_short_and_long_picture_ids_go_on_evenly_behind_one_another(first: int, later: list[tuple[bool, int]]) -> None:
    """Also where a short one wraps: to the client the identifiers have 15 bits from the first swap on."""
    viewer = Viewer()
    now_ms = 0.0
    for wide, picture_id in [(True, first), *later]:
        viewer.outlet.switch(None)
        stream = Stream(picture_id=picture_id, wide=wide)
        for index in range(150):
            now_ms += FRAME_MS
            stream.send([viewer], now_ms, key=index == 0)

    assert_even(viewer.packets)


def test_time_stamps_count_the_pause_between_two_sources() -> None:
    viewer = Viewer()
    Stream().send([viewer], 0, key=True)
    viewer.outlet.switch(None)
    Stream(sequence=9, timestamp=5).send([viewer], 2000, key=True)

    packets = viewer.packets
    assert (packets[2].timestamp - packets[1].timestamp) & 0xFFFFFFFF == 2000 * 90


def test_numbers_wrap_with_the_source() -> None:
    viewer = Viewer()
    stream = Stream(sequence=0, picture_id=0x7FF0)
    stream.send([viewer], 0, key=True)
    for index in range(40_000):
        stream.send([viewer], index * FRAME_MS)

    assert viewer.outlet.packets == 80_002
    assert_even(viewer.packets)


def test_a_gap_in_the_source_stays_a_gap_and_a_late_packet_fills_it() -> None:
    viewer, stream = Viewer(), Stream()
    stream.send([viewer], 0, key=True)
    payloads = [stream.payload(first, False) for first in (True, False)]
    sequence, timestamp = stream.sequence, stream.timestamp
    viewer.outlet.forward(VP8, sequence + 1, timestamp, True, payloads[1], False, 40)
    viewer.outlet.forward(VP8, sequence, timestamp, False, payloads[0], False, 50)

    start = viewer.packets[0].sequence
    assert [number - start for number in numbers(viewer.packets)] == [0, 1, 3, 2]


def test_a_late_packet_from_before_the_key_frame_is_dropped() -> None:
    viewer, stream = Viewer(), Stream()
    late = stream.sequence - 1
    stream.send([viewer], 0, key=True)
    viewer.outlet.forward(VP8, late, 0, True, stream.payload(False, False), False, 1)

    assert len(viewer.data) == 2


def test_a_nack_is_answered_with_the_packet_as_it_was() -> None:
    viewer, stream = Viewer(), Stream()
    for index in range(10):
        stream.send([viewer], index * FRAME_MS, key=index == 0)
    viewer.outlet.resend([viewer.packets[7].sequence], 1000)

    assert viewer.data[20:] == [viewer.data[7]]
    assert viewer.outlet.resent == 1


def test_the_history_holds_1024_packets() -> None:
    assert HISTORY == 1024
    viewer, stream = Viewer(), Stream()
    for index in range(HISTORY):
        stream.send([viewer], index, key=index == 0)
    packets = viewer.packets
    sent = len(viewer.data)

    viewer.outlet.resend([packets[-HISTORY - 1].sequence], 9000)
    assert len(viewer.data) == sent
    viewer.outlet.resend([packets[-HISTORY].sequence], 9000)
    assert len(viewer.data) == sent + 1


def test_what_was_sent_is_not_sent_twice_and_what_is_too_old_takes_no_place_in_the_history() -> None:
    """Browsers probe a line with packets that they have sent before, on the stream of retransmissions."""
    viewer, stream = Viewer(), Stream()
    sequence, timestamp, payload = stream.sequence, stream.timestamp, stream.payload(True, True)
    for index in range(HISTORY):
        stream.send([viewer], index, key=index == 0)
    packets, sent = viewer.packets, len(viewer.data)

    viewer.outlet.forward(VP8, stream.sequence - 1, stream.timestamp - 3000, True, payload, False, 9000)
    viewer.outlet.forward(VP8, sequence + HISTORY - 1, timestamp, False, payload, False, 9000)
    assert len(viewer.data) == sent
    viewer.outlet.resend([packets[-1].sequence], 9000)
    assert viewer.data[sent:] == viewer.data[sent - 1 : sent]


def test_repeated_nacks_do_not_multiply_packets() -> None:
    viewer, stream = Viewer(), Stream()
    stream.send([viewer], 0, key=True)
    for _ in range(50):
        viewer.outlet.resend([viewer.packets[0].sequence], 1000)

    assert len(viewer.data) == 3


def test_a_client_that_asks_for_everything_again_and_again_does_not_get_it() -> None:
    viewer, stream = Viewer(), Stream()
    for index in range(600):
        stream.send([viewer], index, key=index == 0)
    before = viewer.outlet.packets
    everything = [packet.sequence for packet in viewer.packets]
    for now_ms in range(10_000, 11_000, 10):
        viewer.outlet.resend(everything, now_ms)

    assert viewer.outlet.packets == before
    assert viewer.outlet.resent == 10 * MAX_RESENT_PER_WINDOW


def test_nothing_of_the_old_source_is_sent_again_after_a_switch() -> None:
    viewer, stream = Viewer(), Stream()
    stream.send([viewer], 0, key=True)
    lost = [packet.sequence for packet in viewer.packets]
    viewer.outlet.switch(None)
    viewer.outlet.resend(lost, 1000)

    assert len(viewer.data) == 2


# Numbers of every packet


def transport_number(data: bytes) -> int:
    """Return the number of a packet, whose header has that extension and nothing else."""
    assert data[0] == 0x90
    assert data[12:16] == b"\xbe\xde\x00\x01"
    assert data[16] == NUMBERS << 4 | 1
    assert data[19] == 0
    return int.from_bytes(data[17:19], "big")


def test_all_packets_towards_one_client_are_numbered_together_and_are_otherwise_the_same() -> None:
    departures = Departures()
    numbered = [Viewer(departures=departures), Viewer(departures=departures)]
    plain, stream = Viewer(), Stream()
    for viewer in numbered:
        viewer.outlet._highest = plain.outlet._highest
        viewer.outlet._last_timestamp = plain.outlet._last_timestamp
    for index in range(3):
        stream.send([*numbered, plain], index * FRAME_MS, key=index == 0)

    assert [transport_number(data) for data in numbered[0].data] == [1, 3, 5, 7, 9, 11]
    assert [transport_number(data) for data in numbered[1].data] == [2, 4, 6, 8, 10, 12]
    for viewer in numbered:
        assert [b"\x80" + data[1:12] + data[20:] for data in viewer.data] == plain.data
        assert [packet.payload for packet in viewer.packets] == [packet.payload for packet in plain.packets]


def test_a_packet_that_is_sent_again_has_a_number_of_its_own() -> None:
    viewer, stream = Viewer(departures=Departures()), Stream()
    stream.send([viewer], 0, key=True)
    viewer.outlet.resend([viewer.packets[0].sequence], 100)
    viewer.outlet.resend([viewer.packets[0].sequence], 200)

    first, _, *again = viewer.data
    assert [transport_number(data) for data in viewer.data] == [1, 2, 3, 4]
    assert {data[:17] + data[19:] for data in again} == {first[:17] + first[19:]}


def test_what_departs_is_counted_as_it_lies_on_the_line_and_by_who_made_the_picture() -> None:
    made, forwarded = _Fanout(), _Fanout()
    made.target_bps = 500_000
    departures = Departures()
    viewer, stream = Viewer(departures=departures), Stream()
    for source in (made, forwarded):
        viewer.outlet.switch(source)
        stream.send([viewer], 0, key=True)
    viewer.outlet.resend([viewer.packets[-1].sequence], 100)

    told = departures.arrivals(TransportFeedback(1, 5, 0, ()))
    assert [arrival.encoded for arrival in told] == [True, True, False, False, False]
    # IPv4 and UDP take 28 octets, SRTP's tag 10.
    assert [arrival.line_octets for arrival in told] == [len(data) + 38 for data in viewer.data]
    assert viewer.outlet.line_octets == sum(arrival.line_octets for arrival in told)


def test_a_closed_outlet_sends_nothing() -> None:
    viewer, stream = Viewer(), Stream()
    stream.send([viewer], 0, key=True)
    viewer.outlet.close()
    stream.send([viewer], 40, key=True)
    viewer.outlet.resend([viewer.packets[0].sequence], 1000)

    assert len(viewer.data) == 2
    assert viewer.outlet.sender_report(1 << 32, 1000) is None


def test_an_outlet_that_opens_late_asks_for_a_key_frame_and_begins_there() -> None:
    asked: list[bool] = []

    class Asking(_Fanout):
        def want_key_frame(self, *, new_viewer: bool) -> None:
            asked.append(new_viewer)

    source: Source = Asking()
    viewer, stream = Viewer(), Stream()
    viewer.outlet._open = False
    viewer.outlet.switch(source)
    stream.send([viewer], 0, key=True)
    assert viewer.data == []

    viewer.outlet.open()
    stream.send([viewer], 40)
    assert viewer.data == []
    assert asked == [True]
    stream.send([viewer], 80, key=True)
    assert len(viewer.data) == 2


def test_a_codec_that_the_client_lacks_is_never_sent() -> None:
    viewer = Viewer([VP8_CHOICE])
    viewer.outlet.forward(H264, 1, 1, True, b"\x67sps", True, 0)

    assert viewer.data == []


def test_a_change_of_codec_goes_on_in_the_same_stream() -> None:
    viewer, stream = Viewer(), Stream()
    stream.send([viewer], 0, key=True)
    viewer.outlet.forward(H264, stream.sequence, stream.timestamp, True, b"\x67sps", True, 40)

    assert [packet.payload_type for packet in viewer.packets] == [96, 96, 102]
    assert numbers(viewer.packets)[2] == numbers(viewer.packets)[1] + 1
    assert viewer.packets[2].payload == b"\x67sps"


def test_sound_needs_no_key_frame_and_keeps_no_history() -> None:
    viewer = Viewer([Choice(Codec(111, OPUS, 48_000))], SoundOutlet)
    for index in range(3):
        viewer.outlet.forward(OPUS, 7 + index, 960 * index, False, b"opus", False, index * 20)
    viewer.outlet.resend([viewer.packets[0].sequence], 1000)

    assert [packet.payload for packet in viewer.packets] == [b"opus"] * 3
    assert viewer.packets[2].timestamp - viewer.packets[1].timestamp == 960


def test_the_first_packet_of_a_picture_is_told_once() -> None:
    told: list[str] = []
    viewer, stream = Viewer(), Stream()
    viewer.outlet.on_first = lambda: told.append("first")
    stream.send([viewer], 0)
    assert told == []
    stream.send([viewer], 40, key=True)
    stream.send([viewer], 80, key=True)
    assert told == ["first"]


def test_a_sender_report_maps_the_clock_to_the_streams_time() -> None:
    viewer, stream = Viewer(), Stream()
    assert viewer.outlet.sender_report(1 << 32, 0) is None
    stream.send([viewer], 1000, key=True)

    report = viewer.outlet.sender_report(5 << 32, 1500)
    assert report is not None
    sr, names = RtcpPacket.parse(report)
    assert isinstance(sr, RtcpSrPacket)
    assert isinstance(names, RtcpSdesPacket)
    assert sr.ssrc == 1
    assert sr.sender_info.packet_count == 2
    assert sr.sender_info.octet_count == sum(len(packet.payload) for packet in viewer.packets)
    assert (sr.sender_info.rtp_timestamp - viewer.packets[-1].timestamp) & 0xFFFFFFFF == 500 * 90
    assert names.chunks[0].items[0] == (1, b"name")


def test_a_report_block_gives_round_trip_and_loss() -> None:
    viewer = Viewer()
    Stream().send([viewer], 0, key=True)
    viewer.outlet.sender_report(7 << 32, 1000)

    def block(lsr: int) -> RtcpReceiverInfo:
        return RtcpReceiverInfo(
            ssrc=1, fraction_lost=64, packets_lost=1, highest_sequence=1, jitter=0, lsr=lsr, dlsr=int(0.5 * 65536)
        )

    viewer.outlet.receiver_report(block((7 << 16) + 1), 1600)
    assert viewer.outlet.round_trip_ms is None, "another report's answer says nothing"
    viewer.outlet.receiver_report(block(7 << 16), 1600)
    assert viewer.outlet.round_trip_ms == pytest.approx(100)
    assert viewer.outlet.loss_share == 0.25


def test_a_report_block_may_answer_an_earlier_report_and_one_sample_counts_once() -> None:
    """On a way of more than a second the next report is always out before the answer comes."""
    viewer = Viewer()
    Stream().send([viewer], 0, key=True)
    for second in range(1, 4):
        viewer.outlet.sender_report(second << 32, second * 1000.0)

    viewer.outlet.receiver_report(RtcpReceiverInfo(1, 0, 0, 1, 0, 1 << 16, 0), 3500)
    assert viewer.outlet.round_trip_sample_ms == 2500
    viewer.outlet.receiver_report(RtcpReceiverInfo(1, 0, 0, 1, 0, 99 << 16, 0), 3600)
    assert viewer.outlet.round_trip_sample_ms is None
    assert viewer.outlet.round_trip_ms == 2500


def test_a_client_that_names_the_same_report_again_has_not_heard_a_newer_one() -> None:
    """As on a full line: its report would tell of the way as it was before."""
    viewer = Viewer()
    Stream().send([viewer], 0, key=True)
    viewer.outlet.sender_report(1 << 32, 1000)
    viewer.outlet.receiver_report(RtcpReceiverInfo(1, 0, 0, 1, 0, 1 << 16, 0), 1005)
    assert viewer.outlet.round_trip_sample_ms == 5
    viewer.outlet.sender_report(2 << 32, 2000)

    viewer.outlet.receiver_report(RtcpReceiverInfo(1, 0, 0, 1, 0, 1 << 16, 65536), 2005)
    assert viewer.outlet.round_trip_sample_ms is None
    assert viewer.outlet.round_trip_ms == 5


def test_the_payload_is_never_changed_for_the_first_source() -> None:
    viewer, stream = Viewer(), Stream()
    payload = stream.payload(True, True)
    viewer.outlet.forward(VP8, 1, 1, True, payload, True, 0)

    assert viewer.packets[0].payload == payload
    assert depacketize_vp8(payload)[0] == 0
