"""Epochs fence a call: nobody who slept can open, swap or close what has moved on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.calls import REMEMBERED, CallTable
from video_service.media_plane import CallRoute, MediaError, StaleEpoch

pytestmark = pytest.mark.unit


def route(epoch: int, call_id: str = "call", customer: str = "c", agent: str = "a") -> CallRoute:
    return CallRoute(call_id=call_id, epoch=epoch, customer_leg=customer, agent_leg=agent)


def open_route(table: CallTable, wanted: CallRoute) -> None:
    table.check_open(wanted)
    table.opened(wanted)


def test_a_route_is_remembered_until_it_is_closed() -> None:
    table = CallTable()
    open_route(table, route(1))

    assert table.route("call") == route(1)
    assert table.close("call", 1) == route(1)
    assert table.route("call") is None
    assert table.close("call", 1) is None


def test_the_same_epoch_may_be_opened_again_but_not_after_its_end() -> None:
    table = CallTable()
    open_route(table, route(1))
    open_route(table, route(1, customer="c2"))
    table.close("call", 1)

    with pytest.raises(StaleEpoch):
        table.check_open(route(1))
    open_route(table, route(2))


def test_a_lower_epoch_neither_opens_nor_closes() -> None:
    table = CallTable()
    open_route(table, route(5))

    with pytest.raises(StaleEpoch):
        table.check_open(route(4))
    with pytest.raises(StaleEpoch):
        table.close("call", 4)
    assert table.route("call") == route(5)


def test_a_call_that_was_never_open_is_fenced_by_its_closing() -> None:
    table = CallTable()
    table.close("call", 3)

    with pytest.raises(StaleEpoch):
        table.check_open(route(3))


def test_calls_do_not_fence_one_another() -> None:
    table = CallTable()
    open_route(table, route(9, "one"))
    open_route(table, route(1, "two"))

    assert [table.route(call_id) for call_id in ("one", "two")] == [route(9, "one"), route(1, "two")]


def test_memory_is_bounded_and_open_calls_are_kept() -> None:
    table = CallTable()
    open_route(table, route(7, "long"))
    for index in range(2 * REMEMBERED):
        open_route(table, route(1, f"call-{index}"))
        table.close(f"call-{index}", 1)

    assert len(table._fences) == REMEMBERED
    assert table.route("long") == route(7, "long")
    with pytest.raises(StaleEpoch):
        table.check_open(route(6, "long"))


@given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, 6)), max_size=40))
def test_the_highest_epoch_seen_always_wins(steps: list[tuple[bool, int]]) -> None:
    table = CallTable()
    highest, closed, is_open = -1, False, False
    for opens, epoch in steps:
        stale = epoch < highest or (opens and closed and epoch == highest)
        try:
            if opens:
                open_route(table, route(epoch))
            else:
                table.close("call", epoch)
        except StaleEpoch:
            assert stale
            continue
        assert not stale
        highest, closed, is_open = epoch, not opens, opens
        assert (table.route("call") is not None) == is_open


def test_only_an_open_call_can_be_joined_and_only_by_who_knows_its_epoch() -> None:
    table = CallTable()
    with pytest.raises(MediaError):
        table.check_joinable("call", 1)
    open_route(table, route(3))

    assert table.check_joinable("call", 3) == route(3)
    assert table.check_joinable("call", 4) == route(3), "whoever asks may know more than this worker"
    with pytest.raises(StaleEpoch):
        table.check_joinable("call", 2)
    table.close("call", 3)
    with pytest.raises(StaleEpoch):
        table.check_joinable("call", 3)
