"""How the pages are served: right types, right caching, nothing else from the disk, and light enough for a phone."""

from __future__ import annotations

import functools
import gzip
import json
import re
from pathlib import Path

import pytest
from quart import Blueprint, Quart
from quart.typing import TestClientProtocol as Client

from web.blueprint import ROOT, TYPES, create_blueprint, read_assets
from web.pages import LOCALES, PAGES, PageFacts, modules, render, texts

pytestmark = pytest.mark.unit

MOST_CUSTOMER_BYTES = 60_000
MOST_FIRST_SCREEN_BYTES = 40_000
MOST_MORE_BYTES = 20_000  # parts that not everybody needs, with their texts: nothing of them comes unasked
MOST_COORDINATOR_FIRST_BYTES = 48_000  # the sign-in and the wall, without texts; the other parts come after it


_assets = functools.cache(read_assets)


@pytest.fixture(scope="module")
def pages() -> Blueprint:
    """All pages without an operator's facts, which are the same for every test: read and packed once."""
    return create_blueprint()


@pytest.fixture
def client(pages: Blueprint) -> Client:
    app = Quart(__name__, static_folder=None)
    app.register_blueprint(pages)
    return app.test_client()


@pytest.mark.parametrize("page", PAGES)
async def test_each_page_is_html_at_its_folder(client: Client, page: str) -> None:
    answer = await client.get(f"/{page}/")
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert (await client.get(f"/{page}")).status_code == 308


@pytest.mark.parametrize(
    ("path", "mimetype"),
    [
        ("/customer/main.js", "text/javascript; charset=utf-8"),
        ("/shared/theme.css", "text/css; charset=utf-8"),
        ("/customer/texts/zh-CN.json", "application/json"),
        ("/shared/icon.svg", "image/svg+xml"),
    ],
)
async def test_modules_have_the_type_that_browsers_insist_on(client: Client, path: str, mimetype: str) -> None:
    assert (await client.get(path)).content_type == mimetype


async def test_a_copy_is_asked_for_and_kept_while_it_is_right(client: Client) -> None:
    first = await client.get("/customer/main.js")
    assert first.headers["Cache-Control"] == "no-cache"
    again = await client.get("/customer/main.js", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert await again.get_data() == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    changed = await client.get("/customer/main.js", headers={"If-None-Match": '"another"'})
    assert changed.status_code == 200


async def test_files_are_packed_for_those_who_can_unpack(client: Client) -> None:
    plain = await client.get("/customer/main.js")
    packed = await client.get("/customer/main.js", headers={"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(await packed.get_data(as_text=False)) == await plain.get_data()
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    refused = await client.get("/customer/main.js", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers


@pytest.mark.parametrize(
    "path",
    [
        "/shared/",
        "/shared",
        "/customer/nothing.js",
        "/customer/../blueprint.py",
        "/shared/..%2fblueprint.py",
        "/shared/%2e%2e/blueprint.py",
        "/shared/texts/",
        "/shared/messages.d.ts",
        "/web/blueprint.py",
        "/customer/index.html/",
    ],
)
async def test_nothing_else_can_be_had(client: Client, path: str) -> None:
    assert (await client.get(path)).status_code in (404, 308)
    assert (await client.get(path, follow_redirects=True)).status_code == 404


async def test_files_beside_the_pages_are_not_served(tmp_path: Path) -> None:
    for name in ("customer/a.html", "shared/.hidden.js", "shared/notes.txt", "shared/a.js", "page.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert set(read_assets(tmp_path)) == {"customer/a.html", "shared/a.js"}


async def test_clips_of_the_operator_are_sent_in_parts_and_nothing_beside_them(tmp_path: Path) -> None:
    for name in ("home.mp4", "secret.mp4", "waiting.txt"):
        (tmp_path / name).write_bytes(b"0123456789")
    app = Quart(__name__, static_folder=None)
    app.register_blueprint(create_blueprint(PageFacts(record_retention_days=30, clips_dir=str(tmp_path))))
    client = app.test_client()
    part = await client.get("/clips/home.mp4", headers={"Range": "bytes=2-4"})
    assert (part.status_code, await part.get_data(as_text=False)) == (206, b"234")
    assert part.content_type == "video/mp4"
    for name in ("secret.mp4", "waiting.mp4", "waiting.txt", "../home.mp4"):
        assert (await client.get(f"/clips/{name}")).status_code == 404
    page = await (await client.get("/customer/")).get_data(as_text=True)
    assert 'data-kept-days="30"' in page
    assert 'data-clips="home"' in page


async def test_without_clips_none_is_named(client: Client) -> None:
    assert 'data-clips=""' in await (await client.get("/customer/")).get_data(as_text=True)
    assert (await client.get("/clips/home.mp4")).status_code == 404


async def test_comments_stay_at_home_and_every_line_keeps_its_number(client: Client) -> None:
    source = (ROOT / "customer" / "main.js").read_text("utf-8")
    sent = await (await client.get("/customer/main.js")).get_data(as_text=True)
    assert "/**" in source
    assert not re.search(r"^\s*(/\*|//|\*)", sent, re.MULTILINE)
    pairs = zip(sent.splitlines(), source.splitlines(), strict=True)
    assert all(ours == theirs.lstrip() for ours, theirs in pairs if ours)


def test_no_string_of_a_module_could_be_taken_for_a_comment() -> None:
    """Only a template that goes over several lines could hold a line that looks like one, or is indented by meaning."""
    for file in ROOT.rglob("*.js"):
        code = re.sub(r"^[ \t]*(/\*(?:[^*]|\*(?!/))*\*/[ \t]*|//.*)$", "", file.read_text("utf-8"), flags=re.MULTILINE)
        assert [line for line in code.splitlines() if line.count("`") % 2] == [], file


def _links(text: str, *, later: bool) -> set[str]:
    ways = r"from |href=|src=|await import\(" if later else r"from |href=|src="
    return set(re.findall(rf'(?:{ways})"([./][^"]*\.(?:js|css|svg))"', text))


def _needed(page: str, *, later: bool = True) -> set[str]:
    """Return every file that a browser loads for a page, but the page itself and its texts.

    Without `later`: only what it loads up to its first screen.
    """
    assets = _assets()
    found: set[str] = set()
    todo = [*(link.lstrip("/") for link in _links(render(page, ROOT), later=later))]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        for link in _links(assets[name].body.decode(), later=later):
            path = (ROOT / name).parent / link if link.startswith(".") else ROOT / link.lstrip("/")
            todo.append(path.resolve().relative_to(ROOT.resolve()).as_posix())
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_import_is_there(page: str) -> None:
    assert _needed(page) <= set(_assets())


@pytest.mark.parametrize(("later", "most"), [(True, MOST_CUSTOMER_BYTES), (False, MOST_FIRST_SCREEN_BYTES)])
def test_the_customers_page_is_light(later: bool, most: int) -> None:
    assets = _assets()
    size = sum(len(assets[name].packed or assets[name].body) for name in _needed("customer", later=later))
    said = [texts("customer", ROOT, "en", part) for part in ("first", *(["later"] if later else []))]
    for rendered in (render("customer", ROOT).encode(), *said):
        size += len(gzip.compress(rendered, 9))
    assert size < most, size


def test_what_a_coordinator_sees_first_is_light() -> None:
    assets = _assets()
    first, later = (_needed("coordinator", later=later) for later in (False, True))
    size = sum(len(assets[name].packed or assets[name].body) for name in first)
    assert size < MOST_COORDINATOR_FIRST_BYTES, size
    parts = ("shifts", "roster", "records", "messages", "hours", "people", "background")
    assert {f"coordinator/{part}.js" for part in parts} <= later - first


def test_what_not_everybody_needs_is_light_too_and_comes_when_it_is_asked_for() -> None:
    assets, needed = _assets(), _needed("customer")
    more = set(modules("customer", ROOT, later=True, asked=True)) - needed
    assert more
    size = sum(len(assets[name].packed or assets[name].body) for name in more)
    size += len(gzip.compress(texts("customer", ROOT, "en", "more"), 9))
    assert size < MOST_MORE_BYTES, size


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("locale", LOCALES)
async def test_a_page_gets_every_text_that_its_modules_name(client: Client, page: str, locale: str) -> None:
    parts = {"first": f"/{page}/texts/{locale}.json"}
    if page == "customer":
        parts |= {part: f"/{page}/texts/{part}-{locale}.json" for part in ("later", "more")}
    known: set[str] = set()
    for part, path in parts.items():
        more = set(await (await client.get(path)).get_json())
        assert not more & known
        known |= more
        everything = page != "customer"
        later, asked = everything or part != "first", everything or part == "more"
        needed = _texts_named_in(modules(page, ROOT, later=later, asked=asked), locale)
        assert len(needed) > 40
        assert needed <= known


def _texts_named_in(names: list[str], locale: str) -> set[str]:
    whole = json.loads((ROOT / "shared" / "texts" / f"{locale}.json").read_text("utf-8"))
    source = "".join((ROOT / name).read_text("utf-8") for name in names)
    named = {key for key in whole if f'"{key.removesuffix(".one").removesuffix(".other")}"' in source}
    starts = re.findall(r"`([a-z_]+\.[a-z_.]*)\$\{", source)
    return named | {key for key in whole for start in starts if key.startswith(start)}


@pytest.mark.parametrize("page", PAGES)
def test_every_module_is_announced(page: str) -> None:
    """Otherwise a phone finds them one after the other."""
    announced = set(re.findall(r'rel="modulepreload" href="/([^"]+)"', render(page, ROOT)))
    first = {name for name in _needed(page, later=False) if name.endswith(".js")}
    assert announced == first == set(modules(page, ROOT))
    assert {name for name in _needed(page) if name.endswith(".js")} == set(modules(page, ROOT, later=True))


@pytest.mark.parametrize("page", PAGES)
def test_every_style_sheet_is_linked(page: str) -> None:
    own = {f"{page}/{file.name}" for file in (ROOT / page).glob("*.css")}
    assert own
    assert own <= _needed(page)


@pytest.mark.parametrize("page", PAGES)
def test_pages_keep_to_a_strict_content_policy(page: str) -> None:
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|https?://", render(page, ROOT))


def test_no_page_reaches_out() -> None:
    for file in ROOT.rglob("*"):
        if file.suffix in TYPES:
            # An address that begins with what the page knows of its own is its own.
            outside = set(re.findall(r"https?://(?!\$\{host)[^\"'`\s)]+", file.read_text("utf-8")))
            assert outside <= {"http://www.w3.org/2000/svg"}, file
