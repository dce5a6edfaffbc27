"""Sockets and candidates: bound where configured, announced as configured, and never the first to speak."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from unittest import mock

import ifaddr
import pytest
from aiortc.sdp import SessionDescription

from media.engine import MediaEngine
from media.gathering import MAX_EARLY_DATAGRAMS, BoundConnection, Gathering, host_addresses
from media.settings import MediaSettings
from tests.integration.media_peers import LOOPBACK, loopback_settings, site, until
from tests.media_gate import InvertingStage
from tests.unit.offers import browser_offer
from video_service.media_plane import LegRequest, LegRole, LegState, MediaError, WorkerUnavailable

pytestmark = pytest.mark.integration


def request(leg_id: str = "leg", sdp: str = "") -> LegRequest:
    return LegRequest(
        leg_id=leg_id, person="p", role=LegRole.CUSTOMER, codecs=("video/VP8",), sdp=sdp or browser_offer()
    )


async def candidates(settings: MediaSettings, legs: int = 1) -> list[tuple[str, int]]:
    """Answer some offers and return the candidates of the answers."""
    engine = MediaEngine(settings, InvertingStage)
    found: list[tuple[str, int]] = []
    try:
        for index in range(legs):
            answer = await engine.answer_leg(request(f"leg-{index}"))
            media = SessionDescription.parse(answer.sdp).media[0]
            found += [(candidate.ip, candidate.port) for candidate in media.ice_candidates]
    finally:
        await engine.close()
    return found


def free_ports(count: int) -> tuple[int, int]:
    """Return a range of UDP ports that are free, and stay so: nobody is given one who does not ask for it."""
    given_from = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for first in range(given_from - count, 1024, -count):
        held = []
        try:
            for port in range(first, first + count):
                held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                held[-1].bind((LOOPBACK, port))
        except OSError:
            continue
        finally:
            for one in held:
                one.close()
        return first, first + count - 1
    raise AssertionError("no free ports")


def adapter(*addresses: str | tuple[str, int, int]) -> ifaddr.Adapter:
    return ifaddr.Adapter("eth", "eth", [ifaddr.IP(address, 24, "eth") for address in addresses])


async def test_only_the_configured_address_is_bound() -> None:
    found = await candidates(loopback_settings())

    assert [address for address, _ in found] == [LOOPBACK]


async def test_the_announced_address_stands_in_for_the_bound_one() -> None:
    found = await candidates(loopback_settings(media_announce="203.0.113.7"))

    assert [address for address, _ in found] == ["203.0.113.7"]


def test_an_announced_address_is_for_its_own_family() -> None:
    gathering = Gathering(MediaSettings(media_bind=(LOOPBACK, "::1"), media_announce="2001:db8::7"))

    assert gathering.addresses() == ("::1",)


async def test_ports_come_from_the_range_and_an_empty_range_is_said_clearly() -> None:
    first, last = free_ports(4)
    settings = loopback_settings(media_ports=f"{first}-{last}")
    engine = MediaEngine(settings, InvertingStage)
    try:
        for index in range(4):
            await engine.answer_leg(request(f"leg-{index}"))
        with pytest.raises(WorkerUnavailable, match="media_ports"):
            await engine.answer_leg(request("one-too-many"))
        await engine.close_leg("leg-2")
        await engine.answer_leg(request("leg-4"))
    finally:
        await engine.close()


async def test_every_port_of_the_range_is_used_once() -> None:
    first, last = free_ports(6)
    found = await candidates(loopback_settings(media_ports=f"{first}-{last}"), legs=6)

    assert sorted(port for _, port in found) == list(range(first, last + 1))


async def test_an_address_that_this_machine_does_not_have_is_an_error() -> None:
    engine = MediaEngine(MediaSettings(media_bind=("198.51.100.1",)), InvertingStage)
    try:
        with pytest.raises(MediaError, match="No media address"):
            await engine.answer_leg(request())
        assert engine.status().legs == 0
    finally:
        await engine.close()


async def test_one_good_address_of_several_is_enough() -> None:
    found = await candidates(MediaSettings(media_bind=("198.51.100.1", LOOPBACK)))

    assert [address for address, _ in found] == [LOOPBACK]


@pytest.mark.parametrize(
    "changes",
    [
        {"media_bind": ("localhost",)},
        {"media_announce": "media.example"},
        {"media_ports": "40000-39999"},
        {"media_ports": "40000-70000"},
        {"media_ports": "any"},
    ],
)
async def test_settings_that_make_no_sense_are_refused_at_the_start(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        MediaEngine(loopback_settings(**changes), InvertingStage)


def test_by_default_every_address_but_loopback_and_link_local_is_taken() -> None:
    machine = [adapter("127.0.0.1", ("::1", 0, 0)), adapter("192.0.2.2", ("fd00::2", 0, 0), ("fe80::1", 0, 4))]
    with mock.patch("ifaddr.get_adapters", return_value=machine):
        assert host_addresses() == ("192.0.2.2", "fd00::2")


def test_a_machine_that_has_only_loopback_uses_it() -> None:
    with mock.patch("ifaddr.get_adapters", return_value=[adapter("127.0.0.1", ("::1", 0, 0))]):
        assert host_addresses() == (LOOPBACK,)


async def test_a_client_whose_candidates_are_all_hidden_or_wrong_is_reached() -> None:
    """mDNS names, dead addresses and names of other hosts: the client comes by itself, and nobody looks them up."""

    def hide(offer: str) -> str:
        hidden = "0b3f2f5c-0000-4000-8000-1234567890ab.local"
        lines = []
        for line in offer.split("\r\n"):
            if line.startswith("a=candidate:"):
                lines += [line.replace(LOOPBACK, hidden), line.replace(LOOPBACK, "outside.example")]
            else:
                lines.append(line)
        return "\r\n".join(lines)

    with mock.patch("aioice.mdns.create_mdns_protocol", side_effect=AssertionError("a name was looked up")):
        async with site(MediaEngine(loopback_settings(), InvertingStage)) as place:
            client = await place.join("agent", LegRole.AGENT, change_offer=hide)
            await until(lambda: len(client.slots[0].pictures) > 3, "pictures")

            assert LegState.CONNECTED in place.states("agent")


async def test_an_address_named_in_an_offer_hears_nothing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bystander:
        bystander.bind((LOOPBACK, 0))
        bystander.setblocking(False)
        port = bystander.getsockname()[1]
        named = f"a=candidate:1 1 udp 2122194687 {LOOPBACK} {port} typ host"
        engine = MediaEngine(loopback_settings(), InvertingStage)
        try:
            await engine.answer_leg(request(sdp=browser_offer(change=lambda text: text + named + "\r\n")))
            await asyncio.sleep(0.3)  # checks would go out every 20 ms
            with pytest.raises(BlockingIOError):
                bystander.recv(1)
        finally:
            await engine.close()


async def test_a_flood_before_the_handshake_is_not_kept() -> None:
    gathering = Gathering(loopback_settings())
    connection = BoundConnection(gathering)
    await connection.gather_candidates()
    try:
        protocol = connection._protocols[0]
        for _ in range(1000):
            protocol.datagram_received(b"\x16" + bytes(50), (LOOPBACK, 9))
            protocol.datagram_received(b"\x80" + bytes(50), (LOOPBACK, 9))
        assert connection._queue.qsize() == MAX_EARLY_DATAGRAMS
    finally:
        await connection.close()


async def test_the_connectivity_check_gives_a_first_round_trip() -> None:
    async with site(MediaEngine(loopback_settings(), InvertingStage)) as place:
        await place.join("customer", LegRole.CUSTOMER)
        leg = place.engine._legs["customer"]
        await until(lambda: leg.peer.round_trip_ms is not None, "an answered check")
        leg._outlets.clear()  # no report says anything

        assert leg.round_trip_ms == leg.peer.round_trip_ms


async def test_a_check_that_may_have_been_asked_twice_gives_none() -> None:
    connection = BoundConnection(Gathering(loopback_settings()))
    assert connection.round_trip_ms is None
    connection.answered(499)
    connection.answered(500)

    assert connection.round_trip_ms == 499
