"""How wide a line is, by when its packets came: drawn packets on a drawn line, whose width is known. Virtual time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.arrival_line import SOON_MS, STEADY_MS, ArrivalLine, LineLook
from media.arrivals import Arrival

pytestmark = pytest.mark.unit

DELAY_MS = 30.0
CLOCK_MS = 500_000.0
PICTURE_MS = 1000 / 22
FEEDBACK_MS = 100.0


class Drawn:
    """A line of `bps` without an end to its queue; pictures of `octets` (at most 1,200 a packet) go over it."""

    def __init__(self, bps: float, *, drift_ppm: float = 0.0) -> None:
        self.bps = bps
        self.now_ms = 0.0
        self.free_ms = 0.0
        self.number = 0
        self.drift = 1 + drift_ppm * 1e-6
        self.line = ArrivalLine()
        self.waiting: list[Arrival] = []
        self.reads_at_ms: float | None = None
        self.look: LineLook | None = None

    def picture(self, octets: int, *, lost: Sequence[int] = (), apart_ms: float = PICTURE_MS) -> None:
        """Send one; of its packets those at the places `lost` are lost behind the queue."""
        count = -(-octets // 1200)
        for place in range(count):
            self.free_ms = max(self.free_ms, self.now_ms) + octets / count * 8000 / self.bps
            came_ms = max(self.free_ms + DELAY_MS, self.reads_at_ms or 0.0) * self.drift + CLOCK_MS
            self.number += 1
            told = None if place in lost else came_ms
            self.waiting.append(Arrival(self.now_ms, told, octets // count, True, False, self.number))
        self.now_ms += apart_ms

    def tell(self, *, heard: bool = True) -> LineLook | None:
        """Give all that came by now as one message of feedback; `heard` False: the message is lost."""
        told, self.waiting = self.waiting, []
        if heard:
            self.look = self.line.add(told, 0.0, self.now_ms)
        return self.look


def pictures(line: Drawn, sizes: Iterator[int], seconds: float) -> LineLook:
    """Send pictures, told of ten times a second."""
    end_ms, due_ms = line.now_ms + seconds * 1000, line.now_ms + FEEDBACK_MS
    while line.now_ms < end_ms:
        line.picture(next(sizes))
        if line.now_ms >= due_ms:
            line.tell()
            due_ms += FEEDBACK_MS
    look = line.tell()
    assert look is not None
    return look


def sizes(mean: float, seed: int = 1) -> Iterator[int]:
    dice = random.Random(seed)
    while True:
        yield round(mean * dice.uniform(0.6, 1.4))


@pytest.mark.parametrize("drift_ppm", [-100, 0, 100])
@pytest.mark.parametrize("kbps", [60, 110, 500, 2000])
def test_a_line_that_is_sent_more_than_it_carries_shows_its_width(kbps: int, drift_ppm: float) -> None:
    line = Drawn(kbps * 1000, drift_ppm=drift_ppm)
    look = pictures(line, sizes(1.2 * kbps * 1000 / 8 / 22), 4)

    assert look.queue_ms > 300
    assert look.work_share == 1.0
    assert line.line.width_bps(SOON_MS) == pytest.approx(kbps * 1000, rel=0.05)
    assert line.line.width_bps(STEADY_MS) == pytest.approx(kbps * 1000, rel=0.03)


@pytest.mark.parametrize("kbps", [110, 200, 300, 500, 2000])
def test_a_line_that_is_never_full_is_proven_all_the_same(kbps: int) -> None:
    """One packet a picture or several, the larger ones take longer."""
    look = pictures(Drawn(kbps * 1000), sizes(0.6 * kbps * 1000 / 8 / 22), 12)

    assert look.queue_ms < 25
    assert look.proven_bps == pytest.approx(kbps * 1000, rel=0.05)


def test_a_line_that_got_wider_is_seen_within_a_few_seconds() -> None:
    line, drawn = Drawn(80_000), sizes(0.7 * 80_000 / 8 / 22)
    before = pictures(line, drawn, 12).proven_bps or 0.0
    line.bps = 800_000
    after = pictures(line, drawn, 4).proven_bps or 0.0

    assert before < 90_000
    assert after > 400_000


def test_who_reads_late_does_not_make_a_line_look_narrow() -> None:
    """A busy machine stands still for 150 ms twice a second and reads all that came at the end of it."""
    line, drawn, dice = Drawn(1_000_000), sizes(0.5 * 1_000_000 / 8 / 22), random.Random(3)
    for _ in range(40):
        pictures(line, drawn, 0.3 * dice.uniform(0.5, 1.5))
        line.reads_at_ms = line.now_ms + 150
        look = pictures(line, drawn, 0.15)
        assert look.queue_ms < 60
        width_bps = line.line.width_bps(STEADY_MS)
        assert width_bps is None or width_bps > 700_000
        line.reads_at_ms = None


def test_chance_loss_does_not_change_what_a_full_line_carries() -> None:
    line, drawn, dice = Drawn(500_000), sizes(1.1 * 500_000 / 8 / 22), random.Random(5)
    for _ in range(100):
        octets = next(drawn)
        line.picture(octets, lost=[place for place in range(-(-octets // 1200)) if dice.random() < 0.1])
        if dice.random() < 0.5:
            line.tell()
    look = line.tell()

    assert look is not None
    assert line.line.width_bps(STEADY_MS) == pytest.approx(500_000, rel=0.03)
    assert look.loss_share == pytest.approx(0.1, abs=0.08)
    assert look.came_bps < look.sent_bps


def test_a_message_that_was_lost_does_not_make_a_line_look_narrow() -> None:
    """What it would have told has taken its time on the line, too."""
    line, drawn, dice = Drawn(110_000), sizes(1.1 * 110_000 / 8 / 22), random.Random(7)
    for _ in range(100):
        line.picture(next(drawn))
        line.picture(next(drawn))
        line.tell(heard=dice.random() > 0.3)
    look = line.tell()

    assert look is not None
    assert line.line.width_bps(STEADY_MS) == pytest.approx(110_000, rel=0.03)
    assert look.loss_share == 0.0


def test_what_came_after_all_was_not_lost() -> None:
    line = ArrivalLine()
    packets = [Arrival(ms, None if ms == 20 else ms + 40, 1000, True, False, ms) for ms in range(10, 40)]
    assert line.add(packets, 0.0, 100).loss_share == pytest.approx(1 / 30)
    assert line.add([Arrival(20, 70, 1000, True, True, 20)], 0.0, 150).loss_share == 0.0


def test_the_sound_between_two_packets_counts_for_the_line() -> None:
    """It waits in the same queue, though nobody tells when it came."""
    line = ArrivalLine()
    for number in range(1, 60):
        # 1,000 octets in 80 ms are 100 kbit/s; 20 kbit/s of sound leave between two of them, too.
        line.add([Arrival(number * 40, CLOCK_MS + number * 80, 1000, True, False, number)], 20_000, number * 80)

    assert line.width_bps(STEADY_MS) == pytest.approx(110_000, rel=0.01)


def test_of_too_little_nothing_is_said() -> None:
    line = ArrivalLine()
    assert line.add([], 0.0, 0.0) == LineLook(0.0, None, 0.0, 0.0, 0.0, 0.0, 0)
    look = line.add([Arrival(0, 5, 1000, True), Arrival(20, 25, 1000, True)], 0.0, 30)
    assert (look.queue_ms, look.proven_bps, line.width_bps(SOON_MS)) == (0.0, None, None)


arrivals = st.builds(
    Arrival,
    sent_ms=st.floats(0, 20_000),
    came_ms=st.none() | st.floats(0, 1e9),
    line_octets=st.integers(50, 1300),
    encoded=st.booleans(),
    told_lost=st.booleans(),
    number=st.integers(-1, 5000),
)


@given(st.lists(st.lists(arrivals, max_size=20), max_size=20))
def test_no_feedback_breaks_it(messages: list[list[Arrival]]) -> None:
    """A client may tell what it likes."""
    line = ArrivalLine()
    for place, message in enumerate(messages):
        told = [packet for packet in message if not packet.told_lost or packet.came_ms is not None]
        look = line.add(told, 10_000, place * 100.0)
        assert look.queue_ms >= 0
        assert 0 <= look.loss_share <= 1
        assert 0 <= look.work_share <= 1
        for bps in (line.width_bps(SOON_MS), line.width_bps(STEADY_MS), look.proven_bps):
            assert bps is None or 0 <= bps <= 100e6
