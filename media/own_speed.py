"""How many blurred pictures this machine holds: a worker measures itself on a drawn person when it starts.

Measured is CPU time, not time: two workers and a web process that start together on two cores would find a slow
machine. The pictures go the whole way of a call: decoded, masked, blurred, encoded.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
import structlog
from av.video.codeccontext import VideoCodecContext

from media.assembler import EncodedFrame
from media.blur_leg import BlurStage
from media.decoder import PictureDecoder
from media.encoder import FRAME_RATE, TIME_BASE, PictureEncoder
from media.negotiation import VIDEO_CLOCK_HZ, VP8
from media.picture import Plane
from media.stage import BlurSettings, open_stage

log = structlog.get_logger(__name__)

WIDTH: Final = 640
HEIGHT: Final = 480
FIRST: Final = 6  # pictures that are not counted: memory and networks warm up, the signer is found
PICTURES: Final = 36
LONGEST_S: Final = 1.0  # of CPU time, after which a slow machine stops counting
BITRATE_BPS: Final = 800_000

# Of one core, for there is a worker to each. The rest is for packets (0.01 to 0.02 of a core for each call) and for
# what real pictures cost more: 1.15 times the drawn one, 1.4 times with a colleague in the room.
SHARE_FOR_PICTURES: Final = 0.8


def holds(picture_ms: float, rate: int = FRAME_RATE) -> int:
    """Return how many blurred pictures at `rate` a second one core holds when each takes `picture_ms` of CPU."""
    return max(1, int(SHARE_FOR_PICTURES * 1000 / (rate * picture_ms)))


Measure = Callable[[Callable[[], bool]], float | None]
"""Returns the CPU milliseconds of one blurred picture; None when what it is given says that it is to stop."""


async def capacity_by(measure: Measure, stopped: Callable[[], bool], worker: str) -> int | None:
    """Return how many blurred legs this machine holds, measured in a thread of its own; None when that cannot be."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="measure")
    try:
        took_ms = await asyncio.get_running_loop().run_in_executor(thread, measure, stopped)
    except Exception as error:  # noqa: BLE001 - a worker that cannot measure itself still works
        log.warning("own_speed_unknown", worker=worker, error=type(error).__name__)
        return None
    finally:
        thread.shutdown(wait=False)
    if took_ms is None:
        return None
    capacity = holds(took_ms)
    log.info("own_speed", worker=worker, picture_ms=round(took_ms, 2), capacity=capacity)
    return capacity


def measure(
    weights_dir: Path | str | None, should_stop: Callable[[], bool], settings: BlurSettings | None = None
) -> float | None:
    """Return the CPU milliseconds of one blurred 640x480 picture on a stage made for it; None when told to stop.

    Raises:
        av.FFmpegError: a codec failed.
    """
    # Its clock stands still, so that no mask is late however busy the machine is.
    stage = open_stage(settings, clock_ms=lambda: 0.0, weights_dir=weights_dir, threaded=False)
    try:
        return picture_ms(stage, should_stop)
    finally:
        stage.close()


def picture_ms(
    stage: BlurStage,
    should_stop: Callable[[], bool] = lambda: False,
    cpu_s: Callable[[], float] = time.thread_time,
) -> float | None:
    """Return the mean CPU milliseconds for one blurred 640x480 picture; None when told to stop before the end.

    `stage` has to work in the caller's thread, for only that is counted. Takes well under a second.

    Raises:
        av.FFmpegError, NotProtected: a codec failed, or the stage gave something that may not be sent.
    """
    decoder, encoder = PictureDecoder(), PictureEncoder(VP8, BITRATE_BPS, BITRATE_BPS)
    start_s, counted = cpu_s(), 0
    try:
        for number, frame in enumerate(_camera()):
            if should_stop():
                return None
            if number == FIRST:
                start_s, counted = cpu_s(), 0
            picture = decoder.decode(frame)
            if picture is not None:
                encoder.encode(stage.process(picture))
            counted += 1
            if number >= FIRST and cpu_s() - start_s > LONGEST_S:
                break
        return (cpu_s() - start_s) * 1000 / counted
    finally:
        decoder.close()
        encoder.close()


def _camera() -> Iterator[EncodedFrame]:
    """Yield the frames of a camera before which a drawn person signs; all are encoded before the first is given."""
    context = av.CodecContext.create("libvpx", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.time_base, context.bit_rate, context.thread_count = TIME_BASE, BITRATE_BPS, 1
    context.options = {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0"}
    frames = []
    for number in range(FIRST + PICTURES):
        frame = av.VideoFrame.from_ndarray(_drawn(number), format="yuv420p")
        frame.pts, frame.time_base = number * VIDEO_CLOCK_HZ // FRAME_RATE, TIME_BASE
        frames += [EncodedFrame(VP8, bytes(each), frame.pts, each.is_keyframe) for each in context.encode(frame)]
    yield from frames


def _drawn(number: int) -> Plane:
    """Draw one picture, planar (height * 3 / 2, width): a wall, a person from the hips up, two hands that move."""
    picture = np.full((HEIGHT, WIDTH, 3), (214, 220, 214), np.uint8)
    skin, hair, shirt = (150, 178, 222), (38, 42, 52), (120, 70, 30)
    cv2.rectangle(picture, (40, 30), (150, 200), (236, 222, 196), -1)
    cv2.ellipse(picture, (320, 460), (112, 190), 0, 180, 360, shirt, -1)
    cv2.rectangle(picture, (296, 230), (344, 290), skin, -1)
    cv2.ellipse(picture, (320, 174), (58, 72), 0, 0, 360, hair, -1)
    cv2.ellipse(picture, (320, 190), (46, 60), 0, 0, 360, skin, -1)
    cv2.ellipse(picture, (320, 208), (15, 8), 0, 10, 170, (84, 84, 150), 4)
    for side in (-1, 1):
        cv2.circle(picture, (320 + side * 17, 180), 5, hair, -1)
        phase = number / FRAME_RATE * math.pi + side
        hand = (320 + side * round(130 + 50 * math.sin(phase)), 290 + round(60 * math.cos(phase)))
        cv2.line(picture, (320 + side * 92, 315), (320 + side * 150, 400), shirt, 42)
        cv2.line(picture, (320 + side * 150, 400), hand, skin, 30)
        cv2.circle(picture, hand, 28, skin, -1)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).astype(np.uint8)
