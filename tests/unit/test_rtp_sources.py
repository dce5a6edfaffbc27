"""Which packets may reach a viewer at all: a customer's as they came, an agent's only out of the gate."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import get_type_hints

import av
import numpy as np
import pytest

import media
from media import (
    agent_camera,
    agent_leg,
    blur_leg,
    customer_leg,
    engine,
    guest_leg,
    leg_maker,
    sources,
    watcher_leg,
    wiring,
)
from media.agent_camera import AgentCamera
from media.agent_leg import BlurredLeg
from media.assembler import EncodedFrame
from media.encoder import EncodedPicture, PictureEncoder
from media.forwarder import PictureOutlet, SoundOutlet
from media.loss import KEY_FRAME_INTERVAL_MS, KEY_FRAME_PATIENCE_MS, MAX_GAP, MOST_BEFORE_MS
from media.negotiation import OPUS, VP8, Choice
from media.offer import Codec
from media.packetizer import Vp8Packetizer
from media.picture import NotProtected, RawPicture
from media.rtp_packet import RtpPacket, parse_rtp
from media.segmenter import Reason
from media.sources import ForwardedPicture, ForwardedSound, NotForwardable, ProtectedPictures
from tests.blur_room import room
from tests.media_gate import inverting_gate
from video_service.media_plane import LegRequest, LegRole

pytestmark = pytest.mark.unit

CLOCK_HZ = 90_000


class Way:
    """The way back to a client, and the loop's clock."""

    def __init__(self) -> None:
        self.nacks: list[list[int]] = []
        self.key_frames = 0
        self.now = 0.0

    def ask_again(self, ssrc: int, lost: list[int], since_ms: float | None = None) -> None:
        self.nacks.append(lost)

    def ask_key_frame(self, ssrc: int) -> None:
        self.key_frames += 1

    def now_ms(self) -> float:
        return self.now


def outlet(sent: list[bytes], *, is_open: bool = True) -> PictureOutlet:
    made = PictureOutlet(
        sent.append,
        ssrc=1,
        choices=[Choice(Codec(96, VP8, CLOCK_HZ), 97)],
        clock_hz=CLOCK_HZ,
        cname="n",
    )
    if is_open:
        made.open()
    return made


class Camera:
    """Packets of a VP8 stream, one per frame."""

    def __init__(self, receive: Callable[[RtpPacket], None], ssrc: int = 5) -> None:
        self.receive, self.ssrc, self.sequence = receive, ssrc, 100
        self.packetizer = Vp8Packetizer()

    def send(self, *, key: bool = False, lose: bool = False) -> RtpPacket:
        payload = self.packetizer.payloads((b"\x10" if key else b"\x11") + b"picture")[0]
        packet = RtpPacket(96, self.sequence & 0xFFFF, self.sequence * 3000, self.ssrc, True, payload)
        self.sequence += 1
        if not lose:
            self.receive(packet)
        return packet


def forwarded(way: Way) -> tuple[ForwardedPicture, Camera]:
    source = ForwardedPicture(LegRole.CUSTOMER, CLOCK_HZ, way, way.now_ms)
    return source, Camera(lambda packet: source.receive(VP8, packet, way.now))


# Fail closed


@pytest.mark.parametrize("role", [role for role in LegRole if role is not LegRole.CUSTOMER])
def test_nobodys_picture_but_a_customers_can_be_forwarded(role: LegRole) -> None:
    way = Way()

    with pytest.raises(NotForwardable):
        ForwardedPicture(role, CLOCK_HZ, way, way.now_ms)


def test_the_encoder_takes_nothing_but_what_the_gate_released() -> None:
    encoder = PictureEncoder(VP8, 500_000, 2_000_000)

    with pytest.raises(NotProtected):
        encoder.encode(room())  # type: ignore[arg-type]


def test_an_encoded_picture_cannot_be_made_of_a_raw_one() -> None:
    with pytest.raises(NotProtected):
        EncodedPicture(room(), VP8, (b"raw",), 0, True)  # type: ignore[arg-type]


def test_what_is_no_encoded_picture_is_not_sent() -> None:
    way, sent = Way(), []  # type: ignore[var-annotated]
    pictures = ProtectedPictures(lambda new_viewer: None, way.now_ms)
    pictures.attach(outlet(sent))
    forged = object.__new__(EncodedPicture)
    for name, value in {"source": room(), "codec": VP8, "payloads": (b"x",), "timestamp": 0, "key": True}.items():
        object.__setattr__(forged, name, value)

    with pytest.raises(NotProtected):
        pictures.send(forged)
    with pytest.raises(AttributeError):
        pictures.send(EncodedFrame(VP8, b"raw", 0, True))  # type: ignore[arg-type]
    assert sent == []


def test_an_agents_camera_knows_no_outlet() -> None:
    """The camera's module cannot even name what sends: it imports no outlet, no transport and no engine."""
    tree = ast.parse(inspect.getsource(agent_camera))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert imported <= {
        "__future__",
        "collections.abc",
        "media.assembler",
        "media.loss",
        "media.meter",
        "media.reception",
        "media.rtp_packet",
        "media.sources",
    }
    names = {
        a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "media.sources" for a in n.names
    }
    assert names == {"Feedback"}
    assert "outlet" not in " ".join(vars(AgentCamera)).lower()


def test_only_three_modules_know_how_to_hand_packets_to_an_outlet() -> None:
    """`forward` is called by the sources alone, `send_rtp` only given to outlets: no other way out exists."""
    folder = Path(media.__file__).parent
    callers = {path.name for path in folder.glob("*.py") if ".forward(" in path.read_text(encoding="utf-8")}
    senders = {path.name for path in folder.glob("*.py") if ".send_rtp" in path.read_text(encoding="utf-8")}

    assert callers == {"sources.py"}
    assert senders == {"leg.py", "peer.py"}
    for module in (agent_leg, blur_leg, engine, guest_leg, leg_maker, sources, watcher_leg, wiring):
        assert "ForwardedPicture(" not in inspect.getsource(module).replace("class ForwardedPicture(", "")
    makers = {path.name for path in folder.glob("*.py") if "ForwardedPicture(" in path.read_text(encoding="utf-8")}
    assert makers == {"sources.py", "customer_leg.py"}


def test_what_a_leg_shows_is_decided_by_its_class_alone() -> None:
    """Whoever wires a call takes `shown`; each class has one kind of it, made when the leg is made and never replaced.

    So neither a wish that changes nor a wrong seat can let a picture out that did not go through the gate.
    """
    shown = {
        kind: get_type_hints(vars(kind)["shown"].fget)["return"] for kind in (BlurredLeg, customer_leg.CustomerLeg)
    }
    assert shown == {BlurredLeg: ProtectedPictures, customer_leg.CustomerLeg: ForwardedPicture}
    for kind in (agent_leg.AgentLeg, agent_leg.BlurredCustomerLeg):
        assert kind.__mro__[1] is BlurredLeg
        assert "shown" not in vars(kind)
    assert guest_leg.GuestLeg.__mro__[1] is agent_leg.AgentLeg
    assert not {"shown", "preview", "_begin", "_picture"} & vars(guest_leg.GuestLeg).keys()
    assert "ForwardedPicture" not in inspect.getsource(agent_leg)
    assert not {"shown", "picture", "protected"} & vars(watcher_leg.WatcherLeg).keys()
    for module in (engine, leg_maker, wiring):
        # `background.picture` is the company's, by name.
        found = re.search(r"(?<!background)\.(picture|protected)\b", inspect.getsource(module))
        assert not found, "nothing but `shown` is wired"


def test_only_a_customer_without_a_wish_gets_a_leg_that_forwards() -> None:
    """The engine's choice, read as it stands: `blurred` says it for agents always, for customers who ask."""
    for role in LegRole:
        for blur in (False, True):
            request = LegRequest(leg_id="l", person="p", role=role, codecs=(), sdp="", blur=blur)
            forwards = role is LegRole.CUSTOMER and not blur
            assert request.blurred is (not forwards and role is not LegRole.WATCHER)
    source = inspect.getsource(leg_maker.LegMaker._leg)
    watcher, forwarded = source.index("WatcherLeg("), source.index("CustomerLeg(")
    assert source[:forwarded].rstrip().endswith("if not request.blurred:\n            return")
    assert watcher < forwarded


def test_pictures_that_the_gate_released_reach_every_viewer() -> None:
    way = Way()
    sent: list[list[bytes]] = [[], []]
    pictures = ProtectedPictures(lambda new_viewer: None, way.now_ms)
    for data in sent:
        pictures.attach(outlet(data))
    encoder = PictureEncoder(VP8, 500_000, 2_000_000)
    gate = inverting_gate()
    raw = room()
    encoded = encoder.encode(gate.release(raw, Reason.NO_MASK))
    assert encoded is not None
    assert encoded.key
    pictures.send(encoded)

    assert [parse_rtp(data).payload for data in sent[0]] == [parse_rtp(data).payload for data in sent[1]]
    decoder = av.CodecContext.create("libvpx", "r")
    from media.depacketize_vp8 import depacketize_vp8

    frames = decoder.decode(av.Packet(b"".join(depacketize_vp8(parse_rtp(data).payload) for data in sent[0])))
    luma = np.frombuffer(memoryview(frames[0].planes[0]), np.uint8).reshape(-1, frames[0].planes[0].line_size)
    seen = luma[: raw.height, : raw.width].astype(int)
    assert np.abs(seen - (255 - raw.planes.y)).mean() < 20
    assert np.abs(seen - raw.planes.y).mean() > 40
    assert isinstance(raw, RawPicture)


# Forwarding


def test_a_new_viewer_gets_a_key_frame_request_at_once_and_the_picture_from_there_on() -> None:
    way = Way()
    source, camera = forwarded(way)
    camera.send(key=True)
    camera.send()
    sent: list[bytes] = []
    source.attach(outlet(sent))

    assert way.key_frames == 1
    camera.send()
    assert sent == []
    camera.send(key=True)
    camera.send()
    assert len(sent) == 2


def test_a_second_viewer_does_not_wait_for_the_first_ones_second_to_pass() -> None:
    way = Way()
    source, camera = forwarded(way)
    camera.send(key=True)
    source.attach(outlet([]))
    way.now = 5
    source.attach(outlet([]))

    assert way.key_frames == 2


def test_a_viewers_request_goes_up_at_once_and_then_once_a_second() -> None:
    way = Way()
    source, camera = forwarded(way)
    camera.send(key=True)
    source.attach(outlet([]))
    camera.send(key=True)
    asked = way.key_frames
    for _ in range(30):
        source.want_key_frame(new_viewer=False)
    assert way.key_frames == asked, "within a second of the last one"
    way.now = 1000
    source.tick(way.now, 50)
    assert way.key_frames == asked + 1


def test_a_parted_viewer_gets_nothing_more() -> None:
    way = Way()
    source, camera = forwarded(way)
    sent: list[bytes] = []
    viewer = outlet(sent)
    source.attach(viewer)
    camera.send(key=True)
    source.detach(viewer)
    camera.send(key=True)
    viewer.resend(range(65_536), 5000)

    assert len(sent) == 1
    assert viewer.source is None


def test_a_lost_packet_is_asked_for_and_forwarded_when_it_comes_again() -> None:
    way = Way()
    source, camera = forwarded(way)
    sent: list[bytes] = []
    source.attach(outlet(sent))
    camera.send(key=True)
    lost = camera.send(lose=True)
    camera.send()

    assert way.nacks == [[lost.sequence]]
    way.now = 60
    source.tick(way.now, 50)
    assert way.nacks == [[lost.sequence]] * 2
    source.receive(VP8, lost, way.now, repaired=True)
    numbers = [parse_rtp(data).sequence for data in sent]
    assert numbers == [numbers[0], numbers[0] + 2, numbers[0] + 1]
    way.now = 200
    source.tick(way.now, 50)
    assert len(way.nacks) == 2


def test_a_packet_lost_for_good_leads_to_a_key_frame_request() -> None:
    way = Way()
    source, camera = forwarded(way)
    source.attach(outlet([]))
    camera.send(key=True)
    asked = way.key_frames
    way.now = 2000
    camera.send(lose=True)
    camera.send()
    due_ms = way.now - MOST_BEFORE_MS + KEY_FRAME_PATIENCE_MS
    source.tick(due_ms - 10, 40)
    assert way.key_frames == asked
    way.now = due_ms
    source.tick(way.now, 40)
    assert way.key_frames == asked + 1


def test_after_a_gap_too_large_to_mend_a_key_frame_is_asked_for_at_once() -> None:
    way = Way()
    source, camera = forwarded(way)
    source.attach(outlet([]))
    camera.send(key=True)
    asked, way.now = way.key_frames, 2000
    for _ in range(MAX_GAP):
        camera.send(lose=True)
    camera.send()
    assert (way.key_frames, way.nacks) == (asked + 1, [])
    way.now += KEY_FRAME_INTERVAL_MS
    source.tick(way.now, 40)
    assert way.key_frames == asked + 2, "the request may be lost, too"
    camera.send(key=True)
    way.now += KEY_FRAME_INTERVAL_MS
    source.tick(way.now, 40)
    assert way.key_frames == asked + 2


def test_without_a_viewer_nothing_is_asked_for() -> None:
    way = Way()
    source, camera = forwarded(way)
    camera.send(key=True)
    camera.send(lose=True)
    camera.send()
    way.now = 500
    source.tick(way.now, 40)

    assert way.nacks == []
    assert way.key_frames == 0


def test_a_sender_that_starts_anew_goes_on_in_the_same_stream_from_its_key_frame() -> None:
    way = Way()
    source, camera = forwarded(way)
    sent: list[bytes] = []
    source.attach(outlet(sent))
    camera.send(key=True)
    camera.send()
    camera.ssrc, camera.sequence = 6, 40_000
    camera.send()
    assert way.key_frames == 1
    camera.send(key=True)

    numbers = [parse_rtp(data).sequence for data in sent]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


def test_a_picture_goes_on_when_its_senders_numbers_and_time_stamps_wrap() -> None:
    way = Way()
    source, _ = forwarded(way)
    made, _, frames = agent_frames(way)
    sent: list[bytes] = []
    source.attach(outlet(sent))
    packetizer = Vp8Packetizer()
    for index in range(-20, 20):
        payload = packetizer.payloads(b"\x10picture" if index == -20 else b"\x11picture")[0]
        packet = RtpPacket(96, index & 0xFFFF, index * 3000 & 0xFFFFFFFF, 5, True, payload)
        source.receive(VP8, packet, way.now)
        made.receive(VP8, packet, way.now)

    packets = [parse_rtp(data) for data in sent]
    assert [packet.sequence - packets[0].sequence for packet in packets] == list(range(40))
    assert {(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in pairwise(packets)} == {3000}
    assert {b.timestamp - a.timestamp for a, b in pairwise(frames)} == {3000}
    assert (way.nacks, len(frames)) == ([], 40)
    assert source.reception is not None
    assert source.reception.loss_share == 0


def test_sound_goes_on_evenly_when_its_sender_starts_anew() -> None:
    sent: list[bytes] = []
    viewer = SoundOutlet(sent.append, ssrc=1, choices=[Choice(Codec(111, OPUS, 48_000))], clock_hz=48_000, cname="n")
    viewer.open()
    sound = ForwardedSound(48_000)
    sound.attach(viewer)
    for sequence in (65_534, 65_535, 0, 1):
        sound.receive(OPUS, RtpPacket(111, sequence, sequence * 960 & 0xFFFFFFFF, 5, False, b"opus"), 0)
    sound.receive(OPUS, RtpPacket(111, 777, 3, 6, False, b"opus"), 20)

    numbers = [parse_rtp(data).sequence for data in sent]
    assert [number - numbers[0] for number in numbers] == [0, 1, 2, 3, 4]


# The agent's camera


def agent_frames(way: Way) -> tuple[AgentCamera, Camera, list[EncodedFrame]]:
    frames: list[EncodedFrame] = []
    made = AgentCamera(CLOCK_HZ, way, frames.extend, way.now_ms)
    return made, Camera(lambda packet: made.receive(VP8, packet, way.now)), frames


def test_an_agents_packets_become_frames() -> None:
    way = Way()
    made, camera, frames = agent_frames(way)
    camera.send(key=True)
    camera.send()

    assert [frame.key for frame in frames] == [True, False]
    assert made.meter.frames == 2


def test_an_agent_that_begins_without_a_key_frame_is_asked_for_one() -> None:
    way = Way()
    made, camera, frames = agent_frames(way)
    camera.send()
    made.tick(way.now, 50)

    assert (frames, way.key_frames) == ([], 1)


def test_a_repaired_packet_completes_the_frames_behind_it() -> None:
    way = Way()
    made, camera, frames = agent_frames(way)
    camera.send(key=True)
    lost = camera.send(lose=True)
    camera.send()
    assert len(frames) == 1
    made.receive(VP8, lost, way.now, repaired=True)
    assert len(frames) == 3


def test_behind_a_gap_too_large_to_mend_a_key_frame_is_asked_for_at_once_and_the_picture_goes_on_there() -> None:
    way = Way()
    made, camera, frames = agent_frames(way)
    camera.send(key=True)
    for _ in range(MAX_GAP):
        camera.send(lose=True)
    camera.send()
    assert (way.key_frames, way.nacks) == (1, [])
    for _ in range(3):
        way.now += KEY_FRAME_INTERVAL_MS
        made.tick(way.now, 50)
    assert way.key_frames == 4, "the request may be lost, too"
    camera.send()
    camera.send(key=True)
    camera.send()
    assert [frame.key for frame in frames] == [True, True, False]


def test_a_key_frame_right_behind_a_gap_too_large_to_mend_is_taken() -> None:
    way = Way()
    _, camera, frames = agent_frames(way)
    camera.send(key=True)
    for _ in range(MAX_GAP):
        camera.send(lose=True)
    camera.send(key=True)
    assert [frame.key for frame in frames] == [True, True]


def test_no_key_frame_is_asked_for_once_all_that_was_missing_came() -> None:
    way = Way()
    made, camera, _ = agent_frames(way)
    camera.send(key=True)
    lost = camera.send(lose=True)
    camera.send()
    way.now += 200
    made.tick(way.now, 50)
    assert way.key_frames == 1, "two round trips are over"
    made.receive(VP8, lost, way.now, repaired=True)
    way.now += 2000
    made.tick(way.now, 50)

    assert way.key_frames == 1


def test_a_key_frame_is_asked_for_again_while_something_is_missing() -> None:
    way = Way()
    made, camera, _ = agent_frames(way)
    camera.send(key=True)
    lost = camera.send(lose=True)
    camera.send()
    camera.send(lose=True)
    camera.send()
    way.now += 200
    made.tick(way.now, 50)
    made.receive(VP8, lost, way.now, repaired=True)
    way.now += 1000
    made.tick(way.now, 50)

    assert way.key_frames == 2


def test_a_decoder_without_references_gets_a_key_frame_next() -> None:
    way = Way()
    made, camera, frames = agent_frames(way)
    camera.send(key=True)
    made.key_needed()
    assert way.key_frames == 1
    camera.send()
    camera.send(key=True)

    assert [frame.key for frame in frames] == [True, True]
