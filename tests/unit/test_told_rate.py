"""What a client says that its line carries is believed while it is fresh, and nothing else is read out of it."""

from __future__ import annotations

import pytest
from aiortc.rtp import RTCP_PSFB_APP, RTCP_PSFB_PLI, RtcpPacket, RtcpPsfbPacket, pack_remb_fci
from hypothesis import given
from hypothesis import strategies as st

from media import rtcp
from media.forwarder import PictureOutlet
from media.negotiation import VP8, Choice
from media.offer import Codec
from media.told_rate import FRESH_MS, ToldRate

pytestmark = pytest.mark.unit


def slot(ssrc: int) -> PictureOutlet:
    choices = [Choice(Codec(96, VP8, 90_000))]
    return PictureOutlet(lambda data: None, ssrc=ssrc, choices=choices, clock_hz=90_000, cname="n")


SLOTS = [slot(11), slot(12), slot(13)]


def estimate(bps: int, *ssrcs: int) -> RtcpPsfbPacket:
    packet = RtcpPacket.parse(rtcp.bandwidth(1, bps, ssrcs))[0]
    assert isinstance(packet, RtcpPsfbPacket)
    return packet


def test_nothing_is_known_before_it_is_told() -> None:
    assert ToldRate().shares_bps(SLOTS, 0) == [None, None, None]
    assert ToldRate().shares_bps([], 0) == []


def test_only_the_streams_that_are_named_are_bounded_and_they_share_it() -> None:
    told = ToldRate()
    told.hear(estimate(400_000, 12, 99), 1000)
    assert told.shares_bps(SLOTS, 1000) == [None, 400_000, None]
    told.hear(estimate(300_000, 12, 13), 1000)
    first, second, third = told.shares_bps(SLOTS, 1000)
    assert (first, (second or 0) + (third or 0)) == (None, 300_000)


def test_the_newest_counts_and_an_old_one_no_longer() -> None:
    told = ToldRate()
    told.hear(estimate(400_000, 11), 0)
    told.hear(estimate(80_000, 11), 5000)
    assert told.shares_bps(SLOTS[:1], 5000 + FRESH_MS) == [80_000]
    assert told.shares_bps(SLOTS[:1], 5001 + FRESH_MS) == [None]


@given(fci=st.binary(max_size=24), fmt=st.sampled_from([RTCP_PSFB_APP, RTCP_PSFB_PLI]))
def test_what_is_no_estimate_takes_nothing_back_and_raises_nothing(fci: bytes, fmt: int) -> None:
    told = ToldRate()
    told.hear(estimate(400_000, 11), 0)
    told.hear(RtcpPsfbPacket(fmt=fmt, ssrc=1, media_ssrc=0, fci=fci), 1)
    if not (fmt == RTCP_PSFB_APP and fci.startswith(b"REMB")):
        assert told.shares_bps(SLOTS[:1], 1) == [400_000]


def test_an_estimate_that_ends_in_the_middle_is_none() -> None:
    told = ToldRate()
    told.hear(estimate(400_000, 11), 0)
    for end in range(len(pack_remb_fci(50_000, [11]))):
        told.hear(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=pack_remb_fci(50_000, [11])[:end]), 1)
    assert told.shares_bps(SLOTS[:1], 1) == [400_000]
