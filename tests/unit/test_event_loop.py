"""The loop of every process of the service: on another one a forwarded packet costs twice as much."""

from __future__ import annotations

import asyncio

import pytest
import uvloop

from video_service.cli import _run_loop

pytestmark = pytest.mark.unit


def test_it_is_uvloop() -> None:
    async def which() -> type:
        return type(asyncio.get_running_loop())

    assert _run_loop(which) is uvloop.Loop
