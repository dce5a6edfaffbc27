"""Care for signers, as matching keeps it, in virtual time: breaks of the roster, the day's limit, breaks asked for."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from signaling.errors import ShiftUnreadable
from tests.support.desk import HOUR_MS, START_MS, Desk

pytestmark = pytest.mark.integration

MINUTE_MS = 60_000


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


# -- breaks of the roster


async def test_a_shift_keeps_its_breaks(desk: Desk) -> None:
    breaks = ((START_MS + 10 * MINUTE_MS, START_MS + 20 * MINUTE_MS), (START_MS + 20 * MINUTE_MS, START_MS + HOUR_MS))
    shift = await desk.store.add_shift("a1", START_MS, START_MS + HOUR_MS, breaks)
    (other,) = await desk.store.add_shifts([("a2", START_MS, START_MS + HOUR_MS)])
    assert shift.breaks == breaks
    assert other.breaks == ()
    assert await desk.store.shifts(START_MS, START_MS + HOUR_MS) == [shift, other]


@pytest.mark.parametrize(
    "minutes", [[(-1, 10)], [(50, 61)], [(10, 10)], [(20, 10)], [(10, 30), (20, 40)], [(30, 40), (10, 20)]]
)
async def test_a_break_that_cannot_be_is_refused(desk: Desk, minutes: list[tuple[int, int]]) -> None:
    breaks = [(START_MS + first * MINUTE_MS, START_MS + last * MINUTE_MS) for first, last in minutes]
    with pytest.raises(ShiftUnreadable):
        await desk.store.add_shift("a1", START_MS, START_MS + HOUR_MS, breaks)
    assert await desk.store.shifts(START_MS, START_MS + HOUR_MS) == []
