"""A code on the wall behind both people, a segmenter that fails again and again, and a whole engine between them.

Faults go on while people come, go, come back, wait on hold, choose other backgrounds, show an object, ask for blur and
take it back, while every camera is turned again and again, and while the worker is another one. What each viewer
decodes is looked at: the code is read where a customer wished to be seen as they are, and nowhere else.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from media.compositor import YuvCompositor
from media.engine import MediaEngine
from media.mask_source import InlineMasks
from media.segmenter import Mask
from media.stage import BlurSettings, BlurStage, mask_maker
from tests.blur_rig import OBJECT
from tests.blur_room import FAULTS, GoodSegmenter, reads_code, room
from tests.integration.media_peers import Camera, Client, Received, Site, loopback_settings, site, some
from video_service.media_plane import Background, BackgroundKind, CallRoute, LegRole

pytestmark = pytest.mark.integration

AGENT, CUSTOMER, WATCHER, GUEST = LegRole.AGENT, LegRole.CUSTOMER, LegRole.WATCHER, LegRole.GUEST
SIZES = ((320, 240), (240, 320))
PICTURES = 15  # of each scene and viewer
TURNED = PICTURES // 2


def draw(number: int) -> npt.NDArray[np.uint8]:
    """Draw the room as planes one over the other; it moves a little, so that no picture is like the one before.

    The camera is turned in the middle of its film, and turned back at the end.
    """
    width, height = SIZES[number % PICTURES > TURNED]
    planes = room(width, height).planes
    luma = planes.y.copy()
    luma[-16:, :16] = 16 * (number % 15)
    return np.vstack([luma, *(plane.reshape(height // 4, width) for plane in (planes.u, planes.v))])


class Faulty(GoodSegmenter):
    """Works, then fails in each of all ways in turn, a few pictures each."""

    def __init__(self) -> None:
        super().__init__()
        kinds = itertools.cycle([None, *(fault for fault, _ in FAULTS.values())])
        self._turns: Iterator[object] = (kind for kind in kinds for _ in range(3))

    def segment(self, picture: object) -> Mask:
        self.fault = next(self._turns)  # type: ignore[assignment]
        return super().segment(picture)  # type: ignore[arg-type]


def stage() -> BlurStage:
    settings = BlurSettings(budget_ms=60_000)
    masks = InlineMasks(mask_maker(Faulty(), settings), settings.budget_ms, lambda: 0.0)
    return BlurStage(masks, YuvCompositor(), lambda: 0.0, settings)


def engine(worker: str) -> MediaEngine:
    return MediaEngine(loopback_settings(capacity=5), stage, worker=worker)


class Looker:
    """Looks at what viewers decode."""

    def __init__(self) -> None:
        self.looked = 0
        self.sizes: set[tuple[int, ...]] = set()

    async def never(self, *viewers: Received) -> None:
        """Wait for pictures of each viewer: in none of them is the code read."""
        for received in viewers:
            await some(received, len(received.pictures) + PICTURES)
        for received in viewers:
            assert not [index for index, (_, luma) in enumerate(received.pictures) if reads_code(luma)]
            self.looked += len(received.pictures)
            self.sizes |= {luma.shape[::-1] for _, luma in received.pictures}
            received.pictures.clear()

    async def always(self, received: Received) -> None:
        """The control: the code is read in what is shown as it is."""
        received.pictures.clear()
        await some(received, PICTURES)
        assert [luma for _, luma in received.pictures[2:] if reads_code(luma)]
        received.pictures.clear()


async def join(place: Site, name: str, role: LegRole, *, blur: bool = False) -> Client:
    return await place.join(name, role, camera=Camera(draw=draw, rate=20, cycle=PICTURES), blur=blur, codec="video/VP8")


async def test_at_no_point_of_a_call_is_the_code_read_but_where_a_customer_wished_it() -> None:
    look = Looker()
    for worker in ("w-1", "w-2"):  # the second has taken over after the first
        async with site(engine(worker)) as place:
            agent = await join(place, "agent", AGENT)
            await look.never(agent.slots[0])
            customer = await join(place, "blurred", CUSTOMER, blur=True)
            await place.call("call", customer, agent)
            await look.never(agent.slots[1], customer.slots[0])
            watcher = await join(place, "watcher", WATCHER)
            await place.engine.watch_call("call", 1, "watcher")
            await look.never(watcher.slots[0], watcher.slots[1], agent.slots[1])

            # Other backgrounds, an object that is shown on purpose, somebody else for the signer, a hold.
            for background in (Background(kind=BackgroundKind.COLOUR), Background(strength=3, brighten=True)):
                await place.engine.set_background("agent", background)
                await place.engine.show_object("agent", OBJECT)
                await place.engine.confirm_signer("agent")
                await look.never(customer.slots[0], watcher.slots[0])
            for held in (True, False):
                route = CallRoute(call_id="call", epoch=1, customer_leg="blurred", agent_leg="agent", held=held)
                await place.engine.open_call(route)
                await look.never(agent.slots[1], watcher.slots[0])
            await look.never(customer.slots[0])

            # Shown by wish, and hidden again: another connection each time.
            await place.engine.close_leg("blurred")
            raw = await join(place, "as-it-is", CUSTOMER)
            await place.call("call", raw, agent)
            await look.always(agent.slots[1])
            await place.engine.close_leg("as-it-is")
            back = await join(place, "blurred-again", CUSTOMER, blur=True)
            await some(agent.slots[0])
            for received in (agent.slots[1], watcher.slots[1]):
                received.pictures.clear()
            await place.call("call", back, agent)
            await some(back.slots[0])
            # The last pictures of the connection that was shown may still have been inside the clients.
            for received in (agent.slots[1], watcher.slots[1]):
                await some(received, 5)
                received.pictures.clear()
            await look.never(agent.slots[1], watcher.slots[1])

            # The agent's network changes, then a second agent comes in.
            again = await join(place, "agent-again", AGENT)
            await place.call("call", back, again, epoch=2)
            await look.never(back.slots[0], again.slots[0], again.slots[1], watcher.slots[0])
            helper = await join(place, "helper", AGENT)
            await place.engine.open_call(
                CallRoute(
                    call_id="call",
                    epoch=2,
                    customer_leg="blurred-again",
                    agent_leg="agent-again",
                    helper_legs=("helper",),
                )
            )
            await look.never(back.slots[1], again.slots[2], watcher.slots[2], helper.slots[1], helper.slots[2])

            # A coordinator with a camera: seen by nobody but herself, and then by everybody.
            guest = await join(place, "guest", GUEST)
            await place.engine.watch_call("call", 2, "guest")
            await look.never(guest.slots[0])
            await place.engine.watch_call("call", 2, "guest", seen=True)
            await look.never(back.slots[2], guest.slots[0])
    assert look.looked >= 2 * 27 * PICTURES
    assert look.sizes >= set(SIZES), "upright and turned"
