"""System packages: install them where that can be done unasked (root on Debian), else say the exact line."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

# Shared libraries that wheels of requirements/run.lock expect of the system, and Debian's packages for them.
LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libEGL.so.1": "libegl1",
    "libGLESv2.so.2": "libgles2",
}
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FIREFOX_NAMES = ("firefox-esr", "firefox")
# Programs that tests run, and Debian's packages for them: a TURN server, and what makes a browser trust a certificate.
PROGRAMS = {"turnserver": "coturn", "certutil": "libnss3-tools"}
APT_LIMIT_S = 900


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


def missing_libraries() -> list[str]:
    """Return the Debian packages of the shared libraries that cannot be loaded; macOS has its own counterparts."""
    if sys.platform != "linux":
        return []
    return [package for library, package in LIBRARIES.items() if not _loads(library)]


def missing_for_browser_tests() -> list[str]:
    """Return the Debian packages that tests with browsers and with a TURN server lack."""
    missing = [] if any(map(shutil.which, CHROMIUM_NAMES)) else ["chromium"]
    missing += [] if any(map(shutil.which, FIREFOX_NAMES)) else ["firefox-esr"]
    missing += [] if _has_chinese_font() else ["fonts-noto-cjk"]
    return missing + [package for program, package in PROGRAMS.items() if shutil.which(program) is None]


def provide(packages: list[str], purpose: str, otherwise: str) -> bool:
    """Install Debian packages, or print the line that would; return whether they are there now.

    `purpose` completes "... for ..."; `otherwise` is a sentence about what goes without them.
    """
    if not packages:
        return True
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if shutil.which("apt-get") and os.geteuid() == 0:
        say(f"Installing {', '.join(packages)} for {purpose}: {line}")
        if _apt(["update", "-qq"]) and _apt(line.split()[1:]):
            return True
        say(f"That failed (apt-get's own words are above). {otherwise}")
    elif shutil.which("apt-get"):
        say(f"{', '.join(packages)} missing for {purpose}. {otherwise} To install:\n    sudo {line}")
    else:
        say(f"Missing for {purpose}: what Debian calls {', '.join(packages)}. {otherwise}")
    return False


def _apt(arguments: list[str]) -> bool:
    # Offline, systemd starts no service because a test needs its program.
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_OFFLINE": "1"}
    try:
        done = subprocess.run(
            ["apt-get", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=APT_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _has_chinese_font() -> bool:
    if shutil.which("fc-list"):
        listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, check=False, timeout=60)
        return bool(listed.stdout.strip())
    if shutil.which("dpkg-query"):
        query = ["dpkg-query", "--show", "--showformat", "${db:Status-Status}", "fonts-noto-cjk"]
        return subprocess.run(query, capture_output=True, check=False, timeout=60).stdout == b"installed"
    return sys.platform == "darwin"
