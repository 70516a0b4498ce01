"""Several replicas of one model on a real Ray: they share the work, and more come when it waits."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest
from ray_cluster import cluster
from ray_fakes import FakeEntry

from inference import Engine, Settings

pytest.importorskip("ray")

FAKE = FakeEntry("fake/model")
LEAST, MOST = 2, 3


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """On a cluster of its own: the first page that joins one says how many replicas it has."""
    with cluster() as made_of:
        settings = Settings(
            device="cpu", ray_cpus=0.25, ray_min_replicas=LEAST, ray_max_replicas=MOST
        )
        made = made_of({FAKE.key: FAKE}, settings)
        yield made
        asyncio.run(made.close())


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
