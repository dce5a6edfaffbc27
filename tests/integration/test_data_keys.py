"""The keys that a service encrypts with: where they come from, and that nobody starts with others than the store's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.data_keys import DATA_KEYS
from tests.running_service import run_command
from tests.valkey_server import RealValkey
from video_service.app import open_services
from video_service.cipher import BadDataKeys, Cipher, Unreadable, make_keys, new_key
from video_service.data_keys import Canaries, NoDataKeys, keys_of
from video_service.settings import BadSetting, Settings

pytestmark = pytest.mark.integration

FIRST, SECOND = new_key(), new_key()


def test_keys_come_from_the_setting_then_from_a_file(tmp_path: Path) -> None:
    named = tmp_path / "named"
    make_keys(named)
    assert keys_of(Settings(data_keys=(FIRST, SECOND), data_keys_file=str(named))) == (FIRST, SECOND)
    assert keys_of(Settings(data_keys_file=str(named))) == (named.read_text().strip(),)


def test_only_whoever_may_make_keys_does_and_only_in_the_data_folder(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with pytest.raises(NoDataKeys, match="VIDEO_SERVICE_DATA_KEYS"):
        keys_of(settings)
    made = keys_of(settings, make=True)
    assert keys_of(settings) == made
    mistyped = Settings(data_dir=tmp_path / "data", data_keys_file=str(tmp_path / "mistyped"))
    with pytest.raises(NoDataKeys):
        keys_of(mistyped, make=True)
    assert not (tmp_path / "mistyped").exists()
    (tmp_path / "data" / "data_keys").chmod(0o644)
    with pytest.raises(BadDataKeys, match="chmod 600"):
        keys_of(settings, make=True)


@pytest.mark.parametrize("text", ["short", "a" * 44, FIRST + " " + SECOND], ids=["short", "no padding", "two in one"])
def test_a_malformed_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BadSetting, match="44 characters") as refused:
        Settings(data_keys=(FIRST, text))
    assert text not in str(refused.value)


async def test_every_key_in_use_has_to_be_there(redis: Redis, pool: str) -> None:
    def of(*keys: str) -> Canaries:
        return Canaries(redis, pool=pool, cipher=Cipher(keys))

    await of(FIRST).check()
    await of(FIRST).check()
    with pytest.raises(Unreadable, match="not all here"):
        await of(SECOND).check()
    assert await of(FIRST).names() == set(Cipher([FIRST]).names), "a refused start leaves nothing"
    await of(SECOND, FIRST).check()
    for partial in (FIRST, SECOND):
        with pytest.raises(Unreadable):
            await of(partial).check()
    await of(FIRST, SECOND).check()


async def test_of_two_nodes_that_start_at_once_with_different_keys_one_is_refused(redis: Redis, pool: str) -> None:
    both = [Canaries(redis, pool=pool, cipher=Cipher([key])) for key in (FIRST, SECOND)]
    ends = await asyncio.gather(*(each.check() for each in both), return_exceptions=True)
    assert [type(end) for end in ends if end is not None] == [Unreadable]
    assert len(await both[0].names()) == 1, "the one that started can start again"


async def test_a_node_does_not_start_with_other_keys_or_none(valkey: RealValkey, redis: Redis, pool: str) -> None:
    await Canaries(redis, pool=pool, cipher=Cipher([FIRST])).check()
    with pytest.raises(Unreadable, match="VIDEO_SERVICE_DATA_KEYS"):
        await open_services(Settings(redis_url=valkey.url, pool=pool, data_keys=DATA_KEYS))
    with pytest.raises(NoDataKeys):
        await open_services(Settings(redis_url=valkey.url, pool=pool, data_dir=Path("nowhere")))


def test_a_web_node_alone_says_that_it_needs_keys(valkey: RealValkey, tmp_path: Path) -> None:
    found = run_command(
        "web",
        environment={"REDIS_URL": valkey.url, "VIDEO_SERVICE_DATA_KEYS": "", "VIDEO_SERVICE_DATA_DIR": str(tmp_path)},
    )
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("There are no data keys: set VIDEO_SERVICE_DATA_KEYS")
    assert len(found.stderr.splitlines()) == 1


async def test_run_says_that_the_keys_are_others_and_starts_nothing(
    valkey: RealValkey, redis: Redis, pool: str, tmp_path: Path
) -> None:
    await Canaries(redis, pool=pool, cipher=Cipher([FIRST])).check()
    found = run_command(
        *("run", "--port", "0", "--data", str(tmp_path)),
        environment={"REDIS_URL": valkey.url, "VIDEO_SERVICE_POOL": pool, "VIDEO_SERVICE_DATA_KEYS": SECOND},
    )
    assert found.returncode == 1
    assert "What is stored was encrypted with data keys that are not all here" in found.stderr
    assert "child_started" not in found.stderr
    assert "Traceback" not in found.stderr
