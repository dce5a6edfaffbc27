"""Set-up: when it has nothing to do, what it takes up again, and what it says of what cannot be had."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from requirements import prepare, system

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]


class Project:
    """A project folder whose tools are small scripts that write down how they were called."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        (root / "requirements").mkdir()
        for name in ("uv.txt", "run.lock", "dev.lock"):
            (root / "requirements" / name).write_text(f"uv==1.2.3\n{name}\n")
        (root / "pyproject.toml").write_text("[project]\n")
        self.calls_file = root / "calls"
        for name, value in {
            "ROOT": root,
            "VENV": root / ".venv",
            "PYTHON": root / ".venv" / "bin" / "python",
            "UV": root / ".venv" / "bin" / "uv",
            "STAMP": root / ".venv" / "prepared.json",
        }.items():
            monkeypatch.setattr(prepare, name, value)
        monkeypatch.setattr(prepare, "_make_venv", self._make_venv)
        monkeypatch.setattr(system, "LIBRARIES", {})
        monkeypatch.setenv("CALLS", str(self.calls_file))

    def _make_venv(self) -> None:
        binaries = self.root / ".venv" / "bin"
        binaries.mkdir(parents=True, exist_ok=True)
        script(binaries / "python", 'echo "python $*" >> "$CALLS"')
        script(binaries / "uv", 'echo "uv $*" >> "$CALLS"\necho uv 1.2.3\n[ ! -e fail ]')
        with self.calls_file.open("a") as calls:
            calls.write("venv\n")

    def calls(self) -> list[str]:
        """Return what was called since the last look, in short."""
        lines = self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
        self.calls_file.unlink(missing_ok=True)
        names = {"run.lock": "sync run", "dev.lock": "sync dev", "--editable .": "service", "venv": "venv"}
        return [short for line in lines for end, short in names.items() if line.endswith(end)]


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(tmp_path, monkeypatch)


def test_the_second_start_does_nothing(project: Project) -> None:
    prepare.prepare("run")
    assert project.calls() == ["venv", "sync run", "service"]

    prepare.prepare("run")
    assert project.calls() == []


def test_tests_add_to_what_the_service_needs_and_the_service_takes_nothing_away(project: Project) -> None:
    prepare.prepare("run")
    project.calls()

    prepare.prepare("dev")
    assert project.calls() == ["sync dev", "service"]

    prepare.prepare("run")
    assert project.calls() == []

    (project.root / "requirements" / "dev.lock").write_text("uv==1.2.3\nnew\n")
    prepare.prepare("run")
    assert project.calls() == ["sync dev", "service"]


def test_a_changed_project_file_needs_no_network(project: Project) -> None:
    prepare.prepare("dev")
    project.calls()
    (project.root / "pyproject.toml").write_text("[project]\n# changed\n")

    prepare.prepare("dev")

    assert project.calls() == ["service"]


def test_an_interrupted_set_up_begins_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(prepare, "_install_service", interrupted)
        assert prepare.main(["run"]) == 130
    assert project.calls() == ["venv", "sync run"]

    prepare.prepare("run")

    assert project.calls() == ["venv", "sync run", "service"]


def test_a_failed_change_leaves_what_was_there(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    prepare.prepare("run")
    project.calls()
    (project.root / "requirements" / "run.lock").write_text("uv==1.2.3\nnew\n")
    (project.root / "fail").touch()

    assert prepare.main(["run"]) == 1
    assert "The packages of requirements/run.lock could not be installed" in capfd.readouterr().err

    (project.root / "fail").unlink()
    project.calls()
    prepare.prepare("run")
    assert project.calls() == ["sync run", "service"]


@pytest.mark.parametrize("changed", [{"root": "/elsewhere"}, {"python": "3.1"}])
def test_an_environment_of_another_place_or_python_is_made_anew(project: Project, changed: dict[str, str]) -> None:
    prepare.prepare("run")
    stamp = json.loads(prepare.STAMP.read_text())
    prepare.STAMP.write_text(json.dumps(stamp | changed))
    project.calls()

    prepare.prepare("run")

    assert project.calls() == ["venv", "sync run", "service"]


@pytest.mark.parametrize("text", ["", "[]", '{"profile": 3}', "{"])
def test_a_damaged_stamp_is_no_stamp(project: Project, text: str) -> None:
    prepare.prepare("run")
    prepare.STAMP.write_text(text)
    project.calls()

    prepare.prepare("run")

    assert project.calls() == ["venv", "sync run", "service"]


def test_the_tools_alone_change_no_packages(project: Project) -> None:
    prepare.prepare("tools")
    assert project.calls() == ["venv"]
    prepare.prepare("tools")
    assert project.calls() == []

    prepare.prepare("dev")
    assert project.calls() == ["sync dev", "service"]
    (project.root / "pyproject.toml").write_text("[project]\n# changed\n")
    prepare.prepare("tools")
    assert project.calls() == []


def test_a_library_that_is_missing_is_looked_for_at_each_start(
    project: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(system, "LIBRARIES", {"libabsent.so.9": "libabsent9"})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    for _ in range(2):
        prepare.prepare("run")
        assert "libabsent9" in capfd.readouterr().err
    project.calls()

    monkeypatch.setattr(system, "LIBRARIES", {})
    prepare.prepare("run")
    prepare.prepare("run")
    assert project.calls() == ["service"]


def test_the_mirror_of_pip_serves_uv(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project._make_venv()
    script(prepare.PYTHON, "echo \"global.index-url='mirror'\"")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.delenv("UV_INDEX_URL", raising=False)
    assert prepare._mirror() == {"UV_DEFAULT_INDEX": "mirror"}

    monkeypatch.setenv("UV_DEFAULT_INDEX", "own")
    assert prepare._mirror() == {}


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH whose only programs are a font list without fonts and an apt-get that writes down what it is asked."""
    binaries = tmp_path / "debian"
    binaries.mkdir()
    script(binaries / "apt-get", 'echo "$*" >> "$CALLS"; [ ! -e "$CALLS.fail" ]')
    script(binaries / "fc-list", ":")
    monkeypatch.setenv("PATH", str(binaries))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def test_root_on_debian_gets_what_is_missing(
    debian: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    missing = system.missing_for_browser_tests()

    assert missing == ["chromium", "firefox-esr", "fonts-noto-cjk", "coturn", "libnss3-tools"]
    assert system.provide(missing, "the browser tests", "They are skipped.")
    assert debian.read_text().splitlines() == [
        "update -qq",
        "install -y --no-install-recommends chromium firefox-esr fonts-noto-cjk coturn libnss3-tools",
    ]
    said = capsys.readouterr().err
    assert said.startswith("Installing chromium, firefox-esr, fonts-noto-cjk, coturn, libnss3-tools for the browser")


def test_a_failed_installation_is_said(
    debian: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    debian.with_suffix(".fail").touch()

    assert not system.provide(["chromium"], "the browser tests", "They are skipped.")
    assert "That failed" in capsys.readouterr().err


def test_others_are_told_the_exact_line(
    debian: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert not system.provide(["chromium", "fonts-noto-cjk"], "the browser tests", "They are skipped.")

    said = capsys.readouterr().err
    assert "    sudo apt-get install -y --no-install-recommends chromium fonts-noto-cjk\n" in said
    assert "They are skipped." in said
    assert not debian.exists()


def test_another_system_is_told_the_names(
    debian: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(debian.parent / "empty"))

    assert not system.provide(["chromium"], "the browser tests", "They are skipped.")

    assert "what Debian calls chromium" in capsys.readouterr().err


def test_nothing_missing_is_nothing_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert system.provide([], "the browser tests", "They are skipped.")
    assert capsys.readouterr().err == ""


def run_dev(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "dev"), *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_script_lists_its_commands() -> None:
    assert run_dev().stdout == run_dev("help").stdout
    assert all(f"./dev {command} " in run_dev("help").stdout for command in ("run", "test", "check", "bench", "lock"))


def test_an_unknown_command_is_refused() -> None:
    done = run_dev("tset")

    assert done.returncode == 2
    assert "There is no ./dev tset." in done.stderr


def test_an_old_python_is_told_in_a_sentence(tmp_path: Path) -> None:
    script(tmp_path / "old", "exit 1")

    done = run_dev("run", PYTHON=str(tmp_path / "old"))

    assert done.returncode == 1
    assert done.stderr == f"PYTHON={tmp_path}/old is not Python 3.11 or newer.\n"
