"""Several replicas of one model on a real Ray: they share the work, and more come when it waits."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray_fakes import FakeEntry

from inference import Engine, Settings, distributed

pytest.importorskip("ray")

FAKE = FakeEntry("fake/model")
LEAST, MOST = 2, 3


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """On a cluster of its own: the first page that joins one says how many replicas it has."""
    made_of = distributed.engine_class()  # sets Ray's variables before it is imported
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
        settings = Settings(
            device="cpu", ray_cpus=0.25, ray_min_replicas=LEAST, ray_max_replicas=MOST
        )
        made = made_of({FAKE.key: FAKE}, settings)
        yield made
        asyncio.run(made.close())
        ray.shutdown()


async def asked(engine: Engine, count: int) -> set[int]:
    """The processes that answer so many questions at once; none may be lost or mixed up."""
    answers = await asyncio.gather(*(engine.predict(FAKE.key, n) for n in range(count)))
    assert [input for input, _, _ in answers] == list(range(count))
    return {process for _, process, _ in answers}


async def test_replicas_share_the_work_and_more_come_when_it_waits(engine: Engine) -> None:
    """The test's time limit ends what never comes."""
    while len(await asked(engine, 10)) < LEAST:
        pass
    # A replica is to have a batch in work and one that waits, 8: two do not do for 60.
    while len(processes := await asked(engine, 60)) < MOST:
        pass
    questions = asyncio.ensure_future(asked(engine, 120))
    await asyncio.sleep(0.1)
    victim = processes.pop()
    os.kill(victim, signal.SIGKILL)
    assert len(await questions & processes) == LEAST  # the others took over what it held
