"""The real face network, and the live masks of real signers with colleagues behind them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from media.faces import WHOLE, FaceFinder, Window
from media.picture import Planes, RawPicture
from media.segmenter import Reason
from media.signer import SURE_SCORE, Presence
from media.stage import FACES, BlurSettings, open_segmenter, open_stage
from tests.blur_room import VirtualClock, room
from video_service.media_plane import PictureState

pytestmark = pytest.mark.integration


@pytest.fixture
def finder(weights_dir: Path) -> Iterator[FaceFinder]:
    finder = FaceFinder(weights_dir / f"{FACES}.tflite")
    yield finder
    finder.close()


def pictures(path: Path, count: int) -> list[RawPicture]:
    with av.open(str(path)) as container:
        frames = zip(container.decode(video=0), range(count), strict=False)
        return [RawPicture.from_frame(frame, number) for frame, number in frames]


def test_the_signers_face_is_found_where_it_is(finder: FaceFinder, signing_dir: Path) -> None:
    picture = pictures(signing_dir / "dev-student-over-eat.mp4", 1)[0]
    found = [head for head in finder.find(picture) if head.score > SURE_SCORE]  # the skull on the shirt is a maybe
    assert len(found) == 1
    assert found[0].x * picture.width == pytest.approx(290, abs=15)
    assert found[0].y * picture.height == pytest.approx(156, abs=15)
    assert 70 < found[0].size * picture.height < 130


def test_a_window_finds_the_face_at_the_back_and_says_where_it_is_in_the_picture(
    finder: FaceFinder, signing_dir: Path
) -> None:
    picture = pictures(signing_dir / "dev-book-over-milk.mp4", 1)[0]
    assert len(finder.find(picture, WHOLE)) == 1
    back = finder.find(picture, Window(0.25, 0.0, 0.6, 0.5))
    assert [round(head.x * picture.width, -1) for head in back] == [310]


def test_a_face_at_the_pictures_edge_is_found_by_a_window_that_reaches_over_it(
    finder: FaceFinder, signing_dir: Path
) -> None:
    picture = pictures(signing_dir / "dev-student-over-eat.mp4", 1)[0]
    planes, left = picture.planes, 250  # the face is 80 px wide, its middle at 290
    at_edge = Planes(planes.y[:, left:], planes.u[:, left // 2 :], planes.v[:, left // 2 :])
    cut = RawPicture(at_edge, 1, 0, picture.time_base)
    for window in (Window(0.0, 0.0, 0.9, 0.75), Window(-0.15, -0.05, 0.75, 0.7)):
        found = [head.x * cut.width for head in finder.find(cut, window) if head.score > SURE_SCORE]
    assert found == [pytest.approx(290 - left, abs=15)]


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (90, 61), (2, 2)])
@pytest.mark.parametrize(
    "window", [WHOLE, Window(0.9, 0.9, 1.0, 1.0), Window(0.0, 0.0, 0.01, 0.01), Window(-0.2, -0.1, 1.3, 1.2)]
)
def test_pictures_and_windows_of_any_size_are_looked_at(
    finder: FaceFinder, size: tuple[int, int], window: Window
) -> None:
    grey = room(*size).planes
    blank = Planes(np.full_like(grey.y, 120), np.full_like(grey.u, 128), np.full_like(grey.v, 128))
    picture = room(*size)
    assert finder.find(RawPicture(blank, 1, 0, picture.time_base), window) == []


def test_another_network_is_refused_and_closing_twice_is_no_error(finder: FaceFinder, weights_dir: Path) -> None:
    with pytest.raises(ValueError, match="palm_detection_lite"):
        FaceFinder(weights_dir / "palm_detection_lite.tflite")
    finder.close()
    finder.close()


@pytest.mark.parametrize(
    ("clip", "at"), [("dev-book-over-milk", 430), ("dev-milk-over-book", 412), ("dev-student-over-eat", 290)]
)
def test_the_one_in_front_is_the_signer_and_nobody_else_is_in_the_mask(
    weights_dir: Path, signing_dir: Path, clip: str, at: int
) -> None:
    masks = open_segmenter(BlurSettings(), VirtualClock(), weights_dir)
    assert not isinstance(masks, Reason)
    shown = pictures(signing_dir / f"{clip}.mp4", 8)
    with av.open(str(signing_dir / f"{clip}.person.mp4")) as container:
        truth = [frame.to_ndarray(format="gray") > 127 for frame in container.decode(video=0)]
    for number, picture in enumerate(shown):
        alpha = cv2.resize(masks.segment(picture).alpha, (picture.width, picture.height))
        assert masks.presence is Presence.HELD
        signer = truth[number]
        near = cv2.dilate(signer.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
        assert float(alpha[signer].mean()) > 0.95
        assert float(alpha[~near].mean()) < 0.01
    masks.close()


def test_a_stage_without_the_face_network_shows_the_slate(weights_dir: Path, tmp_path: Path) -> None:
    model = BlurSettings().model
    (tmp_path / f"{model}.tflite").write_bytes((weights_dir / f"{model}.tflite").read_bytes())
    stage = open_stage(weights_dir=tmp_path, threaded=False)
    assert stage.process(room()).state is PictureState.SLATE
    stage.confirm()
    stage.close()


def test_a_live_stage_can_be_told_who_the_signer_is(weights_dir: Path, signing_dir: Path) -> None:
    stage = open_stage(weights_dir=weights_dir, threaded=False, clock_ms=VirtualClock())
    shown = pictures(signing_dir / "dev-milk.mp4", 3)
    stage.process(shown[0])
    stage.confirm()
    assert [stage.process(picture).state for picture in shown[1:]] == [PictureState.CLEAR] * 2
    stage.close()
