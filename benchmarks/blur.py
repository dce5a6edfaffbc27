"""Milliseconds per part of the blur stage, on one thread: `python -m benchmarks.blur [--json] [--frames N]`.

The pictures are drawn, and so is what the networks answer: their answer to a drawing would decide which work is done.
They run in full all the same, and everything else is the live code, in a process set up as a worker's: a total is the
stage as it runs in a call, hands, faces and whoever stands behind the signer included.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import sys
import time
from collections.abc import Callable, Sequence
from fractions import Fraction

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from media import heap
from media.backdrop import Colour, CompanyPicture, filling
from media.compositor import BACKGROUND, STRENGTHS, Backdrop, YuvCompositor
from media.faces import FaceFinder, Head, Window
from media.judge import judge
from media.mask_filter import KeepEdge, SlowOut
from media.mask_source import InlineMasks, MaskSource, ThreadedMasks
from media.picture import Planes, RawPicture
from media.segmenter import Alpha, Mask
from media.segmenter_litert import LiteRtSegmenter
from media.signer_mask import SignerMasks
from media.stage import FACES, BlurSettings, BlurStage, mask_maker, monotonic_ms, open_network
from media.weights import WeightsError, verified_path
from media.worker import SWITCH_INTERVAL_S

SIZES = ((640, 480), (1280, 720))
WARM_UP = 20


class DrawnScene:
    """People who move an arm in a noisy room, as pictures, with their heads; the first is the signer.

    Both networks run in full on them, but what they answer is drawn: their answer to a drawing would decide which
    part of the work is done.
    """

    def __init__(self, width: int, height: int, heads: Sequence[Head]) -> None:
        self.heads = list(heads)
        self.pictures, self.people = zip(*(self._draw(width, height, number) for number in range(12)), strict=True)

    def _draw(self, width: int, height: int, number: int) -> tuple[RawPicture, Alpha]:
        pixels = np.full((height, width, 3), (180, 128, 128), np.int16)
        people = np.zeros((height, width), np.uint8)
        for place, head in reversed(list(enumerate(self.heads))):
            x, y, size = head.x * width, head.y * height, head.size * height
            hand = (round(x + (1.6 + 0.05 * number) * size), round(y + (2 - 0.1 * number) * size))
            parts = [np.zeros((height, width), np.uint8) for _ in range(2)]
            cv2.ellipse(parts[0], (round(x), round(y)), (round(0.55 * size), round(0.75 * size)), 0, 0, 360, 1, -1)
            cv2.circle(parts[0], hand, round(0.35 * size), 1, -1)
            corner = round(x + 1.3 * size), height
            cv2.rectangle(parts[1], (round(x - 1.3 * size), round(y + 0.8 * size)), corner, 1, -1)
            for part, colour in zip(reversed(parts), ((60 + 50 * place, 130, 126), (150, 112, 150)), strict=True):
                pixels[part > 0] = colour
                people |= part
        pixels += np.random.default_rng(number).integers(-4, 5, pixels.shape).astype(np.int16)
        y_plane, u, v = (np.ascontiguousarray(pixels[..., index]).astype(np.uint8) for index in range(3))
        planes = Planes(y_plane, np.ascontiguousarray(u[::2, ::2]), np.ascontiguousarray(v[::2, ::2]))
        alpha = cv2.resize(people.astype(np.float32), (256, 256), interpolation=cv2.INTER_AREA)
        return RawPicture(planes, number, 0, Fraction(1, 90_000)), np.asarray(alpha, np.float32)


class DrawnPeople:
    """Runs the segmentation network and answers with the drawn people."""

    def __init__(self, network: LiteRtSegmenter, scene: DrawnScene) -> None:
        self._network, self._scene = network, scene
        self.mask_shape, self.scaled = network.mask_shape, network.scaled

    def segment(self, picture: RawPicture) -> Mask:
        self._network.segment(picture)
        return Mask(picture.frame_id, self._scene.people[picture.frame_id % len(self._scene.people)], monotonic_ms())

    def close(self) -> None:
        pass


class DrawnFaces:
    """Runs the face network and answers with the drawn heads."""

    def __init__(self, network: FaceFinder, scene: DrawnScene) -> None:
        self._network, self._scene = network, scene

    def find(self, picture: RawPicture, window: Window) -> list[Head]:
        self._network.find(picture, window)
        inside = (head for head in self._scene.heads if window.left <= head.x <= window.right)
        return [head for head in inside if window.top <= head.y <= window.bottom]

    def close(self) -> None:
        pass


SIGNER, COLLEAGUE = Head(0.55, 0.35, 0.16, 0.95), Head(0.33, 0.28, 0.12, 0.95)
SCENES = {"alone": (SIGNER,), "with a colleague": (SIGNER, COLLEAGUE)}


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


def whole_stage(source: MaskSource, scene: DrawnScene, settings: BlurSettings, frames: int) -> dict[str, float]:
    """The stage with everything that it does in a call: all of the time, and the CPU time of every thread."""
    stage = BlurStage(source, YuvCompositor(), monotonic_ms, settings)
    numbers = itertools.count()

    def one() -> None:
        number = next(numbers)
        shown = scene.pictures[number % len(scene.pictures)]
        stage.process(dataclasses.replace(shown, frame_id=number, pts=number * 3000))

    busy_s = time.process_time()
    times = timed(one, frames)
    times["cpu_ms"] = round((time.process_time() - busy_s) * 1000 / (frames + WARM_UP), 3)
    covered = stage.statistics().frames_blurred_whole
    stage.close()
    if covered:
        raise RuntimeError(f"{covered} pictures were covered: these are not the times of a clear picture")
    return times


def as_in_a_worker() -> None:
    """Set this process up as a media worker does: its allocator and its threads."""
    heap.keep_flat()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    cv2.setNumThreads(1)


def measure(width: int, height: int, frames: int) -> dict[str, dict[str, float]]:
    """Each part alone, then the whole stage, alone and with a colleague, in place and through its thread."""
    settings = BlurSettings(budget_ms=10_000)
    picture = drawn_picture(width, height)
    planes = picture.planes
    network = LiteRtSegmenter(verified_path(settings.model), monotonic_ms)
    mask = Mask(picture.frame_id, drawn_alpha(network.mask_shape), 0.0)
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
    faces = FaceFinder(verified_path(FACES))
    parts["one look for faces"] = timed(lambda: faces.find(picture, Window(0.2, 0.0, 0.75, 0.75)), frames)
    for name, heads in SCENES.items():
        scene = DrawnScene(width, height, heads)
        for place, threaded in (("in place", False), ("own thread", True)):
            people = SignerMasks(DrawnPeople(network, scene), DrawnFaces(faces, scene))
            maker = mask_maker(people, settings)
            source: MaskSource = (
                ThreadedMasks(maker, settings.budget_ms)
                if threaded
                else InlineMasks(maker, settings.budget_ms, monotonic_ms)
            )
            parts[f"total {name}, {place}"] = whole_stage(source, scene, settings, frames)
    network.close()
    faces.close()
    return parts


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--frames", type=int, default=300)
    options = parser.parse_args(arguments)
    as_in_a_worker()
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
