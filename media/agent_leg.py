"""A leg whose camera ends in the blur: every agent's, and a customer's who wishes that the room is not seen.

What leaves is what the gate released. Both kinds of leg have nothing but this one way out for their picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from msgspec.structs import replace

from media.agent_camera import AgentCamera
from media.blur_leg import BlurLeg, BlurStage
from media.encoder import FRAME_RATE
from media.fitting import PictureFit
from media.forwarder import Outlet, PictureOutlet
from media.leg import Leg
from media.line_rate import payload_bps
from media.meter import PictureMeter
from media.negotiation import VIDEO_CLOCK_HZ
from media.peer import Peer
from media.rate_control import PictureRate, ViewerState
from media.reception import Reception
from media.rtp_packet import RtpPacket
from media.settings import MediaSettings
from media.sources import ProtectedPictures
from video_service.media_plane import LegRequest, LegState, LegStatistics, PictureState

OnPicture = Callable[["BlurredLeg", PictureState, str], None]


class BlurredLeg(Leg):
    """Somebody whose picture is decoded, protected and encoded once for all viewers."""

    def __init__(
        self,
        request: LegRequest,
        peer: Peer,
        settings: MediaSettings,
        on_state: Callable[[Leg, LegState], None],
        *,
        stage: BlurStage,
        executor: Executor,
        on_picture: OnPicture,
    ) -> None:
        super().__init__(request, peer, settings, on_state)
        self._rates: dict[Outlet, PictureRate] = {}
        self._fit = PictureFit()
        stage.set_background(request.background)
        self.blur = BlurLeg(
            stage,
            executor,
            self.limits,
            on_encoded=lambda picture: self.protected.send(picture),
            on_key_needed=lambda: self._camera.key_needed(),
            on_state=lambda state, reason: on_picture(self, state, reason),
            now_ms=self.now_ms,
        )
        self.protected = ProtectedPictures(self.blur.want_key_frame, self.now_ms)
        self.protected.on_viewers = self._viewers_changed
        self._camera = self.protected.camera = AgentCamera(VIDEO_CLOCK_HZ, self, self.blur.receive, self.now_ms)
        self._begin()

    @property
    def shown(self) -> ProtectedPictures:
        return self.protected

    @property
    def picture_reception(self) -> Reception | None:
        return self._camera.reception

    @property
    def camera_meter(self) -> PictureMeter:
        return self._camera.meter

    def connected(self) -> None:
        super().connected()
        self._viewers_changed()

    def tick(self, now_ms: float) -> None:
        super().tick(now_ms)
        self._camera.tick(now_ms, self.round_trip_ms)

    async def close(self) -> None:
        self.protected.detach_all()
        await self.blur.close()
        await super().close()

    def statistics(self) -> LegStatistics:
        blur_ms, delays_ms = self.blur.blur_ms, self.blur.delays_ms
        return replace(
            super().statistics(),
            frames_blurred_whole=self.blur.states[PictureState.PROTECTED],
            frames_slate=self.blur.states[PictureState.SLATE],
            frames_dropped=self.blur.dropped,
            blur_ms_mean=sum(blur_ms) / len(blur_ms) if blur_ms else 0.0,
            blur_ms_p95=quantile(blur_ms, 0.95),
            delay_ms_p50=quantile(delays_ms, 0.5),
            delay_ms_p95=quantile(delays_ms, 0.95),
        )

    def _begin(self) -> None:
        """Do what comes first, with everything in place."""

    def _picture(self, codec: str, packet: RtpPacket, now_ms: float, *, repaired: bool = False) -> None:
        self._estimate(packet, now_ms)
        self._camera.receive(codec, packet, now_ms, repaired=repaired)

    def _report(self, now_ms: float) -> None:
        super()._report(now_ms)
        self._viewers_changed()
        self._send_ceiling(None)

    def _viewers_changed(self) -> None:
        """Fit the picture to the weakest of its viewers' lines."""
        viewers = [outlet for outlet in self.protected.viewers if outlet.is_open]
        now_ms = self.now_ms()
        self.blur.watched = bool(viewers)
        self._rates = {outlet: self._rates.get(outlet) or PictureRate(self.limits) for outlet in viewers}
        for outlet, rate in self._rates.items():
            loss_share = 0.0 if outlet.loss_judged else outlet.loss_share
            outlet.allowed_bps = rate.update([ViewerState(outlet.ceiling_bps, loss_share)], now_ms)
        allowed = min((rate.target_bps for rate in self._rates.values()), default=self.limits.start)
        fit = self._fit.update(allowed, now_ms)
        self.protected.target_bps = fit.bps
        restraint = min((outlet.restraint for outlet in viewers), default=1.0)
        self.blur.bitrate_bps = payload_bps(round(restraint * fit.bps), min(fit.rate, FRAME_RATE))
        self.blur.pixels, self.blur.line_rate = fit.pixels, fit.rate


class AgentLeg(BlurredLeg):
    """An agent. Slot 0 is the agent's own picture as others see it, from the first frame on."""

    def _begin(self) -> None:
        self.first_sent(self.slots[0])
        self.blur.codec = self.slots[0].codecs[0]
        self.protected.attach(self.slots[0])

    @property
    def preview(self) -> PictureOutlet:
        return self.slots[0]

    @property
    def other_slot(self) -> PictureOutlet:
        return self.slots[1] if len(self.slots) > 1 else self.slots[0]


class BlurredCustomerLeg(BlurredLeg):
    """A customer who wishes that the room is not seen. It has no preview: a phone shows its own camera by itself."""


def quantile(values: Iterable[float], share: float) -> float:
    """Return the value that `share` of `values` lie under, 0 when there are none."""
    ordered = sorted(values)
    return ordered[int(len(ordered) * share)] if ordered else 0.0
