"""Wakes: one pub/sub channel per pool that says where to look again. And which nodes are here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

import msgspec
from redis.exceptions import RedisError

from signaling.store_base import StoreBase
from signaling.store_types import Wake
from video_service.tasks import keeps_cancellation

_decoder = msgspec.json.Decoder(list[Wake])

POLL_S = 1.0
RECONNECT_S = 0.2
SPARE_S = 3.0
"""So long after its own subscription was cut a node takes no other for dead: the server has cut everybody's, and one
that is merely slow just then has not come to renew it."""


class WakeStore(StoreBase):
    """Listening. Wakes are hints: what they lose, "lagged" makes up for."""

    _spares_until_s = 0.0

    async def look_at_nodes(self, node: str) -> bool:
        """Say that `node` is here ("": it goes), and let everybody on a node that is gone be gone.

        Returns:
            True when there are more of them than one script handles.
        """
        answer = await self.run("nodes", node, int(time.monotonic() < self._spares_until_s))
        return bool(answer["more"])

    async def leave_node(self, node: str) -> None:
        """Forget a node that hands its people over: they are gone when their last beat lapses, unless they are back.

        Raises:
            RedisError: no answer.
        """
        await self.redis.hdel(self.keys.nodes, node)

    async def wakes(self, node: str = "") -> AsyncGenerator[Wake, None]:
        """Yield wakes until the caller stops (`aclosing` is advised). Meanwhile the others see that `node` is here.

        The first wake is always "lagged": it means that the subscription stands. So does one after each reconnection.
        """
        cut = False
        while True:
            pubsub = self.redis.pubsub(ignore_subscribe_messages=True)
            try:
                with keeps_cancellation():
                    await pubsub.subscribe(self.keys.wakes, *([self.keys.node(node)] if node else []))
                if cut:
                    self._spares_until_s = time.monotonic() + SPARE_S
                yield Wake(kind="lagged")
                while True:
                    message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=POLL_S)
                    if message is not None:
                        for wake in _decoder.decode(message["data"]):
                            yield wake
            except (RedisError, OSError, TimeoutError):
                cut = True
                await asyncio.sleep(RECONNECT_S)
            finally:
                await pubsub.aclose()  # type: ignore[no-untyped-call]
