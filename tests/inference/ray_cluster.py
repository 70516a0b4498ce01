"""A real Ray on this machine, for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inference import Engine, distributed


@contextmanager
def cluster() -> Iterator[type[Engine]]:
    """What makes engines on a Ray of two cores, whose processes find the fakes."""
    engine = distributed.engine_class()  # sets Ray's variables before it is imported
    import ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        patch.setenv("OMP_NUM_THREADS", "1")
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            namespace="breakthroughs",
            object_store_memory=100 * 2**20,
            logging_level="error",
        )
        yield engine
        ray.shutdown()
