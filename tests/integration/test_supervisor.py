from __future__ import annotations

import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from typer.testing import CliRunner

from tests import running_service
from tests.running_service import RunningService, is_gone, run_command
from tests.valkey_server import RealValkey
from video_service.cli import app
from video_service.valkey import at_hand

pytestmark = pytest.mark.integration

WAIT_S = 60.0
# The same command, with as much time for each part to end and to get to know the others as a busy machine may need.
PATIENT = """
from video_service import cli, supervisor
supervisor.WEB_STOP_S = supervisor.MEDIA_STOP_S = supervisor.VALKEY_STOP_S = supervisor.ACQUAINTED_S = 30.0
cli.main()
"""


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vs-") as name:
        yield Path(name)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_service, "COMMAND", [sys.executable, "-P", "-c", PATIENT])


@pytest.mark.usefixtures("patient")
def test_one_command_starts_everything_and_ctrl_c_ends_it_in_order(data: Path) -> None:
    with RunningService(data) as service:
        service.until(lambda: [service.get(path) for path in ("/healthz", "/readyz")] == [200, 200])
        service.until(service.has_media)
        for page in ("customer", "agent", "coordinator"):
            assert f"{service.address}/{page}/" in "\n".join(service.said)
        assert "signs in as admin" in service.said[-1]
        pids = [service.pid(child) for child in ("web", "media 1", "valkey")]
        assert all("uvloop" in Path(f"/proc/{pid}/maps").read_text() for pid in pids[:2]), "the loop that packets need"
        with service.store() as store:
            store.set("kept", "1")

        assert service.stop(WAIT_S) == 0

    assert all(is_gone(pid) for pid in pids)
    ended = [line["child"] for line in service.events("child_stopped")]
    assert ended == ["web", "media 1", "valkey"]
    assert service.events("child_killed") == []
    assert list((data / "run").iterdir()) == []
    with at_hand(data, "") as url, redis.Redis.from_url(url, decode_responses=True) as store:
        assert store.get("kept") == "1", "what was stored is there at the next start"


def test_a_second_service_on_the_same_port_is_a_sentence(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])

        found = run_command("run", "--port", port, "--data", str(data))

    assert found.returncode == 1
    assert found.stderr.startswith(f"Port {port} is in use by another program; choose another with --port")
    assert not (data / "valkey").exists()


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_a_sentence(data: Path, host: str) -> None:
    found = run_command("run", "--host", host, "--port", "0", "--data", str(data))

    assert found.returncode == 1
    assert found.stderr.strip() == f"{host} is no address of this machine."


def test_a_redis_that_does_not_answer_is_a_sentence(data: Path) -> None:
    found = run_command(
        "run", "--port", "0", "--data", str(data), environment={"REDIS_URL": "redis://:canary@127.0.0.1:1/0"}
    )

    assert found.returncode == 1
    assert "Redis does not answer at REDIS_URL" in found.stderr
    assert "canary" not in found.stderr


def test_a_folder_that_others_may_read_is_a_sentence(data: Path) -> None:
    (data / "valkey").mkdir(mode=0o755)

    found = run_command("run", "--port", "0", "--data", str(data))

    assert found.returncode == 1
    assert "close it first: chmod 700" in found.stderr


def test_a_setting_that_cannot_be_used_is_a_sentence(data: Path) -> None:
    found = run_command("run", "--data", str(data), environment={"VIDEO_SERVICE_PORT": "eighty"})

    assert found.returncode == 1
    assert found.stderr.strip() == "VIDEO_SERVICE_PORT must be a whole number, not 'eighty'."


def test_a_redis_of_the_operators_own_is_used_and_left_running(data: Path, valkey: RealValkey, pool: str) -> None:
    environment = {"REDIS_URL": valkey.url, "VIDEO_SERVICE_POOL": pool}
    with RunningService(data, environment=environment) as service:
        service.until(lambda: service.get("/readyz") == 200)
        assert not (data / "valkey").exists()
        assert service.stop(WAIT_S) == 0
    assert valkey.pid


def test_a_second_ctrl_c_ends_at_once(data: Path) -> None:
    with RunningService(data) as service:
        pids = [service.pid(child) for child in ("web", "media 1", "valkey")]
        service.process.send_signal(signal.SIGTERM)
        service.until(lambda: any("Stopping" in line for line in service.said))
        service.process.send_signal(signal.SIGINT)

        assert service.process.wait(WAIT_S) in (0, 130)
    assert all(is_gone(pid) for pid in pids)


def test_ctrl_c_while_it_starts_ends_it(data: Path) -> None:
    service = RunningService(data)
    service.start()
    service.until(lambda: service.times_ready("valkey") == 1)

    too_late = any("ready" in line for line in service.said)
    assert service.stop(WAIT_S) == 0
    service.__exit__(None, None, None)
    assert too_late or not any("ready" in line for line in service.said)
    assert is_gone(service.pid("valkey"))


def test_a_part_that_does_not_start_is_a_sentence_with_its_last_lines(data: Path) -> None:
    with at_hand(data, "") as url, redis.Redis.from_url(url) as store:
        store.set("a", "1")
    next((data / "valkey" / "appendonlydir").glob("*.manifest")).write_text("nonsense\n")

    found = run_command("run", "--port", "0", "--data", str(data))

    assert found.returncode == 1
    assert "The valkey process does not start: it ended with status 1, 3 times. Its last lines:" in found.stderr
    assert "nonsense" in found.stderr
    assert "ready" not in found.stdout


def test_a_name_that_is_no_setting_is_pointed_out(data: Path) -> None:
    found = run_command(
        "run", "--data", str(data), environment={"VIDEO_SERVICE_PROT": "1", "REDIS_URL": "redis://127.0.0.1:1/0"}
    )

    assert found.stderr.splitlines()[0] == "VIDEO_SERVICE_PROT is no setting; see .env.example for their names."


def test_an_env_file_counts_unless_the_environment_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("VIDEO_SERVICE_PORT=1000\nVIDEO_SERVICE_POOL=north\n")
    monkeypatch.chdir(tmp_path)

    found = run_command("settings", environment={"VIDEO_SERVICE_PORT": "2000"})

    assert "VIDEO_SERVICE_PORT=2000" in found.stdout
    assert "VIDEO_SERVICE_POOL=north" in found.stdout


@pytest.mark.parametrize("command", ["web", "media"])
def test_a_part_alone_needs_the_address_of_the_store(command: str) -> None:
    found = run_command(command)

    assert found.returncode == 1
    assert found.stderr.startswith("REDIS_URL must be set")


@pytest.mark.parametrize("command", ["run", "web", "media", "blur", "schema", "settings", "users", "sessions"])
def test_every_command_explains_itself(command: str) -> None:
    found = CliRunner().invoke(app, [command, "--help"], prog_name="video-service")

    assert found.exit_code == 0
    assert f"Usage: video-service {command}" in found.stdout


def test_the_program_lists_its_commands() -> None:
    found = run_command("--help")

    assert found.returncode == 0
    assert "Usage: video-service" in found.stdout
