"""Makes harder clips for `benchmarks.legibility`: `python -m benchmarks.colleagues OUTPUT [FOLDER] [--set dev|held]`.

Signers of single clips are cut out by their masks and put into an office, alone or before somebody who is cut out of
another clip: other pairs, sizes, places and light, mirrored, walking. A number draws them all, so a set is the same
everywhere. `dev` is for finding rules; `held` has other pairs and is scored when the rules stand
(docs/adr/0010-who-is-the-signer.md). Nobody stands before themselves: one man in two clips cannot be told apart.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.legibility import FOLDER

Picture = npt.NDArray[np.uint8]
WIDTH, HEIGHT, RATE = 640, 480, 30
CROP_LEFT = 96  # where the single clips were cut from the office's pictures
SEEN_AT = 190.0  # the column of a single clip in which its person stands
ROOM_CLIP, ROOM_PERSON = "dev-book-over-milk", "dev-milk"
PAIRS = {
    "dev": "again-book again-milk student-eat book-again book-eat book-milk eat-student eat-milk milk-again milk-book",
    "held": "again-eat student-book student-milk book-student eat-again eat-book milk-student milk-eat",
}
CROWDS = {
    "dev": "again-bird eat-please student-please book-bird",
    "held": "again-please eat-bird student-bird book-please",
}
ALONE = {
    "dev": "again-edge again-dark book-small eat-noisy eat-edge milk-dark milk-small student-noisy student-mirrored",
    "held": "again-small again-noisy book-edge book-dark eat-dark eat-small milk-edge milk-noisy student-edge",
}


@dataclass(frozen=True)
class Light:
    """What the camera makes of the room: `gain` and `gamma` of the brightness, `noise` in levels."""

    gain: float = 1.0
    gamma: float = 1.0
    noise: float = 0.0


LIGHTS = (Light(), Light(), Light(0.6), Light(gamma=1.4), Light(1.15, 0.85), Light(noise=5.0))


@dataclass(frozen=True)
class Person:
    """Whom to put where: `middle` is the column where the person of `clip` stands; `walk` in pixels per picture."""

    clip: str
    scale: float
    middle: float
    mirrored: bool = False
    walk: float = 0.0
    starts_at: int = 0


@dataclass(frozen=True)
class Mix:
    """One clip to make. `room`: an office clip with people in it, or nothing for the empty office."""

    name: str
    signer: Person
    behind: Person | None = None
    room: str = ""
    room_shift: int = 0
    mirrored: bool = False
    light: Light = field(default_factory=Light)


def mixes(kind: str) -> Iterator[Mix]:
    """Draw the clips of a set."""
    draw = np.random.default_rng({"dev": 4, "held": 104}[kind])
    for number, pair in enumerate(PAIRS[kind].split()):
        front, back = (f"dev-{each}" for each in pair.split("-"))
        middle, side = draw.uniform(0.35, 0.65) * WIDTH, float(draw.choice((-1, 1)))
        walk = float(draw.uniform(2, 5)) if number % 4 == 3 else 0.0
        behind = Person(
            back,
            draw.uniform(0.75, 1.05),
            middle + side * draw.uniform(80, 200 if not walk else 300),
            bool(draw.integers(2)),
            -side * walk,
            int(draw.integers(30)),
        )
        signer = Person(front, draw.uniform(1.0, 1.25), middle, bool(draw.integers(2)))
        mirrored = bool(draw.integers(2))
        yield Mix(f"{kind}-{pair}", signer, behind, "", 0, mirrored, LIGHTS[draw.integers(len(LIGHTS))])
    for pair in CROWDS[kind].split():
        front, back = pair.split("-")
        shift, middle = int(draw.integers(-60, 120)), draw.uniform(0.2, 0.8) * WIDTH
        signer = Person(f"dev-{front}", draw.uniform(1.0, 1.25), middle, bool(draw.integers(2)))
        light, mirrored = LIGHTS[draw.integers(len(LIGHTS))], bool(draw.integers(2))
        yield Mix(f"{kind}-{pair}", signer, None, f"office-{back}.mkv", shift, mirrored, light)
    for spec in ALONE[kind].split():
        clip, how = spec.split("-")
        small = how == "small"
        middle = 0.5 * WIDTH if how != "edge" else float(draw.choice((70, WIDTH - 70)))
        light = {"dark": Light(0.45, 1.0, 2.0), "noisy": Light(noise=8.0)}.get(how, Light())
        signer = Person(f"dev-{clip}", 0.7 if small else 1.1, middle, bool(draw.integers(2)) or how == "mirrored")
        yield Mix(f"{kind}-{spec}", signer, light=light)


def pictures(path: Path) -> list[Picture]:
    """All pictures of a clip, BGR."""
    with av.open(str(path)) as container:
        return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in container.decode(video=0)]


def placed(picture: Picture, person: Person, number: int) -> Picture:
    """Scale a picture of `person` and put it on the lower edge of a canvas."""
    middle = SEEN_AT
    if person.mirrored:
        picture, middle = np.ascontiguousarray(picture[:, ::-1]), picture.shape[1] - SEEN_AT
    left = person.middle + person.walk * number - person.scale * middle
    top = HEIGHT - person.scale * picture.shape[0]
    move = np.array([[person.scale, 0, left], [0, person.scale, top]], np.float32)
    return np.asarray(cv2.warpAffine(picture, move, (WIDTH, HEIGHT)), np.uint8)


class Cast:
    """The material, read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, list[Picture]] = {}

    def clip(self, name: str) -> list[Picture]:
        """All pictures of a file; nothing where it does not exist."""
        if name not in self._read:
            path = self._folder / name
            self._read[name] = pictures(path) if path.exists() else []
        return self._read[name]

    def empty_office(self) -> Picture:
        """The office without anybody: from a clip in which one stands before another, and from one of the other alone.

        Where both have always stood the wall is carried on from the sides.
        """
        room = _without_people(self.clip(f"{ROOM_CLIP}.mp4"), self.clip(f"{ROOM_CLIP}.person.mp4"))
        alone = _without_people(self.clip(f"{ROOM_PERSON}.mp4"), self.clip(f"{ROOM_PERSON}.person.mp4"))
        columns = slice(CROP_LEFT, CROP_LEFT + alone.shape[1])
        room[:, columns] = alone
        hole = np.isnan(room[..., 0]).astype(np.uint8)
        return np.asarray(cv2.inpaint(np.nan_to_num(room).astype(np.uint8), hole, 3, cv2.INPAINT_TELEA), np.uint8)


def _without_people(clip: Sequence[Picture], masks: Sequence[Picture]) -> npt.NDArray[np.float32]:
    """The median of every fourth picture; not a number where the person has always been."""
    people = [cv2.dilate(mask[..., 0], np.ones((25, 25))) > 5 for mask in masks[::4]]
    rooms = np.stack(clip[::4]).astype(np.float32)
    rooms[np.stack(people)] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of places where there is nothing to take a median of
        return np.asarray(np.nanmedian(rooms, axis=0), np.float32)


def _before(room: Picture, person: Picture, mask: Picture) -> Picture:
    edge = cv2.GaussianBlur(cv2.erode(mask, np.ones((3, 3))), (0, 0), 0.8)
    share = edge.astype(np.float32) / 255
    return np.asarray(room * (1 - share) + person * share, np.uint8)


def _lit(picture: Picture, light: Light, draw: np.random.Generator) -> Picture:
    if light == Light():
        return picture
    bright = 255 * (picture.astype(np.float32) / 255) ** light.gamma * light.gain
    grain = draw.normal(0, light.noise, picture.shape[:2]).astype(np.float32)[..., None] if light.noise else 0
    return np.asarray(np.clip(bright + grain, 0, 255), np.uint8)


def mix(spec: Mix, cast: Cast, empty: Picture, output: Path) -> None:
    """Make one clip with its masks."""
    draw, office = np.random.default_rng(1), cast.clip(spec.room) if spec.room else [empty]
    shift = np.array([[1, 0, spec.room_shift], [0, 1, 0]], np.float32)
    shown: list[Picture] = []
    masks: dict[str, list[Picture]] = {"person": [], "hands": []}
    for number, front in enumerate(cast.clip(f"{spec.signer.clip}.mp4")):
        picture = office[(number + 7) % len(office)]
        picture = np.asarray(cv2.warpAffine(picture, shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE), np.uint8)
        if spec.behind:
            theirs = cast.clip(f"{spec.behind.clip}.mp4")
            at = (number + spec.behind.starts_at) % len(theirs)
            mask = cast.clip(f"{spec.behind.clip}.person.mp4")[at]
            picture = _before(
                picture, *(np.asarray(placed(each, spec.behind, number), np.uint8) for each in (theirs[at], mask))
            )
        for kind, kept in masks.items():
            if truth := cast.clip(f"{spec.signer.clip}.{kind}.mp4"):
                kept.append(placed(truth[number], spec.signer, number))
        picture = _before(picture, placed(front, spec.signer, number), masks["person"][number])
        shown.append(_lit(picture, spec.light, draw))
    for suffix, frames in {"": shown, ".person": masks["person"], ".hands": masks["hands"]}.items():
        if frames:
            write(output / f"{spec.name}{suffix}.mp4", frames, mirrored=spec.mirrored)


def write(path: Path, frames: Sequence[Picture], *, mirrored: bool = False) -> None:
    """Write a clip that a codec has hardly changed."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "12", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in frames:
            pixels = np.ascontiguousarray(frame[:, ::-1]) if mirrored else frame
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode(None))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--set", dest="kind", choices=sorted(PAIRS), default="dev")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        print(f"There is no folder {options.folder}.", file=sys.stderr)
        return 1
    options.output.mkdir(parents=True, exist_ok=True)
    cast = Cast(options.folder)
    empty = cast.empty_office()
    for spec in mixes(options.kind):
        mix(spec, cast, empty, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
