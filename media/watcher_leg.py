"""A watcher's leg: it receives, and nothing that it sends goes anywhere."""

from __future__ import annotations

from collections.abc import Callable

from media.leg import Leg
from media.peer import Peer
from media.rtp_packet import RtpPacket
from media.settings import MediaSettings
from video_service.media_plane import LegRequest, LegState


class WatcherLeg(Leg):
    """Somebody who watches a call. It has no picture and no sound of its own, so its silence says nothing."""

    def __init__(
        self, request: LegRequest, peer: Peer, settings: MediaSettings, on_state: Callable[[Leg, LegState], None]
    ) -> None:
        super().__init__(request, peer, settings, on_state)
        self._receivers.clear()
        self._sends = False

    def received(self, packet: RtpPacket) -> None:
        """Drop it: the answer has said that nothing is taken."""
