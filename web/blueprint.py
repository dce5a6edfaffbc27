"""Serves the pages: plain ES modules, style sheets and texts, straight from this folder.

Every file is read, and every page rendered, once, at start, into a table of paths; only what is in the table can be
asked for, so there is no listing and no way out of the folder. Names carry no version: a browser asks each time whether
its copy is still right (`ETag`, RFC 9110 section 8.8.3) and a new release is never mixed with an old one.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from quart import Blueprint, Response, abort, request, send_file

from web.pages import LOCALES, NO_FACTS, PAGES, PageFacts, render, texts

ROOT = Path(__file__).parent
FOLDERS = ("customer", "agent", "coordinator", "embed", "shared")
# Operating systems disagree about these types, and a module with the wrong one does not run.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
}
PACKED = {".html", ".css", ".js", ".json", ".svg"}
CACHE = "no-cache"
# Comments that have their lines to themselves: a phone has no use for them, and they are a quarter of what it loads.
_COMMENTS = re.compile(rb"^[ \t]*(?:/\*(?:[^*]|\*(?!/))*\*/[ \t]*|//[^\n]*)$", re.MULTILINE)
_INDENTATION = re.compile(rb"^[ \t]+", re.MULTILINE)


@dataclass(frozen=True)
class Asset:
    """One file as it is sent; `packed` is its gzip form, empty where that would not be smaller."""

    body: bytes
    packed: bytes
    mimetype: str
    etag: str


def read_assets(root: Path = ROOT) -> dict[str, Asset]:
    """Read every file that pages may ask for, by its path below the site's root ("customer/main.js")."""
    assets: dict[str, Asset] = {}
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            name = file.relative_to(root).as_posix()
            if file.suffix in TYPES and file.is_file() and not any(part.startswith(".") for part in file.parts):
                assets[name] = _asset(_without_comments(file), file.suffix)
    return assets


def create_blueprint(facts: PageFacts = NO_FACTS, root: Path = ROOT) -> Blueprint:
    """Return the blueprint of all pages: `/customer/` and its like, `/shared/...`, `/clips/...`."""
    assets = read_assets(root)
    assets |= {f"{page}/index.html": _asset(render(page, root, facts).encode(), ".html") for page in PAGES}
    for page, locale in itertools.product(PAGES, LOCALES):
        assets[f"{page}/texts/{locale}.json"] = _asset(texts(page, root, locale), ".json")
    for part, locale in itertools.product(("later", "more"), LOCALES):
        assets[f"customer/texts/{part}-{locale}.json"] = _asset(texts("customer", root, locale, part), ".json")
    clips = facts.clips()
    pages = Blueprint("web", __name__)

    for page in PAGES:
        pages.add_url_rule(f"/{page}/", f"{page}_page", _page(assets, f"{page}/index.html"), methods=["GET"])

    @pages.get("/<any(customer, agent, coordinator, embed, shared):folder>/<path:name>")
    async def asset(folder: str, name: str) -> Response:
        return _answer(assets.get(f"{folder}/{name}"))

    @pages.get("/clips/<name>.mp4")
    async def clip(name: str) -> Response:
        if name not in clips:
            abort(404)
        # In pieces: phones play a film only from a server that gives them parts of it (RFC 9110, section 14).
        response = await send_file(Path(facts.clips_dir) / f"{name}.mp4", mimetype=TYPES[".mp4"], conditional=True)
        response.headers["Cache-Control"] = CACHE
        return response

    return pages


def _page(assets: dict[str, Asset], name: str) -> Callable[[], Awaitable[Response]]:
    async def page() -> Response:
        return _answer(assets.get(name))

    return page


def _without_comments(file: Path) -> bytes:
    """Return a file as it is sent: every line keeps its number, so that errors name the lines of the source.

    Comment lines are empty, and no line is indented, which is 3 % of what a phone would load.
    """
    body = file.read_bytes()
    if file.suffix not in (".js", ".css"):
        return body
    return _INDENTATION.sub(b"", _COMMENTS.sub(lambda comment: b"\n" * comment[0].count(b"\n"), body))


def _asset(body: bytes, suffix: str) -> Asset:
    packed = gzip.compress(body, 9, mtime=0) if suffix in PACKED else b""
    return Asset(
        body=body,
        packed=packed if 0 < len(packed) < len(body) else b"",
        mimetype=TYPES[suffix],
        etag=hashlib.sha256(body).hexdigest()[:32],
    )


def _answer(asset: Asset | None) -> Response:
    if asset is None:
        abort(404)
    packed = bool(asset.packed) and request.accept_encodings.quality("gzip") > 0
    # Two encodings of one file are two representations: each has its own strong tag.
    tag = f"{asset.etag}-gz" if packed else asset.etag
    known = request.if_none_match.contains(tag)
    response = Response(b"" if known else asset.packed if packed else asset.body, 304 if known else 200)
    response.headers["Content-Type"] = asset.mimetype
    response.headers["Cache-Control"] = CACHE
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["ETag"] = f'"{tag}"'
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response
