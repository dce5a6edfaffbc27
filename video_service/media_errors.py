"""How an order to a media worker fails. Codes travel between worker and node, and to pages where a text is for them."""

from __future__ import annotations

from typing import ClassVar

from video_service.errors import ServiceError


class MediaError(ServiceError):
    """The media worker could not do what was asked."""

    code: ClassVar[str] = "media_failed"
    retryable: ClassVar[bool] = True


class WorkerUnavailable(MediaError):
    """No media worker can take this leg now."""

    code: ClassVar[str] = "media_unavailable"


class WorkerFull(WorkerUnavailable):
    """The media workers make as many blurred pictures as they can."""

    code: ClassVar[str] = "media_full"


class BlurFull(WorkerFull):
    """There is no room to blur one more customer's picture; nothing of it was shown instead."""

    code: ClassVar[str] = "blur_full"


class BadSdp(MediaError):
    """The session description or candidate could not be read."""

    code: ClassVar[str] = "bad_sdp"
    retryable: ClassVar[bool] = False


class StaleEpoch(MediaError):
    """The call has moved on since this request was made."""

    code: ClassVar[str] = "stale_epoch"
    retryable: ClassVar[bool] = False


class BadBox(MediaError):
    """No box that an object may be shown in: outside of the picture, too small or too large."""

    code: ClassVar[str] = "bad_box"
    retryable: ClassVar[bool] = False


class UnknownLeg(MediaError):
    """The worker does not have this leg."""

    code: ClassVar[str] = "unknown_leg"
    retryable: ClassVar[bool] = False


class LegTaken(MediaError):
    """The agent is in another call, which is not parted for this one."""

    code: ClassVar[str] = "leg_taken"
    retryable: ClassVar[bool] = False
