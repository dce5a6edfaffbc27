"""The gate's decisions: clear, covered, slate, and never an error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.compositor import YuvCompositor
from media.gate import HOPELESS, Gate, PictureChange
from media.judge import MaskLimits
from media.picture import Planes, ProtectedPicture, RawPicture, require_protected
from media.segmenter import Alpha, Mask, Reason
from media.slate import draw
from tests.blur_room import FAULTS, SHAPE, VirtualClock, room, signer_alpha
from video_service.media_plane import PictureState

pytestmark = pytest.mark.unit

CLEAR, PROTECTED, SLATE = PictureState.CLEAR, PictureState.PROTECTED, PictureState.SLATE
STEP_MS = 1000 / 30


class Broken:
    """A compositor that can fail in both of its duties, by raising or by giving `wrong`."""

    def __init__(self, wrong: Callable[[Planes], object] | None = None, *, whole_too: bool = False) -> None:
        self.wrong, self.whole_too = wrong, whole_too

    def clear(self, planes: Planes, alpha: Alpha) -> Planes:
        if self.wrong is None:
            raise ZeroDivisionError
        return self.wrong(planes)  # type: ignore[return-value]

    def whole(self, planes: Planes) -> Planes:
        return self.clear(planes, signer_alpha()) if self.whole_too else YuvCompositor().whole(planes)


class Bench:
    """A gate with its clock and what it told."""

    def __init__(self, compositor: YuvCompositor | Broken | None = None, slate_after_ms: float = 2000) -> None:
        self.clock = VirtualClock()
        self.told: list[PictureChange] = []
        self.gate = Gate(
            compositor or YuvCompositor(),
            SHAPE,
            self.clock,
            slate_after_ms=slate_after_ms,
            limits=MaskLimits(),
            on_change=self.told.append,
        )
        self.frame_id = 0

    def show(self, evidence: Mask | Reason | None = None, size: tuple[int, int] = (64, 48)) -> ProtectedPicture:
        """Release the next picture; by default with a good mask."""
        self.frame_id += 1
        self.clock.advance(STEP_MS)
        picture = room(*size, self.frame_id)
        return self.gate.release(picture, Mask(self.frame_id, signer_alpha(), 0.0) if evidence is None else evidence)

    def states(self, evidence: Mask | Reason | None, count: int) -> list[PictureState]:
        return [self.show(evidence).state for _ in range(count)]


def test_a_good_mask_makes_a_clear_picture() -> None:
    bench = Bench()
    assert bench.gate.state is PROTECTED
    released = bench.show()
    assert (released.state, released.reason, released.frame_id) == (CLEAR, "", 1)
    assert bench.gate.state is CLEAR
    assert require_protected(released) is released


def test_before_the_first_good_mask_the_picture_is_covered_and_then_a_slate() -> None:
    states = Bench().states(Reason.NO_MASK, 70)
    assert states == [PROTECTED] * 61 + [SLATE] * 9  # the first picture, then 2 s of 30 pictures


def test_after_a_good_mask_two_seconds_without_another_bring_the_slate() -> None:
    bench = Bench()
    assert bench.states(None, 5) == [CLEAR] * 5
    assert bench.states(Reason.LATE, 70) == [PROTECTED] * 60 + [SLATE] * 10


def test_one_good_mask_is_enough_to_be_clear_again_and_starts_the_time_anew() -> None:
    bench = Bench()
    bench.states(Reason.LATE, 100)
    assert bench.states(None, 1) == [CLEAR]
    assert bench.states(Reason.LATE, 60) == [PROTECTED] * 60
    assert bench.states(None, 1) == [CLEAR]


@pytest.mark.parametrize("reason", sorted(HOPELESS))
def test_what_time_cannot_mend_is_a_slate_from_the_first_picture_on(reason: Reason) -> None:
    bench = Bench()
    released = bench.show(reason)
    card = draw(64, 48)
    assert (released.state, released.reason) == (SLATE, reason)
    assert np.array_equal(released.planes.y, card.y)


@pytest.mark.parametrize(("fault", "reason"), FAULTS.values(), ids=FAULTS.keys())
def test_the_gate_itself_looks_at_every_mask(fault: Callable[[Mask], object], reason: str) -> None:
    if reason != Reason.RAISED:
        bench = Bench()
        wrong = fault(Mask(1, signer_alpha(), 0.0))
        released = bench.show(wrong if wrong is not None else "nothing")  # type: ignore[arg-type]
        assert released.state is PROTECTED
        assert released.reason == (reason if wrong is not None else Reason.WRONG_TYPE)


def test_evidence_that_cannot_even_be_looked_at_is_no_mask() -> None:
    class Evil(Mask):
        @property
        def frame_id(self) -> int:
            raise RuntimeError

    released = Bench().show(Evil.__new__(Evil))
    assert (released.state, released.reason) == (PROTECTED, Reason.RAISED)


def raw_itself(planes: Planes) -> Planes:
    return planes


def raw_upside_down(planes: Planes) -> Planes:
    return Planes(planes.y[::-1], planes.u.copy(), planes.v.copy())


def too_small(planes: Planes) -> Planes:
    return draw(16, 16)


WRONG_PLANES = {"raises": None, "the raw picture": raw_itself, "a view": raw_upside_down, "another size": too_small}


@pytest.mark.parametrize("wrong", [*WRONG_PLANES.values(), lambda planes: None], ids=[*WRONG_PLANES, "nothing"])
def test_a_compositor_that_fails_or_hands_back_the_room_costs_the_picture(
    wrong: Callable[[Planes], object] | None,
) -> None:
    covered = Bench(Broken(wrong)).show()
    assert (covered.state, covered.reason) == (PROTECTED, Reason.RAISED)
    bare = Bench(Broken(wrong, whole_too=True)).show()
    assert (bare.state, bare.reason) == (SLATE, Reason.RAISED)
    assert np.array_equal(bare.planes.y, draw(64, 48).y)


def test_a_compositor_that_keeps_failing_ends_in_the_slate() -> None:
    assert Bench(Broken()).states(None, 65) == [PROTECTED] * 61 + [SLATE] * 4


def test_even_without_a_drawing_there_is_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(width: int, height: int, full_range: bool = False) -> Planes:
        raise MemoryError

    monkeypatch.setattr("media.slate.draw", fail)
    released = Bench().show(Reason.WEIGHTS_MISSING)
    assert released.state is SLATE
    assert np.unique(released.planes.y).tolist() == [128]


def test_each_change_of_state_is_told_once_with_its_reason() -> None:
    bench = Bench()
    bench.states(Reason.LATE, 3)
    bench.states(Reason.RAISED, 3)
    bench.states(None, 3)
    bench.states(Reason.NOT_FINITE, 62)
    bench.states(None, 1)
    assert [(change.state, change.reason, change.frame_id) for change in bench.told] == [
        (PROTECTED, "late", 1),
        (CLEAR, "", 7),
        (PROTECTED, "not_finite", 10),
        (SLATE, "not_finite", 70),
        (CLEAR, "", 72),
    ]
    assert bench.told[0].at_ms == pytest.approx(STEP_MS)


def test_a_listener_that_raises_does_not_stop_the_picture() -> None:
    def listen(change: PictureChange) -> None:
        raise KeyError

    gate = Gate(YuvCompositor(), SHAPE, VirtualClock(), slate_after_ms=2000, limits=MaskLimits(), on_change=listen)
    assert gate.release(room(), Reason.LATE).state is PROTECTED


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (65, 47), (2, 2)])
@pytest.mark.parametrize("evidence", [None, Reason.LATE, Reason.WEIGHTS_ALTERED])
def test_every_picture_keeps_its_size_time_and_number(size: tuple[int, int], evidence: Reason | None) -> None:
    released = Bench().show(evidence, size)
    assert (released.width, released.height, released.frame_id, released.pts) == (*size, 1, 3000)


def test_nothing_of_the_raw_picture_is_kept_or_shared() -> None:
    gate = Bench().gate
    for evidence in (Mask(1, signer_alpha(), 0.0), Reason.LATE, Reason.WEIGHTS_MISSING):
        picture: RawPicture = room(frame_id=1)
        planes, raw = gate.release(picture, evidence).planes, picture.planes
        for ours in (planes.y, planes.u, planes.v):
            assert not any(np.shares_memory(ours, theirs) for theirs in (raw.y, raw.u, raw.v))


steps = st.lists(
    st.tuples(st.sampled_from(["good", *Reason]), st.floats(0, 1500), st.sampled_from([(64, 48), (48, 64), (33, 17)])),
    max_size=30,
)


@given(steps)
def test_any_history_is_clear_only_with_a_good_mask_and_covered_only_while_there_is_hope(
    history: list[tuple[str, float, tuple[int, int]]],
) -> None:
    bench = Bench()
    last_good_ms: float | None = None
    for word, passed_ms, size in history:
        bench.clock.advance(passed_ms)
        good = word == "good"
        released = bench.show(None if good else Reason(word), size)
        last_good_ms = bench.clock.ms if good or last_good_ms is None else last_good_ms
        if good:
            wanted = CLEAR
        elif word in HOPELESS or bench.clock.ms - last_good_ms > 2000:
            wanted = SLATE
        else:
            wanted = PROTECTED
        assert released.state is wanted
        assert bench.gate.state is wanted
        assert (released.reason == "") == good
