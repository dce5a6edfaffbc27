"""Lips and voice stay together: what this side's sender reports say of a forwarded sound and picture, in virtual time.

The client's way takes each packet another time, so that packets overtake each other, and its clock goes wrong. Of a
moment that the client captured a receiver learns by our reports when it is to be heard and when to be seen: the
difference is the error. EN 301 549, 6.5.4, allows 100 ms for all that there is between two people.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

import pytest
from aiortc.rtp import RtcpPacket, RtcpSenderInfo, RtcpSrPacket

from media.agent_camera import AgentCamera
from media.assembler import EncodedFrame
from media.forwarder import Outlet, PictureOutlet, SoundOutlet
from media.negotiation import OPUS, VP8, Choice
from media.offer import Codec
from media.packetizer import Vp8Packetizer
from media.rtp_packet import RtpPacket, parse_rtp
from media.sender_clock import JUMP_MS, SenderClock, StreamClock
from media.sources import ForwardedPicture, ForwardedSound, ProtectedPictures
from video_service.media_plane import LegRole

pytestmark = pytest.mark.unit

SOUND_HZ, PICTURE_HZ = 48_000, 90_000
WAY_MS = 40.0
JITTER_MS = 200.0
DRIFT = 100e-6
MINUTES = 10
SETTLED_MS = 10_000.0
NTP_MS = 3_900_000_000_000.0
Change = Callable[[RtcpSenderInfo], RtcpSenderInfo]


def ntp(at_ms: float) -> int:
    return round(at_ms * 2**32 / 1000)


@dataclass
class Stream:
    """One stream of the client, and of our outlet its last report; `first` is the outlet's first time stamp."""

    clock_hz: int
    start: int
    source: ForwardedSound | ForwardedPicture
    outlet: Outlet
    sent: list[bytes] = field(default_factory=list)
    shift: int | None = None
    last: RtcpSrPacket | None = None

    def timestamp(self, theirs_ms: float) -> int:
        return (self.start + round(theirs_ms * self.clock_hz / 1000)) & 0xFFFFFFFF

    def shown_ms(self, theirs_ms: float) -> float:
        """Return when the last report has a receiver show what was captured then, by our clock."""
        assert self.last is not None
        assert self.shift is not None
        info = self.last.sender_info
        ahead = (self.timestamp(theirs_ms) + self.shift - info.rtp_timestamp + 2**31) % 2**32 - 2**31
        return info.ntp_timestamp * 1000 / 2**32 + ahead * 1000 / self.clock_hz


class Feedback:
    def ask_again(self, ssrc: int, lost: list[int], since_ms: float | None = None) -> None: ...

    def ask_key_frame(self, ssrc: int) -> None: ...


class Talk:
    """Sound every 20 ms, pictures every 33, over a way with jitter, in virtual time.

    The client tells its clock once a second for the picture and every five for the sound, as browsers do.
    """

    def __init__(
        self, *, jitter_ms: float = JITTER_MS, change: Change = lambda info: info, reports: bool = True
    ) -> None:
        self.now = 0.0
        self.clock = SenderClock()
        self._random, self._jitter_ms, self._change, self._reports = Random(5), jitter_ms, change, reports
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        heard, seen = list[bytes](), list[bytes]()
        sound = SoundOutlet(
            heard.append, ssrc=1, choices=[Choice(Codec(111, OPUS, SOUND_HZ))], clock_hz=SOUND_HZ, cname="n"
        )
        picture = PictureOutlet(
            seen.append, ssrc=2, choices=[Choice(Codec(96, VP8, PICTURE_HZ))], clock_hz=PICTURE_HZ, cname="n"
        )
        talk, face = (
            ForwardedSound(SOUND_HZ),
            ForwardedPicture(LegRole.CUSTOMER, PICTURE_HZ, Feedback(), lambda: self.now),
        )
        sound.open()
        picture.open()
        talk.attach(sound)
        face.attach(picture)
        # The time stamps begin anywhere, and wrap in the first minutes.
        self.sound = Stream(SOUND_HZ, 2**32 - 30 * SOUND_HZ, talk, sound, heard)
        self.picture = Stream(PICTURE_HZ, 2**32 - 60 * PICTURE_HZ, face, picture, seen)

    def run(self, minutes: float = MINUTES) -> Iterator[float]:
        """Go on; yield the error in milliseconds after each of our pairs of reports, once a second."""
        end_ms = minutes * 60_000
        payload = Vp8Packetizer().payloads(b"\x10picture")[0]
        for number in range(round(end_ms / 20)):
            self._send(20.0 * number, self.sound, 111, number, b"sound", marker=False)
        for number in range(round(end_ms * 30 / 1000)):
            self._send(number * 1000 / 30, self.picture, 96, number, payload, marker=True)
        for second in range(round(end_ms / 1000)):
            if self._reports:
                self._tell(1000.0 * second + 300, self.picture)
            if self._reports and second % 5 == 0:
                self._tell(1000.0 * second + 700, self.sound)
        for second in range(2, round(end_ms / 1000)):
            self._until(1000.0 * second)
            for stream in (self.sound, self.picture):
                report = stream.outlet.sender_report(ntp(NTP_MS + self.now), self.now)
                assert report is not None
                (stream.last,) = (each for each in RtcpPacket.parse(report) if isinstance(each, RtcpSrPacket))
            theirs_ms = self.theirs_ms(self.now - 500)
            yield self.sound.shown_ms(theirs_ms) - self.picture.shown_ms(theirs_ms)

    def theirs_ms(self, now_ms: float) -> float:
        """What the client's clock, from which all its time stamps are, shows then."""
        return now_ms * (1 + DRIFT)

    def _send(
        self, at_ms: float, stream: Stream, payload_type: int, number: int, payload: bytes, *, marker: bool
    ) -> None:
        timestamp = stream.timestamp(self.theirs_ms(at_ms))
        packet = RtpPacket(payload_type, number & 0xFFFF, timestamp, stream.outlet.ssrc + 10, marker, payload)

        def come() -> None:
            stream.source.receive(OPUS if stream is self.sound else VP8, packet, self.now)
            if stream.shift is None and stream.sent:
                stream.shift = (parse_rtp(stream.sent[-1]).timestamp - timestamp) & 0xFFFFFFFF
            stream.sent.clear()

        self._later(at_ms, come)

    def _tell(self, at_ms: float, stream: Stream) -> None:
        theirs_ms = self.theirs_ms(at_ms)
        info = self._change(RtcpSenderInfo(ntp(77_000_000 + theirs_ms), stream.timestamp(theirs_ms), 0, 0))

        def come() -> None:
            if stream.source.reception is not None:
                stream.source.reception.sender_report(info, self.clock, self.now)

        self._later(at_ms, come)

    def _later(self, at_ms: float, come: Callable[[], None]) -> None:
        heapq.heappush(self._due, (at_ms + WAY_MS + self._random.random() * self._jitter_ms, next(self._numbers), come))

    def _until(self, now_ms: float) -> None:
        while self._due and self._due[0][0] <= now_ms:
            self.now, _, come = heapq.heappop(self._due)
            come()
        self.now = now_ms


def worst_ms(errors: Iterator[float]) -> float:
    return max(abs(error) for error in itertools.islice(errors, round(SETTLED_MS / 1000), None))


def test_with_a_clients_own_reports_jitter_and_drift_part_no_lips_and_voice() -> None:
    assert worst_ms(Talk().run()) < 1


def test_by_the_time_of_arrival_alone_they_would_part() -> None:
    """So this test can fail: it is what is left for a client that does not tell, and why the others are believed."""
    assert worst_ms(Talk(reports=False).run()) > 100
    assert worst_ms(Talk(reports=False, jitter_ms=0).run()) < 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda info: RtcpSenderInfo(0, info.rtp_timestamp, 0, 0), id="no time"),
        pytest.param(lambda info: RtcpSenderInfo(info.ntp_timestamp, 2**31, 0, 0), id="no time stamp"),
    ],
)
def test_a_client_that_tells_nonsense_is_believed_as_little_as_one_that_does_not_tell(change: Change) -> None:
    for told, silent in zip(Talk(change=change).run(2), Talk(reports=False).run(2), strict=True):
        assert told == silent


def test_a_clock_that_is_set_anew_is_followed_and_no_report_lies_behind_another() -> None:
    clock, hour_ms = SenderClock(), 3_600_000.0
    with pytest.raises(ValueError, match="No report"):
        clock.theirs_ms(0)
    clock.heard(1_000, 5_000 + WAY_MS)
    clock.heard(2_000, 6_000 + WAY_MS + JITTER_MS)
    assert clock.theirs_ms(7_000 + WAY_MS) == pytest.approx(3_000, abs=1), "the fastest way is the one that counts"
    clock.heard(10_000, 14_000 + WAY_MS / 2)
    assert clock.theirs_ms(15_000 + WAY_MS / 2) == 11_000
    for second in range(3600):  # it falls behind by 100 ppm
        clock.heard(10_000 + second * 1000 * (1 - DRIFT), 14_000 + second * 1000 + WAY_MS)
    assert clock.theirs_ms(14_000 + hour_ms + WAY_MS) == pytest.approx(10_000 + hour_ms * (1 - DRIFT), abs=2)
    clock.heard(0, 14_000 + hour_ms)
    assert clock.theirs_ms(15_000 + hour_ms) == 1_000
    assert hour_ms > JUMP_MS


def test_a_streams_time_stamp_goes_on_between_reports_and_wraps() -> None:
    stream = StreamClock(SenderClock(), PICTURE_HZ)
    stream.heard(ntp(50_000), 2**32 - 90, 1_000)
    assert stream.timestamp(1_000) == 2**32 - 90
    assert stream.timestamp(1_002) == 90
    assert stream.timestamp(999) == 2**32 - 180


def test_an_agents_protected_picture_keeps_to_the_camera_however_long_the_blur_takes() -> None:
    """Its frames are numbered as the camera's, so the camera's reports hold for what the encoder makes of them."""
    frames: list[EncodedFrame] = []
    camera = AgentCamera(PICTURE_HZ, Feedback(), frames.extend, lambda: 0.0)
    protected = ProtectedPictures(lambda new_viewer: None, lambda: 0.0)
    assert protected.captured(0) is None, "nobody has told"
    protected.camera = camera
    assert protected.captured(0) is None, "nothing has come"
    payload = Vp8Packetizer().payloads(b"\x10picture")[0]
    for number in range(3):  # its time stamps wrap
        packet = RtpPacket(96, number, (2**32 - 3000 + 3000 * number) & 0xFFFFFFFF, 9, True, payload)
        camera.receive(VP8, packet, WAY_MS + 33 * number)
    assert camera.reception is not None
    assert protected.captured(WAY_MS + 70) is None
    camera.reception.sender_report(RtcpSenderInfo(ntp(60_000), 0, 0, 0), SenderClock(), WAY_MS + 40)
    assert [frame.timestamp for frame in frames] == [2**32 - 3000, 2**32, 2**32 + 3000]
    assert protected.captured(WAY_MS + 40 + 1000) == 2**32 + PICTURE_HZ
