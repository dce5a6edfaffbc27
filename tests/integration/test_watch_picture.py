"""A coordinator who looks on comes in with the own picture: seen by nobody before the customer's yes, gone at a no."""

from __future__ import annotations

import pytest

from signaling.errors import CallFull, NoPicture, PictureRefused, StaleReservation, WrongState
from signaling.messages import Onlooker
from signaling.store_types import WatchRoute
from tests.integration.test_invite import invite
from tests.integration.test_watch import (
    MEI,
    coordinator,
    desk,
    look_on,
    nothing_is_seen,
    timeline,
    told,
    wall,
    watching,
)
from tests.support.desk import Desk
from video_service.media_plane import LegState

__all__ = ["desk"]

pytestmark = pytest.mark.integration


async def route(desk: Desk) -> WatchRoute:
    found = await desk.store.watch_route(MEI)
    assert found is not None
    return found


async def onlooker(desk: Desk) -> Onlooker:
    """Return what customer and agent are told alike."""
    customer, agent = await told(desk)
    assert customer is not None
    assert customer == agent
    return customer


async def camera(desk: Desk, worker: str = "w1") -> str:
    """Bring the leg of the coordinator's camera to where the own picture has come."""
    leg = await desk.offer(MEI, worker, start="g-")
    for state in (LegState.CONNECTED, LegState.FLOWING):
        await desk.store.leg_event(MEI, leg=leg, state=state)
    return leg


async def prepared(desk: Desk) -> tuple[str, str]:
    call = await look_on(desk)
    await desk.store.watch(MEI, call, how="prepare")
    return call, await camera(desk)


async def asked(desk: Desk) -> tuple[str, int]:
    call, _ = await prepared(desk)
    await desk.store.watch(MEI, call, how="show")
    return call, (await onlooker(desk)).ask


async def shown(desk: Desk) -> str:
    call, ask = await asked(desk)
    await desk.store.allow_watch("c1", call, ask=ask, allow=True, picture=True)
    return call


async def come_in(desk: Desk, call: str, name: str) -> None:
    await invite(desk, name)
    ring = (await desk.look(name)).reservation
    assert ring is not None
    await desk.store.accept(name, call, ring.epoch)
    await desk.offer(name)


async def test_a_camera_that_only_its_owner_sees_is_nobodys_news(desk: Desk) -> None:
    call = await look_on(desk)
    before = await told(desk)
    await desk.store.watch(MEI, call, how="prepare")
    seen = await watching(desk)
    assert (seen.state, seen.picture, seen.media) == ("in", "ready", "offer"), "a connection of another kind"
    assert (await route(desk)).leg == "", "the one that looks on only is not this"
    assert await desk.store.watch_legs([call]) == frozenset()
    with pytest.raises(NoPicture):
        await desk.store.watch(MEI, call, how="show")
    leg = await camera(desk)
    assert await route(desk) == WatchRoute(call=call, epoch=2, worker="w1", leg=leg, camera=True, seen=False)
    assert await desk.store.watch_legs([call]) == {leg}
    assert await told(desk) == before
    assert (await watching(desk)).media == "live"


async def test_both_are_told_by_name_and_the_yes_brings_the_picture(desk: Desk) -> None:
    call, ask = await asked(desk)
    question = await onlooker(desk)
    until = desk.now_ms + round(desk.policy.watch_answer_s * 1_000)
    assert question == Onlooker(name="O1", state="in", ask=ask, until_ms=until, picture="asked")
    assert not (await route(desk)).seen
    with pytest.raises(StaleReservation):
        await desk.store.allow_watch("c1", call, ask=ask - 1, allow=True, picture=True)
    await desk.store.allow_watch("c1", call, ask=ask, allow=True, picture=True)
    await desk.store.allow_watch("c1", call, ask=ask, allow=True, picture=True)  # said again it is the same
    here = await onlooker(desk)
    assert (here.name, here.state, here.picture, here.media) == ("O1", "joined", "shown", "live")
    assert (await route(desk)).seen
    await desk.store.say(MEI, call, "hello")
    assert [what for what, _ in await timeline(desk, call)] == ["watch_began", "watch_shown"]


@pytest.mark.parametrize("when", ["asked", "shown"])
async def test_a_no_to_the_picture_ends_it_alone_and_holds_for_the_call(desk: Desk, when: str) -> None:
    call = await shown(desk) if when == "shown" else (await asked(desk))[0]
    leg = (await route(desk)).leg
    await desk.store.allow_watch("c1", call, ask=0, allow=False, picture=True)
    assert (await onlooker(desk)).picture == ""
    seen = await watching(desk)
    assert (seen.picture, seen.media) == ("refused", "offer"), "looking on goes on, by a connection without a camera"
    assert leg not in await desk.store.watch_legs([call])
    assert await desk.store.leg(MEI) is None
    for how in ("prepare", "show"):
        with pytest.raises(PictureRefused):
            await desk.store.watch(MEI, call, how=how)
    await desk.offer(MEI, start="w-")
    assert (await route(desk)).camera is False


async def test_a_no_to_looking_on_ends_the_picture_too(desk: Desk) -> None:
    call = await shown(desk)
    await desk.store.allow_watch("c1", call, ask=0, allow=False)
    await nothing_is_seen(desk)
    assert (await wall(desk)).watch_ended == "refused"
    whats = [what for what, _ in await timeline(desk, call)]
    assert whats == ["watch_began", "watch_shown", "watch_hidden", "watch_ended"]


async def test_no_answer_is_no_yes_and_may_be_asked_again(desk: Desk) -> None:
    call, ask = await asked(desk)
    await desk.pass_time(desk.policy.watch_answer_s)
    assert (await watching(desk)).picture == "unanswered"
    assert (await onlooker(desk)).picture == ""
    with pytest.raises(StaleReservation):
        await desk.store.allow_watch("c1", call, ask=ask, allow=True, picture=True)
    await desk.store.watch(MEI, call, how="show")
    assert (await onlooker(desk)).ask == ask + 1


@pytest.mark.parametrize(
    ("how", "state", "text"), [("hide", "joined", True), ("watch", "in", False), ("coach", "coach", False)]
)
async def test_she_goes_back_from_the_picture_to_any_lesser_part(desk: Desk, how: str, state: str, text: bool) -> None:
    call = await shown(desk)
    leg = (await route(desk)).leg
    await desk.store.watch(MEI, call, how=how)
    seen = await watching(desk)
    assert (seen.state, seen.picture) == (state, "")
    assert (await desk.see("c1")).state == "connected"
    assert leg not in await desk.store.watch_legs([call])
    await desk.store.say("c1", call, "hello")
    assert bool(await desk.store.texts(MEI, call, 0)) is text


@pytest.mark.parametrize("person", ["c1", "a1", MEI])
async def test_the_picture_outlives_the_reconnection_of_each(desk: Desk, person: str) -> None:
    call = await shown(desk)
    await desk.drop(person)
    await desk.pass_time(4)
    if person == MEI:
        assert await told(desk) == (None, None)
        await coordinator(desk)
        await desk.store.watch(MEI, call, how="watch")
        await desk.store.watch(MEI, call, how="prepare")
        await camera(desk)
        await desk.store.watch(MEI, call, how="show")  # the customer has said yes to it
    else:
        await desk.back(person)
        await desk.offer(person)
    assert (await onlooker(desk)).picture == "shown"
    assert (await route(desk)).seen


async def test_it_moves_to_another_worker_with_the_agent_and_to_another_agent_with_the_call(desk: Desk) -> None:
    call = await shown(desk)
    await desk.offer("a1", worker="w2")
    seen = await watching(desk)
    assert (seen.picture, seen.media) == ("shown", "offer")
    assert (await onlooker(desk)).media == "connecting"
    await camera(desk, "w2")
    assert ((await route(desk)).worker, (await route(desk)).seen) == ("w2", True)
    await desk.agent("a2")
    await desk.store.transfer("a1", call, (await desk.see("c1")).epoch)
    assert await desk.store.watch_route(MEI) is None
    assert await desk.accept("a2") == call
    taken = (await desk.look("a2")).call
    assert taken is not None
    assert taken.onlooker is not None
    assert (taken.onlooker.name, taken.onlooker.picture) == ("O1", "shown")


async def test_a_call_takes_four_people_who_are_seen_the_customer_among_them(desk: Desk) -> None:
    call = await look_on(desk)
    for name in ("a2", "a3", "a4"):
        await desk.agent(name)
    await come_in(desk, call, "a2")
    await desk.store.watch(MEI, call, how="prepare")
    await camera(desk)
    await come_in(desk, call, "a3")
    assert [each.name for each in (await watching(desk)).others] == ["A2", "A3"], "she sees each of the three"
    with pytest.raises(CallFull):
        await desk.store.watch(MEI, call, how="show")
    await desk.store.hang_up("a3", call)
    await desk.store.watch(MEI, call, how="show")
    with pytest.raises(CallFull):
        await desk.store.invite("a1", call, (await desk.see("c1")).epoch, to="a4")
    await desk.store.watch(MEI, call, how="hide")
    await desk.store.invite("a1", call, (await desk.see("c1")).epoch, to="a4")
    with pytest.raises(CallFull):
        await desk.store.watch(MEI, call, how="prepare")


@pytest.mark.parametrize("who", ["c1", "a1"])
async def test_the_end_of_the_call_is_the_end_of_it(desk: Desk, who: str) -> None:
    call = await shown(desk)
    await desk.store.hang_up(who, call)
    assert (await wall(desk)).watch_ended == "over"
    assert await desk.store.leg(MEI) is None


async def test_only_who_looks_on_may_open_a_camera(desk: Desk) -> None:
    call = await look_on(desk)
    await desk.store.watch(MEI, call, how="coach")
    for how in ("prepare", "show", "hide"):
        with pytest.raises(WrongState):
            await desk.store.watch(MEI, call, how=how)
