"""What a leg sends and receives: the codecs, payload types and SSRCs chosen from a client's offer.

The picture that goes through unread (a customer's) gets one codec, the one that every viewer has; the picture that
is decoded here anyway (an agent's) may use any that both sides know. Slots take every common codec, so that the
encoder can follow the other viewers of the same picture without a new offer (docs/adr/0002-media-topology.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from media.offer import Codec, Media, Offer
from video_service.media_plane import BadSdp, LegRole

VP8: Final = "VP8"
H264: Final = "H264"
OPUS: Final = "OPUS"
VIDEO_CODECS: Final = (VP8, H264)
VIDEO_CLOCK_HZ: Final = 90_000
AUDIO_CLOCK_HZ: Final = 48_000
LOOKING_ON: Final = (LegRole.WATCHER, LegRole.GUEST)
TRANSPORT_CC: Final = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
ABS_SEND_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
_BASELINE = re.compile(r"42[0-9a-f]{4}")


@dataclass(frozen=True, slots=True)
class Choice:
    """One codec of one m-line, with the payload type of its retransmissions where the client knows RFC 4588."""

    codec: Codec
    rtx_payload_type: int | None = None

    @property
    def name(self) -> str:
        return self.codec.name

    @property
    def payload_type(self) -> int:
        return self.codec.payload_type


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of one m-line. Without choices it is rejected, unless it is for text. `ssrc` is this side's own.

    `abs_send_time_id` and `transport_cc_id` name header extensions: of what comes in, and of what goes out; 0: none.
    """

    media: Media
    direction: str = "inactive"
    choices: tuple[Choice, ...] = ()
    ssrc: int = 0
    label: str = ""
    abs_send_time_id: int = 0
    transport_cc_id: int = 0
    is_text: bool = False

    @property
    def rejected(self) -> bool:
        return not self.choices and not self.is_text

    @property
    def sends(self) -> bool:
        return self.direction in ("sendrecv", "sendonly")


@dataclass(frozen=True, slots=True)
class Plan:
    """An offer's answer in substance.

    `camera`, `sound`, `slots` and `text` (data channels) are the lines in use; `lines` is every line.
    """

    lines: tuple[Line, ...]
    camera: Line | None = None
    sound: Line | None = None
    slots: tuple[Line, ...] = field(default=())
    text: Line | None = None


def plan_answer(offer: Offer, role: LegRole, preferred: Sequence[str], new_ssrc: Callable[[], int]) -> Plan:
    """Decide what to do with each m-line of `offer`.

    `preferred` holds the codecs that the client likes to receive, best first, as MIME types. The first audio line is
    the sound, the first video line on which the client sends is the camera, those on which it receives are the slots,
    the first one of data channels carries text; further lines and other kinds are rejected. A missing sound, camera or
    text is accepted, a leg without a slot is not.
    From a watcher nothing is taken, whatever it offers to send, and from a guest the camera alone.

    Raises:
        BadSdp: there is no slot, or no video codec that both sides have.
    """
    lines: list[Line] = []
    camera: Line | None = None
    sound: Line | None = None
    text: Line | None = None
    slots: list[Line] = []
    for media in offer.media:
        line = Line(media)
        sends = media.client_sends and role is not LegRole.WATCHER
        speaks = sends and role not in LOOKING_ON
        if media.kind == "audio" and sound is None and (speaks or media.client_receives):
            line = _sound(media, new_ssrc, takes=speaks)
            sound = None if line.rejected else line
        elif media.kind == "video" and (media.client_receives or (media.client_sends and camera is None)):
            takes = sends and camera is None
            line = _video(media, role, preferred, new_ssrc, takes=takes, slot=len(slots))
            camera = line if takes else camera
            if media.client_receives:
                slots.append(line)
        elif media.sctp_port and not media.rejected and text is None and role not in LOOKING_ON:
            line = text = Line(media, is_text=True)
        lines.append(line)
    if not slots:
        raise BadSdp("The offer has no video line to receive on.")
    _check_payload_types(camera, sound)
    return Plan(tuple(lines), camera, sound, tuple(slots), text)


def _sound(media: Media, new_ssrc: Callable[[], int], *, takes: bool) -> Line:
    opus = next((codec for codec in media.codecs if codec.name == OPUS and codec.clock_rate == AUDIO_CLOCK_HZ), None)
    if opus is None:
        return Line(media)
    direction = _reverse(takes=takes, gives=media.client_receives)
    return Line(media, direction, (Choice(opus),), new_ssrc(), label="sound")


def _video(
    media: Media, role: LegRole, preferred: Sequence[str], new_ssrc: Callable[[], int], *, takes: bool, slot: int
) -> Line:
    choices = _video_choices(media, rtx=takes)
    if not choices:
        raise BadSdp("There is no video codec that both sides have.")
    if takes and role is LegRole.CUSTOMER:
        choices = choices[:1]
    elif not takes:
        order = [name.lower() for name in preferred]

        def rank(choice: Choice) -> int:
            mime = f"video/{choice.name}".lower()
            return order.index(mime) if mime in order else len(order)

        choices = tuple(sorted(choices, key=rank))
    gives = media.client_receives
    extensions = dict(media.extensions)
    return Line(
        media,
        _reverse(takes=takes, gives=gives),
        choices,
        new_ssrc() if gives else 0,
        label=f"slot-{slot}" if gives else "camera",
        abs_send_time_id=extensions.get(ABS_SEND_TIME, 0) if takes else 0,
        transport_cc_id=0 if takes or not _has_transport_cc(choices) else extensions.get(TRANSPORT_CC, 0),
    )


def _has_transport_cc(choices: Sequence[Choice]) -> bool:
    """Return whether the client writes feedback on every packet.

    It is taken on lines that only this side sends on: on others it would mean feedback for the client's packets, too,
    and a browser that is promised that and gets none no longer knows what it may send.
    """
    return all("transport-cc" in choice.codec.feedback for choice in choices)


def _video_choices(media: Media, *, rtx: bool) -> tuple[Choice, ...]:
    """Return the line's codecs that this side has, VP8 first: every WebRTC client has it (RFC 7742, section 5).

    With `rtx` the client may send again on its retransmission stream; this side sends again in the stream itself.
    """
    repairs = {
        codec.parameter("apt"): codec.payload_type
        for codec in media.codecs
        if rtx and codec.name == "RTX" and codec.clock_rate == VIDEO_CLOCK_HZ
    }
    found = []
    for name in VIDEO_CODECS:
        usable = [c for c in media.codecs if c.name == name and c.clock_rate == VIDEO_CLOCK_HZ]
        if name == H264:
            usable = sorted((c for c in usable if _h264_rank(c) is not None), key=lambda c: _h264_rank(c) or 0)
        if usable:
            found.append(Choice(usable[0], repairs.get(str(usable[0].payload_type))))
    return tuple(found)


def _h264_rank(codec: Codec) -> int | None:
    """Return 0 for constrained baseline, 1 for baseline, None for anything that the encoder does not make.

    Source: RFC 6184, section 8.1 (profile-level-id, packetization-mode).
    """
    profile = codec.parameter("profile-level-id", "42e01f").lower()
    if codec.parameter("packetization-mode", "0") != "1" or not _BASELINE.fullmatch(profile):
        return None
    return 0 if int(profile[2:4], 16) & 0x40 else 1


def _reverse(*, takes: bool, gives: bool) -> str:
    if takes == gives:
        return "sendrecv" if takes else "inactive"
    return "sendonly" if gives else "recvonly"


def _check_payload_types(camera: Line | None, sound: Line | None) -> None:
    """Packets are told apart by payload type alone, so that a picture can never be taken for sound."""
    if camera is None or sound is None:
        return
    pictures = {number for c in camera.choices for number in (c.payload_type, c.rtx_payload_type)}
    if any(choice.payload_type in pictures for choice in sound.choices):
        raise BadSdp("One payload type stands for both sound and picture.")
