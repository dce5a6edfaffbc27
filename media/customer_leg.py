"""A customer's leg as a rule: the picture is forwarded as it comes, never decoded."""

from __future__ import annotations

from collections.abc import Callable

from media.leg import Leg
from media.meter import PictureMeter
from media.negotiation import VIDEO_CLOCK_HZ
from media.peer import Peer
from media.reception import Reception
from media.rtp_packet import RtpPacket
from media.settings import MediaSettings
from media.sources import ForwardedPicture
from video_service.media_plane import LegRequest, LegState


class CustomerLeg(Leg):
    """A customer.

    Raises:
        NotForwardable: the request is not a customer's.
    """

    def __init__(
        self, request: LegRequest, peer: Peer, settings: MediaSettings, on_state: Callable[[Leg, LegState], None]
    ) -> None:
        super().__init__(request, peer, settings, on_state)
        self.picture = ForwardedPicture(request.role, VIDEO_CLOCK_HZ, self, self.now_ms)

    @property
    def shown(self) -> ForwardedPicture:
        return self.picture

    @property
    def picture_reception(self) -> Reception | None:
        return self.picture.reception

    @property
    def camera_meter(self) -> PictureMeter:
        return self.picture.meter

    @property
    def camera_codecs(self) -> tuple[str, ...]:
        """The codec that the camera sends in, empty without a camera."""
        camera = self.peer.plan.camera
        return tuple(choice.name for choice in camera.choices) if camera is not None else ()

    def tick(self, now_ms: float) -> None:
        super().tick(now_ms)
        self.picture.tick(now_ms, self.round_trip_ms)

    async def close(self) -> None:
        self.picture.detach_all()
        await super().close()

    def _picture(self, codec: str, packet: RtpPacket, now_ms: float, *, repaired: bool = False) -> None:
        self._estimate(packet, now_ms)
        self.picture.receive(codec, packet, now_ms, repaired=repaired)

    def _report(self, now_ms: float) -> None:
        super()._report(now_ms)
        viewers = [outlet.ceiling_bps for outlet in self.picture.viewers if outlet.is_open]
        known = [bps for bps in viewers if bps is not None]
        self._send_ceiling(min(known) if known else None)
