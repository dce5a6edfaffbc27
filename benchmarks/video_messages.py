"""What a video message costs the node that makes it: time, processor, memory and bytes of ninety seconds.

    ./dev bench video_messages [--seconds 90] [--json]

The film is a signer (or, without the clips, a drawn square), VP8 at 640x480 and 30 pictures a second, as a phone's
browser records it; it goes through the process apart that every upload goes through.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import itertools
import json
import resource
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from tests.recordings import square
from video_service.video_messages_film import FilmMaker

SIZE, FPS, BITS = (640, 480), 30, 800_000
CLIP = Path(__file__).resolve().parents[2] / "shared" / "data" / "signing" / "dev-book.mp4"


def pictures() -> Iterator[av.VideoFrame]:
    """Yield pictures without end."""
    if not CLIP.is_file():
        for n in itertools.count():
            yield av.VideoFrame.from_ndarray(square(n, SIZE), format="rgb24")
    while True:
        with av.open(str(CLIP), "r") as clip:
            for frame in clip.decode(video=0):
                yield frame.reformat(*SIZE, format="yuv420p")


def recording(seconds: int) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="webm") as film:
        stream: Any = film.add_stream("libvpx", rate=FPS, options={"deadline": "realtime", "cpu-used": "8"})
        (stream.width, stream.height), stream.pix_fmt, stream.bit_rate = SIZE, "yuv420p", BITS
        for n, picture in enumerate(itertools.islice(pictures(), seconds * FPS)):
            picture.pts, picture.time_base = n, Fraction(1, FPS)
            film.mux(stream.encode(picture))
        film.mux(stream.encode(None))
    return buffer.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=90)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    data = recording(options.seconds)
    before, began_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    facts, film = asyncio.run(FilmMaker().make(data, sound=False))
    wall_s, after = time.perf_counter() - began_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    table = {
        "film_s": facts.ms / 1_000,
        "recorded_mb": len(data) / 1e6,
        "kept_mb": len(film) / 1e6,
        "wall_s": wall_s,
        "processor_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "most_memory_mb": after.ru_maxrss / 1024,
        "times_real_time": facts.ms / 1_000 / wall_s,
        "of_a_signer": CLIP.is_file(),
    }
    if options.json:
        print(json.dumps(table))
        return
    for name, value in table.items():
        print(f"{name:16} {value:.1f}")


if __name__ == "__main__":
    main()
