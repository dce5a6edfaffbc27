"""The real network behind the stage."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from media.judge import MaskLimits, judge
from media.network_tail import rearranged
from media.picture import Planes, RawPicture
from media.segmenter_litert import GENERAL, LANDSCAPE, LiteRtSegmenter, Model
from media.stage import BlurSettings, BlurStage, monotonic_ms, open_stage
from tests.blur_room import VirtualClock, room
from video_service.media_plane import PictureState

pytestmark = pytest.mark.integration

SHAPES: dict[Model, tuple[int, int]] = {GENERAL: (256, 256), LANDSCAPE: (144, 256)}


@pytest.fixture(params=[GENERAL, LANDSCAPE])
def model(request: pytest.FixtureRequest) -> Model:
    """Each network in turn."""
    name: Model = request.param
    return name


@pytest.fixture
def segmenter(model: Model, weights_dir: Path) -> Iterator[LiteRtSegmenter]:
    """A network whose clock stands at 5 ms."""
    clock = VirtualClock()
    clock.advance(5.0)
    segmenter = LiteRtSegmenter(weights_dir / f"{model}.tflite", clock)
    yield segmenter
    segmenter.close()


def clip(path: Path, count: int) -> list[RawPicture]:
    """The first pictures of a clip."""
    pictures = []
    with av.open(str(path)) as container:
        for frame_id, frame in enumerate(container.decode(video=0)):
            pictures.append(RawPicture.from_frame(frame, frame_id))
            if len(pictures) == count:
                break
    return pictures


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1280, 720), (90, 61), (2, 2)])
def test_a_picture_of_any_size_gets_a_mask_of_the_networks(
    segmenter: LiteRtSegmenter, model: Model, size: tuple[int, int]
) -> None:
    mask = segmenter.segment(room(*size, frame_id=3))
    assert mask.alpha.shape == segmenter.mask_shape == SHAPES[model]
    assert mask.alpha.dtype == np.float32
    assert (mask.frame_id, mask.produced_ms) == (3, 5.0)
    assert 0 <= mask.alpha.min() <= mask.alpha.max() <= 1


def test_masks_are_their_own_arrays(segmenter: LiteRtSegmenter) -> None:
    first = segmenter.segment(room(frame_id=1)).alpha
    before = first.copy()
    segmenter.segment(room(640, 480, frame_id=2))
    assert np.array_equal(first, before)


def test_a_person_is_found_and_an_empty_wall_is_not(
    segmenter: LiteRtSegmenter, model: Model, signing_dir: Path
) -> None:
    picture = clip(signing_dir / "dev-student.mp4", 1)[0]
    mask = segmenter.segment(picture)
    assert judge(mask, picture, segmenter.mask_shape, MaskLimits()) is None
    person = next(frame.to_ndarray(format="gray") for frame in _frames(signing_dir / "dev-student.person.mp4"))
    truth = cv2.resize(person, SHAPES[model][::-1]) > 127
    found = mask.alpha > 0.5
    assert (truth & found).sum() / (truth | found).sum() > 0.9
    wall = RawPicture(_grey(picture.planes), 9, 0, picture.time_base)
    assert judge(segmenter.segment(wall), wall, segmenter.mask_shape, MaskLimits()) == "too_small"


def _frames(path: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(path)) as container:
        yield from container.decode(video=0)


def _grey(planes: Planes) -> Planes:
    return Planes(*(np.full_like(plane, 128, order="C") for plane in (planes.y, planes.u, planes.v)))  # type: ignore[arg-type]


def test_full_range_and_limited_range_of_one_picture_give_nearly_one_mask(
    segmenter: LiteRtSegmenter, signing_dir: Path
) -> None:
    limited = clip(signing_dir / "dev-eat.mp4", 1)[0]
    planes = limited.planes
    stretched = np.clip((planes.y.astype(float) - 16) * 255 / 219, 0, 255).round().astype(np.uint8)
    full = RawPicture(Planes(stretched, planes.u, planes.v, full_range=True), 0, 0, limited.time_base)
    ours, theirs = segmenter.segment(limited).alpha, segmenter.segment(full).alpha
    assert np.abs(ours - theirs).mean() < 0.005


def test_closing_twice_is_no_error_and_a_closed_one_makes_no_masks(segmenter: LiteRtSegmenter) -> None:
    segmenter.close()
    segmenter.close()
    with pytest.raises(ValueError, match="closed"):
        segmenter.segment(room())


def test_the_mask_is_that_of_the_whole_network(
    segmenter: LiteRtSegmenter, model: Model, weights_dir: Path, signing_dir: Path
) -> None:
    picture = clip(signing_dir / "dev-book.mp4", 1)[0]
    alpha = segmenter.segment(picture).alpha
    whole = Interpreter(model_path=str(weights_dir / f"{model}.tflite"), num_threads=1)
    whole.allocate_tensors()
    rgb = segmenter.scaled.rgb(picture.planes)
    whole.set_tensor(whole.get_input_details()[0]["index"], rgb[None] * np.float32(1 / 255))
    whole.invoke()
    expected = whole.get_tensor(whole.get_output_details()[0]["index"]).reshape(alpha.shape)
    assert 0.1 < expected.mean() < 0.9
    assert np.abs(alpha - expected).max() < 1e-3  # sums in another order, which each kind of processor has its own of


def test_a_file_that_was_cut_off_is_refused(weights_dir: Path, model: Model, tmp_path: Path) -> None:
    octets = (weights_dir / f"{model}.tflite").read_bytes()
    for share in (1, 5, 9):
        short = tmp_path / f"{share}.tflite"
        short.write_bytes(octets[: len(octets) * share // 10])
        with pytest.raises(ValueError, match="not a segmentation network"):
            LiteRtSegmenter(short, VirtualClock())


def test_a_network_that_ends_in_another_layer_is_refused(weights_dir: Path, model: Model, tmp_path: Path) -> None:
    path = tmp_path / "rearranged.tflite"
    path.write_bytes(rearranged((weights_dir / f"{model}.tflite").read_bytes()))
    with pytest.raises(ValueError, match="not a segmentation network"):
        LiteRtSegmenter(path, VirtualClock())


def test_a_file_that_is_another_network_is_refused(weights_dir: Path) -> None:
    with pytest.raises(ValueError, match="palm_detection_lite"):
        LiteRtSegmenter(weights_dir / "palm_detection_lite.tflite", VirtualClock())


def test_the_live_stage_shows_the_signer_from_the_first_picture_on(weights_dir: Path, signing_dir: Path) -> None:
    pictures = clip(signing_dir / "dev-milk.mp4", 20)
    threads = set(threading.enumerate())
    stage = open_stage(BlurSettings(budget_ms=60_000), weights_dir=weights_dir)
    states = {stage.process(picture).state for picture in pictures}
    stage.close()
    assert states == {PictureState.CLEAR}
    deadline_s = time.monotonic() + 30
    while left := set(threading.enumerate()) - threads:
        assert time.monotonic() < deadline_s, left
        time.sleep(0.005)
    assert stage.statistics().blur_ms_mean > 0


def test_in_place_and_on_a_thread_give_the_same_pictures(weights_dir: Path, signing_dir: Path) -> None:
    pictures = clip(signing_dir / "dev-again.mp4", 6)

    def run(stage: BlurStage) -> list[bytes]:
        shown = [stage.process(picture).planes.y.tobytes() for picture in pictures]
        stage.close()
        return shown

    settings = BlurSettings(budget_ms=60_000)
    in_place = open_stage(settings, clock_ms=monotonic_ms, weights_dir=weights_dir, threaded=False)
    assert run(in_place) == run(open_stage(settings, weights_dir=weights_dir))
