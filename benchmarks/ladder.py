"""What the first step of a worker's ladder saves and what it keeps: cheaper masks, beside the full ones.

    python -m benchmarks.ladder [CLIP ...] [--data FOLDER] [--json]

Each clip goes through the live blur stage twice, with the network looking at every picture and at every second one. The
file tool scores both: are the signer's hands and face intact, is the room unreadable. CPU milliseconds a picture are of
one thread, the stage alone. `run`: the longest of pictures with less than 0.9 of the hands; `room`: how readable it is.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Column, Table

from media.file_tool import blur_file
from media.ladder import Thrift
from media.stage import BlurSettings

ROOT: Final = Path(__file__).resolve().parents[1]
SHARED: Final = ROOT.parent / "shared"
CLIPS: Final = ("dev-milk", "dev-apart", "dev-book-over-milk", "dev-milk-over-book")
SCORES: Final = ("hands_intact_mean", "longest_run_under_0.9", "signer_intact_mean", "background_readable_mean")


def score(clip: Path, tool: Path, folder: Path, *, sparing: bool) -> dict[str, Any]:
    """Blur one clip and return its cost and its scores."""
    blurred = folder / f"{clip.stem}.mp4"
    report = blur_file(clip, blurred, settings=BlurSettings(thrift=Thrift(on=sparing)))
    truth = [
        part
        for kind in ("person", "hands")
        if (file := clip.with_suffix(f".{kind}.mp4")).is_file()
        for part in (f"--{kind}", str(file))
    ]
    command = [sys.executable, str(tool), str(clip), str(blurred), *truth, "--json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {"ms_mean": report.ms_mean, "ms_p95": report.ms_p95} | {name: found.get(name) for name in SCORES}


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", default=CLIPS, help="names of clips in the folder")
    parser.add_argument("--data", type=Path, default=SHARED / "data" / "signing")
    parser.add_argument("--tool", type=Path, default=SHARED / "tools" / "legibility.py")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    chosen = parser.parse_args()
    if not chosen.tool.is_file():
        raise SystemExit(f"The tool that scores is not here: {chosen.tool}")
    rows = []
    with tempfile.TemporaryDirectory(prefix="ladder-") as folder:
        for name in chosen.clips:
            for sparing in (False, True):
                found = score(chosen.data / f"{name}.mp4", chosen.tool, Path(folder), sparing=sparing)
                rows.append({"clip": name, "step": int(sparing)} | found)
    if chosen.json:
        print(json.dumps(rows))
        return
    clip = Column("clip", no_wrap=True)
    table = Table(clip, "step", "ms", "p95", "hands", "run", "signer", "room")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
