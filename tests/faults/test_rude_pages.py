"""Pages that send too much, too fast, or what was used before, on a real web node: they are cut, and nobody else is."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis
from websockets.exceptions import ConnectionClosed

from signaling.identity_types import Identity
from signaling.messages import CloseCode
from tests.support.staff import Staff
from tests.valkey_server import RealValkey
from tests.web_nodes import LIMIT_S, SocketPage, WebNode
from video_service.consent import CONSENT_VERSION
from video_service.tasks import cancel_and_wait

pytestmark = pytest.mark.faults

POOL = f"t-{secrets.token_hex(6)}"
# Nothing stops ringing and nobody's time to come back runs out, however slow the machine is.
SETTINGS = {
    "VIDEO_SERVICE_RING_TIMEOUT_S": "300",
    "VIDEO_SERVICE_CUSTOMER_RETURN_S": "300",
    "VIDEO_SERVICE_AGENT_RETURN_S": "300",
}

LARGE = 1 << 20
AT_ONCE = 10_000
SMALL = 4_096
LONG = 500
PER_S = 40


@pytest.fixture(scope="module")
def node(valkey: RealValkey) -> Iterator[WebNode]:
    with WebNode(valkey.url, POOL, SETTINGS, buffer_bytes=SMALL) as running:
        yield running


@pytest.fixture
async def staff(valkey: RealValkey) -> AsyncIterator[Staff]:
    client = Redis.from_url(valkey.url)
    made = Staff(client, POOL)
    yield made
    made.close()
    await client.aclose()


@pytest.fixture
async def polite(node: WebNode, staff: Staff) -> AsyncIterator[SocketPage]:
    """Somebody else, who is there before and is answered afterwards."""
    page = await open_page(node, staff, "polite", beats=True)
    yield page
    await page.send("ping", t=7)
    await page.until(type="pong", t=7)
    await page.close()


async def open_page(
    node: WebNode, staff: Staff, name: str, *, beats: bool = False, buffer_bytes: int = 0
) -> SocketPage:
    ticket = await staff.ticket(Identity(person=f"c-{name}", role="customer"))
    page = await SocketPage.open(node, ticket=ticket, beats=beats, buffer_bytes=buffer_bytes)
    await page.until(type="customer_view")
    return page


@pytest.mark.usefixtures("polite")
async def test_a_message_of_a_megabyte_ends_its_own_socket(node: WebNode, staff: Staff) -> None:
    page = await open_page(node, staff, "large")
    with contextlib.suppress(ConnectionClosed):
        await page.wire.send('{"type":"note","text":"' + "x" * LARGE + '"}')
    assert await page.gone() == CloseCode.TOO_LARGE


@pytest.mark.usefixtures("polite")
async def test_ten_thousand_messages_at_once_end_their_own_socket(node: WebNode, staff: Staff) -> None:
    page = await open_page(node, staff, "many")
    reading = asyncio.create_task(page.gone())
    with contextlib.suppress(ConnectionClosed):
        for number in range(AT_ONCE):
            await page.wire.send(f'{{"type":"ping","t":{number}}}')
    assert await reading == CloseCode.TOO_MANY


async def test_a_page_that_never_reads_is_cut_and_the_other_person_of_its_call_goes_on(
    node: WebNode, staff: Staff
) -> None:
    agent = await SocketPage.open(node, ticket=await staff.ticket(await staff.agent("patient", "rude")), beats=True)
    await agent.until(type="agent_view")
    await agent.send("media_offer", generation=1, sdp="offer")
    await agent.until(type="media_answer")
    await agent.send("ready")
    await agent.until(type="agent_view", state="available")
    # It goes on beating, so that nothing can end it but that it reads nothing.
    deaf = await open_page(node, staff, "deaf", beats=True, buffer_bytes=SMALL)
    await deaf.send("join", consent=CONSENT_VERSION, needs=["rude"])
    ring = (await agent.until(type="agent_view", state="reserved"))["reservation"]
    await agent.send("accept", call=ring["call"], epoch=ring["epoch"])
    await deaf.until(type="customer_view", state="connected")
    deaf.wire.transport.pause_reading()
    talking = asyncio.create_task(talk(agent, ring["call"]))
    async with asyncio.timeout(LIMIT_S):
        while (agent.view["call"] or {}).get("other_media") != "reconnecting":
            await agent.next()
    await cancel_and_wait((talking,))
    back = await SocketPage.open(node, resume=deaf.resume, beats=True)
    await back.until(type="customer_view", state="connected")
    await agent.send("say", call=ring["call"], text="there you are")
    await back.until(type="text_line", text="there you are")
    deaf.wire.transport.abort()
    for page in (agent, deaf, back):
        await page.close()


async def talk(agent: SocketPage, call: str) -> None:
    """Say long lines, nearly as fast as a page may."""
    while True:
        await agent.send("say", call=call, text="🀄" * LONG)
        await asyncio.sleep(1 / PER_S)


async def test_a_ticket_and_a_resume_token_open_one_socket_each(node: WebNode, staff: Staff) -> None:
    ticket = await staff.ticket(Identity(person="c-twice", role="customer"))
    # Both beat: a page that is silent for as long as the others may take here is cut for that.
    first = await SocketPage.open(node, ticket=ticket, beats=True)
    await first.until(type="customer_view")
    assert await (await SocketPage.open(node, ticket=ticket)).gone() == CloseCode.BAD_TICKET
    second = await SocketPage.open(node, resume=first.resume, beats=True)
    await second.until(type="customer_view")
    assert await first.gone() == CloseCode.REPLACED, "two tabs of one person: the newer one stays"
    assert await (await SocketPage.open(node, resume=first.resume)).gone() == CloseCode.BAD_TICKET
    await second.send("ping", t=8)
    await second.until(type="pong", t=8)
    for page in (first, second):
        await page.close()
