"""Where the packets that clients receive come from. There are three kinds, and an agent's own packets are none.

`ForwardedPicture` exists for customers only. `ProtectedPictures` takes nothing but what the encoder made of a
protected picture. `ForwardedSound` carries sound, told from pictures by payload type. So the type of every source of a
picture says why it may be seen, and no argument or flag can change it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, Protocol

from media.depacketize_h264 import h264_starts_key_frame
from media.depacketize_vp8 import vp8_starts_key_frame
from media.encoder import EncodedPicture
from media.forwarder import Outlet, PictureOutlet, SoundOutlet
from media.loss import KeyFrameRequests, LossTracker
from media.meter import PictureMeter
from media.negotiation import VP8
from media.reception import Reception
from media.rtp_packet import RtpPacket, unwrap
from video_service.errors import ServiceError
from video_service.media_plane import LegRole

_MAX_VIEWERS: Final = 16


class NotForwardable(ServiceError):
    """Only a customer's picture may be forwarded as it came."""

    code: ClassVar[str] = "not_forwardable"


class Feedback(Protocol):
    """The way back to the client that sends a stream."""

    def ask_again(self, ssrc: int, lost: list[int], since_ms: float | None = None) -> None:
        """Send a NACK for unwrapped sequence numbers; with `since_ms`, look again when a key frame is due."""
        ...

    def ask_key_frame(self, ssrc: int) -> None:
        """Send a picture loss indication."""
        ...


class Camera(Protocol):
    """A camera whose packets end here."""

    def captured(self, now_ms: float) -> int | None:
        """Return the time stamp of what it captures now, unwrapped; None: its client has not told."""
        ...


class _Fanout:
    """A source's viewers."""

    def __init__(self) -> None:
        self._viewers: list[Outlet] = []
        self.target_bps: int | None = None
        self.on_viewers: Callable[[], None] | None = None

    @property
    def viewers(self) -> tuple[Outlet, ...]:
        return tuple(self._viewers)

    def want_key_frame(self, *, new_viewer: bool) -> None:
        """Sound has no key frames."""

    def captured(self, now_ms: float) -> int | None:
        """Return the stream's time stamp of what is captured now, unwrapped; None: its client has not told."""
        return None

    def viewer_changed(self) -> None:
        if self.on_viewers is not None:
            self.on_viewers()

    def detach(self, outlet: Outlet) -> None:
        """Part an outlet from this source at once; no error when it is another's."""
        if outlet in self._viewers:
            self._viewers.remove(outlet)
            outlet.switch(None)
            self.viewer_changed()

    def detach_all(self) -> None:
        """Part every viewer from this source at once."""
        for outlet in self.viewers:
            self.detach(outlet)

    def _attach(self, outlet: Outlet) -> None:
        if outlet in self._viewers or len(self._viewers) >= _MAX_VIEWERS:
            return
        self._viewers.append(outlet)
        outlet.switch(self)
        if outlet.is_open:
            self.want_key_frame(new_viewer=True)
        self.viewer_changed()


class ForwardedSound(_Fanout):
    """One person's sound, forwarded as it comes."""

    def __init__(self, clock_hz: int) -> None:
        super().__init__()
        self._clock_hz = clock_hz
        self._timestamp = 0
        self.reception: Reception | None = None

    def attach(self, outlet: SoundOutlet) -> None:
        self._attach(outlet)

    def captured(self, now_ms: float) -> int | None:
        return None if self.reception is None else self.reception.captured(self._timestamp, now_ms)

    def receive(self, codec: str, packet: RtpPacket, now_ms: float) -> None:
        if self.reception is None or self.reception.ssrc != packet.ssrc:
            self.reception = Reception(packet.ssrc, self._clock_hz, packet.sequence)
            self._timestamp = packet.timestamp
            for outlet in self._viewers:
                outlet.switch(self)
        sequence = self.reception.add(packet.sequence, packet.timestamp, now_ms)
        self._timestamp = unwrap(packet.timestamp, self._timestamp, 32)
        for outlet in self._viewers:
            outlet.forward(codec, sequence, self._timestamp, packet.marker, packet.payload, False, now_ms)


class ForwardedPicture(_Fanout):
    """A customer's camera, forwarded as it comes and never decoded.

    Raises:
        NotForwardable: `role` is not that of a customer.
    """

    def __init__(self, role: LegRole, clock_hz: int, feedback: Feedback, now_ms: Callable[[], float]) -> None:
        if role is not LegRole.CUSTOMER:
            raise NotForwardable(role=role.value)
        super().__init__()
        self.reception: Reception | None = None
        self.meter = PictureMeter()
        self._clock_hz = clock_hz
        self._feedback = feedback
        self._now_ms = now_ms
        self._timestamp = 0
        self._loss = LossTracker()
        self._key_frames = KeyFrameRequests()

    def attach(self, outlet: PictureOutlet) -> None:
        self._attach(outlet)

    def captured(self, now_ms: float) -> int | None:
        return None if self.reception is None else self.reception.captured(self._timestamp, now_ms)

    def want_key_frame(self, *, new_viewer: bool) -> None:
        if self._key_frames.want(self._now_ms(), new_viewer=new_viewer):
            self._ask_key_frame()

    def receive(self, codec: str, packet: RtpPacket, now_ms: float, *, repaired: bool = False) -> None:
        """Forward one packet; `repaired` tells that it came as a retransmission."""
        reception = self.reception
        restarted = reception is None or reception.ssrc != packet.ssrc
        if reception is None or restarted:
            reception = self._restart(packet)
        if repaired:
            sequence = unwrap(packet.sequence, reception.highest, 16)
        else:
            sequence = reception.add(packet.sequence, packet.timestamp, now_ms)
        self._timestamp = timestamp = unwrap(packet.timestamp, self._timestamp, 32)
        payload = packet.payload
        starts_key = vp8_starts_key_frame(payload) if codec == VP8 else h264_starts_key_frame(payload)
        action = self._loss.add(sequence, now_ms)
        if action.nack and self._viewers:
            self._feedback.ask_again(packet.ssrc, action.nack, action.since_ms)
        if starts_key:
            self._key_frames.settled()
            self._loss.forget_before(sequence)
        elif (restarted or action.key_frame) and self._viewers:
            self.want_key_frame(new_viewer=restarted)
        if packet.marker:
            self.meter.frame(now_ms)
        for outlet in self._viewers:
            outlet.forward(codec, sequence, timestamp, packet.marker, payload, starts_key, now_ms)

    def tick(self, now_ms: float, round_trip_ms: float) -> None:
        """Ask again for what is missing, as often as the limits allow."""
        if self.reception is None:
            return
        if not any(outlet.is_open for outlet in self._viewers):
            self._loss.reset()
            return
        action = self._loss.due(now_ms, round_trip_ms)
        if action.nack:
            self._feedback.ask_again(self.reception.ssrc, action.nack)
        if (action.key_frame and self._key_frames.want(now_ms)) or self._key_frames.due(now_ms):
            self._ask_key_frame()

    def _ask_key_frame(self) -> None:
        if self.reception is not None:
            self._feedback.ask_key_frame(self.reception.ssrc)

    def _restart(self, packet: RtpPacket) -> Reception:
        self.reception = Reception(packet.ssrc, self._clock_hz, packet.sequence)
        self._timestamp = packet.timestamp
        self._loss.reset()
        for outlet in self._viewers:
            outlet.switch(self)
        return self.reception


class ProtectedPictures(_Fanout):
    """An agent's picture after the gate and the encoder: encoded once, the same packets for every viewer.

    `camera`, where it is set, says when a picture was captured: the encoder keeps the time stamps of the camera.
    """

    def __init__(self, ask_key_frame: Callable[[bool], None], now_ms: Callable[[], float]) -> None:
        super().__init__()
        self.camera: Camera | None = None
        self._ask_key_frame = ask_key_frame
        self._now_ms = now_ms
        self._sequence = 0

    def attach(self, outlet: PictureOutlet) -> None:
        self._attach(outlet)

    def captured(self, now_ms: float) -> int | None:
        return None if self.camera is None else self.camera.captured(now_ms)

    def want_key_frame(self, *, new_viewer: bool) -> None:
        self._ask_key_frame(new_viewer)

    def send(self, picture: EncodedPicture) -> None:
        """Send one encoded picture to every viewer.

        Raises:
            NotProtected: the encoder did not make it of a protected picture.
        """
        picture.require_protected()
        now_ms = self._now_ms()
        last = len(picture.payloads) - 1
        for index, payload in enumerate(picture.payloads):
            self._sequence += 1
            for outlet in self._viewers:
                outlet.forward(
                    picture.codec,
                    self._sequence,
                    picture.timestamp,
                    index == last,
                    payload,
                    picture.key and index == 0,
                    now_ms,
                )


PictureSource = ForwardedPicture | ProtectedPictures
