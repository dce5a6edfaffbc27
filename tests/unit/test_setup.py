"""What the environment must be like: the locks, and the packages that came of them."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
LOCKS = ["run.lock", "dev.lock", "uv.txt"]

# A port at which nothing listens: what would call home through it cannot.
NO_NETWORK = {"https_proxy": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"}


def pins(name: str) -> dict[str, str]:
    text = (REQUIREMENTS / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", text, re.MULTILINE))


def imported(statement: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", statement],
        env=os.environ | NO_NETWORK,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_exactly_one_opencv_distribution_is_installed() -> None:
    names = {str(found.metadata["Name"]).lower().replace("_", "-") for found in importlib.metadata.distributions()}

    assert {name for name in names if name.startswith("opencv")} == {"opencv-python"}


def test_mediapipe_imports_beside_that_opencv() -> None:
    done = imported("import cv2, mediapipe, numpy; print(cv2.blur(numpy.ones((4, 4), numpy.uint8), (3, 3)).sum())")

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "16"


@pytest.mark.parametrize("name", LOCKS)
def test_locks_name_no_address_and_no_folder_outside(name: str) -> None:
    text = (REQUIREMENTS / name).read_text(encoding="utf-8")

    assert re.findall(r"\S*://\S*|(?<!\S)(?:/|~|\.\.)\S*|@\s*\S+", text) == []


def test_the_type_checker_is_pinned_by_digest_and_without_an_address() -> None:
    text = (REQUIREMENTS / "typescript" / "package-lock.json").read_text(encoding="utf-8")

    assert '"integrity": "sha512-' in text
    assert "://" not in text


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_digests(name: str) -> None:
    text = (REQUIREMENTS / name).read_text(encoding="utf-8")

    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]

    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert len(blocks) == len(pins(name))


@pytest.mark.parametrize("name", ["run.lock", "dev.lock"])
def test_the_rtp_library_is_the_one_whose_internals_are_used(name: str) -> None:
    assert pins(name)["aiortc"] == "1.16.0"
    assert importlib.metadata.version("aiortc") == "1.16.0"


@pytest.mark.parametrize("name", ["run.lock", "dev.lock"])
def test_the_locks_take_one_opencv(name: str) -> None:
    assert [package for package in pins(name) if package.startswith("opencv")] == ["opencv-python"]


def test_tests_run_with_the_packages_of_the_service() -> None:
    assert pins("run.lock").items() <= pins("dev.lock").items()


def test_what_is_installed_is_what_is_locked() -> None:
    locked = pins("dev.lock") | pins("uv.txt")

    installed = {name: version for name in locked if (version := _version(name)) is not None}

    assert {name: locked[name] for name in installed} == installed
    assert len(installed) > 0.9 * len(locked)  # some are for other platforms only


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
