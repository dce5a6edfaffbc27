"""What an agent does with a live call beside talking."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from signaling.message_parts import Epoch, Message, ShortId

Label = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*\Z")]


class Hold(Message, tag="hold", frozen=True):
    """An agent puts the customer on hold, or takes the call up again. Saying so twice is saying so once.

    On hold the customer is sent neither picture nor sound of an agent, and is told so; text goes on, and the agent sees
    the customer.
    """

    call: ShortId
    epoch: Epoch
    held: bool


class Transfer(Message, tag="transfer", frozen=True):
    """An agent passes a live call on, and is free: the customer goes back to the head of the line, and is told so.

    `to`: one of the call's `colleagues`, who is asked first and by name; then whoever can take it. "" asks anybody.
    `sign_language`: how the customer signs, as it turned out; `need`: another label that whoever takes it must have; ""
    for none. `note`: what the next agent should know. The text of the call goes along.
    Refused as `not_free` when `to` is not, as `nobody_else` when nobody else at work covers the needs; it goes on then.
    """

    call: ShortId
    epoch: Epoch
    to: Label = ""
    sign_language: Label = ""
    need: Label = ""
    note: Annotated[str, Meta(max_length=500)] = ""


class Escalate(Message, tag="escalate", frozen=True):
    """The agent of a live call says that the matter is urgent. The call goes on, and the coordinator's wall has it.

    It has this agent as its owner, and the times of urgent matters from now on. Saying so twice is saying so once.
    """

    call: ShortId
    epoch: Epoch


class Voice(Message, tag="voice", frozen=True):
    """An agent in a live call switches the own microphone on, or off. The customer hears who did so last, nobody else.

    Whoever was heard before is told by the view (`speaks`), and switches off.
    """

    call: ShortId
    on: bool


class Invite(Message, tag="invite", frozen=True):
    """An agent asks a colleague to come into a live call, or ("") takes that back.

    It rings there with all that is known of the call and `note`. Who accepts is seen and sees as the others do; each
    may leave, and the call goes on with the rest. Refused as `not_free` when the colleague is not, as `wrong_state`
    while another one is asked, and as `call_full` when three agents are in.
    """

    call: ShortId
    epoch: Epoch
    to: Label = ""
    note: Annotated[str, Meta(max_length=500)] = ""
