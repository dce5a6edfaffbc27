"""What the store hands out beside the page messages."""

from __future__ import annotations

from typing import Literal

import msgspec

WakeKind = Literal["person", "queue", "replaced", "signed_out", "text", "rtt", "call", "leg", "background", "lagged"]


class Wake(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A hint that something changed; the reader reads the view again. Losing one is never an error.

    - "person": the view of person `id` changed.
    - "queue": places, or the wall, changed (`id` is the queue; "" when only agents or shifts changed).
    - "replaced": person `id` connected elsewhere; `socket` is the one to close.
    - "signed_out": person `id` may no longer be here as who they were; `socket` is the one to close.
    - "text": person `id` has new text in `call`, up to `seq`.
    - "rtt": person `id` is to see a piece of an unfinished line in `call`: `piece`, sealed; "" asks for the own one.
    - "call": call `id` was closed or went back to the queue. Whoever hears it parts the legs on `worker` with
      `epoch`, and closes the customer's `leg` on `leg_worker`: nobody looks at that picture any more.
    - "leg": agent `id` was the second one of a call and is not any more. Whoever hears it closes `leg` on `leg_worker`;
      the page makes another one.
    - "background": the company has changed what stands behind agents.
    - "lagged": wakes may have been missed; read everything again.
    """

    kind: WakeKind
    id: str = ""
    call: str = ""
    epoch: int = 0
    worker: str = ""
    leg: str = ""
    leg_worker: str = ""
    socket: str = ""
    seq: int = 0
    piece: str = ""


class CallRouteInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The two legs of an active call, as far as they are known ("" where they are not). `held`: it is on hold.

    `helper_legs`: those of further agents who are in it, in order; "" for one whose leg is not on the
    agent's worker. `voice_leg`: whom of these the customer hears, "" for the agent.
    """

    call: str
    epoch: int
    customer: str
    agent: str
    customer_leg: str
    customer_worker: str
    agent_leg: str
    agent_worker: str
    held: bool = False
    helper_legs: tuple[str, ...] = ()
    voice_leg: str = ""


class WatchRoute(msgspec.Struct, frozen=True, kw_only=True):
    """Where a coordinator looks on: the agent's worker, and the own leg there, "" while there is none of its kind.

    `camera`: it is one with the own picture; `seen`: which the people of the call are shown.
    """

    call: str
    epoch: int
    worker: str
    leg: str
    camera: bool = False
    seen: bool = False


class LegInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A person's newest leg, in a call or not."""

    leg: str
    worker: str
    state: str


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """One agent's time on the roster: start_ms <= t < end_ms, epoch milliseconds.

    `breaks`: (start_ms, end_ms) of each break inside the shift, in order; they do not overlap.
    """

    shift: str
    agent: str
    start_ms: int
    end_ms: int
    breaks: tuple[tuple[int, int], ...] = ()
