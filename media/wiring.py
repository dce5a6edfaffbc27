"""Who sees and hears whom: the calls of one worker, from routes to outlets.

Each change computes anew what every slot of a call has to show and moves only the slots that show something else, so
that whoever joins, comes back or leaves touches nobody but those who see that person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from media.agent_leg import AgentLeg, BlurredCustomerLeg, BlurredLeg
from media.calls import CallTable
from media.customer_leg import CustomerLeg
from media.forwarder import PictureOutlet, SoundOutlet
from media.guest_leg import GuestLeg
from media.leg import Leg
from media.watcher_leg import WatcherLeg
from video_service.media_plane import CallRoute, LegTaken, MediaError, UnknownLeg
from video_service.real_time_text import packed, unpacked, writer_key

log = structlog.get_logger(__name__)

CUSTOMER_SLOT: Final = 1
MAX_GUESTS: Final = 4
GUEST_PLACE: Final = 2  # among whom somebody sees: a call has one guest with a picture at most, who never moves


@dataclass(frozen=True, slots=True)
class Seat:
    """One slot of `viewer`, and who is seen there; `first` for the slot of the person whom the viewer talks to."""

    viewer: Leg
    outlet: PictureOutlet
    seen: Leg
    first: bool


@dataclass(frozen=True, slots=True)
class Cast:
    """The legs of one call. Guests are watchers, one of whom may be seen, and further agents, as they came.

    `helpers` are the further agents whom the route names; None keeps a slot. While it is `held` the customer sees and
    hears no agent. Each agent hears the customer, who hears `voice` alone: a connection has one line of sound.
    """

    customer: CustomerLeg | BlurredCustomerLeg
    agent: AgentLeg
    guests: Sequence[WatcherLeg | AgentLeg] = ()
    held: bool = False
    helpers: Sequence[AgentLeg | None] = ()
    voice: AgentLeg | None = None

    @property
    def legs(self) -> tuple[Leg, ...]:
        return self.customer, self.agent, *self._company

    @property
    def _company(self) -> tuple[WatcherLeg | AgentLeg, ...]:
        return *(helper for helper in self.helpers if helper is not None), *self.guests

    def seats(self) -> Iterator[Seat]:
        """Yield every slot that shows somebody."""
        agents = [guest for guest in self.guests if isinstance(guest, AgentLeg) and not isinstance(guest, GuestLeg)]
        helpers = [*self.helpers, *agents]
        if not self.held:
            yield from _seats(self.customer, self.customer.slots, self._with_guest([self.agent, *helpers]))
        yield from _seats(self.agent, self.agent.slots[CUSTOMER_SLOT:], self._with_guest([self.customer, *helpers]))
        for guest in self._company:
            others = [helper for helper in helpers if helper is not guest]
            if isinstance(guest, GuestLeg):
                yield from _seats(guest, guest.slots[1:], [self.agent, self.customer, *others])
            elif isinstance(guest, AgentLeg):
                seen = self._with_guest([self.customer, self.agent, *others])
                yield from _seats(guest, guest.slots[CUSTOMER_SLOT:], seen)
            else:
                yield from _seats(guest, guest.slots, [self.agent, self.customer, *others])

    def _with_guest(self, seen: Sequence[Leg | None]) -> Sequence[Leg | None]:
        """Return whom somebody of the call sees, and in the last place, if it is free, the guest who may be seen."""
        guest = next((each for each in self.guests if isinstance(each, GuestLeg) and each.seen), None)
        if guest is None or len(seen) > GUEST_PLACE:
            return seen
        return [*seen, *[None] * (GUEST_PLACE - len(seen)), guest]

    def codec(self, giver: BlurredLeg) -> str | None:
        """Return the codec for one encode that every viewer of `giver` takes, in the first viewer's order.

        A guest who takes none of what the two people have in common sees nothing; their picture stays theirs. None
        when not even they have one in common.
        """
        # Whoever is on hold sees the picture again in a while: the codec stays one that this viewer takes.
        seats = [seat for seat in replace(self, held=False).seats() if seat.seen is giver]
        needed = [seat.outlet for seat in seats if seat.viewer in (self.customer, self.agent)]
        if giver.preview is not None:
            needed.append(giver.preview)
        common = [codec for codec in needed[0].codecs if all(codec in outlet.codecs for outlet in needed)]
        for codec in common:
            if all(codec in seat.outlet.codecs for seat in seats):
                return codec
        return common[0] if common else None


def _seats(viewer: Leg, slots: Sequence[PictureOutlet], seen: Sequence[Leg | None]) -> Iterator[Seat]:
    for index, (outlet, leg) in enumerate(zip(slots, seen, strict=False)):
        if leg is not None:
            yield Seat(viewer, outlet, leg, first=index == 0)


class Wiring:
    """The calls of the worker whose legs are `legs`. Every method is done when it returns.

    `on_leave` hears of each leg that has left its call; it does not raise.
    """

    def __init__(self, legs: Mapping[str, Leg], on_leave: Callable[[Leg], None]) -> None:
        self._legs = legs
        self._on_leave = on_leave
        self._calls = CallTable()

    def open(self, route: CallRoute) -> None:
        """Join two legs; what is already joined so stays untouched, and so do the call's guests.

        Raises:
            StaleEpoch: the call has moved on.
            UnknownLeg: a leg is gone, or is not of the role that the route says.
            MediaError: the legs have no picture codec in common, or the agent has no slot for the customer.
        """
        self._calls.check_open(route)
        customer, agent = self._legs.get(route.customer_leg), self._legs.get(route.agent_leg)
        if not isinstance(customer, CustomerLeg | BlurredCustomerLeg):
            raise UnknownLeg(leg_id=route.customer_leg)
        if not isinstance(agent, AgentLeg) or isinstance(agent, GuestLeg):
            raise UnknownLeg(leg_id=route.agent_leg)
        if len(agent.slots) <= CUSTOMER_SLOT:
            raise MediaError("The agent's leg has no slot for the customer.")
        old = self._calls.route(route.call_id)
        cast = self._cast(route, old, customer, agent)
        _check(cast)
        self._calls.opened(route)
        for leg in cast.legs:
            self._leave_other_call(leg, route.call_id)
        if old is not None:
            for leg_id in _named(old) - {leg.id for leg in cast.legs}:
                leaving = self._legs.get(leg_id)
                if leaving is not None and leaving.call_id == route.call_id:
                    self.leave(leaving)
        _wire(cast, route.call_id)

    def watch(self, call_id: str, epoch: int, leg_id: str, *, seen: bool = False) -> None:
        """Let a guest in: a watcher, or a second agent, who is seen as well. `seen`: a guest's picture is shown, too.

        Raises:
            StaleEpoch: the call has moved on.
            UnknownLeg: the leg is gone, or a customer's.
            LegTaken: it is an agent's, who is in another call: whom that agent talks to is not left without a word.
            MediaError: the call is not open with both of its people here, or has as many guests as it takes.
        """
        route = self._calls.check_joinable(call_id, epoch)
        guest = self._legs.get(leg_id)
        if not isinstance(guest, WatcherLeg | AgentLeg):
            raise UnknownLeg(leg_id=leg_id)
        customer, agent = self._legs.get(route.customer_leg), self._legs.get(route.agent_leg)
        if not isinstance(customer, CustomerLeg | BlurredCustomerLeg) or not isinstance(agent, AgentLeg):
            raise MediaError("Somebody of the call is away.")
        if guest.id in _named(route):
            raise MediaError("The leg is the call's own.")
        if isinstance(guest, AgentLeg) and not isinstance(guest, GuestLeg) and guest.call_id not in ("", call_id):
            raise LegTaken(leg_id=leg_id)
        guests = [each for each in self._guests(route, None) if each is not guest]
        if len(guests) >= MAX_GUESTS:
            raise MediaError("The call has as many guests as it takes.")
        cast = replace(self._cast(route, None, customer, agent), guests=[*guests, guest])
        _check(cast)
        self._leave_other_call(guest, call_id)
        if isinstance(guest, GuestLeg):
            guest.seen = seen
        _wire(cast, call_id)

    def close(self, call_id: str, epoch: int) -> tuple[bool, list[WatcherLeg | GuestLeg]]:
        """Part a call; return whether it was open, and those who looked on, who have nothing more to see.

        Raises:
            StaleEpoch: the call has moved on.
        """
        route = self._calls.close(call_id, epoch)
        if route is None:
            return False, []
        return True, self._part(call_id)

    def relay(self, writer: Leg, message: str) -> bool:
        """Pass a piece of an unfinished line on to the others of the call's people; return whether it was one.

        A piece of another call than the one in which the writer is has come late, or is made up: nobody reads it.
        """
        found, route = unpacked(message), self._calls.route(writer.call_id)
        if found is None or route is None or found[0] != writer.call_id:
            return False
        people = [self._legs.get(leg_id) for leg_id in sorted(_named(route))]
        if writer not in people:
            return False
        call, piece = found
        marked = packed(call, writer_key(call, writer.person), piece)
        for leg in people:
            if leg is not None and leg is not writer and leg.call_id == writer.call_id:
                leg.peer.write(marked)
        return True

    def leave(self, leg: Leg) -> None:
        """Cut everything between a leg and the others, in both directions. An agent's own preview goes on."""
        leg.call_id = ""
        if isinstance(leg, GuestLeg):
            leg.seen = False
        leg.sound.detach_all()
        if isinstance(leg, BlurredLeg):
            leg.blur.full_rate = False
            leg.blur.show_object(None)
        if leg.shown is not None:
            for viewer in leg.shown.viewers:
                if viewer is not leg.preview:
                    leg.shown.detach(viewer)
        for outlet in (*leg.slots, leg.sound_outlet):
            if outlet is not None and outlet is not leg.preview and outlet.source is not None:
                outlet.source.detach(outlet)
        self._on_leave(leg)

    def _part(self, call_id: str) -> list[WatcherLeg | GuestLeg]:
        members = [leg for leg in self._legs.values() if leg.call_id == call_id]
        for leg in members:
            self.leave(leg)
        return [leg for leg in members if isinstance(leg, WatcherLeg | GuestLeg)]

    def _leave_other_call(self, leg: Leg, call_id: str) -> None:
        """A leg is in one call at most: whoever joins another parts the first, which hears nothing more of it."""
        other = leg.call_id
        if not other or other == call_id:
            return
        log.warning("leg_taken_from_call", leg=leg.id, call=other)
        route = self._calls.route(other)
        if route is not None and leg.id in (route.customer_leg, route.agent_leg):
            self._part(other)
        else:
            self.leave(leg)

    def _cast(
        self, route: CallRoute, old: CallRoute | None, customer: CustomerLeg | BlurredCustomerLeg, agent: AgentLeg
    ) -> Cast:
        here = [self._legs.get(leg_id) for leg_id in route.helper_legs]
        helpers = [leg if isinstance(leg, AgentLeg) and leg is not agent else None for leg in here]
        voice = next((leg for leg in helpers if leg is not None and leg.id == route.voice_leg), agent)
        return Cast(customer, agent, self._guests(route, old), held=route.held, helpers=helpers, voice=voice)

    def _guests(self, route: CallRoute, old: CallRoute | None) -> list[WatcherLeg | AgentLeg]:
        people = _named(route) if old is None else _named(route) | _named(old)
        return [
            leg
            for leg in self._legs.values()
            if isinstance(leg, WatcherLeg | AgentLeg) and leg.call_id == route.call_id and leg.id not in people
        ]


def _named(route: CallRoute) -> set[str]:
    """Return the legs of a route's people."""
    return {route.customer_leg, route.agent_leg, *route.helper_legs} - {""}


def _check(cast: Cast) -> None:
    """Make sure that the two people can see each other.

    Raises:
        MediaError: they have no codec in common.
    """
    customer = cast.customer
    if isinstance(customer, BlurredLeg):
        seen = cast.codec(customer) is not None
    else:
        seen = not customer.camera_codecs or bool(
            set(customer.camera_codecs) & set(cast.agent.slots[CUSTOMER_SLOT].codecs)
        )
    if not seen or cast.codec(cast.agent) is None:
        raise MediaError("The two legs have no picture codec in common.")


def _wire(cast: Cast, call_id: str) -> None:
    for leg in cast.legs:
        leg.call_id = call_id
        if isinstance(leg, BlurredLeg):
            leg.blur.full_rate = True
            if cast.held:
                leg.blur.show_object(None)  # or it would still be there when the customer sees the agent again
            leg.blur.codec = cast.codec(leg) or leg.blur.codec
    seats = {seat.outlet: seat for seat in cast.seats()}
    for leg in cast.legs:
        for outlet in leg.slots:
            if outlet is not leg.preview:
                _seat(outlet, seats.get(outlet))
    if cast.customer.sound_outlet is not None:
        _hear(None if cast.held else cast.voice, cast.customer.sound_outlet)
    for agent in (cast.agent, *cast.helpers):
        if agent is not None and agent.sound_outlet is not None:
            _hear(cast.customer, agent.sound_outlet)


def _seat(outlet: PictureOutlet, seat: Seat | None) -> None:
    wanted = seat.seen.shown if seat is not None else None
    if outlet.source is wanted:
        return
    if outlet.source is not None:
        outlet.source.detach(outlet)
    if seat is not None and wanted is not None:
        if seat.first:
            seat.viewer.first_sent(outlet)
        wanted.attach(outlet)


def _hear(giver: Leg | None, outlet: SoundOutlet) -> None:
    wanted = giver.sound if giver is not None else None
    if outlet.source is wanted:
        return
    if outlet.source is not None:
        outlet.source.detach(outlet)
    if wanted is not None:
        wanted.attach(outlet)
