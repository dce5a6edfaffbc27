"""What a whole call leaves behind: nothing to read in the store's raw bytes or in a log, and no packet to the outside.

One service, started as an operator starts it, on a host where every packet that tries to leave is seen; two real peers
with everything that people can say in a call, at the most talkative log level.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.data_keys import CIPHER
from tests.launching import SETTINGS
from tests.quiet_network import OUTSIDE, QuietHost, quiet_host
from tests.running_service import LIMIT_S, RunningService
from tests.scripted_call import CONTACT, CONTEXT, MESSAGE, NOTE, OUTCOME_NOTE, PASSWORD, SAID, SHOWN, SIGN_IN
from video_service.sockets import socket_folder
from video_service.supervisor import PYTHON

pytestmark = pytest.mark.integration

SEALED = re.compile(r"gAAAAA[A-Za-z0-9_-]{91,}={0,2}")
ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
OURS = {"127.0.0.1", "0.0.0.0"}
REACH_OUT = """
import socket
try:
    socket.getaddrinfo("video-service.example.org", 443)
except OSError:
    pass
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.sendto(b"hello", ("192.0.2.1", 443))
"""


@dataclass
class Left:
    """What the call left behind."""

    texts: dict[str, list[str]]
    log: str
    stored: bytes
    files: bytes
    host: QuietHost | None
    packets: list[str] = field(default_factory=list)


def _dump(store: redis.Redis) -> bytes:
    """Return every key and value of the store."""
    parts: list[bytes] = []
    ask: Any = store
    read: dict[bytes, Callable[[bytes], Any]] = {
        b"hash": ask.hgetall,
        b"string": ask.get,
        b"set": ask.smembers,
        b"list": lambda key: ask.lrange(key, 0, -1),
        b"zset": lambda key: ask.zrange(key, 0, -1),
        b"stream": ask.xrange,
    }
    for key in ask.scan_iter():
        value = read[ask.type(key)](key)
        parts.append(key + b" " + repr(value).encode() + b" " + json.dumps(_plain(value), ensure_ascii=False).encode())
    return b"\n".join(parts)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, dict):
        return {str(_plain(name)): _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple | set) else value


@pytest.fixture(scope="module")
def left() -> Iterator[Left]:
    with quiet_host() as host, tempfile.TemporaryDirectory(prefix="vs-") as folder:
        environment = {
            "VIDEO_SERVICE_LOG_LEVEL": "debug",
            "VIDEO_SERVICE_LAUNCH_KEYS": ",".join(SETTINGS["launch_keys"]),
            "VIDEO_SERVICE_LAUNCH_ISSUER": SETTINGS["launch_issuer"],
            "VIDEO_SERVICE_MEDIA_BIND": "",  # as an operator has it: every address of the host
        }
        data, prefix = Path(folder), host.prefix if host else ()
        with RunningService(data, environment=environment, prefix=prefix) as service:
            socket_path = socket_folder(data) / "valkey.sock"
            done = subprocess.run(
                [*prefix, sys.executable, "-m", "tests.scripted_call", service.address],
                env=os.environ | environment | {"REDIS_URL": f"unix://{socket_path}"},
                capture_output=True,
                text=True,
                timeout=2 * LIMIT_S,
                check=False,
            )
            assert done.returncode == 0, f"{done.stderr[-3000:]}\n{service.everything()[-6000:]}"
            with redis.Redis.from_url(f"unix://{socket_path}") as store:
                stored = _dump(store)
            assert service.stop() == 0
        files = b"".join(file.read_bytes() for file in sorted(data.rglob("*")) if file.is_file())
        texts = json.loads(done.stdout.splitlines()[-1])
        made = Left({kind: each["texts"] for kind, each in texts.items()}, service.everything(), stored, files, host)
        if host is not None:
            made.packets = list(host.packets)
        yield made


def _forms(text: str) -> set[bytes]:
    """Return how a text may stand in a file: as it is, as JSON writes it, and as Python shows bytes."""
    return {text.encode(), json.dumps(text)[1:-1].encode(), repr(text.encode())[2:-1].encode()}


def _found(texts: list[str], raw: bytes) -> list[str]:
    return [text for text in texts if any(form in raw for form in _forms(text))]


def test_nothing_of_anybody_can_be_read_in_the_raw_store_or_its_files(left: Left) -> None:
    for raw in (left.stored, left.files):
        assert CIPHER.digest(SIGN_IN["agent"]).encode() in raw, "this is where it would be"
        assert _found(left.texts["personal"], raw) == []
        assert _found(left.texts["secret"], raw) == []


def test_all_of_it_was_there_and_opens_with_the_key(left: Left) -> None:
    """The control: what was looked for is what was kept."""
    opened = "\n".join(
        {CIPHER.open(sealed) for sealed in SEALED.findall((left.stored + left.files).decode(errors="replace"))}
    )
    kept = [*SIGN_IN.values(), *SHOWN.values(), CONTEXT, NOTE, *SAID.values(), MESSAGE, CONTACT, OUTCOME_NOTE]
    assert [text for text in kept if text not in opened] == []


def test_the_log_of_all_processes_says_nothing_of_anybody(left: Left) -> None:
    raw = left.log.encode()
    assert _found(left.texts["personal"], raw) == []
    secrets = [text for text in left.texts["secret"] if len(text) >= 8]
    assert PASSWORD in secrets
    assert len(secrets) > 12
    assert _found(secrets, raw) == []
    assert set(ADDRESS.findall(left.log)) <= OURS
    assert not re.search(r"\b[acmosv]=(?:rtpmap|candidate|ice-|fingerprint|IN IP)", left.log)
    for process in ("supervisor", "web", "media-1"):
        assert f"'process': '{process}'" in left.log, "its lines were looked at"


def test_the_log_was_as_talkative_as_it_can_be(left: Left) -> None:
    assert "child_ready" in left.log


def test_no_packet_left_the_host_and_one_would_have_been_seen(left: Left) -> None:
    if left.host is None:
        pytest.skip("A network namespace needs root and iproute2; on Debian: apt-get install iproute2")
    assert left.packets == []
    subprocess.run([*left.host.prefix, PYTHON[0], "-c", REACH_OUT], check=True, timeout=30)
    left.host.until(2)
    seen = left.host.packets
    assert f"protocol 17 to {OUTSIDE} port 53" in seen, "the question for a name"
    assert "protocol 17 to 192.0.2.1 port 443" in seen
