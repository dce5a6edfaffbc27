"""Forecasts kept as they were made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from redis.asyncio import Redis

from scheduler.forecast import as_document, from_document
from scheduler.forecast_models import Forecast, Method
from tests.valkey_server import RealValkey
from video_service import redis_client
from video_service.forecast_store import ForecastStore
from video_service.keys import Keys

pytestmark = pytest.mark.integration

MONDAY = date(2026, 3, 2)


@pytest.fixture(params=[False, True], ids=["bytes", "text"])
async def client(request: pytest.FixtureRequest, valkey: RealValkey, redis: Redis) -> AsyncIterator[Redis]:
    """The service's own clients decode what they read, and those of tests do not."""
    if not request.param:
        yield redis
        return
    decoding = redis_client.hot(valkey.url)
    yield decoding
    await decoding.aclose()


def forecast(days: int = 2, seed: int = 1) -> Forecast:
    rates = np.random.default_rng(seed).gamma(2.0, 1.5, (days, 96))
    return Forecast(
        days=tuple(MONDAY + timedelta(days=number) for number in range(1, days + 1)),
        interval_s=900,
        expected=rates,
        open_share=np.ones_like(rates),
        day_variance=np.full(days, 0.0123456789),
        slot_variance=rates / 100,
        method=Method.MODEL,
        notes=("a usual one",),
    )


async def test_a_forecast_comes_back_as_exact_as_anybody_can_use(client: Redis, redis: Redis, pool: str) -> None:
    store, made = ForecastStore(client, pool=pool, retention_days=2), forecast()
    await store.keep("main", MONDAY, as_document(made))

    [(day, document)] = await store.made_within("main", MONDAY - timedelta(days=100), MONDAY)

    found = from_document(document)
    assert (day, found.days, found.method, found.notes) == (MONDAY, made.days, made.method, made.notes)
    np.testing.assert_allclose(found.expected, made.expected, rtol=1e-5)
    np.testing.assert_allclose(found.day_variance, made.day_variance, rtol=1e-5)
    assert 86_400_000 < await redis.pttl(Keys(pool).forecast("main", "2026-03-02")) <= 2 * 86_400_000


async def test_one_is_kept_of_each_queue_and_day_and_they_come_in_order(redis: Redis, pool: str) -> None:
    store = ForecastStore(redis, pool=pool, retention_days=2)
    for day, notes in ((3, "later"), (1, "first thought"), (1, "second thought")):
        await store.keep("main", MONDAY + timedelta(days=day), {"v": 1, "notes": [notes]})
    await store.keep("night", MONDAY, {"v": 1, "notes": []})

    found = await store.made_within("main", MONDAY, MONDAY + timedelta(days=3))

    assert [(day.day, document["notes"]) for day, document in found] == [(3, ["second thought"]), (5, ["later"])]
    assert await store.made_within("main", MONDAY, MONDAY) == []
    assert await store.made_within("main", MONDAY, MONDAY - timedelta(days=1)) == []


async def test_twelve_weeks_of_quarter_hours_are_small(redis: Redis, pool: str) -> None:
    await ForecastStore(redis, pool=pool, retention_days=2).keep("main", MONDAY, as_document(forecast(days=84)))
    stored: Any = await redis.strlen(Keys(pool).forecast("main", "2026-03-02"))
    assert stored < 120_000
