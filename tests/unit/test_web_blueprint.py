"""How the pages are served: right types, right caching, nothing else from the disk, and light enough for a phone."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from web.blueprint import PAGES, ROOT, TYPES, create_blueprint, read_assets

pytestmark = pytest.mark.unit

MOST_CUSTOMER_BYTES = 60_000


@pytest.fixture
def client() -> Client:
    app = Quart(__name__, static_folder=None)
    app.register_blueprint(create_blueprint())
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
        ("/shared/texts/zh-CN.json", "application/json"),
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
    for name in ("customer/index.html", "shared/.hidden.js", "shared/notes.txt", "shared/a.js"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert set(read_assets(tmp_path)) == {"customer/index.html", "shared/a.js"}


def _needed(page: str) -> set[str]:
    """Return every file that a browser loads for a page, in its heaviest language."""
    assets = read_assets()
    found: set[str] = set()
    todo = [f"{page}/index.html", "shared/texts/en.json"]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        text = assets[name].body.decode()
        for link in re.findall(r'(?:from |href=|src=)"([./][^"]*\.(?:js|css|svg))"', text):
            path = (ROOT / name).parent / link if link.startswith(".") else ROOT / link.lstrip("/")
            todo.append(path.resolve().relative_to(ROOT.resolve()).as_posix())
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_import_is_there(page: str) -> None:
    assert _needed(page) <= set(read_assets())


def test_the_customers_page_is_light() -> None:
    assets = read_assets()
    size = sum(len(assets[name].packed or assets[name].body) for name in _needed("customer"))
    assert size < MOST_CUSTOMER_BYTES, size


def test_the_customers_modules_are_all_announced() -> None:
    """Otherwise a phone finds them one after the other."""
    html = (ROOT / "customer" / "index.html").read_text("utf-8")
    announced = {link.lstrip("/") for link in re.findall(r'rel="modulepreload" href="([^"]+)"', html)}
    assert announced == {name for name in _needed("customer") if name.endswith(".js")}


@pytest.mark.parametrize("page", PAGES)
def test_pages_keep_to_a_strict_content_policy(page: str) -> None:
    html = (ROOT / page / "index.html").read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|https?://", html)


def test_no_page_reaches_out() -> None:
    for file in ROOT.rglob("*"):
        if file.suffix in TYPES:
            outside = set(re.findall(r"https?://[^\"'`\s)]+", file.read_text("utf-8")))
            assert outside <= {"http://www.w3.org/2000/svg"}, file
