"""The blur over files: sizes, counts, times, rotation, and a sentence for everything that cannot be done."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from media import file_tool
from media.file_tool import BlurReport, blur_command, blur_file
from media.file_video import FileTrouble
from media.segmenter import Mask, Segmenter
from tests.blur_room import FAULTS, GoodSegmenter, reads_code, room

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
STEADY = tuple(range(0, 12 * 512, 512))
TIME_BASE = Fraction(1, 15_360)


def write_video(
    path: Path,
    size: tuple[int, int] = (320, 240),
    times: Sequence[int] = STEADY,
    *,
    codec: str = "libx264",
    full_range: bool = False,
    rotation: int = 0,
    sound: bool = False,
    shape: Fraction | None = None,
) -> Path:
    """A video of the room with the code; `times` in 1/15360 s."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=30)
        stream.width, stream.height = size
        stream.pix_fmt = "rgb24" if codec == "png" else "yuv420p"
        stream.codec_context.time_base = TIME_BASE
        if full_range:
            stream.codec_context.color_range = 2
        if shape:
            stream.codec_context.sample_aspect_ratio = shape
        if rotation:
            stream.set_display_rotation(rotation)
        audio = container.add_stream("aac", rate=48_000) if sound else None
        for pts in times:
            picture = room(*size, full_range=full_range)
            frame = av.VideoFrame(*size, "yuv420p")
            for plane, ours in zip(frame.planes, (picture.planes.y, picture.planes.u, picture.planes.v), strict=True):
                padded = np.zeros((ours.shape[0], plane.line_size), np.uint8)
                padded[:, : ours.shape[1]] = ours
                plane.update(
                    np.concatenate([padded.ravel(), np.zeros(plane.buffer_size - padded.size, np.uint8)]).tobytes()
                )
            frame.pts, frame.time_base = pts, TIME_BASE
            frame.color_range = 2 if full_range else 1
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio:
            quiet = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            quiet.sample_rate = 48_000
            container.mux(audio.encode(quiet))
            container.mux(audio.encode(None))
    return path


def frames(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def times_ms(path: Path) -> list[int]:
    return [round(float((frame.pts or 0) * (frame.time_base or 0)) * 1000) for frame in frames(path)]


def shown(path: Path) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """What a player shows: upright, as luma."""
    capture = cv2.VideoCapture(str(path))
    pictures: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]] = []
    while True:
        there, picture = capture.read()
        if not there:
            return pictures
        pictures.append(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8))


def good(clock_ms: Callable[[], float]) -> Segmenter:
    return GoodSegmenter(clock_ms)


def test_size_count_and_times_are_kept_and_the_code_is_gone(tmp_path: Path) -> None:
    source, target = write_video(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    progress: list[tuple[int, int | None]] = []
    report = blur_file(source, target, segmenter=good, on_progress=lambda done, of: progress.append((done, of)))
    assert (report.frames, report.width, report.height) == (12, 320, 240)
    assert (report.frames_blurred_whole, report.frames_slate, report.reasons) == (0, 0, {})
    assert 0 < report.ms_mean <= report.ms_p95
    assert progress == [(n, 12) for n in range(1, 13)]
    assert times_ms(target) == times_ms(source)
    assert all(reads_code(picture) for picture in shown(source))
    assert not any(reads_code(picture) for picture in shown(target))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]


def test_the_signer_is_kept_nearly_to_the_byte(tmp_path: Path) -> None:
    source, target = write_video(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    blur_file(source, target, segmenter=good)
    before, after = shown(source)[5].astype(int), shown(target)[5].astype(int)
    signer = (slice(190, 220), slice(235, 275))
    assert np.abs(before - after)[signer].mean() < 3


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".mov", ".avi"])
def test_kinds_of_output(tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"out{ending}"
    assert blur_file(write_video(tmp_path / "in.mp4"), target, segmenter=good).frames == len(frames(target)) == 12


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    uneven = (0, 512, 1600, 1700, 4000, 9000, 15_000)
    source, target = write_video(tmp_path / "in.mkv", times=uneven), tmp_path / "out.mkv"
    blur_file(source, target, segmenter=good)
    assert times_ms(source) == times_ms(target) == [round(pts / 15.36) for pts in uneven]


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_a_rotated_video_comes_out_upright(tmp_path: Path, rotation: int) -> None:
    source, target = write_video(tmp_path / "in.mp4", rotation=rotation), tmp_path / "out.mp4"
    # The signer is looked for where the picture is upright: a mask of the whole right half would miss it otherwise.
    report = blur_file(source, target, segmenter=everywhere_but_the_code)
    expected = (240, 320) if rotation % 180 else (320, 240)
    assert (report.width, report.height) == expected
    assert frames(target)[0].rotation == 0
    before, after = shown(source), shown(target)
    assert [picture.shape for picture in before] == [picture.shape for picture in after]
    middle = (slice(100, 140), slice(100, 140))
    assert np.abs(before[3].astype(int) - after[3])[middle].mean() < 4


def everywhere_but_the_code(clock_ms: Callable[[], float]) -> Segmenter:
    segmenter = GoodSegmenter(clock_ms)

    def half(mask: Mask) -> Mask:
        alpha = np.zeros_like(mask.alpha)
        alpha[8:56, 8:56] = 1.0
        return Mask(mask.frame_id, alpha, mask.produced_ms)

    segmenter.fault = half
    return segmenter


def test_odd_sizes_are_kept(tmp_path: Path) -> None:
    source, target = write_video(tmp_path / "in.mkv", (321, 239), codec="ffv1"), tmp_path / "out.mkv"
    report = blur_file(source, target, segmenter=good)
    assert (report.width, report.height) == (321, 239)
    assert [picture.shape for picture in shown(target)] == [(239, 321)] * 12
    assert np.abs(shown(source)[0].astype(int) - shown(target)[0])[190:220, 235:275].mean() < 3


def test_full_range_and_pixel_shape_are_kept(tmp_path: Path) -> None:
    source = write_video(tmp_path / "in.mkv", full_range=True, shape=Fraction(4, 3))
    target = tmp_path / "out.mkv"
    blur_file(source, target, segmenter=good)
    before, after = frames(source)[0], frames(target)[0]
    assert before.color_range == after.color_range == 2
    with av.open(str(target)) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


def test_sound_is_left_out(tmp_path: Path) -> None:
    source, target = write_video(tmp_path / "in.mp4", sound=True), tmp_path / "out.mp4"
    blur_file(source, target, segmenter=good)
    with av.open(str(target)) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def failing(name: str) -> Callable[[Callable[[], float]], Segmenter]:
    def make(clock_ms: Callable[[], float]) -> Segmenter:
        segmenter = GoodSegmenter(clock_ms)
        segmenter.fault = FAULTS[name][0]
        return segmenter

    return make


def test_the_pictures_time_is_the_clock(tmp_path: Path) -> None:
    slow = tuple(range(0, 30 * 3840, 3840))  # 4 pictures a second: the slate comes after 2 s, not after 60 pictures
    source, target = write_video(tmp_path / "in.mp4", times=slow), tmp_path / "out.mp4"
    report = blur_file(source, target, segmenter=failing("zeros"))
    assert (report.frames, report.frames_blurred_whole, report.frames_slate) == (30, 9, 21)
    assert report.reasons == {"too_small": 30}
    assert not any(reads_code(picture) for picture in shown(target))


def test_evidence_that_is_late_by_the_pictures_time_is_late_in_the_file(tmp_path: Path) -> None:
    def make(clock_ms: Callable[[], float]) -> Segmenter:
        segmenter = GoodSegmenter(clock_ms)
        segmenter.fault = lambda mask: Mask(mask.frame_id, mask.alpha, clock_ms() + 60)
        return segmenter

    report = blur_file(write_video(tmp_path / "in.mp4"), tmp_path / "out.mp4", segmenter=make)
    assert report.reasons == {"late": 12}


def no_video(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        audio = container.add_stream("aac", rate=48_000)
        quiet = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        quiet.sample_rate = 48_000
        container.mux(audio.encode(quiet))
        container.mux(audio.encode(None))
    return path


def spoilt(path: Path) -> None:
    content = bytearray(write_video(path.with_suffix(".mov"), codec="png").read_bytes())
    path.with_suffix(".mov").unlink()
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)


INPUTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "There is no file"),
    "a folder": (lambda path: path.mkdir(), "There is no file"),
    "text": (lambda path: path.write_text("not a video\n" * 50), "cannot be read as a video"),
    "empty": (lambda path: path.write_bytes(b""), "cannot be read as a video"),
    "sound only": (no_video, "has no video in it"),
    "no pictures": (lambda path: path.write_text("YUV4MPEG2 W64 H48 F30:1 C420jpeg\n"), "has no pictures in it"),
    "spoilt in the middle": (spoilt, "breaks off after [1-9]"),
    "a playlist": (
        lambda path: path.write_text("ffconcat version 1.0\nfile 'other.mp4'\n"),
        "breaks off|cannot be read",
    ),
}


@pytest.mark.parametrize(("make", "sentence"), INPUTS.values(), ids=INPUTS.keys())
def test_an_input_that_cannot_be_used_gets_a_sentence(
    tmp_path: Path, make: Callable[[Path], object], sentence: str
) -> None:
    source, target = tmp_path / "in.mp4", tmp_path / "out.mp4"
    make(source)
    with pytest.raises(FileTrouble, match=sentence):
        blur_file(source, target, segmenter=good)
    assert not target.exists()
    assert not list(tmp_path.glob(".*"))


def test_a_playlist_that_names_an_outside_address_is_not_followed(tmp_path: Path) -> None:
    source = tmp_path / "in.m3u8"
    source.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(FileTrouble):
        blur_file(source, tmp_path / "out.mp4", segmenter=good)


OUTPUTS: dict[str, tuple[str, str]] = {
    "no such folder": ("none/out.mp4", "cannot be written"),
    "no ending": ("out", "let it end in"),
    "unknown ending": ("out.xyz", "let it end in"),
    "takes no H.264": ("out.webm", "cannot be written as H.264"),
    "the input itself": ("in.mp4", "same file"),
    "a folder": ("folder.mp4", "cannot be written"),
}


@pytest.mark.parametrize(("name", "sentence"), OUTPUTS.values(), ids=OUTPUTS.keys())
def test_an_output_that_cannot_be_written_gets_a_sentence(tmp_path: Path, name: str, sentence: str) -> None:
    source = write_video(tmp_path / "in.mp4")
    (tmp_path / "folder.mp4").mkdir()
    before = source.read_bytes()
    with pytest.raises(FileTrouble, match=sentence):
        blur_file(source, tmp_path / name, segmenter=good)
    assert source.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.mp4", "in.mp4"]


def test_an_old_output_stays_when_the_new_one_fails(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    target.write_text("old")
    (tmp_path / "in.mp4").write_text("no video")
    with pytest.raises(FileTrouble):
        blur_file(tmp_path / "in.mp4", target, segmenter=good)
    assert target.read_text() == "old"


def test_without_weights_it_says_so_instead_of_making_a_film_of_slates(tmp_path: Path) -> None:
    source = write_video(tmp_path / "in.mp4")
    with pytest.raises(FileTrouble, match=r"media\.weights fetch"):
        blur_file(source, tmp_path / "out.mp4", weights_dir=tmp_path)
    (tmp_path / "selfie_segmentation.tflite").write_bytes(b"other")
    with pytest.raises(FileTrouble, match="not the right ones"):
        blur_file(source, tmp_path / "out.mp4", weights_dir=tmp_path)
    assert not (tmp_path / "out.mp4").exists()


def report_of(**changes: object) -> BlurReport:
    values: dict[str, object] = {
        "frames": 90, "width": 640, "height": 480, "ms_mean": 3.456, "ms_p95": 4.5, "frames_blurred_whole": 2,
        "frames_slate": 0, "reasons": {},
    }  # fmt: skip
    return BlurReport(**(values | changes))  # type: ignore[arg-type]


def test_what_is_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    report = report_of(frames_slate=3, reasons={"late": 5})
    monkeypatch.setattr(file_tool, "blur_file", lambda *args, **options: report)
    assert blur_command(Path("a"), Path("b")) == 0
    assert capsys.readouterr().out.splitlines() == [
        "frames                90 of 640x480",
        "ms per frame          mean 3.46, p95 4.50 (blur stage, one core)",
        "frames blurred whole  2",
        "frames of slate       3",
        "because               late 5",
    ]
    assert blur_command(Path("a"), Path("b"), as_json=True) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["frames_blurred_whole"] == 2
    assert said.err == ""


def test_trouble_is_a_sentence_and_a_status(tmp_path: Path, weights_dir: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "media.file_tool", str(tmp_path / "none.mp4"), str(tmp_path / "out.mp4")],
        capture_output=True, text=True, cwd=ROOT, timeout=100, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_signing_clip_from_end_to_end(tmp_path: Path, weights_dir: Path, signing_dir: Path) -> None:
    source, target = signing_dir / "dev-eat.mp4", tmp_path / "out.mp4"
    done = subprocess.run(
        [sys.executable, "-m", "media.file_tool", str(source), str(target), "--json"],
        capture_output=True, text=True, cwd=ROOT, timeout=100, check=True,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert (report["frames"], report["frames_blurred_whole"], report["frames_slate"]) == (47, 0, 0)
    assert times_ms(source) == times_ms(target)
