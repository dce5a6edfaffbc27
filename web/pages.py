"""The shell of each page, rendered once from `page.html`: title, style sheets, and every module it will need.

A phone that learns of all modules at once fetches them side by side instead of one import after the other.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined

SHARED = ("theme", "controls", "parts", "pictures")
PAGES = {
    "customer": SHARED,
    "agent": (*SHARED, "sign-in"),
    "coordinator": (*SHARED, "sign-in"),
    "embed": ("theme", "controls", "parts"),
}

LOCALES = ("zh-CN", "zh-HK", "en")
# First words of the keys that a customer's page may need, by when: a phone does not load what the consoles say, and its
# first screen does not wait for what later ones say.
CUSTOMER_TEXTS: Mapping[str, Collection[str]] = {
    "first": {"boot", "clip", "company", "error", "home", "language", "list", "picture", "reason", "time", "title"},
    # They come with the first of the other screens (web/customer/main.js).
    "later": {
        *("blur", "call", "camera", "check", "ended", "lost", "message", "own", "ready", "sign", "signing", "stopped"),
        *("survey", "text", "topic", "waiting"),
    },
    # They come with the first of the parts that not everybody needs (web/customer/more.js).
    "more": {"callback", "place", "push", "promise", "record", "watched"},
}

# Where an operator may explain things in sign language; each clip is CLIP.mp4 in one folder.
CLIPS = ("home", "waiting", "closed", "consent", "error")

_IMPORT = re.compile(r'(?:\bfrom|^import) "(\.[^"]+\.js)"', re.MULTILINE)
_LATER = re.compile(r'\bawait import\("(\.[^"]+\.js)"\)')
_ASKED = re.compile(r'=> import\("(\.[^"]+\.js)"\)')


@dataclass(frozen=True)
class PageFacts:
    """What pages say of this service; `settings.project(PageFacts)` fills it. `clips_dir` "": no clips."""

    record_retention_days: int = 90
    clips_dir: str = ""

    def clips(self) -> list[str]:
        """Return the names of the clips that are there."""
        return [clip for clip in CLIPS if self.clips_dir and (Path(self.clips_dir) / f"{clip}.mp4").is_file()]


NO_FACTS = PageFacts()


def render(name: str, root: Path, facts: PageFacts = NO_FACTS) -> str:
    """Return the HTML of the page `name`, whose files lie below `root`."""
    shell = Environment(autoescape=True, undefined=StrictUndefined).from_string((root / "page.html").read_text("utf-8"))
    return shell.render(
        name=name,
        locale=LOCALES[0],
        texts=_texts(root, LOCALES[0]),
        english=_texts(root, "en"),
        styles=styles(name, root),
        modules=modules(name, root),
        facts=facts,
        clips=facts.clips(),
    )


def styles(name: str, root: Path) -> list[str]:
    """Return a page's style sheets, by their paths below `root`: the shared ones, then all of its own by name."""
    own = sorted(file.name for file in (root / name).glob("*.css"))
    return [f"shared/{sheet}.css" for sheet in PAGES[name]] + [f"{name}/{file}" for file in own]


def modules(name: str, root: Path, *, later: bool = False, asked: bool = False) -> list[str]:
    """Return the modules that a page runs, by their paths below `root`, its own `main.js` first.

    Those that it asks for only once its first screen is there are among them with `later`, those that come only when
    somebody needs them with `asked`.
    """
    found: dict[str, None] = {}
    todo = [f"{name}/main.js"]
    while todo:
        module = todo.pop(0)
        if module not in found:
            found[module] = None
            here = posixpath.dirname(module)
            text = (root / module).read_text("utf-8")
            links = _IMPORT.findall(text)
            links += [*(_LATER.findall(text) if later else ()), *(_ASKED.findall(text) if asked else ())]
            todo += [posixpath.normpath(posixpath.join(here, link)) for link in links]
    return list(found)


def texts(name: str, root: Path, locale: str, part: str = "first") -> bytes:
    """Return the catalogue of the page `name` in one language, as JSON: the customer's by the parts it comes in."""
    whole = _texts(root, locale)
    stems = CUSTOMER_TEXTS[part]
    wanted = {key: text for key, text in whole.items() if name != "customer" or key.split(".")[0] in stems}
    return json.dumps(wanted, ensure_ascii=False, separators=(",", ":")).encode()


def _texts(root: Path, locale: str) -> Mapping[str, str]:
    texts: dict[str, str] = json.loads((root / "shared" / "texts" / f"{locale}.json").read_text("utf-8"))
    return texts
