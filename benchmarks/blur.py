"""Milliseconds per part of the blur stage, on one thread: `python -m benchmarks.blur [--json] [--frames N]`.

The picture is drawn, and so is the mask that the compositor gets: the network's answer to a drawing would decide
whether the picture is blended or covered. Everything else is the live code.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Sequence
from fractions import Fraction

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from media.backdrop import Colour, CompanyPicture, filling
from media.compositor import BACKGROUND, STRENGTHS, Backdrop, YuvCompositor
from media.judge import judge
from media.mask_filter import KeepEdge, SlowOut
from media.mask_source import InlineMasks, MaskSource, ThreadedMasks
from media.picture import Planes, RawPicture
from media.segmenter import Alpha, Mask
from media.segmenter_litert import LiteRtSegmenter
from media.stage import BlurSettings, BlurStage, mask_maker, monotonic_ms, open_network
from media.weights import WeightsError, verified_path

SIZES = ((640, 480), (1280, 720))
WARM_UP = 20


class DrawnMask:
    """Runs the network in full and answers with a drawn mask."""

    def __init__(self, network: LiteRtSegmenter) -> None:
        self.network = network
        self.mask_shape = network.mask_shape
        self.alpha = drawn_alpha(self.mask_shape)

    def segment(self, picture: RawPicture) -> Mask:
        self.network.segment(picture)
        return Mask(picture.frame_id, self.alpha, monotonic_ms())

    def close(self) -> None:
        pass


def drawn_alpha(shape: tuple[int, int]) -> Alpha:
    """A head and shoulders with a soft edge, (rows, columns) float32."""
    rows, columns = shape
    alpha = np.zeros(shape, np.float32)
    cv2.ellipse(alpha, (columns // 2, rows // 3), (columns // 8, rows // 5), 0, 0, 360, 1.0, -1)
    cv2.ellipse(alpha, (columns // 2, rows), (columns // 3, rows // 2), 0, 0, 360, 1.0, -1)
    return np.asarray(cv2.blur(alpha, (5, 5)), np.float32)


def drawn_picture(width: int, height: int) -> RawPicture:
    """Noise all over: the worst case for whatever depends on content. Dark, so that a lift has something to do."""
    draw = np.random.default_rng(1)
    half = (height // 2, width // 2)
    planes = Planes(
        draw.integers(16, 80, (height, width), np.uint8),
        draw.integers(16, 241, half, np.uint8),
        draw.integers(16, 241, half, np.uint8),
    )
    return RawPicture(planes, 1, 0, Fraction(1, 90_000))


class DrawnShelf:
    """A picture of a company, ready in the size of the benchmark, as it is after the first pictures of a leg."""

    def __init__(self, width: int, height: int) -> None:
        pixels = np.random.default_rng(2).integers(0, 256, (720, 1280, 3), np.uint8)
        self._ready = filling(pixels, width, height, False)

    def planes(self, digest: str, width: int, height: int, full_range: bool) -> Planes | None:
        return self._ready


def choices(width: int, height: int) -> dict[str, YuvCompositor]:
    """Every background that an agent may choose, also with the dark signer lifted and an object shown."""
    backdrops: dict[str, Backdrop] = {f"blur {strength}": blur for strength, blur in STRENGTHS.items()}
    backdrops["colour"] = Colour("#3b4a54")
    backdrops["picture"] = CompanyPicture(DrawnShelf(width, height), "")
    made = {f"{name} and blend": YuvCompositor(backdrop) for name, backdrop in backdrops.items()}
    for name in ("blur 1", "picture"):
        made[f"{name}, lifted, object, blend"] = YuvCompositor()
        made[f"{name}, lifted, object, blend"].choose(backdrops[name], brighten=True)
        made[f"{name}, lifted, object, blend"].show((width // 10, height // 10, width * 7 // 10, height * 7 // 10))
    return made


def timed(work: Callable[[], object], frames: int) -> dict[str, float]:
    """Mean and p95 in milliseconds."""
    for _ in range(WARM_UP):
        work()
    times = []
    for _ in range(frames):
        started_s = time.perf_counter()
        work()
        times.append((time.perf_counter() - started_s) * 1000)
    return {"mean_ms": round(float(np.mean(times)), 3), "p95_ms": round(float(np.percentile(times, 95)), 3)}


def engines(settings: BlurSettings, picture: RawPicture, frames: int) -> dict[str, dict[str, float]]:
    """The same network in each engine, from the picture to the mask; an engine's own threads count as CPU time."""
    rows = {}
    for engine in ("litert", "mediapipe"):
        chosen = dataclasses.replace(settings, engine=engine)
        network = open_network(chosen, verified_path(settings.model), monotonic_ms)
        busy_s = time.process_time()
        row = timed(lambda network=network: network.segment(picture), frames)  # type: ignore[misc]
        row["cpu_ms"] = round((time.process_time() - busy_s) * 1000 / (frames + WARM_UP), 3)
        rows[f"picture to mask, {engine}"] = row
        network.close()
    return rows


def measure(width: int, height: int, frames: int) -> dict[str, dict[str, float]]:
    """Each part alone, then the whole stage in place and through its thread."""
    settings = BlurSettings(budget_ms=10_000)
    picture = drawn_picture(width, height)
    planes = picture.planes
    network = LiteRtSegmenter(verified_path(settings.model), monotonic_ms)
    drawn = DrawnMask(network)
    mask = Mask(picture.frame_id, drawn.alpha, 0.0)
    slow_out, keep_edge = SlowOut(), KeepEdge()
    edged = keep_edge.apply(picture, mask).alpha
    compositor = YuvCompositor()
    parts = {
        "scale and tensor": timed(lambda: network.load(picture), frames),
        "infer": timed(network.infer, frames),
        "judge, twice": timed(
            lambda: [judge(mask, picture, network.mask_shape, settings.limits) for _ in range(2)], frames
        ),
        "refine": timed(lambda: keep_edge.apply(picture, slow_out.apply(picture, mask)), frames),
        "background": timed(lambda: BACKGROUND.render(planes, edged), frames),
        **{
            name: timed(lambda chosen=chosen: chosen.clear(planes, edged), frames)  # type: ignore[misc]
            for name, chosen in choices(width, height).items()
        },
        "whole frame covered": timed(lambda: compositor.whole(planes), frames),
    }
    parts |= engines(settings, picture, frames)
    sources: dict[str, MaskSource] = {
        "total, in place": InlineMasks(mask_maker(drawn, settings), settings.budget_ms, monotonic_ms),
        "total, own thread": ThreadedMasks(mask_maker(drawn, settings), settings.budget_ms),
    }
    for name, source in sources.items():
        stage = BlurStage(source, compositor, monotonic_ms, settings)
        busy_s = time.process_time()
        parts[name] = timed(lambda stage=stage: stage.process(picture), frames)  # type: ignore[misc]
        parts[name]["cpu_ms"] = round((time.process_time() - busy_s) * 1000 / (frames + WARM_UP), 3)
        covered = stage.statistics().frames_blurred_whole
        stage.close()
        if covered:
            raise RuntimeError(f"{covered} pictures were covered: these are not the times of a clear picture")
    return parts


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--frames", type=int, default=300)
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    try:
        results = {f"{width}x{height}": measure(width, height, options.frames) for width, height in SIZES}
    except WeightsError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(results))
        return 0
    table = Table("part", *(f"{size}\n{kind}" for size in results for kind in ("mean", "p95", "CPU")))
    for part in next(iter(results.values())):
        cells = []
        for sized in results.values():
            cells += [
                f"{sized[part][kind]:.2f}" if kind in sized[part] else "" for kind in ("mean_ms", "p95_ms", "cpu_ms")
            ]
        table.add_row(part, *cells)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
