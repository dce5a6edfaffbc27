"""What agents ask about their shifts, and what becomes of it: one table of steps. Pure: no I/O, no clock.

Why somebody is away is neither asked nor kept: an illness, a child's illness and a broken train are all `AWAY`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from video_service.errors import ServiceError


class Kind(StrEnum):
    """What is asked.

    `OPEN`: a shift that nobody has; it is there for whoever takes it. `OFFER`: somebody's own shift, for one colleague
    or for anybody. `SWAP`: somebody's shift for a colleague's. `LEAVE`: days off, which the coordinator decides.
    `AWAY`: days on which somebody cannot come; nobody decides that. `WISH`: a day off, or a shift on it, that counts
    when a roster is made. `BUSY`: days or shifts that somebody cannot work.
    """

    OPEN = "open"
    OFFER = "offer"
    SWAP = "swap"
    LEAVE = "leave"
    AWAY = "away"
    WISH = "wish"
    BUSY = "busy"


class State(StrEnum):
    """How far it is. `WAITING`: for a colleague. `ASKED`: for the coordinator. `NOTED`: it stands, nobody decides."""

    WAITING = "waiting"
    ASKED = "asked"
    NOTED = "noted"
    GRANTED = "granted"
    DECLINED = "declined"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Act(StrEnum):
    """What somebody does about it.

    `TAKE`: a shift that is there for anybody. `ACCEPT`, `REFUSE`: by the colleague who was asked. `DROP`: who took or
    accepted takes that back. `WITHDRAW`: by whoever asked. `ASSIGN`: the coordinator gives an open shift to somebody.
    `GRANT`, `DECLINE`, `CANCEL`: the coordinator; `CANCEL` ends what stands.
    """

    TAKE = "take"
    ACCEPT = "accept"
    REFUSE = "refuse"
    DROP = "drop"
    WITHDRAW = "withdraw"
    ASSIGN = "assign"
    GRANT = "grant"
    DECLINE = "decline"
    CANCEL = "cancel"
    LAPSE = "lapse"


class Why(StrEnum):
    """Why a coordinator did not grant something, or ended it: one of few, so that all read it in their language.

    `TOO_FEW`: too few would be there. `RULES`: a rule of work. `SKILL`: nobody would be there who can do the same.
    `OTHERS`: others asked before. `TALK`: the coordinator wants to talk about it.
    """

    TOO_FEW = "too_few"
    RULES = "rules"
    SKILL = "skill"
    OTHERS = "others"
    TALK = "talk"


OF_A_SHIFT = frozenset({Kind.OPEN, Kind.OFFER, Kind.SWAP})
OF_DAYS = frozenset({Kind.LEAVE, Kind.AWAY, Kind.WISH, Kind.BUSY})
LIVE = frozenset({State.WAITING, State.ASKED})
COORDINATORS_ACTS = frozenset({Act.ASSIGN, Act.GRANT, Act.DECLINE, Act.CANCEL})

_STEPS: dict[tuple[Kind, State, Act], State] = {
    (Kind.OPEN, State.WAITING, Act.TAKE): State.ASKED,
    (Kind.OPEN, State.WAITING, Act.ASSIGN): State.GRANTED,
    (Kind.OPEN, State.WAITING, Act.CANCEL): State.WITHDRAWN,
    (Kind.OPEN, State.ASKED, Act.DROP): State.WAITING,
    (Kind.OPEN, State.ASKED, Act.GRANT): State.GRANTED,
    (Kind.OPEN, State.ASKED, Act.DECLINE): State.WAITING,
    (Kind.OPEN, State.ASKED, Act.ASSIGN): State.GRANTED,
    (Kind.OPEN, State.ASKED, Act.CANCEL): State.WITHDRAWN,
    (Kind.OFFER, State.WAITING, Act.TAKE): State.ASKED,
    (Kind.LEAVE, State.ASKED, Act.GRANT): State.GRANTED,
    (Kind.LEAVE, State.ASKED, Act.DECLINE): State.DECLINED,
    (Kind.LEAVE, State.ASKED, Act.WITHDRAW): State.WITHDRAWN,
    (Kind.LEAVE, State.GRANTED, Act.CANCEL): State.WITHDRAWN,
    (Kind.LEAVE, State.ASKED, Act.LAPSE): State.LAPSED,
    **{
        (kind, state, act): to
        for kind in (Kind.OFFER, Kind.SWAP)
        for state, act, to in (
            (State.WAITING, Act.ACCEPT, State.ASKED),
            (State.WAITING, Act.REFUSE, State.REFUSED),
            (State.WAITING, Act.WITHDRAW, State.WITHDRAWN),
            (State.ASKED, Act.DROP, State.REFUSED),
            (State.ASKED, Act.WITHDRAW, State.WITHDRAWN),
            (State.ASKED, Act.GRANT, State.GRANTED),
            (State.ASKED, Act.DECLINE, State.DECLINED),
        )
    },
    **{
        (kind, State.NOTED, act): State.WITHDRAWN
        for kind in (Kind.AWAY, Kind.WISH, Kind.BUSY)
        for act in (Act.WITHDRAW, Act.CANCEL)
    },
    **{(kind, state, Act.LAPSE): State.LAPSED for kind in OF_A_SHIFT for state in LIVE},
}


class RequestOver(ServiceError):
    """This cannot be done with it any more, or not yet."""

    code: ClassVar[str] = "request_over"


class NotYours(ServiceError):
    """This is somebody else's to do."""

    code: ClassVar[str] = "not_yours"


class ShiftRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request. People are accounts' ids, days are YYYY-MM-DD in the pool's zone.

    `person`: who asked, of `OPEN` who had the shift ("" for nobody); `other`: the colleague who was asked, or who takes
    it. `shift`, `start_ms`, `end_ms`, `breaks` (JSON): the shift in question, by id while somebody has it; `their_…`:
    the colleague's. `first_day`, `last_day`, `named`: the days, and of a wish the shift's name in the team's rules, ""
    for the whole day. `by`: who did the last step, `why` (a `Why`, or ""): of a coordinator's no. `last`: who wanted an
    open shift before and did not get it. `lapses_ms`: from then on it is moot, 0 for never.
    """

    request: str
    rev: int = 0
    kind: Kind
    state: State
    person: str = ""
    other: str = ""
    shift: str = ""
    start_ms: int = 0
    end_ms: int = 0
    breaks: str = "[]"
    their_shift: str = ""
    their_start_ms: int = 0
    their_end_ms: int = 0
    first_day: str = ""
    last_day: str = ""
    named: str = ""
    at_ms: int = 0
    changed_ms: int = 0
    by: str = ""
    why: str = ""
    last: str = ""
    lapses_ms: int = 0

    @property
    def for_anybody(self) -> bool:
        """Whether any agent may take it now."""
        return self.state is State.WAITING and self.kind in (Kind.OPEN, Kind.OFFER) and not self.other

    @property
    def pauses(self) -> tuple[tuple[int, int], ...]:
        """The shift's breaks as (start_ms, end_ms)."""
        return msgspec.json.decode(self.breaks, type=tuple[tuple[int, int], ...])


def step(
    found: ShiftRequest, act: Act, *, actor: str, now_ms: int, coordinating: bool = False, why: str = ""
) -> ShiftRequest:
    """Return the request after `act` by the account `actor`; `other` is who takes it, where that changes.

    `why`: a coordinator's reason for a no.

    Raises:
        NotYours: it is somebody else's to do.
        RequestOver: it is too late, or too early, for that.
    """
    if not _may(found, act, actor, coordinating):
        raise NotYours
    moot = 0 < found.lapses_ms <= now_ms and found.state in LIVE
    to = _STEPS.get((found.kind, found.state, act))
    if to is None or (moot and act is not Act.LAPSE) or (act is Act.TAKE and not found.for_anybody):
        raise RequestOver
    other, last = found.other, found.last
    if found.kind is Kind.OPEN and act in (Act.DECLINE, Act.ASSIGN) and other:
        last = other
    if act is Act.TAKE:
        other = actor
    elif found.kind is Kind.OPEN and to is State.WAITING:
        other = ""
    why = why if act in (Act.DECLINE, Act.CANCEL) else ""
    return msgspec.structs.replace(found, state=to, other=other, last=last, by=actor, why=why, changed_ms=now_ms)


def _may(found: ShiftRequest, act: Act, actor: str, coordinating: bool) -> bool:
    if act is Act.LAPSE:
        return True  # time does it, or a shift that is gone
    if act in COORDINATORS_ACTS:
        return coordinating
    if act in (Act.ACCEPT, Act.REFUSE, Act.DROP):
        return actor == found.other
    if act is Act.TAKE:
        return actor != found.person
    return actor == found.person and found.kind is not Kind.OPEN
