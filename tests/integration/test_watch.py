"""A coordinator beside a call looks on by the customer's leave only, writes to the agent, and goes."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from signaling.errors import NoCall, NotConnected, StaleReservation, Watched, WatchRefused, WrongState
from signaling.identity_types import Identity
from signaling.messages import CoordinatorView, Onlooker, Watching
from tests.support.desk import ALIVE, Desk
from video_service.records import Records

pytestmark = pytest.mark.integration

MEI, BO = "o1", "o2"


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def coordinator(desk: Desk, name: str = MEI) -> str:
    await desk.connect(Identity(person=name, role="coordinator", name=name.upper()))
    return name


async def wall(desk: Desk, who: str = MEI) -> CoordinatorView:
    return await desk.store.with_watching(await desk.store.coordinator_view(), who, alive=ALIVE)


async def watching(desk: Desk, who: str = MEI) -> Watching:
    found = (await wall(desk, who)).watching
    assert found is not None
    return found


async def told(desk: Desk) -> tuple[Onlooker | None, Onlooker | None]:
    """Return what customer and agent are told of whoever is beside their call."""
    call = (await desk.look("a1")).call
    return (await desk.see("c1")).onlooker, call.onlooker if call else None


async def talking(desk: Desk) -> str:
    await coordinator(desk)
    await desk.agent("a1")
    return await desk.talk("a1", "c1")


async def ask(desk: Desk, call: str, who: str = MEI) -> int:
    """Ask to look on, and return the question's number."""
    await desk.store.watch(who, call, how="watch")
    onlooker = (await desk.see("c1")).onlooker
    assert onlooker is not None
    return onlooker.ask


async def look_on(desk: Desk) -> str:
    """Bring a coordinator to look on at a call, with a leg where the agent's is."""
    call = await talking(desk)
    await desk.store.allow_watch("c1", call, ask=await ask(desk, call), allow=True)
    await desk.offer(MEI)
    return call


async def nothing_is_seen(desk: Desk, who: str = MEI) -> None:
    assert await desk.store.watch_route(who) is None
    assert await desk.store.leg(who) is None
    assert (await told(desk))[0] is None


async def timeline(desk: Desk, call: str) -> list[tuple[str, str]]:
    record = await Records(desk.store.redis, pool=desk.store.keys.pool).get(call)
    return [(each.what, each.who) for each in record.timeline]


async def test_both_are_told_by_name_and_nothing_is_shown_before_the_customers_yes(desk: Desk) -> None:
    call = await talking(desk)
    number = await ask(desk, call)
    until = desk.now_ms + round(desk.policy.watch_answer_s * 1_000)
    asked = Onlooker(name="O1", state="asked", ask=number, until_ms=until)
    assert await told(desk) == (asked, asked)
    assert (await watching(desk)).state == "asked"
    assert await desk.store.watch_route(MEI) is None
    await desk.store.allow_watch("c1", call, ask=number, allow=True)
    here = Onlooker(name="O1", state="in", ask=number)
    assert await told(desk) == (here, here)
    seen = await watching(desk)
    assert (seen.state, seen.media, seen.connected, seen.agent_name) == ("in", "offer", True, "A1")
    leg = await desk.offer(MEI)
    route = await desk.store.watch_route(MEI)
    assert route is not None
    assert (route.call, route.worker, route.leg) == (call, "w1", leg)
    assert await desk.store.watch_legs([call]) == {leg}
    assert await timeline(desk, call) == [("watch_began", MEI)]


@pytest.mark.parametrize("when", ["asked", "in"])
async def test_a_no_ends_it_at_once_and_holds_for_the_call(desk: Desk, when: str) -> None:
    call = await look_on(desk) if when == "in" else await talking(desk)
    if when == "asked":
        await ask(desk, call)
    await desk.store.allow_watch("c1", call, ask=0, allow=False)
    await nothing_is_seen(desk)
    view = await wall(desk)
    assert (view.watching, view.watch_ended, view.watch_ended_call) == (None, "refused", call)
    assert [each.watch for each in view.active] == ["refused"]
    with pytest.raises(WatchRefused):
        await desk.store.watch(MEI, call, how="watch")
    await desk.store.allow_watch("c1", call, ask=0, allow=False)  # said again it is the same
    await coordinator(desk, BO)
    with pytest.raises(WatchRefused):
        await desk.store.watch(BO, call, how="watch")
    await desk.store.watch(BO, call, how="coach")
    assert (await told(desk))[0] is None, "writing to the agent shows nothing of the customer"
    expected = [("watch_began", MEI), ("watch_ended", MEI)] if when == "in" else []
    assert await timeline(desk, call) == expected, "that a customer said no is nobody's business later"
    await desk.store.hang_up("c1", call)
    await desk.store.ready("a1")
    again = await desk.talk("a1", "c1")
    assert await ask(desk, again, BO) > 0, "another call is another question"


async def test_a_yes_is_to_whoever_asks_now(desk: Desk) -> None:
    call = await talking(desk)
    first = await ask(desk, call)
    await desk.store.watch(MEI, call, how="leave")
    await coordinator(desk, BO)
    await ask(desk, call, BO)
    with pytest.raises(StaleReservation):
        await desk.store.allow_watch("c1", call, ask=first, allow=True)
    assert (await watching(desk, BO)).state == "asked"
    assert await desk.store.watch_route(BO) is None


async def test_no_answer_is_no_yes_and_may_be_asked_again(desk: Desk) -> None:
    call = await talking(desk)
    number = await ask(desk, call)
    await desk.pass_time(desk.policy.watch_answer_s)
    assert await told(desk) == (None, None)
    assert (await wall(desk)).watch_ended == "no_answer"
    with pytest.raises(StaleReservation):
        await desk.store.allow_watch("c1", call, ask=number, allow=True)
    assert await ask(desk, call) == number + 1


async def test_one_coordinator_at_a_call_and_one_call_for_each(desk: Desk) -> None:
    call = await look_on(desk)
    await coordinator(desk, BO)
    for how in ("coach", "watch"):
        with pytest.raises(Watched):
            await desk.store.watch(BO, call, how=how)
    await desk.agent("a2")
    other = await desk.talk("a2", "c2")
    await desk.store.watch(MEI, other, how="coach")
    await nothing_is_seen(desk)
    assert (await watching(desk)).call == other
    await desk.store.watch(BO, call, how="coach")


async def test_whom_the_customer_let_in_comes_back_without_a_question(desk: Desk) -> None:
    call = await look_on(desk)
    await desk.drop(MEI)
    await nothing_is_seen(desk)
    await coordinator(desk)
    assert (await wall(desk)).watch_ended == "gone"
    await desk.store.watch(MEI, call, how="watch")
    assert (await watching(desk)).state == "in"
    await desk.store.watch(MEI, call, how="coach")
    await nothing_is_seen(desk)
    assert (await watching(desk)).state == "coach"
    await desk.store.watch(MEI, call, how="leave")
    await coordinator(desk, BO)
    await desk.store.watch(BO, call, how="watch")
    assert (await watching(desk, BO)).state == "asked", "who was let in was somebody else"


async def test_the_mark_is_gone_when_the_coordinators_node_is(desk: Desk) -> None:
    await look_on(desk)
    desk.sockets.pop(MEI)
    await desk.pass_time(desk.policy.presence_ttl_s)
    await nothing_is_seen(desk)
    assert await told(desk) == (None, None)


@pytest.mark.parametrize("person", ["c1", "a1"])
async def test_it_goes_on_when_one_of_the_two_comes_back(desk: Desk, person: str) -> None:
    call = await look_on(desk)
    before = await told(desk)
    await desk.drop(person)
    await desk.pass_time(4)
    await desk.back(person)
    await desk.offer(person)
    after = await told(desk)
    assert [each.state for each in after if each] == ["in", "in"]
    assert after[0] == before[0]
    route = await desk.store.watch_route(MEI)
    assert route is not None
    assert (route.call, route.leg != "") == (call, True)
    if person == "a1":
        await desk.offer("a1", worker="w2")
        assert (await watching(desk)).media == "offer", "the agent's picture is on another worker now"


@pytest.mark.parametrize("who", ["c1", "a1", "lost"])
async def test_the_end_of_the_call_is_the_end_of_it(desk: Desk, who: str) -> None:
    call = await look_on(desk)
    await desk.store.coach(MEI, call, "slowly")
    if who == "lost":
        await desk.drop("c1")
        await desk.pass_time(desk.policy.customer_return_s)
    else:
        await desk.store.hang_up(who, call)
    view = await wall(desk)
    assert (view.watching, view.watch_ended, view.watch_ended_call) == (None, "over", call)
    assert await desk.store.leg(MEI) is None
    assert not await desk.store.redis.exists(desk.store.keys.coach(call)), "nothing that was written outlives the call"
    assert await timeline(desk, call) == [("watch_began", MEI), ("watch_ended", MEI)]
    for how in ("coach", "watch"):
        with pytest.raises(NoCall):
            await desk.store.watch(MEI, call, how=how)
    await desk.store.watch(MEI, call, how="leave")
    assert (await wall(desk)).watch_ended == "", "it was read"


async def test_hold_is_seen_and_changes_nothing(desk: Desk) -> None:
    call = await look_on(desk)
    epoch = (await desk.see("c1")).epoch
    await desk.store.hold("a1", call, epoch, held=True)
    seen = await watching(desk)
    assert (seen.state, seen.held_from_ms) == ("in", desk.now_ms)


async def test_who_takes_a_call_that_is_passed_on_is_told_and_reads_nothing_of_the_first(desk: Desk) -> None:
    call = await look_on(desk)
    await desk.store.coach(MEI, call, "pass it on")
    await desk.agent("a2")
    await desk.store.transfer("a1", call, (await desk.see("c1")).epoch)
    between = await watching(desk)
    assert (between.connected, between.media, between.agent_name) == (False, "none", "")
    assert await desk.store.watch_route(MEI) is None
    assert await desk.accept("a2") == call
    taken = (await desk.look("a2")).call
    assert taken is not None
    assert taken.onlooker is not None
    assert (taken.onlooker.state, taken.coach) == ("in", ())
    seen = await watching(desk)
    assert (seen.connected, seen.agent_name, seen.lines) == (True, "A2", ())
    await desk.store.coach(MEI, call, "hello")
    taken = (await desk.look("a2")).call
    assert taken is not None
    assert [line.text for line in taken.coach] == ["hello"]
    await desk.store.hang_up("a2", call)


async def test_lines_go_between_coordinator_and_agent_alone_and_stay_until_they_are_read(desk: Desk) -> None:
    call = await talking(desk)
    with pytest.raises(NoCall):
        await desk.store.coach("a1", call, "help")  # nobody is there to read it
    await desk.store.watch(MEI, call, how="coach")
    mark = (await told(desk))[1]
    assert mark is not None
    assert (mark.name, mark.state) == ("O1", "coach")
    await desk.store.coach(MEI, call, "ask for the booking number")
    await desk.drop("a1")
    await desk.back("a1")
    view = (await desk.look("a1")).call
    assert view is not None
    assert [(line.seq, line.mine, line.text, line.read) for line in view.coach] == [
        (1, False, "ask for the booking number", False)
    ]
    assert "booking" not in str(await desk.see("c1"))
    assert await desk.store.texts("c1", call, 0) == []
    await desk.store.coach_read("a1", call, 1)
    await desk.store.coach_read("a1", call, 0)  # an older one came late
    assert [line.read for line in (await watching(desk)).lines] == [True]
    await desk.store.coach(MEI, call, "and the name")
    await desk.store.coach("a1", call, "yes")
    assert [(line.mine, line.text, line.read) for line in (await watching(desk)).lines] == [
        (True, "ask for the booking number", True),
        (True, "and the name", True),
        (False, "yes", True),
    ]
    raw = await desk.store.redis.lrange(desk.store.keys.coach(call), 0, -1)
    assert not any(b"booking" in line for line in raw), "sealed"
    assert await timeline(desk, call) == []


async def test_who_looks_on_may_join_by_text_and_both_read_the_name(desk: Desk) -> None:
    call = await talking(desk)
    await desk.store.say("c1", call, "my flight")
    for _ in range(2):
        with pytest.raises(WrongState):
            await desk.store.watch(MEI, call, how="join")
        await desk.store.watch(MEI, call, how="coach")
    await desk.store.allow_watch("c1", call, ask=await ask(desk, call), allow=True)
    leg = await desk.offer(MEI)
    with pytest.raises(NoCall):
        await desk.store.say(MEI, call, "hello")
    assert await desk.store.texts(MEI, call, 0) == []
    await desk.store.watch(MEI, call, how="join")
    await desk.store.watch(MEI, call, how="join")
    assert [each.state for each in await told(desk) if each] == ["joined", "joined"]
    assert await desk.store.watch_legs([call]) == {leg}, "the pictures stay"
    await desk.store.say(MEI, call, "I have found it")
    assert [line.text for line in await desk.store.texts(MEI, call, 0)] == ["my flight", "I have found it"]
    for person in ("c1", "a1"):
        line = (await desk.store.texts(person, call, 1))[0]
        assert (line.text, line.name, line.mine, line.of_before) == ("I have found it", "O1", False, False)
    await desk.store.allow_watch("c1", call, ask=0, allow=False)
    await nothing_is_seen(desk)
    with pytest.raises(NoCall):
        await desk.store.say(MEI, call, "and more")
    assert await desk.store.texts(MEI, call, 0) == []
    assert [what for what, _ in await timeline(desk, call)] == ["watch_began", "watch_joined", "watch_ended"]


async def test_whoever_comes_after_reads_nothing_of_what_the_first_wrote(desk: Desk) -> None:
    call = await talking(desk)
    await desk.store.watch(MEI, call, how="coach")
    await desk.store.coach(MEI, call, "slowly")
    await desk.store.watch(MEI, call, how="leave")
    await coordinator(desk, BO)
    await desk.store.watch(BO, call, how="coach")
    assert (await watching(desk, BO)).lines == ()


async def test_who_has_no_part_in_it_is_refused(desk: Desk) -> None:
    call = await talking(desk)
    number = await ask(desk, call)
    await desk.agent("a2")
    await coordinator(desk, BO)
    for person in ("a2", "c1", BO):
        with pytest.raises(NoCall):
            await desk.store.coach(person, call, "hello")
    for person in ("a1", "c9", MEI):
        with pytest.raises(NoCall):
            await desk.store.allow_watch(person, call, ask=number, allow=True)
    for person in ("c1", "a2"):
        with pytest.raises(NoCall):
            await desk.store.coach_read(person, call, 1)
    for name in ("c_none", await desk.join("c3")):
        with pytest.raises(NoCall):
            await desk.store.watch(BO, name, how="watch")
    with pytest.raises(NotConnected):
        await desk.store.watch("o9", call, how="watch")


async def test_what_lost_data_left_behind_is_put_right(desk: Desk) -> None:
    call = await look_on(desk)
    await desk.store.redis.hset(f"{desk.store.keys.root}:person:{MEI}", "watch", "")
    await desk.store.tidy(line_open=True)
    assert await told(desk) == (None, None)
    assert await desk.store.watch_legs([call]) == frozenset()
