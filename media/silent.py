"""Keep this process's libraries off the network.

mediapipe reports its use to an outside host: when a task is closed it asks for that host's name, and sends. It does so
by libcurl, which obeys the proxy variables at every request; so they point where nobody listens.
"""

from __future__ import annotations

import os
from typing import Final

# Somewhere that refuses at once: a library that wants to call home gets nowhere.
NOWHERE: Final = "http://127.0.0.1:1"


def keep_off_the_network() -> None:
    """Point every proxy variable at `NOWHERE`, whatever was said before. May be called again."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ[name] = os.environ[name.upper()] = NOWHERE
    for name in ("no_proxy", "NO_PROXY"):
        os.environ.pop(name, None)
