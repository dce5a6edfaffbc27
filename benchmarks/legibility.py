"""Is the signing legible and the room private? `python -m benchmarks.legibility [FOLDER] [--json]`.

Runs the blur stage of the file tool over every clip of a folder, in process and on one thread, with the stock network's
mask beside it, and scores both as `docs/benchmarks.md` explains: NAME.mp4 is the clip, NAME.person.mp4 the signer alone
in white, NAME.hands.mp4 the hands and arms. `benchmarks.colleagues` makes harder clips.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from media.compositor import YuvCompositor
from media.file_video import VideoReader
from media.mask_source import InlineMasks, MaskMaker
from media.picture import Plane, Planes
from media.segmenter import Reason, Segmenter
from media.segmenter_litert import LiteRtSegmenter
from media.stage import BlurSettings, BlurStage, mask_maker, open_segmenter
from media.weights import WeightsError, verified_path

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "signing"
PLAIN = 3.0  # RMS of the fine detail, in levels of luma, below which a place has none
HAND_KEEPS, ROOM_KEEPS, SAME = 0.6, 0.4, 16.0
ROOM_FROM_PX, INSIDE_PX, LEAST_PX = 9, 7, 200
Grey = npt.NDArray[np.float32]


@dataclass
class Scores:
    """Shares of each picture, and the time that the stage took for it."""

    hands: list[float] = field(default_factory=list)
    signer: list[float] = field(default_factory=list)
    room: list[float] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)
    covered: int = 0

    def summary(self) -> dict[str, float | int | None]:
        """The figures of one clip; None where it has no mask to be scored against."""
        run = longest = 0
        for share in self.hands:
            run = run + 1 if share < 0.9 else 0
            longest = max(longest, run)
        return {
            "hands_intact_mean": _rounded(self.hands, np.mean),
            "longest_run_under_0.9": longest if self.hands else None,
            "signer_intact_mean": _rounded(self.signer, np.mean),
            "signer_intact_min": _rounded(self.signer, np.min),
            "background_readable_mean": _rounded(self.room, np.mean),
            "background_readable_max": _rounded(self.room, np.max),
            "ms_mean": _rounded(self.times_ms, np.mean),
            "ms_p95": _rounded(self.times_ms, lambda times: np.percentile(times, 95)),
            "frames_not_clear": self.covered,
        }


TARGETS: dict[str, tuple[float, bool]] = {  # at least, or at most
    "hands_intact_mean": (0.99, True),
    "longest_run_under_0.9": (1, False),
    "signer_intact_mean": (0.99, True),
    "signer_intact_min": (0.95, True),
    "background_readable_mean": (0.01, False),
    "background_readable_max": (0.05, False),
}


def misses(figures: dict[str, float | int | None]) -> list[str]:
    """Return the names of the figures that miss their target; a clip without the mask for a figure cannot miss it."""
    missed = []
    for name, (target, at_least) in TARGETS.items():
        figure = figures[name]
        if figure is not None and (figure < target if at_least else figure > target):
            missed.append(name)
    return missed


def _rounded(values: list[float], figure: object) -> float | None:
    return round(float(figure(values)), 4) if values and callable(figure) else None


def grey(planes: Planes) -> Grey:
    """Luma as a viewer's player shows it, 0..255."""
    luma = planes.y.astype(np.float32)
    return luma if planes.full_range else np.clip((luma - 16) * np.float32(255 / 219), 0, 255)


def detail(luma: Grey) -> Grey:
    """RMS of what a blur of 2 px takes away, over squares of 9 px."""
    fine = luma - cv2.GaussianBlur(luma, (0, 0), 2.0)
    return np.sqrt(np.maximum(cv2.blur(fine * fine, (9, 9)), 0)).astype(np.float32)


def score(scores: Scores, before: Planes, after: Planes, person: Plane | None, hands: Plane | None) -> None:
    """Add one picture."""
    old, new = grey(before), grey(after)
    had, has = detail(old), detail(new)
    same = np.abs(cv2.blur(old, (5, 5)) - cv2.blur(new, (5, 5))) <= SAME
    intact = same & ((had < PLAIN) | (has >= HAND_KEEPS * had))
    if hands is not None and np.count_nonzero(hands > 127) >= LEAST_PX:
        scores.hands.append(float(intact[hands > 127].mean()))
    if person is None:
        return
    inside = cv2.erode((person > 200).astype(np.uint8), np.ones((2 * INSIDE_PX + 1,) * 2)) > 0
    outside = cv2.dilate((person > 5).astype(np.uint8), np.ones((2 * ROOM_FROM_PX + 1,) * 2)) == 0
    outside &= had >= PLAIN
    if np.count_nonzero(inside) >= 500:
        scores.signer.append(float(intact[inside].mean()))
    if np.count_nonzero(outside) >= 500:
        scores.room.append(float((has >= ROOM_KEEPS * had)[outside].mean()))


def masks(path: Path) -> Iterator[Plane | None]:
    """The pictures of a mask video; None for ever where there is none."""
    if not path.exists():
        while True:
            yield None
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="gray"), np.uint8)


def run(clip: Path, segmenter: Segmenter, maker: MaskMaker, frames: int) -> Scores:
    """Score one clip, or its first `frames` pictures."""
    settings, scores = BlurSettings(), Scores()
    stage = BlurStage(InlineMasks(maker, settings.budget_ms, lambda: 0.0), YuvCompositor(), lambda: 0.0, settings)
    person, hands = (masks(clip.with_name(f"{clip.stem}.{kind}.mp4")) for kind in ("person", "hands"))
    with VideoReader(clip) as reader:
        for number, picture in enumerate(reader.pictures()):
            if number == frames:
                break
            started_s = time.thread_time()
            released = stage.process(picture)
            scores.times_ms.append((time.thread_time() - started_s) * 1000)
            scores.covered += released.state != "clear"
            score(scores, picture.planes, released.planes, next(person), next(hands))
    segmenter.close()
    return scores


def measure(folder: Path, frames: int, only: str) -> dict[str, dict[str, dict[str, float | int | None]]]:
    """Score every clip of `folder` with our masks and with the stock network's, by clip and then by kind."""
    settings = BlurSettings()
    results = {}
    for clip in sorted(each for each in folder.iterdir() if each.suffix in (".mp4", ".mkv")):
        if clip.stem.endswith((".person", ".hands")) or only not in clip.stem:
            continue
        stock = LiteRtSegmenter(verified_path(settings.model), lambda: 0.0)
        ours = open_segmenter(settings, lambda: 0.0)
        if isinstance(ours, Reason):
            raise WeightsError(f"No masks: {ours}.")
        results[clip.stem] = {
            "stock": run(clip, stock, MaskMaker(stock, (), settings.limits), frames).summary(),
            "ours": run(clip, ours, mask_maker(ours, settings), frames).summary(),
        }
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--frames", type=int, default=0, help="pictures of each clip, 0: all")
    parser.add_argument("--only", default="", help="clips whose name holds this")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    if not options.folder.is_dir():
        print(f"There is no folder {options.folder}.", file=sys.stderr)
        return 1
    try:
        results = measure(options.folder, options.frames or -1, options.only)
    except WeightsError as error:
        print(error.message, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(results))
        return 0
    table = Table("clip", "masks", "hands\nmean", "run\n<0.9", "signer\nmean", "\nmin", "room\nmean", "\nmax")
    for heading in ("ms\nmean", "\np95", "not\nclear", "targets"):
        table.add_column(heading)
    for clip_name, kinds in results.items():
        for kind, figures in kinds.items():
            verdict = f"MISS: {', '.join(misses(figures))}" if misses(figures) else "PASS"
            cells = ("" if figure is None else str(figure) for figure in figures.values())
            table.add_row(clip_name, kind, *cells, verdict)
    console = Console()
    console.print(table)
    reached = sum(not misses(kinds["ours"]) for kinds in results.values())
    console.print(f"Every target is reached on {reached} of {len(results)} clips.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
