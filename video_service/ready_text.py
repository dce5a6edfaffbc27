"""What `video-service run` says when everything works: where the pages are, and what to do first."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from video_service.settings import Settings

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


def address(settings: Settings) -> str:
    """Return the address of the service as people type it."""
    if settings.public_url:
        return settings.public_url
    scheme = "https" if settings.tls_cert else "http"
    return f"{scheme}://{_shown(settings.host)}:{settings.port}"


def _shown(host: str) -> str:
    """Return the address under which a person at this machine reaches a server on `host`."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host
