"""Pictures over a drawn line, in virtual time: the service's own outlets, watch and fit, and a viewer that is drawn.

The encoder is drawn, too: it keeps to a part of its rate on average, is uneven, cannot make a picture as small as it
likes, and its key frames are large; one that rebuilds for another rate begins with a key frame then.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from aiortc.rtp import RtcpReceiverInfo

from media.arrivals import Arrival
from media.encoder import FRAME_RATE, REBUILD_INTERVAL_TICKS, REBUILD_STEP, STEEP, STEEP_INTERVAL_TICKS
from media.fitting import FULL_RATE, Fit, Pace, PictureFit
from media.forwarder import Outlet, PictureOutlet
from media.line_rate import PACKET_OCTETS, payload_bps
from media.line_watch import LineWatch
from media.line_ways import DownWay
from media.loss import KeyFrameRequests
from media.negotiation import VIDEO_CLOCK_HZ, VP8, Choice
from media.offer import Codec
from media.packetizer import MAX_PAYLOAD_BYTES
from media.rate_control import Limits, PictureRate, ViewerState
from tests.drawn_line import UDP_OCTETS, Case, DrawnLine

SRTP_OCTETS = 22  # header and tag
KEY_PAUSE_MS = 1000.0
CAMERA = 640 * 480


class DrawnEncoder:
    """How many octets a picture takes at a rate and a size."""

    def __init__(self, case: Case, dice: random.Random) -> None:
        self._case, self._dice = case, dice
        self._built: tuple[int, int] | None = None
        self._built_at = -math.inf
        self._debt_bits = 0.0
        self._last_s: float | None = None

    def picture(self, now_s: float, bps: int, pixels: int, key: bool) -> tuple[int, bool]:
        """Return octets, and whether it is a key frame."""
        ticks = now_s * VIDEO_CLOCK_HZ
        pixels = min(pixels, CAMERA)
        if self._built is None or self._is_time(ticks, bps, pixels):
            self._built, self._built_at, key = (bps, pixels), ticks, True
        elif not self._case.rebuilds:
            self._built = (bps, self._built[1])
        step_s = 1 / FRAME_RATE if self._last_s is None else min(1.0, now_s - self._last_s)
        self._last_s = now_s
        rate, size = self._built
        mean = min(self._case.fills * rate, self._case.little_bps) * step_s
        least, least_key = size * 0.012, size * 0.12
        if key:
            bits = max(least_key, min(6 * mean, 0.5 * rate))
        else:
            bits = max(least, (mean - 0.1 * self._debt_bits) * self._dice.uniform(0.7, 1.3))
        self._debt_bits = max(-mean, self._debt_bits + bits - mean)
        return max(30, round(bits / 8)), key

    def _is_time(self, ticks: float, bps: int, pixels: int) -> bool:
        assert self._built is not None
        was_bps, was_pixels = self._built
        steep = bps < STEEP * was_bps
        if ticks - self._built_at < (STEEP_INTERVAL_TICKS if steep else REBUILD_INTERVAL_TICKS):
            return False
        return pixels != was_pixels or (self._case.rebuilds and abs(bps - was_bps) > REBUILD_STEP * was_bps)


@dataclass(frozen=True)
class Second:
    """What was so at the end of a second; `shown`: pictures of each stream that the viewer could decode in it."""

    narrow: bool
    shown: tuple[int, ...]
    ceiling_bps: int | None
    allowed_bps: int
    sent_bps: int
    rate: int
    pixels: int

    @property
    def fps(self) -> int:
        return min(self.shown)


class DrawnPicture:
    """One picture that is encoded here, towards the viewer."""

    def __init__(self, call: DrawnCall, index: int) -> None:
        self._call = call
        case = call.case
        self.viewer = _Stream(call, self)
        self.target_bps: int | None = case.start_bps
        self.outlet = PictureOutlet(
            self._send,
            ssrc=1 + index,
            choices=[Choice(Codec(96, VP8, 90_000), None)],
            clock_hz=90_000,
            cname="name",
        )
        self._rate, self._fit, self._pace = PictureRate(call.limits), PictureFit(), Pace(VIDEO_CLOCK_HZ)
        self._key_frames, self._key_due = KeyFrameRequests(), True
        self._encoder = DrawnEncoder(case, call.line.dice)
        self.made: Fit = Fit(case.start_bps, CAMERA, FULL_RATE, False)
        self._restrained_bps = case.start_bps
        self._sequence = 0

    # media.forwarder.Source

    def want_key_frame(self, *, new_viewer: bool) -> None:
        self._key_due |= self._key_frames.want(self._call.line.now_ms, new_viewer=new_viewer)

    def viewer_changed(self) -> None:
        outlet, now_ms = self.outlet, self._call.line.now_ms
        loss_share = 0.0 if outlet.loss_judged else outlet.loss_share
        outlet.allowed_bps = self._rate.update([ViewerState(outlet.ceiling_bps, loss_share)], now_ms)
        fit = self.made = self._fit.update(outlet.allowed_bps, now_ms)
        self.target_bps = fit.bps
        self._restrained_bps = payload_bps(round(outlet.restraint * fit.bps), min(fit.rate, FRAME_RATE))

    def captured(self, now_ms: float) -> None:
        """When its pictures were taken is not told."""

    def detach(self, outlet: Outlet) -> None:
        """It never ends."""

    def camera(self) -> None:
        """The camera has made a picture."""
        line = self._call.line
        line.after(1000 / line.case.busy.fps * line.dice.uniform(0.8, 1.2), self.camera)
        self._key_due |= self._key_frames.due(line.now_ms)
        stamp = round(line.now_ms * 90)
        if not self._key_due and not self._pace.is_due(stamp, self.made.rate):
            return
        self._pace.shown(stamp, self.made.rate)
        octets, key = self._encoder.picture(line.now_ms / 1000, self._restrained_bps, self.made.pixels, self._key_due)
        self._key_due = False
        if key:
            self._key_frames.settled()
        count = -(-octets // MAX_PAYLOAD_BYTES)
        for index in range(count):
            self._sequence += 1
            payload = bytes([0x10 if index == 0 else 0, 0 if key else 1]) + bytes(octets // count)
            last, begins = index == count - 1, key and index == 0
            self.outlet.forward(VP8, self._sequence, stamp, last, payload, begins, line.now_ms)

    def _send(self, data: bytes) -> None:
        number, last, first = int.from_bytes(data[2:4], "big"), bool(data[1] & 0x80), data[12] == 0x10
        key = first and data[13] == 0
        self._call.send(len(data) + 10, lambda: self.viewer.packet(number, first, last, key))


class DrawnCall:
    """Pictures towards one viewer. `run` returns what was so, second by second."""

    def __init__(self, case: Case, limits: Limits | None = None) -> None:
        self.case = case
        self.line = DrawnLine(case)
        self.limits = limits or Limits(case.start_bps, 40_000, 2_000_000)
        self.pictures = [DrawnPicture(self, index) for index in range(case.pictures)]
        self._outlets = [picture.outlet for picture in self.pictures]
        self._way = DownWay(self.limits, 1)
        self._watch = LineWatch()
        self._octets = self._line_bits = 0
        self._sound = (0, 0)
        self._sent: list[tuple[float, int]] = []
        self._came: dict[int, float] = {}
        self._told = -1
        self._told_lost: set[int] = set()
        self.seconds: list[Second] = []

    def run(self, seconds: int) -> list[Second]:
        line = self.line
        for picture in self.pictures:
            picture.outlet.open()
            picture.outlet.switch(picture)
            line.at(0, picture.camera)
            line.at(500 + 1000 * line.dice.random(), picture.viewer.report)
        line.at(10, self._report)
        line.at(50, self._feed_back)
        if self.case.sound_bps:
            line.at(1, self._speak)
        line.at(1000, self._second)
        while len(self.seconds) < seconds:
            line.step()
        return self.seconds

    def send(self, octets: int, arrive: object) -> None:
        """Send a packet of a picture."""
        self._octets += octets
        self._line_bits += (octets + UDP_OCTETS) * 8
        number = len(self._sent)
        self._sent.append((self.line.now_ms, octets - SRTP_OCTETS + PACKET_OCTETS))

        def come() -> None:
            self._came[number] = 777_000 + self.line.now_ms * (1 + self.case.drift_ppm * 1e-6)
            arrive()  # type: ignore[operator]

        self.line.cross(octets, come)

    def _feed_back(self) -> None:
        """The viewer tells what came since it told last."""
        line = self.line
        line.after(self.case.feedback_ms * line.dice.uniform(0.5, 2.0), self._feed_back)
        highest = max(self._came, default=-1)
        late = [number for number in self._came if number in self._told_lost]
        if highest <= self._told and not late:
            return
        first, self._told = self._told + 1, max(highest, self._told)
        packets = [self._arrival(number, told_lost=True) for number in sorted(late)]
        packets += [self._arrival(number) for number in range(first, highest + 1)]
        self._told_lost |= {number for number in range(first, highest + 1) if number not in self._came}
        self._told_lost -= set(late)
        self._came.clear()
        line.up(lambda: self._heard(packets))

    def _arrival(self, number: int, *, told_lost: bool = False) -> Arrival:
        sent_ms, octets = self._sent[number]
        return Arrival(sent_ms, self._came.get(number), octets, True, told_lost, number)

    def _heard(self, packets: list[Arrival]) -> None:
        self._way.arrived(packets, self.line.now_ms)
        self.look()

    def look(self) -> None:
        """What a leg does when it has heard something."""
        (packets, octets), now_ms = self._sound, self.line.now_ms
        packets += sum(outlet.packets + outlet.resent for outlet in self._outlets)
        if not self._way.look(self._outlets, octets + self._octets, packets, now_ms):
            return
        for picture, bps in zip(self.pictures, self._way.shares_bps(len(self.pictures)), strict=True):
            outlet = picture.outlet
            outlet.ceiling_bps, outlet.restraint = bps, self._way.restraint
            outlet.loss_judged = self._way.judges_loss
            picture.viewer_changed()

    def reported(self, picture: DrawnPicture, block: RtcpReceiverInfo) -> None:
        """A report of the viewer's has come."""
        picture.outlet.receiver_report(block, self.line.now_ms)
        self.look()

    def _speak(self) -> None:
        self.line.after(20, self._speak)
        octets = self.case.sound_bps // 400
        self._sound = (self._sound[0] + 1, self._sound[1] + octets + SRTP_OCTETS)
        self.line.cross(octets + SRTP_OCTETS, lambda: None)

    def _report(self) -> None:
        """What a leg does once a second."""
        line = self.line
        line.after(1000, self._report)
        number = round(line.now_ms)
        for picture in self.pictures:
            if picture.outlet.sender_report(number << 16 & 0xFFFFFFFFFFFF, line.now_ms) is not None:
                line.cross(80, lambda viewer=picture.viewer: viewer.sender_report(number))  # type: ignore[misc]
            picture.viewer_changed()
        self._watch.look(None, self._way.shares_bps(len(self.pictures)), None, line.now_ms)

    def _second(self) -> None:
        self.line.at(self.line.now_ms + 1000, self._second, machine=False)
        made = self.pictures[0].made
        self.seconds.append(
            Second(
                self._watch.state.narrow,
                tuple(picture.viewer.take_shown() for picture in self.pictures),
                self._way.ceiling_bps,
                self.pictures[0].outlet.allowed_bps or 0,
                self._line_bits,
                made.rate,
                made.pixels,
            )
        )
        self._line_bits = 0


class _Stream:
    """Decodes what is whole, asks for what is missing, and reports, as a browser does."""

    def __init__(self, call: DrawnCall, picture: DrawnPicture) -> None:
        self._call, self._picture = call, picture
        self._base = self._highest = -1
        self._received = 0
        self._parts: dict[int, tuple[bool, bool, bool]] = {}
        self._missing: dict[int, tuple[int, float]] = {}
        self._next = -1  # the packet with which the next picture begins
        self._stuck_ms: float | None = None
        self._asked_ms = -math.inf
        self._heard: tuple[int, float] | None = None
        self._shown = 0

    def take_shown(self) -> int:
        shown, self._shown = self._shown, 0
        return shown

    def packet(self, number: int, first: bool, last: bool, key: bool) -> None:
        now_ms = self._call.line.now_ms
        self._received += 1
        if self._base < 0:
            self._base = self._highest = number
        for lost in range(self._highest + 1, number):
            self._missing[lost] = (0, -math.inf)
        self._highest = max(self._highest, number)
        self._missing.pop(number, None)
        if number >= self._next:
            self._parts[number] = (first, last, key)
        self._decode(now_ms)
        self._ask(now_ms)

    def _decode(self, now_ms: float) -> None:
        before = self._next
        while self._one():
            self._shown += 1
        if self._next != before:
            self._stuck_ms = None
        elif self._parts and self._stuck_ms is None:
            self._stuck_ms = now_ms

    def _one(self) -> bool:
        """Decode the next picture, or one that begins with a key frame."""
        parts = self._parts
        starts = [self._next] if self._next in parts else []
        starts += sorted(number for number, part in parts.items() if part[2] and number != self._next)
        for start in starts:
            number = start
            while number in parts and not parts[number][1] and (number == start or not parts[number][0]):
                number += 1
            if number in parts and parts[number][1]:
                self._next = number + 1
                self._parts = {place: part for place, part in parts.items() if place > number}
                self._missing = {place: asked for place, asked in self._missing.items() if place > number}
                return True
        return False

    def _ask(self, now_ms: float) -> None:
        rtt_ms = 2 * self._call.case.delay_ms + 30
        asked = []
        for number, (times, since_ms) in list(self._missing.items()):
            if now_ms - since_ms >= max(50, rtt_ms):
                if times >= 10:
                    del self._missing[number]
                    continue
                self._missing[number] = (times + 1, now_ms)
                asked.append(number)
        line, outlet = self._call.line, self._picture.outlet
        if asked:
            line.up(lambda: outlet.resend(asked, line.now_ms))
        stuck = self._stuck_ms is not None and now_ms - self._stuck_ms > 200
        if stuck and now_ms - self._asked_ms >= KEY_PAUSE_MS:
            self._asked_ms = now_ms
            line.up(lambda: self._picture.want_key_frame(new_viewer=False))

    def sender_report(self, number: int) -> None:
        self._heard = (number, self._call.line.now_ms)

    def report(self) -> None:
        """Once in 0.5 to 1.5 s."""
        line = self._call.line
        line.after(500 + 1000 * line.dice.random(), self.report)
        if self._base < 0:
            return
        lost = self._highest - self._base + 1 - self._received
        lsr, dlsr = 0, 0
        if self._heard is not None:
            lsr, dlsr = self._heard[0] & 0xFFFFFFFF, round((line.now_ms - self._heard[1]) * 65.536)
        block = RtcpReceiverInfo(self._picture.outlet.ssrc, 0, lost, self._highest, 0, lsr, dlsr)
        line.up(lambda: self._call.reported(self._picture, block))
