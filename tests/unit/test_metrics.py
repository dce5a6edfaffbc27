"""What Prometheus is told, read back with the library's own parser: names, types, labels, and no person in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from media.leg_quality import Sample
from media.worker_metrics import TEXTS, WorkerMetrics
from video_service import metrics
from video_service.media_plane import LegRole, LegStatistics, WorkerStatus
from video_service.metrics import AGENT_STATES, ROLES, WAIT_BUCKETS_S, Families, PoolCounts, node_families, text_of

pytestmark = pytest.mark.unit

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "metrics.md"
CALLS_LUA = Path(__file__).parents[2] / "signaling" / "scripts" / "_call.lua"
UNITS = ("_seconds", "_bytes", "_ratio", "_fps")
LABELS = {"state", "role", "word", "script", "le"}
POOL = PoolCounts(
    counters={
        "answered": 7, "answered_in_target": 5, "abandoned": 2, "wait_ms": 91_500, "wait_le_5": 3, "wait_le_20": 2,
        "wait_le_60": 1, "ticket_refused": 1, "resume_replayed": 2, "repairs": 4, "sweep_failures": 1,
        "tidy_failures": 2,
    },
    agents={"available": 2, "reserved": 1, "on_call": 3},
    waiting=4,
    ringing=1,
    active=3,
)  # fmt: skip
SAMPLE = Sample(
    fps=24, rendered=True, freezes=1, frozen_ms=700, loss_permille=12, round_trip_ms=80, added_us=9_000, in_kbps=400,
    out_kbps=800, whole_permille=250,
)  # fmt: skip


def worker(name: str, **more: object) -> WorkerStatus:
    fields: dict[str, object] = {"legs": 3, "blur_legs": 2, "capacity": 4, "weights_ok": True, **more}
    return WorkerStatus(worker=name, **fields)  # type: ignore[arg-type]


def read(text: bytes) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(text.decode())}


def node(workers: tuple[WorkerStatus, ...] = ()) -> dict[str, Metric]:
    families = node_families(POOL, {"customer": 5, "agent": 2}, workers, 20.0)
    return read(text_of(Families(families)))


def working() -> tuple[WorkerMetrics, dict[str, Metric]]:
    made = WorkerMetrics()
    made.second(LegRole.AGENT, SAMPLE)
    leg = LegStatistics(leg_id="a-secret", call_id="c-secret", frames_slate=2, nacks_sent=5, plis_sent=1)
    leg = replace(leg, nacks_received=7, plis_received=3, packets_resent=9)
    return made, read(made.text(worker("w-secret", step=2), [leg], ["good", "poor", "poor"], 1))


def value(family: Metric, **labels: str) -> float:
    found = [sample.value for sample in family.samples if sample.labels == labels and "_created" not in sample.name]
    assert len(found) == 1, (family.name, labels, family.samples)
    return float(found[0])


def texts() -> Iterator[str]:
    """Yield what a node and a worker answer, as Prometheus gets it."""
    metrics.script_seconds.labels("join").observe(0.001)
    families = Families(node_families(POOL, {"customer": 5}, (worker("w-secret"),), 20.0))
    yield text_of(families, metrics.process).decode()
    made = WorkerMetrics()
    for role in (LegRole.AGENT, LegRole.CUSTOMER):
        made.second(role, SAMPLE)
    yield made.text(worker("w-secret"), [LegStatistics(leg_id="a-secret", nacks_sent=5)], ["good"], 1).decode()


def everything() -> Iterator[Metric]:
    yield from node((worker("w-secret"),)).values()
    yield from working()[1].values()
    metrics.script_seconds.labels("join").observe(0.001)
    yield from read(text_of(metrics.process)).values()


def test_line_and_agents_are_told_by_state() -> None:
    found = node()
    calls = found["video_service_calls"]
    assert [value(calls, state=state) for state in ("waiting", "ringing", "active")] == [3, 1, 3]
    agents = found["video_service_agents"]
    assert {state: value(agents, state=state) for state in AGENT_STATES} == {
        **dict.fromkeys(AGENT_STATES, 0),
        **POOL.agents,
    }
    assert {role: value(found["video_service_sockets"], role=role) for role in ROLES} == {
        "customer": 5,
        "agent": 2,
        "coordinator": 0,
    }


def test_waits_are_a_histogram_whose_buckets_grow_to_all_that_were_answered() -> None:
    family = node()["video_service_wait_seconds"]
    buckets = {sample.labels["le"]: sample.value for sample in family.samples if sample.name.endswith("_bucket")}
    assert [buckets[bound] for bound in ("5.0", "10.0", "20.0", "30.0", "60.0", "600.0", "+Inf")] == [
        3,
        3,
        5,
        5,
        6,
        6,
        7,
    ]
    rest = {sample.name: sample.value for sample in family.samples if not sample.name.endswith("_bucket")}
    assert rest["video_service_wait_seconds_sum"] == 91.5
    assert rest["video_service_wait_seconds_count"] == 7


def test_script_that_counts_waits_has_the_same_bounds() -> None:
    listed = re.search(r"WAIT_BOUNDS_S = \{([^}]*)\}", CALLS_LUA.read_text(encoding="utf-8"))
    assert listed is not None
    assert tuple(int(bound) for bound in listed[1].split(",")) == WAIT_BUCKETS_S


def test_counters_of_the_pool() -> None:
    found = node()
    for name, expected in {
        "calls_answered": 7, "calls_answered_in_target": 5, "calls_abandoned": 2, "tokens_refused": 3,
        "store_repairs": 4, "store_look_failures": 3,
    }.items():  # fmt: skip
        family = found[f"video_service_{name}"]
        assert (family.type, value(family)) == ("counter", expected), name


def test_pool_that_has_counted_nothing_is_all_zeros() -> None:
    empty = PoolCounts(counters={}, agents={}, waiting=0, ringing=0, active=0)
    found = read(text_of(Families(node_families(empty, {}, (), 20.0))))
    assert {sample.value for family in found.values() for sample in family.samples} == {0.0}


def test_workers_are_summed_as_the_node_sees_them() -> None:
    found = node((worker("w-1"), worker("w-2", step=2, draining=True)))
    assert value(found["video_service_media_workers"], state="ready") == 1
    assert value(found["video_service_media_workers"], state="draining") == 1
    assert value(found["video_service_media_blurred_legs"]) == 4
    assert value(found["video_service_media_blur_capacity"]) == 8
    assert value(found["video_service_media_worst_step"]) == 2


def test_worker_tells_its_load_its_lines_and_the_seconds_of_its_pictures() -> None:
    _, found = working()
    assert value(found["video_service_worker_step"]) == 2
    assert value(found["video_service_worker_blurred_legs"]) == 2
    assert value(found["video_service_worker_lines"], word="poor") == 2
    assert value(found["video_service_media_frames_slate"]) == 2
    feedback = ("nacks_sent", "nacks_received", "key_frame_requests", "key_frame_requests_received", "packets_resent")
    assert [value(found[f"video_service_media_{name}"]) for name in feedback] == [5, 7, 1, 3, 9]
    sums = {
        sample.name: sample.value
        for family in found.values()
        for sample in family.samples
        if sample.name.endswith("_sum") and sample.labels == {"role": "agent"}
    }
    assert sums == {
        "video_service_media_picture_fps_sum": 24,
        "video_service_media_added_delay_seconds_sum": pytest.approx(0.009),
        "video_service_media_loss_ratio_sum": pytest.approx(0.012),
        "video_service_media_round_trip_seconds_sum": pytest.approx(0.08),
        "video_service_media_frozen_seconds_sum": pytest.approx(0.7),
        "video_service_media_received_per_second_bytes_sum": 50_000,
        "video_service_media_sent_per_second_bytes_sum": 100_000,
        "video_service_media_covered_ratio_sum": pytest.approx(0.25),
    }


def test_what_a_leg_has_counted_stays_when_it_is_gone() -> None:
    made, found = working()
    gone = LegStatistics(leg_id="a-secret", nacks_sent=5, frames_slate=2)
    made.retire(gone)
    later = read(made.text(worker("w-1"), [], [], 0))
    for name in ("nacks_sent", "frames_slate"):
        assert value(later[f"video_service_media_{name}"]) == value(found[f"video_service_media_{name}"])


def test_unknown_numbers_of_a_second_are_not_counted_as_zero() -> None:
    made = WorkerMetrics()
    unknown = Sample(
        fps=30, rendered=False, freezes=0, frozen_ms=0, loss_permille=None, round_trip_ms=None, added_us=None,
        in_kbps=0, out_kbps=0,
    )  # fmt: skip
    made.second(LegRole.CUSTOMER, unknown)
    found = read(made.text(worker("w-1"), [], [], 0))
    assert found["video_service_media_picture_fps"].samples
    assert not found["video_service_media_round_trip_seconds"].samples
    assert not found["video_service_media_covered_ratio"].samples, "nothing of this leg is blurred"


def test_names_are_prometheus_names_with_units_and_labels_are_few() -> None:
    for family in everything():
        assert re.fullmatch(r"video_service_[a-z][a-z0-9_]*", family.name), family.name
        assert family.documentation.endswith("."), family.name
        if family.type == "histogram":
            assert family.name.endswith(UNITS), family.name
        if family.type == "counter":
            assert all(sample.name.endswith(("_total", "_created")) for sample in family.samples), family.name
        assert {name for sample in family.samples for name in sample.labels} <= LABELS, family.name


@pytest.mark.parametrize("number", [0, 1], ids=["node", "worker"])
def test_text_keeps_to_the_exposition_format(number: int) -> None:
    """Source: Prometheus, Exposition formats, "Text format details"; Metric and label naming."""
    text = list(texts())[number]
    assert text.endswith("\n")
    began: dict[str, str] = {}
    series: dict[str, float] = {}
    for line in text.splitlines():
        if comment := re.fullmatch(r"# (HELP|TYPE) ([a-z0-9_]+) (.+)", line):
            kind, name, rest = comment.groups()
            assert (name in began) is (kind == "TYPE"), f"{name}: one HELP, then one TYPE, and no second group"
            began[name] = rest
            continue
        sample = re.fullmatch(r'([a-z0-9_]+)(\{[a-z]+="[^"\\]*"(?:,[a-z]+="[^"\\]*")*\})? (\S+)', line)
        assert sample is not None, line
        newest = list(began)[-1]
        endings = ("_bucket", "_sum", "_count") if began[newest] == "histogram" else ("",)
        assert sample[1] in {newest + ending for ending in endings}, f"{sample[1]} outside of its group"
        assert (began[newest] == "counter") is newest.endswith("_total"), newest
        assert sample[1] + (sample[2] or "") not in series, "each series once"
        series[sample[1] + (sample[2] or "")] = float(sample[3])
    assert set(began.values()) <= {"counter", "gauge", "histogram"}
    infinite = {name: value for name, value in series.items() if 'le="+Inf"' in name}
    assert infinite
    for name, value in infinite.items():
        whole = re.sub(r'le="\+Inf",?', "", name.replace("_bucket", "_count")).replace("{}", "")
        steps = [
            (float(found[1]), each)
            for key, each in series.items()
            if (found := re.search(r'le="([^"]+)"', key)) and re.sub(r'le="[^"]+"', 'le="+Inf"', key) == name
        ]
        assert [each for _, each in sorted(steps)] == sorted(each for _, each in steps), "buckets hold all before them"
        assert series[whole] == value


def test_no_id_of_a_person_call_leg_or_worker_is_in_it() -> None:
    assert not [sample for family in everything() for sample in family.samples if "secret" in str(sample)]


def test_every_count_of_a_leg_has_a_name() -> None:
    assert set(TEXTS) <= set(LegStatistics.__struct_fields__)


def test_how_to_lists_every_metric_and_no_other() -> None:
    written = set(re.findall(r"`(video_service_[a-z0-9_]+)`", HOW_TO.read_text(encoding="utf-8")))
    families = (family for family in everything() if not family.name.endswith("_created"))
    told = {family.name + ("_total" if family.type == "counter" else "") for family in families}
    assert written == told
