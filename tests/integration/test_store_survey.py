"""What a customer says of a call: on record, by its own customer only, and the last word counts."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from signaling.errors import NoCall
from tests.support.desk import Desk
from video_service.records import Records

pytestmark = pytest.mark.integration


async def test_the_last_word_of_the_calls_own_customer_is_on_record(redis: Redis, pool: str) -> None:
    desk, records = Desk(redis, pool), Records(redis, pool=pool)
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    assert ((await records.get(call)).solved, (await records.get(call)).face) == ("", 0)
    await desk.store.hang_up("a1", call)
    kept = await redis.ttl(desk.store.keys.record(call))
    await desk.store.survey("c1", call, solved="no", face=0)
    await desk.store.survey("c1", call, solved="no", face=4)
    record = await records.get(call)
    assert (record.solved, record.face, record.state) == ("no", 4, "closed")
    assert 0 < await redis.ttl(desk.store.keys.record(call)) <= kept, "a word more keeps no record longer"


async def test_nobody_speaks_for_others_or_of_a_call_that_nobody_answered(redis: Redis, pool: str) -> None:
    desk, records = Desk(redis, pool), Records(redis, pool=pool)
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.customer("c2")
    waiting = await desk.join("c2")
    for person, about in (("c2", call), ("a1", call), ("c2", waiting), ("c1", "c_never")):
        with pytest.raises(NoCall):
            await desk.store.survey(person, about, solved="yes", face=5)
    assert (await records.get(call)).solved == (await records.get(waiting)).solved == ""
    assert not await redis.exists(desk.store.keys.record("c_never"))
