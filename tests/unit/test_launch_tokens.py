"""Launch tokens: what is taken, and what is refused with which code."""

from __future__ import annotations

import base64
import json
from typing import Any

import hypothesis
import hypothesis.strategies as st
import jwt
import pytest

from tests.launching import KEYS, KID, OTHER_SECRET, SECRET, claims, launch_token
from video_service import settings
from video_service.launch_tokens import (
    MAX_TOKEN_BYTES,
    SKEW_S,
    LaunchAlgorithm,
    LaunchEarly,
    LaunchElsewhere,
    LaunchExpired,
    LaunchForged,
    LaunchKeys,
    LaunchOff,
    LaunchRefused,
    LaunchTooLarge,
    LaunchUnreadable,
)
from video_service.settings_text import BadSetting

pytestmark = pytest.mark.unit

NOW_S = 1_772_413_200


def read(token: str, *, at_s: float = NOW_S) -> Any:
    return KEYS.read(token, now_s=at_s)


def unsigned(header: object, body: object) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, body))
    return ".".join((*parts, ""))


def test_a_good_token_says_who_comes_and_about_what() -> None:
    launch = read(
        launch_token(
            NOW_S,
            verified=True,
            vip=True,
            sign_language="hksl",
            urgent=True,
            reason="airport",
            context="订单 K-1029",
            name="x",
        )
    )
    assert launch.vip
    assert (launch.verified, launch.sign_language, launch.urgent, launch.reason) == (True, "hksl", True, "airport")
    assert launch.context == "订单 K-1029"


def test_a_token_needs_to_say_nothing_but_who_made_it_for_whom_and_when() -> None:
    launch = read(launch_token(NOW_S))
    assert (launch.verified, launch.sign_language, launch.urgent, launch.reason, launch.context) == (
        False,
        "",
        False,
        "",
        "",
    )


def test_a_person_is_the_same_at_each_visit_and_is_not_the_hosts_own_id() -> None:
    first, again = read(launch_token(NOW_S)), read(launch_token(NOW_S))
    assert first.person == again.person
    assert "host-customer" not in first.person
    assert first.digest != again.digest
    assert read(launch_token(NOW_S, sub="another")).person != first.person


def test_an_older_and_a_newer_key_are_both_taken() -> None:
    assert read(launch_token(NOW_S, secret=OTHER_SECRET, kid="2026-04"))
    with pytest.raises(LaunchForged):
        read(launch_token(NOW_S, secret=OTHER_SECRET, kid=KID))
    with pytest.raises(LaunchForged):
        read(launch_token(NOW_S, kid="2025-01"))


@pytest.mark.parametrize("after_s", [-SKEW_S, 0, 119, 120 + SKEW_S - 1])
def test_a_token_is_good_while_it_lives_give_or_take_the_skew(after_s: int) -> None:
    assert read(launch_token(NOW_S), at_s=NOW_S + after_s)


def test_an_expired_token_is_refused() -> None:
    with pytest.raises(LaunchExpired):
        read(launch_token(NOW_S), at_s=NOW_S + 120 + SKEW_S)


@pytest.mark.parametrize("changes", [{"iat": NOW_S + SKEW_S + 1}, {"nbf": NOW_S + SKEW_S + 1}])
def test_a_token_of_the_future_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(LaunchEarly):
        read(launch_token(NOW_S, **changes))


def test_a_token_that_would_live_too_long_is_refused() -> None:
    with pytest.raises(LaunchUnreadable, match="too long"):
        read(launch_token(NOW_S, exp=NOW_S + 301))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_refused(algorithm: str) -> None:
    with pytest.raises(LaunchAlgorithm):
        read(launch_token(NOW_S, secret=SECRET * 2, algorithm=algorithm))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, "RS256", "hs256", 1, ["HS256"]])
def test_a_token_that_is_not_signed_is_refused(algorithm: object) -> None:
    with pytest.raises((LaunchAlgorithm, LaunchUnreadable)) as refused:
        read(unsigned({"alg": algorithm, "kid": KID}, claims(NOW_S)))
    if algorithm == "none":
        assert refused.value.code == "launch_algorithm"


def test_a_forged_token_is_refused() -> None:
    head, body, signature = launch_token(NOW_S).split(".")
    other = launch_token(NOW_S, verified=True).split(".")[1]
    for token in (
        launch_token(NOW_S, secret="0123456789abcdef" * 2),
        f"{head}.{other}.{signature}",
        f"{head}.{body}.{signature[:-3]}",
        f"{head}.{body}.",
    ):
        with pytest.raises(LaunchForged):
            read(token)


def test_a_token_too_long_is_not_even_looked_at() -> None:
    for token in (launch_token(NOW_S, padding="x" * MAX_TOKEN_BYTES), "x" * (MAX_TOKEN_BYTES + 1), "漢" * 700):
        with pytest.raises(LaunchTooLarge):
            read(token)


@pytest.mark.parametrize(
    "changes",
    [{"iss": "somebody"}, {"aud": "another-service"}, {"aud": ["a", "b"]}, {"iss": ""}],
)
def test_a_token_of_or_for_somebody_else_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(LaunchElsewhere):
        read(launch_token(NOW_S, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        *({name: None} for name in ("iss", "aud", "sub", "jti", "iat", "exp")),
        {"sub": ""},
        {"sub": "x" * 129},
        {"jti": "short"},
        {"exp": "soon"},
        {"exp": True},
        {"exp": NOW_S + 60.5},
        {"verified": "yes"},
        {"vip": True},
        {"sign_language": "two words"},
        {"urgent": 1},
        {"urgent": True, "reason": "because"},
        {"reason": "airport"},
        {"context": "x" * 201},
        {"context": "two\nlines"},
        {"context": "turned \u202e around"},
        {"context": "a \x00 b"},
        {"context": ["x"]},
    ],
)
def test_claims_that_are_missing_or_wrong_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(LaunchUnreadable):
        read(launch_token(NOW_S, **changes))


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "...", "é.é.é", "\ud800", unsigned([], {}), unsigned({"alg": "HS256"}, {}), "[" * 2000]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises((LaunchUnreadable, LaunchForged)):
        read(token)


def test_headers_that_ask_for_more_are_refused() -> None:
    for headers in ({"crit": ["exp"]}, {"crit": ["b64"], "b64": False}):
        token = jwt.encode(claims(NOW_S), SECRET, headers={"kid": KID, **headers})
        with pytest.raises(LaunchRefused):
            read(token)
    for kid in (None, 1, [KID], {"a": "b"}):
        with pytest.raises(LaunchRefused):
            read(unsigned({"alg": "HS256", "kid": kid}, claims(NOW_S)))


def test_without_keys_nothing_is_taken() -> None:
    off = LaunchKeys(secrets={}, issuer="", audience="video-service", max_age_s=300)
    with pytest.raises(LaunchOff):
        off.read(launch_token(NOW_S), now_s=NOW_S)


@hypothesis.given(st.text(max_size=300) | st.lists(st.text("abcEJ0-_=", max_size=60), max_size=4).map(".".join))
def test_whatever_comes_is_refused_with_a_code(token: str) -> None:
    with pytest.raises(LaunchRefused) as refused:
        read(token)
    assert refused.value.code.startswith("launch_")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("secret", "VIDEO_SERVICE_LAUNCH_KEYS: entry 1 is not KID:SECRET."),
        ("a:short", "the secret of 'a' can be guessed"),
        (f"a:{'x' * 64}", "the secret of 'a' can be guessed"),
        (f"a:{'changeme' * 8}", "the secret of 'a' can be guessed"),
        (f"a:{SECRET},a:{OTHER_SECRET}", "VIDEO_SERVICE_LAUNCH_KEYS has 'a' twice."),
        (f"a:{SECRET}", "VIDEO_SERVICE_LAUNCH_KEYS needs VIDEO_SERVICE_LAUNCH_ISSUER"),
    ],
)
def test_keys_that_can_be_guessed_are_refused_at_the_start(value: str, sentence: str) -> None:
    with pytest.raises(BadSetting) as refused:
        settings.load({"VIDEO_SERVICE_LAUNCH_KEYS": value})
    assert sentence in str(refused.value)
    assert SECRET not in str(refused.value)


def test_keys_are_read_and_never_shown() -> None:
    loaded = settings.load(
        {"VIDEO_SERVICE_LAUNCH_KEYS": f"a:{SECRET}, b:{OTHER_SECRET}", "VIDEO_SERVICE_LAUNCH_ISSUER": "app"}
    )
    assert len(loaded.launch_keys) == 2
    assert SECRET not in repr(loaded) + "".join(loaded.shown())
    assert settings.load(loaded.to_environment()) == loaded


def test_a_service_that_nobody_could_call_does_not_start() -> None:
    with pytest.raises(BadSetting, match="nobody could call"):
        settings.load({"VIDEO_SERVICE_GUESTS_ALLOWED": "no"})
    with pytest.raises(BadSetting, match="must be yes or no, not 'maybe'"):
        settings.load({"VIDEO_SERVICE_GUESTS_ALLOWED": "maybe"})


@pytest.mark.parametrize("value", ["example.org", "https://a/b", "https://*", "ftp://a", "https://a b"])
def test_a_site_that_may_embed_is_an_origin(value: str) -> None:
    with pytest.raises(BadSetting, match="VIDEO_SERVICE_EMBED_ORIGINS"):
        settings.load({"VIDEO_SERVICE_EMBED_ORIGINS": value})
