"""An agent's camera as it arrives: packets to whole frames, and nothing else. Its packets go nowhere from here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from media.assembler import Assembler, EncodedFrame
from media.loss import KeyFrameRequests, LossTracker
from media.meter import PictureMeter
from media.reception import Reception
from media.rtp_packet import RtpPacket, unwrap
from media.sources import Feedback


class AgentCamera:
    """Turns one incoming stream into frames for the blur leg, and asks its sender for what is missing.

    `on_frames` gets what one packet made whole: one frame as a rule, more when a lost packet had held them back.
    """

    def __init__(
        self,
        clock_hz: int,
        feedback: Feedback,
        on_frames: Callable[[Sequence[EncodedFrame]], None],
        now_ms: Callable[[], float],
    ) -> None:
        self.reception: Reception | None = None
        self.meter = PictureMeter()
        self._clock_hz = clock_hz
        self._feedback = feedback
        self._on_frames = on_frames
        self._now_ms = now_ms
        self._timestamp = 0
        self._assembler: Assembler | None = None
        self._loss = LossTracker()
        self._key_frames = KeyFrameRequests()

    def receive(self, codec: str, packet: RtpPacket, now_ms: float, *, repaired: bool = False) -> None:
        """Take one packet; `repaired` tells that it came as a retransmission."""
        reception = self.reception
        if reception is None or reception.ssrc != packet.ssrc:
            self.reception = reception = Reception(packet.ssrc, self._clock_hz, packet.sequence)
            self._timestamp = packet.timestamp
            self._loss.reset()
            self._assembler = None
        if repaired:
            sequence = unwrap(packet.sequence, reception.highest, 16)
        else:
            sequence = reception.add(packet.sequence, packet.timestamp, now_ms)
        assembler = self._assembler
        if assembler is None or (assembler.codec != codec and packet.payload):
            assembler = self._assembler = Assembler(codec)
        self._timestamp = unwrap(packet.timestamp, self._timestamp, 32)
        action = self._loss.add(sequence, now_ms)
        if action.nack:
            self._feedback.ask_again(packet.ssrc, action.nack, action.since_ms)
        if action.key_frame:
            self.key_needed()  # the gap is too large to be mended: nothing behind it waits for what will never come
        frames = assembler.add(sequence, self._timestamp, packet.marker, packet.payload)
        if not frames:
            return
        for _ in frames:
            self.meter.frame(now_ms)
        if any(frame.key for frame in frames):
            self._loss.forget_before(assembler.next_sequence or 0)
            self._key_frames.settled()
        elif not self._loss.pending:
            self._key_frames.settled()  # what was missing came after all: a key frame would only cost bits
        self._on_frames(frames)

    def tick(self, now_ms: float, round_trip_ms: float) -> None:
        """Ask again for what is missing, as often as the limits allow."""
        if self.reception is None:
            return
        action = self._loss.due(now_ms, round_trip_ms)
        if action.nack:
            self._feedback.ask_again(self.reception.ssrc, action.nack)
        lost = action.key_frame or self._assembler is None or self._assembler.waiting_for_key
        if (lost and self._key_frames.want(now_ms)) or self._key_frames.due(now_ms):
            self._feedback.ask_key_frame(self.reception.ssrc)

    def captured(self, now_ms: float) -> int | None:
        """Return the time stamp of what is captured now, as frames have it; None: the client has not told."""
        return None if self.reception is None else self.reception.captured(self._timestamp, now_ms)

    def key_needed(self) -> None:
        """The decoder lost its references: frames up to the next key frame are of no use."""
        if self._assembler is not None:
            self._assembler.wait_for_key()
        if self.reception is not None and self._key_frames.want(self._now_ms()):
            self._feedback.ask_key_frame(self.reception.ssrc)
