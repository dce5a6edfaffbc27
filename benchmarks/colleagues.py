"""Makes harder clips for `benchmarks.legibility`: `python -m benchmarks.colleagues OUTPUT [FOLDER]`.

Signers of single clips are cut out by their masks and put before people in other clips: other pairs, other sizes and
places, mirrored. The rules of `media/signer.py` were found on the first seven mixes; the last four were held back until
they stood (docs/adr/0010-who-is-the-signer.md).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.legibility import FOLDER

Picture = npt.NDArray[np.uint8]
WIDTH, HEIGHT, RATE = 640, 480, 30


@dataclass(frozen=True)
class Mix:
    """Whom to put before what: `scale` of the signer, `left` in pixels; the room may be mirrored and shifted."""

    room: str
    signer: str
    scale: float
    left: int
    mirrored_signer: bool = False
    mirrored_room: bool = False
    room_shift: int = 0

    @property
    def name(self) -> str:
        room = self.room.removesuffix(".mkv")
        return f"mix-{self.signer.removeprefix('dev-')}-before-{room}-{round(100 * self.scale)}"


MIXES = (
    Mix("office-bird.mkv", "dev-again", 1.15, 150),
    Mix("office-please.mkv", "dev-eat", 1.2, -60, mirrored_room=True),
    Mix("office-please.mkv", "dev-student", 1.3, 120, mirrored_signer=True, room_shift=-60),
    Mix("office-bird.mkv", "dev-book", 1.25, 40, mirrored_signer=True, mirrored_room=True, room_shift=60),
    Mix("office-bird.mkv", "dev-milk", 1.1, -60, mirrored_signer=True, room_shift=120),
    Mix("office-please.mkv", "dev-book", 1.15, 230),
    Mix("office-please.mkv", "dev-milk", 1.25, 220, room_shift=-40),
    Mix("office-bird.mkv", "dev-eat", 1.3, 170, mirrored_signer=True, mirrored_room=True),
    Mix("office-please.mkv", "dev-again", 1.2, -70, room_shift=40),
    Mix("office-bird.mkv", "dev-student", 1.1, -80, mirrored_room=True, room_shift=-30),
    Mix("office-please.mkv", "dev-milk", 1.05, -100, mirrored_signer=True, mirrored_room=True),
)


def pictures(path: Path) -> list[Picture]:
    """All pictures of a clip, BGR."""
    with av.open(str(path)) as container:
        return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in container.decode(video=0)]


def placed(picture: Picture, scale: float, left: float, mirrored: bool, *, extend: bool = False) -> Picture:
    """Scale a picture and put it on the lower edge of a canvas."""
    picture = np.ascontiguousarray(picture[:, ::-1]) if mirrored else picture
    move = np.array([[scale, 0, left], [0, scale, HEIGHT - scale * picture.shape[0]]], np.float32)
    border = cv2.BORDER_REPLICATE if extend else cv2.BORDER_CONSTANT
    return np.asarray(cv2.warpAffine(picture, move, (WIDTH, HEIGHT), borderMode=border), np.uint8)


def write(path: Path, frames: Sequence[Picture]) -> None:
    """Write a clip that a codec has hardly changed."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "12", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        container.mux(stream.encode(None))


def mix(spec: Mix, folder: Path, output: Path) -> None:
    """Make one clip with its masks."""
    room, signer = pictures(folder / spec.room), pictures(folder / f"{spec.signer}.mp4")
    files = {kind: folder / f"{spec.signer}.{kind}.mp4" for kind in ("person", "hands")}
    masks = {
        kind: [placed(each, spec.scale, spec.left, spec.mirrored_signer) for each in pictures(path)]
        for kind, path in files.items()
        if path.exists()
    }
    mixed = []
    for number, front in enumerate(signer):
        behind = placed(room[(number + 7) % len(room)], 1.0, spec.room_shift, spec.mirrored_room, extend=True)
        before = placed(front, spec.scale, spec.left, spec.mirrored_signer)
        edge = cv2.GaussianBlur(cv2.erode(masks["person"][number], np.ones((3, 3))), (0, 0), 0.8)
        share = edge.astype(np.float32) / 255
        mixed.append(np.asarray(behind * (1 - share) + before * share, np.uint8))
    write(output / f"{spec.name}.mp4", mixed)
    for kind, frames in masks.items():
        write(output / f"{spec.name}.{kind}.mp4", frames)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        print(f"There is no folder {options.folder}.", file=sys.stderr)
        return 1
    options.output.mkdir(parents=True, exist_ok=True)
    for spec in MIXES:
        mix(spec, options.folder, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
