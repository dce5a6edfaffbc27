"""What `video-service run` says when everything works: where the pages are, and what to do first."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from video_service.probes import reachable
from video_service.settings import Settings

DEMO_POOL = "demo"
DEMO_AGENT = "demo-agent"
DEMO_COORDINATOR = "demo-coordinator"
DEMO_PASSWORD = "VIDEO_SERVICE_DEMO_PASSWORD"  # tells the demo's process its password

PAGES = (("customer", "customers"), ("agent", "agents"), ("coordinator", "coordinators"))


def pages(settings: Settings) -> Iterator[str]:
    """Yield a line for each page. The port of `settings` is the real one."""
    for page, who in PAGES:
        yield f"  {who + ':':<14}{address(settings)}/{page}/"


def first_coordinator(settings: Settings, password: str) -> str:
    """Return the line that says how to sign in first, with the one-time `password`, or how to add people ("")."""
    if password:
        return f"The first coordinator signs in as admin with {password}, shown only now, and chooses another password."
    data = "" if settings.data_dir == Path("var") else f" --data {shlex.quote(str(settings.data_dir))}"
    return f"The first coordinator is here; more people: video-service users add NAME --role ROLE{data}"


def demo(password: str) -> Iterator[str]:
    """Yield the lines that say how one person takes each side of the demo."""
    yield "Demo: the people are drawn, and everything stays in a pool of its own."
    yield "  to call:       open the customers' page; a demo agent answers"
    yield f"  to answer:     sign in as {DEMO_AGENT} with {password}, press Ready; demo customers call you"
    yield f"  to coordinate: sign in as {DEMO_COORDINATOR} with {password}"


def address(settings: Settings) -> str:
    """Return the address of the service as people type it."""
    if settings.public_url:
        return settings.public_url
    scheme = "https" if settings.tls_cert else "http"
    return f"{scheme}://{in_url(settings.host)}:{settings.port}"


def in_url(host: str) -> str:
    """Return the address under which this machine reaches a server on `host`, as it stands in a URL."""
    host = reachable(host)
    return f"[{host}]" if ":" in host else host
