"""The messages of a coordinator beside a live call, who asks to look on, looks on, and writes to its agent."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from signaling.message_parts import Message, ShortId

CoachText = Annotated[str, Meta(min_length=1, max_length=200)]
Seq = Annotated[int, Meta(ge=0, le=1_000_000)]


class Watch(Message, tag="watch", frozen=True):
    """A coordinator comes beside a live call, or goes. One coordinator at a call, and one call for each.

    `how`: "coach" writes to its agent and sees nothing of it, "watch" asks the customer and looks on once that one
    agrees, "leave" goes, and puts away how the last one ended. Whom the customer let in is let in again without a
    question, until the customer says no. "join" goes on from there: this one reads what is written in the call and
    writes in it (`say`), by name. Refused as `watched` while another coordinator is there, as `watch_refused` once this
    customer has said no in this call, a "join" of one who does not look on as `wrong_state`.

    With the own picture: "prepare" makes the next offer one of a camera, whose picture, out of the blur, only its owner
    sees; "show" asks the customer, and once that one agrees everybody of the call sees it; "hide" ends it at once, and
    one looks on as before. Refused as `picture_refused` once the customer has said no to it, as `call_full` while three
    agents are in or asked in, and a "show" as `no_picture` before the own picture has come.
    """

    call: ShortId
    how: Literal["coach", "watch", "join", "prepare", "show", "hide", "leave"]


class AllowWatch(Message, tag="allow_watch", frozen=True):
    """A customer lets a coordinator look on, or does not: before it begins, and at any time while it lasts.

    `ask`: that of the view; a yes to somebody else than the one who asks now is refused as `stale`. A no is for good
    as far as this call goes, and the coordinator sees nothing from then on. `picture`: the answer is about the
    coordinator's own picture; a no to that ends it alone.
    """

    call: ShortId
    ask: Seq
    allow: bool
    picture: bool = False


class Coach(Message, tag="coach", frozen=True):
    """A line between the coordinator beside a call and its agent, sent to nobody else, and gone with the call."""

    call: ShortId
    text: CoachText


class CoachRead(Message, tag="coach_read", frozen=True):
    """An agent has read what the coordinator wrote, up to `seq`."""

    call: ShortId
    seq: Seq
