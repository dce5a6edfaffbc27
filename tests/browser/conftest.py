"""Browser processes with their own cameras, and the scripted service."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright, expect

from tests.browser import cameras
from tests.browser.stage import Stage, open_stage

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "var" / "shots"
# There are hundreds of pictures, and nobody looks at them in CI or in a run of many processes: `-n 0` makes them.
PICTURING = os.environ.get("CI_STRICT") != "1" and "PYTEST_XDIST_WORKER" not in os.environ
SIGNING = ROOT.parent / "shared" / "data" / "signing"

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
)
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}

session = pytest_asyncio.fixture(scope="session", loop_scope="session")

# What is expected comes at once, or on a busy machine in a while; five seconds, the default, is no statement of ours.
expect.set_options(timeout=30_000)


def launch_flags(camera: str, file: Path | None = None) -> list[str]:
    """Return Chromium's flags: "none" has no camera at all, with "refused" nobody allows it."""
    if camera == "none":
        return [flag for flag in FLAGS if "media-stream" not in flag]
    if camera == "refused":
        return [flag for flag in FLAGS if flag != "--use-fake-ui-for-media-stream"]
    return [*FLAGS, f"--use-file-for-fake-video-capture={file}"]


async def home_that_trusts(authority: Path, home: Path) -> dict[str, str]:
    """Return the environment of a Chromium whose owner has installed `authority`; its folder `home` is empty so far."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    for arguments in (["-N", "--empty-password"], ["-A", "-t", "C,,", "-n", "authority", "-i", str(authority)]):
        await asyncio.to_thread(subprocess.run, ["certutil", "-d", f"sql:{store}", *arguments], check=True, timeout=30)
    return {**os.environ, "HOME": str(home)}


def person(name: str, width: int, height: int) -> list[cameras.Picture]:
    """Return pictures of the clip `name`, or of a drawn person where the clips are absent."""
    source = SIGNING / f"{name}.mp4"
    if source.is_file():
        return list(cameras.clip(source, width, height))
    wall = (214, 220, 214) if name == "customer" else (222, 214, 208)
    return list(cameras.drawn_person(width, height, wall=wall))


@session
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as started:
        yield started


@session
async def launch(
    playwright: Playwright, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Callable[..., Awaitable[Browser]]]:
    """Start browser processes; each kind of camera is one process for the whole run."""
    started: dict[str, Browser] = {}
    folder = tmp_path_factory.mktemp("cameras")

    async def get(camera: str, width: int = 640, height: int = 480) -> Browser:
        key = f"{camera}-{width}x{height}"
        if key not in started:
            file = None
            if camera not in ("none", "refused"):
                file = cameras.write_camera(iter(person(camera, width, height)), folder / f"{key}.mjpeg")
            started[key] = await playwright.chromium.launch(
                executable_path=chromium, headless=True, args=launch_flags(camera, file), timeout=90_000
            )
        return started[key]

    yield get
    for browser in started.values():
        await browser.close()


@session
async def shared_stage() -> AsyncIterator[Stage]:
    async with open_stage() as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def stage(shared_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """The scripted service, forgetful between tests; its peers use this machine's loopback only."""
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])
    yield shared_stage
    await shared_stage.reset()


OpenPage = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(launch: Callable[..., Awaitable[Browser]], stage: Stage) -> AsyncIterator[OpenPage]:
    """Open a page of the scripted service; every script error or refused resource fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    async def open_(
        path: str,
        *,
        size: dict[str, int] = PHONE,
        camera: str = "customer",
        lang: str = "zh-CN",
        script: str = "",
        without: tuple[str, ...] = (),
        **options: Any,
    ) -> Page:
        width, height = (480, 640) if size["width"] < size["height"] else (640, 480)
        browser = await launch(camera, width, height)
        context = await browser.new_context(viewport=size, locale=lang, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = await context.new_page()
        if script:
            await page.add_init_script(script)
        for file in without:
            await page.route(f"**{file}", lambda route: route.abort())
        # Catching file choosers takes the browser a moment to begin; a chooser that opens before it is lost.
        page.on("filechooser", lambda _: None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if _is_fault(line.type, line.text) else None)
        await page.goto(f"{stage.url}{path}")
        return page

    yield open_
    for context in contexts:
        await context.close()
    assert not faults, faults


def _is_fault(kind: str, text: str) -> bool:
    # A refused request or socket is part of many tests; the browser reports each as an error.
    return kind == "error" and "Failed to load resource" not in text and "WebSocket connection" not in text
