"""Encoded frames in, raw pictures out, one thread, no delay of its own."""

from __future__ import annotations

from typing import Final

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

from media.assembler import EncodedFrame
from media.encoder import TIME_BASE
from media.negotiation import H264
from media.picture import RawPicture

MAX_PIXELS: Final = 1920 * 1088


class PictureDecoder:
    """Decodes one agent's camera. Not thread-safe: one frame after the other."""

    def __init__(self) -> None:
        self._context: VideoCodecContext | None = None
        self._codec = ""
        self._count = 0

    def decode(self, frame: EncodedFrame) -> RawPicture | None:
        """Decode one frame, None when it shows nothing yet. A frame of another codec starts a new decoder.

        Raises:
            av.FFmpegError: the frame is damaged; the decoder needs a key frame.
            BadPicture: the frame has no usable picture.
        """
        if self._context is None or frame.codec != self._codec:
            self._build(frame.codec)
        assert self._context is not None
        packet = av.Packet(frame.data)
        packet.pts, packet.time_base = frame.timestamp, TIME_BASE
        pictures = self._context.decode(packet)
        if not pictures:
            return None
        picture = pictures[-1]
        self._count += 1
        picture.pts, picture.time_base = frame.timestamp, TIME_BASE
        return RawPicture.from_frame(picture, self._count)

    def close(self) -> None:
        """Free the codec; the next frame starts a new one."""
        self._context = None

    def _build(self, codec: str) -> None:
        context = av.CodecContext.create("h264" if codec == H264 else "libvpx", "r")
        assert isinstance(context, VideoCodecContext)
        context.thread_count = 1  # threads decode later frames before they give the first
        context.flags |= Flags.low_delay
        context.options = {"max_pixels": str(MAX_PIXELS)}
        self._context, self._codec = context, codec
