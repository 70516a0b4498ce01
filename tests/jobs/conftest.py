"""Jobs whose workers need no torch, and whose looks are taken by the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from job_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "jobs")
    yield made
    for jobs in made.open:
        for running in list(jobs._running.values()):
            running.worker.kill()
            running.worker.wait(10)
