"""The life of an agent's shift at the desk.

"gone" and "back" are the page's presence; they leave the state as it is (a reload must not cost anybody the place),
except that nothing rings at a desk whose page is gone. `agent_return` then signs the agent out; coming back after that
signs in again. Another deadline that depends on the page and not on the state, `no_picture`, is armed by the leg; a
break of the roster arms `break_over`, and a wish for a break `break_wait`.
"""

from __future__ import annotations

from signaling.lifecycle import Arm, Clear, Do, Machine, Step

ENTER, LEAVE = Do("enter_idle"), Do("leave_idle")
SIGN_IN, SIGN_OUT = Do("note_sign_in"), Do("note_sign_out")
RESTED = Do("count_rest")
SIGNING, SIGNED = Do("begin_signing"), Do("count_signing")
WORKED = Do("count_after_call")
GONE, BACK = Arm("agent_return"), Clear("agent_return")

_SIGNED_IN = ("available", "reserved", "on_call", "after_call", "rest", "break")

AGENT = Machine(
    name="agent",
    initial="offline",
    table={
        ("offline", "sign_in"): Step("break", (SIGN_IN,)),
        # "ready" when rested, "tire" when too much was signed since the last rest: which of them is arithmetic.
        ("break", "ready"): Step("available", (Clear("break_over"), RESTED, ENTER)),
        ("break", "tire"): Step("rest", (Clear("break_over"), Arm("rest"), ENTER)),
        ("available", "reserve"): Step("reserved", (LEAVE,)),
        ("available", "pause"): Step("break", (LEAVE,)),
        # Whose ring came in a rest goes on resting.
        ("available", "tire"): Step("rest", (Arm("rest"), ENTER)),
        ("reserved", "release"): Step("available", (ENTER,)),
        ("reserved", "accept"): Step("on_call", (RESTED, SIGNING)),
        ("reserved", "pause"): Step("break"),
        ("on_call", "ended"): Step("after_call", (SIGNED, Arm("after_call"))),
        ("after_call", "ready"): Step("available", (WORKED, Clear("after_call"), RESTED, ENTER)),
        ("after_call", "tire"): Step("rest", (WORKED, Clear("after_call"), Arm("rest"), ENTER)),
        ("after_call", "pause"): Step("break", (WORKED, Clear("after_call"))),
        ("rest", "ready"): Step("available", (Clear("rest"), RESTED, ENTER)),
        ("rest", "tire"): Step("rest", (Arm("rest"),)),
        ("rest", "pause"): Step("break", (LEAVE, Clear("rest"))),
        # Only an urgent call asks who rests.
        ("rest", "reserve"): Step("reserved", (LEAVE, Clear("rest"))),
        # The page.
        ("reserved", "gone"): Step("available", (GONE,)),
        ("available", "gone"): Step("available", (LEAVE, GONE)),
        ("available", "back"): Step("available", (BACK, ENTER)),
        ("rest", "gone"): Step("rest", (LEAVE, GONE)),
        ("rest", "back"): Step("rest", (BACK, ENTER)),
        **{(state, "gone"): Step(state, (GONE,)) for state in ("on_call", "after_call", "break")},
        **{(state, "back"): Step(state, (BACK,)) for state in ("on_call", "after_call", "break")},
        # Leaving.
        ("available", "sign_out"): Step("offline", (LEAVE, BACK, SIGN_OUT)),
        ("reserved", "sign_out"): Step("offline", (BACK, SIGN_OUT)),
        ("on_call", "sign_out"): Step("offline", (SIGNED, BACK, SIGN_OUT)),
        ("after_call", "sign_out"): Step("offline", (WORKED, Clear("after_call"), BACK, SIGN_OUT)),
        ("rest", "sign_out"): Step("offline", (LEAVE, Clear("rest"), BACK, SIGN_OUT)),
        ("break", "sign_out"): Step("offline", (Clear("break_over"), BACK, SIGN_OUT)),
    },
    armed={
        "offline": frozenset(),
        **{state: frozenset() for state in _SIGNED_IN},
        "after_call": frozenset({"after_call"}),
        "rest": frozenset({"rest"}),
    },
)
"""`agent_return` depends on the page and not on the state, so it is not in `armed`."""
