"""One contract for the engines behind the segmenter's Protocol: LiteRT and mediapipe, with the same weights.

And that mediapipe, which reports its use to an outside host when a task is closed, gets nowhere with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from media.picture import Planes, RawPicture
from media.segmenter import Reason
from media.signer_mask import PersonNetwork
from media.silent import NOWHERE
from media.stage import BlurSettings, open_network, open_segmenter, open_stage
from media.weights import verified_path
from tests.blur_room import VirtualClock, room
from tests.integration.test_blur_network import clip
from tests.quiet_network import OUTSIDE, quiet_host
from video_service.demo_picture import Look, drawn_person
from video_service.media_plane import PictureState

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("litert", "mediapipe")
SHAPES = {"selfie_segmentation": (256, 256), "selfie_segmentation_landscape": (144, 256)}
# Both run the same network; on other processors they may round otherwise.
MOST_APART = 0.02
QUIET_S = 32.0
TALK_S = 10.0
LIMIT_S = 240.0


@pytest.fixture(scope="module", autouse=True)
def own_environment() -> Iterator[None]:
    """Opening mediapipe points this process's proxies nowhere; other tests have theirs back."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module", params=sorted(SHAPES))
def model(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def clock() -> VirtualClock:
    """A clock that stands at 5 ms."""
    standing = VirtualClock()
    standing.advance(5.0)
    return standing


@pytest.fixture(scope="module")
def both(model: str, weights_dir: Path, clock: VirtualClock) -> Iterator[dict[str, PersonNetwork]]:
    """Every engine with one network."""
    path = verified_path(model, weights_dir)
    opened = {engine: open_network(BlurSettings(engine=engine), path, clock) for engine in ENGINES}
    yield opened
    for each in opened.values():
        each.close()


@pytest.fixture(params=ENGINES)
def segmenter(request: pytest.FixtureRequest, both: dict[str, PersonNetwork]) -> PersonNetwork:
    """Each engine in turn."""
    return both[request.param]


def drawn(width: int, height: int, frame_id: int = 0) -> RawPicture:
    """A drawn person who signs."""
    (picture,) = drawn_person(width, height, Look(), pictures=1)
    planar = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
    chroma = planar[height:].reshape(2, height // 2, width // 2)
    planes = Planes(planar[:height].astype(np.uint8), chroma[0].astype(np.uint8), chroma[1].astype(np.uint8))
    return RawPicture(planes, frame_id, 0, Fraction(1, 90_000))


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (90, 61), (2, 2)])
def test_a_mask_has_the_networks_shape_and_the_pictures_id(
    segmenter: PersonNetwork, model: str, size: tuple[int, int]
) -> None:
    mask = segmenter.segment(room(*size, frame_id=3))
    assert mask.alpha.shape == segmenter.mask_shape == SHAPES[model]
    assert mask.alpha.dtype == np.float32
    assert np.isfinite(mask.alpha).all()
    assert 0 <= mask.alpha.min() <= mask.alpha.max() <= 1
    assert (mask.frame_id, mask.produced_ms) == (3, 5.0)


def test_a_mask_is_an_array_of_its_own_that_may_be_written(segmenter: PersonNetwork) -> None:
    first = segmenter.segment(drawn(640, 480)).alpha
    before = first.copy()
    segmenter.segment(drawn(320, 240))
    assert np.array_equal(first, before)
    first[:] = 0


def test_the_picture_as_the_network_saw_it_stays(segmenter: PersonNetwork) -> None:
    segmenter.segment(drawn(640, 480))
    assert segmenter.scaled.y.shape == segmenter.mask_shape
    assert segmenter.scaled.y.std() > 10


def test_a_person_is_found_and_a_wall_is_none(segmenter: PersonNetwork) -> None:
    assert segmenter.segment(drawn(640, 480)).alpha.mean() > 0.1
    half = np.full((240, 320), 128, np.uint8)
    grey = Planes(np.full((480, 640), 128, np.uint8), half, half)
    assert segmenter.segment(RawPicture(grey, 1, 0, Fraction(1, 90_000))).alpha.mean() < 0.02


def test_what_is_no_picture_raises_and_the_next_picture_is_masked(segmenter: PersonNetwork) -> None:
    with pytest.raises(AttributeError):
        segmenter.segment(None)  # type: ignore[arg-type]
    assert segmenter.segment(drawn(640, 480, frame_id=2)).frame_id == 2


def test_the_engines_agree_on_a_drawn_person(both: dict[str, PersonNetwork]) -> None:
    for size in ((640, 480), (480, 640), (1280, 720)):
        one, other = (both[engine].segment(drawn(*size)).alpha for engine in ENGINES)
        assert np.abs(one - other).max() <= MOST_APART


def test_the_engines_agree_on_a_person_who_signs(both: dict[str, PersonNetwork], signing_dir: Path) -> None:
    for picture in clip(signing_dir / "dev-milk.mp4", 10):
        one, other = (both[engine].segment(picture).alpha for engine in ENGINES)
        assert np.abs(one - other).max() <= MOST_APART


@pytest.mark.parametrize("engine", ENGINES)
def test_closing_twice_is_no_error_and_a_closed_one_makes_no_masks(
    engine: str, weights_dir: Path, clock: VirtualClock
) -> None:
    opened = open_network(BlurSettings(engine=engine), verified_path("selfie_segmentation", weights_dir), clock)
    opened.close()
    opened.close()
    with pytest.raises(ValueError, match="closed"):
        opened.segment(drawn(640, 480))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_file_that_is_another_network_is_refused(
    engine: str, weights_dir: Path, tmp_path: Path, clock: VirtualClock
) -> None:
    palms = verified_path("palm_detection_lite", weights_dir)
    broken = tmp_path / "selfie_segmentation.tflite"
    broken.write_bytes(b"no network")
    for path in (palms, broken):
        with pytest.raises(ValueError, match=r"\S"):
            open_network(BlurSettings(engine=engine), path, clock)


def test_the_setting_decides_which_engine_serves_a_call(weights_dir: Path, clock: VirtualClock) -> None:
    settings = BlurSettings(engine="mediapipe")
    masks = open_segmenter(settings, clock, weights_dir)
    assert not isinstance(masks, Reason)
    assert type(masks._people).__name__ == "MediapipeSegmenter"
    masks.close()
    stage = open_stage(settings, weights_dir=weights_dir, threaded=False, clock_ms=clock)
    states = {stage.process(drawn(640, 480, frame_id=number)).state for number in range(3)}
    stage.close()
    assert states == {PictureState.CLEAR}


# A call's use of mediapipe, in a process of its own: opened, pictures for so many seconds, closed; three times over.
USE = """
import json, sys, time
from media.stage import BlurSettings, open_network, monotonic_ms
from media.weights import verified_path
from tests.integration.test_segmenters import drawn
seconds, silent = float(sys.argv[1]), sys.argv[2] == "silent"
if not silent:
    import media.silent
    media.silent.keep_off_the_network = lambda: None  # the control: as if nobody had thought of it
    import media.segmenter_mediapipe
    media.segmenter_mediapipe.keep_off_the_network = lambda: None
path, began_s, masks = verified_path("selfie_segmentation"), time.monotonic(), 0
for turn in range(3):
    segmenter = open_network(BlurSettings(engine="mediapipe"), path, monotonic_ms)
    while True:
        segmenter.segment(drawn(320, 240))
        masks += 1
        if time.monotonic() - began_s > seconds * (turn + 1) / 3:
            break
        time.sleep(0.2)
    segmenter.close()
time.sleep(2)  # what was begun at the last closing may go on beside it
print(json.dumps({"masks": masks, "seconds": time.monotonic() - began_s}))
"""


@pytest.mark.timeout(300)
def test_mediapipe_sends_no_packet_and_would_have_been_seen(weights_dir: Path) -> None:
    with quiet_host() as silent, quiet_host() as talking:
        if silent is None or talking is None:
            pytest.skip("A network namespace needs root and iproute2; on Debian: apt-get install iproute2")
        environment = {name: text for name, text in os.environ.items() if not name.lower().endswith("_proxy")}
        processes = [
            subprocess.Popen(
                [*host.prefix, sys.executable, "-c", USE, seconds, kind],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
            )
            for host, seconds, kind in ((silent, str(QUIET_S), "silent"), (talking, str(TALK_S), "talking"))
        ]
        try:
            said = [json.loads(process.communicate(timeout=LIMIT_S)[0].splitlines()[-1]) for process in processes]
        finally:
            for process in processes:
                process.kill()
                process.wait()
        talking.until(1)

        assert silent.packets == []
        assert said[0]["seconds"] > 30
        assert said[0]["masks"] > 3
        assert f"protocol 17 to {OUTSIDE} port 53" in talking.packets, "the question for the host that it reports to"


def test_a_process_that_has_a_way_out_by_a_proxy_is_kept_from_it_too() -> None:
    script = "import os; from media.silent import keep_off_the_network as k; k(); k(); print(dict(os.environ))"
    way_out = {"https_proxy": "http://10.0.0.1:3128", "NO_PROXY": "*", "no_proxy": "*"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | way_out, capture_output=True, text=True, timeout=60, check=True
    )
    assert "10.0.0.1" not in done.stdout
    assert "no_proxy" not in done.stdout.lower()
    assert done.stdout.count(NOWHERE) == 6
