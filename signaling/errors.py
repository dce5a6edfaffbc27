"""Everything that signalling refuses, each with the word that goes over the wire."""

from __future__ import annotations

from typing import ClassVar

from video_service.errors import ServiceError


class SignalingError(ServiceError):
    """The request was refused."""

    code: ClassVar[str] = "refused"


class TicketRefused(SignalingError):
    """The ticket or resume token is unknown, used or expired."""

    code: ClassVar[str] = "bad_ticket"


class Superseded(SignalingError):
    """This person is here on a newer socket."""

    code: ClassVar[str] = "superseded"


class Closed(SignalingError):
    """No agent who could take this call is on shift and signed in, or a coordinator has closed the line."""

    code: ClassVar[str] = "closed"
    retryable: ClassVar[bool] = True


class QueueFull(SignalingError):
    """As many people wait as the service can promise to serve."""

    code: ClassVar[str] = "queue_full"
    retryable: ClassVar[bool] = True


class NotConnected(SignalingError):
    """This person has no socket here."""

    code: ClassVar[str] = "not_connected"
    retryable: ClassVar[bool] = True


class WrongRole(SignalingError):
    """This role may not do that."""

    code: ClassVar[str] = "wrong_role"


class NotSignedIn(SignalingError):
    """The agent is not signed in."""

    code: ClassVar[str] = "not_signed_in"


class NotRostered(SignalingError):
    """The agent has no shift now."""

    code: ClassVar[str] = "not_rostered"


class NoPicture(SignalingError):
    """Calls come only to an agent whose picture is connected."""

    code: ClassVar[str] = "no_picture"
    retryable: ClassVar[bool] = True


class UnknownQueue(SignalingError):
    """There is no such queue."""

    code: ClassVar[str] = "unknown_queue"


class WrongState(SignalingError):
    """That cannot be done in the present state."""

    code: ClassVar[str] = "wrong_state"


class CallFull(SignalingError):
    """As many agents are in this call as it takes."""

    code: ClassVar[str] = "call_full"


class StaleReservation(SignalingError):
    """This call no longer rings here."""

    code: ClassVar[str] = "stale"


class NoCall(SignalingError):
    """The person has no such call."""

    code: ClassVar[str] = "no_call"


class NobodyElse(SignalingError):
    """No other agent who could take this call is at work; the call goes on."""

    code: ClassVar[str] = "nobody_else"
    retryable: ClassVar[bool] = True


class NotFree(SignalingError):
    """That agent is not free any more, or cannot take this call; the call goes on."""

    code: ClassVar[str] = "not_free"
    retryable: ClassVar[bool] = True


class ConsentNeeded(SignalingError):
    """The customer has not agreed to the consent text that is in force."""

    code: ClassVar[str] = "consent_needed"


class PhotosFull(SignalingError):
    """As many photos have been sent in this call as it holds."""

    code: ClassVar[str] = "photos_full"


class TooFast(SignalingError):
    """More is written than anybody could read; the finished line arrives all the same."""

    code: ClassVar[str] = "too_fast"
    retryable: ClassVar[bool] = True


class Watched(SignalingError):
    """Another coordinator is beside this call."""

    code: ClassVar[str] = "watched"
    retryable: ClassVar[bool] = True


class WatchRefused(SignalingError):
    """The customer of this call has said that nobody may look on."""

    code: ClassVar[str] = "watch_refused"


class PictureRefused(SignalingError):
    """The customer of this call has said that the coordinator's picture is not to come."""

    code: ClassVar[str] = "picture_refused"


class BadDisposition(SignalingError):
    """Only a follow-up has a time, and it has one of those that can be promised."""

    code: ClassVar[str] = "bad_disposition"


class NoPromise(SignalingError):
    """There is no such open promise, or it is not this person's."""

    code: ClassVar[str] = "no_promise"


class UrgedAlready(SignalingError):
    """The customer has asked after this promise before: who owes it knows."""

    code: ClassVar[str] = "urged_already"


class NoMatter(SignalingError):
    """There is no such urgent matter, or it is settled."""

    code: ClassVar[str] = "no_matter"


class NotOwner(SignalingError):
    """This is another agent's."""

    code: ClassVar[str] = "not_yours"


class CustomerInCall(SignalingError):
    """The customer is in a call just now."""

    code: ClassVar[str] = "customer_in_call"
    retryable: ClassVar[bool] = True


class CalledAlready(SignalingError):
    """Somebody else calls this customer just now."""

    code: ClassVar[str] = "called_already"
    retryable: ClassVar[bool] = True


class ShiftOverlaps(SignalingError):
    """The agent has another shift in that time."""

    code: ClassVar[str] = "shift_overlaps"


class ShiftUnreadable(SignalingError):
    """A shift must end after it begins and last at most 24 hours."""

    code: ClassVar[str] = "shift_unreadable"


class RosterChanged(SignalingError):
    """The roster is not as it was when this was asked for: look at it again."""

    code: ClassVar[str] = "roster_changed"


class RequestChanged(SignalingError):
    """Somebody has done something about this request meanwhile: look at it again."""

    code: ClassVar[str] = "request_changed"


class StoreUnavailable(SignalingError):
    """The store does not answer."""

    code: ClassVar[str] = "store_unavailable"
    retryable: ClassVar[bool] = True


class SchemaUnknown(SignalingError):
    """Stored data has a schema version that this program cannot read."""

    code: ClassVar[str] = "schema_unknown"


BY_CODE: dict[str, type[SignalingError]] = {
    error.code: error
    for error in (
        TicketRefused,
        Superseded,
        Closed,
        QueueFull,
        NotConnected,
        WrongRole,
        NotSignedIn,
        NotRostered,
        NoPicture,
        UnknownQueue,
        WrongState,
        CallFull,
        StaleReservation,
        NoCall,
        NobodyElse,
        NotFree,
        ConsentNeeded,
        PhotosFull,
        TooFast,
        Watched,
        WatchRefused,
        PictureRefused,
        BadDisposition,
        NoPromise,
        UrgedAlready,
        NoMatter,
        NotOwner,
        CustomerInCall,
        CalledAlready,
        ShiftOverlaps,
        ShiftUnreadable,
        RosterChanged,
        RequestChanged,
        StoreUnavailable,
        SchemaUnknown,
    )
}
"""Scripts answer with a code; this finds the error to raise."""
