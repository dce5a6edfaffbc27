"""`video-service run`: everything on one machine, started in order, watched, and ended in order.

Start: the listening socket (so that a busy port is known at once and survives a restart of the web node), Valkey, then
media workers and the web node. End: the web node first, while it can still tell everybody; then media; Valkey last,
when nobody writes any more. Each child has a session of its own, so the terminal's Ctrl-C reaches the supervisor alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import structlog
from redis.exceptions import RedisError
from rich.console import Console

from media.registry import Registry
from media.worker import socket_path
from video_service import disk, first_account, passwords, ready_text, redis_client, settings_text, sockets
from video_service.child import PARENT_FD
from video_service.data_keys import Canaries, cipher_of, keys_of
from video_service.errors import ServiceError
from video_service.probes import http_get, valkey_answers, valkey_lives
from video_service.ready_text import DEMO_PASSWORD
from video_service.settings import Settings
from video_service.supervised import PROBE_S, ChildPlan, SupervisedChild
from video_service.tasks import cancel_and_wait
from video_service.valkey import EmbeddedValkey

if TYPE_CHECKING:
    from video_service.lan import Lan  # brings libraries that nothing else needs
    from video_service.lan_page import LanPage

log = structlog.get_logger(__name__)

# Together under 5 s, the time in which `run` ends. What one leaves of its share, the later ones may use.
WEB_STOP_S = 2.8
MEDIA_STOP_S = 0.8
VALKEY_STOP_S = 0.8
VALKEY_START_S = 600.0  # a long append-only file is read first
ACQUAINTED_S = 3.0  # in which the web node finds a worker; without one it serves all the same, and says so
LOCK_WAIT_S = 3.0  # a short command may hold the data folder for a moment
INTERRUPTED = 130  # 128 + SIGINT, as shells count
PYTHON = (sys.executable, "-P", "-m", "video_service.cli")


class StoreUnreachable(ServiceError):
    """Redis does not answer at REDIS_URL; check the address, and that it is running."""

    code: ClassVar[str] = "store_unreachable"


class _Ready(msgspec.Struct):
    """What the web node answers to /readyz, as far as it matters here."""

    parts: dict[str, str]


class _Line(msgspec.Struct):
    """What the web node answers to /api/service, as far as it matters here."""

    open: bool


@dataclass(frozen=True)
class _Parts:
    """The children in the order in which they start."""

    valkey: SupervisedChild | None
    media: list[SupervisedChild]
    web: SupervisedChild

    def all(self) -> Iterator[SupervisedChild]:
        if self.valkey is not None:
            yield self.valkey
        yield from self.media
        yield self.web


class Supervisor:
    """Runs the service of one machine. `run` returns the exit status."""

    def __init__(self, settings: Settings, console: Console, *, lan: Lan | None = None, demo: bool = False) -> None:
        """`lan` serves this machine's private network, too; its address is the host of `settings`."""
        self._demo_password = passwords.generate() if demo else ""
        self._settings = settings
        self._lan = lan
        self._console = console
        self._stop = asyncio.Event()
        self._signals = 0
        self._lan_page: LanPage | None = None
        self._demo: SupervisedChild | None = None
        self._children: list[SupervisedChild] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> int:
        """Start, stay until told to stop, end.

        Raises:
            ServiceError: it could not start; the sentence says why.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal)
        with contextlib.ExitStack() as stack:
            listener = sockets.listen(self._settings.host, self._settings.port)
            stack.callback(listener.close)
            server = self._acquire_valkey(stack)
            self._settings = replace(self._settings, data_keys=keys_of(self._settings, make=True))
            read_end, write_end = os.pipe()
            stack.callback(os.close, write_end)
            stack.callback(os.close, read_end)
            parts = self._plan(listener, server, read_end)
            watching = self._watch_disk(server)
            try:
                self._say("Starting ...")
                if await self._start(parts):
                    await self._open_lan()
                    if await self._open_demo(read_end):
                        await self._say_ready()
                        await self._wait()
            finally:
                await cancel_and_wait(watching)
                await self._drain(parts)
        return 0 if self._signals <= 1 else INTERRUPTED

    def _watch_disk(self, server: EmbeddedValkey | None) -> list[asyncio.Task[None]]:
        """Watch the disk of a server of one's own; another's is watched where it is."""
        if server is None:
            return []
        return [asyncio.create_task(disk.watch(server.folder, lambda line: self._say(line, "bold red")), name="disk")]

    def _on_signal(self) -> None:
        self._signals += 1
        self._stop.set()
        if self._signals == 1:
            self._say("Stopping: live calls are told first. Ctrl-C again ends at once.")
            return
        for child in self._children:
            child.kill()

    def _acquire_valkey(self, stack: contextlib.ExitStack) -> EmbeddedValkey | None:
        if self._settings.redis_url:
            return None
        server = EmbeddedValkey(self._settings.data_dir)
        server.acquire(wait_s=LOCK_WAIT_S)
        stack.callback(server.release)
        self._settings = replace(self._settings, redis_url=server.url)
        return server

    def _plan(self, listener: socket.socket, server: EmbeddedValkey | None, parent_fd: int) -> _Parts:
        settings = replace(
            self._settings,
            port=listener.getsockname()[1],
            media_token=self._settings.media_token or secrets.token_urlsafe(32),
            media_listen="",  # the workers of this machine are reached by Unix sockets
            media_advertise="",
            log_format=_log_form(self._settings),
        )
        if self._lan is not None:
            settings = self._lan.settings(settings)
        self._settings = settings
        environment = _environment(settings) | {PARENT_FD: str(parent_fd)}
        # Servers' peers use no TURN or STUN server, let nobody in and read no names: workers learn of no such secret.
        without = replace(
            settings,
            ice_servers=(),
            turn_urls=(),
            turn_secret="",
            launch_keys=(),
            guests_allowed=True,
            data_keys=(),
            webhook_url="",
            webhook_secret="",
        )
        for_workers = environment | _environment(without)
        media = [
            SupervisedChild(_media_plan(settings, str(slot), [*PYTHON, "media", "--slot", str(slot)], for_workers))
            for slot in range(1, settings.workers_to_start() + 1)
        ]
        descriptor = str(listener.fileno())
        web = SupervisedChild(
            ChildPlan(
                name="web",
                # With a Redis of its own this is the whole service; with another's there may be other nodes with calls.
                argv=[*PYTHON, "web", "--listener", descriptor, *(["--whole-service"] if server else [])],
                environment=environment,
                descriptors=(listener.fileno(), parent_fd),
                ready=lambda: _web_says(settings, "/readyz"),
                alive=lambda: _web_says(settings, "/healthz"),
                stop_timeout_s=WEB_STOP_S,
            )
        )
        return _Parts(None if server is None else SupervisedChild(_valkey_plan(server)), media, web)

    async def _start(self, parts: _Parts) -> bool:
        """Start the children in order; return whether they are ready (else the service was told to stop meanwhile)."""
        if parts.valkey is not None and not await self._launch([parts.valkey]):
            return False
        await _check_redis(self._settings)
        if not await self._launch([*parts.media, parts.web]):
            return False
        met = asyncio.create_task(_web_has_media(self._settings), name="web-has-media")
        try:
            async with asyncio.timeout(ACQUAINTED_S):
                await self._wait(met)
        except TimeoutError:
            log.warning("web_without_media")
        finally:
            met.cancel()
        return not self._stop.is_set()

    async def _launch(self, children: list[SupervisedChild]) -> bool:
        self._children += children
        self._tasks += [asyncio.create_task(child.run(), name=f"child-{child.plan.name}") for child in children]
        ready = asyncio.create_task(_all_ready(children), name="all-ready")
        try:
            await self._wait(ready)
            return ready.done()
        finally:
            ready.cancel()

    async def _wait(self, *until: asyncio.Future[Any]) -> None:
        """Wait for a signal or one of `until`.

        Raises:
            ChildFailed: a child does not start.
        """
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((stopped, *until, *self._tasks), return_when=asyncio.FIRST_COMPLETED)
            for task in self._tasks:
                if task.done():
                    task.result()
        finally:
            stopped.cancel()

    async def _open_lan(self) -> None:
        if self._lan is not None:
            self._lan_page = self._lan.page(self._settings)
            await self._lan_page.start()

    async def _open_demo(self, parent_fd: int) -> bool:
        """Bring the demo people, if they are wanted; return whether the service is still to run."""
        if not self._demo_password:
            return True
        settings = self._settings
        self._demo = SupervisedChild(
            ChildPlan(
                name="demo",
                argv=[*PYTHON, "demo"],
                environment=_environment(settings) | {PARENT_FD: str(parent_fd), DEMO_PASSWORD: self._demo_password},
                descriptors=(parent_fd,),
                ready=lambda: _line_is_open(settings),
                alive=_yes,
                stop_timeout_s=WEB_STOP_S,
            )
        )
        return await self._launch([self._demo])

    async def _drain(self, parts: _Parts) -> None:
        if self._lan_page is not None:
            await self._lan_page.close()
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + WEB_STOP_S + MEDIA_STOP_S + VALKEY_STOP_S
        # Demo people have nothing to save; they go beside the web node, which takes the longest.
        await asyncio.gather(*(child.stop() for child in (self._demo, parts.web) if child is not None))
        await asyncio.gather(*(child.stop(ends_s - loop.time() - VALKEY_STOP_S) for child in parts.media))
        if parts.valkey is not None:
            await parts.valkey.stop(ends_s - loop.time())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for child in parts.media:
            socket_path(self._settings, child.plan.name.removeprefix("media ")).unlink(missing_ok=True)

    async def _say_ready(self) -> None:
        self._say("The service is ready. Ctrl-C stops it.", "bold green")
        for line in ready_text.pages(self._settings):
            self._say(line)
        if self._lan_page is not None:
            for line in self._lan_page.says():
                self._say(line)
        if self._demo_password:
            for line in ready_text.demo(self._demo_password):
                self._say(line)
        else:
            self._say(await first_account.line(self._settings))

    def _say(self, line: str, style: str = "") -> None:
        """Tell the person at the terminal, who may have closed it."""
        with contextlib.suppress(OSError, ValueError):
            self._console.print(line, style=style)


def _valkey_plan(server: EmbeddedValkey) -> ChildPlan:
    return ChildPlan(
        name="valkey",
        argv=server.argv,
        environment={"PATH": os.environ.get("PATH", "")},
        ready=lambda: valkey_answers(server.socket),
        alive=lambda: valkey_lives(server.socket),
        stop_timeout_s=VALKEY_STOP_S,
        start_timeout_s=VALKEY_START_S,
        speaks_log=False,
    )


def _media_plan(settings: Settings, slot: str, argv: list[str], environment: Mapping[str, str]) -> ChildPlan:
    address = f"unix:{socket_path(settings, slot)}"

    async def leased() -> bool:
        return address in await _leases(settings)

    async def leased_or_unknown() -> bool:
        # Without Redis nobody can renew a lease; that is no reason to end the calls of a worker.
        try:
            return address in await _leases(settings)
        except (RedisError, OSError, TimeoutError):
            return True

    return ChildPlan(
        name=f"media {slot}",
        argv=argv,
        environment=environment,
        descriptors=(int(environment[PARENT_FD]),),
        ready=leased,
        alive=leased_or_unknown,
        stop_timeout_s=MEDIA_STOP_S,
    )


async def _yes() -> bool:
    return True


async def _all_ready(children: list[SupervisedChild]) -> None:
    for child in children:
        await child.ready.wait()


async def _leases(settings: Settings) -> set[str]:
    redis = redis_client.hot(settings.redis_url)
    try:
        return {lease.address for lease in await Registry(redis, settings.pool).live()}
    finally:
        await redis.aclose()


async def _web_says(settings: Settings, path: str) -> bool:
    status, _ = await http_get(settings.host, settings.port, path, tls=bool(settings.tls_cert))
    return status == 200


async def _line_is_open(settings: Settings) -> bool:
    _, body = await http_get(settings.host, settings.port, "/api/service", tls=bool(settings.tls_cert))
    return bool(msgspec.json.decode(body, type=_Line).open)


async def _web_has_media(settings: Settings) -> None:
    """Wait until the web node reached a media worker: both are ready, and a moment later they know each other."""
    while True:
        _, body = await http_get(settings.host, settings.port, "/readyz", tls=bool(settings.tls_cert))
        with contextlib.suppress(msgspec.DecodeError):
            if msgspec.json.decode(body, type=_Ready).parts.get("media") == "ok":
                return
        await asyncio.sleep(PROBE_S)


async def _check_redis(settings: Settings) -> None:
    """Ask whether the store answers, and was written with these data keys."""
    redis = redis_client.hot(settings.redis_url, timeout_s=3.0)
    try:
        await Canaries(redis, pool=settings.pool, cipher=cipher_of(settings)).check()
    except (RedisError, OSError, TimeoutError) as error:
        raise StoreUnreachable from error
    finally:
        await redis.aclose()


def _environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a child: this process's, with the settings as they are now."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(settings_text.PREFIX)}
    return kept | settings.to_environment()


def _log_form(settings: Settings) -> str:
    if settings.log_format != "auto":
        return settings.log_format
    return "console" if sys.stderr.isatty() else "json"
