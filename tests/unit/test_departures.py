"""Packets numbered as they leave, and what feedback then says of each: once, whatever messages come in what order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.arrivals import Arrival
from media.departures import PLACES, Departures
from media.transport_feedback import TransportFeedback

pytestmark = pytest.mark.unit

EACH_MS = 2.0
ON_THE_WAY_MS = 40.0
OCTETS = 1100
TICKS_PER_MS = 4


class Line:
    """A packet every 2 ms, each of one octet more, and its client, whose clock is 5 s ahead."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self.departures = Departures(lambda: int(self.now_ms * 1_000_000))
        self.numbers: list[int] = []

    def send(self, count: int, *, encoded: bool = False) -> None:
        for _ in range(count):
            self.now_ms += EACH_MS
            self.numbers.append(self.departures.leave(OCTETS + len(self.numbers) % 100, encoded))

    def tell(self, first: int, count: int, lost: tuple[int, ...] = ()) -> list[Arrival]:
        """Tell of the packets from the `first` one on, counted from 1; `lost` of them did not come."""
        reference_ms = int(self.came_ms(first) // 64) * 64
        came = tuple(
            (number - first, round((self.came_ms(number) - reference_ms) * TICKS_PER_MS))
            for number in range(first, first + count)
            if number not in lost
        )
        return self.departures.arrivals(TransportFeedback(first & 0xFFFF, count, reference_ms // 64 & 0xFFFFFF, came))

    def came_ms(self, number: int) -> float:
        return 5000 + number * EACH_MS + ON_THE_WAY_MS

    def arrival(self, number: int, *, lost: bool = False, told_lost: bool = False) -> Arrival:
        came_ms = None if lost else self.came_ms(number)
        return Arrival(number * EACH_MS, came_ms, OCTETS + (number - 1) % 100, False, told_lost, number)


def test_what_came_is_told_with_when_it_left_and_how_large_it_was() -> None:
    line = Line()
    line.send(3)

    assert line.numbers == [1, 2, 3]
    assert line.tell(1, 3) == [line.arrival(number) for number in (1, 2, 3)]


def test_who_made_the_picture_is_kept_with_the_packet() -> None:
    line = Line()
    line.send(1, encoded=True)
    line.send(1)

    assert [each.encoded for each in line.tell(1, 2)] == [True, False]
    line.send(1, encoded=True)
    assert [each.encoded for each in line.tell(2, 2, lost=(3,))] == [True]


def test_what_did_not_come_is_told_in_its_place() -> None:
    line = Line()
    line.send(4)

    assert line.tell(1, 4, lost=(2,)) == [
        line.arrival(1),
        line.arrival(2, lost=True),
        line.arrival(3),
        line.arrival(4),
    ]


def test_a_message_that_comes_twice_tells_nothing_new() -> None:
    line = Line()
    line.send(4)
    line.tell(1, 4, lost=(2,))

    assert line.tell(1, 4, lost=(2,)) == []
    line.send(2)
    assert line.tell(1, 6, lost=(2,)) == [line.arrival(5), line.arrival(6)]


def test_a_packet_that_comes_after_it_was_told_as_lost_is_told_as_come_once() -> None:
    line = Line()
    line.send(4)
    line.tell(1, 4, lost=(2,))

    assert line.tell(1, 4) == [line.arrival(2, told_lost=True)]
    assert line.tell(1, 4, lost=(2,)) == []
    assert line.tell(2, 1) == []


def test_messages_in_the_wrong_order_tell_what_came_and_leave_open_what_did_not() -> None:
    line = Line()
    line.send(8)
    assert line.tell(5, 4, lost=(6,)) == [line.arrival(number, lost=number == 6) for number in (5, 6, 7, 8)]

    assert line.tell(1, 4, lost=(2,)) == [line.arrival(number) for number in (1, 3, 4)]
    assert line.tell(1, 4) == [line.arrival(2)], "it was never told as lost"


def test_of_packets_whose_feedback_was_lost_nothing_is_told() -> None:
    line = Line()
    line.send(9)
    line.tell(1, 3)

    assert line.tell(7, 3) == [line.arrival(number) for number in (7, 8, 9)]


def test_numbers_and_the_reference_time_wrap() -> None:
    line = Line()
    line.send(3 << 15)
    line.departures._reference = (1 << 24) - 1
    assert line.numbers[-1] == (3 << 15) & 0xFFFF

    before = [arrival.came_ms for arrival in line.tell((3 << 15) - 1, 1)]
    after = [arrival.came_ms for arrival in line.tell(3 << 15, 1)]
    assert before[0] is not None
    assert after[0] is not None
    assert after[0] - before[0] == EACH_MS
    assert before[0] > (1 << 24) * 64, "the client's clock wrapped, this one goes on"


def test_a_reference_time_from_before_the_wrap_is_earlier() -> None:
    line = Line()
    line.send(2)
    (late,) = line.departures.arrivals(TransportFeedback(2, 1, 1, ((0, 0),)))
    (early,) = line.departures.arrivals(TransportFeedback(1, 1, (1 << 24) - 1, ((0, 0),)))

    assert late.came_ms is not None
    assert early.came_ms is not None
    assert late.came_ms - early.came_ms == 2 * 64


@pytest.mark.parametrize(("first", "count"), [(5, 1), (1, 5), (4, 2), (0, 2), (0xFFFF, 3), (1 << 15, 1)])
def test_who_tells_of_packets_that_were_never_sent_is_not_believed(first: int, count: int) -> None:
    line = Line()
    line.send(4)
    came = tuple((offset, 0) for offset in range(count))

    assert line.departures.arrivals(TransportFeedback(first, count, 0, came)) == []
    assert len(line.tell(1, 4)) == 4, "and it changes nothing"


def test_only_the_last_packets_are_remembered() -> None:
    line = Line()
    line.send(PLACES + 10)

    found = line.tell(1, PLACES + 10)
    assert found == [line.arrival(number) for number in range(11, PLACES + 11)]


def test_one_message_on_a_long_silence_is_no_more_work_than_the_packets_were() -> None:
    """A client that claims again and again that nothing came is told from one that is told once."""
    line = Line()
    line.send(30_000)
    nothing = TransportFeedback(1, 30_000, 0, ())

    assert len(line.departures.arrivals(nothing)) == PLACES
    assert line.departures.arrivals(nothing) == []


@given(
    messages=st.lists(
        st.tuples(st.integers(0, 0xFFFF), st.integers(1, 0xFFFF), st.sets(st.integers(0, 80), max_size=40)), max_size=30
    ),
    near=st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60), st.sets(st.integers(0, 60))), max_size=30),
)
def test_whatever_is_told_each_packet_comes_once_and_is_never_lost_after_it_came(
    messages: list[tuple[int, int, set[int]]], near: list[tuple[int, int, set[int]]]
) -> None:
    line = Line()
    line.send(60)
    told: dict[float, list[Arrival]] = {}
    for first, count, offsets in [*messages, *near]:
        came = tuple((offset, offset) for offset in sorted(offsets) if offset < count)
        found = line.departures.arrivals(TransportFeedback(first, count, 0, came))
        assert [each.sent_ms for each in found] == sorted(each.sent_ms for each in found)
        for each in found:
            told.setdefault(each.sent_ms, []).append(each)
    for of_one in told.values():
        lost = [each.came_ms is None for each in of_one]
        assert lost in ([True], [False], [True, False])
        assert of_one[-1].told_lost == (len(of_one) == 2)
