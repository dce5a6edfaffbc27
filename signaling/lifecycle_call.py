"""The life of a call: waiting, active, closed.

`waiting` and `active` have phases, because what may happen next depends on them:

- waiting: *queued* (in line), *ringing* (reserved for one agent), *parked* (the customer's page is gone: the place is
  kept, and nobody is made to ring for an empty chair);
- active: *talking*, *alone* (the customer's page is gone and has some seconds to return).

Five deadlines of a call in line depend on more than the phase, so `enter_line` arms them where they apply: `nobody` (no
agent on shift covers the needs) closes the call, `ask_again` lets a call that all have declined ring anew, and where it
finds that only agents whom the customer has left cover the needs, `forsaken` closes the call. `age` lets a call that
has waited long count as the next higher class; `last_agent` ends the wait for the customer's last agent.

The epoch grows whenever who may act on the call changes (reserved, taken back, accepted, requeued, closed), so that
nobody acts on what has moved on.
"""

from __future__ import annotations

from collections.abc import Mapping

from signaling.lifecycle import Arm, Clear, Do, Machine, Step

STATE_OF: Mapping[str, str] = {
    "new": "",
    "queued": "waiting",
    "ringing": "waiting",
    "parked": "waiting",
    "talking": "active",
    "alone": "active",
    "closed": "closed",
}
"""The state of which each phase is a part; "new" is before the customer joined."""

CLASSES = ("urgent", "resumed", "callback", "vip", "normal")
"""Priority classes, first served first. "resumed": a call that was broken off; "callback": one that was promised."""

BUMP = Do("bump_epoch")
ENTER = Do("enter_line")
LEAVE = (Do("leave_line"), Clear("nobody"), Clear("forsaken"), Clear("age"), Clear("last_agent"))
OPEN, END = Do("open_segment"), Do("end_segment")
FINISH = (Clear("ask_again"), Do("finish"))
PARK = (Arm("keep_place"), Do("hold_place"))
"""`hold_place` sets the deadline later for a customer who asked for that (`kept_place_s`)."""

CALL = Machine(
    name="call",
    initial="new",
    table={
        ("new", "join"): Step("queued", (ENTER,)),
        ("queued", "reserve"): Step("ringing", (BUMP, *LEAVE, Arm("ring"))),
        ("queued", "customer_gone"): Step("parked", (*LEAVE, *PARK)),
        ("queued", "close"): Step("closed", (BUMP, *LEAVE, *FINISH)),
        ("ringing", "release"): Step("queued", (BUMP, Clear("ring"), ENTER)),
        ("ringing", "accept"): Step("talking", (BUMP, Clear("ring"), OPEN)),
        ("ringing", "customer_gone"): Step("parked", (BUMP, Clear("ring"), *PARK)),
        ("ringing", "close"): Step("closed", (BUMP, Clear("ring"), *FINISH)),
        ("parked", "customer_back"): Step("queued", (Clear("keep_place"), ENTER)),
        ("parked", "close"): Step("closed", (BUMP, Clear("keep_place"), *FINISH)),
        ("talking", "customer_gone"): Step("alone", (Arm("customer_return"),)),
        ("talking", "hand_over"): Step("talking", (BUMP, END, OPEN)),
        ("talking", "requeue"): Step("queued", (BUMP, END, ENTER)),
        ("talking", "close"): Step("closed", (BUMP, END, *FINISH)),
        ("alone", "customer_back"): Step("talking", (Clear("customer_return"),)),
        ("alone", "hand_over"): Step("alone", (BUMP, END, OPEN)),
        ("alone", "requeue"): Step("parked", (BUMP, END, Clear("customer_return"), *PARK)),
        ("alone", "close"): Step("closed", (BUMP, END, Clear("customer_return"), *FINISH)),
    },
    armed={
        "new": frozenset(),
        "queued": frozenset(),
        "ringing": frozenset({"ring"}),
        "parked": frozenset({"keep_place"}),
        "talking": frozenset(),
        "alone": frozenset({"customer_return"}),
        "closed": frozenset(),
    },
)
