from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_service.cipher import BadDataKeys, Cipher, Unreadable, keys_in, make_keys, new_key, parse_keys

pytestmark = pytest.mark.unit

OLD, NEW, OTHER = new_key(), new_key(), new_key()
WORDS = st.text(st.characters(exclude_categories=["Cs"]))


@given(WORDS)
def test_what_is_sealed_is_opened_again(text: str) -> None:
    cipher = Cipher([NEW])
    assert cipher.open(cipher.seal(text)) == text


def test_a_sealed_text_shows_nothing_and_is_never_the_same_twice() -> None:
    cipher = Cipher([NEW])
    sealed = cipher.seal("林晓")
    assert "林晓" not in sealed
    assert sealed.isascii()
    assert sealed != cipher.seal("林晓")


def test_nothing_stays_nothing() -> None:
    cipher = Cipher([NEW])
    assert cipher.seal("") == "" == cipher.open("") == cipher.renew("")


def test_a_new_key_in_front_opens_what_the_old_one_sealed() -> None:
    sealed = Cipher([OLD]).seal("order 17")
    both = Cipher([NEW, OLD])
    assert both.open(sealed) == "order 17"
    with pytest.raises(Unreadable):
        Cipher([NEW]).open(sealed)
    renewed = both.renew(sealed)
    assert Cipher([NEW]).open(renewed) == "order 17"


ALIEN = {
    "no code": "x",
    "not ASCII": "林",
    "another key's": Cipher([OTHER]).seal("theirs"),
    "altered": Cipher([NEW]).seal("ours")[:-4] + "AAA=",
}


@pytest.mark.parametrize("which", ALIEN)
def test_what_is_foreign_or_altered_is_refused(which: str) -> None:
    cipher = Cipher([NEW, OLD])
    for act in (cipher.open, cipher.renew):
        with pytest.raises(Unreadable) as raised:
            act(ALIEN[which])
        assert raised.value.code == "data_key_missing"


def test_a_digest_finds_again_and_needs_the_key() -> None:
    cipher = Cipher([NEW])
    assert cipher.digest("13800000000") == cipher.digest("13800000000")
    assert cipher.digest("13800000000") != cipher.digest("13800000001")
    assert cipher.digest("13800000000") != Cipher([OTHER]).digest("13800000000")


def test_digests_under_an_old_key_are_looked_for_until_it_is_dropped() -> None:
    stood = Cipher([OLD]).digest("lin")
    assert stood in Cipher([NEW, OLD]).digests("lin")
    assert Cipher([NEW, OLD]).digest("lin") == Cipher([NEW]).digest("lin")
    assert stood not in Cipher([NEW]).digests("lin")


@pytest.mark.parametrize("keys", [[], [""], ["short"], [NEW, "not a key"], [NEW[:-2]]], ids=range(5))
def test_bad_keys_are_a_sentence_at_the_start(keys: list[str]) -> None:
    with pytest.raises(BadDataKeys):
        Cipher(keys)


def test_keys_come_by_comma_or_line() -> None:
    assert parse_keys(f" {NEW},{OLD}\n{OTHER}\n") == (NEW, OLD, OTHER)


def test_the_file_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "data.keys"
    make_keys(path)
    keys = keys_in(path)
    assert len(keys) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    make_keys(path)
    assert keys_in(path) == keys
    Cipher(keys)
    assert [file.name for file in path.parent.iterdir()] == ["data.keys"]


def test_many_that_start_at_once_make_one_file(tmp_path: Path) -> None:
    path = tmp_path / "data.keys"

    def start(_: int) -> tuple[str, ...]:
        make_keys(path)
        return keys_in(path)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(start, range(16)))) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["data.keys"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "data.keys"
    make_keys(path)
    path.chmod(mode)
    with pytest.raises(BadDataKeys, match="chmod 600"):
        keys_in(path)


def test_an_empty_file_is_refused_and_not_filled(tmp_path: Path) -> None:
    path = tmp_path / "data.keys"
    os.close(os.open(path, os.O_CREAT, 0o600))
    make_keys(path)
    with pytest.raises(BadDataKeys):
        keys_in(path)
    assert path.read_text() == ""


def test_what_was_stored_before_anything_was_sealed_is_read_as_it_is() -> None:
    cipher = Cipher([NEW])
    assert cipher.open_or_plain("林晓") == "林晓"
    assert cipher.open_or_plain(cipher.seal("林晓")) == "林晓"
    assert cipher.open_or_plain("") == ""
    with pytest.raises(Unreadable):
        cipher.open_or_plain(Cipher([OTHER]).seal("theirs"))


def test_a_sealed_text_names_its_key_and_the_names_tell_nothing_of_the_keys() -> None:
    cipher = Cipher([NEW, OLD])
    assert cipher.sealed_by(cipher.seal("x")) == cipher.names[0]
    assert cipher.sealed_by(Cipher([OLD]).seal("x")) == cipher.names[1] == Cipher([OLD]).names[0]
    assert cipher.sealed_by(Cipher([OTHER]).seal("x")) == ""
    assert len(set(cipher.names)) == 2
    assert all(name not in key for name in cipher.names for key in (NEW, OLD))
