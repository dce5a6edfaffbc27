"""One person's leg: a connection, what comes in over it, and the outlets towards it.

What becomes of the picture that comes in is the business of `media.customer_leg` and `media.agent_leg`. Packets are
told apart by payload type; the table from payload type to receiver is made once, from the negotiated plan.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from aiortc.clock import current_ntp_time
from aiortc.rtp import (
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
)

from media import rtcp
from media.arrivals import Arrival
from media.departures import Departures
from media.forwarder import Outlet, PictureOutlet, SoundOutlet
from media.line_rate import payload_bps
from media.line_watch import LineState, LineWatch
from media.line_ways import DownWay, UpWay
from media.loss import key_frame_patience_ms
from media.meter import PictureMeter
from media.negotiation import AUDIO_CLOCK_HZ, VIDEO_CLOCK_HZ, Line
from media.peer import Peer
from media.rate_control import Limits, shares
from media.reception import Reception
from media.rtp_packet import RtpPacket, original_of
from media.sender_clock import SenderClock
from media.settings import MediaSettings
from media.sources import ForwardedSound, PictureSource
from media.told_rate import ToldRate
from media.transport_feedback import TransportFeedback
from video_service.media_plane import LegRequest, LegState, LegStatistics

DEFAULT_ROUND_TRIP_MS: Final = 100.0
CAMERA_FPS: Final = 30
REPORT_INTERVAL_MS: Final = 1000.0
FIRST_REPORTS_MS: Final = 300.0  # while a browser's camera begins: so long it believes at once what it is told
FIRST_REPORTS_FOR_MS: Final = 4000.0
REPORTS_MISSED_MS: Final = 3000.0

Receive = Callable[[RtpPacket, float], None]


def limits_of(settings: MediaSettings) -> Limits:
    """Return the bitrate limits of the settings in bits per second."""
    return Limits(
        settings.start_bitrate_kbps * 1000, settings.min_bitrate_kbps * 1000, settings.max_bitrate_kbps * 1000
    )


class Leg:
    """What customers' and agents' legs have in common. `on_state` hears each change, CLOSED once and last."""

    def __init__(
        self, request: LegRequest, peer: Peer, settings: MediaSettings, on_state: Callable[[Leg, LegState], None]
    ) -> None:
        self.id = request.leg_id
        self.person = request.person
        self.role = request.role
        self.call_id = ""
        self.peer = peer
        self.packets_in = 0
        self.nacks_sent = 0
        self.plis_sent = 0
        self.nacks_received = 0
        self.plis_received = 0
        self.gone = False
        self.now_ms: Callable[[], float] = loop_ms()
        self.limits = limits_of(settings)
        plan = peer.plan
        self._departures = Departures() if any(line.transport_cc_id for line in plan.slots) else None
        self.slots = tuple(self._picture_outlet(line) for line in plan.slots)
        self.sound_outlet = self._sound_outlet(plan.sound)
        self.sound = ForwardedSound(AUDIO_CLOCK_HZ)
        self.on_line: Callable[[LineState], None] | None = None
        self.written: Callable[[str], object] = lambda message: None
        self._line = LineWatch()
        self._on_state = on_state
        self._silence_ms = settings.media_silence_ms
        self._up = UpWay(self.limits)
        self._down = DownWay(self.limits, len(self.slots))
        self._told = ToldRate()
        self._told_bps: list[int | None] = []
        self._clock = SenderClock()
        self._receivers: dict[int, Receive] = {}
        self._sends = False
        if plan.sound is not None and plan.sound.media.client_sends:
            self._sends = True
            for choice in plan.sound.choices:
                self._receivers[choice.payload_type] = partial(self.sound.receive, choice.name)
        if plan.camera is not None:
            self._sends = True
            for choice in plan.camera.choices:
                self._receivers[choice.payload_type] = partial(self._picture, choice.name)
                if choice.rtx_payload_type is not None:
                    self._receivers[choice.rtx_payload_type] = partial(self._repaired, choice.name, choice.payload_type)
        self._outlets: dict[int, Outlet] = {outlet.ssrc: outlet for outlet in self.slots}
        if self.sound_outlet is not None:
            self._outlets[self.sound_outlet.ssrc] = self.sound_outlet
        self._heard_ms: float | None = None
        self._told_ms = -math.inf
        self._silent = False
        self._limited = False
        self._reported_ms = 0.0
        self._pictures_since_ms: float | None = None

    # What the peer tells

    def connected(self) -> None:
        self._heard_ms = self.now_ms()
        self._on_state(self, LegState.CONNECTED)
        for outlet in self._outlets.values():
            outlet.open()

    def received(self, packet: RtpPacket) -> None:
        now_ms = self.now_ms()
        self.packets_in += 1
        self._heard_ms = now_ms
        if self._silent:
            self._silent = False
            self._on_state(self, LegState.RESUMED)
        receive = self._receivers.get(packet.payload_type)
        if receive is not None:
            receive(packet, now_ms)

    def reported(self, packets: Sequence[AnyRtcpPacket]) -> None:
        now_ms = self._told_ms = self.now_ms()
        for packet in packets:
            if isinstance(packet, RtcpSrPacket | RtcpRrPacket):
                self._reports(packet, now_ms)
            elif isinstance(packet, RtcpRtpfbPacket):
                outlet = self._outlets.get(packet.media_ssrc)
                if outlet is not None and packet.fmt == RTCP_RTPFB_NACK:
                    self.nacks_received += 1
                    outlet.resend(packet.lost, now_ms)
            elif isinstance(packet, RtcpPsfbPacket):
                self._picture_feedback(packet)
                self._told.hear(packet, now_ms)
        self._look_down(now_ms)

    def fed_back(self, feedback: TransportFeedback) -> None:
        now_ms = self._told_ms = self.now_ms()
        if self._departures is not None:
            self._arrived(self._departures.arrivals(feedback), now_ms)

    def lost(self) -> None:
        """The connection is gone for good."""
        if not self.gone:
            self.gone = True
            self._on_state(self, LegState.CLOSED)

    # What the engine asks

    def first_sent(self, outlet: Outlet) -> None:
        """Tell once, when `outlet` has sent the first packet of a key frame."""

        def tell() -> None:
            outlet.on_first = None
            self._on_state(self, LegState.FLOWING)

        outlet.on_first = tell

    def tick(self, now_ms: float) -> None:
        """Do what is due; called every few milliseconds."""
        if not self.peer.is_up:
            return
        if (
            self._sends
            and not self._silent
            and self._heard_ms is not None
            and now_ms - self._heard_ms > self._silence_ms
        ):
            self._silent = True
            self._on_state(self, LegState.SILENT)
        if now_ms - self._reported_ms >= self._report_interval_ms(now_ms):
            self._reported_ms = now_ms
            self._report(now_ms)

    async def close(self) -> None:
        """Close the connection and everything behind it. May be called twice."""
        self.gone = True
        for outlet in self._outlets.values():
            outlet.close()
        self.sound.detach_all()
        await self.peer.close()

    def statistics(self) -> LegStatistics:
        """Return the counts since the leg began."""
        reception, camera, other = self.picture_reception, self.camera_meter, self.other_slot.meter
        now_ms = self.now_ms()
        return LegStatistics(
            leg_id=self.id,
            call_id=self.call_id,
            packets_in=self.packets_in,
            packets_out=self._packets_out,
            octets_in=self.peer.octets_in,
            octets_out=self.peer.octets_out,
            frames_in=camera.frames,
            frames_out=sum(slot.meter.frames for slot in self.slots),
            fps_in=camera.fps(now_ms),
            fps_out=other.fps(now_ms),
            freezes_in=camera.freezes,
            freezes_out=other.freezes,
            nacks_sent=self.nacks_sent,
            plis_sent=self.plis_sent,
            nacks_received=self.nacks_received,
            plis_received=self.plis_received,
            packets_resent=sum(outlet.resent for outlet in self._outlets.values()),
            round_trip_ms=self._known_round_trip_ms() or 0.0,
            loss_share=reception.loss_share if reception is not None else 0.0,
        )

    @property
    def round_trip_ms(self) -> float:
        """The client's round trip: by its reports, else by the connectivity check, else a careful guess."""
        for known_ms in (self._known_round_trip_ms(), self.peer.round_trip_ms):
            if known_ms is not None:
                return known_ms
        return DEFAULT_ROUND_TRIP_MS

    @property
    def measured_round_trip_ms(self) -> float | None:
        """The client's round trip, None before one is known."""
        return self._known_round_trip_ms()

    @property
    def silent(self) -> bool:
        """Whether nothing has come from the client for `media_silence_ms`."""
        return self._silent

    @property
    def reports(self) -> bool:
        """Whether the client has lately told how it receives, as browsers do also while they send nothing."""
        return self.now_ms() - self._told_ms < REPORTS_MISSED_MS

    @property
    def shown(self) -> PictureSource | None:
        """What others may see of this person; None when there is nothing."""
        return None

    @property
    def preview(self) -> PictureOutlet | None:
        """The slot in which this person sees the own picture; None when there is none."""
        return None

    @property
    def picture_reception(self) -> Reception | None:
        return None

    @property
    def camera_meter(self) -> PictureMeter:
        """The frames of this person's camera."""
        return PictureMeter()

    @property
    def other_slot(self) -> PictureOutlet:
        """The slot in which this person sees the other one."""
        return self.slots[0]

    # The way back to the client (media.sources.Feedback)

    def ask_again(self, ssrc: int, lost: list[int], since_ms: float | None = None) -> None:
        self.nacks_sent += 1
        self.peer.send_rtcp(rtcp.nack(self._own_ssrc, ssrc, lost))
        if since_ms is not None:
            # If that does not help, a key frame is asked for in time: the next tick may be too late by a whole frame.
            due_ms = since_ms + key_frame_patience_ms(self.round_trip_ms)
            asyncio.get_running_loop().call_at(due_ms / 1000, self._look_again)

    def ask_key_frame(self, ssrc: int) -> None:
        self.plis_sent += 1
        self.peer.send_rtcp(rtcp.picture_loss(self._own_ssrc, ssrc))

    # Inside

    def _look_again(self) -> None:
        if not self.gone:
            self.tick(self.now_ms())

    @property
    def _own_ssrc(self) -> int:
        return self.slots[0].ssrc

    def _picture(self, codec: str, packet: RtpPacket, now_ms: float, *, repaired: bool = False) -> None:
        """Take a packet of the camera."""

    def _repaired(self, codec: str, payload_type: int, packet: RtpPacket, now_ms: float) -> None:
        reception = self.picture_reception
        if reception is not None:
            original = original_of(packet, payload_type, reception.ssrc)
            if original is not None:
                self._picture(codec, original, now_ms, repaired=True)

    def _estimate(self, packet: RtpPacket, now_ms: float) -> None:
        """Feed the watch of the way here once per frame: its packets leave together."""
        if packet.marker and packet.abs_send_time >= 0:
            self._up.add(packet.abs_send_time, now_ms)

    def _reports(self, packet: RtcpSrPacket | RtcpRrPacket, now_ms: float) -> None:
        if isinstance(packet, RtcpSrPacket):
            for reception in (self.sound.reception, self.picture_reception):
                if reception is not None and reception.ssrc == packet.ssrc:
                    reception.sender_report(packet.sender_info, self._clock, now_ms)
        for block in packet.reports:
            outlet = self._outlets.get(block.ssrc)
            if outlet is not None:
                outlet.receiver_report(block, now_ms)

    def _picture_feedback(self, packet: RtcpPsfbPacket) -> None:
        for ssrc in rtcp.key_frame_targets(packet):
            outlet = self._outlets.get(ssrc)
            if outlet is not None and outlet.source is not None:
                self.plis_received += 1
                outlet.source.want_key_frame(new_viewer=False)

    def _arrived(self, packets: Sequence[Arrival], now_ms: float) -> None:
        """Take what a client's feedback says of the packets sent to it."""
        if packets:
            self._down.arrived(packets, now_ms)
            self._look_down(now_ms)

    def _look_down(self, now_ms: float) -> None:
        active = [slot for slot in self.slots if slot.source is not None]
        looked = self._down.look(self.slots, self.peer.octets_out, self._packets_out, now_ms)
        before, self._told_bps = self._told_bps, self._told.shares_bps(active, now_ms)
        if not looked and self._told_bps == before:
            return
        for slot, *bounds in zip(active, self._down.shares_bps(len(active)), self._told_bps, strict=True):
            slot.ceiling_bps = min((bps for bps in bounds if bps is not None), default=None)
            slot.restraint, slot.loss_judged = self._down.restraint, self._down.judges_loss
            if slot.source is not None:
                slot.source.viewer_changed()

    def _look_up(self, now_ms: float) -> None:
        camera = self.picture_reception
        if camera is None:
            return
        if self._pictures_since_ms is None:
            self._pictures_since_ms = now_ms
        self._up.look(self.peer.octets_in, self.packets_in, camera.expected, camera.packets, now_ms)

    def _report_interval_ms(self, now_ms: float) -> float:
        since_ms = self._pictures_since_ms
        begins = self.picture_reception is not None and (since_ms is None or now_ms - since_ms < FIRST_REPORTS_FOR_MS)
        return FIRST_REPORTS_MS if begins else REPORT_INTERVAL_MS

    @property
    def _packets_out(self) -> int:
        return sum(outlet.packets + outlet.resent for outlet in self._outlets.values())

    def _report(self, now_ms: float) -> None:
        self._look_up(now_ms)
        ntp = current_ntp_time()
        for outlet in self._outlets.values():
            report = outlet.sender_report(ntp, now_ms)
            if report is not None:
                self.peer.send_rtcp(report)
        blocks: list[RtcpReceiverInfo] = [
            reception.report(now_ms)
            for reception in (self.sound.reception, self.picture_reception)
            if reception is not None
        ]
        if blocks:
            self.peer.send_rtcp(rtcp.receiver_report(self._own_ssrc, blocks))

    def _send_ceiling(self, viewers_bps: int | None) -> None:
        """Tell the client's browser how much its camera may take: the weakest of its own way and its viewers'.

        While there is no limit it hears no more than how far it may try, at the beginning.
        """
        known = [bps for bps in (self._up.ceiling_bps, viewers_bps) if bps is not None]
        self._look_at_line(min(known) if known else None)
        invited_bps = self._up.invited_bps
        if self.picture_reception is None or not (known or self._limited or invited_bps):
            return
        self._limited = bool(known) or invited_bps is not None
        rate = self._line.state.camera_fps or CAMERA_FPS
        wanted = payload_bps(min(known), rate) if known else invited_bps or self.limits.maximum
        bps = max(min(self.limits.maximum, wanted), self.limits.minimum)
        self.peer.send_rtcp(rtcp.bandwidth(self._own_ssrc, bps, [self.picture_reception.ssrc]))

    def _look_at_line(self, camera_bps: int | None) -> None:
        active = sum(slot.source is not None for slot in self.slots)
        down = shares(self._down.ceiling_bps, active)
        changed = self._line.look(self._up.ceiling_bps, down, camera_bps, self.now_ms())
        if changed is not None and self.on_line is not None:
            self.on_line(changed)

    def _known_round_trip_ms(self) -> float | None:
        known = [outlet.round_trip_ms for outlet in self._outlets.values() if outlet.round_trip_ms is not None]
        return min(known) if known else None

    def _picture_outlet(self, line: Line) -> PictureOutlet:
        return PictureOutlet(
            self.peer.send_rtp,
            ssrc=line.ssrc,
            choices=line.choices,
            clock_hz=VIDEO_CLOCK_HZ,
            cname=self.peer.cname,
            departures=self._departures if line.transport_cc_id else None,
            transport_cc_id=line.transport_cc_id,
        )

    def _sound_outlet(self, line: Line | None) -> SoundOutlet | None:
        if line is None or not line.sends:
            return None
        return SoundOutlet(
            self.peer.send_rtp,
            ssrc=line.ssrc,
            choices=line.choices,
            clock_hz=AUDIO_CLOCK_HZ,
            cname=self.peer.cname,
        )


def loop_ms() -> Callable[[], float]:
    """Return the running loop's clock in milliseconds."""
    loop_time = asyncio.get_running_loop().time
    return lambda: loop_time() * 1000
