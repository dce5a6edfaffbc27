"""What the engine counts of a real call: of a line with known loss, of pauses, of pages' own words, and at the end.

One call of two aiortc peers for all tests, small pictures, each behind a relay. The numbers themselves are held in
virtual time (tests/unit/test_leg_quality.py); this is about counting the right things of the right leg.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from media.engine import MediaEngine
from media.metrics_listener import MetricsListener
from tests.integration.media_peers import Camera, Client, Site, card, loopback_settings, site, until
from tests.integration.udp_relay import Datagram, UdpRelay
from tests.media_gate import InvertingStage
from video_service.line_quality import LineFacts
from video_service.media_plane import LegRole, LegState, QualityEvent, Shown

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

AGENT, CUSTOMER = LegRole.AGENT, LegRole.CUSTOMER
RATE = 10
DEADLINE_S = 90.0


class Call:
    """A call with known loss on the customer's way up: every fifth packet of the camera."""

    def __init__(self, place: Site, clients: dict[LegRole, Client], relay: UdpRelay) -> None:
        self.place = place
        self.clients = clients
        self.relay = relay

    def events(self, role: LegRole) -> list[QualityEvent]:
        return [event for event in self.place.told if isinstance(event, QualityEvent) and event.role is role]

    async def event(self, role: LegRole, *, seconds: int = 1) -> QualityEvent:
        """Return the first event that comes from now on with so many more counted seconds."""
        seen = len(self.events(role))
        known = self.events(role)[-1].facts.seconds if seen else 0
        wanted = known + seconds

        def found() -> list[QualityEvent]:
            return [event for event in self.events(role)[seen:] if event.facts.seconds >= wanted]

        await until(found, f"{seconds} more seconds of the {role.value}", DEADLINE_S)
        return found()[0]


def small(number: int) -> object:
    return card(number, 320, 240)


def every_fifth(datagram: Datagram) -> bool:
    packet = datagram.packet
    return datagram.to_engine and packet is not None and packet.payload_type == 97 and packet.sequence % 5 == 0


def no_media_up(datagram: Datagram) -> bool:
    return datagram.to_engine and datagram.packet is not None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def call() -> AsyncIterator[Call]:
    relay = UdpRelay()
    async with site(MediaEngine(loopback_settings(), InvertingStage, worker="w-1")) as place:
        await relay.open()
        clients = {}
        for role, through in ((AGENT, str), (CUSTOMER, relay.through)):
            camera = Camera(RATE, draw=small, cycle=10)  # type: ignore[arg-type]
            clients[role] = await place.join(role.value, role, codec="video/VP8", camera=camera, change_answer=through)
        await place.call("call", clients[CUSTOMER], clients[AGENT])
        relay.lose = every_fifth
        yield Call(place, clients, relay)
    relay.close()


async def test_known_loss_is_in_the_facts_of_that_leg_and_of_no_other(call: Call) -> None:
    await call.event(CUSTOMER, seconds=4)

    def facts(role: LegRole) -> LineFacts:
        return call.events(role)[-1].facts

    # Seconds in which a busy machine sends few packets count as any other: the middle of more of them tells.
    await until(lambda: 100 <= facts(CUSTOMER).loss_p50_permille <= 300, "the known loss", DEADLINE_S)
    await until(lambda: call.events(AGENT) and facts(AGENT).pictures, "facts of the agent", DEADLINE_S)
    lossy, clean = facts(CUSTOMER), facts(AGENT)
    assert clean.loss_p50_permille <= 20
    assert lossy.in_p50_kbps > 0
    assert lossy.out_p50_kbps > 0
    assert (lossy.pictures, lossy.pictures_whole) == (0, 0), "a forwarded picture is not blurred"
    assert clean.pictures > 0
    assert lossy.rendered_seconds == clean.rendered_seconds == 0, "these pages say nothing"


async def test_events_name_the_call_the_leg_and_its_owner(call: Call) -> None:
    event = await call.event(AGENT)
    assert (event.worker, event.call_id, event.leg_id, event.person) == ("w-1", "call", "agent", "person-agent")
    assert not event.last


async def test_page_of_one_is_believed_of_the_picture_of_the_other(call: Call) -> None:
    engine = call.place.engine
    before = call.events(CUSTOMER)[-1].facts if call.events(CUSTOMER) else None

    async def tell() -> None:
        while True:
            await engine.shown("agent", Shown(fps=3, freezes=1, frozen_ms=200))
            await asyncio.sleep(0.5)

    telling = asyncio.create_task(tell())
    try:
        await until(
            lambda: call.events(CUSTOMER) and call.events(CUSTOMER)[-1].facts.rendered_seconds >= 3,
            "rendered seconds",
            DEADLINE_S,
        )
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    after = call.events(CUSTOMER)[-1].facts
    assert after.fps_p5 <= 3
    assert after.freezes > (before.freezes if before is not None else 0)
    assert call.events(AGENT)[-1].facts.rendered_seconds == 0


async def test_paused_picture_is_not_counted(call: Call) -> None:
    engine = call.place.engine
    await engine.pause_leg("customer", paused=True)
    await call.event(AGENT, seconds=5)
    paused = call.events(CUSTOMER)[-1].facts.seconds
    await call.event(AGENT, seconds=5)
    assert call.events(CUSTOMER)[-1].facts.seconds == paused
    assert call.events(CUSTOMER)[-1].word == ""
    await engine.pause_leg("customer", paused=False)
    await call.event(CUSTOMER)


async def test_who_has_paused_and_sends_nothing_is_still_there_to_see_the_other(call: Call) -> None:
    engine, relay = call.place.engine, call.relay
    await engine.pause_leg("customer", paused=True)
    relay.lose = no_media_up
    told = len(call.place.states("customer"))
    await until(lambda: LegState.SILENT in call.place.states("customer")[told:], "silence", DEADLINE_S)
    await call.event(AGENT, seconds=5)
    relay.lose = every_fifth
    await engine.pause_leg("customer", paused=False)
    await call.event(CUSTOMER)


async def test_statistics_and_prometheus_tell_the_same_call(call: Call) -> None:
    await call.event(CUSTOMER)
    engine = call.place.engine
    legs = {leg.leg_id: leg for leg in await engine.statistics()}
    assert legs["customer"].call_id == "call"
    assert legs["agent"].kbps_out > 0
    listener = MetricsListener(engine.metrics_text, token="t" * 32)
    port = await listener.open("127.0.0.1", 0)
    try:
        status, body = await get(port, "/metrics", "t" * 32)
        assert status == 200
        found = {family.name: family for family in text_string_to_metric_families(body)}
        seconds = {
            sample.labels["role"]: sample.value
            for sample in found["video_service_media_picture_fps"].samples
            if sample.name.endswith("_count")
        }
        assert seconds.keys() == {"agent", "customer"}
        assert min(seconds.values()) >= 1
        assert (await get(port, "/metrics", ""))[0] == 401
        assert (await get(port, "/metrics", "x" * 32))[0] == 401
        assert (await get(port, "/", "t" * 32))[0] == 404
        assert (await get(port, "/" + "x" * 20_000, ""))[0] == 0, "who asks for too much gets no answer"
    finally:
        await listener.close()
        await listener.close()


async def test_last_facts_are_told_when_the_call_is_parted(call: Call) -> None:
    engine = call.place.engine
    await engine.close_call("call", 1)
    for role in (AGENT, CUSTOMER):
        await until(lambda role=role: call.events(role)[-1].last, "the last facts", DEADLINE_S)  # type: ignore[misc]
        last = call.events(role)[-1]
        assert (last.call_id, last.word) == ("call", "")
        assert last.facts.seconds >= max((event.facts.seconds for event in call.events(role)[:-1]), default=0)
    told = len(call.place.told)
    await engine.close_call("call", 1)
    await engine.close_leg("customer")
    await until(lambda: LegState.CLOSED in call.place.states("customer"), "what is told later has come", DEADLINE_S)
    assert not [event for event in call.place.told[told:] if isinstance(event, QualityEvent)]


async def get(port: int, path: str, token: str) -> tuple[int, str]:
    """Ask as Prometheus would; status 0 when there is no answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n{authorization}\r\n".encode())
        async with asyncio.timeout(30):
            answer = (await reader.read()).decode()
    except ConnectionError:
        answer = ""
    finally:
        writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split(" ")[1]) if head else 0, body
