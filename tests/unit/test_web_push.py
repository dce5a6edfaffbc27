"""What a push service is shown: who sends, to which of the operator's hosts, and nothing else."""

from __future__ import annotations

import base64

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from video_service.settings_text import BadSetting
from video_service.web_push import BadPushAddress, Sender, address_of, authorization, read_sender

pytestmark = pytest.mark.unit

KEY = base64.urlsafe_b64encode(bytes(range(1, 33))).decode().rstrip("=")
CONTACT = "mailto:operator@example.org"
HOSTS = ("push.example.org", "push.example.org:8443")
NOW_S = 1_800_000_000


@pytest.fixture
def sender() -> Sender:
    made = read_sender(KEY, CONTACT, HOSTS)
    assert made is not None
    return made


def test_without_a_key_nobody_sends() -> None:
    assert read_sender("", "", ()) is None


@pytest.mark.parametrize(
    ("key", "contact", "hosts", "named"),
    [
        ("short", CONTACT, HOSTS, "KEY"),
        ("A" * 43, CONTACT, HOSTS, "KEY"),
        ("_" * 42 + "8", CONTACT, HOSTS, "KEY"),
        (KEY, "", HOSTS, "CONTACT"),
        (KEY, "operator", HOSTS, "CONTACT"),
        (KEY, CONTACT, (), "HOSTS"),
        (KEY, CONTACT, ("https://push.example.org",), "HOSTS"),
        (KEY, CONTACT, ("*.example.org",), "HOSTS"),
    ],
    ids=["short", "zero", "too large", "nobody", "no address", "no hosts", "no host", "a star"],
)
def test_half_a_setting_is_refused_by_its_name(key: str, contact: str, hosts: tuple[str, ...], named: str) -> None:
    with pytest.raises(BadSetting, match=f"WEB_PUSH_{named}") as refused:
        read_sender(key, contact, hosts)
    assert key not in str(refused.value) or len(key) < 10


def test_the_token_says_who_sends_to_whom_for_half_a_day(sender: Sender) -> None:
    scheme, _, rest = authorization(sender, "https://push.example.org", NOW_S).partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert scheme == "vapid"
    point = base64.urlsafe_b64decode(parts["k"] + "=")
    assert len(point) == 65
    assert parts["k"] == sender.public
    public = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    said = jwt.decode(
        parts["t"],
        public,
        algorithms=["ES256"],
        audience="https://push.example.org",
        options={"verify_exp": False},
    )
    assert said == {"aud": "https://push.example.org", "exp": NOW_S + 43_200, "sub": CONTACT}


def test_addresses_are_of_the_hosts_that_were_named() -> None:
    address = address_of("https://push.example.org/send/a?b=c", HOSTS)
    assert (address.host, address.port, address.target) == ("push.example.org", 443, "/send/a?b=c")
    assert address.origin == "https://push.example.org"
    assert address_of("https://push.example.org:8443/x", HOSTS).port == 8443


def test_a_dot_before_a_host_names_every_host_below_it() -> None:
    below = (".notify.example.org",)
    assert address_of("https://am3p.notify.example.org/w?token=x", below).host == "am3p.notify.example.org"
    for url in ("https://notify.example.org/w", "https://u@a.notify.example.org/w", "https://a.notify.example.org:1/w"):
        with pytest.raises(BadPushAddress):
            address_of(url, below)


@pytest.mark.parametrize(
    "url",
    [
        "http://push.example.org/x",
        "https://push.example.org.evil.example/x",
        "https://evil.example/push.example.org",
        "https://push.example.org@evil.example/x",
        "https://user@push.example.org/x",
        "https://push.example.org:443443/x",
        "https://push.example.org:99/x",
        "https://127.0.0.1/x",
        "https://push.example.org/x\r\nHost: evil",
        "https://push.example.org/" + "x" * 1_000,
        "ftp://push.example.org/x",
        "",
    ],
)
def test_no_other_address_is_ever_connected_to(url: str) -> None:
    with pytest.raises(BadPushAddress):
        address_of(url, HOSTS)
