"""Protected pictures in, packets' payloads out. No encoder here takes a picture of any other type.

x264 changes its bitrate without a key frame; libvpx is rebuilt for it, which costs one, so its steps are large and at
least two seconds apart, half a second when it makes far too much. A picture is made smaller here, after the gate, when
the line asks for it; every size begins with a key frame. Source for the settings: FFmpeg's libx264 and libvpx wrappers,
x264 "zerolatency".
"""

from __future__ import annotations

import fractions
from dataclasses import dataclass
from typing import Final, Protocol

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import ColorRange

from media.fitting import FULL_RATE, LEVELS, scaled
from media.negotiation import H264, VIDEO_CLOCK_HZ, VP8
from media.packetizer import H264Packetizer, Vp8Packetizer
from media.picture import ProtectedPicture, require_protected

TIME_BASE: Final = fractions.Fraction(1, VIDEO_CLOCK_HZ)
FRAME_RATE: Final = 30
REBUILD_INTERVAL_TICKS: Final = 2 * VIDEO_CLOCK_HZ
REBUILD_STEP: Final = 0.15
STEEP_INTERVAL_TICKS: Final = VIDEO_CLOCK_HZ // 2
STEEP: Final = 0.7  # of what the encoder has: less than that is needed now, for much of it is lost
UNEVEN: Final = 0.75  # 22 a second of 30 took 1.4 times the bits of 15 or 30, 20 a second 1.3 times
MOST_BITS_PER_PIXEL: Final = 0.25


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """What an encoder made of `source`: RTP payloads in order. `timestamp` counts 1/90000 s."""

    source: ProtectedPicture
    codec: str
    payloads: tuple[bytes, ...]
    timestamp: int
    key: bool

    def require_protected(self) -> None:
        """Make sure at run time, too, that this came out of the gate.

        Raises:
            NotProtected: it did not.
        """
        require_protected(self.source)

    def __post_init__(self) -> None:
        self.require_protected()


class Packetizer(Protocol):
    """Cuts one encoded frame into payloads."""

    def payloads(self, frame: bytes) -> tuple[bytes, ...]: ...


class PictureEncoder:
    """Encodes the pictures of one agent, in one codec at a time. Not thread-safe: one picture after the other.

    Set for the next picture: `codec`, `bitrate_bps`, the most `pixels` that it may have, and `rate`, how many pictures
    come a second at most.
    """

    def __init__(self, codec: str, bitrate_bps: int, max_bitrate_bps: int) -> None:
        self.codec = codec
        self.bitrate_bps = bitrate_bps
        self.pixels = LEVELS[0].pixels
        self.rate = FULL_RATE
        self._max_bitrate_bps = max_bitrate_bps
        self._packetizers: dict[str, Packetizer] = {VP8: Vp8Packetizer(), H264: H264Packetizer()}
        self._context: VideoCodecContext | None = None
        self._context_codec = ""
        self._context_bps = 0
        self._context_of: tuple[int, int] = (0, 0)
        self._built_at = 0
        self._last_pts: int | None = None

    def encode(self, picture: ProtectedPicture, *, key: bool = False) -> EncodedPicture | None:
        """Encode one picture, as a key frame when asked; None when the encoder gives nothing for it.

        Raises:
            NotProtected: the gate did not make the picture.
            av.FFmpegError: the encoder failed; the next picture starts a new one.
        """
        require_protected(picture)
        pts = int(picture.pts * picture.time_base / TIME_BASE)
        if self._last_pts is not None:
            pts = max(pts, self._last_pts + 1)
        self._last_pts = pts
        context = self._fitting(picture.width, picture.height, pts)
        frame = _frame_of(picture, context.width, context.height)
        frame.pts, frame.time_base = pts, TIME_BASE
        frame.pict_type = PictureType.I if key else PictureType.NONE
        try:
            packets = context.encode(frame)
        except av.FFmpegError:
            self.close()
            raise
        data = b"".join(bytes(packet) for packet in packets)
        if not data:
            return None
        payloads = self._packetizers[self._context_codec].payloads(data)
        return EncodedPicture(
            picture, self._context_codec, payloads, pts, any(packet.is_keyframe for packet in packets)
        )

    def close(self) -> None:
        """Free the codec; the next picture starts a new one."""
        self._context = None

    def _fitting(self, width: int, height: int, pts: int) -> VideoCodecContext:
        context = self._context
        if context is None or self._context_of != (width, height) or self._context_codec != self.codec:
            return self._build(width, height, pts)
        size = scaled(width, height, self.pixels)
        bps = self._target()
        steep = bps < STEEP * self._context_bps
        is_time = pts - self._built_at >= (STEEP_INTERVAL_TICKS if steep else REBUILD_INTERVAL_TICKS)
        if size != (context.width, context.height) and is_time:
            return self._build(width, height, pts)
        if self._context_codec == H264:
            if self._context_bps != bps:
                context.bit_rate = self._context_bps = min(bps, self._ceiling(context.width, context.height))
        elif abs(bps - self._context_bps) > REBUILD_STEP * self._context_bps and is_time:
            return self._build(width, height, pts)
        return context

    def _target(self) -> int:
        """Return the bits a second to ask for. x264 counts pictures, not time: fewer pictures may have more each.

        libvpx makes too much of pictures that come unevenly, as 22 of a camera's 30 do.
        """
        bps, rate = min(self.bitrate_bps, self._max_bitrate_bps), min(self.rate, FRAME_RATE)
        if self.codec == H264:
            return bps * FRAME_RATE // rate
        return int(bps * UNEVEN) if FRAME_RATE // 2 < rate < FRAME_RATE else bps

    def _ceiling(self, width: int, height: int) -> int:
        """Return the most that a picture of this size is ever given: it bounds how large one frame may be."""
        return min(self._max_bitrate_bps, int(width * height * FRAME_RATE * MOST_BITS_PER_PIXEL))

    def _build(self, width: int, height: int, pts: int) -> VideoCodecContext:
        name = "libx264" if self.codec == H264 else "libvpx"
        context = av.CodecContext.create(name, "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = scaled(width, height, self.pixels)
        context.pix_fmt = "yuv420p"
        context.time_base = TIME_BASE
        context.framerate = fractions.Fraction(FRAME_RATE, 1)
        context.gop_size = 3000
        context.thread_count = 1
        target = self._target()
        if self.codec == H264:
            self._open_h264(context, target)
        else:
            self._open_vp8(context, target)
        self._context, self._context_codec, self._context_of = context, self.codec, (width, height)
        self._context_bps, self._built_at = target, pts
        return context

    def _open_h264(self, context: VideoCodecContext, target: int) -> None:
        ceiling = self._ceiling(context.width, context.height)
        context.bit_rate = ceiling
        context.profile = "Baseline"
        context.options = {
            "preset": "superfast",
            "tune": "zerolatency",
            "level": "31",
            "forced-idr": "1",
            "sc_threshold": "0",
            # x264 follows later changes only when it begins at its ceiling, with a constant rate.
            "maxrate": str(ceiling),
            "bufsize": str(ceiling // 2),
        }
        context.open()
        context.bit_rate = min(target, ceiling)

    def _open_vp8(self, context: VideoCodecContext, target: int) -> None:
        context.bit_rate = target
        context.qmin, context.qmax = 4, 56
        context.options = {
            "deadline": "realtime",
            # A fifth less time than -8 for 0.2 to 0.5 dB; -16 would save half as much again for up to 3.6 dB.
            "cpu-used": "-12",
            "lag-in-frames": "0",
            "minrate": str(target),
            "maxrate": str(target),
            "bufsize": str(target),
            "undershoot-pct": "100",
            "overshoot-pct": "15",
            "max-intra-rate": "700",
            "noise-sensitivity": "0",
            # Blocks that hardly change, those of the blurred room above all, are not coded again: a quarter less time
            # at 1 to 2 Mbit/s, and what they would have taken goes to the signer (0 to 0.5 dB more).
            "static-thresh": "400",
        }
        context.open()


def _frame_of(picture: ProtectedPicture, width: int, height: int) -> av.VideoFrame:
    """Return the picture as a new frame of that size.

    Raises:
        NotProtected: the gate did not make the picture.
    """
    if (picture.width, picture.height) == (width, height):
        return picture.to_frame()
    planes = require_protected(picture).planes
    half = (width // 2, height // 2)
    parts = [
        cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
        for plane, size in ((planes.y, (width, height)), (planes.u, half), (planes.v, half))
    ]
    packed = np.concatenate([np.asarray(part, np.uint8).ravel() for part in parts])
    frame = av.VideoFrame.from_ndarray(packed.reshape(height * 3 // 2, width), format="yuv420p")
    if planes.full_range:
        frame.color_range = ColorRange.JPEG
    return frame
