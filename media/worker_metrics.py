"""What a media worker tells Prometheus: its load, and how pictures reach people.

Names and labels as in `video_service.metrics`. A label is a role, never a leg, a call or a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric

from media.leg_quality import Sample
from video_service.line_quality import LineWord
from video_service.media_plane import LegRole, LegStatistics, WorkerStatus
from video_service.metrics import Families, by_label, counter, gauge, text_of

WORDS: Final[tuple[LineWord, ...]] = ("good", "fair", "poor")


@dataclass
class _Totals:
    """Counts of legs, summed over all that there were."""

    octets_in: int = 0
    octets_out: int = 0
    frames_in: int = 0
    frames_out: int = 0
    frames_blurred_whole: int = 0
    frames_slate: int = 0
    frames_dropped: int = 0
    nacks_sent: int = 0
    plis_sent: int = 0
    nacks_received: int = 0
    plis_received: int = 0
    packets_resent: int = 0

    def add(self, leg: LegStatistics) -> None:
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(leg, name))


TEXTS: Final = {
    "octets_in": ("media_received_bytes", "SRTP packets from pages."),
    "octets_out": ("media_sent_bytes", "SRTP packets to pages."),
    "frames_in": ("media_frames_received", "Frames of pages' cameras."),
    "frames_out": ("media_frames_sent", "Frames to pages, previews included."),
    "frames_blurred_whole": ("media_frames_blurred_whole", "Frames blurred whole: there was no good mask."),
    "frames_slate": ("media_frames_slate", "Frames replaced by a drawn card."),
    "frames_dropped": ("media_frames_dropped", "Frames not shown: they came while an older one was at work."),
    "nacks_sent": ("media_nacks_sent", "Times that pages were asked for lost packets."),
    "plis_sent": ("media_key_frame_requests", "Times that pages were asked for a key frame (PLI)."),
    "nacks_received": ("media_nacks_received", "Times that pages asked for lost packets."),
    "plis_received": ("media_key_frame_requests_received", "Times that pages asked for a key frame (PLI or FIR)."),
    "packets_resent": ("media_packets_resent", "Packets sent again to pages that asked for them."),
}


class WorkerMetrics:
    """The worker's numbers. `second` and `retire` are called as things happen, `text` when somebody asks."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._past = _Totals()
        self._fps = self._histogram(
            "picture_fps", "Frames shown to the other person in each second.", (5, 9, 11, 14, 19, 24, 27, 31)
        )
        self._added = self._histogram(
            "added_delay_seconds",
            "How long the worker kept a frame or packet, each second's middle one.",
            (0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25),
        )
        self._loss = self._histogram(
            "loss_ratio", "Share of packets lost in each second.", (0.001, 0.01, 0.03, 0.05, 0.1, 0.2)
        )
        self._round_trip = self._histogram(
            "round_trip_seconds", "Round trip to the page, each second.", (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.5)
        )
        self._freezes = self._histogram(
            "frozen_seconds", "Length of stillness in seconds that had a freeze.", (0.2, 0.5, 1, 2, 5)
        )

        rates = (5_000, 10_000, 15_000, 30_000, 60_000, 100_000, 150_000, 200_000, 300_000)
        self._in = self._histogram("received_per_second_bytes", "Bytes from the page in each second.", rates)
        self._out = self._histogram("sent_per_second_bytes", "Bytes to the page in each second.", rates)
        self._covered = self._histogram(
            "covered_ratio", "Share of each second's pictures blurred whole, cards included.", (0, 0.05, 0.2, 0.5, 0.9)
        )

    def second(self, role: LegRole, sample: Sample) -> None:
        """Count one second of one person's picture in a call."""
        label = role.value
        self._fps.labels(label).observe(sample.fps)
        if sample.added_us is not None:
            self._added.labels(label).observe(sample.added_us / 1_000_000)
        if sample.loss_permille is not None:
            self._loss.labels(label).observe(sample.loss_permille / 1000)
        if sample.round_trip_ms is not None:
            self._round_trip.labels(label).observe(sample.round_trip_ms / 1000)
        self._in.labels(label).observe(sample.in_kbps * 125)
        self._out.labels(label).observe(sample.out_kbps * 125)
        if sample.whole_permille is not None:
            self._covered.labels(label).observe(sample.whole_permille / 1000)
        if sample.freezes:
            self._freezes.labels(label).observe(sample.frozen_ms / 1000)

    def retire(self, leg: LegStatistics) -> None:
        """A leg is gone: its counts stay in the sums."""
        self._past.add(leg)

    def text(
        self, status: WorkerStatus, legs: Sequence[LegStatistics], words: Sequence[LineWord], dropped_events: int
    ) -> bytes:
        """Return all of it in Prometheus' text form. `words` are those of the legs that are in a call."""
        sums = _Totals(**vars(self._past))
        for leg in legs:
            sums.add(leg)
        families: list[Metric] = [
            gauge("worker_legs", "Legs of this worker.", status.legs),
            gauge("worker_blurred_legs", "Blurred legs of this worker.", status.blur_legs),
            gauge("worker_blur_capacity", "Blurred legs that it takes.", status.capacity),
            gauge("worker_step", "How far it has stepped down under load (0 to 3).", status.step),
            gauge("worker_weights_usable", "1 when the networks' weights can be used.", status.weights_ok),
            by_label(
                GaugeMetricFamily,
                "worker_lines",
                "Legs in a call, by the word for their line.",
                "word",
                {word: words.count(word) for word in WORDS},
            ),
            counter("worker_events_dropped", "Events that no node read in time.", dropped_events),
            *(counter(name, text, getattr(sums, field)) for field, (name, text) in TEXTS.items()),
        ]
        return text_of(Families(families), self._registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"video_service_media_{name}", text, ["role"], buckets=buckets, registry=self._registry)
