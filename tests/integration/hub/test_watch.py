"""A coordinator beside a call through the hub: seated with the customer's yes, parted without, and never unlogged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from signaling.hub import Hub
from signaling.identity_types import Identity
from signaling.store import Store
from tests.support.calls import COORDINATOR, CUSTOMER, call_between, offer, poll, ready_agent
from tests.support.page import Page, enter
from tests.support.plane import DiaryPlane
from video_service.media_plane import LegRole, LegState

pytestmark = pytest.mark.integration


class Logbook:
    """An audit log that may fail."""

    def __init__(self) -> None:
        self.looks: list[tuple[str, str, str]] = []
        self.broken = False

    async def note(self, who: str, role: str, call: str) -> None:
        if self.broken:
            raise OSError
        self.looks.append((who, role, call))


@pytest.fixture
def logbook() -> Logbook:
    return Logbook()


@pytest.fixture
async def hub(store: Store, plane: DiaryPlane, logbook: Logbook, make_hub: Callable[..., Hub]) -> Hub:
    made = make_hub(note_watching=logbook.note)
    await made.start()
    return made


@pytest.fixture
def agent_return_s() -> float:
    """Whoever's page closes here comes back, however slow the machine is."""
    return 600


async def in_call(hub: Hub, plane: DiaryPlane) -> tuple[Page, Page, str]:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    await offer(customer)
    await poll(lambda: call in plane.calls)
    await until(customer, lambda view: view["media"] != "offer")  # so that one that is asked for later is another
    return agent, customer, call


async def until(page: Page, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Read until the page's newest view is such."""
    while not what(page.view):
        await page.next()
    return page.view


def onlooker(view: dict[str, Any]) -> Any:
    return (view.get("call") if view["type"] == "agent_view" else view or {}).get("onlooker")  # type: ignore[union-attr]


def lines(view: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (view.get("watching") or {}).get("lines", [])
    return found


async def let_in(mei: Page, customer: Page, call: str) -> None:
    mei.send("watch", call=call, how="watch")
    asked = await until(customer, lambda view: bool(onlooker(view)))
    assert onlooker(asked)["state"] == "asked"
    customer.send("allow_watch", call=call, ask=onlooker(asked)["ask"], allow=True)
    await until(mei, lambda view: (view.get("watching") or {}).get("media") == "offer")


async def looks_on(hub: Hub, plane: DiaryPlane) -> tuple[Page, Page, Page, str]:
    agent, customer, call = await in_call(hub, plane)
    mei = await enter(hub, COORDINATOR)
    await let_in(mei, customer, call)
    await offer(mei)
    await poll(lambda: bool(plane.watched))
    await until(mei, lambda view: view["watching"]["media"] != "offer")
    return agent, customer, mei, call


async def test_nothing_is_seated_before_the_yes_and_the_look_is_logged_first(
    hub: Hub, plane: DiaryPlane, logbook: Logbook
) -> None:
    agent, customer, call = await in_call(hub, plane)
    mei = await enter(hub, COORDINATOR)
    mei.send("media_offer", generation=1, sdp="too early")
    assert (await mei.until(type="error"))["code"] == "no_call"
    mei.send("watch", call=call, how="watch")
    mei.send("media_offer", generation=2, sdp="not yet")
    assert (await mei.until(type="error"))["code"] == "no_call"
    assert logbook.looks == []
    await let_in(mei, customer, call)
    await until(agent, lambda view: (onlooker(view) or {}).get("state") == "in")
    route = plane.calls[call]
    await offer(mei, 3)
    leg = plane.leg_of("o-1")
    await poll(lambda: [(name, seat) for name, _, seat in plane.watched] == [(call, leg)])
    worker, request = plane.legs[leg]
    assert (worker, request.role, request.blur) == ("w-1", LegRole.WATCHER, False)
    assert logbook.looks == [("o-1", "coordinator", call)]
    assert plane.calls[call] == route, "neither of the two is touched"


async def test_a_look_that_cannot_be_logged_shows_nothing(hub: Hub, plane: DiaryPlane, logbook: Logbook) -> None:
    _, customer, call = await in_call(hub, plane)
    mei = await enter(hub, COORDINATOR)
    await let_in(mei, customer, call)
    logbook.broken = True
    mei.send("media_offer", generation=1, sdp="offer")
    assert (await mei.until(type="error"))["code"] == "store_unavailable"
    assert plane.watched == []
    logbook.broken = False
    hub.showing.look_again("o-1")
    await poll(lambda: bool(plane.watched))
    assert logbook.looks == [("o-1", "coordinator", call)]


async def test_a_no_closes_the_leg_at_once_and_says_so(hub: Hub, plane: DiaryPlane) -> None:
    agent, customer, mei, call = await looks_on(hub, plane)
    leg = plane.leg_of("o-1")
    customer.send("allow_watch", call=call, ask=0, allow=False)
    await poll(lambda: leg not in plane.legs)
    view = await until(mei, lambda view: view.get("watch_ended") == "refused")
    assert view.get("watching") is None
    await until(agent, lambda view: onlooker(view) is None)
    mei.send("watch", call=call, how="watch")
    assert (await mei.until(type="error", reply_to="watch"))["code"] == "watch_refused"


async def test_a_leg_that_should_not_look_on_is_found_and_closed(hub: Hub, plane: DiaryPlane, store: Store) -> None:
    _, _, _, call = await looks_on(hub, plane)
    leg = plane.leg_of("o-1")
    # All that was said about it is lost: the data of the call and its wakes.
    await store.redis.hset(f"{store.keys.root}:call:{call}", "watch_state", "coach")
    await hub.media.reconcile()
    await poll(lambda: leg not in plane.legs)


async def test_the_mark_vanishes_with_the_coordinators_page(hub: Hub, plane: DiaryPlane) -> None:
    agent, customer, mei, call = await looks_on(hub, plane)
    leg = plane.leg_of("o-1")
    await mei.vanish()
    await until(customer, lambda view: onlooker(view) is None)
    await until(agent, lambda view: onlooker(view) is None)
    await poll(lambda: leg not in plane.legs)
    again = await enter(hub, COORDINATOR)
    assert again.view["watch_ended"] == "gone"
    again.send("watch", call=call, how="watch")
    await until(again, lambda view: (view.get("watching") or {}).get("media") == "offer")
    await until(customer, lambda view: (onlooker(view) or {}).get("state") == "in")


async def test_it_ends_with_the_call_and_the_coordinator_is_told(hub: Hub, plane: DiaryPlane) -> None:
    agent, _, mei, call = await looks_on(hub, plane)
    leg = plane.leg_of("o-1")
    agent.send("hang_up", call=call)
    await until(mei, lambda view: view.get("watch_ended") == "over")
    await poll(lambda: leg not in plane.legs)


async def test_who_takes_the_call_over_on_another_worker_is_watched_there(hub: Hub, plane: DiaryPlane) -> None:
    agent, customer, mei, call = await looks_on(hub, plane)
    plane.alive = ["w-2", "w-1"]
    second = await ready_agent(hub, Identity(person="a-wu", role="agent", name="Wu", skills=("csl",)))
    now = agent.view["call"]
    agent.send("transfer", call=call, epoch=now["epoch"], to="a-wu")
    ring = (await second.until(type="agent_view", state="reserved"))["reservation"]
    second.send("accept", call=call, epoch=ring["epoch"])
    view = await second.until(type="agent_view", state="on_call")
    assert onlooker(view)["name"] == "Mei"
    await until(customer, lambda view: view.get("media") == "offer")
    await offer(customer, 2)
    await until(mei, lambda view: (view.get("watching") or {}).get("agent_name") == "Wu")
    await offer(mei, 2)
    leg = plane.leg_of("o-1")
    assert plane.legs[leg][0] == "w-2"
    await poll(lambda: leg in [seat for _, _, seat in plane.watched])


async def test_lines_reach_the_agent_and_the_answer_the_coordinator_and_nobody_else(
    hub: Hub, plane: DiaryPlane
) -> None:
    agent, customer, call = await in_call(hub, plane)
    mei = await enter(hub, COORDINATOR)
    mei.send("watch", call=call, how="coach")
    mei.send("coach", call=call, text="ask for the booking number")
    view = await until(agent, lambda view: bool(view["call"].get("coach")))
    line = view["call"]["coach"][0]
    assert (line["text"], line["mine"], line["read"]) == ("ask for the booking number", False, False)
    agent.send("coach_read", call=call, seq=line["seq"])
    await until(mei, lambda view: [each["read"] for each in lines(view)] == [True])
    agent.send("coach", call=call, text="yes")
    await until(mei, lambda view: [each["text"] for each in lines(view)][1:] == ["yes"])
    agent.send("hang_up", call=call)
    await customer.until(type="customer_view", state="ended")
    assert "booking" not in str(customer.seen)
    assert not any(onlooker(view) for view in customer.seen if view["type"] == "customer_view")


async def test_who_joins_by_text_reads_and_is_read_and_the_agent_ends_the_call_alone(
    hub: Hub, plane: DiaryPlane
) -> None:
    agent, customer, mei, call = await looks_on(hub, plane)
    agent.send("say", call=call, text="one moment")
    await customer.until(type="text_line", text="one moment")
    mei.send("watch", call=call, how="join")
    assert (await mei.until(type="text_line"))["name"] == "Lin"
    mei.send("say", call=call, text="I have found it")
    for page in (customer, agent):
        line = await page.until(type="text_line", text="I have found it")
        assert (line["name"], line["mine"]) == ("Mei", False)
    mei.send("hang_up", call=call)
    assert (await mei.until(type="error", reply_to="hang_up"))["code"] == "not_allowed"
    mei.send("watch", call=call, how="leave")
    await until(customer, lambda view: onlooker(view) is None)
    assert customer.view["state"] == "connected", "whoever leaves ends nobody's call"


async def test_a_leg_that_closes_by_itself_is_asked_for_again(hub: Hub, plane: DiaryPlane) -> None:
    _, _, mei, _ = await looks_on(hub, plane)
    plane.say(plane.leg_of("o-1"), LegState.CLOSED)
    await until(mei, lambda view: (view.get("watching") or {}).get("media") == "offer")
    await offer(mei, 2)
    await poll(lambda: len(plane.watched) == 2)
