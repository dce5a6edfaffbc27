"""The stage as a whole: counts, times, and what it does without weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from media.compositor import YuvCompositor
from media.gate import PictureChange
from media.mask_source import InlineMasks
from media.picture import RawPicture
from media.segmenter import Mask, Reason
from media.stage import KEPT_TIMES, BlurSettings, BlurStage, mask_maker, open_segmenter, open_stage
from tests.blur_room import FAULTS, SHAPE, GoodSegmenter, VirtualClock, reads_code, room
from video_service.media_plane import PictureState

pytestmark = pytest.mark.unit


def stage_with(segmenter: GoodSegmenter, told: list[PictureChange] | None = None) -> tuple[BlurStage, VirtualClock]:
    clock, settings = VirtualClock(), BlurSettings()
    masks = InlineMasks(mask_maker(segmenter, settings), settings.budget_ms, clock)
    on_change = (told if told is not None else []).append
    # A stopwatch that counts milliseconds one by one: each picture takes 1 ms.
    ticks = iter(range(10**9))
    return BlurStage(masks, YuvCompositor(), clock, settings, on_change, lambda: next(ticks) / 1000), clock


def test_it_counts_pictures_by_what_became_of_them() -> None:
    segmenter, told = GoodSegmenter(), list[PictureChange]()
    stage, clock = stage_with(segmenter, told)
    assert stage.statistics().frames == 0
    for frame_id in range(100):
        segmenter.fault = FAULTS["one NaN"][0] if 10 <= frame_id < 90 else None
        clock.advance(1000 / 30)
        stage.process(room(64, 48, frame_id))
    counts = stage.statistics()
    assert (counts.frames, counts.frames_blurred_whole, counts.frames_slate) == (100, 60, 20)
    assert counts.reasons == {"not_finite": 80}
    assert [counts.blur_ms_mean, counts.blur_ms_p95] == pytest.approx([1.0, 1.0])
    assert [change.state for change in told] == ["clear", "protected", "slate", "clear"]
    assert stage.state is PictureState.CLEAR


def test_times_are_kept_for_the_last_pictures_only() -> None:
    stage, _ = stage_with(GoodSegmenter())
    picture = room(16, 16)
    for _ in range(KEPT_TIMES + 50):
        stage.process(picture)
    assert len(stage._times_ms) == KEPT_TIMES
    assert stage.statistics().frames == KEPT_TIMES + 50


def test_a_source_that_breaks_its_word_and_raises_is_covered() -> None:
    class Raising:
        mask_shape = SHAPE

        def produce(self, picture: RawPicture) -> Mask | Reason:
            raise OSError

        def close(self) -> None:
            pass

    released = BlurStage(Raising(), YuvCompositor(), VirtualClock(), BlurSettings()).process(room())
    assert (released.state, released.reason) == (PictureState.PROTECTED, "raised")


def test_closing_closes_the_segmenter() -> None:
    segmenter = GoodSegmenter()
    stage, _ = stage_with(segmenter)
    stage.close()
    assert segmenter.closed == 1


@pytest.mark.parametrize(
    ("content", "reason"), [(None, Reason.WEIGHTS_MISSING), (b"not these", Reason.WEIGHTS_ALTERED)]
)
@pytest.mark.parametrize("threaded", [True, False])
def test_without_the_right_weights_it_sends_the_slate_from_the_first_picture_on(
    tmp_path: Path, content: bytes | None, reason: Reason, threaded: bool
) -> None:
    if content is not None:
        (tmp_path / "selfie_segmentation.tflite").write_bytes(content)
    told: list[PictureChange] = []
    stage = open_stage(on_change=told.append, weights_dir=tmp_path, threaded=threaded)
    for frame_id in range(5):
        released = stage.process(room(frame_id=frame_id))
        assert (released.state, released.reason) == (PictureState.SLATE, reason)
        assert not reads_code(released.planes.y)
    assert [(change.state, change.reason) for change in told] == [(PictureState.SLATE, reason)]
    assert stage.statistics().frames_slate == 5
    stage.close()
    stage.close()


def test_an_engine_that_does_not_load_is_a_reason_for_the_slate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreadable = tmp_path / "selfie_segmentation.tflite"
    unreadable.write_bytes(b"no network")
    monkeypatch.setattr("media.stage.verified_path", lambda name, directory: unreadable)
    assert open_segmenter(BlurSettings(), VirtualClock()) is Reason.NO_ENGINE
