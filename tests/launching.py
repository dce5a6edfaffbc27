"""A host application that sends customers: it signs launch tokens, good ones and others."""

from __future__ import annotations

import secrets
import time
from typing import Any

import jwt

from video_service.launch_tokens import LaunchKeys, read_keys

KID = "2026-03"
SECRET = "b1946ac92492d2347c6235b4d2611184"
OTHER_SECRET = "591785b794601e212b260e25925636fd"
ISSUER = "travel-app"
AUDIENCE = "video-service"
SETTINGS: dict[str, Any] = {
    "launch_keys": (f"{KID}:{SECRET}", f"2026-04:{OTHER_SECRET}"),
    "launch_issuer": ISSUER,
    "launch_audience": AUDIENCE,
}
KEYS = LaunchKeys(secrets=read_keys(SETTINGS["launch_keys"]), issuer=ISSUER, audience=AUDIENCE, max_age_s=300)


def claims(now_s: float | None = None, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good token that is made now; a claim that is None is left out."""
    now = int(time.time() if now_s is None else now_s)
    made = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "host-customer-17",
        "jti": secrets.token_hex(8),
        "iat": now,
        "exp": now + 120,
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def launch_token(
    now_s: float | None = None,
    *,
    secret: str = SECRET,
    kid: object = KID,
    algorithm: str = "HS256",
    **changes: Any,
) -> str:
    """Return a token, signed as a host application signs one."""
    return jwt.encode(claims(now_s, **changes), secret, algorithm=algorithm, headers={"kid": kid})
