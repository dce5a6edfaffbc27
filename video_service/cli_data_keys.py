"""`video-service data-key`: the keys that encrypt what is kept of people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from redis.asyncio import Redis
from rich.table import Table

from video_service import settings
from video_service.accounts import Accounts
from video_service.cipher import Cipher, add_key, new_key
from video_service.cli_store import AsJson, DataDir, fail, print_json, print_table, telling_errors, with_cipher
from video_service.clock import SystemClock
from video_service.data_keys import Canaries, file_of, pools_of
from video_service.data_keys_renewal import Renewal
from video_service.passwords import Passwords
from video_service.settings import Settings

app = typer.Typer(
    help="The keys that encrypt what is kept of people.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables: keys are among them
)


@app.command()
def new(
    add: Annotated[bool, typer.Option("--add", help="Put it first into the file of keys and print nothing.")] = False,
    data: DataDir = None,
) -> None:
    """Print a new key, to be put before the others in VIDEO_SERVICE_DATA_KEYS."""
    if not add:
        typer.echo(new_key())
        return
    with telling_errors():
        loaded = settings.load(data_dir=data)
        if loaded.data_keys:
            fail("VIDEO_SERVICE_DATA_KEYS is set, so no file of keys counts; put a new key before those there.")
        path = file_of(loaded)
        if not path.exists():
            fail(f"There is no file {path}; the first start of video-service run makes it.")
        add_key(path)
        typer.echo(f"{path} begins with a new key. Start the service again, then: video-service data-key renew")


@app.command()
def renew(data: DataDir = None) -> None:
    """Encrypt everything anew with the newest key, while the service runs; may be ended and run again."""
    changed = 0

    async def work(renewal: Renewal, canaries: Canaries) -> Counter[str]:
        nonlocal changed
        changed += await renewal.renew()
        left = await renewal.left()
        if not any(left[name] for name in left if name != canaries.newest):
            await canaries.drop_old()
        return left

    left, newest = _do(data, work)
    typer.echo(f"Encrypted {changed} values anew.")
    old = sum(count for name, count in left.items() if name not in ("", newest))
    if left[""]:
        fail(f"{left['']} texts are under a key that is not here; add it, and run this again.")
    if old:
        fail(
            f"{old} texts are still under an old key: somebody writes with it. Start every node with the new key first."
        )
    typer.echo("Nothing is under an older key: it may be dropped, except for backups that were made before now.")


@app.command()
def status(as_json: AsJson = False, data: DataDir = None) -> None:
    """Count what is encrypted with which key."""

    async def work(renewal: Renewal, canaries: Canaries) -> Counter[str]:
        del canaries
        return await renewal.left()

    left, newest = _do(data, work)
    names = list(dict.fromkeys([newest, *sorted(left)]))
    if as_json:
        print_json({"newest": newest, "texts": {name or "unreadable": left[name] for name in names}})
        return
    table = Table("key", "texts", "")
    for name in names:
        what = "newest" if name == newest else "older" if name else "no such key is here"
        table.add_row(name or "unreadable", str(left[name]), what)
    print_table(table)


def _do(
    data_dir: Path | None, work: Callable[[Renewal, Canaries], Awaitable[Counter[str]]]
) -> tuple[Counter[str], str]:
    """Do `work` for every pool of the store that these keys open; return the sums, and the newest key's name."""

    async def connected(redis: Redis, loaded: Settings, cipher: Cipher) -> tuple[Counter[str], str]:
        hashing = Passwords()
        found: Counter[str] = Counter()
        try:
            for pool in await pools_of(redis, cipher):
                accounts = Accounts(redis, pool=pool, passwords=hashing, clock=SystemClock(), cipher=cipher)
                renewal = Renewal(redis, pool=pool, cipher=cipher, accounts=accounts)
                found += await work(renewal, Canaries(redis, pool=pool, cipher=cipher))
        finally:
            hashing.close()
        return found, cipher.names[0]

    return with_cipher(data_dir, connected)
