"""What all tests share: a fake engine, for pages that need one and no model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))


class FakeEngine:
    """Answers `status` and `metrics` like an engine that has one warm model and one cold."""

    def __init__(self) -> None:
        from inference import Settings
        from inference.metrics import Metrics
        from pretrained import catalog

        self.settings = Settings()
        self.entries = dict(catalog.entries())
        self.metrics = Metrics()
        self.warming = False
        self.stuck: list[str] = []

    def find(self, key: str) -> Any:
        return self.entries.get(key)

    def status(self) -> dict[str, Any]:
        models = [
            {
                "key": key,
                "state": "cold" if number else "warm",
                "bytes": 0 if number else 12_600_000,
                "leases": 0,
                "idle_seconds": 3.0,
                "device": None if number else "cpu",
                "progress": None,
            }
            for number, key in enumerate(self.entries)
        ]
        return {
            "device": {"kind": "cpu", "name": "a CPU", "reason": "no other device"},
            "budget_bytes": 4_000_000_000,
            "used_bytes": 12_600_000,
            "warming": self.warming,
            "stuck": self.stuck,
            "models": models,
            "queue": {"waiting": 2, "limit": 256},
            "answered": 41,
            "failed": 1,
        }


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture(scope="session")
def words() -> Any:
    from demos.language import Words

    return Words()
