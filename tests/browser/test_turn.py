"""Which ICE servers a page's peer connection uses: those that it was told last."""

from __future__ import annotations

import pytest

from signaling import messages
from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.stage import Stage
from tests.browser.steps import call

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

KEEP = """
window.configurations = [];
const Real = RTCPeerConnection;
window.RTCPeerConnection = function (configuration) {
  window.configurations.push(configuration.iceServers);
  return new Real({ ...configuration, iceServers: [] });
};
"""


async def test_the_next_connection_uses_the_newest_names(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/", script=KEEP)
    await call(page, stage)
    fresh = messages.IceServer(urls=("turn:turn.example.org",), username="2:a", credential="p")

    await stage.post(messages.IceServers(ice_servers=(fresh,)), "customer")
    await stage.show(views.customer("connected", media="offer"))
    await stage.message("media_offer", generation=2)

    assert await page.evaluate("window.configurations") == [
        [],
        [{"urls": ["turn:turn.example.org"], "username": "2:a", "credential": "p"}],
    ]
