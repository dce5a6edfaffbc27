"""`--lan`: the address that is chosen, the page that gives the certificate away, and the whole service over HTTPS."""

from __future__ import annotations

import asyncio
import re
import ssl
import tempfile
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.running_service import RunningService, run_command
from video_service.lan import NoLanAddress, NotPrivate, choose, open_lan
from video_service.lan_page import CERTIFICATE_PATH, LanPage, code
from video_service.local_ca import LocalAuthority
from video_service.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[LanPage]:
    opened = LanPage(LocalAuthority(tmp_path / "lan"), host="127.0.0.1", service_url="https://127.0.0.1:1")
    await opened.start()
    yield opened
    await opened.close()
    await opened.close()


async def ask(page: LanPage, request: bytes) -> bytes:
    match = re.search(r":(\d+)/", page.url)
    assert match is not None
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(match[1]))
        writer.write(request)
        answer = await reader.read()
        writer.close()
    return answer


@pytest.mark.parametrize(
    ("preferred", "others", "chosen"),
    [
        ("192.168.1.5", ["10.0.0.1"], "192.168.1.5"),
        ("203.0.113.9", ["203.0.113.9", "10.0.0.1"], "10.0.0.1"),
        ("", ["127.0.0.1", "fd00::9", "172.20.0.3"], "172.20.0.3"),
        ("", ["::1", "fe80::1", "fd00::9"], "fd00::9"),
    ],
)
def test_the_address_that_phones_most_likely_reach(preferred: str, others: list[str], chosen: str) -> None:
    assert choose(preferred, others) == chosen


def test_a_machine_without_a_private_address_is_a_sentence() -> None:
    with pytest.raises(NoLanAddress, match="name one with --host"):
        choose("203.0.113.9", ["203.0.113.9", "127.0.0.1", "169.254.3.4"])


@pytest.mark.parametrize("host", ["203.0.113.9", "0.0.0.0", "here"])
def test_an_address_that_is_not_private_is_a_sentence(tmp_path: Path, host: str) -> None:
    with pytest.raises(NotPrivate, match="--lan is for a private network"):
        open_lan(Settings(data_dir=tmp_path), host)


async def test_a_phone_gets_the_certificate_and_is_told_what_to_do(page: LanPage, tmp_path: Path) -> None:
    authority = LocalAuthority(tmp_path / "lan")

    instructions = (await ask(page, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")).decode()
    certificate = await ask(page, f"GET {CERTIFICATE_PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert "iPhone" in instructions
    assert "Android" in instructions
    assert "安卓" in instructions
    assert f'href="{CERTIFICATE_PATH}"' in instructions
    assert 'href="https://127.0.0.1:1/customer/"' in instructions
    assert authority.fingerprint() in instructions
    head, _, body = certificate.partition(b"\r\n\r\n")
    assert b"Content-Type: application/x-x509-ca-cert" in head
    assert body == authority.der()
    assert b"PRIVATE KEY" not in certificate


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET /../ca.key.pem HTTP/1.1", "404"),
        ("GET /ca.key.pem HTTP/1.1", "404"),
        ("POST / HTTP/1.1", "405"),
        ("HEAD / HTTP/1.1", "200"),
        ("nonsense", "405"),
    ],
)
async def test_it_serves_nothing_else(page: LanPage, request_line: str, status: str) -> None:
    answer = await ask(page, f"{request_line}\r\nHost: x\r\n\r\n".encode())

    assert answer.split()[1].decode() == status
    assert answer.endswith(b"\r\n\r\n")


async def test_a_request_without_an_end_is_dropped(page: LanPage) -> None:
    assert await ask(page, b"GET / HTTP/1.1\r\n" + b"x" * 20_000) == b""


def test_a_camera_reads_the_code() -> None:
    url = "https://192.168.178.20:8080/customer/"
    rows = [[(character in "█▀", character in "█▄") for character in line] for line in code(url)]
    light = np.repeat(np.array([[pair[half] for pair in row] for row in rows for half in (0, 1)], np.uint8) * 255, 8, 0)

    read, _, _ = cv2.QRCodeDetector().detectAndDecode(np.repeat(light, 8, 1))

    assert read == url


def test_the_service_on_the_network_speaks_https_with_that_certificate() -> None:
    with tempfile.TemporaryDirectory(prefix="vs-") as name:
        data = Path(name)
        environment = {"VIDEO_SERVICE_MEDIA_BIND": ""}
        with RunningService(data, "--lan", "--host", "127.0.0.1", environment=environment) as service:
            trusted = ssl.create_default_context(cafile=str(data / "lan" / "ca.pem"))
            with urllib.request.urlopen(f"{service.address}/customer/", timeout=60, context=trusted) as answer:
                policy = answer.headers["Content-Security-Policy"]
            said = "\n".join(service.said)
            [certificate_page] = re.findall(r"install the certificate from (http://\S+)", said)
            with urllib.request.urlopen(certificate_page, timeout=60) as answer:
                assert b"iPhone" in answer.read()
            assert service.stop(60) == 0

    assert service.address.startswith("https://127.0.0.1:")
    assert f"wss://{service.address.removeprefix('https://')}" in policy
    assert f"{service.address}/agent/" in said
    for url in (certificate_page, f"{service.address}/customer/"):
        assert "\n".join(code(url)) in said


def test_a_certificate_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    found = run_command(
        *("web", "--port", "0"),
        environment={
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "VIDEO_SERVICE_TLS_CERT": str(tmp_path / "a.pem"),
            "VIDEO_SERVICE_TLS_KEY": str(tmp_path / "b.pem"),
        },
    )

    assert found.returncode == 1
    assert found.stderr.startswith("The files of VIDEO_SERVICE_TLS_CERT and VIDEO_SERVICE_TLS_KEY cannot be read")


def test_a_certificate_needs_its_key() -> None:
    found = run_command("settings", environment={"VIDEO_SERVICE_TLS_CERT": "a.pem"})

    assert found.stderr.strip() == "VIDEO_SERVICE_TLS_CERT and VIDEO_SERVICE_TLS_KEY go together: both, or neither."
