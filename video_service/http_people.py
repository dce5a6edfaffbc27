"""The HTTP surface for coordinators: accounts of the people who work here. See docs/http-api.md.

A coordinator looks after agents; only an administrator after coordinators and administrators. Nobody changes the own
account here, so nobody shuts oneself out: whoever disables an administrator is one, and stays one.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypedDict

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify

from video_service import passwords
from video_service.accounts import Account, Role, UnknownAccount, with_labels
from video_service.errors import ServiceError
from video_service.http_gate import did, looked
from video_service.http_input import WrongRole, body, iso, one_of
from video_service.services import services
from video_service.skill_words import all_skills

people_api = Blueprint("people", __name__)

Label = Annotated[str, Meta(max_length=64)]
Skill = Annotated[str, Meta(max_length=66)]


class OwnAccount(ServiceError):
    """The own account is not changed here: another administrator does that, or the command line."""

    code: ClassVar[str] = "own_account"


class PersonWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/people. What the texts may hold is said by `accounts`."""

    sign_in_name: Annotated[str, Meta(max_length=128)]
    name: Annotated[str, Meta(max_length=128)]
    role: Role = Role.AGENT
    skills: Annotated[tuple[Skill, ...], Meta(max_length=32)] = ()
    languages: Annotated[tuple[Label, ...], Meta(max_length=32)] = ()


class LabelsWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/people/<person>/labels: all three as they are to be; what they may hold, `accounts` says."""

    name: Annotated[str, Meta(max_length=128)]
    skills: Annotated[tuple[Skill, ...], Meta(max_length=32)]
    languages: Annotated[tuple[Label, ...], Meta(max_length=32)]


class DisabledWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/people/<person>/disabled."""

    disabled: bool


class _Labels(TypedDict):
    display_name: str
    skills: tuple[str, ...]
    languages: tuple[str, ...]


@people_api.get("/people")
async def people() -> Response:
    """List everybody who works here."""
    caller = await one_of()
    await looked()
    return jsonify({"people": [_about(account, caller) for account in await services().accounts.all()]})


@people_api.post("/people")
async def add_person() -> tuple[Response, int]:
    """Make an account with a password for one sign-in, which only this answer says."""
    wish = await body(PersonWish)
    caller = await one_of()
    _may_look_after(wish.role, caller)
    password = passwords.generate()
    account = await services().accounts.add(
        wish.sign_in_name,
        role=wish.role,
        display_name=wish.name,
        password=password,
        skills=wish.skills,
        languages=wish.languages,
        one_time=True,
    )
    # Its id is known only now. If this cannot be written down nobody learns the password, and nobody can sign in.
    await did("account_add", about=account.person)
    return jsonify({"account": _about(account, caller), "password": password}), 201


@people_api.post("/people/<person>/labels")
async def change_labels(person: str) -> Response:
    """Change what somebody is called, signs and writes; an agent on the line gets calls by it at once."""
    wish = await body(LabelsWish)
    caller, account = await _whom(person)
    labels: _Labels = {"display_name": wish.name, "skills": wish.skills, "languages": wish.languages}
    with_labels(account, **labels)  # what cannot be is refused before it is written down
    await did("account_change", about=account.person)
    changed = await services().accounts.set_labels(account.name, **labels)
    if changed.role is Role.AGENT:
        await services().store.relabel(changed.person, name=changed.display_name, skills=all_skills(changed))
    return jsonify(_about(changed, caller))


@people_api.post("/people/<person>/disabled")
async def disable_person(person: str) -> Response:
    """Shut an account out, at once and everywhere, or let it in again."""
    wish = await body(DisabledWish)
    caller, account = await _whom(person)
    await did("account_disable" if wish.disabled else "account_enable", about=account.person)
    changed = await services().accounts.set_disabled(account.name, wish.disabled)
    if wish.disabled:
        await _off_the_line(account)
    await services().promise_watch.look()
    return jsonify(_about(changed, caller))


@people_api.post("/people/<person>/password")
async def reset_password(person: str) -> Response:
    """Give an account another password for one sign-in, which only this answer says; its sessions end."""
    caller, account = await _whom(person)
    await did("account_reset", about=account.person)
    password = passwords.generate()
    changed = await services().accounts.reset(account.name, password, one_time=True)
    await _off_the_line(account)
    return jsonify({"account": _about(changed, caller), "password": password})


@people_api.post("/people/<person>/sign-out")
async def sign_person_out(person: str) -> Response:
    """End every session of an account; its password stays."""
    caller, account = await _whom(person)
    await did("account_sign_out", about=account.person)
    changed = await services().accounts.sign_out_everywhere(account.name)
    await _off_the_line(account)
    return jsonify(_about(changed, caller))


async def _whom(person: str) -> tuple[Account, Account]:
    """Return who asks, and the account of `person`, when the first may change the second.

    Raises:
        UnknownAccount, OwnAccount, WrongRole: it cannot be.
    """
    caller = await one_of()
    account = await services().accounts.of_person(person)
    if account is None:
        raise UnknownAccount
    if account.person == caller.person:
        raise OwnAccount
    _may_look_after(account.role, caller)
    return caller, account


def _may_look_after(role: Role, caller: Account) -> None:
    if role is not Role.AGENT and caller.role is not Role.ADMIN:
        raise WrongRole


async def _off_the_line(account: Account) -> None:
    if account.role is Role.AGENT:
        await services().store.sign_out(account.person)


def _about(account: Account, caller: Account) -> dict[str, Any]:
    own = account.person == caller.person
    return {
        "person": account.person,
        "name": account.display_name,
        "sign_in_name": account.name,
        "role": account.role.value,
        "skills": account.skills,
        "languages": account.languages,
        "disabled": account.disabled,
        "must_change": account.must_change,
        "created": iso(account.created_ms),
        "own": own,
        "may_change": not own and (account.role is Role.AGENT or caller.role is Role.ADMIN),
    }
