"""A stock Firefox for tests, driven over WebDriver BiDi: where it is, how it starts, and a camera with a person."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import cv2
from playwright.async_api import Browser, Playwright

from tests.browser import cameras

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("firefox-esr", "firefox")
START_S = 90.0  # its first start makes a profile
MISSING = "Firefox is not installed; on Debian: apt-get install firefox-esr"
PREFERENCES: dict[str, str | float | bool] = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    # Without these a machine that has nothing but loopback offers no way to it.
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.autoplay.default": 0,
}
# Firefox's own fake camera shows one colour, and the mask of an empty wall hides everything. This one shows pictures.
_CAMERA = """
(() => {
  const pictures = %s;
  if (!navigator.mediaDevices) return;
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: %d, height: %d });
    const drawn = canvas.getContext('2d');
    const shown = await Promise.all(pictures.map((picture) =>
      createImageBitmap(new Blob([Uint8Array.from(atob(picture), (c) => c.charCodeAt(0))], { type: 'image/jpeg' }))));
    let number = 0;
    drawn.drawImage(shown[0], 0, 0);
    setInterval(() => drawn.drawImage(shown[(number += 1) %% shown.length], 0, 0), 1000 / 15);
    return canvas.captureStream(15);
  };
})();
"""


def program() -> str | None:
    """Return the path of an installed Firefox."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@asynccontextmanager
async def launch(playwright: Playwright, folder: Path) -> AsyncIterator[Browser]:
    """Start Firefox; `folder` takes a program of two lines, for Playwright starts a file with its own options."""
    path = program()
    assert path is not None, MISSING
    relay = folder / "firefox"
    relay.write_text(f'#!/bin/sh\ncd "{ROOT}" && exec "{sys.executable}" -m tests.browser.bidi_relay "{path}" "$@"\n')
    relay.chmod(0o700)
    browser = await playwright.firefox.launch(
        channel="moz-firefox",
        executable_path=relay,
        headless=True,
        firefox_user_prefs=PREFERENCES,
        timeout=START_S * 1000,
    )
    try:
        yield browser
    finally:
        await browser.close()


def camera_script(width: int, height: int) -> str:
    """Return a script for a page's start, after which its camera shows a drawn person who signs, over and over."""
    pictures = []
    for frame in list(cameras.drawn_person(width, height))[::2]:  # half as many pictures a second as they are drawn for
        ok, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, cameras.QUALITY])
        assert ok
        pictures.append(base64.b64encode(jpeg.tobytes()).decode())
    return _CAMERA % (json.dumps(pictures), width, height)
