"""Settings as text: what a field says of itself, and how values come from and go to environment variables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from video_service.errors import ServiceError

PREFIX = "VIDEO_SERVICE_"
OWN_NAMES = {"redis_url": "REDIS_URL"}  # the name that hosting platforms use
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class BadSetting(ServiceError):
    """A setting has a value that cannot be used."""

    code: ClassVar[str] = "bad_setting"


class ClientIceServer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One STUN or TURN server that pages use, as RTCIceServer in the browser."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""


@dataclass(frozen=True, slots=True)
class Says:
    """What a setting says of itself: a sentence, its unit, its bounds, and whether it must never be shown."""

    text: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False

    def bounds(self) -> str:
        """Return the bounds in words, or an empty text."""
        if self.low is None or self.high is None:
            return ""
        return f"from {self.low:g} to {self.high:g} {self.unit}".rstrip()


def variable(name: str) -> str:
    """Return the environment variable of the setting `name`."""
    return OWN_NAMES.get(name, PREFIX + name.upper())


def read(name: str, kind: Any, raw: str, *, secret: bool = False) -> Any:
    """Turn the text of the variable of setting `name` into a value of `kind`; a `secret` text is not repeated.

    Raises:
        BadSetting: the text is not of that kind.
    """
    try:
        if kind is bool:
            return _YES_NO[raw.lower()]
        if kind in (int, int | None):
            return int(raw)
        if kind is float:
            return float(raw)
        if kind is Path:
            return Path(raw)
        if kind == tuple[str, ...]:
            return tuple(part.strip() for part in raw.split(",") if part.strip())
        if kind == tuple[ClientIceServer, ...]:
            return msgspec.json.decode(raw.encode(), type=tuple[ClientIceServer, ...])
        return raw
    except (KeyError, ValueError, msgspec.DecodeError) as error:
        found = "what it is" if secret else repr(raw)
        raise BadSetting(f"{variable(name)} must be {_in_words(kind)}, not {found}.") from (None if secret else error)


def write(value: object) -> str:
    """Return the text that `read` turns into `value`; an empty text stands for an empty value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        if value and isinstance(value[0], ClientIceServer):
            return msgspec.json.encode(value).decode()
        return ",".join(str(part) for part in value)
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return str(value)


def check(name: str, says: Says, value: object) -> None:
    """Hold a value against its choices and bounds.

    Raises:
        BadSetting: it is not one of the choices, or out of bounds (not a number is always out of bounds).
    """
    if says.choices and value not in says.choices:
        raise BadSetting(f"{variable(name)} must be one of {', '.join(says.choices)}, not {value!r}.")
    if says.low is None or says.high is None or not isinstance(value, int | float):
        return
    if not says.low <= value <= says.high:
        raise BadSetting(f"{variable(name)} must be {says.bounds()}, not {value:g}.")


def read_env_file(path: Path) -> dict[str, str]:
    """Return the `NAME=value` lines of an .env file; quotes around a value are taken off, `#` lines are left out.

    Raises:
        BadSetting: a line is neither empty, a comment, nor NAME=value.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise BadSetting(f"{path} line {number} is not NAME=value.")
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        found[name] = value
    return found


def _in_words(kind: Any) -> str:
    if kind is bool:
        return "yes or no"
    if kind in (int, int | None):
        return "a whole number"
    if kind is float:
        return "a number"
    return 'a JSON list such as [{"urls": ["stun:stun.example.org"]}]'
