from __future__ import annotations

import base64
import hashlib
import hmac
import math

import pytest

from video_service import settings, turn
from video_service.settings import BadSetting, Settings
from video_service.settings_text import ClientIceServer
from video_service.turn import ClientIce

pytestmark = pytest.mark.unit

SECRET = "0123456789abcdef0123456789abcdef"
URL = "turn:turn.example.org:3478?transport=udp"
STUN = ClientIceServer(urls=("stun:stun.example.org",))


def make(now_s: float = 1_800_000_000.0, **changes: object) -> ClientIce:
    given = {"turn_urls": (URL,), "turn_secret": SECRET, "turn_ttl_s": 3600, "now_s": lambda: now_s}
    return ClientIce((STUN,), **(given | changes))  # type: ignore[arg-type]


def test_a_password_is_the_signature_of_its_name() -> None:
    name, password = turn.credentials(SECRET, "abc", expires_s=1_800_003_600)

    assert name == "1800003600:abc"
    assert base64.b64decode(password) == hmac.digest(SECRET.encode(), name.encode(), hashlib.sha1)


def test_every_page_gets_a_name_of_its_own_that_ends() -> None:
    ice = make()

    first, second = (ice.servers() for _ in range(2))

    assert first[0] == second[0] == STUN
    assert first[1].urls == (URL,)
    assert first[1].username.startswith("1800003600:")
    assert first[1].username != second[1].username
    assert first[1].credential != second[1].credential
    assert ice.renew_after_s == 1800


def test_without_a_turn_server_nothing_is_added_and_nothing_ends() -> None:
    ice = make(turn_urls=(), turn_secret="")

    assert ice.servers() == (STUN,)
    assert ice.renew_after_s == math.inf


def test_there_is_no_turn_server_unless_one_is_named() -> None:
    assert Settings().turn_urls == ()
    assert Settings().turn_secret == ""


@pytest.mark.parametrize(
    "weak", ["", "short", "x" * 64, "changeme" * 8, "secret" * 10, "0123456789abcdef0123456789abcde"]
)
def test_a_secret_that_can_be_guessed_is_weak(weak: str) -> None:
    assert turn.is_weak(weak)


@pytest.mark.parametrize("strong", [SECRET, hashlib.sha256(b"x").hexdigest(), "Ztn5pPaXSMwkPCpX4eVn6cLHpQ3tWcbz"])
def test_a_secret_as_the_documentation_makes_them_is_not(strong: str) -> None:
    assert not turn.is_weak(strong)


@pytest.mark.parametrize(
    "url", [URL, "turn:10.0.0.1", "turns:turn.example.org:443?transport=tcp", "turn:[2001:db8::1]:3478"]
)
def test_addresses_that_browsers_take(url: str) -> None:
    assert turn.is_turn_url(url)
    assert settings.load({"VIDEO_SERVICE_TURN_URLS": url, "VIDEO_SERVICE_TURN_SECRET": SECRET}).turn_urls == (url,)


@pytest.mark.parametrize(
    "url", ["turn.example.org", "stun:turn.example.org", "turn:", "turn:a b", "turn:a?x=1", "turn:-a"]
)
def test_an_address_that_browsers_refuse_is_a_sentence(url: str) -> None:
    with pytest.raises(BadSetting, match=r"VIDEO_SERVICE_TURN_URLS: .* is not like turn:turn\.example\.org"):
        settings.load({"VIDEO_SERVICE_TURN_URLS": url, "VIDEO_SERVICE_TURN_SECRET": SECRET})


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"VIDEO_SERVICE_TURN_URLS": URL}, "go together: both, or neither"),
        ({"VIDEO_SERVICE_TURN_SECRET": SECRET}, "go together: both, or neither"),
        ({"VIDEO_SERVICE_TURN_URLS": URL, "VIDEO_SERVICE_TURN_SECRET": "changeme" * 8}, "can be guessed"),
    ],
)
def test_half_a_turn_server_and_a_weak_secret_are_sentences(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadSetting, match=sentence) as refused:
        settings.load(environment)

    assert "changeme" not in str(refused.value)


def test_the_secret_is_never_shown() -> None:
    found = Settings(turn_urls=(URL,), turn_secret=SECRET)

    assert SECRET not in repr(found) + "".join(found.shown())
    assert settings.load(found.to_environment()) == found
