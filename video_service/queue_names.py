"""What a queue may be called. Loads nothing, so that every process may know it."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from msgspec import Meta

from video_service.errors import ServiceError

MAIN = "main"
"""The queue that is always there."""

NO_QUEUE = "-"
"""No queue has this name: whoever asks for what it takes to serve nothing but some needs."""

PATTERN = "[a-z0-9][a-z0-9_-]{0,31}"

QueueName = Annotated[str, Meta(pattern=rf"^{PATTERN}\Z")]


class BadQueueName(ServiceError):
    """A queue's name has 1 to 32 small letters, digits, hyphens or underscores, and begins with a letter or digit."""

    code: ClassVar[str] = "bad_queue_name"


def check_name(name: str) -> None:
    """Refuse a name that cannot be a queue's.

    Raises:
        BadQueueName: so it is.
    """
    if re.fullmatch(PATTERN, name) is None:
        raise BadQueueName
