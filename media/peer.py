"""One client's connection: offer in, answer out, packets both ways, and one word when it is gone.

Built from aiortc's ICE and DTLS objects (its ORTC face) without its `RTCPeerConnection`: that would start a decoder
thread and three tasks per m-line, generate a certificate per connection, and could not say x-google-start-bitrate.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog
from aiortc import RTCCertificate
from aiortc.rtp import AnyRtcpPacket, RtcpPacket

from media import rtcp
from media.answer import TransportText, render_answer
from media.fault_log import FaultLog
from media.gathering import Gathering
from media.negotiation import Plan, plan_answer
from media.offer import Offer, parse_offer
from media.rtp_packet import RtpPacket, parse_rtp
from media.settings import MediaSettings
from media.text_channel import TextChannel
from media.transport import MediaTransport
from media.transport_feedback import TransportFeedback, parse_transport_feedback
from video_service.media_plane import LegRequest

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S: Final = 30.0
GATHER_TIMEOUT_S: Final = 5.0


class Listener(Protocol):
    """What a peer's owner hears. Every call is made on the loop."""

    def connected(self) -> None: ...
    def received(self, packet: RtpPacket) -> None: ...
    def reported(self, packets: Sequence[AnyRtcpPacket]) -> None: ...
    def fed_back(self, feedback: TransportFeedback) -> None: ...
    def written(self, message: str, /) -> object: ...
    def lost(self) -> None: ...


class Peer:
    """A leg's connection. `answer` once, then packets; `close` may be called twice.

    Raises:
        BadSdp: the offer cannot be answered.
    """

    def __init__(
        self, request: LegRequest, settings: MediaSettings, gathering: Gathering, certificate: RTCCertificate
    ) -> None:
        self.offer: Offer = parse_offer(request.sdp)
        self.plan: Plan = plan_answer(self.offer, request.role, request.codecs, _new_ssrc)
        self.cname = secrets.token_hex(8)
        self.malformed = 0
        self._faults = FaultLog("packet_fault")
        self._settings = settings
        self._certificate = certificate
        self._listener: Listener | None = None
        self._send_time_id = self.plan.camera.abs_send_time_id if self.plan.camera is not None else 0
        self._gatherer = gathering.gatherer()
        self._transport = MediaTransport(
            self._gatherer, certificate, on_rtp=self._rtp, on_rtcp=self._rtcp, on_closed=self._lost
        )
        self._text: TextChannel | None = None
        self._connecting: asyncio.Task[None] | None = None
        self.send_rtp: Callable[[bytes], None] = self._transport.send_rtp
        self.send_rtcp: Callable[[bytes], None] = self._transport.send_rtcp

    @property
    def is_up(self) -> bool:
        return self._transport.is_up

    @property
    def octets_in(self) -> int:
        return self._transport.octets_in

    @property
    def octets_out(self) -> int:
        return self._transport.octets_out

    @property
    def round_trip_ms(self) -> float | None:
        """The round trip of the last connectivity check, None before one was answered."""
        return self._transport.round_trip_ms

    async def answer(self, listener: Listener) -> str:
        """Open the sockets, begin to listen for the client, and return the answer's text.

        Raises:
            MediaError: no socket could be had in time.
        """
        async with asyncio.timeout(GATHER_TIMEOUT_S):
            await self._gatherer.gather()
        self._listener = listener
        # RFC 8842, section 5.3: the answerer takes the active role, so that the handshake starts with the answer.
        role = "server" if self.offer.setup == "active" else "client"
        self._connecting = asyncio.create_task(self._connect(role), name="leg-connect")
        candidates = self._gatherer.candidates()
        local = self._gatherer.getLocalParameters()
        fingerprint = self._certificate.getFingerprints()[0]
        text = TransportText(
            ufrag=local.usernameFragment or "",
            password=local.password or "",
            candidates=[candidate.to_sdp() for candidate in candidates],
            fingerprint=(fingerprint.algorithm, fingerprint.value),
            setup="passive" if role == "server" else "active",
            address=candidates[0].host,
            port=candidates[0].port,
            session=secrets.randbits(48),
            cname=self.cname,
        )
        return render_answer(self.plan, text, self._settings)

    def write(self, message: str) -> None:
        """Send a message over the client's text channel; dropped silently while there is none."""
        if self._text is not None:
            self._text.send(message)

    async def close(self) -> None:
        """Close the connection and its sockets. The listener hears nothing any more."""
        self._listener = None
        connecting, self._connecting = self._connecting, None
        if connecting is not None:
            connecting.cancel()
        text, self._text = self._text, None
        if text is not None:
            await text.stop()
        await self._transport.close()
        if connecting is not None:
            await asyncio.wait([connecting])

    async def _connect(self, role: str) -> None:
        up = False
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                up = await self._transport.connect(self.offer, role)
        except (TimeoutError, ConnectionError):
            log.info("leg_connect_failed")
        if self._listener is None:
            return
        if up:
            self._listener.connected()
            await self._open_text()
        else:
            self._listener.lost()

    async def _open_text(self) -> None:
        line = self.plan.text
        if line is not None:
            self._text = self._transport.text_channel(self._written)
            await self._text.start(line.media.sctp_port, line.media.most_bytes)

    def _written(self, message: str) -> None:
        if self._listener is not None:
            try:
                self._listener.written(message)
            except Exception as error:  # noqa: BLE001 - as below
                self._faults.note(error)

    def _rtp(self, data: bytes) -> None:
        try:
            packet = parse_rtp(data, self._send_time_id)
        except ValueError:
            self.malformed += 1
            return
        if self._listener is not None:
            try:
                self._listener.received(packet)
            except Exception as error:  # noqa: BLE001 - one person's packets must not stop everybody's socket loop
                self._faults.note(error)

    def _rtcp(self, data: bytes) -> None:
        rest, bodies = rtcp.without_transport_feedback(data)
        try:
            packets = RtcpPacket.parse(rest)
        except (ValueError, IndexError, struct.error):
            self.malformed += 1
            return
        if self._listener is not None:
            try:
                if packets or not bodies:
                    self._listener.reported(packets)
                for body in bodies:
                    self._fed_back(body)
            except Exception as error:  # noqa: BLE001 - as above
                self._faults.note(error)

    def _fed_back(self, body: bytes) -> None:
        try:
            feedback = parse_transport_feedback(body)
        except ValueError:
            self.malformed += 1
            return
        if self._listener is not None:
            self._listener.fed_back(feedback)

    def _lost(self) -> None:
        if self._listener is not None:
            self._listener.lost()


def _new_ssrc() -> int:
    return secrets.randbelow(0xFFFFFFFE) + 1
