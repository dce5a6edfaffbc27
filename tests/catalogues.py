"""The texts of the pages as tests read them: per language, per page, and where the pages use them."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from web.pages import CUSTOMER_TEXTS

WEB = Path(__file__).resolve().parents[1] / "web"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
CHINESE = re.compile(r"[\u3400-\u9fff]")
_QUOTES = "\"'`"


@cache
def catalogue(locale: str) -> dict[str, str]:
    """Return every text of one language."""
    texts: dict[str, str] = json.loads((WEB / "shared" / "texts" / f"{locale}.json").read_text("utf-8"))
    return texts


def for_customers(locale: str) -> dict[str, str]:
    """Return what a customer's page may show: written for people to whom the language may be a second one."""
    stems = {stem for part in CUSTOMER_TEXTS.values() for stem in part}
    return {key: text for key, text in catalogue(locale).items() if key.partition(".")[0] in stems}


def modules() -> list[Path]:
    """Return every module of the pages."""
    return sorted(WEB.rglob("*.js"))


def keys_within(call: str) -> set[str]:
    """Return the keys of the texts that stand literally inside each `call(...)` of the pages, such as `barButton(`."""
    found: set[str] = set()
    for file in modules():
        source = re.sub(r"/\*.*?\*/|^\s*//[^\n]*", "", file.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        for start in re.finditer(rf"\b{call}", source):
            found |= set(re.findall(r'\b(?:t|count)\(\s*"([\w.]+)"', _balanced(source, start.start())))
    return found


def sentences(text: str) -> list[str]:
    """Return the sentences of a text in any of the languages."""
    return [one.strip() for one in re.split(r"[。？！；]|[.?!:;](?=\s|$)", text) if one.strip()]


def words(sentence: str) -> list[str]:
    """Return the words of an English sentence; a placeholder is one."""
    return re.findall(r"[A-Za-z][A-Za-z'’-]*|\{\w+\}|\d+", sentence)


def syllables(word: str) -> int:
    """Estimate the syllables of an English word by its groups of vowels; a silent last e is none."""
    word = word.lower()
    count = len(re.findall(r"[aeiouy]+", word))
    silent = (word.endswith("e") and not word.endswith("le")) or re.search(r"[^td]ed$", word)
    return max(1, count - 1 if silent else count)


def grade(texts: list[str]) -> float:
    """Return the school grade that reads these texts. Source: Kincaid et al. 1975, the Flesch-Kincaid grade level."""
    parts = [words(one) for text in texts for one in sentences(text)]
    count = sum(map(len, parts))
    return 0.39 * count / len(parts) + 11.8 * sum(syllables(word) for part in parts for word in part) / count - 15.59


def _balanced(source: str, start: int) -> str:
    depth, quote, i = 0, "", source.index("(", start)
    while True:
        char = source[i]
        if quote:
            i += char == "\\"
            quote = "" if char == quote else quote
        elif char in _QUOTES:
            quote = char
        else:
            depth += (char == "(") - (char == ")")
            if depth == 0:
                return source[start : i + 1]
        i += 1
