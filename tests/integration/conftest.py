"""What all tests with a real store share."""

from __future__ import annotations

import pytest

from signaling import store_base

LIMIT_S = 30.0


@pytest.fixture(autouse=True)
def patient_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no script count as unanswered because this machine is busy."""
    monkeypatch.setattr(store_base, "CALL_TIMEOUT_S", LIMIT_S)
