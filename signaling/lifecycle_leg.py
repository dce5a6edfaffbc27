"""The life of a leg: one person's RTCPeerConnection.

It is apart from the call's life: a leg that fails never closes a call, and a call that closes never touches the other
person's leg.
"""

from __future__ import annotations

from signaling.lifecycle import Do, Machine, Step

CONNECTED, FLOWING, SILENT, LEFT = (
    Do("note_connected"),
    Do("note_flowing"),
    Do("note_silence"),
    Do("note_closed"),
)

_UP = {"inviting", "connecting", "live", "held", "paused", "reconnecting", "left"}

LEG = Machine(
    name="leg",
    initial="inviting",
    table={
        **{(state, "offered"): Step("connecting", (Do("note_offered"),)) for state in sorted(_UP)},
        **{(state, "closed"): Step("left", (LEFT,)) for state in sorted(_UP - {"inviting", "left"})},
        ("inviting", "closed"): Step("left"),
        ("connecting", "connected"): Step("live", (CONNECTED,)),
        ("connecting", "flowing"): Step("live", (FLOWING,)),
        ("connecting", "silent"): Step("reconnecting", (SILENT,)),
        ("connecting", "pause"): Step("paused"),
        ("live", "connected"): Step("live", (CONNECTED,)),
        ("live", "flowing"): Step("live", (FLOWING,)),
        ("live", "silent"): Step("reconnecting", (SILENT,)),
        ("live", "pause"): Step("paused"),
        ("live", "hold"): Step("held"),
        ("held", "unhold"): Step("live"),
        ("held", "connected"): Step("held", (CONNECTED,)),
        ("held", "flowing"): Step("held", (FLOWING,)),
        ("paused", "unpause"): Step("live"),
        ("paused", "connected"): Step("paused", (CONNECTED,)),
        ("paused", "flowing"): Step("paused", (FLOWING,)),
        ("reconnecting", "connected"): Step("live", (CONNECTED,)),
        ("reconnecting", "flowing"): Step("live", (FLOWING,)),
        ("reconnecting", "resumed"): Step("live"),
        ("reconnecting", "pause"): Step("paused"),
    },
    armed={state: frozenset() for state in _UP},
)
"""A paused or held picture is silent by wish, so silence means nothing there."""
