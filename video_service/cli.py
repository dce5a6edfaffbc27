"""The command `video-service`.

Each command imports what it needs when it runs: `--help` is quick, and a web node starts without the media libraries.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import os
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from video_service import settings
from video_service.errors import ServiceError
from video_service.settings_text import BadSetting, read_env_file

T = TypeVar("T")

app = typer.Typer(
    help="A self-hosted sign-language video service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option("--port", help="Port; 0 takes any free one.", show_default="8080")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder for all that is kept.", show_default="var")]
Workers = Annotated[
    int | None, typer.Option("--workers", help="Media workers.", show_default="one per core less one, at least one")
]
# Passed on to an application of its own, which is loaded only then.
PASSED_ON: dict[str, Any] = {
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True},
    "add_help_option": False,
}


@app.command()
def run(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    workers: Workers = None,
    lan: Annotated[
        bool, typer.Option("--lan", help="Serve the phones of this private network, by HTTPS; prints codes to scan.")
    ] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="Add drawn people who call and who answer, to try every side alone.")
    ] = False,
) -> None:
    """Start everything on this machine: Valkey (unless REDIS_URL is set), the web node and media workers."""
    with telling_errors():
        from rich.console import Console

        from video_service import logs
        from video_service.ready_text import DEMO_POOL
        from video_service.supervisor import Supervisor

        loaded = settings.load(host=host, port=port, data_dir=data, media_workers=workers)
        logs.configure(loaded.log_format, loaded.log_level, process="supervisor")
        if demo:  # whatever pool is set: drawn people never meet real ones
            loaded = dataclasses.replace(loaded, pool=DEMO_POOL)
        network = None
        if lan:
            from video_service.lan import open_lan

            network = open_lan(loaded, host)
            loaded = dataclasses.replace(loaded, host=network.address)
        for name in settings.unknown_variables(os.environ):
            typer.echo(f"{name} is no setting; see .env.example for their names.", err=True)

        async def supervise() -> int:
            console = Console(highlight=False, soft_wrap=True, markup=False)
            return await Supervisor(loaded, console, lan=network, demo=demo).run()

        raise typer.Exit(asyncio.run(supervise()))


@app.command()
def web(
    host: Host = None,
    port: Port = None,
    listener: Annotated[int, typer.Option(hidden=True, help="Descriptor of a listening socket.")] = -1,
    whole_service: Annotated[bool, typer.Option(hidden=True, help="No other web node takes over at the end.")] = False,
) -> None:
    """Start one web node. It needs REDIS_URL, and media workers that serve the same pool."""
    with telling_errors():
        from signaling.messages import MAX_MESSAGE_BYTES
        from video_service import app as web_app
        from video_service import logs, sockets, web_process
        from video_service.data_keys import keys_of

        loaded = settings.load(host=host, port=port)
        _need_redis(loaded)
        loaded = dataclasses.replace(loaded, data_keys=keys_of(loaded))
        logs.configure(loaded.log_format, loaded.log_level, process="web")
        tcp = socket.socket(fileno=listener) if listener >= 0 else sockets.listen(loaded.host, loaded.port)
        application = web_app.create_app(loaded)

        async def drain(asked: bool) -> None:
            # When the supervisor was killed, calls stay as they are: the next start finds them in the store.
            await web_app.drain(application, whole_service=whole_service and asked)

        gc.freeze()
        raise typer.Exit(
            _run_loop(
                lambda: web_process.serve(
                    application,
                    tcp,
                    drain=drain,
                    max_message_bytes=MAX_MESSAGE_BYTES,
                    trusted_proxies=loaded.trusted_proxies,
                    tls_cert=loaded.tls_cert,
                    tls_key=loaded.tls_key,
                )
            )
        )


@app.command()
def media(
    slot: Annotated[str, typer.Option(help="Name of this worker among those of the machine.")] = "1",
) -> None:
    """Start one media worker. It needs REDIS_URL."""
    with telling_errors():
        from media import worker
        from video_service import logs

        loaded = settings.load()
        _need_redis(loaded)
        logs.configure(loaded.log_format, loaded.log_level, process=f"media-{slot}")
        worker.keep_to_ourselves()
        _run_loop(lambda: worker.serve(loaded, slot=slot))


@app.command("plan-worker")
def plan_worker(
    idle_s: Annotated[float, typer.Option(hidden=True, min=1, help="A silent worker has lost its job.")] = 30.0,
) -> None:
    """Start a process that makes rosters (PLANNING_WORKERS=streaq). It needs REDIS_URL."""
    with telling_errors():
        from video_service import logs, plan_queue

        loaded = settings.load()
        _need_redis(loaded)
        logs.configure(loaded.log_format, loaded.log_level, process="plan")
        _run_loop(lambda: plan_queue.serve(loaded, idle_s=idle_s))


@app.command(hidden=True)
def demo() -> None:
    """Be the demo people of `run --demo`."""
    with telling_errors():
        from video_service import demo as demo_people
        from video_service import logs

        loaded = settings.load()
        logs.configure(loaded.log_format, loaded.log_level, process="demo")
        _run_loop(lambda: demo_people.serve(loaded))


@app.command()
def blur(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video file.")],
    target: Annotated[Path, typer.Argument(metavar="OUTPUT", help="The file to write.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Put a video file through the live blur and say how long it took and what was blurred whole."""
    from media import worker

    worker.keep_to_ourselves()
    with telling_errors():
        from media.file_tool import blur_command

        raise typer.Exit(blur_command(source, target, as_json=as_json))


@app.command()
def schema(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file is out of date.")] = False,
) -> None:
    """Write the page protocol as JSON Schema and as types for the pages."""
    from signaling import schema as protocol

    with telling_errors():
        if check:
            protocol.check()
            return
        for path in protocol.write():
            typer.echo(path)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder for the backup.")],
    data: Data = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Valkey's own folder, when REDIS_URL names one that runs elsewhere.")
    ] = None,
) -> None:
    """Copy everything that the running service has stored into a new folder; calls go on meanwhile."""
    with telling_errors():
        from video_service.backup import BackupFailed, back_up
        from video_service.data_keys import file_of
        from video_service.valkey import EmbeddedValkey
        from video_service.video_messages_files import folder_of

        loaded = settings.load(data_dir=data)
        if folder.exists():
            raise BackupFailed(f"{folder} exists; name a new folder.")
        films = folder_of(loaded.video_messages_dir, loaded.data_dir)
        copied = back_up(loaded.redis_url or EmbeddedValkey(loaded.data_dir).url, folder, source=source, films=films)
        typer.echo(f"{folder}: {copied / 1e6:.1f} MB. To restore: video-service restore {folder} --data NEW_FOLDER")
        where = "VIDEO_SERVICE_DATA_KEYS" if loaded.data_keys else file_of(loaded)
        typer.echo(f"Nobody can read the names in it without the data keys; keep a copy of {where} somewhere else.")


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A backup.")],
    data: Data = None,
) -> None:
    """Put a backup into a data folder that has no data yet; the next start there goes on from it."""
    with telling_errors():
        from video_service.backup import restore as put_back
        from video_service.data_keys import file_of

        loaded = settings.load(data_dir=data)
        put_back(folder, loaded.data_dir)
        if not loaded.data_keys and not file_of(loaded).exists():
            typer.echo(f"The data keys of that time are not here: put them into {file_of(loaded)} (chmod 600) first.")
        typer.echo(f"Restored. To start with it: video-service run --data {loaded.data_dir}")


@app.command()
def certificate(
    subjects: Annotated[list[str], typer.Argument(metavar="NAME...", help="Host names and addresses of the worker.")],
    folder: Annotated[Path, typer.Option("--folder", help="Folder of the authority and its key.")],
    into: Annotated[
        Path | None, typer.Option("--into", help="Folder for the worker's certificate and key.", show_default="FOLDER")
    ] = None,
    trusted: Annotated[
        Path | None, typer.Option("--trusted", help="Folder for what web nodes need: a copy of the authority's own.")
    ] = None,
) -> None:
    """Make the certificate of a media worker, named after its first name, and the authority that web nodes trust."""
    with telling_errors():
        from video_service.local_ca import WORKER_DAYS, LocalAuthority

        authority = LocalAuthority(folder, private_only=False)
        files = authority.certificate(subjects[0], subjects, days=WORKER_DAYS, folder=into)
        shown = authority.path if trusted is None else authority.give_out(trusted)
        for name, path in (("TLS_CERT", files.certificate), ("TLS_KEY", files.key), ("TLS_CA", shown)):
            typer.echo(f"VIDEO_SERVICE_MEDIA_{name}={path}")


@app.command()
def health(
    part: Annotated[str, typer.Argument(metavar="web|media|plan-worker", help="What runs here.")],
) -> None:
    """Say by the exit status whether the part that runs on this machine can serve: for containers' health checks."""
    with telling_errors():
        from video_service.health import check

        raise typer.Exit(asyncio.run(check(settings.load(), part)))


@app.command("settings")
def settings_(
    example: Annotated[bool, typer.Option("--example", help="Print .env.example instead.")] = False,
) -> None:
    """Print the settings as they are here, secrets hidden."""
    if example:
        typer.echo(settings.example(), nl=False)
        return
    with telling_errors():
        for line in settings.load().shown():
            typer.echo(line)


@app.command(**PASSED_ON)
def users(context: typer.Context) -> None:
    """Accounts of agents, coordinators and administrators."""
    from video_service.cli_users import app as passed_to

    passed_to(args=context.args, prog_name="video-service users")


@app.command(**PASSED_ON)
def audit(context: typer.Context) -> None:
    """Who looked at whose data, and when."""
    from video_service.cli_audit import app as passed_to

    passed_to(args=context.args, prog_name="video-service audit")


@app.command(**PASSED_ON)
def privacy(context: typer.Context) -> None:
    """What is stored of one customer: handed over, or erased."""
    from video_service.cli_privacy import app as passed_to

    passed_to(args=context.args, prog_name="video-service privacy")


@app.command(**PASSED_ON)
def webhook(context: typer.Context) -> None:
    """What the host application is not told yet."""
    from video_service.cli_webhook import app as passed_to

    passed_to(args=context.args, prog_name="video-service webhook")


@app.command("data-key", **PASSED_ON)
def data_key(context: typer.Context) -> None:
    """The keys that encrypt what is kept of people."""
    from video_service.cli_data_keys import app as passed_to

    passed_to(args=context.args, prog_name="video-service data-key")


@app.command(**PASSED_ON)
def sessions(context: typer.Context) -> None:
    """Records of the calls that were."""
    from video_service.cli_sessions import app as passed_to

    passed_to(args=context.args, prog_name="video-service sessions")


@app.command(**PASSED_ON)
def plan(context: typer.Context) -> None:
    """From what came to a roster: forecast, staff, roster, simulate, publish."""
    from video_service.cli_plan import app as passed_to

    passed_to(args=context.args, prog_name="video-service plan")


@contextlib.contextmanager
def telling_errors() -> Iterator[None]:
    """Turn an error that a person can do something about into a sentence and status 1."""
    try:
        yield
    except ServiceError as error:
        sentence = str(error)
    except ModuleNotFoundError as error:
        sentence = (
            f"The package {error.name} is not installed; the extras `media` and `embedded` bring what is missing."
        )
    else:
        return
    typer.secho(sentence, err=True, fg="red")
    raise typer.Exit(1)


def main() -> None:
    """Run the command of the arguments. Settings of a `.env` file here count unless the environment has them."""
    file = Path(".env")
    try:
        here = file.is_file()
    except OSError:  # the working folder is somebody else's: no file there is meant for us
        here = False
    if here:
        try:
            found = read_env_file(file)
        except ServiceError as error:
            sys.exit(str(error))
        for name, value in found.items():
            os.environ.setdefault(name, value)
    app(prog_name="video-service")


def _need_redis(loaded: settings.Settings) -> None:
    if not loaded.redis_url:
        raise BadSetting("REDIS_URL must be set: where the state of the service is. `video-service run` needs none.")


def _run_loop(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `work` on the fastest event loop that there is here."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work())


if __name__ == "__main__":
    main()
