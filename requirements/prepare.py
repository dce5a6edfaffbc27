"""Make .venv fit a lock file; return at once when it does already.

    python -m requirements.prepare run|dev|tools [--browser] [--weights]

`run` is what the service needs, `dev` adds what tests and checks need, `tools` is uv alone. `--weights` fetches the
networks' weights when they are not there, `--browser` installs what the browser tests need, where that can be done.
Only the standard library is used: this runs before anything is installed. A set-up that was interrupted leaves no
stamp behind, and the next one starts from an empty .venv.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from media import weights
from requirements import system
from requirements.system import say

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
STAMP = VENV / "prepared.json"
LOCKS = {"run": "run.lock", "dev": "dev.lock"}
# An environment that was made for tests serves the service, too: every pin of run.lock is in dev.lock.
SERVES = {"run": ("run", "dev"), "dev": ("dev",)}

NO_PACKAGES = """\
The packages of requirements/{lock} could not be installed; uv's own words are above.
- No network: connect this machine, or set HTTPS_PROXY, or name a mirror in UV_DEFAULT_INDEX, and start again. What has
  been fetched is kept.
- No wheel for this machine: the service runs on Linux (x86-64, arm64; glibc 2.28) and macOS 14 (arm64), with
  Python 3.11 to 3.14.
- If it stays: remove .venv and start again."""


class SetUpFailed(Exception):
    """A step of the set-up failed; the message is for the person at the terminal."""


def main(arguments: Sequence[str]) -> int:
    """Prepare what `arguments` ask for and return the exit status."""
    profile, *options = arguments
    try:
        prepare(profile)
    except SetUpFailed as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Stopped. The next start begins again with what was fetched.")
        return 130
    if "--browser" in options:
        system.provide(system.missing_for_browser_tests(), "the browser tests", "They are skipped.")
    if "--weights" in options and weights.absent():
        say("Fetching the networks' weights (36 MB, once).")
        if subprocess.run([str(PYTHON), "-m", "media.weights", "fetch"], cwd=ROOT, check=False).returncode:
            say("Without them the service starts, and people see a slate instead of the agent's picture.")
    return 0


def prepare(profile: str) -> None:
    """Bring .venv into the state `profile`.

    Raises:
        SetUpFailed: with a sentence about what to do.
    """
    if _is_current(profile):
        return
    with _alone():
        before = _read_stamp()
        if _is_current(profile):
            return  # another ./dev did it while this one waited
        if not _is_usable(before):
            _make_venv()
            before = {}
        if profile == "run" and before.get("profile") == "dev":
            profile = "dev"  # going from tests to the service takes nothing away
        STAMP.unlink(missing_ok=True)
        try:
            _install_uv()
            if profile == "tools":
                _write_stamp(_place() | before)
                return
            if before.get("packages") != _stamp(profile)["packages"]:
                _install_packages(profile)
            _install_service()
        except SetUpFailed:
            if before:
                _write_stamp(before)  # nothing was half done: the environment is as it was
            raise
        libraries = system.provide(system.missing_libraries(), "OpenCV and the networks", "The service needs them.")
        _write_stamp(_stamp(profile) | {"libraries": "there" if libraries else "missing"})


def _is_current(profile: str) -> bool:
    found = _read_stamp()
    if profile == "tools":
        return _is_usable(found) and UV.exists()
    made_for = found.get("profile", "")
    return (
        made_for in SERVES[profile]
        and found == _stamp(made_for) | {"libraries": "there"}
        and os.access(PYTHON, os.X_OK)
    )


def _is_usable(stamp: Mapping[str, str]) -> bool:
    """Whether packages can be changed in place: made here, by this version of Python, and finished."""
    return os.access(PYTHON, os.X_OK) and _place().items() <= stamp.items()


def _place() -> dict[str, str]:
    return {"root": str(ROOT), "python": f"{sys.version_info.major}.{sys.version_info.minor}"}


def _stamp(profile: str) -> dict[str, str]:
    packages = hashlib.sha256()
    for name in ("uv.txt", LOCKS[profile]):
        packages.update((ROOT / "requirements" / name).read_bytes())
    project = hashlib.sha256((ROOT / "pyproject.toml").read_bytes())
    return _place() | {"profile": profile, "packages": packages.hexdigest(), "project": project.hexdigest()}


def _read_stamp() -> dict[str, str]:
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_stamp(stamp: Mapping[str, str]) -> None:
    part = STAMP.with_suffix(".part")
    part.write_text(json.dumps(stamp), encoding="utf-8")
    part.replace(STAMP)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the set-up's lock; a killed holder lets go of it, too."""
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "set-up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another ./dev is setting up; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_venv() -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"Setting up .venv with Python {version} (about 1 GB, once).")
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    try:
        import ensurepip  # noqa: F401 (Debian leaves it out of its python3)
        import venv  # noqa: F401
    except ImportError:
        system.provide([f"{minor}-venv"], "making .venv", "Nothing can be set up.")
    base = getattr(sys, "_base_executable", sys.executable)  # .venv's own Python is about to be removed
    if _run([base, "-m", "venv", "--clear", str(VENV)]):
        raise SetUpFailed(f"Python's venv module could not make .venv. On Debian: sudo apt-get install {minor}-venv")


def _install_uv() -> None:
    pinned = re.search(r"^uv==(\S+)", (ROOT / "requirements" / "uv.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned is not None, "requirements/uv.txt pins uv"
    if UV.exists():
        told = subprocess.run([str(UV), "--version"], capture_output=True, text=True, check=False)
        if told.stdout.split()[1:2] == [pinned[1]]:
            return
    install = ["install", "--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes", "--retries", "2"]
    if _run([str(PYTHON), "-m", "pip", *install, "-r", "requirements/uv.txt"]):
        raise SetUpFailed(
            "pip could not install uv; its own words are above. With no network: connect this machine, or set "
            "HTTPS_PROXY, or name a mirror with `pip config set global.index-url`, and start again."
        )


def _install_packages(profile: str) -> None:
    lock = LOCKS[profile]
    # Nothing is built here but what exists as source only, with the lock's own build tools.
    only = ["--only-binary", ":all:", "--no-binary", "crontab", "--build-constraints", f"requirements/{lock}"]
    sync = ["sync", "--python", str(PYTHON), "--require-hashes", *only, f"requirements/{lock}"]
    if _run([str(UV), "pip", *sync], os.environ | _mirror()):
        raise SetUpFailed(NO_PACKAGES.format(lock=lock))


def _install_service() -> None:
    """Install the service by reference to this folder, with the build tools that the lock has brought: no network."""
    install = ["install", "--quiet", "--python", str(PYTHON), "--offline", "--no-deps", "--no-build-isolation"]
    if _run([str(UV), "pip", *install, "--reinstall-package", "video-service", "--editable", "."]):
        raise SetUpFailed("The service itself could not be installed into .venv; uv's own words are above.")


def _mirror() -> dict[str, str]:
    """Return uv's setting for the package index that pip is set up for, if there is one and uv has none of its own."""
    if any(os.environ.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL")):
        return {}
    told = subprocess.run([str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    named = re.findall(r"^(?:global|install|:env:)\.index-url='(.+)'$", told.stdout, re.MULTILINE)
    return {"UV_DEFAULT_INDEX": named[-1]} if named else {}


def _run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
