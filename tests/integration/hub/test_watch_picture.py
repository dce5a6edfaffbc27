"""A coordinator's own picture, and an agent's voice, through the hub: ordered as the store says, no sooner."""

from __future__ import annotations

import pytest

from signaling.hub import Hub
from signaling.identity_types import Identity
from signaling.store import Store
from tests.integration.hub.test_watch import agent_return_s, hub, in_call, logbook, looks_on, onlooker, until
from tests.support.calls import offer, poll, ready_agent
from tests.support.page import Page
from tests.support.plane import DiaryPlane
from video_service.media_plane import LegRole, LegState

__all__ = ["agent_return_s", "hub", "logbook"]

pytestmark = pytest.mark.integration


def seen_by(page: Page) -> str:
    """Return how far a page is told of the coordinator's own picture."""
    return str((onlooker(page.view) or {}).get("picture", ""))


async def with_camera(hub: Hub, plane: DiaryPlane) -> tuple[Page, Page, Page, str]:
    """Bring a coordinator to see herself, and the customer to be asked."""
    agent, customer, mei, call = await looks_on(hub, plane)
    before = plane.leg_of("o-1")
    mei.send("watch", call=call, how="prepare")
    await until(mei, lambda view: view["watching"]["picture"] == "ready" and view["watching"]["media"] == "offer")
    await offer(mei, 2)
    leg = plane.leg_of("o-1")
    worker, request = plane.legs[leg]
    assert (worker, request.role, request.blurred) == ("w-1", LegRole.GUEST, True)
    assert before not in plane.legs
    for state in (LegState.CONNECTED, LegState.FLOWING):
        plane.say(leg, state)
    await until(mei, lambda view: view["watching"]["media"] == "live")
    mei.send("watch", call=call, how="show")
    await until(customer, lambda _: seen_by(customer) == "asked")
    await poll(lambda: leg in [seat for _, _, seat in plane.watched])
    assert plane.seen == set()
    return agent, customer, mei, call


async def shown(hub: Hub, plane: DiaryPlane) -> tuple[Page, Page, Page, str]:
    agent, customer, mei, call = await with_camera(hub, plane)
    customer.send("allow_watch", call=call, ask=onlooker(customer.view)["ask"], allow=True, picture=True)
    await poll(lambda: plane.seen == {plane.leg_of("o-1")})
    for page in (customer, agent):
        await until(page, lambda _, page=page: seen_by(page) == "shown")  # type: ignore[misc]
    return agent, customer, mei, call


async def test_a_picture_is_shown_once_the_customer_agrees_and_its_owner_says_who_is_the_signer(
    hub: Hub, plane: DiaryPlane
) -> None:
    _, customer, mei, call = await shown(hub, plane)
    leg = plane.leg_of("o-1")
    mei.send("this_is_me")
    await poll(lambda: plane.confirmed == [("w-1", leg)])
    customer.send("allow_watch", call=call, ask=0, allow=False, picture=True)
    await poll(lambda: leg not in plane.legs)
    view = await until(mei, lambda view: view["watching"]["picture"] == "refused")
    assert view["watching"]["state"] == "joined"
    await offer(mei, 3)
    assert plane.legs[plane.leg_of("o-1")][1].role is LegRole.WATCHER
    assert customer.view["state"] == "connected"


async def test_a_camera_that_should_not_be_seen_is_found_and_closed(hub: Hub, plane: DiaryPlane, store: Store) -> None:
    _, _, _, call = await shown(hub, plane)
    leg = plane.leg_of("o-1")
    await store.redis.hset(f"{store.keys.root}:call:{call}", "watch_picture", "")
    await hub.media.reconcile()
    await poll(lambda: leg not in plane.legs)


async def test_who_is_seen_is_seen_on_the_worker_that_takes_over(hub: Hub, plane: DiaryPlane) -> None:
    agent, customer, mei, _ = await shown(hub, plane)
    plane.lose("w-1")
    await until(agent, lambda view: view["media"] == "offer")
    await offer(agent, 9)
    await until(customer, lambda view: view["media"] == "offer")
    await offer(customer, 9)
    await until(mei, lambda view: view["watching"]["media"] == "offer")
    await offer(mei, 9)
    leg = plane.leg_of("o-1")
    assert (plane.legs[leg][0], plane.legs[leg][1].role) == ("w-2", LegRole.GUEST)
    await poll(lambda: leg in plane.seen)


async def test_the_customer_hears_who_switched_the_microphone_on_last(hub: Hub, plane: DiaryPlane) -> None:
    agent, _, call = await in_call(hub, plane)
    second = await ready_agent(hub, Identity(person="a-wu", role="agent", name="Wu", skills=("voice",)))
    agent.send("invite", call=call, epoch=agent.view["call"]["epoch"], to="a-wu")
    ring = (await second.until(type="agent_view", state="reserved"))["reservation"]
    second.send("accept", call=call, epoch=ring["epoch"])
    await until(second, lambda view: view["state"] == "on_call")
    await offer(second, 2)
    for page, other in ((agent, second), (second, agent)):
        page.send("voice", call=call, on=True)
        await until(page, lambda view: view["call"]["speaks"])
        view = await until(other, lambda view: view["call"]["voice"] and not view["call"]["speaks"])
        assert view["call"]["voice"] in {each["writer"] for each in view["call"]["others"]}
    await poll(lambda: plane.calls[call].voice_leg == plane.leg_of("a-wu"))
    second.send("hang_up", call=call)
    await until(agent, lambda view: not view["call"]["voice"])
    await poll(lambda: plane.calls[call].voice_leg == "")
    second.send("voice", call=call, on=True)
    assert (await second.until(type="error", reply_to="voice"))["code"] == "no_call"
