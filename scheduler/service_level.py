"""What is meant by service level: a number without its definition says little."""

from __future__ import annotations

from enum import StrEnum


class Definition(StrEnum):
    """What counts as service level within T seconds; the three differ by points when customers give up."""

    SERVED_OF_OFFERED = "served_of_offered"
    """Served within T, of all that came: giving up counts against the service."""
    SERVED_OF_ANSWERED = "served_of_answered"
    """Served within T, of all that were served: giving up is left out."""
    OFFERED_WAIT = "offered_wait"
    """Would have been served within T if they had all stayed: the chance a patient customer has."""
