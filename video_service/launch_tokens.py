"""Launch tokens: what a host application (a travel app) says of a customer whom it sends here, signed and short-lived.

A token is a JWT with HS256. It names nobody: `sub` is the host's own pseudonym. It says whether the host knows the
person (`verified`), never that somebody is deaf, and nothing here ever asks for that.

Signatures and the form of a token are PyJWT's work; what the claims mean, and the time, are checked here.
Source: RFC 7519 (JWT), RFC 7515 (JWS), RFC 8725 (best current practices: fixed algorithm, issuer, audience).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from video_service.errors import ServiceError
from video_service.queue_names import PATTERN
from video_service.settings_text import BadSetting

ALGORITHM = "HS256"
MAX_TOKEN_BYTES = 2_048
SKEW_S = 30  # how far the host's clock may be off
LEAST_SECRET_CHARACTERS = 32  # RFC 7518 section 3.2: a key as long as the hash
LEAST_DIFFERENT_CHARACTERS = 8

_KEY = re.compile(r"([A-Za-z0-9._-]{1,64}):([A-Za-z0-9_+/=.~-]+)")
# What is no plain text on one line: control, format (also those that turn the direction of writing), line ends.
_NOT_PLAIN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

NEED = "^[A-Za-z0-9_-]{1,64}(:[1-3])?$"

UrgentReason = Literal["airport", "hotel", "car", ""]


class LaunchRefused(ServiceError):
    """The link into the service cannot be used; open it again from the app."""

    code: ClassVar[str] = "launch_refused"


class LaunchOff(LaunchRefused):
    """This service takes no launch tokens; VIDEO_SERVICE_LAUNCH_KEYS has none."""

    code: ClassVar[str] = "launch_off"


class LaunchTooLarge(LaunchRefused):
    """The launch token is longer than 2048 bytes."""

    code: ClassVar[str] = "launch_too_large"


class LaunchUnreadable(LaunchRefused):
    """The launch token is no JWT, or a claim is missing, of the wrong type, or out of its bounds."""

    code: ClassVar[str] = "launch_unreadable"


class LaunchAlgorithm(LaunchRefused):
    """The launch token is signed in another way than HS256, or not at all."""

    code: ClassVar[str] = "launch_algorithm"


class LaunchForged(LaunchRefused):
    """The signature of the launch token is not that of a key that is known here."""

    code: ClassVar[str] = "launch_forged"


class LaunchElsewhere(LaunchRefused):
    """The launch token was made by somebody else, or for another service."""

    code: ClassVar[str] = "launch_elsewhere"


class LaunchExpired(LaunchRefused):
    """The launch token has expired; open the service again from the app."""

    code: ClassVar[str] = "launch_expired"


class LaunchEarly(LaunchRefused):
    """The launch token lies in the future; the clock of whoever made it is wrong."""

    code: ClassVar[str] = "launch_early"


class LaunchUsed(LaunchRefused):
    """The launch token was used before; each opens the service once."""

    code: ClassVar[str] = "launch_used"


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of a token that was found good. Times are whole seconds since 1970 (`NumericDate`)."""

    iss: str
    sub: Annotated[str, Meta(min_length=1, max_length=128)]
    jti: Annotated[str, Meta(min_length=8, max_length=128)]
    iat: Annotated[int, Meta(ge=0, le=2**40)]
    exp: Annotated[int, Meta(ge=0, le=2**40)]
    nbf: Annotated[int, Meta(ge=0, le=2**40)] = 0
    verified: bool = False
    vip: bool = False
    sign_language: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*\Z")] = ""
    needs: Annotated[tuple[Annotated[str, Meta(pattern=NEED)], ...], Meta(max_length=8)] = ()
    queue: Annotated[str, Meta(pattern=rf"^({PATTERN})?\Z")] = ""
    urgent: bool = False
    reason: UrgentReason = ""
    context: Annotated[str, Meta(max_length=200)] = ""

    @property
    def person(self) -> str:
        """The customer's pseudonymous id here: the same at each visit, and not the host's own."""
        digest = hashlib.sha256(f"launch|{self.iss}|{self.sub}".encode()).hexdigest()
        return f"c-{digest[:20]}"

    @property
    def digest(self) -> str:
        """What is kept of the token, to know it again."""
        return hashlib.sha256(f"{self.iss}|{self.jti}".encode()).hexdigest()[:32]


class LaunchKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Whose tokens are taken, and how long they may live. `secrets` by `kid`; none: no tokens are taken."""

    secrets: Mapping[str, bytes]
    issuer: str
    audience: str
    max_age_s: int

    def read(self, token: str, *, now_s: float) -> Launch:
        """Return the claims of a token that is good at `now_s` (seconds since 1970); use it up with `Launch.digest`.

        Raises:
            LaunchRefused: each kind of fault has its own class.
        """
        if not self.secrets:
            raise LaunchOff
        if len(token.encode("utf-8", "surrogatepass")) > MAX_TOKEN_BYTES:
            raise LaunchTooLarge
        launch = _claims(self._verified(token))
        if launch.exp - launch.iat > self.max_age_s:
            raise LaunchUnreadable("A launch token lives too long.", max_age_s=self.max_age_s)
        if max(launch.iat, launch.nbf) > now_s + SKEW_S:
            raise LaunchEarly
        if launch.exp <= now_s - SKEW_S:
            raise LaunchExpired
        return launch

    def _verified(self, token: str) -> dict[str, Any]:
        import jwt  # not above: every process reads the settings and with them this file; few read tokens

        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise LaunchUnreadable from error
        if header.get("alg") != ALGORITHM:
            raise LaunchAlgorithm
        kid = header.get("kid", "")
        secret = self.secrets.get(kid) if isinstance(kid, str) else None
        if secret is None:
            raise LaunchForged
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                secret,
                algorithms=[ALGORITHM],
                audience=self.audience,
                issuer=self.issuer,
                # The time is checked with the service's own clock.
                options={
                    "require": ["iss", "aud", "sub", "jti", "iat", "exp"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidSignatureError as error:
            raise LaunchForged from error
        except (jwt.InvalidIssuerError, jwt.InvalidAudienceError) as error:
            raise LaunchElsewhere from error
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise LaunchUnreadable from error
        return claims


def read_keys(lines: tuple[str, ...]) -> dict[str, bytes]:
    """Return the secrets of the setting `launch_keys` by their `kid`.

    Raises:
        BadSetting: an entry is not KID:SECRET, its secret can be guessed, or a KID comes twice. No secret is named.
    """
    found: dict[str, bytes] = {}
    for number, line in enumerate(lines, start=1):
        match = _KEY.fullmatch(line)
        if match is None:
            raise BadSetting(f"VIDEO_SERVICE_LAUNCH_KEYS: entry {number} is not KID:SECRET.")
        kid, secret = match.groups()
        if len(secret) < LEAST_SECRET_CHARACTERS or len(set(secret)) < LEAST_DIFFERENT_CHARACTERS:
            raise BadSetting(
                f"VIDEO_SERVICE_LAUNCH_KEYS: the secret of {kid!r} can be guessed: it must have at least "
                f"{LEAST_SECRET_CHARACTERS} random characters (openssl rand -hex 32 makes 64)."
            )
        if kid in found:
            raise BadSetting(f"VIDEO_SERVICE_LAUNCH_KEYS has {kid!r} twice.")
        found[kid] = secret.encode()
    return found


def _claims(claims: dict[str, Any]) -> Launch:
    try:
        launch = msgspec.convert(claims, type=Launch)
    except msgspec.ValidationError as error:
        raise LaunchUnreadable from error
    if any(unicodedata.category(character) in _NOT_PLAIN for character in launch.context):
        raise LaunchUnreadable("The context of a launch token is plain text on one line.")
    if launch.vip and not launch.verified:
        raise LaunchUnreadable("A launch token calls somebody VIP whom the host does not know.")
    if launch.reason and not launch.urgent:
        raise LaunchUnreadable("A launch token has a reason and is not urgent.")
    return launch
