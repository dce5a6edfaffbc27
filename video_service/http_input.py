"""Reading what a request says, and who sends it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar, TypeVar

import msgspec
from quart import g, request

from video_service.accounts import Account
from video_service.errors import ServiceError
from video_service.security import SESSION_COOKIE, NotJson
from video_service.services import services

T = TypeVar("T")

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)


class BadRequest(ServiceError):
    """The request cannot be read: no JSON, a field of the wrong type, or one that is not known."""

    code: ClassVar[str] = "bad_request"


class BadTime(ServiceError):
    """A time is ISO 8601 with a zone, such as 2026-03-02T09:00:00+08:00."""

    code: ClassVar[str] = "bad_time"


class SignInFirst(ServiceError):
    """This needs somebody who is signed in."""

    code: ClassVar[str] = "sign_in_first"


class WrongRole(ServiceError):
    """This account may not do that."""

    code: ClassVar[str] = "wrong_role"


async def body(kind: type[T]) -> T:
    """Return the JSON body of the request as `kind`.

    Raises:
        NotJson: its content type is another.
        BadRequest: it cannot be read as that.
        RequestEntityTooLarge, RequestTimeout: it is too long, or does not come (werkzeug's).
    """
    if request.mimetype != "application/json":
        raise NotJson
    raw = await request.get_data(cache=False)
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRequest from error


def moment_ms(text: str) -> int:
    """Return an ISO 8601 time with a zone as milliseconds since 1970-01-01T00:00Z.

    Raises:
        BadTime: it is not readable, has no zone, or lies outside of 2000 to 2099.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadTime from error
    if moment.tzinfo is None or not _EARLIEST <= moment < _LATEST:
        raise BadTime
    return round(moment.timestamp() * 1000)


def iso(ms: int) -> str:
    """Return milliseconds since 1970-01-01T00:00Z as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span_ms(*, default_from_ms: int, default_to_ms: int) -> tuple[int, int]:
    """Return the query's `from` and `to` as milliseconds.

    Raises:
        BadTime: one is not readable, or `to` is not after `from`.
    """
    from_ms = _query_ms("from", default_from_ms)
    to_ms = _query_ms("to", default_to_ms)
    if to_ms <= from_ms:
        raise BadTime("The time `to` must lie after `from`.")
    return from_ms, to_ms


def query_number(name: str, default: int, *, low: int, high: int) -> int:
    """Return a whole number of the query.

    Raises:
        BadRequest: it is none, or out of its bounds.
    """
    text = request.args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and low <= int(text) <= high):
        raise BadRequest(f"{name} must be a whole number from {low} to {high}.")
    return int(text)


async def who() -> Account | None:
    """Return who is signed in, looked up once a request."""
    if "account" not in g:
        g.account = await services().web_sessions.account(request.cookies.get(SESSION_COOKIE))
    found: Account | None = g.account
    return found


async def one_of(*roles: str) -> Account:
    """Return who is signed in; without roles, whoever it is.

    Raises:
        SignInFirst: nobody is.
        WrongRole: somebody with another role.
    """
    account = await who()
    if account is None:
        raise SignInFirst
    if roles and account.role not in roles:
        raise WrongRole
    return account


def _query_ms(name: str, default_ms: int) -> int:
    # A "+" that was not escaped arrives as a space, and no time has a space before its zone.
    text = request.args.get(name, "")
    return moment_ms(text.replace(" ", "+")) if text else default_ms
