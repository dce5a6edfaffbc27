"""An agent calls a customer back in sign: who waits for whom, what becomes of the promise, and how it is counted."""

from __future__ import annotations

import random
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.errors import CalledAlready, CustomerInCall, NoCall, NoPromise, UrgedAlready
from tests.integration.test_promises import members, promised, record, say
from tests.support.desk import Desk
from video_service.records import Records

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def field(desk: Desk, call: str, name: str) -> str:
    raw: Any = await desk.store.redis.hget(desk.store.keys.record(call), name)
    return (raw or b"").decode()


async def test_a_customer_who_answers_rings_at_the_owner_before_whoever_has_rested_longer(desk: Desk) -> None:
    await desk.agent("a0")
    await desk.store.break_("a0")
    call = await promised(desk)
    await desk.store.ready("a0")
    await desk.pass_time(60)
    customer, until_ms = await desk.store.call_back("a1", call)
    assert (customer, until_ms) == ("c1", desk.now_ms + 1_800_000)
    back = await desk.join("c1")
    assert await desk.rings("a1") == back
    kept = await record(desk, back)
    assert (kept.call_class, kept.call_back_of, kept.outbound) == ("callback", call, True)
    assert await field(desk, call, "promise_called") == "joined"
    assert "call_back:c1" not in await members(desk, "deadlines")


async def test_who_answers_while_the_owner_is_in_a_call_waits_for_that_one_and_then_for_anybody(desk: Desk) -> None:
    call = await promised(desk)
    await desk.talk("a1", "c2")
    await desk.agent("a2")
    await desk.store.call_back("a1", call)
    back = await desk.join("c1")
    assert await desk.rings("a2") == "", "somebody else is free, and the customer waits for the owner"
    await desk.pass_time(desk.policy.call_back_window_s - 1)
    assert await desk.rings("a2") == ""
    await desk.pass_time(1)
    assert await desk.rings("a2") == back


async def test_the_owner_takes_it_when_the_call_before_is_over(desk: Desk) -> None:
    call = await promised(desk)
    before = await desk.talk("a1", "c2")
    await desk.agent("a2")
    await desk.store.call_back("a1", call)
    back = await desk.join("c1")
    await desk.store.hang_up("a1", before)
    await desk.store.ready("a1")
    assert await desk.rings("a1") == back


@pytest.mark.parametrize(("outcome", "due", "open_after"), [("solved", 0, []), ("follow_up", 24, ["back"])])
async def test_what_the_owner_says_of_the_call_keeps_the_promise_or_puts_another_in_its_place(
    desk: Desk, outcome: Any, due: int, open_after: list[str]
) -> None:
    call = await promised(desk, urgent=True)
    await desk.store.call_back("a1", call)
    back = await desk.join("c1")
    await desk.accept("a1")
    assert len((await desk.store.coordinator_view()).urgent_matters) == 1
    await desk.store.hang_up("c1", back)
    assert await members(desk, "follow_ups") == [call], "until somebody says how it ended"
    await say(desk, back, outcome, due)
    assert await members(desk, "follow_ups") == await members(desk, "promises_of:a1") == [back for _ in open_after]
    assert await members(desk, "messages:done") == [call]
    assert (await desk.store.coordinator_view()).urgent_matters == ()


async def test_a_call_that_was_cut_off_keeps_no_promise_whatever_was_said_before(desk: Desk) -> None:
    call = await promised(desk)
    await desk.store.call_back("a1", call)
    back = await desk.join("c1")
    await desk.accept("a1")
    await desk.store.hang_up("c1", back)
    await say(desk, back, "cut_off")
    assert await members(desk, "follow_ups") == [call]
    assert await field(desk, call, "promise_called") == ""
    await say(desk, back, "referred")
    assert await members(desk, "follow_ups") == []
    await say(desk, back, "cut_off")
    assert (await members(desk, "follow_ups"), await members(desk, "messages:done")) == ([call], [])


async def test_a_call_back_counts_as_outbound_and_neither_as_offered_nor_in_the_service_level(desk: Desk) -> None:
    call = await promised(desk)
    records = Records(desk.store.redis, pool=desk.store.keys.pool)
    before = (await desk.store.metrics()).get("answered")
    await desk.store.call_back("a1", call)
    back = await desk.join("c1")
    await desk.accept("a1")
    await desk.pass_time(40)
    await desk.store.hang_up("c1", back)
    await desk.pass_time(20)
    await desk.store.ready("a1")
    (sums,) = await records.rollups(0, desk.now_ms + 1)
    assert (sums.offered, sums.answered, sums.outbound, sums.outbound_answered) == (1, 1, 1, 1)
    assert sums.outbound_handle_ms == 60_000
    assert sums.offered_callback == 0
    assert (await desk.store.coordinator_view()).offered_today == 1
    assert (await desk.store.metrics()).get("answered") == before
    await desk.store.hang_up("c1", back)
    await desk.store.call_back("a1", call)
    given_up = await desk.join("c1")
    await desk.store.hang_up("c1", given_up)
    assert await field(desk, call, "promise_called") == "missed"
    (sums,) = await records.rollups(0, desk.now_ms + 1)
    assert (sums.abandoned, sums.outbound, sums.outbound_answered) == (0, 2, 1)


async def test_who_waits_in_the_line_already_is_the_owners_from_then_on(desk: Desk) -> None:
    call = await promised(desk)
    await desk.store.break_("a1")
    waiting = await desk.join("c1")
    await desk.join("c2")
    assert await desk.store.call_back("a1", call) == ("c1", 0)
    await desk.agent("a2")
    assert await desk.rings("a2") != waiting
    await desk.store.ready("a1")
    assert await desk.rings("a1") == waiting
    kept = await record(desk, waiting)
    assert (kept.call_back_of, kept.outbound, kept.call_class) == (call, False, "normal"), "it came by itself"


async def test_nobody_is_called_in_a_call_or_by_two_or_by_who_does_not_own_it(desk: Desk) -> None:
    call = await promised(desk)
    await desk.agent("a2")
    with pytest.raises(NoPromise):
        await desk.store.call_back("a2", call)
    await desk.store.break_("a1")
    other = await promised(desk, "a2")
    await desk.store.call_back("a1", call)
    with pytest.raises(CalledAlready):
        await desk.store.call_back("a2", other)
    await desk.store.stop_calling("a1", "c1", call)
    live = await desk.join("c1")
    await desk.accept("a2")
    with pytest.raises(CustomerInCall):
        await desk.store.call_back("a1", call)
    await desk.store.hang_up("c1", live)
    await desk.store.turn_promise(call, "done", by="o-1")
    with pytest.raises(NoPromise):
        await desk.store.call_back("a1", call)


@pytest.mark.parametrize("how", ["missed", "declined", "stopped", "kept", "given"])
async def test_a_call_back_ends_with_its_time_a_word_of_either_or_the_promise(desk: Desk, how: str) -> None:
    call = await promised(desk)
    await desk.store.call_back("a1", call, link="d" * 64, sealed="sealed")
    link = f"{desk.store.keys.root}:call_back_link:{'d' * 64}"
    assert await desk.store.redis.get(link) == b"sealed"
    if how == "missed":
        await desk.pass_time(desk.policy.call_back_s)
    elif how == "declined":
        await desk.store.decline_call_back("c1")
    elif how == "stopped":
        with pytest.raises(NoCall):
            await desk.store.stop_calling("a2", "c1", call)
        await desk.store.stop_calling("a1", "c1", call)
    elif how == "kept":
        await desk.store.turn_promise(call, "done", by="a1", own=True)
    else:
        await desk.store.give_promise(call, "a2")
    said = {"missed": "missed", "declined": "declined"}.get(how, "")
    assert await field(desk, call, "promise_called") == said
    assert await desk.store.redis.get(link) is None
    with pytest.raises(NoCall):
        await desk.store.decline_call_back("c1")
    back = await desk.join("c1")
    assert not (await record(desk, back)).outbound


async def test_calling_again_makes_the_link_before_worthless(desk: Desk) -> None:
    call = await promised(desk)
    await desk.store.call_back("a1", call, link="a" * 64, sealed="one")
    await desk.pass_time(60, beats=False)
    _, until_ms = await desk.store.call_back("a1", call, link="b" * 64, sealed="two")
    assert until_ms == desk.now_ms + 1_800_000
    root = desk.store.keys.root
    assert await desk.store.redis.mget(f"{root}:call_back_link:{'a' * 64}", f"{root}:call_back_link:{'b' * 64}") == [
        None,
        b"two",
    ]
    assert await desk.store.redis.pttl(f"{root}:call_back:c1") > 0


async def test_a_closed_door_lets_in_whom_the_owner_calls_and_nobody_else(desk: Desk) -> None:
    call = await promised(desk)
    row: Any = {"v": "1", "closed": "1"}
    await desk.store.redis.hset(f"{desk.store.keys.root}:door", mapping=row)
    await desk.store.call_back("a1", call)
    assert await desk.join("c1") == await desk.rings("a1")
    assert not (await desk.see("c1")).open


@pytest.mark.parametrize("seed", range(8))
async def test_in_any_history_a_promise_is_never_lost_has_one_owner_and_is_urged_once(desk: Desk, seed: int) -> None:
    """Random words and times against a model of three lines: who owns what, what is open, what was asked after."""
    chance = random.Random(seed)
    agents = ["a1", "a2", "a3"]
    calls = [await promised(desk, "a1", f"c{n}") for n in range(4)]
    owner = dict.fromkeys(calls, "a1")
    opened, urged = set(calls), set[str]()
    for _ in range(60):
        call, agent = chance.choice(calls), chance.choice(agents)
        customer = (await record(desk, call)).customer
        act = chance.choice(["urge", "done", "open", "give", "call", "stop", "away", "time", "tidy"])
        try:
            if act == "urge":
                await desk.store.urge(customer, call)
                assert call in opened - urged
                urged.add(call)
            elif act == "done":
                await desk.store.turn_promise(call, "done", by=agent, own=True)
                assert owner[call] == agent
                opened.discard(call)
            elif act == "open":
                await desk.store.turn_promise(call, "open", by="o-1")
                opened.add(call)
            elif act == "give":
                await desk.store.give_promise(call, agent)
                owner[call] = agent
            elif act == "call":
                await desk.store.call_back(agent, call)
                assert call in opened
                assert owner[call] == agent
            elif act == "stop":
                await desk.store.stop_calling(agent, customer, call)
            elif act == "away":
                await desk.store.promises_away([(call, chance.choice(["", "leave"]))])
            elif act == "time":
                await desk.pass_time(chance.choice([1, 1_000, 4_000]), beats=False)
            else:
                await desk.store.tidy()
        except (NoPromise, NoCall, UrgedAlready, CalledAlready):
            pass
        assert set(await members(desk, "follow_ups")) == opened
        assert set(await members(desk, "messages:done")) == set(calls) - opened
        lists = {name: set(await members(desk, f"promises_of:{name}")) for name in agents}
        assert lists == {name: {each for each in opened if owner[each] == name} for name in agents}
        care = set(await members(desk, "promise_care"))
        assert care <= opened
        late = {each for each in opened if (await record(desk, each)).promise_late_ms}
        assert (urged & opened) | late <= care
