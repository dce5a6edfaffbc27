"""What a web node tells Prometheus: the line, the agents, the media workers, and how quickly matching goes.

Names end in their unit, or in `_total` for what only grows. Labels are few and fixed: no ids, no names, no addresses.
The numbers of the line are the pool's: every node tells the same, so an alarm takes `max`, never `sum`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from video_service.media_plane import WorkerStatus

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
WAIT_BUCKETS_S: Final = (5, 10, 20, 30, 60, 120, 300, 600)
"""Bounds of the histogram of waits; scripts/_call.lua counts by the same."""
ROLES: Final = ("customer", "agent", "coordinator")
AGENT_STATES: Final = ("offline", "available", "reserved", "on_call", "after_call", "rest", "break")

process = CollectorRegistry()
"""What this process counts as it works."""

script_seconds = Histogram(
    "video_service_store_script_seconds",
    "Time from asking the store to its answer, by script; join, ready, decline and sweep match calls to agents.",
    ["script"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0),
    registry=process,
)


class PoolCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The line now (`waiting`, of which `ringing`; `active`), agents by state, and what was counted since it began."""

    counters: dict[str, int]
    agents: dict[str, int]
    waiting: int
    ringing: int
    active: int


class Families:
    """Metrics as the library's writer takes them."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> list[Metric]:
        return self._families


def text_of(*sources: CollectorRegistry | Families) -> bytes:
    """Return all of it in Prometheus' text form."""
    return b"".join(generate_latest(source) for source in sources)


def gauge(name: str, text: str, value: float) -> Metric:
    """Return one number that goes up and down."""
    return GaugeMetricFamily(f"video_service_{name}", text, value=value)


def counter(name: str, text: str, value: float) -> Metric:
    """Return one number that only grows; the writer adds `_total`."""
    return CounterMetricFamily(f"video_service_{name}", text, value=value)


def by_label(family: type[Metric], name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    """Return a number for each value of a label."""
    made = family(f"video_service_{name}", text, labels=[label])  # type: ignore[call-arg]
    for value, number in values.items():
        made.add_metric([value], number)  # type: ignore[attr-defined]
    return made


def node_families(
    pool: PoolCounts, sockets: Mapping[str, int], workers: Sequence[WorkerStatus], target_s: float
) -> list[Metric]:
    """Return what a web node tells, in the order of docs/how-to/metrics.md. `target_s` is the service level's."""
    counters = pool.counters
    calls = {"waiting": pool.waiting - pool.ringing, "ringing": pool.ringing, "active": pool.active}
    agents = {state: pool.agents.get(state, 0) for state in AGENT_STATES}
    draining = sum(worker.draining for worker in workers)
    return [
        by_label(GaugeMetricFamily, "calls", "Calls now, by state.", "state", calls),
        by_label(GaugeMetricFamily, "agents", "Agents now, by state.", "state", agents),
        _waits(counters),
        counter("calls_answered", "Calls that an agent accepted.", counters.get("answered", 0)),
        counter(
            "calls_answered_in_target",
            f"Calls answered within the target of {target_s:g} s.",
            counters.get("answered_in_target", 0),
        ),
        counter("calls_abandoned", "Calls that ended unanswered.", counters.get("abandoned", 0)),
        counter("tokens_refused", "Tickets and resume tokens that opened nothing.", _refused(counters)),
        counter("store_repairs", "Calls that had to be put right.", counters.get("repairs", 0)),
        counter(
            "store_look_failures",
            "Deadlines and rows that could not be handled at once.",
            counters.get("sweep_failures", 0) + counters.get("tidy_failures", 0),
        ),
        by_label(
            GaugeMetricFamily,
            "sockets",
            "Pages connected to this node, by role.",
            "role",
            {role: sockets.get(role, 0) for role in ROLES},
        ),
        by_label(
            GaugeMetricFamily,
            "media_workers",
            "Media workers that this node reaches.",
            "state",
            {"ready": len(workers) - draining, "draining": draining},
        ),
        gauge("media_blurred_legs", "Blurred legs on all workers.", sum(worker.blur_legs for worker in workers)),
        gauge("media_blur_capacity", "Blurred legs that they take.", sum(worker.capacity for worker in workers)),
        gauge(
            "media_worst_step",
            "How far the busiest worker has stepped down (0 to 3).",
            max((worker.step for worker in workers), default=0),
        ),
    ]


def _refused(counters: Mapping[str, int]) -> int:
    return sum(counters.get(f"{kind}_{why}", 0) for kind in ("ticket", "resume") for why in ("refused", "replayed"))


def _waits(counters: Mapping[str, int]) -> Metric:
    family = HistogramMetricFamily("video_service_wait_seconds", "How long answered calls had waited.")
    total, buckets = 0, []
    for bound_s in WAIT_BUCKETS_S:
        total += counters.get(f"wait_le_{bound_s}", 0)
        buckets.append((f"{float(bound_s)}", total))
    buckets.append(("+Inf", counters.get("answered", 0)))
    family.add_metric([], buckets=buckets, sum_value=counters.get("wait_ms", 0) / 1000)
    return family
