"""`video-service users`: who may sign in."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from redis.asyncio import Redis
from rich.table import Table

from signaling.policy import Policy
from signaling.store import Store
from video_service import passwords
from video_service.accounts import Account, Accounts, Role
from video_service.cipher import Cipher
from video_service.cli_store import AsJson, DataDir, print_json, print_table, with_cipher
from video_service.clock import SystemClock, utc
from video_service.passwords import MAX_CHARACTERS, Passwords
from video_service.promise_watch import tell_of_shut
from video_service.settings import Settings
from video_service.skill_words import all_skills

T = TypeVar("T")

app = typer.Typer(
    help="Accounts of agents, coordinators and administrators.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables: passwords are among them
)

Name = Annotated[str, typer.Argument(help="The name to sign in with.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of making one.")
]


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the account may do.")],
    display_name: Annotated[str, typer.Option(help="The name that others see (default: NAME).")] = "",
    skill: Annotated[
        list[str] | None, typer.Option(help="A sign language or topic, such as csl, or csl:2 of 3 levels. Repeatable.")
    ] = None,
    language: Annotated[list[str] | None, typer.Option(help="A written language, such as zh. Repeatable.")] = None,
    password_stdin: PasswordStdin = False,
    data: DataDir = None,
) -> None:
    """Make an account; without --password-stdin its password is made too, and shown this once."""
    password = _password(password_stdin)
    account = _do(
        data,
        lambda accounts: accounts.add(
            name,
            role=role,
            display_name=display_name or name,
            password=password,
            skills=skill or (),
            languages=language or (),
            one_time=not password_stdin,
        ),
    )
    typer.echo(f"Added {account.role.value} {account.name}.")
    _show(password, password_stdin)


@app.command("list")
def list_(as_json: AsJson = False, data: DataDir = None) -> None:
    """List every account."""
    everybody = _do(data, lambda accounts: accounts.all())
    if as_json:
        print_json([_public(account) for account in everybody])
        return
    if not everybody:
        typer.echo("No accounts yet. Make one with: video-service users add NAME --role agent")
        return
    table = Table("name", "shown as", "role", "skills", "languages", "state", "since")
    for account in everybody:
        table.add_row(
            account.name,
            account.display_name,
            account.role.value,
            " ".join(account.skills),
            " ".join(account.languages),
            "disabled" if account.disabled else "new" if account.must_change else "enabled",
            f"{utc(account.created_ms):%Y-%m-%d}",
        )
    print_table(table)


@app.command()
def change(
    name: Name,
    display_name: Annotated[str | None, typer.Option(help="The name that others see.")] = None,
    skill: Annotated[list[str] | None, typer.Option(help="Instead of the skills so far. Repeatable.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Instead of the languages so far. Repeatable.")] = None,
    no_skills: Annotated[bool, typer.Option("--no-skills", help="Take every skill away.")] = False,
    no_languages: Annotated[bool, typer.Option("--no-languages", help="Take every language away.")] = False,
    data: DataDir = None,
) -> None:
    """Change what somebody is called, signs and writes; what is not named stays. New calls come by it at once."""
    skills, languages = _instead("skill", skill, no_skills), _instead("language", language, no_languages)
    if display_name is None and skills is None and languages is None:
        raise typer.BadParameter("say what to change: --display-name, --skill, --language, --no-skills, --no-languages")

    async def work(redis: Redis, settings: Settings, cipher: Cipher) -> Account:
        account = await _with_accounts(
            redis,
            settings,
            cipher,
            lambda accounts: accounts.set_labels(name, display_name=display_name, skills=skills, languages=languages),
        )
        if account.role is Role.AGENT:
            store = Store(redis, pool=settings.pool, policy=settings.project(Policy), cipher=cipher)
            await store.relabel(account.person, name=account.display_name, skills=all_skills(account))
        return account

    typer.echo(f"Changed {with_cipher(data, work).name}.")


@app.command()
def disable(name: Name, data: DataDir = None) -> None:
    """Shut an account out; whatever it has signed in ends."""
    account = _off_the_line(data, lambda accounts: accounts.set_disabled(name, True))
    typer.echo(f"Disabled {account.name}.")


@app.command()
def enable(name: Name, data: DataDir = None) -> None:
    """Let a disabled account in again."""
    account = _do(data, lambda accounts: accounts.set_disabled(name, False))
    typer.echo(f"Enabled {account.name}.")


@app.command("sign-out")
def sign_out(name: Name, data: DataDir = None) -> None:
    """End all that an account has signed in, wherever; the password stays."""
    account = _off_the_line(data, lambda accounts: accounts.sign_out_everywhere(name))
    typer.echo(f"Signed {account.name} out everywhere.")


@app.command()
def reset(name: Name, password_stdin: PasswordStdin = False, data: DataDir = None) -> None:
    """Give an account a new password; whatever it has signed in ends."""
    password = _password(password_stdin)
    account = _off_the_line(data, lambda accounts: accounts.reset(name, password, one_time=not password_stdin))
    typer.echo(f"Reset {account.name}.")
    _show(password, password_stdin)


def _do(data_dir: Path | None, work: Callable[[Accounts], Awaitable[T]]) -> T:
    return with_cipher(data_dir, lambda redis, settings, cipher: _with_accounts(redis, settings, cipher, work))


def _off_the_line(data_dir: Path | None, change: Callable[[Accounts], Awaitable[Account]]) -> Account:
    """Change an account so that all it has signed in ends, with what follows at once: no call rings at its desk."""

    async def work(redis: Redis, settings: Settings, cipher: Cipher) -> Account:
        account = await _with_accounts(redis, settings, cipher, change)
        store = Store(redis, pool=settings.pool, policy=settings.project(Policy), cipher=cipher)
        if account.role is Role.AGENT:
            await store.sign_out(account.person)
        if account.disabled:
            await tell_of_shut(redis, store, account.person, pool=settings.pool)
        return account

    return with_cipher(data_dir, work)


async def _with_accounts(
    redis: Redis, settings: Settings, cipher: Cipher, work: Callable[[Accounts], Awaitable[T]]
) -> T:
    hashing = Passwords()
    try:
        accounts = Accounts(redis, pool=settings.pool, passwords=hashing, clock=SystemClock(), cipher=cipher)
        await accounts.seal_plain()
        return await work(accounts)
    finally:
        hashing.close()


def _instead(option: str, labels: list[str] | None, none: bool) -> list[str] | None:
    if labels and none:
        raise typer.BadParameter(f"--{option} and --no-{option}s together")
    return [] if none else labels or None


def _password(from_stdin: bool) -> str:
    if not from_stdin:
        return passwords.generate()
    # One line, so that `echo` and a file with a last line end both work; the bound keeps a wrong file out of memory.
    return sys.stdin.readline(4 * MAX_CHARACTERS).rstrip("\r\n")


def _show(password: str, from_stdin: bool) -> None:
    if not from_stdin:
        typer.echo(f"Password, shown only now: {password}")
        typer.echo("It is for one sign-in: the page then asks for another.")


def _public(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "person": account.person,
        "display_name": account.display_name,
        "role": account.role.value,
        "skills": account.skills,
        "languages": account.languages,
        "disabled": account.disabled,
        "must_change": account.must_change,
        "created": utc(account.created_ms).isoformat(),
        "changed": utc(account.changed_ms).isoformat(),
    }
