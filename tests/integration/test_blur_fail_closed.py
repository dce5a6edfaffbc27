"""A code on the wall behind the signer, and every way in which a segmenter can fail: no decoder ever reads it.

Each scene runs the whole stage, thread and deadline included, through changes of size and rotation, and asks a decoder
about every picture that is released. The same decoder reads the raw pictures: that is the control.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import pytest

from media.compositor import YuvCompositor
from media.picture import RawPicture
from tests.blur_rig import BACKGROUNDS, HANGS, KINDS, LANDSCAPE, OBJECT, ODD, PORTRAIT, Rig, call, play
from tests.blur_room import FAULTS, SHAPE, reads_code, room
from video_service.media_plane import PictureState

pytestmark = pytest.mark.integration

FRAMES: Final = 50  # of each scene


@dataclass(frozen=True)
class Scene:
    """When the fault begins and ends, and when the picture becomes another."""

    fault: range
    sizes: dict[int, tuple[int, int]]

    def size(self, frame: int) -> tuple[int, int]:
        return self.sizes[max(start for start in self.sizes if start <= frame)]


SCENES = {
    "first picture": Scene(range(15), {0: LANDSCAPE}),
    "middle": Scene(range(20, 35), {0: LANDSCAPE}),
    "one picture only": Scene(range(25, 26), {0: LANDSCAPE}),
    "change of resolution": Scene(range(20, 30), {0: LANDSCAPE, 20: ODD}),
    "change of rotation": Scene(range(24, 34), {0: LANDSCAPE, 25: PORTRAIT, 40: LANDSCAPE}),
}


@pytest.fixture
def rig() -> Iterator[Rig]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    rig = Rig()
    yield rig
    rig.close()
    cv2.setNumThreads(before)


def test_there_are_more_than_3000_pictures() -> None:
    assert len(SCENES) * len(KINDS) * FRAMES >= 3000


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT, ODD])
def test_control_the_decoder_reads_every_raw_picture(size: tuple[int, int]) -> None:
    raw = room(*size)
    assert reads_code(raw.planes.y)
    assert reads_code(raw.planes.y, stretched=True)


def test_control_a_mask_of_ones_that_nobody_judged_would_show_the_code() -> None:
    raw = room()
    everything = np.ones(SHAPE, np.float32)
    assert reads_code(YuvCompositor().clear(raw.planes, everything).y)


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())
@pytest.mark.parametrize("kind", KINDS)
def test_no_picture_shows_the_code(rig: Rig, kind: str, scene: Scene) -> None:
    states, read = [], []
    for frame in range(FRAMES):
        if frame == scene.fault.start:
            rig.begin(kind)
        if frame == scene.fault.stop:
            rig.end()
        size = scene.size(frame)
        released = rig.process(room(*size, frame_id=frame + 1))
        assert (released.width, released.height, released.frame_id) == (*size, frame + 1)
        states.append(released.state)
        if reads_code(released.planes.y) or (frame % 8 == 0 and reads_code(released.planes.y, stretched=True)):
            read.append(frame)
    assert read == []
    covered = [PictureState.PROTECTED if frame in scene.fault else PictureState.CLEAR for frame in range(FRAMES)]
    assert states == covered


@pytest.mark.parametrize("shows", [False, True], ids=["no object", "an object"])
@pytest.mark.parametrize("name", BACKGROUNDS)
def test_no_background_and_no_object_elsewhere_shows_the_code(rig: Rig, name: str, shows: bool) -> None:
    """Three of the faults, a turn and back, with every background; the calls below mix them with all the rest."""
    rig.choose(BACKGROUNDS[name])
    sizes = [LANDSCAPE, PORTRAIT, ODD]
    read, wrong = [], []
    for frame in range(30):
        kind = {5: "raises", 12: "ones", 20: HANGS}.get(frame)
        if kind:
            rig.begin(kind)
        if shows and frame % 10 == 0:
            rig.stage.show_object(OBJECT)
        size = sizes[frame // 10]
        released = rig.process(room(*size, frame_id=frame + 1))
        if released.state is not rig.expected():
            wrong.append(frame)
        if reads_code(released.planes.y) or reads_code(released.planes.y, stretched=True):
            read.append(frame)
        if kind:
            rig.end()
    assert (read, wrong) == ([], [])


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_in_a_call_no_picture_shows_the_code(rig: Rig, seed: int) -> None:
    read, wrong = [], []
    for frame, moment in enumerate(call(random.Random(seed), 250, (LANDSCAPE, PORTRAIT, ODD))):
        play(rig, moment)
        released = rig.process(room(*moment.size, frame_id=frame + 1))
        if released.state is not rig.expected() or (released.width, released.height) != moment.size:
            wrong.append((frame, moment, released.state))
        if reads_code(released.planes.y) or (frame % 8 == 0 and reads_code(released.planes.y, stretched=True)):
            read.append((frame, moment))
    assert (read, wrong) == ([], [])


@pytest.mark.parametrize("kind", KINDS)
def test_more_than_two_seconds_of_it_end_in_the_slate_and_one_good_mask_ends_that(rig: Rig, kind: str) -> None:
    rig.process(room(frame_id=1))
    rig.begin(kind)
    states = [rig.process(room(64, 48, frame)).state for frame in range(2, 72)]
    rig.end()
    assert states == [PictureState.PROTECTED] * 60 + [PictureState.SLATE] * 10
    assert rig.process(room(frame_id=100)).state is PictureState.CLEAR
    reason = "late" if kind == HANGS else FAULTS[kind][1]
    assert [(change.state, change.reason) for change in rig.told] == [
        (PictureState.CLEAR, ""),
        (PictureState.PROTECTED, reason),
        (PictureState.SLATE, reason),
        (PictureState.CLEAR, ""),
    ]


def test_what_leaves_for_the_encoder_is_what_was_looked_at(rig: Rig) -> None:
    for frame_id, kind in enumerate([None, "zeros", None, "raises"], start=1):
        if kind:
            rig.begin(kind)
        released = rig.process(room(frame_id=frame_id))
        if kind:
            rig.end()
        luma = RawPicture.from_frame(released.to_frame(), frame_id).planes.y
        assert np.array_equal(luma, released.planes.y)
        assert not reads_code(luma)


def test_a_late_mask_of_another_size_is_not_used_after_a_rotation(rig: Rig) -> None:
    rig.process(room(*LANDSCAPE, frame_id=1))
    rig.begin(HANGS)
    assert rig.process(room(*LANDSCAPE, frame_id=2)).state is PictureState.PROTECTED
    rig.end()
    released = rig.process(room(*PORTRAIT, frame_id=3))
    assert released.state is PictureState.CLEAR
    assert rig.segmenter.calls == 3
    assert not reads_code(released.planes.y)
