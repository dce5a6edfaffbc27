"""Who is the signer: chosen at the first picture, held, and not replaced by whoever comes along."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from media.faces import WHOLE, Head, Window
from media.picture import Planes, RawPicture
from media.signer import LOOK_EVERY, Presence, SignerTrack

pytestmark = pytest.mark.unit

NEAR, FAR = Head(0.6, 0.35, 0.20, 0.95), Head(0.35, 0.25, 0.12, 0.9)


class Faces:
    """Finds the heads that it has been given, where a window holds their middle."""

    def __init__(self, *heads: Head) -> None:
        self.heads = list(heads)
        self.windows: list[Window] = []

    def find(self, picture: RawPicture, window: Window) -> list[Head]:
        self.windows.append(window)
        return [
            head
            for head in self.heads
            if window.left <= head.x <= window.right and window.top <= head.y <= window.bottom
        ]


def state(track: SignerTrack) -> Presence:
    return track.presence


def picture(width: int = 64, height: int = 48) -> RawPicture:
    half = (height // 2, width // 2)
    planes = Planes(np.zeros((height, width), np.uint8), np.zeros(half, np.uint8), np.zeros(half, np.uint8))
    return RawPicture(planes, 1, 0, Fraction(1, 30))


def look(track: SignerTrack, pictures: int, shown: RawPicture | None = None) -> None:
    for _ in range(pictures):
        track.look(shown or picture())


def test_the_nearest_is_the_signer_from_the_first_picture_on() -> None:
    track = SignerTrack(Faces(FAR, NEAR))
    assert state(track) == Presence.SOUGHT
    look(track, 1)
    assert state(track) == Presence.HELD
    assert track.signer is not None
    assert track.signer.x == pytest.approx(NEAR.x)
    assert [each.head.x for each in track.colleagues] == [pytest.approx(FAR.x)]


def test_of_two_equally_near_the_more_central_one_is_taken() -> None:
    middle, side = Head(0.5, 0.3, 0.2, 0.9), Head(0.05, 0.3, 0.2, 0.9)
    track = SignerTrack(Faces(side, middle))
    look(track, 1)
    assert track.signer is not None
    assert track.signer.x == pytest.approx(0.5)


def test_two_who_are_alike_are_nobody_until_one_leads_or_the_agent_confirms() -> None:
    faces = Faces(Head(0.4, 0.3, 0.2, 0.9), Head(0.6, 0.3, 0.2, 0.9))
    track = SignerTrack(faces)
    look(track, 30)
    assert state(track) == Presence.UNSURE
    assert track.signer is None
    faces.heads[1] = Head(0.6, 0.3, 0.24, 0.9)
    look(track, 2 * LOOK_EVERY)
    assert state(track) == Presence.UNSURE
    look(track, 6 * LOOK_EVERY)
    assert state(track) == Presence.HELD
    assert track.signer is not None
    assert track.signer.x == pytest.approx(0.6)

    faces.heads[1] = Head(0.6, 0.3, 0.2, 0.9)
    other = SignerTrack(faces)
    look(other, 1)
    other.confirm()
    look(other, 1)
    assert state(other) == Presence.HELD


def test_a_face_that_is_hidden_for_a_moment_does_not_make_the_other_one_the_signer() -> None:
    alike = [Head(0.4, 0.3, 0.2, 0.9), Head(0.6, 0.3, 0.2, 0.9)]
    faces = Faces(*alike)
    track = SignerTrack(faces)
    look(track, 1)
    for _ in range(5):
        faces.heads = alike[:1]
        look(track, 5 * LOOK_EVERY)
        faces.heads = alike
        look(track, LOOK_EVERY)
    assert state(track) == Presence.UNSURE
    faces.heads = alike[1:]
    look(track, 10 * LOOK_EVERY)
    assert state(track) == Presence.HELD


def test_without_a_face_it_keeps_looking() -> None:
    faces = Faces()
    track = SignerTrack(faces)
    look(track, 10)
    assert state(track) == Presence.SOUGHT
    faces.heads.append(NEAR)
    look(track, LOOK_EVERY)
    assert state(track) == Presence.HELD


def test_the_signer_is_followed_and_a_nearer_newcomer_does_not_take_over() -> None:
    faces = Faces(NEAR)
    track = SignerTrack(faces)
    look(track, 1)
    for step in range(60):
        faces.heads[0] = Head(0.6 - step * 0.002, 0.35, 0.2, 0.95)
        look(track, LOOK_EVERY)
    assert track.signer is not None
    assert track.signer.x == pytest.approx(0.48, abs=0.03)
    faces.heads.append(Head(0.1, 0.3, 0.3, 0.95))
    look(track, 30 * LOOK_EVERY)
    assert track.signer.x == pytest.approx(0.48, abs=0.03)
    assert [each.head.x for each in track.colleagues] == [pytest.approx(0.1)]


def test_a_newcomer_is_believed_at_the_second_sight_and_makes_who_is_who_be_learned_anew() -> None:
    faces = Faces(NEAR)
    track = SignerTrack(faces)
    look(track, 1)
    before = track.revision
    faces.heads.append(FAR)
    seen = []
    for _ in range(12):
        look(track, LOOK_EVERY)
        seen.append(len(track.colleagues))
    assert sorted(set(seen)) == [0, 1]
    assert track.revision == before + 1
    assert track.chosen == 1, "the signer is the same"


def test_each_time_somebody_is_taken_for_the_signer_counts_also_when_the_picture_has_turned() -> None:
    faces = Faces(NEAR, FAR)
    track = SignerTrack(faces)
    look(track, 1)
    assert track.chosen == 1
    track.confirm()
    look(track, 1)
    assert track.chosen == 2
    before = track.revision
    look(track, 1, picture(48, 64))
    assert track.chosen == 3
    assert track.revision > before


def test_a_face_printed_on_the_signers_clothes_is_nobody() -> None:
    printed = Head(NEAR.x, NEAR.y + 1.6 * NEAR.size, 0.25, 0.8)
    track = SignerTrack(Faces(NEAR, printed))
    look(track, 60)
    assert state(track) == Presence.HELD
    assert track.signer is not None
    assert track.signer.y == pytest.approx(NEAR.y)
    assert track.colleagues == []


def test_who_has_left_is_absent_and_whoever_comes_is_not_taken_without_a_word() -> None:
    faces = Faces(NEAR)
    track = SignerTrack(faces)
    look(track, 1)
    for time_ms, share, presence in (
        (0, 0.9, Presence.HELD),
        (600, 0.1, Presence.HELD),
        (650, 0.9, Presence.HELD),
        (700, 0.0, Presence.HELD),
        (1400, 0.0, Presence.ABSENT),
        (1500, 0.9, Presence.ABSENT),
    ):
        track.note_presence(share, time_ms)
        assert state(track) == presence
    faces.heads = [FAR]
    look(track, 90)
    assert state(track) == Presence.ABSENT
    track.confirm()
    look(track, 1)
    assert state(track) == Presence.HELD
    assert track.signer is not None
    assert track.signer.x == pytest.approx(FAR.x)


def test_after_a_pause_whoever_is_there_is_looked_at_at_once() -> None:
    track = SignerTrack(Faces(NEAR))
    look(track, 2)
    track.doubt()
    assert state(track) == Presence.ABSENT
    shown = picture()
    track.look(shown)
    found = track.seek(shown)
    assert [head.x for head in found] == [pytest.approx(NEAR.x)]
    track.welcome(found[0], [])
    assert state(track) == Presence.HELD


def test_another_shape_of_picture_begins_anew() -> None:
    faces = Faces(NEAR)
    track = SignerTrack(faces)
    look(track, 1)
    faces.heads = [Head(0.5, 0.2, 0.1, 0.9)]
    track.look(picture(48, 64))
    assert track.signer is not None
    assert track.signer.y == pytest.approx(0.2)


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (128, 72), (64, 64)])
def test_looks_cover_the_picture_and_reach_a_little_over_its_edges(size: tuple[int, int]) -> None:
    faces = Faces(NEAR)
    track = SignerTrack(faces)
    look(track, 60, picture(*size))
    assert WHOLE in faces.windows
    for window in faces.windows:
        assert -0.2 < window.left < window.right < 1.2
        assert -0.1 < window.top < window.bottom <= 1 + 1e-9
    assert min(window.left for window in faces.windows) < -0.05
    assert max(window.right for window in faces.windows) > 1.05
    for x in np.linspace(0, 1, 11):
        assert any(window.left - 1e-9 <= x <= window.right + 1e-9 for window in faces.windows if window != WHOLE)


def test_colleagues_are_forgotten_only_when_told() -> None:
    faces = Faces(NEAR, FAR)
    track = SignerTrack(faces)
    look(track, 1)
    faces.heads = [NEAR]
    look(track, 300)
    assert len(track.colleagues) == 1
    assert track.colleagues[0].unseen >= 60
    track.forget_gone(track.colleagues)
    assert track.colleagues == []
