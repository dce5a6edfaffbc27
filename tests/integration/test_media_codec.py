"""The real codecs: pictures through decoder, gate and encoder, keys on request, bitrates that change."""

from __future__ import annotations

import fractions

import av
import cv2
import numpy as np
import pytest

from media.assembler import EncodedFrame
from media.decoder import PictureDecoder
from media.depacketize_h264 import depacketize_h264
from media.depacketize_vp8 import depacketize_vp8
from media.encoder import EncodedPicture, PictureEncoder
from media.fitting import FLUENT_RATE, Pace
from media.negotiation import H264, VP8
from media.picture import Planes, ProtectedPicture, RawPicture
from media.segmenter import Reason
from tests.integration.media_peers import card, read_number
from tests.media_gate import inverting_gate

pytestmark = pytest.mark.integration

CODECS = [VP8, H264]
GATE = inverting_gate()


def picture(number: int, width: int = 640, height: int = 480, noise: int = 0) -> RawPicture:
    planes = card(number, width, height)
    luma = planes[:height]
    if noise:
        grain = np.random.default_rng(number).integers(0, noise, luma.shape)
        luma = np.clip(luma.astype(int) + grain, 0, 255).astype(np.uint8)
    half = np.full((height // 2, width // 2), 128, np.uint8)
    return RawPicture(Planes(luma, half, half), number, number * 3000, fractions.Fraction(1, 90_000))


def protected(number: int, **size: int) -> ProtectedPicture:
    return GATE.release(picture(number, **size), Reason.NO_MASK)


def frame_of(encoded: EncodedPicture | None) -> EncodedFrame:
    assert encoded is not None
    part = depacketize_h264 if encoded.codec == H264 else depacketize_vp8
    return EncodedFrame(encoded.codec, b"".join(map(part, encoded.payloads)), encoded.timestamp, encoded.key)


@pytest.mark.parametrize("codec", CODECS)
def test_pictures_come_back_one_for_one_and_without_delay(codec: str) -> None:
    encoder, decoder = PictureEncoder(codec, 800_000, 2_000_000), PictureDecoder()

    for number in range(20):
        raw = decoder.decode(frame_of(encoder.encode(protected(number))))
        assert raw is not None
        assert read_number(255 - raw.planes.y) == number
        assert raw.pts == number * 3000


@pytest.mark.parametrize("codec", CODECS)
def test_only_the_first_frame_and_requested_ones_are_key_frames(codec: str) -> None:
    encoder = PictureEncoder(codec, 800_000, 2_000_000)
    keys = []
    for number in range(40):
        encoded = encoder.encode(protected(number), key=number == 25)
        assert encoded is not None
        keys.append(encoded.key)

    assert [number for number, key in enumerate(keys) if key] == [0, 25]


@pytest.mark.parametrize("codec", CODECS)
def test_another_size_or_codec_goes_on_with_a_key_frame(codec: str) -> None:
    encoder, decoder = PictureEncoder(codec, 800_000, 2_000_000), PictureDecoder()
    encoder.encode(protected(0))
    turned = encoder.encode(protected(1, width=480, height=640))
    assert turned is not None
    assert turned.key
    encoder.codec = VP8 if codec == H264 else H264
    changed = encoder.encode(protected(2, width=480, height=640))
    assert changed is not None
    assert (changed.key, changed.codec) == (True, encoder.codec)

    for encoded in (turned, changed):
        raw = decoder.decode(frame_of(encoded))
        assert raw is not None
        assert (raw.width, raw.height) == (480, 640)


@pytest.mark.parametrize("codec", CODECS)
def test_a_smaller_picture_begins_with_a_key_frame_and_comes_back_the_same(codec: str) -> None:
    encoder, decoder = PictureEncoder(codec, 800_000, 2_000_000), PictureDecoder()
    sizes, keys = [], []
    for number in range(200):
        encoder.pixels = 480 * 360 if 20 <= number < 90 else 1920 * 1088
        raw = decoder.decode(frame_of(encoded := encoder.encode(protected(number, width=720, height=540))))
        assert encoded is not None
        assert raw is not None
        assert read_number(np.asarray(255 - cv2.resize(raw.planes.y, (720, 540)), np.uint8)) == number
        sizes.append(raw.width)
        keys += [number] if encoded.key else []

    assert keys == [0, 60, 120], "two seconds lie between two sizes"
    assert (set(sizes[:60]), set(sizes[60:120]), set(sizes[120:])) == ({720}, {360}, {720})


def test_h264_gives_fewer_pictures_more_bits_each_and_no_key_frame() -> None:
    encoder = PictureEncoder(H264, 600_000, 2_000_000)
    rate(encoder, range(60))
    often, _ = rate(encoder, range(60, 120))
    encoder.rate = 15
    _, changing = rate(encoder, range(120, 180))
    seldom, _ = rate(encoder, range(180, 240))

    assert changing == []
    assert seldom == pytest.approx(2 * often, rel=0.35), "counted at 30 a second"


def rate(encoder: PictureEncoder, numbers: range) -> tuple[int, list[int]]:
    octets, keys = 0, []
    for number in numbers:
        encoded = encoder.encode(protected(number, noise=60))
        assert encoded is not None
        octets += sum(map(len, encoded.payloads))
        keys += [number] if encoded.key else []
    return octets * 8 * 30 // len(numbers), keys


def test_h264_changes_its_bitrate_without_a_key_frame() -> None:
    encoder = PictureEncoder(H264, 800_000, 2_000_000)
    rate(encoder, range(60))
    before, _ = rate(encoder, range(60, 120))
    encoder.bitrate_bps = 300_000
    _, changing = rate(encoder, range(120, 180))
    low, _ = rate(encoder, range(180, 240))
    encoder.bitrate_bps = 1_500_000
    _, rising = rate(encoder, range(240, 330))
    high, _ = rate(encoder, range(330, 390))

    assert changing == rising == []
    assert before == pytest.approx(800_000, rel=0.25)
    assert low == pytest.approx(300_000, rel=0.35)
    assert high == pytest.approx(1_500_000, rel=0.35)


def test_vp8_changes_its_bitrate_at_most_every_two_seconds() -> None:
    encoder = PictureEncoder(VP8, 800_000, 2_000_000)
    rate(encoder, range(30))
    encoder.bitrate_bps = 600_000
    _, keys = rate(encoder, range(30, 120))
    assert keys == [60]
    encoder.bitrate_bps = 620_000
    _, keys = rate(encoder, range(120, 200))

    assert keys == [], "a small step is not worth a key frame"


def test_vp8_keeps_to_its_bits_when_pictures_come_unevenly() -> None:
    encoder, pace, octets = PictureEncoder(VP8, 200_000, 2_000_000), Pace(30), 0
    encoder.rate, encoder.pixels = FLUENT_RATE, 320 * 240
    for number in range(240):
        if pace.is_due(number, FLUENT_RATE):
            pace.shown(number, FLUENT_RATE)
            encoded = encoder.encode(protected(number, noise=60))
            assert encoded is not None
            octets += sum(map(len, encoded.payloads)) if number >= 30 else 0

    assert 0.6 * 200_000 < octets * 8 / 7 < 1.1 * 200_000


def test_vp8_comes_down_by_a_third_or_more_after_half_a_second() -> None:
    encoder = PictureEncoder(VP8, 800_000, 2_000_000)
    rate(encoder, range(30))
    encoder.bitrate_bps = 300_000
    low, keys = rate(encoder, range(30, 120))
    assert keys == [30]
    assert low < 500_000
    encoder.bitrate_bps = 200_000
    _, keys = rate(encoder, range(120, 121))
    assert keys == [120]
    encoder.bitrate_bps = 100_000
    _, keys = rate(encoder, range(121, 150))
    assert keys == [135]


@pytest.mark.parametrize("codec", CODECS)
def test_what_is_saved_in_coding_is_not_taken_from_the_picture(codec: str) -> None:
    """Grain that is new in every picture, as of a camera, at the rate at which a call begins."""
    encoder, decoder = PictureEncoder(codec, 800_000, 2_000_000), PictureDecoder()
    quality_db = []
    for number in range(45):
        shown = GATE.release(picture(number, noise=6), Reason.NO_MASK)
        came = decoder.decode(frame_of(encoder.encode(shown)))
        assert came is not None
        error = np.square(came.planes.y.astype(float) - shown.planes.y).mean()
        quality_db.append(10 * np.log10(255**2 / error))
    assert np.mean(quality_db[15:]) > 40


@pytest.mark.parametrize("codec", CODECS)
def test_a_damaged_frame_is_an_error_and_a_key_frame_mends_it(codec: str) -> None:
    encoder, decoder = PictureEncoder(codec, 800_000, 2_000_000), PictureDecoder()
    decoder.decode(frame_of(encoder.encode(protected(0))))

    with pytest.raises(av.FFmpegError):
        decoder.decode(EncodedFrame(codec, b"\x00\x00\x00\x01\x67rubbish" if codec == H264 else b"\x10", 1, True))
    raw = decoder.decode(frame_of(encoder.encode(protected(2), key=True)))
    assert raw is not None
    assert read_number(255 - raw.planes.y) == 2


def test_a_picture_larger_than_any_camera_is_not_decoded() -> None:
    large = av.CodecContext.create("libvpx", "w")
    assert isinstance(large, av.VideoCodecContext)
    large.width, large.height, large.pix_fmt, large.time_base = 2064, 1104, "yuv420p", fractions.Fraction(1, 30)
    large.options = {"deadline": "realtime", "cpu-used": "-8"}
    data = b"".join(
        bytes(packet) for packet in [*large.encode(av.VideoFrame(2064, 1104, "yuv420p")), *large.encode(None)]
    )

    with pytest.raises(av.FFmpegError):
        PictureDecoder().decode(EncodedFrame(VP8, data, 0, True))


@pytest.mark.parametrize("codec", CODECS)
def test_payloads_fit_into_any_network(codec: str) -> None:
    encoder = PictureEncoder(codec, 2_000_000, 2_000_000)
    encoded = encoder.encode(protected(0, noise=200))

    assert encoded is not None
    assert len(encoded.payloads) > 5
    assert max(map(len, encoded.payloads)) <= 1180
