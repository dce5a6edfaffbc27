"""Both ways of a line, watched through real outlets and reports over a drawn line. Virtual time."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from aiortc.rtp import RtcpReceiverInfo

from media.arrivals import Arrival
from media.forwarder import Outlet, PictureOutlet
from media.line_ways import MOST_RESTRAINT, START_MS, DownWay, UpWay
from media.negotiation import VP8, Choice
from media.offer import Codec
from media.rate_control import Limits

pytestmark = pytest.mark.unit

LIMITS = Limits(start=800_000, minimum=40_000, maximum=2_000_000)
OCTETS = 1000
LINE_BITS = (OCTETS + 50) * 8
KEY = bytes([0x10, 0])


class Pictures:
    """A source. `target_bps` None: forwarded as it came."""

    def __init__(self, target_bps: int | None) -> None:
        self.target_bps = target_bps

    def want_key_frame(self, *, new_viewer: bool) -> None:
        """Every second begins with a key frame here."""

    def captured(self, now_ms: float) -> int | None:
        """Nobody has told."""
        return None

    def viewer_changed(self) -> None:
        """Nobody adapts here."""

    def detach(self, outlet: Outlet) -> None:
        """It never ends."""


@dataclass
class Slot:
    """An outlet with a picture of `kbps`, and a client that reports on it; `loses` one packet of so many."""

    target_bps: int | None = 800_000
    loses: int = 0
    lost_before: int = 0
    kbps: int = 800
    delay_ms: float = 5.0
    outlet: PictureOutlet = field(init=False)
    data: list[bytes] = field(default_factory=list)
    number: int = 0
    lost: int = 0
    highest: int = 0

    def __post_init__(self) -> None:
        choice = Choice(Codec(96, VP8, 90_000), None)
        self.outlet = PictureOutlet(self.data.append, ssrc=1, choices=[choice], clock_hz=90_000, cname="name")
        self.outlet.open()
        self.outlet.switch(Pictures(self.target_bps))

    def second(self, now_ms: float) -> None:
        """Send for a second, lose some, and report on it."""
        self.outlet.sender_report(int(now_ms) << 32, now_ms - self.delay_ms)
        self.send(now_ms)
        self.highest = int.from_bytes(self.data[-1][2:4], "big")
        lsr = int(now_ms) & 0xFFFF
        self.outlet.receiver_report(
            RtcpReceiverInfo(1, 0, self.lost, self.highest, 0, lsr << 16 & 0xFFFFFFFF, 0), now_ms
        )

    def send(self, now_ms: float) -> None:
        """Send what a second takes."""
        for place in range(self.kbps * 1000 // LINE_BITS):
            self.number += 1
            if self.lost_before and self.number % self.lost_before == 0:
                self.lost += 1
                continue
            count = len(self.data)
            self.outlet.forward(VP8, self.number, self.number * 3000, True, KEY + bytes(OCTETS - 2), place == 0, now_ms)
            assert len(self.data) == count + 1
            if self.loses and self.number % self.loses == 0:
                self.lost += 1


def watch(slots: list[Slot], seconds: int, way: DownWay | None = None) -> DownWay:
    found = way or DownWay(LIMITS, len(slots))
    for second in range(1, seconds + 1):
        for slot in slots:
            slot.second(second * 1000.0)
        octets = sum(slot.outlet.line_octets - 28 * slot.outlet.packets for slot in slots)
        found.look([slot.outlet for slot in slots], octets, sum(slot.outlet.packets for slot in slots), second * 1000.0)
    return found


def test_a_way_that_loses_nothing_has_no_ceiling() -> None:
    assert watch([Slot()], 20).ceiling_bps is None


def test_what_comes_through_a_way_that_loses_much_is_what_it_carries() -> None:
    way = watch([Slot(loses=2)], 4)

    assert way.ceiling_bps is not None
    assert way.ceiling_bps == pytest.approx(360_000, rel=0.15)
    assert way.shares_bps(1) == [way.ceiling_bps]


def test_an_encoder_that_goes_on_sending_too_much_is_held_back() -> None:
    assert watch([Slot()], 5).restraint == 1.0
    assert watch([Slot(loses=2)], 5).restraint == MOST_RESTRAINT


def test_a_gap_that_a_forwarded_picture_came_with_is_no_loss_of_this_way() -> None:
    slot = Slot(target_bps=None, lost_before=2)
    assert watch([slot], 20).ceiling_bps is None
    assert slot.outlet.reported is not None
    assert slot.outlet.reported.lost <= 1


def test_a_picture_that_was_encoded_here_tells_of_the_way_that_both_go() -> None:
    """What is sent again on the sender's way comes late, and looks lost in the forwarded picture alone."""
    assert watch([Slot(), Slot(target_bps=None, loses=4)], 20).ceiling_bps is None
    assert watch([Slot(loses=4), Slot(target_bps=None, loses=4)], 5).ceiling_bps is not None


def test_a_slot_with_another_picture_is_counted_anew() -> None:
    slot = Slot(loses=2)
    slot.second(1000)
    slot.second(2000)
    assert slot.outlet.reported is not None
    before = slot.outlet.reported
    slot.send(2500.0)  # on its way when the picture changes
    slot.outlet.switch(Pictures(None))
    assert slot.outlet.reported is None
    slot.loses = 0
    slot.second(3000)
    after = slot.outlet.reported
    assert after is not None
    assert after.stream != before.stream
    assert after.lost == slot.lost, "what was on its way was sent all the same"


def test_sums_of_two_pictures_are_not_compared() -> None:
    slot = Slot()
    way = watch([slot], 3)
    slot.send(3500.0)
    slot.outlet.switch(Pictures(800_000))
    slot.loses = 2
    slot.second(4000)
    assert not way.look([slot.outlet], 0, 0, 4000)
    slot.second(5000)
    assert way.look([slot.outlet], 0, 0, 5000)


def test_a_picture_that_has_stopped_says_nothing_of_the_way() -> None:
    """It was losing when it stopped; the other one goes on and loses nothing."""
    stopped, going = Slot(loses=2), Slot()
    way = watch([stopped, going], 5)
    assert way.ceiling_bps is not None
    stopped.kbps = 0
    for second in range(6, 60):
        for slot in (stopped, going):
            slot.second(second * 1000.0)
        way.look([stopped.outlet, going.outlet], 0, 0, second * 1000.0)

    assert way.ceiling_bps is None


def test_an_encoder_is_not_held_back_on_a_way_of_which_no_limit_is_known() -> None:
    slot = Slot(loses=2)
    way = watch([slot], 5)
    assert way.restraint == MOST_RESTRAINT
    slot.loses = 30  # by chance, for ever
    for second in range(6, 60):
        slot.second(second * 1000.0)
        way.look([slot.outlet], 0, 0, second * 1000.0)

    assert way.ceiling_bps is None
    assert way.restraint == 1.0


def test_lost_packets_are_sent_again_as_far_as_a_narrow_line_allows() -> None:
    slot = Slot()
    slot.second(1000)
    asked = range(slot.highest - 50, slot.highest)
    slot.outlet.ceiling_bps = 200_000
    slot.outlet.resend(asked, 2000)
    assert slot.outlet.resent == 1, "half of 200 kbit/s for a tenth of a second"
    slot.outlet.ceiling_bps = None
    slot.outlet.resend(asked, 2200)
    assert slot.outlet.resent == 1 + 50
    assert slot.outlet.nacked == 50, "a packet that is asked for twice is lost once"


def arrive(way: DownWay, slot: Slot, kbps: float, seconds: int, since_s: int = 0) -> None:
    """Let pictures of 1,000 octets go over a line of so many kbit/s, as many as 800 kbit/s are; told of at 10 Hz."""
    free_ms, line_ms, packets = 0.0, LINE_BITS / kbps, []
    for number in range(since_s * 100, (since_s + seconds) * 100):
        sent_ms = number * 10.0
        if max(free_ms, sent_ms) - sent_ms < 300:
            free_ms = max(free_ms, sent_ms) + line_ms
            packets.append(Arrival(sent_ms, free_ms + 5, LINE_BITS // 8, True, False, number))
        else:
            packets.append(Arrival(sent_ms, None, LINE_BITS // 8, True, False, number))
        if number % 10 == 9:
            way.arrived(packets, sent_ms + 20)
            assert way.look([slot.outlet], 0, 0, sent_ms + 20)
            assert not way.look([slot.outlet], 0, 0, sent_ms + 20), "there is nothing new"
            packets = []


def test_when_each_packet_came_tells_at_once_what_a_way_carries() -> None:
    way, slot = DownWay(LIMITS, 1), Slot()
    assert not way.judges_loss
    arrive(way, slot, 2000, 5)
    assert (way.judges_loss, way.ceiling_bps, way.restraint) == (True, None, 1.0)
    arrive(way, slot, 300, 1, since_s=5)
    assert way.ceiling_bps == pytest.approx(0.93 * 300_000, rel=0.05)
    assert way.shares_bps(1) == [way.ceiling_bps]
    arrive(way, slot, 300, 2, since_s=6)
    assert way.restraint < 1.0, "it goes on sending too much"


def test_a_client_that_tells_no_more_when_packets_came_is_watched_by_its_reports() -> None:
    way, slot = DownWay(LIMITS, 1), Slot()
    arrive(way, slot, 300, 3)
    assert way.ceiling_bps is not None
    watch([slot], 20, way)
    assert not way.judges_loss
    assert way.ceiling_bps is None


def test_what_was_before_the_last_key_frame_is_not_sent_again_on_a_narrow_line() -> None:
    slot = Slot()
    slot.second(1000)
    asked = [slot.highest - 5]
    slot.second(2000)  # begins with a key frame
    slot.outlet.ceiling_bps = 200_000
    slot.outlet.resend(asked, 2500)
    assert slot.outlet.resent == 0
    slot.outlet.ceiling_bps = None
    slot.outlet.resend(asked, 2600)
    assert slot.outlet.resent == 1


def up(way: UpWay, seconds: int, kbps: int, *, keeps: int = 1, queue_ms_per_s: float = 0.0, since_s: int = 0) -> None:
    """Let packets come, one of `keeps`, looked at once a second."""
    count = kbps * 1000 // LINE_BITS
    for second in range(since_s, since_s + seconds):
        for index in range(count):
            sent_s = second + index / count
            now_ms = sent_s * 1000 + (sent_s - since_s) * queue_ms_per_s
            if index % keeps == 0:
                way.add(int(sent_s * (1 << 18)) & 0xFFFFFF, now_ms)
        packets = (second + 1) * count // keeps
        way.look(packets * (OCTETS + 22), packets, (second + 1) * count, packets, (second + 1) * 1000.0)


def test_a_browser_that_begins_is_led_up_to_the_maximum_and_then_left_alone() -> None:
    way = UpWay(LIMITS)
    up(way, 2, 800)
    assert way.invited_bps == pytest.approx(1_600_000, rel=0.1)
    up(way, int(START_MS / 1000) + 2, 800)
    assert way.invited_bps is None
    assert way.ceiling_bps is None


def test_a_way_that_loses_half_is_not_invited_but_held() -> None:
    way = UpWay(LIMITS)
    up(way, 3, 800, keeps=2)

    assert way.invited_bps is None
    assert way.ceiling_bps == pytest.approx(360_000, rel=0.1)


def test_a_queue_that_grows_is_seen_before_anything_is_lost() -> None:
    way = UpWay(LIMITS)
    up(way, 10, 800)
    assert way.ceiling_bps is None
    up(way, 6, 800, queue_ms_per_s=250, since_s=10)
    assert way.ceiling_bps is not None
    assert way.ceiling_bps < 800_000


def test_a_camera_that_was_paused_for_long_does_not_look_late() -> None:
    way = UpWay(LIMITS)
    up(way, 5, 800)
    up(way, 10, 800, since_s=50)

    assert way.ceiling_bps is None


def test_send_times_from_before_a_long_pause_are_not_compared_with_those_after_it() -> None:
    """They begin anew every 64 s: a second of them seems to have taken a minute to come, as in a queue."""
    way = UpWay(LIMITS)
    for now_s, packets in ((1, 10), (68, 20), (69, 30)):
        if now_s != 68:  # then only sound came
            way.add(int(now_s % 64 * (1 << 18)), now_s * 1000.0)
        way.look(packets * OCTETS, packets, 2 * packets, packets, now_s * 1000.0)

    assert way.ceiling_bps is None
