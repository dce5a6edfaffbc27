"""What becomes of a film that a browser recorded: made anew whole, upright and small, or refused for what it is."""

from __future__ import annotations

import io
import struct
import zipfile

import av
import numpy as np
import pytest

from tests.recordings import NOTE, recorded, turned
from video_service.video_messages_child import BAD, EMPTY, SIZE, TOO_LONG, Made, Refused, fit, kind_of, remake

pytestmark = pytest.mark.unit

MOST_MS = 3_000


def made(data: bytes, *, sound: bool = False) -> Made:
    return remake(data, sound=sound, most_ms=MOST_MS)


def refusal(data: bytes) -> int:
    with pytest.raises(Refused) as refused:
        made(data)
    return refused.value.status


@pytest.mark.parametrize(
    ("kind", "codec"), [("webm", ""), ("webm", "libvpx-vp9"), ("mp4", "")], ids=["vp8", "vp9", "h264"]
)
def test_a_film_is_made_anew_with_nothing_but_its_pictures(kind: str, codec: str) -> None:
    data = recorded(kind, codec=codec, sound=True)
    assert NOTE.encode() in data
    film = made(data)
    assert (film.width, film.height, film.sound) == (160, 120, False)
    assert 900 <= film.ms <= 1_000
    assert NOTE.encode() not in film.data
    with av.open(io.BytesIO(film.data), "r") as opened:
        assert [stream.type for stream in opened.streams] == ["video"], "no sound unless it is wanted"
        assert not {"title", "comment", "encoder", "creation_time"} & set(opened.metadata)
        assert opened.streams.video[0].codec_context.name == "h264"
        assert sum(1 for _ in opened.decode(video=0)) == 15


def test_who_wants_sound_is_heard_in_time() -> None:
    film = made(recorded(sound=True), sound=True)
    assert film.sound
    with av.open(io.BytesIO(film.data), "r") as opened:
        voice = opened.streams.audio[0]
        assert voice.codec_context.name == "aac"
        heard = np.concatenate([frame.to_ndarray()[0] for frame in opened.decode(audio=0)])
        assert 0.9 <= len(heard) / 48_000 <= 1.1
        assert np.abs(heard).max() > 0.1
    silent = made(recorded(), sound=True)
    assert not silent.sound, "what has no sound gets none"


@pytest.mark.parametrize(
    ("size", "shown"),
    [((1280, 720), (640, 360)), ((720, 1280), (360, 640)), ((640, 480), (640, 480)), ((320, 240), (320, 240))],
    ids=["wide", "standing", "as it is", "small"],
)
def test_a_picture_is_made_smaller_never_larger_and_keeps_its_shape(
    size: tuple[int, int], shown: tuple[int, int]
) -> None:
    assert fit(*size) == shown


def test_what_a_phone_says_to_turn_is_turned() -> None:
    film = made(turned(recorded("mp4", size=(320, 240))))
    assert (film.width, film.height) == (240, 320)
    with av.open(io.BytesIO(film.data), "r") as opened:
        picture = next(opened.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    red = picture[:, :, 0] - picture[:, :, 1] > 80
    assert red[20, -20], "its upper left went to the upper right"
    assert not red[20, 20]
    assert not red[-20, -20]


def test_a_picture_that_changes_its_shape_is_never_stretched() -> None:
    lying, standing = recorded("webm", size=(160, 120)), recorded("webm", size=(120, 160))
    # One film after the other, as when a phone is turned: the second's first clusters follow the first's.
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="webm") as film:
        stream = film.add_stream("libvpx", rate=15)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        at = 0
        for part in (lying, standing):
            with av.open(io.BytesIO(part), "r") as opened:
                for packet in opened.demux(video=0):
                    if packet.pts is not None:
                        packet.stream = stream
                        packet.pts = packet.dts = at
                        at += 66
                        film.mux(packet)
    whole = made(buffer.getvalue())
    assert (whole.width, whole.height) == (160, 120)
    with av.open(io.BytesIO(whole.data), "r") as opened:
        last = list(opened.decode(video=0))[-1].to_ndarray(format="rgb24").astype(int)
    assert last[60, 3].max() < 40, "beside a standing picture it is black"
    assert last[100, 80].min() > 60


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.mp4", b"\0" * 4096)
    return buffer.getvalue()


def grown(webm: bytes) -> bytes:
    """Return a film whose header is small, and whose pictures say of themselves that they are huge (RFC 6386, 9.1)."""
    at = webm.index(b"\x9d\x01\x2a") + 3
    return webm[:at] + struct.pack("<HH", 16_383, 16_383) + webm[at + 4 :]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        zipped(),
        b"\0\0\0\x18ftypisom" + b"\0" * 4096,
        b"\x1a\x45\xdf\xa3" + b"webm" + b"\xff" * 4096,
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"RIFF\0\0\0\0AVI " + b"\0" * 512,
    ],
    ids=["nothing", "a byte", "a zip", "an empty mp4", "an empty webm", "a list of files", "an avi"],
)
def test_what_is_no_film_of_a_browser_is_refused(data: bytes) -> None:
    assert refusal(data) == BAD


def test_each_fault_of_a_film_has_its_own_word() -> None:
    assert refusal(recorded("mp4")[: len(recorded("mp4")) // 2]) == BAD, "an MP4 that was cut off"
    assert refusal(recorded(ms=8_000, fps=2)) == TOO_LONG
    assert refusal(recorded(ms=200)) == EMPTY
    assert refusal(recorded(size=(2_048, 2_048), ms=400)) == SIZE
    assert refusal(grown(recorded())) == BAD
    assert refusal(recorded("mp4", codec="mpeg4")) == BAD


def test_a_recording_that_was_cut_off_is_kept_as_far_as_it_goes() -> None:
    whole = recorded("webm", ms=2_000)
    film = made(whole[: len(whole) * 3 // 4])
    assert 300 <= film.ms < 2_000


def test_kinds_are_told_by_the_first_bytes() -> None:
    assert (kind_of(recorded("webm")), kind_of(recorded("mp4"))) == ("webm", "mp4")
    assert kind_of(zipped()) == kind_of(b"\0\0\0\x04ftyp") == ""
