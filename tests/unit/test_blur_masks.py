"""Where masks come from: whatever a segmenter does, the stage gets a mask or a reason, and gets it in time."""

from __future__ import annotations

import dataclasses
import gc
import threading
import time
import tracemalloc
import weakref
from collections.abc import Callable, Iterator

import pytest

from media.judge import MaskLimits
from media.mask_filter import SlowOut
from media.mask_source import InlineMasks, MaskMaker, NoMasks, ThreadedMasks
from media.picture import RawPicture
from media.segmenter import Mask, Reason
from tests.blur_room import FAULTS, SHAPE, GoodSegmenter, Hang, VirtualClock, room

pytestmark = pytest.mark.unit

FOREVER_MS = 60_000.0


class Counting:
    """A filter that counts."""

    def __init__(self) -> None:
        self.applied = self.resets = 0

    def apply(self, picture: RawPicture, mask: Mask) -> Mask:
        self.applied += 1
        return mask

    def reset(self) -> None:
        self.resets += 1


class Failing(Counting):
    def apply(self, picture: RawPicture, mask: Mask) -> Mask:
        raise MemoryError


def maker(segmenter: GoodSegmenter, *filters: Counting | SlowOut) -> MaskMaker:
    return MaskMaker(segmenter, filters, MaskLimits())


def test_a_source_without_segmenter_says_why() -> None:
    source = NoMasks(Reason.WEIGHTS_MISSING)
    assert source.produce(room()) is Reason.WEIGHTS_MISSING
    source.close()


@pytest.mark.parametrize(("fault", "reason"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_becomes_its_reason_and_the_filters_forget(fault: Callable[[Mask], object], reason: str) -> None:
    segmenter, counting = GoodSegmenter(), Counting()
    masks = maker(segmenter, counting)
    assert isinstance(masks.make(room(frame_id=1)), Mask)
    segmenter.fault = fault
    assert masks.make(room(frame_id=2)) == reason
    assert (counting.applied, counting.resets) == (1, 1)
    segmenter.fault = None
    assert isinstance(masks.make(room(frame_id=3)), Mask)


def test_a_filter_with_a_past_cannot_hide_a_failed_segmenter() -> None:
    segmenter = GoodSegmenter()
    masks = maker(segmenter, SlowOut(fall=0.1))
    masks.make(room(frame_id=1))
    segmenter.fault = FAULTS["zeros"][0]
    assert masks.make(room(frame_id=2)) is Reason.TOO_SMALL


def test_a_filter_that_raises_means_no_mask() -> None:
    failing = Failing()
    assert maker(GoodSegmenter(), failing).make(room()) is Reason.RAISED
    assert failing.resets == 1


@pytest.mark.parametrize("took_ms", [0.0, 50.0, 50.1, 400.0])
def test_in_place_a_mask_is_late_by_the_clock_and_not_by_the_wall(took_ms: float) -> None:
    clock = VirtualClock()
    segmenter = GoodSegmenter(clock)

    def slowly(mask: Mask) -> Mask:
        clock.advance(took_ms)
        return dataclasses.replace(mask, produced_ms=clock())

    segmenter.fault = slowly
    made = InlineMasks(maker(segmenter), 50.0, clock).produce(room())
    assert (made is Reason.LATE) == (took_ms > 50)


def test_closing_in_place_closes_the_segmenter() -> None:
    segmenter = GoodSegmenter()
    InlineMasks(maker(segmenter), 50.0, VirtualClock()).close()
    assert segmenter.closed == 1


@pytest.fixture
def hang() -> Iterator[Hang]:
    """A hang that ends with the test at the latest, so that no thread stays."""
    hang = Hang()
    yield hang
    hang.let_go.set()


class Patience:
    """Waits for ever, unless the test knows that nothing will come."""

    def __init__(self) -> None:
        self.hopeless = False
        self.waits = 0

    def __call__(self, event: threading.Event, seconds: float) -> bool:
        self.waits += 1
        return event.wait(0 if self.hopeless else FOREVER_MS)


def until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end_s, "it never came true"
        time.sleep(0.001)


def test_on_its_thread_each_picture_gets_its_own_mask() -> None:
    segmenter = GoodSegmenter()
    masks = ThreadedMasks(maker(segmenter), FOREVER_MS)
    for frame_id in range(50):
        made = masks.produce(room(frame_id=frame_id))
        assert isinstance(made, Mask)
        assert made.frame_id == frame_id
    assert masks.mask_shape == SHAPE
    masks.close()
    assert segmenter.closed == 1


def test_a_deadline_in_real_time() -> None:
    segmenter, hang = GoodSegmenter(), Hang()
    segmenter.fault = hang
    masks = ThreadedMasks(maker(segmenter), 5.0)
    assert masks.produce(room()) is Reason.LATE
    assert masks.busy
    hang.let_go.set()
    until(lambda: not masks.busy)
    masks.close()


def test_a_hung_segmenter_is_waited_for_once_more_and_then_no_longer(hang: Hang) -> None:
    segmenter, patience = GoodSegmenter(), Patience()
    masks = ThreadedMasks(maker(segmenter), FOREVER_MS, patience)
    segmenter.fault, patience.hopeless = hang, True
    assert [masks.produce(room(frame_id=n)) for n in range(6)] == [Reason.LATE] * 6
    assert patience.waits == 2
    assert masks.busy
    assert hang.entered.wait(30)
    assert segmenter.calls == 1


def test_a_hiccup_costs_one_picture(hang: Hang) -> None:
    segmenter, patience = GoodSegmenter(), Patience()
    masks = ThreadedMasks(maker(segmenter), FOREVER_MS, patience)
    segmenter.fault, patience.hopeless = hang, True
    assert masks.produce(room(frame_id=1)) is Reason.LATE
    assert hang.entered.wait(30)
    segmenter.fault, patience.hopeless = None, False
    hang.let_go.set()  # it comes back while the next picture waits
    assert isinstance(masks.produce(room(frame_id=2)), Mask)
    masks.close()


def test_what_comes_back_late_is_dropped_and_the_next_picture_gets_its_own(hang: Hang) -> None:
    segmenter, patience = GoodSegmenter(), Patience()
    masks = ThreadedMasks(maker(segmenter), FOREVER_MS, patience)
    segmenter.fault, patience.hopeless = hang, True
    assert [masks.produce(room(frame_id=n)) for n in range(5)] == [Reason.LATE] * 5
    assert hang.entered.wait(30)
    segmenter.fault, patience.hopeless = None, False
    hang.let_go.set()
    until(lambda: not masks.busy)
    made = masks.produce(room(frame_id=9))
    assert isinstance(made, Mask)
    assert made.frame_id == 9
    assert segmenter.calls == 2
    masks.close()


def test_a_hung_segmenter_holds_one_thread_and_one_picture_and_no_growing_memory(hang: Hang) -> None:
    segmenter, patience = GoodSegmenter(), Patience()
    masks = ThreadedMasks(maker(segmenter), FOREVER_MS, patience)
    threads = set(threading.enumerate())
    segmenter.fault, patience.hopeless = hang, True
    seen: list[weakref.ref[object]] = []

    def feed(count: int) -> None:
        for frame_id in range(count):
            picture = room(64, 48, frame_id)
            seen.append(weakref.ref(picture.planes.y))
            assert masks.produce(picture) is Reason.LATE

    feed(50)
    assert hang.entered.wait(30)
    seen.clear()
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    feed(1000)
    alive = sum(ref() is not None for ref in seen)
    seen.clear()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert set(threading.enumerate()) <= threads  # one of another test may end meanwhile
    assert alive <= 1
    assert after - before < 50_000  # 1,000 pictures are 4.6 MB
    assert segmenter.calls == 1


def test_a_segmenter_that_ends_its_thread_does_not(hang: Hang) -> None:
    segmenter = GoodSegmenter()
    masks = ThreadedMasks(maker(segmenter), FOREVER_MS)

    def leave(mask: Mask) -> object:
        raise SystemExit

    segmenter.fault = leave
    assert masks.produce(room(frame_id=1)) is Reason.RAISED
    segmenter.fault = None
    assert isinstance(masks.produce(room(frame_id=2)), Mask)
    masks.close()


def test_closing_twice_is_closing_once_and_later_pictures_get_no_mask() -> None:
    segmenter = GoodSegmenter()
    masks = ThreadedMasks(maker(segmenter), FOREVER_MS)
    masks.close()
    masks.close()
    assert segmenter.closed == 1
    assert masks.produce(room()) is Reason.NO_MASK


def test_closing_a_hung_segmenter_does_not_wait_for_it(hang: Hang, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.mask_source.CLOSE_WAIT_S", 0.0)
    segmenter = GoodSegmenter()
    segmenter.fault = hang
    masks = ThreadedMasks(maker(segmenter), 0.0)
    assert masks.produce(room()) is Reason.LATE
    assert hang.entered.wait(30)
    masks.close()
    assert segmenter.closed == 0  # never under a running inference
    hang.let_go.set()
    until(lambda: segmenter.closed == 1)
