"""Jobs whose workers need no torch, and whose looks are taken by the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_standin import hub  # noqa: F401  a fixture
from job_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "jobs")
    yield made
    for jobs in made.open:
        for running in list(jobs.scheduler.running.values()):
            running.worker.kill()
            running.worker.wait(10)


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of a classifier, without ONNX."""
    from home_bench import classifier, job_folder  # torch, for those only who ask

    from jobs.take_home import Facts, packed

    out = job_folder(tmp_path_factory.mktemp("jobs") / "jobs" / "one", classifier)
    return packed(out, Facts("classification/cifar10", {"minutes": 1.0}), onnx=False)
