"""What the tests of several tabs are given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hub_standin import hub  # noqa: F401  a fixture
from job_bench import Bench
from trainer import Trainer


@pytest.fixture
def sent(tmp_path, monkeypatch):
    """Bytes as the page sends them: a file among the uploads and the name that it had."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))

    def send(content: bytes, name: str = "picture.png") -> dict:
        path = tmp_path / f"{abs(hash(content))}-{name.replace('/', '_')}"
        path.write_bytes(content)
        return {"path": str(path), "orig_name": name, "url": None}

    return send


@pytest.fixture
def trainer(tmp_path: Path, words) -> Iterator[Trainer]:
    """A visitor of the third rooms, by plain HTTP."""
    bench = Bench(tmp_path / "jobs")
    made = Trainer(SimpleNamespace(entries={}), words, bench)
    yield made
    for running in list(made.jobs.scheduler.running.values()):
        running.worker.kill()
        running.worker.wait(10)
