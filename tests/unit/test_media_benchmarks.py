"""What the benchmarks of the media path make of what they have measured."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest

from benchmarks import _peers, loss, memory, relay
from media.rtp_packet import RtpPacket
from tests.integration.udp_relay import Datagram

pytestmark = pytest.mark.unit


class Peer:
    """Only what `moves_again_ms` reads of a camera."""

    def __init__(self, sent: dict[int, float]) -> None:
        self.sent = sent


def steady(count: int, start_s: float = 100.0) -> dict[int, float]:
    return {number: start_s + number / 30 for number in range(count)}


class TestDelays:
    def test_are_the_quantiles_of_what_came(self) -> None:
        found = relay.Delays.of([float(value) for value in range(101)])

        assert (found.frames, found.median, found.p95, found.p99) == (101, 50, 95, 99)

    def test_of_too_few_frames_are_nothing_to_go_by(self) -> None:
        with pytest.raises(SystemExit, match="only 19 frames"):
            relay.Delays.of([1.0] * 19)

    def test_added_ones_are_quantile_against_quantile(self) -> None:
        plain, other = relay.Delays(30, 5, 9, 12), relay.Delays(40, 6, 19, 42)

        assert other.added_to(plain) == {"median": 1, "p95": 10, "p99": 30}

    def test_a_stamp_is_matched_with_the_latest_frame_that_carried_it(self) -> None:
        sent = steady((1 << _peers.BITS) + 2)
        again = 1 << _peers.BITS

        found = relay.matched_ms(sent, [(sent[again] + 0.02, 0), (sent[500] + 0.01, 500)], warm_up_s=1)

        assert found == pytest.approx([20, 10])

    def test_the_warm_up_and_stamps_that_cannot_be_are_left_out(self) -> None:
        sent = steady(90)
        arrivals = [(sent[10] + 0.01, 10), (sent[70] - 0.5, 70), (sent[70] + 1.5, 70), (sent[80] + 0.01, 999)]

        assert relay.matched_ms(sent, [*arrivals, (sent[60] + 0.03, 60)], warm_up_s=1) == pytest.approx([30])


class TestCpu:
    def test_is_counted_by_the_picture(self) -> None:
        assert relay.cpu_per_picture_s({"cpu_s": 1.0}, {"cpu_s": 1.75}, 75) == pytest.approx(0.01)

    def test_without_a_picture_is_nothing_to_go_by(self) -> None:
        with pytest.raises(SystemExit, match="no picture"):
            relay.cpu_per_picture_s({"cpu_s": 1.0}, {"cpu_s": 2.0}, 0)

    def test_cores_by_the_cpu_seconds_of_a_call_second_are_the_calls(self) -> None:
        assert relay.calls_held(0.4) == pytest.approx(5)
        assert relay.calls_held(0.5, cores=1) == pytest.approx(2)


def measured() -> dict[str, Any]:
    row = {"frames": 300, "median": 4.0, "p95": 5.0, "p99": 6.0}
    added = {"median": 1.0, "p95": 2.0, "p99": 3.0}
    cost = {"pictures_per_s": 30.0, "cpu_ms_per_picture": 6.0, "cores_at_30": 0.18}
    rows: dict[str, Any] = {"direct": row}
    rows |= {name: row | {"added": added} for name in ("forward", "stock transcode", "blur")}
    return {
        "machine": "a machine",
        "clip": "a clip",
        "delay_ms": rows,
        "stage": {"blur_ms_mean": 5.0, "blur_ms_p95": 6.0, "frames_dropped": 7, "frames_blurred_whole": 8},
        "cpu": {"blur": cost | {"cpu_ms_per_picture": 9.0}, "stock transcode": cost},
        "load": {"packets": 20_000, "packets_per_s": 1900.0, "cpu_us_per_packet": 33.3, "idle_cpu_share": 0.01},
        "capacity": {
            "calls": 2,
            "pictures_per_s_and_call": 29.9,
            "cpu_s_per_call_s": 0.32,
            "calls_on_two_cores": 6.25,
        },
    }


class TestRelay:
    def test_every_target_has_a_figure(self) -> None:
        results = measured()
        results["delay_ms"]["blur"]["added"] = {"median": 9.0, "p95": 12.0, "p99": 15.0}

        assert relay.reached(results) == {
            "forward_added_p95_ms": 2.0,
            "blur_added_p95_ms": 12.0,
            "blur_by_stock_cpu": pytest.approx(1.5),
            "cpu_us_per_packet": 33.3,
            "calls_on_two_cores": 6.25,
        }
        assert list(relay.TARGETS) == list(relay.reached(results))

    def test_the_table_shows_them_all(self) -> None:
        results = measured()
        results["reached"] = relay.reached(results)
        lines = relay.table(results).splitlines()

        for name, target in relay.TARGETS.items():
            line = next(line for line in lines if line.startswith(name))
            assert f"{target:.1f}" in line
            assert line.endswith(f"{results['reached'][name]:.2f}")
        stock = next(line for line in lines if line.startswith("stock transcode"))
        assert [float(figure) for figure in stock.split()[2:]] == [300, 4, 5, 6, 1, 2, 3]


class TestLoss:
    @pytest.mark.parametrize(("stamp", "number", "after"), [(6, 5, True), (5, 5, False), (4, 5, False)])
    def test_a_later_picture_is_after(self, stamp: int, number: int, after: bool) -> None:
        assert loss.is_after(stamp, number) is after

    def test_stamps_go_round(self) -> None:
        last = (1 << _peers.BITS) - 1
        assert loss.is_after(0, last)
        assert loss.is_after(0, last + 1024 * 7)
        assert not loss.is_after(last, last + 1)

    def test_the_picture_moves_again_with_one_that_was_taken_after_the_loss(self) -> None:
        camera: Any = Peer(steady(60))
        lost_s = camera.sent[30] + 0.005
        # What was on its way comes, and the one that was hit late: neither is a movement.
        arrivals = [(lost_s + 0.01, 29), (lost_s + 0.20, 30), (lost_s + 0.25, 36)]

        assert loss.moves_again_ms(camera, arrivals, [lost_s]) == pytest.approx([250])

    def test_a_picture_that_never_moves_again_took_for_ever(self) -> None:
        camera: Any = Peer(steady(60))

        assert loss.moves_again_ms(camera, [], [camera.sent[30]]) == [float("inf")]

    def test_an_even_picture_is_fluent(self) -> None:
        found = loss.fluency([(at_s, 0) for at_s in steady(300, 0.0).values()], 0.0, 10.0)

        assert found["fps_p50"] == found["fps_p5"] == 30
        assert found["longest_freeze_ms"] == pytest.approx(1000 / 30)
        assert found["freezes_over_200_ms"] == 0

    def test_a_freeze_is_seen_in_its_length_and_in_the_worst_seconds(self) -> None:
        times = [at_s for at_s in steady(300, 0.0).values() if not 4.0 < at_s < 4.5]
        found = loss.fluency([(at_s, 0) for at_s in times], 0.0, 10.0)

        assert found["longest_freeze_ms"] == pytest.approx(500, abs=1000 / 30)
        assert (found["fps_p50"], found["freezes_over_200_ms"]) == (30, 1)
        assert found["fps_p5"] < 18

    def test_a_picture_that_stops_before_the_end_is_a_freeze(self) -> None:
        times = [at_s for at_s in steady(300, 0.0).values() if at_s < 8]

        assert loss.fluency([(at_s, 0) for at_s in times], 0.0, 10.0)["longest_freeze_ms"] > 2000


def datagram(payload_type: int, sequence: int, *, to_engine: bool = True) -> Datagram:
    packet = RtpPacket(payload_type, sequence, 0, 1, False, b"")
    return Datagram(to_engine, packet)


class TestOneForGood:
    def test_nothing_is_lost_before_it_is_told(self) -> None:
        assert not loss.OneForGood()(datagram(_peers.VP8_TYPE, 7))

    def test_one_packet_is_lost_and_whatever_is_sent_again_for_it(self) -> None:
        lose = loss.OneForGood()
        lose.arm()

        assert not lose(datagram(_peers.VP8_TYPE, 6, to_engine=False))
        assert lose(datagram(_peers.VP8_TYPE, 7))
        assert not lose(datagram(_peers.VP8_TYPE, 8))
        assert lose(datagram(_peers.VP8_TYPE, 7))
        assert lose(datagram(_peers.RTX_TYPE, 900))
        assert len(lose.at_s) == 1

    def test_in_the_end_everything_comes_through(self) -> None:
        lose = loss.OneForGood(quiet_s=0)
        lose.arm()

        assert lose(datagram(_peers.VP8_TYPE, 7))
        assert not lose(datagram(_peers.RTX_TYPE, 900))


class TestReplay:
    def test_every_picture_is_cut_into_packets_that_fit_and_one_is_a_key_frame(self) -> None:
        from media.depacketize_vp8 import vp8_starts_key_frame

        pictures = [_peers.stamped(picture, number) for number, picture in enumerate(_peers.base_pictures()[:1] * 4)]
        payloads = _peers.encoded(pictures)

        assert len(payloads) == 4
        assert [vp8_starts_key_frame(each[0]) for each in payloads] == [True, False, False, False]
        assert all(len(part) <= 1180 for each in payloads for part in each)

    def test_a_stamp_can_be_read_back(self) -> None:
        picture = _peers.base_pictures()[0]
        for number in (0, 1, 513, 1023):
            assert _peers.stamp_of(_peers.stamped(picture, number)[: _peers.HEIGHT]) == number


def samples(rss_mb: Sequence[float], files: int = 20, threads: int = 3) -> list[memory.Sample]:
    return [memory.Sample(round(each * 1e6), files, threads) for each in rss_mb]


class TestMemory:
    def test_blocks_are_medians_of_whole_blocks(self) -> None:
        assert memory.blocks([1, 2, 9, 4, 5, 6, 7], size=3) == [2, 5]
        assert memory.blocks([1, 2, 9], size=4) == [2]

    def test_drift_is_from_the_first_quarter_to_the_last(self) -> None:
        assert memory.drift([100, 100, 500, 0, 0, 500, 103, 103]) == pytest.approx(0.03)
        assert memory.drift([100]) == 0

    def test_scatter_is_that_of_the_farthest_block_with_its_sign(self) -> None:
        assert memory.scatter([100, 101, 99, 100], size=1) == pytest.approx(0.01)
        assert memory.scatter([100, 101, 97, 100], size=1) == pytest.approx(-0.03)
        assert memory.scatter([100], size=1) == 0

    def test_what_grows_before_the_first_calls_are_over_does_not_count(self) -> None:
        found = memory.summary(samples([*range(100, 300), *[300.0] * 400]), 60.0)

        assert (found["first_calls"], found["drift_share"], found["flat"]) == (200, 0, True)
        assert found["rss_mb"][0] < found["rss_mb"][3] < 300
        assert found["leftovers"] is False

    def test_a_slow_leak_is_not_flat(self) -> None:
        found = memory.summary(samples([250 + 0.01 * number for number in range(2000)]), 60.0)

        assert found["drift_share"] == pytest.approx(0.053, abs=0.005)
        assert found["flat"] is False

    def test_one_file_more_is_a_leftover_and_a_thread_of_a_pool_is_not(self) -> None:
        before = samples([250.0] * 400)
        pool = samples([250.0] * 200, threads=3 + memory.LATER["threads"])

        assert memory.summary(before + pool, 60.0)["leftovers"] is False
        assert memory.summary(before + samples([250.0] * 200, files=21), 60.0)["leftovers"] is True
        assert memory.summary(before + samples([250.0] * 200, threads=99), 60.0)["leftovers"] is True

    def test_the_table_says_what_became_of_it(self) -> None:
        lines = memory.table(memory.summary(samples([250.0] * 650), 61.0)).splitlines()

        assert lines[0].endswith("650 calls in 61 s")
        assert [float(each) for line in lines[2:4] for each in line.split()] == [250.0] * 13
        assert lines[4].startswith("after the first 200 calls: +0.00 %")
        assert lines[-2:] == ["files: 20 then, 20 at the end", "threads: 3 then, 3 at the end"]

    def test_a_process_is_looked_at_from_outside(self) -> None:
        found = memory.Sample.of(os.getpid())

        assert found.rss_bytes > 1e7
        assert found.threads >= 1
        assert found.files >= 3
