"""The suite's own promises: a leaked task fails its test, and in CI a skip does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]

SAMPLE = """
import asyncio
import pytest

pytestmark = pytest.mark.unit


@pytest.fixture
async def owner():
    task = asyncio.create_task(asyncio.sleep(60))
    yield task
    task.cancel()


async def test_leaks():
    test_leaks.task = asyncio.create_task(asyncio.sleep(60), name="forgotten")


async def test_a_fixture_may_own_a_task(owner):
    assert not owner.done()


async def test_a_cancelled_task_may_still_be_ending():
    asyncio.create_task(asyncio.sleep(60)).cancel()


def test_skipped():
    pytest.skip("no reason")


def test_shared_material(signing_dir):
    pytest.skip("shared material: none")


@pytest.mark.xfail(reason="known", strict=True)
def test_expected_to_fail():
    raise AssertionError
"""


OTHER_SAMPLE = "import pytest\npytest.skip('not now', allow_module_level=True)\n"


def run_samples(folder: Path, *, strict: bool) -> str:
    (folder / "test_sample.py").write_text(SAMPLE)
    (folder / "test_other_sample.py").write_text(OTHER_SAMPLE)
    options = ["-v", "-rs", "-p", "tests.conftest", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-c", str(ROOT / "pyproject.toml"), str(folder)],
        cwd=ROOT,
        env=os.environ | {"CI_STRICT": "1" if strict else "0", "LEAK_GRACE_S": "3"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return done.stdout


def test_leaks_fail_and_skips_pass_outside_ci(tmp_path: Path) -> None:
    said = run_samples(tmp_path, strict=False)

    assert "::test_leaks ERROR" in said
    assert "1 tasks were left behind" in said
    assert "name='forgotten'" in said
    assert "::test_a_fixture_may_own_a_task PASSED" in said
    assert "::test_a_cancelled_task_may_still_be_ending PASSED" in said
    assert "3 passed, 3 skipped, 1 xfailed, 1 error" in said


def test_skips_fail_in_ci_unless_shared_material_is_absent(tmp_path: Path) -> None:
    said = run_samples(tmp_path, strict=True)

    assert "::test_skipped FAILED" in said
    assert "Skipped, and in CI that is a failure: no reason" in said
    assert "Skipped, and in CI that is a failure: not now" in said
    assert "::test_shared_material SKIPPED" in said
    assert "1 failed, 3 passed, 1 skipped, 1 xfailed, 2 errors" in said
