"""An agent's background and the objects that an agent shows: kept, put into force, on record."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.hub import Hub
from signaling.messages import AgentView
from tests.support.calls import AGENT, CUSTOMER, call_between, offer, poll, ready_agent
from tests.support.page import Page, enter
from tests.support.plane import DiaryPlane
from video_service.background_store import BackgroundStore
from video_service.media_plane import Background, BackgroundKind, LegState
from video_service.records import Records

pytestmark = pytest.mark.integration

BOX = [0.1, 0.2, 0.3, 0.4]
COLOUR = {"kind": "colour", "strength": 2, "colour": "#aabbcc", "brighten": True}


async def in_call(hub: Hub) -> tuple[Page, Page, str, int]:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    return agent, customer, call, agent.view["call"]["epoch"]


async def said(redis: Redis, pool: str, call: str) -> list[tuple[str, str]]:
    record = await Records(redis, pool=pool).get(call)
    assert [each.at_ms for each in record.timeline] == sorted(each.at_ms for each in record.timeline)
    return [(each.what, each.who) for each in record.timeline]


async def test_a_choice_is_put_into_force_and_outlives_the_session(hub: Hub, plane: DiaryPlane) -> None:
    agent = await enter(hub, AGENT)
    assert agent.view["background"] == {
        "kind": "blur", "strength": 2, "colour": "#3b4a54", "brighten": False, "picture": False, "may_choose": True,
    }  # fmt: skip
    await offer(agent)
    first = plane.leg_of("a-lin")
    assert plane.legs[first][1].background == Background()
    agent.send("background", **COLOUR)
    await agent.until(type="agent_view", background=COLOUR | {"picture": False, "may_choose": True})
    wanted = Background(kind=BackgroundKind.COLOUR, colour="#aabbcc", brighten=True)
    await poll(lambda: plane.backgrounds.get(first) == wanted)

    await hub.store.sign_out("a-lin")
    await agent.vanish()
    again = await enter(hub, AGENT)
    assert again.view["background"]["colour"] == "#aabbcc"
    await offer(again)
    assert plane.legs[plane.leg_of("a-lin")][1].background == wanted


async def test_of_two_looks_at_once_the_newer_choice_is_put_into_force(
    hub: Hub, plane: DiaryPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await enter(hub, AGENT)
    await offer(agent)
    leg = plane.leg_of("a-lin")
    background, read, goes_on = hub.store.background, asyncio.Event(), asyncio.Event()

    async def late_answer(person: str) -> Background:
        found = await background(person)
        if not read.is_set():
            read.set()
            await goes_on.wait()
        return found

    monkeypatch.setattr(hub.store, "background", late_answer)
    first = asyncio.create_task(hub.media.set_background("a-lin"))
    async with asyncio.timeout(30):
        await read.wait()
    await hub.store.choose_background("a-lin", kind="colour", strength=2, colour="#aabbcc", brighten=True)
    await hub.media.set_background("a-lin")
    goes_on.set()
    await first
    assert plane.backgrounds[leg] == Background(kind=BackgroundKind.COLOUR, colour="#aabbcc", brighten=True)


async def test_of_two_looks_at_once_the_newer_view_is_shown_last(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = await ready_agent(hub)
    connection = hub.showing.newest[AGENT.person]
    agent_view, read, goes_on = hub.store.agent_view, asyncio.Event(), asyncio.Event()

    async def late_answer(*words: Any, **more: Any) -> AgentView:
        found = await agent_view(*words, **more)
        if not read.is_set():
            read.set()
            await goes_on.wait()
        return found

    monkeypatch.setattr(hub.store, "agent_view", late_answer)
    first = asyncio.create_task(hub.showing.show(connection))
    async with asyncio.timeout(30):
        await read.wait()
    await hub.store.break_(AGENT.person)
    second = asyncio.create_task(hub.showing.show(connection))
    await asyncio.wait((second,), timeout=0.1)  # it may be done before the older one; it must not be undone by that
    goes_on.set()
    await asyncio.gather(first, second)
    agent.send("ping", t=7)
    await agent.until(type="pong", t=7)
    assert agent.view["state"] == "break"


async def test_the_company_decides_and_its_picture_goes_to_every_agent_who_is_here(
    hub: Hub, plane: DiaryPlane, redis: Redis, pool: str
) -> None:
    company = BackgroundStore(redis, pool)
    agent = await enter(hub, AGENT)
    await offer(agent)
    leg = plane.leg_of("a-lin")
    facts = await company.put_picture(b"jpeg", 640, 360, by="s-1")
    picture = Background(kind=BackgroundKind.PICTURE, picture=facts.digest)
    await company.decide(picture, agents_choose=True, by="s-1")
    await poll(lambda: plane.backgrounds.get(leg) == picture)
    agent.send("background", **COLOUR)
    await poll(lambda: plane.backgrounds[leg].kind is BackgroundKind.COLOUR)

    await company.decide(picture, agents_choose=False, by="s-1")
    lifted = Background(kind=BackgroundKind.PICTURE, picture=facts.digest, brighten=True)
    await poll(lambda: plane.backgrounds[leg] == lifted)
    await agent.until(
        type="agent_view",
        background={
            "kind": "picture",
            "strength": 2,
            "colour": "#3b4a54",
            "brighten": True,
            "picture": True,
            "may_choose": False,
        },
    )
    await company.remove_picture(by="s-1")
    await poll(lambda: plane.backgrounds[leg] == Background(brighten=True))


async def test_a_picture_that_there_is_not_is_a_blurred_room(hub: Hub, plane: DiaryPlane) -> None:
    agent = await enter(hub, AGENT)
    agent.send("background", kind="picture", strength=1)
    agent.send("ping", t=1)
    await agent.until(type="pong")  # messages of one page are done one after the other
    await offer(agent)
    assert plane.legs[plane.leg_of("a-lin")][1].background == Background()


@pytest.mark.parametrize(
    "raw",
    [
        '{"type":"background","kind":"raw"}',
        '{"type":"background","kind":"blur","strength":0}',
        '{"type":"background","kind":"blur","strength":4}',
        '{"type":"background","kind":"blur","strength":1.5}',
        '{"type":"background","kind":"colour","colour":"red"}',
        '{"type":"background","kind":"colour","colour":"#AABBCC"}',
        '{"type":"background","kind":"colour","colour":"#aabbcc\\n"}',
        '{"type":"background","kind":"picture","picture":"x"}',
        '{"type":"background"}',
        '{"type":"show_object","call":"x","epoch":1}',
        '{"type":"show_object","call":"x","epoch":1,"box":[0.1,0.1,0.2]}',
        '{"type":"show_object","call":"x","epoch":1,"box":[0.1,0.1,0.2,0.2,0.2]}',
        '{"type":"show_object","call":"x","epoch":1,"box":[0.1,0.1,NaN,0.2]}',
        '{"type":"show_object","call":"x","epoch":1,"box":[0.1,0.1,1e400,0.2]}',
        '{"type":"show_object","call":"x","epoch":1,"box":[-0.1,0.1,0.2,0.2]}',
        '{"type":"show_object","call":"x","epoch":1,"box":["0.1",0.1,0.2,0.2]}',
    ],
)
async def test_what_is_no_choice_and_no_box_is_refused(hub: Hub, plane: DiaryPlane, raw: str) -> None:
    agent = await enter(hub, AGENT)
    agent.raw(raw)
    assert (await agent.until(type="error"))["code"] == "bad_message"
    assert plane.backgrounds == {}


async def test_an_object_is_shown_moved_and_hidden_and_the_record_says_by_whom(
    hub: Hub, plane: DiaryPlane, redis: Redis, pool: str
) -> None:
    agent, _, call, epoch = await in_call(hub)
    agent.send("show_object", call=call, epoch=epoch, box=BOX)
    await agent.until(type="agent_view", object_box=BOX)
    agent.send("show_object", call=call, epoch=epoch, box=[0.2, 0.2, 0.3, 0.4])
    await agent.until(type="agent_view", object_box=[0.2, 0.2, 0.3, 0.4])
    agent.send("show_object", call=call, epoch=epoch, box=None)
    await agent.until(type="agent_view", object_box=[])
    leg = plane.leg_of("a-lin")
    assert plane.objects == [(leg, tuple(BOX)), (leg, (0.2, 0.2, 0.3, 0.4)), (leg, None)]
    assert await said(redis, pool, call) == [("object_shown", "a-lin"), ("object_hidden", "a-lin")]


async def test_one_that_ends_by_itself_is_off_the_page_and_on_record(
    hub: Hub, plane: DiaryPlane, redis: Redis, pool: str
) -> None:
    agent, customer, call, epoch = await in_call(hub)
    agent.send("show_object", call=call, epoch=epoch, box=BOX)
    await agent.until(type="agent_view", object_box=BOX)
    plane.say_object(plane.leg_of("a-lin"), None)
    await agent.until(type="agent_view", object_box=[])
    agent.send("show_object", call=call, epoch=epoch, box=BOX)
    await agent.until(type="agent_view", object_box=BOX)
    customer.send("hang_up", call=call)
    assert (await agent.until(type="agent_view", state="after_call"))["object_box"] == []
    plane.say_object(plane.leg_of("a-lin"), None)  # the worker ends it with the call
    async with asyncio.timeout(30):
        while len(await said(redis, pool, call)) < 4:
            await asyncio.sleep(0.01)
    assert [what for what, _ in await said(redis, pool, call)] == ["object_shown", "object_hidden"] * 2


async def test_one_that_ends_while_no_page_is_here_is_written_down(
    hub: Hub, plane: DiaryPlane, redis: Redis, pool: str
) -> None:
    agent, customer, call, epoch = await in_call(hub)
    agent.send("show_object", call=call, epoch=epoch, box=BOX)
    await agent.until(type="agent_view", object_box=BOX)
    for page in (agent, customer):
        await page.vanish()
    await poll(lambda: not hub.showing.newest)
    plane.say_object(plane.leg_of("a-lin"), None)
    async with asyncio.timeout(30):
        while len(await said(redis, pool, call)) < 2:
            await asyncio.sleep(0.01)
    assert await said(redis, pool, call) == [("object_shown", "a-lin"), ("object_hidden", "a-lin")]
    assert (await enter(hub, AGENT)).view["object_box"] == []


@pytest.mark.parametrize("how", ["new leg", "closed leg"])
async def test_with_its_leg_an_object_ends(hub: Hub, plane: DiaryPlane, redis: Redis, pool: str, how: str) -> None:
    agent, _, call, epoch = await in_call(hub)
    agent.send("show_object", call=call, epoch=epoch, box=BOX)
    await agent.until(type="agent_view", object_box=BOX)
    old = plane.leg_of("a-lin")
    if how == "new leg":
        await offer(agent, 2)
        await hub.store.shown_object("a-lin", leg=old, box=(0.1, 0.2, 0.3, 0.4))  # told late, of the leg before
    else:
        plane.say(old, LegState.CLOSED)
    while agent.view["object_box"]:
        await agent.next()
    assert [what for what, _ in await said(redis, pool, call)] == ["object_shown", "object_hidden"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"box": [0.0, 0.0, 0.9, 0.9]}, "bad_box"),
        ({"box": [0.8, 0.0, 0.3, 0.3]}, "bad_box"),
        ({"box": [0.1, 0.1, 0.01, 0.3]}, "bad_box"),
        ({"call": "another"}, "no_call"),
        ({"epoch": 99}, "stale"),
    ],
    ids=["too large", "outside", "too small", "another call", "stale"],
)
async def test_an_object_that_cannot_be_shown_is_refused_by_name(
    hub: Hub, plane: DiaryPlane, change: dict[str, object], code: str
) -> None:
    agent, _, call, epoch = await in_call(hub)
    agent.send("show_object", **({"call": call, "epoch": epoch, "box": BOX} | change))
    assert (await agent.until(type="error"))["code"] == code
    assert plane.objects == []
    plane.legs.clear()  # the worker has lost it, and nobody knows yet
    agent.send("show_object", call=call, epoch=epoch, box=BOX)
    assert (await agent.until(type="error"))["code"] == "no_picture"


async def test_outside_of_a_call_nothing_is_shown(hub: Hub, plane: DiaryPlane) -> None:
    agent = await ready_agent(hub)
    agent.send("show_object", call="x", epoch=1, box=BOX)
    assert (await agent.until(type="error"))["code"] == "no_call"
