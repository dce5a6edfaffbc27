"""From a client's offer to a leg that answers it: connection, blur stage, and the class that the request asks for."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final

from aiortc import RTCCertificate

from media.agent_leg import AgentLeg, BlurredCustomerLeg, OnPicture
from media.blur_leg import BlurStage
from media.customer_leg import CustomerLeg
from media.gathering import Gathering
from media.guest_leg import GuestLeg
from media.leg import Leg
from media.peer import Peer
from media.settings import MediaSettings
from media.watcher_leg import WatcherLeg
from video_service.media_plane import LegRequest, LegRole, LegState

STAGE_TIMEOUT_S: Final = 10.0
CERTIFICATE_MARGIN: Final = dt.timedelta(days=1)


class LegMaker:
    """Makes the legs of one worker. `stage_factory` makes the blur stage of one leg in `executor`; it may block.

    Raises:
        ValueError: the settings hold no usable addresses or ports.
    """

    def __init__(
        self,
        settings: MediaSettings,
        stage_factory: Callable[[], BlurStage],
        executor: Executor,
        *,
        on_state: Callable[[Leg, LegState], None],
        on_picture: OnPicture,
    ) -> None:
        self._settings = settings
        self._stage_factory = stage_factory
        self._executor = executor
        self._on_state = on_state
        self._on_picture = on_picture
        self._gathering = Gathering(settings)
        self._certificate: RTCCertificate = RTCCertificate.generateCertificate()

    async def make(self, request: LegRequest) -> tuple[Leg, str]:
        """Return a leg and its answer.

        Raises:
            BadSdp: the offer cannot be read or answered.
            TimeoutError: its socket or blur stage could not be had in time.
        """
        peer = Peer(request, self._settings, self._gathering, self.certificate())
        leg = await self._leg(request, peer)
        try:
            return leg, await peer.answer(leg)
        except BaseException:
            await leg.close()
            raise

    def certificate(self) -> RTCCertificate:
        """Return the process's certificate; a new one when the old one ends soon."""
        if self._certificate.expires - dt.datetime.now(tz=dt.UTC) < CERTIFICATE_MARGIN:
            self._certificate = RTCCertificate.generateCertificate()
        return self._certificate

    async def _leg(self, request: LegRequest, peer: Peer) -> Leg:
        if request.role is LegRole.WATCHER:
            return WatcherLeg(request, peer, self._settings, self._on_state)
        if not request.blurred:
            return CustomerLeg(request, peer, self._settings, self._on_state)
        loop = asyncio.get_running_loop()
        making = loop.run_in_executor(self._executor, self._stage_factory)
        try:
            async with asyncio.timeout(STAGE_TIMEOUT_S):
                stage = await asyncio.shield(making)
        except (TimeoutError, asyncio.CancelledError):
            making.add_done_callback(_close_late)  # nobody waits for it any more: its thread and network go again
            raise
        kinds = {LegRole.AGENT: AgentLeg, LegRole.GUEST: GuestLeg}
        kind = kinds.get(request.role, BlurredCustomerLeg)
        try:
            return kind(
                request,
                peer,
                self._settings,
                self._on_state,
                stage=stage,
                executor=self._executor,
                on_picture=self._on_picture,
            )
        except BaseException:
            loop.run_in_executor(self._executor, stage.close)  # no leg will: its thread and network go again
            raise


def _close_late(making: asyncio.Future[BlurStage]) -> None:
    if not making.cancelled() and making.exception() is None:
        making.result().close()
