"""Which legs are joined, fenced by epochs. No packets here: the engine joins and parts.

An epoch that was closed stays closed: a late request of a node that slept cannot join two people again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from video_service.media_plane import CallRoute, MediaError, StaleEpoch

REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class _Fence:
    epoch: int
    closed: bool


class CallTable:
    """The open calls of one worker, and the epochs of the last 4,096 calls that it has seen."""

    def __init__(self) -> None:
        self._open: dict[str, CallRoute] = {}
        self._fences: OrderedDict[str, _Fence] = OrderedDict()

    def route(self, call_id: str) -> CallRoute | None:
        return self._open.get(call_id)

    def check_open(self, route: CallRoute) -> None:
        """Make sure that a route may be opened.

        Raises:
            StaleEpoch: a higher epoch was seen, or this one was closed.
        """
        fence = self._fences.get(route.call_id)
        if fence is not None and (route.epoch < fence.epoch or (fence.closed and route.epoch == fence.epoch)):
            raise StaleEpoch(epoch=route.epoch, seen=fence.epoch)

    def check_joinable(self, call_id: str, epoch: int) -> CallRoute:
        """Return the route of an open call that somebody else wants to join.

        Raises:
            StaleEpoch: a higher epoch was seen, or this one was closed.
            MediaError: the call is not open here.
        """
        fence = self._fences.get(call_id)
        if fence is not None and (epoch < fence.epoch or (fence.closed and epoch == fence.epoch)):
            raise StaleEpoch(epoch=epoch, seen=fence.epoch)
        route = self._open.get(call_id)
        if route is None:
            raise MediaError("The call is not open on this worker.")
        return route

    def opened(self, route: CallRoute) -> None:
        """Note a route that `check_open` has let through."""
        self._open[route.call_id] = route
        self._remember(route.call_id, _Fence(route.epoch, closed=False))

    def close(self, call_id: str, epoch: int) -> CallRoute | None:
        """Close a call and return its route, None when it was not open.

        Raises:
            StaleEpoch: a higher epoch was seen.
        """
        fence = self._fences.get(call_id)
        if fence is not None and epoch < fence.epoch:
            raise StaleEpoch(epoch=epoch, seen=fence.epoch)
        self._remember(call_id, _Fence(epoch, closed=True))
        return self._open.pop(call_id, None)

    def _remember(self, call_id: str, fence: _Fence) -> None:
        self._fences[call_id] = fence
        self._fences.move_to_end(call_id)
        while len(self._fences) > REMEMBERED:
            oldest = next((key for key in self._fences if key not in self._open), None)
            if oldest is None:
                break
            del self._fences[oldest]
