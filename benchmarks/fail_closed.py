"""A code on the wall behind the signer, a segmenter that fails in every way, and a decoder that looks at all output.

    python -m benchmarks.fail_closed [--frames 100000] [--seed 1] [--processes N] [--json]

Thrown calls run through the real stage, its thread and deadline included: faults of every kind at any picture, changes
of size and rotation, pauses, new connections, other backgrounds, objects shown on purpose. Rooms differ in place, size,
contrast and light of the code; each of them is first shown to the decoder as it is: that is the control. Equal pictures
are decoded once. Each call has a process of its own, for OpenCV's decoder corrupts its memory on some small pictures: a
call in which it dies is thrown anew and counted. Ends with status 1 when the code was read, or when a picture was clear
that must not be.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from multiprocessing.connection import Connection
from typing import Any, Final

import cv2
import numpy as np
import structlog

from media.picture import Planes, RawPicture
from tests.blur_rig import BACKGROUNDS, KINDS, Rig, call, play
from tests.blur_room import CODE, pictures_looked_at, reads_code, signer_alpha
from video_service.media_plane import PictureState

SIZES: Final = ((160, 120), (120, 160), (161, 121), (240, 180), (180, 240))
ROOMS: Final = 12  # of each size and call
CALL_FRAMES: Final = 500
TRIES: Final = 5
TICKS: Final = 3000
NO_FAULT: Final = "no fault"


@dataclass
class Tally:
    """What happened in some calls."""

    frames: int = 0
    different: int = 0
    rooms: int = 0
    read: int = 0
    wrong_state: int = 0
    decoder_died: int = 0
    states: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    backgrounds: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        for name in ("frames", "different", "rooms", "read", "wrong_state", "decoder_died"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.states += other.states
        self.kinds += other.kinds
        self.backgrounds += other.backgrounds


def readable_room(dice: random.Random, width: int, height: int) -> Planes:
    """Draw rooms until the decoder reads one: wall, code somewhere beside the signer, signer at the lower right."""
    while True:
        light = dice.randrange(140, 235)
        luma = np.full((height, width), light, np.uint8)
        luma[:, :: dice.randrange(5, 12)] = light - 25
        side = int(min(width, height) * dice.uniform(0.48, 0.62))
        x, y = dice.randrange(0, max(1, int(width * 0.62) - side)), dice.randrange(0, height - side)
        code = cv2.QRCodeEncoder.create().encode(CODE)
        fitted = cv2.resize(code, (side, side), interpolation=cv2.INTER_NEAREST).astype(np.float32) / 255
        dark = dice.randrange(0, 80)
        luma[y : y + side, x : x + side] = (dark + fitted * (light + 20 - dark)).astype(np.uint8)
        signer = cv2.resize(signer_alpha(), (width, height)) > 0.5
        luma[signer] = dice.randrange(60, 200)
        if reads_code(luma):
            half = ((height + 1) // 2, (width + 1) // 2)
            return Planes(luma, np.full(half, 110, np.uint8), np.full(half, 150, np.uint8))


def one_call(seed: int, frames: int) -> Tally:
    """Play one call and have everything that leaves the stage looked at."""
    cv2.setNumThreads(1)
    # The stage logs each fault; here they are the point.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    dice, tally, rig = random.Random(seed), Tally(), Rig()
    rooms = {size: [readable_room(dice, *size) for _ in range(ROOMS)] for size in SIZES}
    tally.rooms = len(SIZES) * ROOMS
    names = {background: name for name, background in BACKGROUNDS.items()}
    before = pictures_looked_at()
    for number, moment in enumerate(call(dice, frames, SIZES), start=1):
        play(rig, moment)
        planes = rooms[moment.size][number // 3 % ROOMS]
        released = rig.process(RawPicture(planes, number, number * TICKS, Fraction(1, 90_000)))
        tally.frames += 1
        tally.states[released.state.value] += 1
        tally.kinds[moment.fault or NO_FAULT] += 1
        tally.backgrounds[names[rig.background]] += 1
        tally.wrong_state += released.state is not rig.expected()
        tally.read += reads_code(released.planes.y)
    tally.different = pictures_looked_at() - before
    rig.close()
    return tally


def report_call(way: Connection, seed: int, frames: int) -> None:
    way.send(one_call(seed, frames))


def isolated_call(seed: int, frames: int) -> Tally:
    """Play a call in a process of its own; another one when the decoder has died in it.

    Raises:
        SystemExit: it died again and again.
    """
    context = multiprocessing.get_context("forkserver")
    for died in range(TRIES):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=report_call, args=(theirs, seed + died * 1_000_000, frames))
        process.start()
        theirs.close()
        try:
            tally: Tally = ours.recv()
        except EOFError:
            continue
        finally:
            process.join()
            ours.close()
        tally.decoder_died = died
        return tally
    raise SystemExit(f"the decoder died in each of {TRIES} calls")


def run(frames: int, seed: int, processes: int) -> dict[str, Any]:
    """Play calls until there are `frames` pictures; return the counts as plain values."""
    started_s = time.perf_counter()
    calls = [min(CALL_FRAMES, frames - done) for done in range(0, frames, CALL_FRAMES)]
    total = Tally()
    multiprocessing.get_context("forkserver").set_forkserver_preload(["tests.blur_rig"])
    with ThreadPoolExecutor(processes) as pool:
        for tally in pool.map(isolated_call, range(seed, seed + len(calls)), calls):
            total.add(tally)
    return {
        "frames": total.frames,
        "calls": len(calls),
        "different_pictures": total.different,
        "rooms_read_by_the_control": total.rooms,
        "frames_in_which_the_code_was_read": total.read,
        "frames_in_a_wrong_state": total.wrong_state,
        "calls_thrown_anew_because_the_decoder_died": total.decoder_died,
        "states": {state.value: total.states[state.value] for state in PictureState},
        "faults": {kind: total.kinds[kind] for kind in (NO_FAULT, *KINDS)},
        "backgrounds": {name: total.backgrounds[name] for name in BACKGROUNDS},
        "seconds": time.perf_counter() - started_s,
    }


def table(found: dict[str, Any]) -> str:
    size = f"{found['frames']} pictures of {found['calls']} calls, {found['different_pictures']} of them different"
    lines = [
        f"{size}, left the stage in {found['seconds']:.0f} s",
        f"control: the code was read in each of {found['rooms_read_by_the_control']} raw rooms",
        f"the code was read in {found['frames_in_which_the_code_was_read']} pictures that left the stage",
        f"{found['frames_in_a_wrong_state']} pictures were not as clear or as covered as they have to be",
        f"{found['calls_thrown_anew_because_the_decoder_died']} calls were thrown anew because the decoder died",
        "states: " + ", ".join(f"{count} {state}" for state, count in found["states"].items()),
        "faults: " + ", ".join(f"{count} {kind}" for kind, count in found["faults"].items()),
        "backgrounds: " + ", ".join(f"{count} {name}" for name, count in found["backgrounds"].items()),
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    found = run(options.frames, options.seed, options.processes)
    print(json.dumps(found, indent=2) if options.json else table(found))
    if found["frames_in_which_the_code_was_read"] or found["frames_in_a_wrong_state"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
