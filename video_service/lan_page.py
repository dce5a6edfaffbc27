"""A page over plain HTTP with one purpose: phones get the certificate of the authority, and learn to trust it.

It cannot be HTTPS, because the phone does not trust the service yet; so it holds nothing that is secret and takes no
input. The certificate's fingerprint stands in the terminal, too: whoever wants to be sure compares the two.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import io
from collections.abc import Iterator
from typing import cast

import segno
import structlog

from video_service import sockets
from video_service.local_ca import LocalAuthority
from video_service.tasks import cancel_and_wait

log = structlog.get_logger(__name__)

CERTIFICATE_PATH = "/video-service-ca.crt"
REQUEST_BYTES = 8192
REQUEST_TIMEOUT_S = 5.0
AT_ONCE = 32

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>安装证书 · Install the certificate</title>
<style>
body {{ font: 18px/1.6 system-ui, sans-serif; max-width: 38rem; margin: auto; padding: 1rem; }}
a.button {{ display: block; padding: 1rem; margin: 1rem 0; border-radius: .5rem; text-align: center;
  background: #0b57d0; color: #fff; text-decoration: none; }}
code {{ overflow-wrap: anywhere; font-size: .8em; }}
</style>
</head>
<body>
<main>
<h1>第一次用，先装证书</h1>
<p>手机信任这台电脑以后，才能打开摄像头。只需要做一次。</p>
<a class="button" href="{path}">1. 下载证书</a>
<p><strong>iPhone</strong>：用 Safari 打开本页，下载后到“设置”→“已下载描述文件”→ 安装。再到“设置”→“通用”→
“关于本机”→“证书信任设置”，打开这个证书的开关。</p>
<p><strong>安卓</strong>：下载后到“设置”，搜索“CA 证书”→“安装 CA 证书”→ 选择下载的文件。</p>
<a class="button" href="{service}/customer/">2. 打开视频页面</a>
<p>用完可以在同样的地方删除证书。</p>
<div lang="en">
<h1>Install the certificate first</h1>
<p>Your phone opens the camera only for a page that it trusts. You need to do this once.</p>
<a class="button" href="{path}">1. Download the certificate</a>
<p><strong>iPhone</strong>: open this page in Safari. After the download: Settings → Profile Downloaded → Install. Then
Settings → General → About → Certificate Trust Settings: turn this certificate on.</p>
<p><strong>Android</strong>: after the download, search Settings for “CA certificate” → Install a CA certificate →
choose the downloaded file.</p>
<a class="button" href="{service}/customer/">2. Open the video page</a>
<p>You can remove the certificate in the same place afterwards.</p>
<p>SHA-256: <code>{fingerprint}</code></p>
</div>
</main>
</body>
</html>
"""


def code(url: str) -> list[str]:
    """Return a QR code of `url` for a terminal, as lines of half blocks (ISO/IEC 18004)."""
    out = io.StringIO()
    segno.make(url, error="l", micro=False).terminal(out=out, border=2, compact=True)
    return out.getvalue().splitlines()


class LanPage:
    """Serves the page at `host`, on any free port or on `port`. `start` it, then `url` is known; `close` it."""

    def __init__(self, authority: LocalAuthority, *, host: str, service_url: str, port: int = 0) -> None:
        self._host = host
        self._port = port
        page = _PAGE.format(
            path=CERTIFICATE_PATH, service=html.escape(service_url, quote=True), fingerprint=authority.fingerprint()
        )
        self._answers = {
            "/": ("text/html; charset=utf-8", page.encode()),
            CERTIFICATE_PATH: ("application/x-x509-ca-cert", authority.der()),
        }
        self._fingerprint = authority.fingerprint()
        self._customer_url = f"{service_url}/customer/"
        self._server: asyncio.Server | None = None
        self._room = asyncio.Semaphore(AT_ONCE)
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The address of the page."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/"

    def says(self) -> Iterator[str]:
        """Yield the lines that tell the person at the terminal what a phone has to do, with codes to scan."""
        yield ""
        yield f"A phone in this network, once: install the certificate from {self.url}"
        yield from code(self.url)
        yield f"  Its SHA-256: {self._fingerprint}"
        yield ""
        yield f"Then the page for customers: {self._customer_url}"
        yield from code(self._customer_url)

    async def start(self) -> None:
        """Begin to serve.

        Raises:
            AddressUnusable: the address cannot be listened on.
        """
        listener = sockets.listen(self._host, self._port)
        self._port = listener.getsockname()[1]
        self._server = await asyncio.start_server(self._serve, sock=listener, limit=REQUEST_BYTES)

    async def close(self) -> None:
        """Stop to serve. May be called twice."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            await cancel_and_wait(self._serving)
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S), self._room:
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head.split(b"\r\n", 1)[0].decode("latin-1")))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            log.debug("lan_page_request_dropped")
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _answer(self, request_line: str) -> bytes:
        method, _, rest = request_line.partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        kind, body = self._answers.get(path, ("text/plain; charset=utf-8", b""))
        status = "200 OK" if path in self._answers else "404 Not Found"
        if method not in ("GET", "HEAD"):
            status, kind, body = "405 Method Not Allowed", "text/plain; charset=utf-8", b""
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + (b"" if method == "HEAD" else body)
