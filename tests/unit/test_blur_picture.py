"""Raw and protected pictures: what makes one, and that nothing but the gate makes the other."""

from __future__ import annotations

import ast
import copy
import dataclasses
import pickle
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from mypy import api as mypy

from media import picture as picture_module
from media.picture import BadPicture, NotProtected, Planes, ProtectedPicture, RawPicture, require_protected
from tests.blur_room import GoodSegmenter, VirtualClock, room
from video_service.media_plane import PictureState

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def protected() -> ProtectedPicture:
    """A picture that the gate has made."""
    from media.compositor import YuvCompositor
    from media.mask_source import InlineMasks
    from media.stage import BlurSettings, BlurStage, mask_maker

    clock, settings = VirtualClock(), BlurSettings()
    masks = InlineMasks(mask_maker(GoodSegmenter(), settings), settings.budget_ms, clock)
    return BlurStage(masks, YuvCompositor(), clock, settings).process(room(frame_id=7))


def test_a_protected_picture_carries_number_time_and_state(protected: ProtectedPicture) -> None:
    assert (protected.frame_id, protected.pts, protected.time_base) == (7, 21_000, Fraction(1, 90_000))
    assert protected.pts_ms == pytest.approx(7000 / 30)
    assert (protected.width, protected.height) == (320, 240)
    assert (protected.state, protected.reason) == (PictureState.CLEAR, "")
    assert require_protected(protected) is protected


def _bare(kind: type[Any]) -> Any:
    return object.__new__(kind)


TRICKS: dict[str, Callable[[ProtectedPicture], object]] = {
    "construct": lambda p: ProtectedPicture(object(), p.planes, room(), PictureState.CLEAR),
    "construct without a token": lambda p: ProtectedPicture(None, p.planes, room(), PictureState.CLEAR),
    "the picture as its own token": lambda p: ProtectedPicture(p, p.planes, room(), PictureState.CLEAR),
    "type(p)": lambda p: type(p)(True, p.planes, room(), PictureState.CLEAR),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
    "pickle, oldest protocol": lambda p: pickle.dumps(p, 0),
    "reduce": lambda p: p.__reduce_ex__(2),
    "setstate": lambda p: p.__setstate__({}),
    "set an attribute": lambda p: setattr(p, "_planes", room().planes),
    "add an attribute": lambda p: setattr(p, "anything", 1),
    "delete an attribute": lambda p: delattr(p, "_state"),
    "subclass": lambda p: type("Open", (ProtectedPicture,), {}),
    "an empty shell": lambda p: require_protected(_bare(ProtectedPicture)),
    "an empty shell's frame": lambda p: ProtectedPicture.to_frame(_bare(ProtectedPicture)),
    "a raw picture": lambda p: require_protected(room()),
    "a raw picture's frame": lambda p: ProtectedPicture.to_frame(room()),  # type: ignore[arg-type]
    "nothing": lambda p: require_protected(None),
}


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS.keys())
def test_nothing_but_the_gate_makes_one(
    protected: ProtectedPicture, trick: Callable[[ProtectedPicture], object]
) -> None:
    with pytest.raises(NotProtected):
        trick(protected)


def test_dataclass_and_copy_helpers_do_not_make_one(protected: ProtectedPicture) -> None:
    with pytest.raises(TypeError):
        dataclasses.replace(protected, state=PictureState.CLEAR)  # type: ignore[type-var]
    with pytest.raises(TypeError):
        vars(protected)


def test_its_planes_are_read_only(protected: ProtectedPicture) -> None:
    for plane in (protected.planes.y, protected.planes.u, protected.planes.v):
        with pytest.raises(ValueError, match="read-only"):
            plane[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        protected.planes.y = room().planes.y  # type: ignore[misc]


def test_only_the_gate_knows_the_token() -> None:
    users = set()
    for folder in ("media", "signaling", "scheduler", "video_service", "web", "benchmarks", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                named = (
                    (isinstance(node, ast.Name) and node.id == "_GATE_TOKEN")
                    or (isinstance(node, ast.Attribute) and node.attr in ("_GATE_TOKEN", "_seal"))
                    or (isinstance(node, ast.alias) and node.name == "_GATE_TOKEN")
                )
                if named:
                    users.add(path.relative_to(ROOT).as_posix())
    assert users == {"media/picture.py", "media/gate.py"}


def test_the_type_checker_refuses_a_raw_picture_where_a_protected_one_belongs(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from media.picture import ProtectedPicture, RawPicture\n"
        "def send(picture: ProtectedPicture) -> None: ...\n"
        "def leak(raw: RawPicture) -> None:\n"
        "    send(raw)\n"
        "    send(raw.planes)\n"
        "class Mine(ProtectedPicture): ...\n"
    )
    cache = str(ROOT / ".mypy_cache")
    config = str(ROOT / "pyproject.toml")
    said, trouble, status = mypy.run(["--config-file", config, "--cache-dir", cache, str(wrong)])
    lines = [int(line.split(":")[1]) for line in said.splitlines() if ": error:" in line]
    assert (status, trouble, lines) == (1, "", [4, 5, 6]), said


@pytest.mark.parametrize(("width", "height"), [(640, 480), (641, 479), (90, 61), (2, 2), (1, 1)])
def test_a_frame_becomes_a_raw_picture_of_the_same_bytes(width: int, height: int) -> None:
    draw = np.random.default_rng(3)
    frame = av.VideoFrame(width, height, "yuv420p")
    frame.pts, frame.time_base = 4500, Fraction(1, 90_000)
    for plane in frame.planes:
        plane.update(draw.integers(0, 256, plane.buffer_size, np.uint8).tobytes())
    raw = RawPicture.from_frame(frame, 9)
    assert (raw.width, raw.height, raw.frame_id, raw.pts_ms) == (width, height, 9, 50.0)
    assert raw.planes.u.shape == raw.planes.v.shape == ((height + 1) // 2, (width + 1) // 2)
    for ours, theirs in zip((raw.planes.y, raw.planes.u, raw.planes.v), frame.planes, strict=True):
        rows = np.frombuffer(bytes(theirs), np.uint8).reshape(-1, theirs.line_size)
        assert np.array_equal(ours, rows[: ours.shape[0], : ours.shape[1]])


def test_wrapping_a_frame_copies_nothing() -> None:
    frame = av.VideoFrame(64, 48, "yuv420p")
    raw = RawPicture.from_frame(frame, 1)
    raw.planes.y[:] = 77
    assert set(bytes(frame.planes[0])[:64]) == {77}


@pytest.mark.parametrize("name", ["rgb24", "nv12", "yuv444p", "yuv422p", "gray"])
def test_other_pixel_formats_are_converted(name: str) -> None:
    raw = RawPicture.from_frame(av.VideoFrame(64, 48, name), 1)
    assert raw.planes.u.shape == (24, 32)


def test_full_range_is_seen_and_carried_into_the_sent_frame(protected: ProtectedPicture) -> None:
    frame = av.VideoFrame(64, 48, "yuvj420p")
    assert RawPicture.from_frame(frame, 1).planes.full_range
    tagged = av.VideoFrame(64, 48, "yuv420p")
    tagged.color_range = 2
    assert RawPicture.from_frame(tagged, 1).planes.full_range
    assert not RawPicture.from_frame(av.VideoFrame(64, 48, "yuv420p"), 1).planes.full_range
    assert protected.to_frame().color_range != 2


def test_a_protected_picture_becomes_a_frame_of_the_same_bytes(protected: ProtectedPicture) -> None:
    frame = protected.to_frame()
    again = RawPicture.from_frame(frame, 7)
    assert (frame.pts, frame.time_base, frame.format.name) == (21_000, Fraction(1, 90_000), "yuv420p")
    for ours, theirs in zip(_planes(protected.planes), _planes(again.planes), strict=True):
        assert np.array_equal(ours, theirs)


def _planes(planes: Planes) -> tuple[picture_module.Plane, ...]:
    return planes.y, planes.u, planes.v


@pytest.mark.parametrize(
    ("y", "u"),
    [
        (np.zeros((4, 4), np.uint16), np.zeros((2, 2), np.uint8)),
        (np.zeros((4, 4), np.uint8), np.zeros((2, 2), np.float32)),
        (np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint8)),
        (np.zeros((5, 5), np.uint8), np.zeros((2, 2), np.uint8)),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((2, 2), np.uint8)),
        (np.zeros((0, 4), np.uint8), np.zeros((0, 2), np.uint8)),
    ],
)
def test_planes_that_make_no_picture_are_refused(y: Any, u: Any) -> None:
    with pytest.raises(BadPicture):
        Planes(y, u, u)
