"""TURN credentials before a real coturn, and on their way to pages."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator

import pytest
from aioice import stun, turn
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from redis.asyncio import Redis

from media.engine import MediaEngine
from signaling.hub import Hub
from signaling.identity_types import Identity
from signaling.messages import IceServer
from signaling.store import Store
from tests import coturn
from tests.integration.media_peers import Camera, loopback_settings
from tests.media_gate import InvertingStage
from tests.support.page import enter
from tests.support.plane import DiaryPlane
from video_service import settings
from video_service.local_ca import LocalAuthority
from video_service.media_plane import LegRequest, LegRole
from video_service.turn import ClientIce, credentials

pytestmark = pytest.mark.integration

SECRET = "0123456789abcdef0123456789abcdef"
CUSTOMER = Identity(person="c-1", role="customer")
LIMIT_S = 45.0


@pytest.fixture(scope="module")
def server() -> Iterator[coturn.Coturn]:
    if coturn.program() is None:
        pytest.skip(coturn.MISSING)
    with coturn.Coturn("127.0.0.1", SECRET) as started:
        yield started


async def allocate(server: coturn.Coturn, name: str, password: str) -> None:
    """Ask for a relayed address and give it back."""
    lost = asyncio.Event()

    class Endpoint(asyncio.DatagramProtocol):
        def connection_lost(self, _: Exception | None) -> None:
            lost.set()

    async with asyncio.timeout(LIMIT_S):
        transport, _ = await turn.create_turn_endpoint(Endpoint, (server.address, server.port), name, password)
        transport.close()
        await lost.wait()


async def test_a_fresh_name_is_taken(server: coturn.Coturn) -> None:
    await allocate(server, *credentials(SECRET, "a1", expires_s=int(time.time()) + 3600))


async def test_an_expired_name_is_refused(server: coturn.Coturn) -> None:
    with pytest.raises(stun.TransactionFailed, match="401"):
        await allocate(server, *credentials(SECRET, "a2", expires_s=int(time.time()) - 60))


async def test_a_password_of_another_secret_is_refused(server: coturn.Coturn) -> None:
    with pytest.raises(stun.TransactionFailed, match="401"):
        await allocate(server, *credentials(SECRET[::-1], "a3", expires_s=int(time.time()) + 3600))


async def test_a_page_that_stays_long_is_given_fresh_names(redis: Redis, pool: str) -> None:
    told = 0

    def servers() -> tuple[IceServer, ...]:
        nonlocal told
        told += 1
        return (IceServer(urls=("turn:127.0.0.1",), username=str(told), credential="x"),)

    store = Store(redis, pool=pool)
    await store.load()
    hub = Hub(store, DiaryPlane("w-1"), ice_servers=servers, ice_renew_s=0.0)
    await hub.start()
    try:
        page = await enter(hub, CUSTOMER)
        other = await enter(hub, Identity(person="c-2", role="customer"))
        names = [message["ice_servers"][0]["username"] for each in (page, other) for message in each.seen[:1]]
        page.send("ping", t=1)
        (renewed,) = (await page.until(type="ice_servers"))["ice_servers"]
    finally:
        await hub.drain()
        await hub.close()

    # Pages beat by themselves: on a slow machine one is given fresh names before the other one is here.
    assert names[0] == "1"
    assert len({*names, renewed["username"]}) == 3
    assert renewed == {"urls": ["turn:127.0.0.1"], "username": renewed["username"], "credential": "x"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> LocalAuthority:
    folder = tmp_path_factory.mktemp("authority")
    folder.chmod(0o700)
    return LocalAuthority(folder)


@pytest.fixture(scope="module")
def every_way(authority: LocalAuthority) -> Iterator[coturn.Coturn]:
    """A TURN server that can be reached by UDP, by TCP and by TLS, and that relays to this machine."""
    if coturn.program() is None:
        pytest.skip(coturn.MISSING)
    certificate = authority.certificate("turn", ["127.0.0.1"])
    with coturn.Coturn("127.0.0.1", SECRET, options=["allow-loopback-peers"], certificate=certificate) as started:
        yield started


@pytest.fixture
def trusting(authority: LocalAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clients of this process trust the authority, as phones do that have installed it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))


def told(server: coturn.Coturn, way: str, *, now_s: float | None = None) -> RTCConfiguration:
    """Return a client's configuration out of what pages are told, with no way but a relayed one."""
    loaded = settings.load({"VIDEO_SERVICE_TURN_URLS": server.urls[way], "VIDEO_SERVICE_TURN_SECRET": SECRET})
    ice = ClientIce(
        (),
        turn_urls=loaded.turn_urls,
        turn_secret=loaded.turn_secret,
        turn_ttl_s=600,
        now_s=time.time if now_s is None else lambda: now_s,
    )
    (found,) = ice.servers()
    return RTCConfiguration(
        iceServers=[RTCIceServer(list(found.urls), found.username, found.credential)],
        iceTransportPolicy=RTCIceTransportPolicy.RELAY,
        bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
    )


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
@pytest.mark.usefixtures("trusting")
async def test_a_picture_comes_by_the_turn_server_alone_by_each_way(every_way: coturn.Coturn, way: str) -> None:
    engine = MediaEngine(loopback_settings(capacity=1), InvertingStage)
    client = RTCPeerConnection(told(every_way, way))
    client.addTransceiver("audio")
    client.addTransceiver(Camera(), direction="sendonly")
    preview = client.addTransceiver("video", direction="recvonly")
    try:
        async with asyncio.timeout(LIMIT_S):
            await client.setLocalDescription(await client.createOffer())
            offer = client.localDescription.sdp
            assert re.findall(r"a=candidate:.* typ (\w+)", offer) == ["relay"] * offer.count("a=candidate:")
            request = LegRequest(leg_id="a", person="a", role=LegRole.AGENT, codecs=("video/VP8",), sdp=offer)
            answer = await engine.answer_leg(request)
            await client.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
            for _ in range(3):
                await preview.receiver.track.recv()
    finally:
        await client.close()
        await engine.close()


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
@pytest.mark.usefixtures("trusting")
async def test_a_name_that_has_ended_is_refused_on_each_way(every_way: coturn.Coturn, way: str) -> None:
    client = RTCPeerConnection(told(every_way, way, now_s=time.time() - 3600))
    client.addTransceiver("audio")
    try:
        async with asyncio.timeout(LIMIT_S):
            await client.setLocalDescription(await client.createOffer())
        assert "a=candidate" not in client.localDescription.sdp
    finally:
        await client.close()


async def test_a_certificate_of_nobody_known_is_no_way(every_way: coturn.Coturn) -> None:
    client = RTCPeerConnection(told(every_way, "tls"))
    client.addTransceiver("audio")
    try:
        async with asyncio.timeout(LIMIT_S):
            await client.setLocalDescription(await client.createOffer())
        assert "a=candidate" not in client.localDescription.sdp
    finally:
        await client.close()
