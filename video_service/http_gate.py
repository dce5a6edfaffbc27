"""Asks the table of permissions before a handler runs, and writes looks at personal data into the audit log."""

from __future__ import annotations

from typing import ClassVar

from quart import Quart, request, websocket
from quart.wrappers import Request, Websocket

from video_service.accounts import Account
from video_service.errors import ServiceError
from video_service.http_input import WrongRole, one_of
from video_service.permissions import CUSTOMER, ROUTES, Right
from video_service.services import services


class PasswordChangeFirst(ServiceError):
    """The password was made for one sign-in; choose another one first."""

    code: ClassVar[str] = "password_change_first"


def install(app: Quart) -> None:
    """Let nothing pass that is not in the table. Comes after the checks of `security.install`."""
    app.before_request(_check_request)
    app.before_websocket(_check_socket)


async def looked(*, about: str = "") -> None:
    """Write down that whoever sent this request looks at personal data; call it before the data leaves.

    `about` is the pseudonymous id of the person or call, "" for a list of many.

    Raises:
        RedisError: it could not be written; then nothing is shown.
    """
    account: Account = await one_of()
    right = ROUTES[_route(request)]
    assert right.looks_at, "a look needs its word in the table of permissions"
    await services().audit.note(who=account.person, role=account.role.value, what=right.looks_at, about=about)


async def did(what: str, *, about: str = "") -> None:
    """Write down what whoever sent this request does; call it before it is done.

    Raises:
        RedisError: it could not be written; then it is not done.
    """
    account: Account = await one_of()
    await services().audit.note(who=account.person, role=account.role.value, what=what, about=about)


async def _check_request() -> None:
    rule = request.url_rule
    if rule is None or (request.method == "OPTIONS" and rule.provide_automatic_options):
        return  # answered by the router: 404, 405, or the list of methods
    right = ROUTES.get(_route(request))
    if right is None:
        raise WrongRole
    if CUSTOMER not in right.who:
        await _check_account(right)


async def _check_account(right: Right) -> None:
    account = await one_of(*right.who)
    if account.must_change and not right.one_time:
        raise PasswordChangeFirst


async def _check_socket() -> None:
    right = ROUTES.get(_route(websocket))
    if websocket.url_rule is not None and (right is None or CUSTOMER not in right.who):
        raise WrongRole  # who is at a socket is said inside it, so one with an account's right cannot be


def _route(connection: Request | Websocket) -> str:
    rule = "" if connection.url_rule is None else connection.url_rule.rule
    if isinstance(connection, Websocket):
        return f"WEBSOCKET {rule}"
    return f"{'GET' if connection.method == 'HEAD' else connection.method} {rule}"
