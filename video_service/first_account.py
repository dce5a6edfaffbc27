"""The first account of a new service: somebody has to be able to sign in before anybody can add anybody.

The first start makes an administrator with a password for one sign-in and shows it once, on its standard output and in
no log of its own; what keeps that output (a journal, a container's log) keeps the password until somebody signs in. It
signs in to choose another password, and to nothing more. With any account in the pool nothing is made.
"""

from __future__ import annotations

from redis.exceptions import RedisError

from video_service import passwords, ready_text, redis_client
from video_service.accounts import Accounts, NameTaken, NotFirst, Role
from video_service.clock import SystemClock
from video_service.data_keys import cipher_of
from video_service.passwords import PasswordCost, Passwords
from video_service.settings import Settings

NAME = "admin"
TIMEOUT_S = 10.0


async def make(accounts: Accounts) -> str:
    """Make the first account and return its one-time password; "" when there are accounts already."""
    if await accounts.count():
        return ""
    password = passwords.generate()
    try:
        await accounts.add(NAME, role=Role.ADMIN, display_name=NAME, password=password, one_time=True, only_first=True)
    except (NotFirst, NameTaken):  # another machine started at the same moment
        return ""
    return password


async def line(settings: Settings, *, cost: PasswordCost | None = None) -> str:
    """Make the first account where there is none, and return the line that tells the operator how to go on."""
    hashing = Passwords(cost)
    redis = redis_client.hot(settings.redis_url, timeout_s=TIMEOUT_S)
    try:
        accounts = Accounts(
            redis, pool=settings.pool, passwords=hashing, clock=SystemClock(), cipher=cipher_of(settings)
        )
        password = await make(accounts)
    except RedisError:
        password = ""  # the service runs and says by itself what is wrong with its store
    finally:
        hashing.close()
        await redis.aclose()
    return ready_text.first_coordinator(settings, password)
