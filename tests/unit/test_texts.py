"""The catalogues of the pages say the same things in every language, and all that the pages ask for."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import get_args

import pytest

from signaling import messages
from signaling.views_parts import AwayReason
from tests.catalogues import CHINESE, PLACEHOLDER, WEB, catalogue, modules
from video_service.consent import CONSENT_VERSION
from web.pages import LOCALES, PAGES, render

pytestmark = pytest.mark.unit


def used_keys() -> set[str]:
    """Return every text key that stands in the pages as a whole string."""
    keys: set[tuple[str, str]] = set()
    for file in modules():
        keys |= set(re.findall(r'"([a-z_]+(?:\.[A-Za-z_]+)+)"|\bt\("(\w+)"\)', file.read_text("utf-8")))
    return {key for pair in keys for key in pair if key and not key.startswith("video-service.")}


def composed_keys() -> set[str]:
    """Return the beginnings of keys that the pages complete from a code, such as `error.`."""
    return {start for file in modules() for start in re.findall(r"`([a-z_]+\.[a-z_.]*)\$\{", file.read_text("utf-8"))}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_catalogue_has_the_same_keys(locale: str) -> None:
    assert set(catalogue(locale)) == set(catalogue("zh-CN"))


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_has_the_same_placeholders(locale: str) -> None:
    first = catalogue("zh-CN")
    differing = {
        key: (PLACEHOLDER.findall(first[key]), PLACEHOLDER.findall(text))
        for key, text in catalogue(locale).items()
        if sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(first[key]))
    }
    assert differing == {}


@pytest.mark.parametrize("locale", LOCALES)
def test_texts_are_trimmed_and_not_empty(locale: str) -> None:
    texts = catalogue(locale)
    assert {
        key: text for key, text in texts.items() if not text or (text != text.strip() and key != "list.comma")
    } == {}


def test_english_is_english_and_chinese_is_chinese() -> None:
    assert {key for key, text in catalogue("en").items() if CHINESE.search(text)} == set()
    letters = {key: re.search(r"[^\W\d_]", PLACEHOLDER.sub("", text)) for key, text in catalogue("zh-CN").items()}
    assert {key for key, found in letters.items() if found and not CHINESE.search(catalogue("zh-CN")[key])} == set()


def test_no_sentence_stands_in_code() -> None:
    # The names of the languages are the one exception: each is written in itself.
    found = {
        f"{file.relative_to(WEB)}:{number}"
        for file in modules()
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if CHINESE.search(line) and '"zh-CN": "简体中文"' not in line
    }
    assert found == set()


def test_every_key_in_code_has_a_text() -> None:
    texts = catalogue("zh-CN")
    plural = {key.removesuffix(".other") for key in texts if key.endswith(".other")}
    assert used_keys() - set(texts) - plural == set()


def test_every_text_is_used() -> None:
    used, starts = used_keys(), composed_keys()
    html = (WEB / "page.html").read_text("utf-8")
    unused = {
        key
        for key in catalogue("zh-CN")
        if key not in used
        and key.rsplit(".", 1)[0] not in used
        and not any(key.startswith(start) for start in starts)
        and f'"{key}"' not in html
    }
    assert unused == set()


def test_every_code_that_a_text_is_for_can_come() -> None:
    """Of a key that is put together in code, what is put in stands somewhere as a word of its own."""
    suffixes = {".py", ".js", ".lua"}
    folders = [WEB, *(WEB.parent / name for name in ("video_service", "signaling", "media", "scheduler"))]
    files = (file for folder in folders for file in folder.rglob("*") if file.suffix in suffixes)
    named = set(re.findall(r"[\"']([a-z0-9_]+)[\"']|^\s+([a-z0-9_]+):", "\n".join(map(_source, files)), re.MULTILINE))
    known = {word for pair in named for word in pair}
    starts, used = composed_keys(), used_keys()
    put_in: dict[str, list[str]] = {}
    for key in sorted(set(catalogue("zh-CN")) - used):
        stem = key.removesuffix(".one").removesuffix(".other")
        if stem not in used:
            put_in[key] = [stem.removeprefix(start) for start in starts if key.startswith(start)]
    strangers = {key for key, words in put_in.items() if words and not any(_is_named(word, known) for word in words)}
    assert strangers == set()


def _source(file: Path) -> str:
    return file.read_text("utf-8")


def _is_named(word: str, known: set[str]) -> bool:
    return word.isdigit() or word in known or word.rpartition("_")[0] in known or word.rpartition(".")[2] in known


@pytest.mark.parametrize(
    ("kind", "prefixes"),
    [
        (messages.EndReason, ("ended.", "records.end.")),
        (messages.UrgentReason, ("reason.",)),
        (messages.AgentState, ("agent.state.",)),
        (AwayReason, ("agent.away.", "now.away.")),
    ],
)
def test_every_word_of_the_protocol_has_a_text(kind: object, prefixes: tuple[str, ...]) -> None:
    words = {word for word in get_args(kind) if word} - {"customer_cancelled"}  # it leads home without a last word
    assert {prefix + word for prefix in prefixes for word in words} - set(catalogue("zh-CN")) == set()


def test_the_words_of_the_consent_have_a_version() -> None:
    """Whoever changes these words gives them a new version, in both places, and its digest here."""
    version = re.search(r"CONSENT_VERSION = (\d+);", (WEB / "customer" / "state.js").read_text("utf-8"))
    words = [catalogue(locale)[f"ready.{key}"] for locale in LOCALES for key in ("not_recorded", "room_seen", "kept")]
    assert version is not None
    assert int(version[1]) == CONSENT_VERSION
    assert (CONSENT_VERSION, hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]) == (1, "1d0282d8ac8d")


@pytest.mark.parametrize("page", PAGES)
def test_words_in_markup_come_from_the_catalogue(page: str) -> None:
    """They are seen where scripts do not run."""
    words = {word.strip() for word in re.findall(r">([^<]+)<", render(page, WEB)) if word.strip()}
    chinese, english = catalogue("zh-CN"), catalogue("en")
    shown = [f"title.{page}", "boot.wait", "boot.other_browser", "boot.retry"]
    assert words == {chinese[key] for key in shown} | {english["boot.other_browser"]}
