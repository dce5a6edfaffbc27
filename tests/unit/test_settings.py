from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from media.settings import MediaSettings
from signaling.policy import Policy
from video_service import settings
from video_service.settings import BadSetting, ClientIceServer, Settings
from video_service.settings_text import read_env_file

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_set_gives_the_defaults() -> None:
    assert settings.load({}) == Settings()


def test_an_empty_variable_counts_as_not_set() -> None:
    assert settings.load({"VIDEO_SERVICE_PORT": "  "}).port == Settings().port


def test_a_flag_goes_before_the_environment() -> None:
    found = settings.load({"VIDEO_SERVICE_PORT": "1000", "VIDEO_SERVICE_HOST": "::1"}, port=2000, host=None)

    assert (found.port, found.host) == (2000, "::1")


def test_the_environment_of_a_child_gives_the_same_settings() -> None:
    original = Settings(
        port=0,
        redis_url="redis://127.0.0.1:1/0",
        data_dir=Path("/srv/a b"),
        media_bind=("127.0.0.1", "::1"),
        capacity=3,
        ring_timeout_s=0.123456789,
        ice_servers=(ClientIceServer(urls=("turn:turn.example.org",), username="u", credential="c"),),
        media_token="t" * 32,
    )

    assert settings.load(original.to_environment()) == original


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("VIDEO_SERVICE_PORT", "web", "VIDEO_SERVICE_PORT must be a whole number, not 'web'."),
        ("VIDEO_SERVICE_PORT", "70000", "VIDEO_SERVICE_PORT must be from 0 to 65535, not 70000."),
        ("VIDEO_SERVICE_RING_TIMEOUT_S", "soon", "VIDEO_SERVICE_RING_TIMEOUT_S must be a number, not 'soon'."),
        ("VIDEO_SERVICE_RING_TIMEOUT_S", "nan", "VIDEO_SERVICE_RING_TIMEOUT_S must be from 0.05 to 600 s, not nan."),
        ("VIDEO_SERVICE_LOG_FORMAT", "xml", "VIDEO_SERVICE_LOG_FORMAT must be one of auto, console, json, not 'xml'."),
        (
            "VIDEO_SERVICE_POOL",
            "{a}",
            "VIDEO_SERVICE_POOL must be small letters, digits and hyphens, at most 32.",
        ),
        (
            "VIDEO_SERVICE_MEDIA_PORTS",
            "50000-40000",
            "VIDEO_SERVICE_MEDIA_PORTS must be a range such as 40000-40199, from 1024 to 65535.",
        ),
        ("VIDEO_SERVICE_MEDIA_BIND", "127.0.0.1, eth0", "VIDEO_SERVICE_MEDIA_BIND: 'eth0' is not an IP address."),
        (
            "VIDEO_SERVICE_MEDIA_ANNOUNCE",
            "example.org",
            "VIDEO_SERVICE_MEDIA_ANNOUNCE: 'example.org' is not an IP address.",
        ),
        ("VIDEO_SERVICE_MEDIA_LISTEN", "here", "VIDEO_SERVICE_MEDIA_LISTEN must be HOST:PORT, not 'here'."),
        ("VIDEO_SERVICE_MEDIA_TOKEN", "short", "VIDEO_SERVICE_MEDIA_TOKEN must have at least 32 characters."),
        (
            "VIDEO_SERVICE_TIME_ZONE",
            "Mars/Base",
            "VIDEO_SERVICE_TIME_ZONE: 'Mars/Base' is not a time zone known here.",
        ),
        (
            "VIDEO_SERVICE_PUBLIC_URL",
            "calls.example.org",
            "VIDEO_SERVICE_PUBLIC_URL must be like https://calls.example.org, without a path.",
        ),
        (
            "VIDEO_SERVICE_MAX_BITRATE_KBPS",
            "100",
            "VIDEO_SERVICE_START_BITRATE_KBPS must lie between the least and the greatest bitrate.",
        ),
    ],
)
def test_a_bad_value_is_a_sentence_that_names_the_variable(name: str, value: str, sentence: str) -> None:
    with pytest.raises(BadSetting) as raised:
        settings.load({name: value})

    assert str(raised.value) == sentence


@pytest.mark.parametrize("value", ["[", "{}", '[{"url": "stun:a"}]', '[{"urls": "stun:a"}]'])
def test_ice_servers_are_a_list_as_in_the_browser(value: str) -> None:
    with pytest.raises(BadSetting, match="VIDEO_SERVICE_ICE_SERVERS must be a JSON list"):
        settings.load({"VIDEO_SERVICE_ICE_SERVERS": value})


def test_a_secret_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(BadSetting) as raised:
        settings.load({"VIDEO_SERVICE_ICE_SERVERS": '[{"urls": "turn:a", "credential":"canary"'})
    assert "canary" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_worker_for_other_machines_needs_encryption_and_a_token() -> None:
    with pytest.raises(BadSetting, match="travel encrypted"):
        settings.load({"VIDEO_SERVICE_MEDIA_LISTEN": "0.0.0.0:9000"})


def test_an_address_of_version_6_is_taken_in_brackets() -> None:
    found = Settings(media_listen="[::1]:9000", media_token="t" * 32, media_tls_cert="a.pem", media_tls_key="b.pem")

    assert found.media_listen == "[::1]:9000"


def test_secrets_are_not_shown() -> None:
    shown = repr(Settings(media_token="t" * 32, redis_url="redis://user:word@host"))

    assert "ttt" not in shown
    assert "word" not in shown
    assert "port=8080" in shown


def test_a_typing_error_in_a_name_is_found() -> None:
    environment = {"VIDEO_SERVICE_PROT": "1", "VIDEO_SERVICE_PORT": "1", "PATH": "/bin"}

    assert settings.unknown_variables(environment) == ["VIDEO_SERVICE_PROT"]


def test_the_example_file_is_current() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == settings.example(), (
        "write it anew: video-service settings --example > .env.example"
    )


def test_the_example_file_holds_the_defaults(tmp_path: Path) -> None:
    uncommented = [
        line.removeprefix("#") for line in settings.example().splitlines() if line[:1] == "#" and line[1:2] not in " "
    ]
    file = tmp_path / ".env"
    file.write_text("\n".join(uncommented), encoding="utf-8")
    found = read_env_file(file)

    assert len(found) == len(dataclasses.fields(Settings))
    assert settings.load(found) == Settings()


def test_an_env_file_may_have_quotes_and_comments(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# a\n\nA='b c'\nB = \"d\"\nC=e=f\n", encoding="utf-8")

    assert read_env_file(file) == {"A": "b c", "B": "d", "C": "e=f"}


def test_a_bad_line_of_an_env_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=1\nnonsense\n", encoding="utf-8")

    with pytest.raises(BadSetting, match=r"line 2 is not NAME=value\."):
        read_env_file(file)


def test_there_is_a_worker_for_every_core(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for cores in (None, 1, 2, 8):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        found[cores] = Settings().workers_to_start()

    assert found == {None: 1, 1: 1, 2: 2, 8: 8}
    assert Settings(media_workers=3).workers_to_start() == 3


def test_the_media_engine_gets_every_field_that_it_has() -> None:
    names = {each.name for each in dataclasses.fields(MediaSettings)}

    assert names <= {each.name for each in dataclasses.fields(Settings)}
    assert Settings().project(MediaSettings) == MediaSettings()
    assert Settings(media_bind=("127.0.0.1",)).project(MediaSettings).media_bind == ("127.0.0.1",)


def test_the_rules_of_the_house_have_the_same_defaults_for_operators() -> None:
    shared = {each.name for each in dataclasses.fields(Policy)} & {each.name for each in dataclasses.fields(Settings)}

    assert Settings().project(Policy) == Policy()
    assert len(shared) == 28


def test_a_port_range_is_two_numbers() -> None:
    assert MediaSettings(media_ports="40000-40199").port_range() == (40000, 40199)
    assert MediaSettings().port_range() is None
