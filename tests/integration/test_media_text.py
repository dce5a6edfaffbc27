"""Text over the data channels of a worker's legs: to the other person of the same call, and to nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiortc import RTCDataChannel

from media.engine import MediaEngine
from media.text_channel import BYTE_BURST, MOST_BYTES
from tests.integration.media_peers import Camera, Client, Site, loopback_settings, site, until
from tests.media_gate import InvertingStage
from video_service.media_plane import CallRoute, LegRole, LegState
from video_service.real_time_text import writer_key

pytestmark = pytest.mark.integration

CALL, OTHER_CALL = "c_1", "c_2"


def route(call: str, epoch: int, customer: str, agent: str) -> CallRoute:
    return CallRoute(call_id=call, epoch=epoch, customer_leg=customer, agent_leg=agent)


class Writer:
    """A client with a text channel, and what came over it. Its picture hardly moves."""

    def __init__(self, place: Site, leg_id: str, role: LegRole, **channel: Any) -> None:
        self.client = Client(leg_id, role, camera=Camera(rate=2, cycle=1), pitch_hz=0, codec="")
        self.channel: RTCDataChannel = self.client.connection.createDataChannel(
            channel.pop("label", "t140"), protocol=channel.pop("protocol", "t140"), **channel
        )
        self.heard: list[str] = []
        self.channel.on("message", self.heard.append)
        self._place = place

    async def join(self) -> None:
        self._place.clients.append(self.client)
        answer = await self._place.engine.answer_leg(self.client.request(await self.client.offer()))
        await self.client.accept(answer.sdp)
        await until(lambda: self.channel.readyState == "open", "the text channel")

    def write(self, number: int, text: str, call: str = CALL, line: int = 1) -> None:
        self.channel.send(f"\x98{call} {line} {number}\x9c{text}")

    @property
    def texts(self) -> list[str]:
        return [message.partition("\x9c")[2] for message in self.heard]


@pytest.fixture
async def place() -> AsyncIterator[Site]:
    async with site(MediaEngine(loopback_settings(capacity=3), InvertingStage, worker="w-1")) as made:
        yield made


async def pair(place: Site, number: int = 1) -> tuple[Writer, Writer]:
    """Return customer and agent of call c_<number>."""
    customer = Writer(place, f"customer-{number}", LegRole.CUSTOMER)
    agent = Writer(place, f"agent-{number}", LegRole.AGENT)
    for writer in (customer, agent):
        await writer.join()
    await place.engine.open_call(route(f"c_{number}", 1, f"customer-{number}", f"agent-{number}"))
    return customer, agent


async def test_text_goes_to_the_other_person_of_the_call_in_its_order(place: Site) -> None:
    (customer, agent), (other_customer, other_agent) = await pair(place, 1), await pair(place, 2)
    for number, text in enumerate(["您", "好", "\b们", "\u2028"], 1):
        customer.write(number, text)
    agent.write(1, "hello")
    other_agent.write(1, "elsewhere", OTHER_CALL)
    await until(lambda: len(agent.heard) == 4 and len(customer.heard) == 1, "the text of both")
    await until(lambda: other_customer.texts == ["elsewhere"], "the text of the other call")
    assert agent.texts == ["您", "好", "\b们", "\u2028"]
    assert agent.heard[0] == f"\x98{CALL} 1 1 {writer_key(CALL, 'person-customer-1')}\x9c您"
    assert customer.texts == ["hello"]
    assert other_agent.heard == []


async def test_in_a_call_of_three_each_reads_both_others_and_who_wrote(place: Site) -> None:
    customer, agent = await pair(place)
    helper = Writer(place, "agent-2", LegRole.AGENT)
    await helper.join()
    both = route(CALL, 1, "customer-1", "agent-1")
    await place.engine.open_call(msgspec.structs.replace(both, helper_legs=("", "agent-2")))
    writers = {"customer-1": customer, "agent-1": agent, "agent-2": helper}
    for name, writer in writers.items():
        writer.write(1, f"by {name}")
    for name, reader in writers.items():
        await until(lambda reader=reader: len(reader.heard) == 2, f"what {name} reads")  # type: ignore[misc]
        others = writers.keys() - {name}
        assert set(reader.heard) == {
            f"\x98{CALL} 1 1 {writer_key(CALL, f'person-{other}')}\x9cby {other}" for other in others
        }
    await place.engine.open_call(both)
    helper.write(2, "not in it any more")
    customer.write(2, "still in it")
    await until(lambda: len(agent.heard) == 3, "the piece")
    assert agent.texts[-1] == "still in it"


async def test_what_is_of_no_call_or_of_another_one_or_no_text_is_dropped(place: Site) -> None:
    customer, agent = await pair(place)
    customer.write(1, "late", OTHER_CALL)
    customer.channel.send("no piece at all")
    customer.channel.send(b"\x98c_1 1 1\x9cbytes")
    customer.write(2, "line\nbreak")
    customer.write(3, "this one")
    await until(lambda: agent.heard, "the piece")
    assert agent.texts == ["this one"]
    await place.engine.close_call(CALL, 1)
    customer.write(4, "after the end")
    await place.engine.open_call(route(CALL, 2, "customer-1", "agent-1"))
    customer.write(5, "again")
    await until(lambda: len(agent.heard) >= 2, "the piece of the next epoch")
    # Whether the one between was read before or after the call was opened anew is the network's matter.
    assert agent.texts[-1] == "again" or agent.texts[1:] == ["after the end"]


async def test_a_channel_of_another_name_carries_nothing(place: Site) -> None:
    customer = Writer(place, "customer-1", LegRole.CUSTOMER, label="chat")
    agent = Writer(place, "agent-1", LegRole.AGENT)
    for writer in (customer, agent):
        await writer.join()
    await place.engine.open_call(route(CALL, 1, "customer-1", "agent-1"))
    right = customer.client.connection.createDataChannel("t140", protocol="t140")
    await until(lambda: right.readyState == "open", "the right channel")
    customer.write(1, "by the wrong one")
    right.send(f"\x98{CALL} 1 2\x9cby the right one")
    await until(lambda: agent.heard, "the piece")
    assert agent.texts == ["by the right one"]


async def test_who_floods_loses_the_channel_and_keeps_the_leg(place: Site) -> None:
    customer, agent = await pair(place)
    for number in range(int(BYTE_BURST / MOST_BYTES) * 4):
        customer.channel.send("x" * (MOST_BYTES - 1) + str(number % 10))
    await until(lambda: customer.channel.readyState == "closed", "the end of the channel")
    assert agent.heard == []
    assert customer.client.connection.connectionState == "connected"
    assert LegState.CLOSED not in place.states("customer-1", "")
    agent.write(1, "still here")
    assert agent.channel.readyState == "open"


async def test_a_leg_without_a_channel_is_no_trouble_to_the_other(place: Site) -> None:
    customer = Writer(place, "customer-1", LegRole.CUSTOMER)
    await customer.join()
    await place.join("agent-1", LegRole.AGENT)
    await place.engine.open_call(route(CALL, 1, "customer-1", "agent-1"))
    customer.write(1, "by this way nobody reads it")
    watched = Writer(place, "agent-2", LegRole.AGENT)
    await watched.join()
    await place.engine.open_call(route(CALL, 2, "customer-1", "agent-2"))
    customer.write(2, "now")
    await until(lambda: watched.texts[-1:] == ["now"], "the piece")
