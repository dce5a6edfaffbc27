"""A demo person's peer connection: what a page's is, made with aiortc."""

from __future__ import annotations

import asyncio
import fractions
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import aioice.ice
import av
import cv2
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from video_service.demo_picture import Look, Picture, drawn_person
from video_service.tasks import cancel_and_wait

WIDTH: Final = 640
HEIGHT: Final = 480
PICTURES_PER_S: Final = 24
SLOTS: Final = 3
LOOPBACK: Final = "127.0.0.1"
_CLOCK: Final = fractions.Fraction(1, 90_000)

IceServers = Sequence[dict[str, object]]


def draw_loop(look: Look) -> list[Picture]:
    """Return one loop of a drawn person as yuv420p planes, (height * 3 / 2, width). Takes about half a second."""
    return [
        cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).astype(np.uint8) for picture in drawn_person(WIDTH, HEIGHT, look)
    ]


def meet_on_this_machine() -> None:
    """Let peers of this process use loopback, too, which aioice leaves out: workers may be bound to nothing else."""
    found = aioice.ice.get_host_addresses

    def with_loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        return [LOOPBACK, *found(use_ipv4, use_ipv6)]

    aioice.ice.get_host_addresses = with_loopback


def direct(_: IceServers) -> RTCConfiguration:
    """Use no server: the media workers are on this machine."""
    return RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)


class DrawnCamera(MediaStreamTrack):
    """Sends a loop at a steady rate; what is late is left out, as a camera does."""

    kind = "video"

    def __init__(self, drawn: Sequence[Picture]) -> None:
        super().__init__()
        self._drawn = drawn
        self._began_s: float | None = None
        self._number = -1

    async def recv(self) -> av.VideoFrame:
        """Return the next frame when its time has come."""
        now_s = asyncio.get_running_loop().time()
        if self._began_s is None:
            self._began_s = now_s
        self._number = max(self._number + 1, int((now_s - self._began_s) * PICTURES_PER_S))
        await asyncio.sleep(max(0.0, self._began_s + self._number / PICTURES_PER_S - now_s))
        if self.readyState != "live":
            raise MediaStreamError
        frame = av.VideoFrame.from_ndarray(self._drawn[self._number % len(self._drawn)], format="yuv420p")
        frame.pts, frame.time_base = self._number * 90_000 // PICTURES_PER_S, _CLOCK
        return frame


class DemoPeer:
    """One peer connection of one demo person: sound both ways (silent), a camera, three pictures to receive.

    `pictures` counts the pictures that came in. `close` may be called twice.
    """

    def __init__(self, configuration: RTCConfiguration, camera: Sequence[Picture]) -> None:
        self.pictures = 0
        self.connection = RTCPeerConnection(configuration)
        self.connection.addTransceiver("audio", direction="sendrecv")
        self.connection.addTransceiver(DrawnCamera(camera), direction="sendonly")
        for _ in range(SLOTS):
            self.connection.addTransceiver("video", direction="recvonly")
        self._watching: set[asyncio.Task[None]] = set()

    async def offer(self) -> str:
        """Return the offer, with every candidate in it."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return str(self.connection.localDescription.sdp)

    async def accept(self, sdp: str) -> None:
        """Take the answer and watch what comes in."""
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))
        for receiver in (transceiver.receiver for transceiver in self.connection.getTransceivers()):
            if receiver.track is not None:
                self._watching.add(asyncio.create_task(self._watch(receiver.track), name="demo-watch"))

    async def close(self) -> None:
        """End the connection."""
        await self.connection.close()
        await cancel_and_wait(self._watching)

    async def _watch(self, track: MediaStreamTrack) -> None:
        # Frames that nobody takes would pile up.
        try:
            while True:
                await track.recv()
                self.pictures += track.kind == "video"
        except MediaStreamError:
            return


Configure = Callable[[IceServers], RTCConfiguration]
Ticket = Callable[[], Awaitable[str]]
