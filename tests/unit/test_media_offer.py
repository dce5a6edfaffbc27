"""Offers: what is taken from them, what is refused, and that no text of any kind does harm."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import example, given
from hypothesis import strategies as st

from media.answer import TransportText, render_answer
from media.negotiation import TRANSPORT_CC, Plan, plan_answer
from media.offer import MAX_SDP_BYTES, parse_offer
from media.settings import MediaSettings
from tests.unit.offers import FINGERPRINT, PASSWORD, UFRAG, VIDEO_FORMATS, browser_offer
from video_service.media_plane import BadSdp, LegRole

pytestmark = pytest.mark.unit

CUSTOMER, AGENT = LegRole.CUSTOMER, LegRole.AGENT
DATA_CHANNEL = (
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=mid:data",
    "a=sctp-port:5000",
    f"a=ice-ufrag:{UFRAG}",
    f"a=ice-pwd:{PASSWORD}",
    f"a=fingerprint:sha-256 {FINGERPRINT}",
    "a=setup:actpass",
)


def planned(text: str, role: LegRole = CUSTOMER, preferred: tuple[str, ...] = ()) -> Plan:
    ssrcs = iter(range(1000, 2000))
    return plan_answer(parse_offer(text), role, preferred, lambda: next(ssrcs))


def answered(plan: Plan, *, address: str = "192.0.2.1", setup: str = "active") -> str:
    transport = TransportText(
        ufrag="ours",
        password="p" * 22,
        candidates=[f"f 1 udp 2130706431 {address} 40000 typ host"],
        fingerprint=("sha-256", FINGERPRINT),
        setup=setup,
        address=address,
        port=40_000,
        session=7,
        cname="cname",
    )
    return render_answer(plan, transport, MediaSettings())


def names(plan: Plan, slot: int = 0) -> list[str]:
    return [choice.name for choice in plan.slots[slot].choices]


# What is taken


def test_a_browsers_offer_is_read() -> None:
    offer = parse_offer(browser_offer())

    assert [media.kind for media in offer.media] == ["audio"] + ["video"] * 4
    assert [media.mid for media in offer.media] == list("01234")
    assert (offer.ice_ufrag, offer.ice_password, offer.setup) == (UFRAG, PASSWORD, "actpass")
    assert offer.fingerprints == (("sha-256", FINGERPRINT),)
    assert offer.media[1].codecs[0].feedback == {"goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"}


def test_sound_camera_and_slots_are_found_in_order() -> None:
    plan = planned(browser_offer())

    assert plan.sound is not None
    assert plan.camera is not None
    assert plan.camera.media.mid == "1"
    assert [slot.media.mid for slot in plan.slots] == ["2", "3", "4"]
    assert [line.direction for line in plan.lines] == ["sendrecv", "recvonly", "sendonly", "sendonly", "sendonly"]
    assert plan.camera.abs_send_time_id == 2


def test_a_customers_camera_has_one_codec_the_one_that_every_viewer_has() -> None:
    camera = planned(browser_offer(), CUSTOMER).camera

    assert camera is not None
    assert [choice.payload_type for choice in camera.choices] == [96]


def test_a_customer_without_vp8_may_send_h264() -> None:
    formats = {number: entry for number, entry in VIDEO_FORMATS.items() if entry[0] == "H264"}
    camera = planned(browser_offer(formats=formats), CUSTOMER).camera

    assert camera is not None
    assert [choice.payload_type for choice in camera.choices] == [108]


def test_an_agents_camera_may_use_any_codec_that_the_decoder_has() -> None:
    camera = planned(browser_offer(), AGENT).camera

    assert camera is not None
    assert [(choice.name, choice.payload_type, choice.rtx_payload_type) for choice in camera.choices] == [
        ("VP8", 96, 97),
        ("H264", 108, 109),
    ]


def test_of_several_h264_profiles_constrained_baseline_in_mode_1_is_taken() -> None:
    assert planned(browser_offer()).slots[0].choices[1].payload_type == 108
    baseline_only = {number: VIDEO_FORMATS[number] for number in (96, 102, 104, 114)}
    assert planned(browser_offer(formats=baseline_only)).slots[0].choices[1].payload_type == 102
    neither = {number: VIDEO_FORMATS[number] for number in (96, 104, 114)}
    assert names(planned(browser_offer(formats=neither))) == ["VP8"]


@pytest.mark.parametrize(
    ("preferred", "expected"),
    [((), ["VP8", "H264"]), (("video/H264", "video/VP8"), ["H264", "VP8"]), (("video/h264",), ["H264", "VP8"])],
)
def test_slots_take_every_common_codec_in_the_clients_order(preferred: tuple[str, ...], expected: list[str]) -> None:
    assert names(planned(browser_offer(), preferred=preferred)) == expected


def test_without_sound_or_camera_a_leg_is_still_a_leg() -> None:
    plan = planned(browser_offer(audio=False, directions=("recvonly",)))

    assert plan.sound is None
    assert plan.camera is None
    assert len(plan.slots) == 1


def test_fewer_slots_are_accepted() -> None:
    assert len(planned(browser_offer(directions=("sendonly", "recvonly"))).slots) == 1


def test_a_line_in_both_directions_is_camera_and_slot() -> None:
    plan = planned(browser_offer(directions=("sendrecv", "recvonly")))

    assert plan.camera is plan.slots[0]
    assert plan.lines[1].direction == "sendrecv"


def test_a_second_camera_is_not_taken() -> None:
    plan = planned(browser_offer(directions=("sendonly", "sendonly", "recvonly")))

    assert [line.rejected for line in plan.lines] == [False, False, True, False]


def test_every_line_of_ours_has_its_own_ssrc() -> None:
    plan = planned(browser_offer())
    ssrcs = [line.ssrc for line in plan.lines if line.ssrc]

    assert len(ssrcs) == len(set(ssrcs)) == 4


# What is refused


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not an offer",
        "v=0\r\n",
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n",
        browser_offer(directions=("sendonly",)),
        browser_offer(formats={98: ("VP9", "")}),
        browser_offer(change=lambda text: text.replace("a=group:BUNDLE", "a=group:LS")),
        browser_offer(change=lambda text: text.replace("a=rtcp-mux\r\n", "")),
        browser_offer(change=lambda text: text.replace("a=mid:2", "a=mid:1")),
        browser_offer(change=lambda text: text.replace("a=mid:2", "a=mid:2 \t<x>")),
        browser_offer(change=lambda text: text.replace("a=mid:2", "a=mid:" + "m" * 40)),
        browser_offer(change=lambda text: text.replace(f"a=ice-ufrag:{UFRAG}", "a=ice-ufrag:x")),
        browser_offer(change=lambda text: text.replace(f"a=ice-pwd:{PASSWORD}", "a=ice-pwd:short")),
        browser_offer(change=lambda text: text.replace(FINGERPRINT, "F5:F5")),
        browser_offer(change=lambda text: text.replace("a=setup:actpass", "a=setup:holdconn")),
        browser_offer(change=lambda text: text.replace("rtpmap:96 ", "rtpmap:960 ")),
        browser_offer(change=lambda text: text.replace("rtpmap:96 ", "rtpmap:-1 ")),
        browser_offer(change=lambda text: text.replace("rtpmap:96 ", "rtpmap:٩ ")),
        browser_offer(change=lambda text: text.replace("VP8/90000", "VP8/9e9")),
        browser_offer(change=lambda text: text.replace("rtpmap:111 opus", "rtpmap:96 opus")),
        browser_offer(change=lambda text: text.replace("m=video 9", "m=video 0")),
        browser_offer(directions=("recvonly",) * 20),
        browser_offer(change=lambda text: text + "a=x:" + "y" * MAX_SDP_BYTES),
    ],
    ids=range(23),
)
def test_what_cannot_be_answered_is_refused(text: str) -> None:
    with pytest.raises(BadSdp):
        planned(text)


def test_too_many_codecs_are_refused() -> None:
    formats = dict.fromkeys(range(100), ("VP8", ""))

    with pytest.raises(BadSdp):
        planned(browser_offer(formats=formats, rtx=False))


lines = st.sampled_from(browser_offer().splitlines())


@given(text=st.text(max_size=300))
@example(text="v=0\r\nm=video 99999999 X 1\r\na=mid:1")
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with pytest.raises(BadSdp):
        planned(text)


@given(data=st.data())
def test_a_damaged_offer_is_answered_or_refused(data: st.DataObject) -> None:
    text = browser_offer().split("\r\n")
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(1, len(text) - 1))
        text[at] = data.draw(lines | st.text(max_size=30) | st.just("") | st.just(text[at][: len(text[at]) // 2]))
    try:
        plan = planned("\r\n".join(text), data.draw(st.sampled_from(LegRole)))
    except BadSdp:
        return
    SessionDescription.parse(answered(plan))


@pytest.mark.parametrize("line", ["a=rtcp-fb:* nack", "a=fmtp:96 " + "x;" * 20, "a=extmap:1 u", "a=group:BUNDLE 0"])
def test_the_largest_offers_are_read_quickly(line: str) -> None:
    filler = (line + "\r\n") * ((MAX_SDP_BYTES - 30_000) // (len(line) + 2))
    started = time.process_time()
    planned(browser_offer(change=lambda text: text + filler))

    assert time.process_time() - started < 0.5


# The answer


def test_aiortc_reads_the_answer_as_it_is_meant() -> None:
    plan = planned(browser_offer(), AGENT)
    answer = SessionDescription.parse(answered(plan))

    assert [media.rtp.muxId for media in answer.media] == list("01234")
    assert [media.direction for media in answer.media] == ["sendrecv", "recvonly", "sendonly", "sendonly", "sendonly"]
    assert answer.group[0].items == list("01234")
    for media in answer.media:
        assert media.ice is not None
        assert media.ice.usernameFragment == "ours"
        assert media.dtls is not None
        assert media.dtls.role == "client"
        assert media.rtcp_mux
        assert media.ice_candidates_complete
        assert media.ice_candidates[0].ip == "192.0.2.1"
    slot = answer.media[2]
    assert [codec.name for codec in slot.rtp.codecs] == ["VP8", "H264"]
    assert [entry.ssrc for entry in slot.ssrc] == [plan.slots[0].ssrc]
    for line, asked in ((slot, set()), (answer.media[1], {"goog-remb"})):
        named = {str(feedback.type) + str(feedback.parameter or "") for feedback in line.rtp.codecs[0].rtcpFeedback}
        assert named == {"ccmfir", "nack", "nackpli"} | asked


def with_numbers(text: str, line: str = "a=extmap:14 urn:ietf:params:rtp-hdrext:toffset") -> str:
    """Offer numbers for every packet, as Chromium and Firefox do on each line for pictures."""
    return text.replace(line, f"{line}\r\na=extmap:3 {TRANSPORT_CC}")


def numbered_sections(**offered: Any) -> list[tuple[bool, bool]]:
    """Return of each picture's line in the answer whether it has the extension, and whether it asks for feedback."""
    sections = answered(planned(browser_offer(**offered))).split("m=video")[1:]
    return [(f"a=extmap:3 {TRANSPORT_CC}\r\n" in each, "transport-cc\r\n" in each) for each in sections]


def test_packets_are_numbered_on_the_lines_that_only_this_side_sends_on() -> None:
    assert numbered_sections(change=with_numbers) == [(False, False), (True, True), (True, True), (True, True)]
    both = numbered_sections(directions=("sendrecv", "recvonly"), change=with_numbers)
    assert both == [(False, False), (True, True)], "the browser would wait for feedback on its own packets"


def test_packets_are_numbered_only_where_the_client_offers_all_that_it_takes() -> None:
    nowhere = [(False, False)] * 4
    assert numbered_sections() == nowhere
    assert numbered_sections(change=lambda text: with_numbers(text).replace("96 transport-cc", "96 nack")) == nowhere
    too_long = with_numbers(browser_offer()).replace("a=extmap:3 ", "a=extmap:15 ")
    assert TRANSPORT_CC not in answered(planned(too_long)), "a number that a one-byte header cannot have"


def test_sound_is_not_numbered() -> None:
    sound = answered(planned(browser_offer(change=lambda text: with_numbers(text, "a=rtcp-mux")))).split("m=")[1]
    assert sound.startswith("audio")
    assert "transport" not in sound


def test_only_the_camera_line_carries_bitrate_hints() -> None:
    answer = answered(planned(browser_offer()))
    camera = answer.split("m=video")[1]

    assert answer.count("x-google-start-bitrate=800") == 1
    assert "x-google-min-bitrate=40;x-google-max-bitrate=2000" in camera
    assert "b=TIAS:2000000" in camera
    assert "abs-send-time" in camera


def test_slots_say_nothing_that_would_tie_them_together() -> None:
    answer = answered(planned(browser_offer()))

    assert [line for line in answer.splitlines() if line.startswith("a=msid:")] == [
        "a=msid:sound sound",
        "a=msid:slot-0 slot-0",
        "a=msid:slot-1 slot-1",
        "a=msid:slot-2 slot-2",
    ]


def with_data_channel(change: Callable[[str], str] = str) -> str:
    return browser_offer(
        extra_sections=DATA_CHANNEL, change=lambda text: change(text.replace("1 2 3 4", "1 2 3 4 data"))
    )


def test_a_data_channel_is_taken_for_text() -> None:
    plan = planned(with_data_channel())
    answer = answered(plan)

    assert plan.text is plan.lines[-1]
    section = answer.split("m=application")[1]
    assert section.startswith(" 40000 UDP/DTLS/SCTP webrtc-datachannel")
    assert "a=mid:data\r\n" in section
    assert "a=sctp-port:5000\r\na=max-message-size:4096\r\n" in section
    assert "a=ice-ufrag:" in section
    assert "a=group:BUNDLE 0 1 2 3 4 data\r\n" in answer


@pytest.mark.parametrize(
    ("change", "role"),
    [
        (lambda text: text.replace("a=sctp-port:5000", "a=sctp-prt:5000"), CUSTOMER),
        (lambda text: text.replace("UDP/DTLS/SCTP", "DTLS/SCTP"), CUSTOMER),
        (lambda text: text.replace("m=application 9", "m=application 0"), AGENT),
        (str, LegRole.WATCHER),
    ],
    ids=["no-port", "older", "offered-as-rejected", "watcher"],
)
def test_another_data_channel_is_rejected_and_the_rest_goes_on(change: Callable[[str], str], role: LegRole) -> None:
    plan = planned(with_data_channel(change), role)
    answer = answered(plan)

    assert plan.text is None
    section = answer.split("m=application")[1]
    assert section.startswith(" 0 ")
    assert "a=inactive" in section
    assert "a=group:BUNDLE 0 1 2 3 4\r\n" in answer


@pytest.mark.parametrize(
    ("said", "taken"),
    [("", 65_536), ("0", 65_536), ("1073741823", 65_536), ("18446744073709551615", 65_536), ("4096", 4096)],
    ids=["nothing", "any", "firefox", "all-there-is", "small"],
)
def test_the_largest_message_is_what_the_client_takes_and_no_more_than_is_sent(said: str, taken: int) -> None:
    line = f"\r\na=max-message-size:{said}" if said else ""
    text = with_data_channel(lambda text: text.replace("a=sctp-port:5000", f"a=sctp-port:5000{line}"))
    assert parse_offer(text).media[-1].most_bytes == taken


@pytest.mark.parametrize("line", ["a=sctp-port:65536", "a=sctp-port:x", "a=max-message-size:-1"])
def test_a_number_of_a_data_channel_that_is_none_is_refused(line: str) -> None:
    wanted = line if "sctp-port" in line else f"a=sctp-port:5000\r\n{line}"
    with pytest.raises(BadSdp):
        planned(with_data_channel(lambda text: text.replace("a=sctp-port:5000", wanted)))


def test_without_opus_there_is_no_sound() -> None:
    answer = answered(planned(browser_offer(change=lambda text: text.replace("opus/48000", "opux/48000"))))

    assert "m=audio 0 " in answer
    assert "a=group:BUNDLE 1 2 3 4\r\n" in answer


def test_a_camera_may_repair_on_its_own_stream_where_it_has_one() -> None:
    assert "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96" in answered(planned(browser_offer()))
    assert "rtx" not in answered(planned(browser_offer(rtx=False)))


def test_an_ipv6_address_is_written_as_one() -> None:
    assert "c=IN IP6 fd00::2\r\n" in answered(planned(browser_offer()), address="fd00::2")


def test_nothing_is_taken_from_a_watcher_whatever_it_offers() -> None:
    offer = browser_offer(directions=("sendonly", "sendrecv", "recvonly", "recvonly"))
    plan = planned(offer, LegRole.WATCHER)

    assert plan.camera is None
    assert [line.direction for line in plan.lines] == ["sendonly", "inactive", "sendonly", "sendonly", "sendonly"]
    assert len(plan.slots) == 3
    assert not [line for line in plan.lines if line.abs_send_time_id]
