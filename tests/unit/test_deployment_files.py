"""What deployers get: docker-compose.yml, the Dockerfile, the licence."""

from __future__ import annotations

import hashlib
import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests import compose
from video_service import settings
from video_service.cli import app
from video_service.settings import BadSetting

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
SERVICES = {"valkey", "certificates", "web", "media", "coturn", "proxy"}
OWN = {"certificates", "web", "media"}
# From the Compose specification: what a service of this file may say.
SERVICE_KEYS = {
    *("image", "build", "restart", "init", "read_only", "tmpfs", "cap_drop", "security_opt", "stop_grace_period"),
    *("logging", "command", "entrypoint", "environment", "volumes", "networks", "network_mode", "ports", "configs"),
    *("healthcheck", "depends_on", "deploy", "user"),
}
CONDITIONS = {"service_healthy", "service_completed_successfully"}


@pytest.fixture
def services() -> dict[str, Any]:
    found: dict[str, Any] = compose.load()["services"]
    return found


def lines(name: str) -> list[str]:
    return (ROOT / name).read_text(encoding="utf-8").splitlines()


def test_the_services_are_these_and_say_what_compose_knows(services: dict[str, Any]) -> None:
    assert set(services) == SERVICES
    for name, service in services.items():
        assert set(service) <= SERVICE_KEYS, name
    assert services["web"]["deploy"]["replicas"] == 2


def test_whatever_is_named_is_declared(services: dict[str, Any]) -> None:
    whole = compose.load()
    named = {volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", ())}

    assert named == set(whole["volumes"])
    assert {network for service in services.values() for network in service.get("networks", ())} == {"inside"}
    assert set(whole["networks"]) == {"inside"}
    assert [each["source"] for each in services["proxy"]["configs"]] == list(whole["configs"])
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in services, name
            assert how["condition"] in CONDITIONS, name


@pytest.mark.parametrize("name", [*compose.SECRETS, "SITE_NAME", "VIDEO_SERVICE_MEDIA_ANNOUNCE"])
def test_without_a_secret_or_an_address_nothing_starts(name: str) -> None:
    with pytest.raises(compose.VariableMissing, match=name):
        compose.load({variable: value for variable, value in compose.VARIABLES.items() if variable != name})


def test_no_secret_has_a_default_or_stands_in_a_command(services: dict[str, Any]) -> None:
    text = compose.FILE.read_text(encoding="utf-8")

    assert re.findall(r"\$\{\w*(?:PASSWORD|SECRET|TOKEN)\w*:?-", text) == []
    commands = str([(service.get("command"), service.get("entrypoint")) for service in services.values()])
    for name in compose.SECRETS:
        assert compose.VARIABLES[name] not in commands


@pytest.mark.parametrize("name", ["web", "media"])
def test_the_service_takes_the_settings_that_it_is_given(services: dict[str, Any], name: str) -> None:
    environment = services[name]["environment"]

    assert settings.unknown_variables(environment) == []
    found = settings.load(environment)
    assert found.redis_url == f"redis://:{compose.VARIABLES['VALKEY_PASSWORD']}@valkey:6379/0"
    assert found.media_token == compose.VARIABLES["VIDEO_SERVICE_MEDIA_TOKEN"]


def test_a_worker_learns_nothing_of_turn(services: dict[str, Any]) -> None:
    assert not any("TURN" in name for name in services["media"]["environment"])


@pytest.mark.parametrize("weak", ["short", "changeme" * 8])
def test_a_weak_secret_is_refused(weak: str) -> None:
    environment = compose.load(compose.VARIABLES | {"VIDEO_SERVICE_TURN_SECRET": weak})["services"]["web"][
        "environment"
    ]

    with pytest.raises(BadSetting, match="can be guessed"):
        settings.load(environment)


def test_proxy_and_settings_agree(services: dict[str, Any]) -> None:
    environment = services["web"]["environment"]
    proxy = compose.load()["configs"]["proxy"]["content"]

    address = services["proxy"]["networks"]["inside"]["ipv4_address"]
    assert environment["VIDEO_SERVICE_TRUSTED_PROXIES"] == address
    given_out = compose.load()["networks"]["inside"]["ipam"]["config"][0]["ip_range"]
    assert ip_address(address) not in ip_network(given_out), "or whoever starts first has the proxy's address"
    assert environment["VIDEO_SERVICE_PUBLIC_URL"] == "https://calls.example.org"
    assert proxy.startswith("calls.example.org {")
    assert "dynamic a web 8080" in proxy


def test_only_what_people_reach_is_open_to_the_world(services: dict[str, Any]) -> None:
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}

    assert ports == {
        "media": ["40000-40199:40000-40199/udp"],
        "coturn": ["3478:3478/udp", "3478:3478/tcp"],
        "proxy": ["80:80/tcp", "443:443/tcp"],
    }
    assert services["media"]["environment"]["VIDEO_SERVICE_MEDIA_PORTS"] == "40000-40199"


def test_the_turn_server_relays_to_workers_only(services: dict[str, Any]) -> None:
    said = " ".join(services["coturn"]["entrypoint"])

    for option in ("--denied-peer-ip=0.0.0.0-255.255.255.255", '--allowed-peer-ip="$MEDIA_ANNOUNCE"', "--no-tcp-relay"):
        assert option in said
    assert "use-auth-secret" in said


def test_valkey_keeps_what_it_acknowledged(services: dict[str, Any]) -> None:
    said = " ".join(services["valkey"]["entrypoint"])

    assert "--appendonly yes --appendfsync always" in said
    assert "--maxmemory-policy noeviction" in said
    assert "valkey:/data" in services["valkey"]["volumes"]


def test_everything_is_watched_started_again_and_held_small(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert "test" in service["healthcheck"] or name == "certificates", name
        assert service["restart"] == ("no" if name == "certificates" else "unless-stopped"), name
        assert service["read_only"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["logging"]["options"]["max-size"], name
        assert re.search(r":(?!latest$)[\w.-]+$", service["image"]) or name in OWN, name


@pytest.mark.parametrize("name", sorted(OWN))
def test_every_command_is_one(services: dict[str, Any], name: str) -> None:
    command, *_ = services[name]["command"]

    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0
    test = services[name]["healthcheck"].get("test")
    if test is not None:
        assert test[1:] == ["video-service", "health", command]


def test_the_image_is_built_from_the_locks_and_runs_as_nobody_special() -> None:
    text = "\n".join(lines("Dockerfile"))

    assert text.count("FROM python:3.11-slim-bookworm") == 2
    assert "uv pip sync --python /opt/venv/bin/python --require-hashes --no-build requirements/run.lock" in text
    assert "media.weights fetch && /opt/venv/bin/python -m media.weights check" in text
    final = text.rpartition("FROM ")[2]
    assert final.index("USER video-service") < final.index("ENTRYPOINT")
    assert "HEALTHCHECK" in final


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    copied = [
        source
        for line in lines("Dockerfile")
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    kept = {line[1:] for line in lines(".dockerignore") if line.startswith("!")}

    assert set(copied) == kept
    assert all((ROOT / source).exists() for source in copied)


def test_the_licence_is_the_text_of_apache_2_0() -> None:
    digest = hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest()

    assert digest == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
