"""A customer whom a network lets out by the TURN server alone: a real call by UDP, by TCP and by TLS, through coturn.

The page gets the server's addresses and credentials from the service, as ever; the browser is told to use one of the
ways and no other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright

from tests import coturn
from tests.browser import cameras
from tests.browser.conftest import home_that_trusts, launch_flags, person
from tests.browser.line import CUSTOMER_CLIP, Launch, Line, open_line
from tests.browser.people import both_see
from video_service.local_ca import LocalAuthority

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SECRET = "0123456789abcdef0123456789abcdef"
ONLY = """
const Real = RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
  constructor(configuration) {
    const iceServers = configuration.iceServers
      .map((server) => ({ ...server, urls: server.urls.filter((url) => url === '%s') }))
      .filter(({ urls }) => urls.length);
    super({ ...configuration, iceServers, iceTransportPolicy: 'relay' });
    window.newestConnection = this;
  }
};
"""
USED = """async () => {
  const report = await window.newestConnection.getStats();
  const pairs = [...report.values()].filter(({ type, state }) => type === 'candidate-pair' && state === 'succeeded');
  const used = pairs.map(({ localCandidateId }) => report.get(localCandidateId));
  return [...new Set(used.map(({ candidateType, relayProtocol }) => `${candidateType} ${relayProtocol}`))];
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def way_out(
    launch: Launch, playwright: Playwright, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Line, coturn.Coturn]]:
    """A line with a TURN server; its customers' browser trusts the server's certificate."""
    if coturn.program() is None:
        pytest.skip(coturn.MISSING)
    folder = tmp_path_factory.mktemp("authority")
    folder.chmod(0o700)
    authority = LocalAuthority(folder)
    home = tmp_path_factory.mktemp("home")
    camera = cameras.write_camera(iter(person(CUSTOMER_CLIP, 640, 480)), home / "camera.mjpeg")
    browser = await playwright.chromium.launch(
        executable_path=chromium,
        args=launch_flags(CUSTOMER_CLIP, camera),
        env=await home_that_trusts(authority.path, home),  # type: ignore[arg-type]
        timeout=90_000,
    )

    async def either(camera: str) -> Browser:
        return browser if camera == CUSTOMER_CLIP else await launch(camera)

    certificate = authority.certificate("turn", ["127.0.0.1"])
    with coturn.Coturn("127.0.0.1", SECRET, options=["allow-loopback-peers"], certificate=certificate) as server:
        urls = ",".join(server.urls.values())
        async with open_line(
            either, VIDEO_SERVICE_TURN_URLS=urls, VIDEO_SERVICE_TURN_SECRET=SECRET, VIDEO_SERVICE_TURN_TTL_S="600"
        ) as line:
            yield line, server
    await browser.close()


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
async def test_a_call_by_the_turn_server_alone(way_out: tuple[Line, coturn.Coturn], way: str) -> None:
    line, server = way_out
    customer = await line.new_customer()
    await customer.page.add_init_script(ONLY % server.urls[way])
    await customer.page.reload()
    await customer.begin()
    await line.agent.accept()
    await both_see(customer, line.agent)
    assert await customer.page.evaluate(USED) == [f"relay {way}"]
    await customer.end()
    await line.agent.next_call()
