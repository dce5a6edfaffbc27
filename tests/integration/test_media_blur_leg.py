"""One agent's pipeline under load and faults: it drops, it never queues, and nothing gets past the stage."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from media.assembler import EncodedFrame
from media.blur_leg import CATCH_UP_MS, MAX_WAITING, BlurLeg
from media.decoder import PictureDecoder
from media.encoder import EncodedPicture, PictureEncoder
from media.ladder import Gauge
from media.loss import KEY_FRAME_INTERVAL_MS
from media.negotiation import H264, VP8
from media.picture import RawPicture
from media.rate_control import Limits
from tests.integration.media_peers import read_number, until
from tests.integration.test_media_codec import frame_of, protected
from tests.media_gate import InvertingStage
from video_service.media_plane import PictureState

pytestmark = pytest.mark.integration

LIMITS = Limits(start=800_000, minimum=100_000, maximum=2_000_000)


def camera_frames(count: int, codec: str = VP8) -> list[EncodedFrame]:
    """Frames as an agent's browser would send them; frame 0 is a key frame. Cards come inverted out of this gate."""
    encoder = PictureEncoder(codec, 800_000, 2_000_000)
    return [frame_of(encoder.encode(protected(number))) for number in range(count)]


class Bench:
    """A blur leg and everything that it says. Its clock stands, however long a busy machine takes for a picture."""

    def __init__(self, stage: InvertingStage) -> None:
        self.executor = ThreadPoolExecutor(1)
        self.stage = stage
        self.encoded: list[EncodedPicture] = []
        self.keys_needed = 0
        self.now_ms = 0.0
        self.states: list[tuple[PictureState, str]] = []
        self.leg = BlurLeg(
            stage,
            self.executor,
            LIMITS,
            on_encoded=self.encoded.append,
            on_key_needed=self._key_needed,
            on_state=lambda state, reason: self.states.append((state, reason)),
            now_ms=lambda: self.now_ms,
        )
        self.leg.watched = self.leg.full_rate = True

    def _key_needed(self) -> None:
        self.keys_needed += 1

    async def show(self, frames: list[EncodedFrame]) -> None:
        """Give frames one by one, each when the one before is through."""
        for frame in frames:
            self.leg.receive([frame])
            await until(lambda: self.leg._running is None and not self.leg._waiting, "the frame is through")

    def numbers(self) -> list[int]:
        """Read what viewers see: the cards were inverted twice on their way, so they are upright again."""
        decoder = PictureDecoder()
        pictures = [decoder.decode(frame_of(encoded)) for encoded in self.encoded]
        return [read_number(picture.planes.y) for picture in pictures if picture is not None]

    async def close(self) -> None:
        await self.leg.close()
        self.executor.shutdown()


Make = Callable[[InvertingStage], Bench]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    benches: list[Bench] = []

    def one(stage: InvertingStage) -> Bench:
        benches.append(Bench(stage))
        return benches[-1]

    yield one
    for bench in benches:
        await bench.close()


@pytest.mark.parametrize("codec", [VP8, H264])
async def test_every_frame_goes_through_the_stage_once(make: Make, codec: str) -> None:
    bench = make(InvertingStage())
    await bench.show(camera_frames(12, codec))

    assert bench.numbers() == list(range(12))
    assert bench.stage.seen == 12
    assert bench.leg.dropped == 0
    assert bench.states == [(PictureState.PROTECTED, "no_mask")]
    assert [encoded.key for encoded in bench.encoded] == [True] + [False] * 11


async def test_a_picture_never_touches_the_loops_thread_nor_the_loops_own_executor(make: Make) -> None:
    """A stage that hangs must not hold up whoever else asks the default executor for a thread."""
    threads: list[int] = []
    bench = make(InvertingStage(lambda _: threads.append(threading.get_ident())))
    await bench.show(camera_frames(2))

    assert set(threads) == {thread.ident for thread in bench.executor._threads}
    assert threading.get_ident() not in threads


async def test_a_slow_stage_drops_frames_and_shows_the_newest(make: Make) -> None:
    go, started = threading.Event(), threading.Event()

    def wait(_: RawPicture) -> None:
        started.set()
        assert go.wait(60)

    bench = make(InvertingStage(wait))
    frames = camera_frames(20)
    bench.leg.receive([frames[0]])
    await until(started.is_set, "the stage has begun")
    for frame in frames[1:]:
        bench.leg.receive([frame])
    go.set()
    await until(lambda: len(bench.encoded) == 2, "two frames are out")

    assert bench.numbers() == [0, 19], "all were decoded, only the newest was shown"
    assert bench.leg.dropped == 18


@pytest.mark.parametrize(("apart_ms", "late"), [(0.0, 0), (10.0, 0), (33.0, 10)])
async def test_only_frames_that_came_at_the_cameras_pace_say_that_the_thread_is_slow(
    make: Make, apart_ms: float, late: int
) -> None:
    """Frames that a bad line brings all at once are dropped, too, but no reason to make fewer of them."""
    go, started = threading.Event(), threading.Event()

    def wait(_: RawPicture) -> None:
        started.set()
        assert go.wait(60)

    bench, gauge = make(InvertingStage(wait)), Counted()
    bench.leg.gauge = gauge
    frames = camera_frames(12)
    bench.leg.receive(frames[:1])
    await until(started.is_set, "the stage has begun")
    for frame in frames[1:]:
        bench.now_ms += apart_ms
        bench.leg.receive([frame])
    go.set()
    await until(lambda: len(bench.encoded) == 2, "two frames are out")

    assert (bench.leg.dropped, gauge.late) == (10, late)


class Counted(Gauge):
    """Keeps the sum of what it is told."""

    late = 0

    def note(self, *, shown: int, late: int, wait_ms: float) -> None:
        self.late += late


async def test_frames_that_a_loss_held_back_are_all_shown(make: Make) -> None:
    bench = make(InvertingStage())
    frames = camera_frames(12)
    await bench.show(frames[:1])
    bench.leg.receive(frames[1:11])
    bench.leg.receive(frames[11:])
    await until(lambda: len(bench.encoded) == 12, "all are out")

    assert bench.numbers() == list(range(12)), "in order, and the one that came meanwhile as well"
    assert bench.leg.dropped == 0


async def test_a_thread_that_cannot_catch_up_in_time_goes_on_with_the_newest(make: Make) -> None:
    go, started = threading.Event(), threading.Event()

    def wait(_: RawPicture) -> None:
        started.set()
        assert go.wait(60)

    bench = make(InvertingStage(wait))
    frames = camera_frames(12)
    bench.leg.receive(frames[:6])
    await until(started.is_set, "the stage has begun")
    bench.leg.receive(frames[6:])
    bench.now_ms = CATCH_UP_MS
    go.set()
    await until(lambda: len(bench.encoded) == 2, "two frames are out")
    await bench.show(camera_frames(1))

    assert bench.numbers() == [0, 11, 0], "then a frame at a time again"


async def test_a_stage_that_hangs_costs_bounded_memory_and_nothing_leaves(make: Make) -> None:
    go = threading.Event()

    def hang(_: RawPicture) -> None:
        go.wait(60)

    bench = make(InvertingStage(hang))
    for frame in camera_frames(MAX_WAITING * 3):
        bench.leg.receive([frame])
        assert len(bench.leg._waiting) <= MAX_WAITING

    assert bench.encoded == []
    assert bench.keys_needed >= 1
    go.set()


async def test_a_stage_that_raises_sends_nothing_and_goes_on(make: Make) -> None:
    def fail(picture: RawPicture) -> None:
        if picture.frame_id in (1, 3):
            raise RuntimeError("a fault")

    bench = make(InvertingStage(fail))
    await bench.show(camera_frames(5))

    assert bench.numbers() == [1, 3, 4]
    assert bench.encoded[0].key
    assert bench.leg.dropped == 2


async def test_frames_after_a_damaged_one_wait_for_a_key_frame(make: Make) -> None:
    bench = make(InvertingStage())
    frames = camera_frames(4)
    await bench.show([frames[0], EncodedFrame(VP8, b"\x10", 5, True)])

    assert bench.keys_needed == 1
    assert len(bench.encoded) == 1


async def test_nobody_watching_means_no_work_but_decoding_goes_on(make: Make) -> None:
    bench = make(InvertingStage())
    bench.leg.watched = False
    frames = camera_frames(10)
    await bench.show(frames[:6])
    assert (bench.stage.seen, bench.encoded) == (0, [])

    bench.leg.watched = True
    bench.leg.want_key_frame(new_viewer=True)
    await bench.show(frames[6:])
    assert bench.numbers() == [6, 7, 8, 9]


async def test_an_idle_preview_shows_every_other_frame_and_a_call_every_one(make: Make) -> None:
    bench = make(InvertingStage())
    bench.leg.full_rate = False
    frames = camera_frames(30)
    await bench.show(frames[:20])
    assert len(bench.encoded) == 10

    bench.leg.full_rate = True
    await bench.show(frames[20:])
    assert len(bench.encoded) == 20


async def test_a_new_viewer_gets_a_key_frame_with_the_next_picture_also_in_an_idle_preview(make: Make) -> None:
    bench = make(InvertingStage())
    bench.leg.full_rate = False
    frames = camera_frames(6)
    await bench.show(frames[:1])
    bench.leg.want_key_frame(new_viewer=True)
    await bench.show(frames[1:3])

    assert [encoded.key for encoded in bench.encoded][:2] == [True, True]


async def test_key_frames_on_request_are_at_most_one_a_second(make: Make) -> None:
    bench = make(InvertingStage())
    frames = camera_frames(20)
    await bench.show(frames[:1])
    for frame in frames[1:]:
        bench.leg.want_key_frame(new_viewer=False)
        await bench.show([frame])
        bench.now_ms += (KEY_FRAME_INTERVAL_MS - 1) / 18

    assert [index for index, encoded in enumerate(bench.encoded) if encoded.key] == [0, 1]
    bench.now_ms += KEY_FRAME_INTERVAL_MS
    await bench.show(camera_frames(1))
    assert bench.encoded[-1].key


async def test_another_codec_is_used_from_the_next_picture_on(make: Make) -> None:
    bench = make(InvertingStage())
    frames = camera_frames(4)
    await bench.show(frames[:2])
    bench.leg.codec = H264
    await bench.show(frames[2:])

    assert [(encoded.codec, encoded.key) for encoded in bench.encoded] == [
        (VP8, True),
        (VP8, False),
        (H264, True),
        (H264, False),
    ]
    assert bench.numbers() == [0, 1, 2, 3]


async def test_closing_twice_frees_the_stage_and_takes_no_more_frames(make: Make) -> None:
    bench = make(InvertingStage())
    frames = camera_frames(2)
    await bench.show(frames[:1])
    await bench.leg.close()
    await bench.leg.close()
    bench.leg.receive([frames[1]])

    await until(bench.stage.closed.is_set, "the stage is closed")
    assert len(bench.encoded) == 1
