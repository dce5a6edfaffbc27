"""What the media side asks of the store: which joined calls should not be."""

from __future__ import annotations

from collections.abc import Iterable

from redis.exceptions import RedisError

from signaling.errors import StoreUnavailable
from signaling.store_base import StoreBase
from video_service.tasks import keeps_cancellation

LAST_EPOCH = 2**53 - 1


class MediaStore(StoreBase):
    """Reading for reconciliation."""

    async def ended(self, calls: Iterable[str]) -> dict[str, int]:
        """Return those of `calls` that are not active, each with the epoch up to which it is over.

        Epoch and state are read in one step: a call that becomes active afterwards has a higher epoch, which a worker
        does not close for this one.

        Raises:
            StoreUnavailable: no answer.
        """
        asked = sorted(set(calls))
        if not asked:
            return {}
        try:
            with keeps_cancellation():
                async with self.redis.pipeline(transaction=True) as pipeline:
                    for call in asked:
                        pipeline.hget(f"{self.keys.root}:call:{call}", "epoch")
                        pipeline.zscore(f"{self.keys.root}:active", call)
                    answers = await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable from error
        pairs = zip(asked, answers[::2], answers[1::2], strict=True)
        return {call: int(epoch or LAST_EPOCH) for call, epoch, score in pairs if score is None}
