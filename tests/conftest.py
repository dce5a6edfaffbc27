"""What every tier of tests shares: strictness in CI, the leak check, a real Valkey, and the places of test material."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog
from redis.asyncio import Redis
from xdist.scheduler import LoadScopeScheduling

from media import weights as network_weights
from tests.data_keys import DATA_KEYS
from tests.valkey_server import RealValkey

ROOT = Path(__file__).resolve().parents[1]
SIGNING = ROOT.parent / "shared" / "data" / "signing"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Waited for only where something is left, then as long as a busy machine may take; shorter in the tests of this file.
LEAK_GRACE_S = float(os.environ.get("LEAK_GRACE_S", "30"))
# In the order in which processes take them: first what one process does from its beginning to its end, alone, last what
# any number of processes can share.
TIERS = ("calls", "faults", "integration", "unit", "pages")
# Browsers with a real service behind them: two such tests at once starve each other.
CALLS = frozenset(
    {
        *("test_agent_call.py", "test_arrivals.py", "test_call.py", "test_codec_mix.py", "test_demo.py"),
        *("test_embed.py", "test_firefox.py"),
        *("test_media_chromium.py", "test_network_change.py", "test_no_weights.py", "test_second_signer.py"),
        *("test_turn.py", "test_turn_ways.py", "test_watch_call.py"),
    }
)
# What one of these has looked at is asked for by the other.
TOGETHER = {"test_states.py": "states", "test_states_words.py": "states"}

# The longest of those with pages alone: begun last, one of them would be waited for at the end.
LONG = frozenset(
    {*TOGETHER, "test_agent_page.py", "test_coordinator_roster.py", "test_customer_record.py", "test_watch.py"}
)

# In CI a skipped test counts as a failed one, unless its reason begins with one of these.
STRICT = os.environ.get("CI_STRICT") == "1"
ALLOWED_SKIPS = ("shared material",)

# A loop that tries again logs its traceback each time. structlog's own kind draws the source and all values of every
# frame: with the store away, on a busy machine, that held the event loop up for seconds, and pages were cut as silent.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

hypothesis.settings.register_profile("here", deadline=None, print_blob=True, derandomize=STRICT)
hypothesis.settings.load_profile("here")


def pytest_configure() -> None:
    """Let no setting of the person's shell reach a test; the weights stay where `./dev` has put them.

    All that a test starts shares one data key, as the parts of a service do.
    """
    weights_dir = network_weights.weights_dir()
    for name in [name for name in os.environ if name.startswith("VIDEO_SERVICE_") or name == "REDIS_URL"]:
        del os.environ[name]
    os.environ[network_weights.VARIABLE] = str(weights_dir)
    os.environ["VIDEO_SERVICE_DATA_KEYS"] = ",".join(DATA_KEYS)
    # Said once that there is no current loop, asyncio makes none unasked (for looptime, before the first test).
    asyncio.set_event_loop(None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)
    if find_chromium() is None:
        reason = "Chromium is not installed; on Debian: apt-get install chromium fonts-noto-cjk"
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=reason))


def _is_ours(item: pytest.Item) -> bool:
    return item.path.is_relative_to(ROOT / "tests")


def _turn(item: pytest.Item) -> tuple[int, bool]:
    """Return what orders tests: by tier, and in each the longest files first: nobody waits for one at the end."""
    return (TIERS.index(_tier(item.path)), item.path.name not in LONG) if _is_ours(item) else (0, False)


def _tier(path: Path) -> str:
    folder = path.relative_to(ROOT / "tests").parts[0]
    if folder != "browser":
        return folder
    return "calls" if path.name in CALLS else "pages"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than cores: much of what tests do is to wait, for a start, a timer or a picture."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Let each process take a file, and one of them all calls in browsers."""

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            name = path.rpartition("/")[2]
            if path.startswith("tests/browser/") and name in CALLS:
                return "calls"
            return TOGETHER.get(name, path)

    return Scheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        _fail_if_skipped_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped_in_ci(report)
    return report


def _fail_if_skipped_in_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not (STRICT and report.outcome == "skipped"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not reason.startswith(ALLOWED_SKIPS):
        report.outcome = "failed"
        report.longrepr = f"Skipped, and in CI that is a failure: {reason}"


def find_chromium() -> str | None:
    """Return the path of an installed Chromium."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; tests marked `browser` run only where there is one."""
    path = find_chromium()
    assert path is not None, "mark the test as browser"
    return path


@pytest.fixture(scope="session")
def signing_dir() -> Path:
    """The folder of signing clips, which is no part of the repository."""
    if not SIGNING.is_dir():
        pytest.skip("shared material: ../shared/data/signing is not here")
    return SIGNING


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    """The folder of the networks' weights."""
    if network_weights.absent():
        pytest.skip("The weights are not here; to bring them: ./dev test, or python -m media.weights fetch")
    return network_weights.weights_dir()


@pytest.fixture(autouse=True)
def no_leaked_tasks(request: pytest.FixtureRequest) -> None:
    """Every asynchronous test fails that leaves a task behind. Set up before, so ended after, its other fixtures."""
    if request.node.get_closest_marker("asyncio"):
        request.getfixturevalue("_task_guard")


@pytest.fixture(autouse=True)
def same_environment() -> Iterator[None]:
    """Whatever a test makes of this process's environment (no way to the network, say) ends with the test."""
    before = dict(os.environ)
    yield
    before["PYTEST_CURRENT_TEST"] = os.environ.get("PYTEST_CURRENT_TEST", "")
    if os.environ != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
async def _task_guard() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=LEAK_GRACE_S)  # what was cancelled may need a few turns to end
    if left:
        names = "\n".join(sorted(repr(task) for task in left))
        pytest.fail(f"{len(left)} tasks were left behind:\n{names}", pytrace=False)


@pytest.fixture
def valkey_server() -> Iterator[Callable[..., RealValkey]]:
    """Make servers of the test's own: `valkey_server(aof=True)` returns one that runs."""
    with contextlib.ExitStack() as stack:

        def make(*, aof: bool = False) -> RealValkey:
            # Not pytest's tmp_path: a Unix socket's path has at most 107 bytes.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="valkey-")))
            server = RealValkey(folder, aof=aof)
            stack.callback(server.kill)
            server.start()
            return server

        yield make


@pytest.fixture(scope="session")
def valkey() -> Iterator[RealValkey]:
    """One server for the whole run, without persistence; tests keep apart by `pool`."""
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        server = RealValkey(Path(folder))
        server.start()
        yield server
        server.kill()


@pytest.fixture
def pool() -> str:
    """A pool name that no other test has; every key of the service carries it."""
    return f"t-{secrets.token_hex(6)}"


@pytest.fixture
async def redis(valkey: RealValkey, pool: str) -> AsyncIterator[Redis]:
    """A client of the common server; the keys that name this test's pool are gone afterwards."""
    client = Redis.from_url(valkey.url, socket_timeout=30.0)
    yield client
    async for key in client.scan_iter(match=f"*{pool}*", count=1000):
        await client.unlink(key)
    await client.aclose()
