"""One client's DTLS-SRTP transport: aiortc's handshake, and a short way for packets.

A datagram is decrypted and handed on inside the socket's own callback, and a packet is encrypted and sent by a plain
call: no queue and no task switch on either way.

Source: RFC 5764 (DTLS-SRTP), RFC 5761 (RTP and RTCP on one port), RFC 7983 (telling packets apart).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import pylibsrtp
from aiortc import RTCCertificate, RTCDtlsTransport
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters
from aiortc.rtcicetransport import RTCIceParameters, RTCIceTransport

from media.gathering import BoundGatherer
from media.offer import Offer
from media.text_channel import TextChannel

CLOSE_TIMEOUT_S: Final = 2.0


class MediaTransport:
    """ICE, DTLS and SRTP of one leg. `on_rtp` and `on_rtcp` get decrypted packets; `on_closed` is called once."""

    def __init__(
        self,
        gatherer: BoundGatherer,
        certificate: RTCCertificate,
        *,
        on_rtp: Callable[[bytes], None],
        on_rtcp: Callable[[bytes], None],
        on_closed: Callable[[], None],
    ) -> None:
        self.octets_in = 0
        self.octets_out = 0
        self._ice = RTCIceTransport(gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [certificate])
        self._connection = gatherer._connection
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._on_closed = on_closed
        self._up = False
        self._told_closed = False

    @property
    def is_up(self) -> bool:
        """Whether packets can be sent."""
        return self._up

    @property
    def round_trip_ms(self) -> float | None:
        """The round trip of the last connectivity check, None before one was answered."""
        return self._connection.round_trip_ms

    async def connect(self, offer: Offer, dtls_role: str) -> bool:
        """Wait for the client's checks and its handshake; return whether the transport is up."""
        self._ice.on("statechange", self._state_changed)
        self._dtls.on("statechange", self._state_changed)
        self._dtls._set_role(dtls_role)
        await self._ice.start(RTCIceParameters(usernameFragment=offer.ice_ufrag, password=offer.ice_password))
        if self._ice.state != "completed":
            return False
        prints = [RTCDtlsFingerprint(algorithm=algorithm, value=value) for algorithm, value in offer.fingerprints]
        await self._dtls.start(RTCDtlsParameters(fingerprints=prints, role=offer.setup))
        if self._dtls.state != "connected":
            return False
        self._up = True
        self._connection.sink = self._received
        return True

    def text_channel(self, on_text: Callable[[str], None]) -> TextChannel:
        """Return what takes the client's data channel; to be started once the transport is up."""
        return TextChannel(self._dtls, on_text)

    def send_rtp(self, data: bytes) -> None:
        """Encrypt and send one RTP packet; dropped silently while the transport is not up."""
        if self._up and (selected := self._connection.selected()) is not None:
            try:
                protected = self._dtls._tx_srtp.protect(data)
            except pylibsrtp.Error:
                return  # older than what the client would still take
            self.octets_out += len(protected)
            selected[0].sendto(protected, selected[1])

    def send_rtcp(self, data: bytes) -> None:
        """Encrypt and send one RTCP packet; dropped silently while the transport is not up."""
        if self._up and (selected := self._connection.selected()) is not None:
            selected[0].sendto(self._dtls._tx_srtp.protect_rtcp(data), selected[1])

    async def close(self) -> None:
        """Say good-bye and close the socket. May be called twice."""
        self._up = False
        self._connection.sink = None
        self._told_closed = True
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                pump = self._dtls._task
                await self._dtls.stop()
                await self._ice.stop()
                if pump is not None:
                    await asyncio.wait([pump])
        except TimeoutError:
            for protocol in self._connection._protocols:
                protocol.transport.abort()
        self._dtls.remove_all_listeners()

    def _received(self, data: bytes) -> None:
        self.octets_in += len(data)
        try:
            if 192 <= data[1] <= 223:
                self._on_rtcp(self._dtls._rx_srtp.unprotect_rtcp(data))
            else:
                self._on_rtp(self._dtls._rx_srtp.unprotect(data))
        except (pylibsrtp.Error, IndexError):
            return  # forged, repeated or damaged

    def _state_changed(self) -> None:
        if self._dtls.state in ("closed", "failed") or self._ice.state in ("closed", "failed"):
            self._up = False
            self._connection.sink = None
            if not self._told_closed:
                self._told_closed = True
                self._on_closed()
