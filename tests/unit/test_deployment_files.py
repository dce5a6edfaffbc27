"""What deployers get: docker-compose.yml, the Dockerfile, the licence."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

import media.plane
import media.worker
import video_service.app
import video_service.cli_plan_common
import video_service.data_keys
import video_service.plan_queue
from tests import compose
from video_service import settings
from video_service.cli import app
from video_service.settings import FIELDS, BadSetting
from video_service.settings_text import variable, write

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
SERVICES = {"valkey", "certificates", "web", "media", "plan-worker", "coturn", "proxy"}
OWN = {"certificates", "web", "media", "plan-worker"}
# From the Compose specification: what a service of this file may say.
SERVICE_KEYS = {
    *("image", "build", "restart", "init", "read_only", "tmpfs", "cap_drop", "security_opt", "stop_grace_period"),
    *("logging", "command", "entrypoint", "environment", "volumes", "networks", "network_mode", "ports", "configs"),
    *("healthcheck", "depends_on", "deploy", "user", "profiles"),
}
# What docker-compose.yml and the image decide, and .env by other names: the proxy does HTTPS, folders are the image's.
DECIDED = {
    *("host", "port", "public_url", "trusted_proxies", "tls_cert", "tls_key", "data_dir", "weights_dir", "redis_url"),
    *("clips_dir", "turn_urls", "media_listen", "media_advertise", "media_tls_cert", "media_tls_key", "media_tls_ca"),
    *("data_keys_file", "media_workers", "media_metrics", "video_messages_dir"),
}
# Read by the modules that compose a part, and by its command.
READERS: dict[str, tuple[ModuleType, ...]] = {
    # Beside a node's container `plan` is called, too.
    "web": (
        *(video_service.app, video_service.data_keys, video_service.plan_queue),
        *(video_service.cli_plan_common, media.plane),
    ),
    "media": (media.worker,),
    "plan-worker": (video_service.plan_queue,),
}
READ_BY_EVERY_COMMAND = {"pool", "log_format", "log_level"}
# Values that differ from the defaults and that the settings take together.
GIVEN: dict[str, object] = {
    "pool": "north",
    "log_format": "console",
    "log_level": "error",
    "time_zone": "Asia/Shanghai",
    "holidays_region": "CN",
    "planning_workers": "streaq",
    "guests_allowed": False,
    "vip_first": True,
    "launch_keys": ("k1:5d1f0c7e5d3a4b28a6c4e2f01d7b9835",),
    "launch_issuer": "shop",
    "webhook_url": "https://app.example.org/hooks",
    "webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "web_push_key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE",
    "web_push_contact": "mailto:operator@example.org",
    "web_push_hosts": ("push.example.org",),
    "launch_audience": "line",
    "embed_origins": ("https://www.example.org",),
    "media_bind": ("10.0.0.9",),
    "media_announce": "198.51.100.9",
    "media_ports": "41000-41099",
    "ice_servers": (settings.ClientIceServer(urls=("stun:stun.example.org",)),),
    "media_token": "8b1f0c7e5d3a4b28a6c4e2f01d7b9835",
    "turn_secret": "4c5e7a9b1d0f24681357bdf9ace02468",
    "capacity": 3,
    "callback_share": 0.25,
    "segmenter": "mediapipe",
    "metrics_token": "9e2d4c6a8b0f1e3d5c7b9a8f6e4d2c0b",
    "data_keys": ("At3pQ0mVb7yXw2Ks9RtLz8Nb3cDfGhJk4MnPqSvWxYU=",),
}
PUSH = {"web_push_key": ("web_push_contact", "web_push_hosts")}
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
    volumes = [volume for service in services.values() for volume in service.get("volumes", ())]
    named = {volume.partition(":")[0] for volume in volumes if volume[0] not in "./"}

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

    assert re.findall(r"\$\{\w*(?:PASSWORD|SECRET|TOKEN|KEYS)\w*:?-", text) == []
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


def read_by(name: str) -> set[str]:
    """Return the settings that a part reads, by the text of the modules that hand them on."""
    found = set(READ_BY_EVERY_COMMAND)
    for module in READERS[name]:
        text = Path(str(module.__file__)).read_text(encoding="utf-8")
        found |= set(re.findall(r"\bsettings\.(\w+)", text)) & set(FIELDS)
        for kind in re.findall(r"settings\.project\((\w+)\)", text):
            found |= {each.name for each in dataclasses.fields(vars(module)[kind])} & set(FIELDS)
    return found


def other_value(name: str) -> object:
    if name in GIVEN:
        return GIVEN[name]
    default = settings.Settings.__dataclass_fields__[name].default
    assert isinstance(default, int | float), f"{name} needs a value in GIVEN"
    assert not isinstance(default, bool), f"{name} needs a value in GIVEN"
    return default + 1


def test_every_setting_is_some_parts_or_decided_here() -> None:
    assert read_by("web") | read_by("media") | DECIDED == set(FIELDS)
    assert {"guests_allowed", "launch_keys", "embed_origins", "record_retention_days", "waiting_limit"} <= read_by(
        "web"
    )
    assert {"media_announce", "capacity", "start_bitrate_kbps"} <= read_by("media")


@pytest.mark.parametrize("part", sorted(READERS))
@pytest.mark.parametrize("name", [name for name in FIELDS if name not in DECIDED])
def test_what_the_operator_sets_reaches_the_part_that_reads_it_and_no_other(part: str, name: str) -> None:
    wanted = other_value(name)
    set_ = {variable(each): write(other_value(each)) for each in (*_with(name), name)}

    environment = compose.load(compose.VARIABLES | set_)["services"][part]["environment"]

    if name in read_by(part):
        assert getattr(settings.load(environment), name) == wanted, f"{variable(name)} in docker-compose.yml, {part}"
    else:
        assert variable(name) not in environment, "of no use there, so not to be known there"


def _with(name: str) -> tuple[str, ...]:
    """Return the settings without which this one is refused."""
    return {"guests_allowed": ("launch_keys", "launch_issuer"), "launch_keys": ("launch_issuer",)}.get(
        name, {"webhook_url": ("webhook_secret",), "webhook_secret": ("webhook_url",)}.get(name, PUSH.get(name, ()))
    )


def test_what_the_operator_leaves_out_stays_as_the_service_has_it(services: dict[str, Any]) -> None:
    found, default = settings.load(services["web"]["environment"]), settings.Settings()

    same = read_by("web") - DECIDED - {"media_token", "turn_secret", "data_keys"}
    assert {name: getattr(found, name) for name in same} == {name: getattr(default, name) for name in same}


def test_clips_are_the_operators_folder(services: dict[str, Any]) -> None:
    there = compose.load(compose.VARIABLES | {"VIDEO_SERVICE_CLIPS_DIR": "/srv/clips"})["services"]["web"]

    assert "/srv/clips:/clips:ro" in there["volumes"]
    assert "./clips:/clips:ro" in services["web"]["volumes"]
    assert services["web"]["environment"]["VIDEO_SERVICE_CLIPS_DIR"] == "/clips"


def test_the_key_of_the_authority_is_nowhere_but_where_it_signs(services: dict[str, Any], tmp_path: Path) -> None:
    mounted = {
        name: {volume.split(":")[0]: volume.split(":")[1] for volume in service.get("volumes", ())}
        for name, service in services.items()
    }
    assert [name for name, volumes in mounted.items() if "authority" in volumes] == ["certificates"]
    assert [name for name, volumes in mounted.items() if "media-certificate" in volumes] == ["certificates", "media"]
    assert [name for name, volumes in mounted.items() if "trusted" in volumes] == ["certificates", "web"]
    for part in ("web", "media"):
        for volume in services[part]["volumes"]:
            assert volume.endswith(":ro") or volume == "video-messages:/video-messages", volume

    # The same command, with folders here in place of the volumes.
    command = [word.replace("=/", f"={tmp_path}/") for word in services["certificates"]["command"]]
    said = CliRunner().invoke(app, command)
    assert said.exit_code == 0, said.output

    found = {
        volume: {str(tmp_path) + path + "/" + file.name for file in (tmp_path / path[1:]).iterdir()}
        for volume, path in mounted["certificates"].items()
    }
    shown = dict(line.split("=") for line in said.output.split())
    for name, (part, volume) in {
        "VIDEO_SERVICE_MEDIA_TLS_CERT": ("media", "media-certificate"),
        "VIDEO_SERVICE_MEDIA_TLS_KEY": ("media", "media-certificate"),
        "VIDEO_SERVICE_MEDIA_TLS_CA": ("web", "trusted"),
    }.items():
        path = f"{tmp_path}{services[part]['environment'][name]}"
        assert shown[name] == path
        assert path in found[volume]
    assert {Path(path).name for path in found["media-certificate"] | found["trusted"]} == {
        *("media.pem", "media.key.pem", "ca.pem")
    }
    assert any(path.endswith("ca.key.pem") for path in found["authority"])


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
    assert "--require-hashes --only-binary :all: --no-binary crontab" in text
    assert "--build-constraints requirements/run.lock requirements/run.lock" in text
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
