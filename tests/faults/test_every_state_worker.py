"""A media worker is killed by `kill -9` at every state of a call, which goes on with the next worker."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from media import link, rpc
from media.plane import RpcMediaPlane
from media.registry import Registry
from signaling import hub as hub_module
from signaling import listening
from signaling.hub import Hub
from signaling.identity_types import Identity
from signaling.messages import PROTOCOL_VERSION
from signaling.policy import Policy
from signaling.store import Store
from tests.support.calls import AGENT, CUSTOMER, on_shift, poll
from tests.support.page import WAIT_S, Page
from tests.valkey_server import RealValkey
from tests.worker_process import WorkerProcess
from video_service.consent import CONSENT_VERSION
from video_service.tasks import cancel_and_wait

pytestmark = pytest.mark.faults

OTHER = Identity(person="a-wu", role="agent", name="Wu", skills=("csl",))
NUMBERS = itertools.count(1)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages, node and workers wait for one another as long as a slow machine may take."""
    for module, name in (
        (hub_module, "HEARTBEAT_S"),
        (hub_module, "HELLO_TIMEOUT_S"),
        (listening, "LOST_S"),
        (link, "OPEN_TIMEOUT_S"),
        (rpc, "PING_TIMEOUT_S"),
    ):
        monkeypatch.setattr(module, name, WAIT_S)


class Workers:
    """One worker at a time, which every call is on; `replace` starts the next one and kills the first."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self._folder, self._redis_url = folder, redis_url
        self._running: list[WorkerProcess] = []

    def start(self, pool: str) -> str:
        worker = WorkerProcess(f"w-{next(NUMBERS)}", self._folder, self._redis_url, pool)
        self._running.append(worker.__enter__())
        return worker.name

    def kill_first(self) -> None:
        self._running.pop(0).kill()

    def close(self) -> None:
        while self._running:
            self.kill_first()


@pytest.fixture
def workers(valkey: RealValkey) -> Iterator[Workers]:
    with tempfile.TemporaryDirectory(prefix="rpc-") as name:
        made = Workers(Path(name), valkey.url)
        yield made
        made.close()


class LivePage(Page):
    """A page that reads all it is sent, and makes a new connection whenever it is asked for one."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self.offers = True
        self._asked = False
        self.generation = 0
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            message = await self.wire.to_page.get()
            if message["type"].endswith("_view"):
                self.view = message
            self.look()

    def look(self) -> None:
        wanted = self.view.get("media") == "offer"
        if wanted and not self._asked and self.offers:
            self.generation += 1
            self.send("media_offer", generation=self.generation, sdp=f"offer {self.generation}")
        self._asked = wanted and (self._asked or self.offers)

    async def close(self) -> None:
        await cancel_and_wait((self._reading, self.task))


class Scene:
    """A hub whose calls are on a worker that can be killed, and the pages of a customer and two agents."""

    def __init__(self, hub: Hub, plane: RpcMediaPlane) -> None:
        self.hub, self.plane = hub, plane
        self.agent, self.other, self.customer = (LivePage(hub) for _ in range(3))
        self.pages = {AGENT: self.agent, OTHER: self.other, CUSTOMER: self.customer}

    async def enter(self) -> None:
        for identity, page in self.pages.items():
            if identity.role == "agent":
                await on_shift(self.hub.store, identity)
            page.send(
                "hello", v=PROTOCOL_VERSION, ticket=await self.hub.store.issue_ticket(identity), codecs=["video/VP8"]
            )
            await poll(lambda page=page: bool(page.view))  # type: ignore[misc]
        for page in (self.agent, self.other):
            await self.until(page, media="live")

    async def until(self, page: LivePage, **fields: object) -> None:
        """Wait until a page's view has these fields."""
        await poll(lambda: all(page.view.get(name) == value for name, value in fields.items()))

    async def join(self) -> None:
        self.customer.send("join", consent=CONSENT_VERSION)
        await poll(lambda: self.customer.view["state"] in ("waiting", "ringing"))

    async def ready(self, page: LivePage) -> None:
        page.send("ready")
        await poll(lambda: page.view["state"] in ("available", "reserved"))

    async def accept(self, page: LivePage) -> None:
        await self.until(page, state="reserved")
        ring = page.view["reservation"]
        page.send("accept", call=ring["call"], epoch=ring["epoch"])
        await self.until(page, state="on_call")
        await self.until(self.customer, state="connected")

    async def seen(self) -> None:
        await self.until(self.customer, state="connected", media="live", other_media="live")

    async def close(self) -> None:
        for page in self.pages.values():
            await page.close()


async def waiting(scene: Scene) -> None:
    # Nobody is ready, so that the customer stays in the line.
    await scene.join()


async def ringing(scene: Scene) -> None:
    await scene.ready(scene.agent)
    await scene.join()
    await scene.until(scene.agent, state="reserved")


async def connecting(scene: Scene) -> None:
    scene.customer.offers = False  # the camera is still being opened
    await ringing(scene)
    await scene.accept(scene.agent)


async def in_call(scene: Scene) -> None:
    await ringing(scene)
    await scene.accept(scene.agent)
    await scene.seen()


async def held(scene: Scene) -> None:
    await in_call(scene)
    call = scene.agent.view["call"]
    scene.agent.send("hold", call=call["call"], epoch=call["epoch"], held=True)
    await poll(lambda: bool(scene.customer.view.get("held_from_ms")))


async def transferring(scene: Scene) -> None:
    await in_call(scene)
    await scene.ready(scene.other)
    call = scene.agent.view["call"]
    scene.agent.send("transfer", call=call["call"], epoch=call["epoch"], to=OTHER.person, note="order 17")
    await scene.until(scene.other, state="reserved")


async def after_call(scene: Scene) -> None:
    await in_call(scene)
    scene.customer.send("hang_up", call=scene.customer.view["call"])
    await scene.until(scene.agent, state="after_call")


Reach = Callable[[Scene], Awaitable[None]]
# With what the customer's page says then.
STATES: dict[Reach, str] = {
    waiting: "waiting",
    ringing: "ringing",
    connecting: "connected",
    in_call: "connected",
    held: "connected",
    transferring: "ringing",
    after_call: "ended",
}


@pytest.fixture
async def scene(redis: Redis, pool: str, workers: Workers) -> AsyncIterator[Scene]:
    policy = Policy(agent_return_s=600, customer_return_s=600, ring_timeout_s=600, presence_ttl_s=600)
    store = Store(redis, pool=pool, policy=policy)
    await store.load()
    plane = RpcMediaPlane(Registry(redis, pool), timeout_s=WAIT_S)
    hub = Hub(store, plane)
    await asyncio.to_thread(workers.start, pool)
    await plane.start()
    await hub.start()
    await poll(lambda: len(plane.workers()) == 1)
    async with asyncio.timeout(WAIT_S):
        while not (await redis.pubsub_numsub(store.keys.node(hub.node)))[0][1]:
            await asyncio.sleep(0.01)
    made = Scene(hub, plane)
    await made.enter()
    yield made
    await made.close()
    await hub.drain()
    await hub.close()
    await plane.close()


@pytest.mark.parametrize("reach", STATES, ids=lambda reach: reach.__name__)
async def test_a_killed_worker_s_people_get_to_each_other_on_the_next_one(
    scene: Scene, workers: Workers, pool: str, reach: Reach
) -> None:
    await reach(scene)
    await scene.until(scene.customer, state=STATES[reach])
    call = scene.customer.view["call"]
    is_held, epoch = bool(scene.customer.view.get("held_from_ms")), scene.customer.view["epoch"]
    second = await asyncio.to_thread(workers.start, pool)
    await poll(lambda: len(scene.plane.workers()) == 2)

    workers.kill_first()

    await poll(lambda: [each.worker for each in scene.plane.workers()] == [second])
    # Whoever had a picture there makes another one: agents always, a customer while an agent is there.
    renewed = [scene.agent, scene.other] + [scene.customer] * (reach in (in_call, held))
    for page in renewed:
        await poll(lambda page=page: page.generation == 2 and page.view["media"] == "live")  # type: ignore[misc]
    assert len(await scene.plane.statistics(second)) >= len(renewed)
    seen = scene.customer.view
    assert (seen["state"], seen["call"], seen["epoch"]) == (STATES[reach], call, epoch), "nobody was moved by that"
    assert bool(seen.get("held_from_ms")) == is_held
    await goes_on(scene, reach)


async def goes_on(scene: Scene, reach: Reach) -> None:
    """From wherever it stands customer and agent see each other, and end the call."""
    scene.customer.offers = True
    scene.customer.look()
    by = scene.agent
    if reach is after_call:
        scene.customer.send("hang_up", call=scene.customer.view["call"])
        await scene.until(scene.customer, state="home")
        await scene.join()
    if reach in (waiting, after_call):
        await scene.ready(by)
    if reach is transferring:
        by = scene.other
    if reach in (waiting, ringing, transferring, after_call):
        await scene.accept(by)
    if reach is held:
        call = by.view["call"]
        by.send("hold", call=call["call"], epoch=call["epoch"], held=False)
        await poll(lambda: not scene.customer.view.get("held_from_ms"))
    await scene.seen()
    await scene.until(by, state="on_call", media="live")
    scene.customer.send("hang_up", call=scene.customer.view["call"])
    await scene.until(by, state="after_call")
