"""The benchmark of the blur stage runs and says what it measures; its numbers are nobody's business here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import blur

pytestmark = pytest.mark.integration


def test_it_times_every_part_at_both_sizes(weights_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert blur.main(["--json", "--frames", "3"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert list(results) == ["640x480", "1280x720"]
    for parts in results.values():
        assert {"scale and tensor", "infer", "refine", "background", "one look for faces"} <= set(parts)
        for scene in ("alone", "with a colleague"):
            assert {f"total {scene}, in place", f"total {scene}, own thread"} <= set(parts)
        assert all(times["mean_ms"] > 0 for times in parts.values())


def test_without_weights_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEO_SERVICE_WEIGHTS_DIR", str(tmp_path))
    assert blur.main(["--frames", "3"]) == 1
    assert "weights" in capsys.readouterr().err
