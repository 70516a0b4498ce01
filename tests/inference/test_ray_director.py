"""What is deployed, and who leaves when there is no room: with a cluster that notes what is asked
of it. And what needs no cluster: a replica by itself, refusals on their way, no Ray at all."""

from __future__ import annotations

import asyncio
import importlib.util
import pickle
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from engine_fakes import Clock
from ray_fakes import FakeEntry

import app
from inference import Settings, distributed
from inference.distributed import director
from inference.distributed.director import LEASE, Director
from inference.distributed.replica import Replica
from inference.distributed.wire import Refused, opened
from inference.errors import Busy, LoadFailed, Refusal


class Cluster:
    """Has room for two."""

    def __init__(self) -> None:
        self.there: list[str] = []
        self.fails = False

    def deploy(self, app: str, entry: Any) -> None:
        if self.fails:
            raise OSError
        self.there.append(app)

    def delete(self, app: str) -> None:
        self.there.remove(app)

    def room(self) -> int:
        return 2

    def look(self, apps: Iterable[str]) -> dict[str, dict[str, Any]]:
        return {app: {"state": "warm", "bytes": 10} for app in apps}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def made(cluster: Cluster, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Director:
    monkeypatch.setattr(director, "EVERY", 0.001)
    return Director(cluster, Settings(keep_alive_s=100), clock)


async def all_that_leave(made: Director) -> None:
    await asyncio.gather(*made._leaving)


async def test_one_deployment_however_many_ask(made: Director, cluster: Cluster) -> None:
    entry = FakeEntry("a")
    apps = await asyncio.gather(*(made.use("a", entry) for _ in range(5)))
    assert len(set(apps)) == 1 and cluster.there == apps[:1]


async def test_the_longest_idle_leaves_for_another(
    made: Director, cluster: Cluster, clock: Clock
) -> None:
    first, second = [await made.use(key, FakeEntry(key)) for key in "ab"]
    clock.now = LEASE + 1
    await made.use("a", FakeEntry("a"))
    third = await made.use("c", FakeEntry("c"))
    await all_that_leave(made)
    assert cluster.there == [first, third] and second not in cluster.there


async def test_who_is_in_use_does_not_leave(made: Director, cluster: Cluster, clock: Clock) -> None:
    for key in "ab":
        await made.use(key, FakeEntry(key))
    clock.now = LEASE + 1
    await made.beat(["a", "b"])
    waiting = asyncio.ensure_future(made.use("c", FakeEntry("c")))
    await asyncio.sleep(0.05)
    assert not waiting.done() and len(cluster.there) == 2
    clock.now += LEASE + 1  # nobody renews
    await waiting
    await all_that_leave(made)
    assert len(cluster.there) == 2


async def test_idle_ones_leave_after_their_time(
    made: Director, cluster: Cluster, clock: Clock
) -> None:
    await made.use("a", FakeEntry("a"))
    clock.now = 99
    await made.sweep()
    assert (await made.beat([]))["a"] == {"state": "warm", "bytes": 10, "idle_seconds": 99}
    clock.now = 101
    await made.sweep()
    await all_that_leave(made)
    assert cluster.there == [] and await made.beat([]) == {}


async def test_what_failed_is_made_anew_once(made: Director, cluster: Cluster) -> None:
    entry = FakeEntry("a")
    first = await made.use("a", entry)
    again = {await made.use("a", entry, failed=first) for _ in range(2)}
    await all_that_leave(made)
    assert cluster.there == list(again) and first not in again


async def test_a_deployment_that_cannot_be_made_is_tried_again(
    made: Director, cluster: Cluster
) -> None:
    cluster.fails = True
    with pytest.raises(OSError):
        await made.use("a", FakeEntry("a"))
    cluster.fails = False
    assert await made.use("a", FakeEntry("a")) in cluster.there


async def test_a_replica_that_cannot_load_says_so_in_a_sentence() -> None:
    replica = Replica.__new__(Replica)
    await replica.__init__(FakeEntry("fake/broken"), Settings(device="cpu"), {})  # type: ignore
    *_, last = [event async for event in replica.load()]
    with pytest.raises(LoadFailed) as failed:
        opened(last)
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize("refusal", [Busy(waiting=3), LoadFailed(model="a", id="1f")])
def test_a_refusal_is_the_same_on_the_other_side(refusal: Refusal) -> None:
    sent = pickle.loads(pickle.dumps(Refused.of(refusal, "a")))
    with pytest.raises(type(refusal)) as arrived:
        opened(sent)
    assert str(arrived.value) == str(refusal) and arrived.value.fields == refusal.fields


def test_without_ray_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(distributed, "find_spec", lambda name: None)
    with pytest.raises(SystemExit):
        app.main(["--engine", "ray", "--port", "0", "--no-jobs"])
    assert "pip install -r requirements-ray.txt" in capsys.readouterr().err
    assert importlib.util.find_spec("inference.distributed") is not None


def test_what_is_deployed_and_looked_at_in_two_threads_does_not_meet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Serve registers a module with cloudpickle for the time in which it makes a configuration."""
    pytest.importorskip("ray")
    from ray.serve.config import RequestRouterConfig

    from inference.distributed import cluster as of_ray

    class Serve:
        RunTarget = staticmethod(lambda *given, **named: None)
        run_many = staticmethod(lambda *given, **named: None)

        @staticmethod
        def deployment(*given: Any, **named: Any) -> Any:
            RequestRouterConfig()
            return SimpleNamespace(bind=lambda *given: None)

        @staticmethod
        def status() -> Any:
            RequestRouterConfig()
            return SimpleNamespace(applications={})

    monkeypatch.setattr(of_ray, "serve", Serve)
    made: Any = of_ray.RayCluster(Settings(device="cpu"))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            asked = [
                threads.submit(
                    *(made.look, []) if n % 2 else (made.deploy, "app", FakeEntry("a/b"))
                )
                for n in range(400)
            ]
            for one in asked:
                one.result()
    finally:
        sys.setswitchinterval(interval)
