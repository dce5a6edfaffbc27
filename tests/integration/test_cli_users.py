"""`video-service users` against a real Valkey: the service's own, and the one of REDIS_URL."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from signaling.identity_types import Identity
from signaling.store import Store
from tests.data_keys import CIPHER
from tests.support.desk import Desk
from tests.valkey_server import RealValkey
from video_service import cli_users
from video_service.accounts import Accounts, SignInRefused
from video_service.clock import SystemClock
from video_service.passwords import Passwords
from video_service.valkey import EmbeddedValkey

pytestmark = pytest.mark.integration

Users = Callable[..., Result]


@pytest.fixture
def users(valkey: RealValkey, pool: str, monkeypatch: pytest.MonkeyPatch) -> Users:
    monkeypatch.setenv("REDIS_URL", valkey.url)
    monkeypatch.setenv("VIDEO_SERVICE_POOL", pool)
    return run


def run(*arguments: str, typed: str = "") -> Result:
    """Run the command as a process would: in a thread of its own, because it has an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(CliRunner().invoke, cli_users.app, arguments, input=typed).result()


def listed() -> list[dict[str, Any]]:
    answer = run("list", "--json")
    assert answer.exit_code == 0
    accounts: list[dict[str, Any]] = json.loads(answer.stdout)
    return accounts


def shown_password(answer: Result) -> str:
    found = re.search(r"^Password, shown only now: (\S+)$", answer.stdout, re.MULTILINE)
    assert found is not None, answer.output
    return found[1]


def _accounts(redis: Redis, pool: str, passwords: Passwords) -> Accounts:
    return Accounts(redis, pool=pool, passwords=passwords, clock=SystemClock(), cipher=CIPHER)


async def _sign_in(redis: Redis, pool: str, name: str, password: str) -> str:
    passwords = Passwords()
    try:
        account = await _accounts(redis, pool, passwords).sign_in(name, password)
        return account.role.value
    finally:
        passwords.close()


def test_a_made_password_is_shown_once_and_signs_in(users: Users) -> None:
    answer = users("add", "lin", "--role", "agent", "--skill", "csl", "--skill", "travel", "--language", "zh")
    assert answer.exit_code == 0, answer.output
    shown = re.search(r"^Password, shown only now: ([a-z0-9]{4}(?:-[a-z0-9]{4}){3})$", answer.stdout, re.MULTILINE)
    assert shown is not None
    (account,) = listed()
    assert account["must_change"] is True, "somebody else has seen it"
    assert (account["name"], account["display_name"], account["role"]) == ("lin", "lin", "agent")
    assert (account["skills"], account["languages"], account["disabled"]) == (["csl", "travel"], ["zh"], False)
    assert shown[1] not in users("list").output + users("list", "--json").output
    assert "hash" not in users("list", "--json").output


async def test_a_password_comes_from_standard_input(users: Users, redis: Redis, pool: str) -> None:
    typed = "correct horse battery\nand what follows is not part of it"
    answer = users("add", "chen", "--role", "coordinator", "--password-stdin", typed=typed)
    assert answer.exit_code == 0, answer.output
    assert "shown only now" not in answer.output
    assert await _sign_in(redis, pool, "chen", "correct horse battery") == "coordinator"
    assert listed()[0]["must_change"] is False


async def test_a_reset_makes_the_old_password_useless(users: Users, redis: Redis, pool: str) -> None:
    added = users("add", "lin", "--role", "agent")
    answer = users("reset", "lin")
    assert answer.exit_code == 0, answer.output
    with pytest.raises(SignInRefused):
        await _sign_in(redis, pool, "lin", shown_password(added))
    assert await _sign_in(redis, pool, "lin", shown_password(answer)) == "agent"


def test_disabling_and_enabling_show_in_the_list(users: Users) -> None:
    users("add", "lin", "--role", "agent", "--display-name", "[red]林[/red]")
    assert users("disable", "lin").stdout == "Disabled lin.\n"
    assert listed()[0]["disabled"] is True
    table = users("list").stdout
    assert "disabled" in table
    assert "[red]林[/red]" in table, "a display name is text, not markup"
    assert users("enable", "lin").stdout == "Enabled lin.\n"
    assert listed()[0]["disabled"] is False


async def test_what_is_not_named_stays_and_a_signed_in_agent_signs_the_new_at_once(
    users: Users, redis: Redis, pool: str
) -> None:
    users("add", "lin", "--role", "agent", "--skill", "csl", "--language", "zh", "--display-name", "林老师")
    (before,) = listed()
    store = Store(redis, pool=pool, cipher=CIPHER)
    lin = Identity(person=before["person"], role="agent", name="林老师", skills=("csl",))
    await store.connect(lin, node="n-1", socket="s-1")
    await store.sign_in(lin)

    assert users("change", "Lin", "--skill", "hksl", "--skill", "csl").stdout == "Changed lin.\n"
    (after,) = listed()
    assert after == {**before, "skills": ["hksl", "csl"], "changed": after["changed"]}
    assert await redis.hget(f"{{{pool}}}:agent:{lin.person}", "skills") in (b"csl+hksl+writes_zh", "csl+hksl+writes_zh")

    assert users("change", "lin", "--display-name", "林晓", "--no-skills", "--no-languages").exit_code == 0
    (last,) = listed()
    assert (last["display_name"], last["skills"], last["languages"]) == ("林晓", [], [])
    assert [agent.name for agent in (await store.coordinator_view()).agents] == ["林晓"]


async def test_shutting_an_agent_out_frees_the_desk_and_tells_coordinators_of_the_promises_at_once(
    users: Users, redis: Redis, pool: str
) -> None:
    for name in ("lin", "wang"):
        users("add", name, "--role", "agent")
    lin, wang = (each["person"] for each in listed())
    desk = Desk(redis, pool)
    for person in (lin, wang):
        await desk.agent(person)
    first = await desk.join("c1")
    holder = lin if await desk.rings(lin) else wang
    name, other = ("lin", wang) if holder == lin else ("wang", lin)
    await desk.accept(holder)
    await desk.store.hang_up("c1", first)
    await desk.store.disposition(holder, first, outcome="follow_up", note="", due_in_h=24)
    await desk.store.ready(holder)
    await desk.store.break_(other)
    ringing = await desk.join("c2")
    assert await desk.rings(holder) == ringing
    await desk.store.ready(other)

    assert users("disable", name).exit_code == 0
    assert ((await desk.look(holder)).state, await desk.rings(other)) == ("offline", ringing)
    wall = await desk.store.coordinator_view()
    assert [(each.call, each.away) for each in wall.late_promises] == [(first, "disabled")]
    assert users("sign-out", "lin" if name == "wang" else "wang").exit_code == 0
    assert (await desk.look(other)).state == "offline"
    assert len((await desk.store.coordinator_view()).late_promises) == 1, "whoever signs in again keeps the own ones"


def test_a_change_of_nothing_or_of_both_is_a_usage_error(users: Users) -> None:
    users("add", "lin", "--role", "agent", "--skill", "csl")
    assert users("change", "lin").exit_code == 2
    assert users("change", "lin", "--skill", "asl", "--no-skills").exit_code == 2
    assert listed()[0]["skills"] == ["csl"]


def test_signing_out_everywhere_leaves_the_password(users: Users) -> None:
    users("add", "lin", "--role", "agent")
    assert users("sign-out", "lin").stdout == "Signed lin out everywhere.\n"
    assert users("sign-out", "nobody").exit_code == 1


def test_an_empty_list_says_what_to_do(users: Users) -> None:
    assert "users add NAME --role agent" in users("list").stdout
    assert listed() == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "lin", "--role", "agent"), "There is an account with this name (name lin)."),
        (("add", "lin lin", "--role", "agent"), "A sign-in name has 1 to 32 small letters"),
        (("add", "wang", "--role", "agent", "--skill", "two words"), "A skill has 1 to 64 letters"),
        (("add", "wang", "--role", "agent", "--password-stdin"), "at least 10"),
        (("change", "nobody", "--skill", "csl"), "There is no account with this name (name nobody)."),
        (("change", "lin", "--skill", "two words"), "A skill has 1 to 64 letters"),
        (("change", "lin", "--display-name", " "), "A display name has 1 to 64 characters"),
        (("disable", "nobody"), "There is no account with this name (name nobody)."),
        (("reset", "nobody"), "There is no account with this name (name nobody)."),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_status_1(
    users: Users, arguments: tuple[str, ...], sentence: str
) -> None:
    users("add", "lin", "--role", "agent")
    answer = users(*arguments)
    assert answer.exit_code == 1
    assert sentence in answer.stderr
    assert "Traceback" not in answer.output
    assert [account["name"] for account in listed()] == ["lin"]


def test_an_unknown_role_is_a_usage_error(users: Users) -> None:
    assert users("add", "lin", "--role", "boss").exit_code == 2
    assert users("add", "lin").exit_code == 2


def test_a_store_that_does_not_answer_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REDIS_URL", f"unix://{tmp_path / 'nobody.sock'}")
    answer = run("list")
    assert answer.exit_code == 1
    assert "Redis does not answer" in answer.stderr
    assert "Check REDIS_URL" in answer.stderr


def test_a_bad_setting_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEO_SERVICE_POOL", "Not A Pool")
    answer = run("list")
    assert answer.exit_code == 1
    assert "VIDEO_SERVICE_POOL" in answer.stderr


def test_accounts_are_made_while_the_service_runs_and_when_it_does_not(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    stopped = run("add", "lin", "--role", "agent", "--data", data)
    assert stopped.exit_code == 0, stopped.output

    server = EmbeddedValkey(Path(data))
    server.acquire()
    server.start()
    try:
        running = run("add", "wang", "--role", "agent", "--data", data)
        assert running.exit_code == 0, running.output
    finally:
        server.stop()
        server.release()

    answer = run("list", "--json", "--data", data)
    assert [account["name"] for account in json.loads(answer.stdout)] == ["lin", "wang"]
