"""Chromium processes for a benchmark: one for each camera clip, because the pages of a process share a fake camera."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.browser import cameras
from tests.browser.conftest import launch_flags, person
from tests.browser.line import Launch


@asynccontextmanager
async def open_browsers() -> AsyncIterator[Launch]:
    """Yield what starts, or returns, the browser whose camera shows a clip; all are closed at the end.

    Raises:
        SystemExit: there is no Chromium.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is not installed; on Debian: apt-get install chromium fonts-noto-cjk")
    started: dict[str, Browser] = {}
    async with async_playwright() as playwright:
        with tempfile.TemporaryDirectory(prefix="cameras-") as folder:

            async def launch(camera: str, width: int = 640, height: int = 480) -> Browser:
                if camera not in started:
                    file = None
                    if camera not in ("none", "refused"):
                        pictures = iter(person(camera, width, height))
                        file = cameras.write_camera(pictures, Path(folder) / f"{camera}.mjpeg")
                    started[camera] = await playwright.chromium.launch(
                        executable_path=chromium, headless=True, args=launch_flags(camera, file)
                    )
                return started[camera]

            try:
                yield launch
            finally:
                for browser in started.values():
                    await browser.close()
