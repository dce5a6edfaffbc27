"""Runs the live blur stage over a video file: `video-service blur INPUT OUTPUT [--json]`.

The picture's time stamp is the clock, so what depends on time (the slate, late evidence) happens where it would happen
live. The output has the input's size as it is shown (rotation is applied), its frame count and its time stamps; sound
is left out. x264 at CRF 10 changes hardly a pixel, for the result is there to be judged.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from media.compositor import YuvCompositor
from media.file_video import FileTrouble, VideoReader, VideoWriter
from media.mask_source import InlineMasks
from media.segmenter import Reason, Segmenter
from media.stage import BlurSettings, BlurStage, mask_maker, open_segmenter
from video_service.errors import ServiceError

_WHY_NO_SEGMENTER: Final = {
    Reason.WEIGHTS_MISSING: "The network's weights are not here; `python -m media.weights fetch` brings them.",
    Reason.WEIGHTS_ALTERED: "The network's weights are not the right ones; `python -m media.weights fetch` mends that.",
    Reason.NO_ENGINE: "The segmentation engine could not be loaded; is the package ai-edge-litert installed?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BlurReport:
    """What happened to a file. The times are those of one core in the blur stage, without decoding and encoding."""

    frames: int
    width: int
    height: int
    ms_mean: float
    ms_p95: float
    frames_blurred_whole: int
    frames_slate: int
    reasons: dict[str, int]


def blur_file(
    source: Path,
    target: Path,
    *,
    settings: BlurSettings | None = None,
    weights_dir: Path | str | None = None,
    segmenter: Callable[[Callable[[], float]], Segmenter] | None = None,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> BlurReport:
    """Blur the video `source` into `target`, which appears only when it is complete.

    `segmenter` takes the clock (the time in ms of the picture at hand) and makes the segmenter to be used instead of
    the stock one. `on_progress` hears the frames done and the frames in all, as far as the file says.

    Raises:
        FileTrouble: a sentence about the input, the output or the weights.
    """
    settings = settings or BlurSettings()
    now_ms = 0.0

    def clock_ms() -> float:
        return now_ms

    masks = segmenter(clock_ms) if segmenter else open_segmenter(settings, clock_ms, weights_dir)
    if isinstance(masks, Reason):
        raise FileTrouble(_WHY_NO_SEGMENTER[masks])
    maker = mask_maker(masks, settings)
    stage = BlurStage(InlineMasks(maker, settings.budget_ms, clock_ms), YuvCompositor(), clock_ms, settings)
    times_ms: list[float] = []
    width = height = 0
    try:
        with _one_opencv_thread(), VideoReader(source) as reader, VideoWriter(target, reader) as writer:
            for picture in reader.pictures():
                now_ms = picture.pts_ms
                started_s = time.thread_time()
                released = stage.process(picture)
                times_ms.append((time.thread_time() - started_s) * 1000)
                writer.write(released)
                width, height = released.width, released.height
                if on_progress:
                    on_progress(len(times_ms), reader.frames)
            writer.finish()
    finally:
        stage.close()
    counts = stage.statistics()
    return BlurReport(
        frames=counts.frames,
        width=width,
        height=height,
        ms_mean=round(float(np.mean(times_ms)), 3),
        ms_p95=round(float(np.percentile(times_ms, 95)), 3),
        frames_blurred_whole=counts.frames_blurred_whole,
        frames_slate=counts.frames_slate,
        reasons=dict(counts.reasons),
    )


def blur_command(source: Path, target: Path, *, as_json: bool = False) -> int:
    """Blur a file, say on standard output what was done, on standard error what went wrong. Return the exit status."""
    told, shown = Console(stderr=True), Console()
    try:
        with _progress(told) as on_progress:
            report = blur_file(source, target, on_progress=on_progress)
    except ServiceError as error:
        told.print(f"{error.message}", style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    if as_json:
        shown.print(json.dumps(dataclasses.asdict(report)), markup=False, highlight=False, soft_wrap=True)
    else:
        shown.print(_words(report), markup=False, highlight=False, soft_wrap=True)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the command line `INPUT OUTPUT [--json]`."""
    parser = argparse.ArgumentParser(prog="python -m media.file_tool", description="Blur the room in a video file.")
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--json", action="store_true", help="print the counts as one JSON object")
    options = parser.parse_args(arguments)
    try:
        return blur_command(options.input, options.output, as_json=options.json)
    except KeyboardInterrupt:
        return 130


def _words(report: BlurReport) -> str:
    lines = [
        f"frames                {report.frames} of {report.width}x{report.height}",
        f"ms per frame          mean {report.ms_mean:.2f}, p95 {report.ms_p95:.2f} (blur stage, one core)",
        f"frames blurred whole  {report.frames_blurred_whole}",
    ]
    if report.frames_slate:
        lines.append(f"frames of slate       {report.frames_slate}")
    if report.reasons:
        lines.append("because               " + ", ".join(f"{name} {count}" for name, count in report.reasons.items()))
    return "\n".join(lines)


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[int, int | None], None] | None]:
    """Give a listener that draws a bar, or None where nobody looks."""
    if not console.is_terminal:
        yield None
        return
    columns = TextColumn("blurring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("blurring", total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


@contextmanager
def _one_opencv_thread() -> Iterator[None]:
    """Keep OpenCV on the thread whose time is taken; live it runs on one thread per leg as well."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


if __name__ == "__main__":
    av.logging.set_level(None)
    sys.exit(main())
