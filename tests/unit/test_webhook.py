"""The signature of a webhook, the settings that it takes, and what is sent: one request, nothing followed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from video_service import settings
from video_service.settings_text import BadSetting
from video_service.webhook import Endpoint, payload, post, read_endpoint, signature

pytestmark = pytest.mark.unit

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LIMIT_S = 30.0


def test_the_signature_is_that_of_the_standard() -> None:
    """The example of the Standard Webhooks specification's reference libraries."""
    endpoint = read_endpoint("https://app.example.org/hooks", SECRET)
    assert endpoint is not None
    found = signature(endpoint.key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "header"),
    [
        ("https://app.example.org", "app.example.org", 443, "/", "app.example.org"),
        ("https://app.example.org:8443/a/b?c=d", "app.example.org", 8443, "/a/b?c=d", "app.example.org:8443"),
        ("http://127.0.0.1:9000/x", "127.0.0.1", 9000, "/x", "127.0.0.1:9000"),
        ("https://[2001:db8::1]/x", "2001:db8::1", 443, "/x", "[2001:db8::1]"),
    ],
)
def test_an_address_is_read(url: str, host: str, port: int, target: str, header: str) -> None:
    endpoint = read_endpoint(url, SECRET)
    assert endpoint is not None
    assert (endpoint.host, endpoint.port, endpoint.target, endpoint.host_header) == (host, port, target, header)


@pytest.mark.parametrize(
    "url",
    [
        "app.example.org",
        "http://app.example.org/",
        "https://me:secret@app.example.org/",
        "https:///x",
        "https://app.example.org:port/",
        "https://app.example.org/a b",
        "https://app.example.org/\r\nX: y",
        "ftp://127.0.0.1/",
    ],
)
def test_an_address_that_is_not_meant_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match="WEBHOOK_URL"):
        read_endpoint(url, SECRET)


@pytest.mark.parametrize("secret", ["hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_" + "A" * 200, SECRET[6:], "whsec_ä"])
def test_a_weak_secret_is_refused_and_not_told(secret: str) -> None:
    with pytest.raises(BadSetting) as refused:
        read_endpoint("https://app.example.org/", secret)
    assert secret.removeprefix("whsec_") not in str(refused.value) or secret == "whsec_"


def test_both_settings_or_neither() -> None:
    assert read_endpoint("", "") is None
    assert settings.load({}).webhook_url == ""
    for values in (("https://app.example.org/", ""), ("", SECRET)):
        with pytest.raises(BadSetting, match="go together"):
            settings.load({"VIDEO_SERVICE_WEBHOOK_URL": values[0], "VIDEO_SERVICE_WEBHOOK_SECRET": values[1]})


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def host(answer: Answer) -> AsyncIterator[Endpoint]:
    """Serve as the host application on this machine."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    endpoint = read_endpoint(f"http://127.0.0.1:{port}/hooks?a=1", SECRET)
    assert endpoint is not None
    try:
        yield endpoint
    finally:
        server.close()
        await server.wait_closed()


async def read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
    return line, headers, await reader.readexactly(int(headers["content-length"]))


async def test_one_request_goes_out_that_the_host_can_verify() -> None:
    seen: list[tuple[str, dict[str, str], bytes]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    body = payload("turn.near", 1_800_000_000_500, {"customer": "c-1", "place": 2})
    async with host(answer) as endpoint:
        assert await post(endpoint, "e-1", body, now_s=1_800_000_001, timeout_s=LIMIT_S) == 204
    ((line, headers, received),) = seen
    assert line == "POST /hooks?a=1 HTTP/1.1"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("e-1", "1800000001")
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    made = hmac.new(key, b"e-1.1800000001." + received, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(made).decode()
    assert msgspec.json.decode(received) == {
        "type": "turn.near",
        "timestamp": "2027-01-15T08:00:00.500Z",
        "data": {"customer": "c-1", "place": 2},
    }


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    asked = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await read_request(reader)
        writer.write(b"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\n\r\n")
        writer.close()

    async with host(answer) as endpoint:
        assert await post(endpoint, "e-1", b"{}", now_s=1, timeout_s=LIMIT_S) == 307
    assert asked == 1


@pytest.mark.parametrize("said", [b"", b"hello\n", b"HTTP/1.1 abc\r\n", b"x" * 4_096])
async def test_who_speaks_no_http_has_not_answered(said: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(said)
        writer.close()

    async with host(answer) as endpoint:
        with pytest.raises((ValueError, OSError)):
            await post(endpoint, "e-1", b"{}", now_s=1, timeout_s=LIMIT_S)


async def test_a_host_that_does_not_answer_is_not_waited_for() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with host(answer) as endpoint:
        with pytest.raises(TimeoutError):
            await post(endpoint, "e-1", b"{}", now_s=1, timeout_s=0.2)
