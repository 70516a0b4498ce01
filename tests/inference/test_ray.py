"""A real Ray on this machine: what tabs ask of the engine is answered as in one process."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from PIL import Image
from ray_cluster import cluster
from ray_fakes import FakeEntry
from skimage import data
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inference import Engine, Settings
from inference.errors import BadInput, Interrupted, ModelFailed, Refusal, UnknownModel
from pretrained import catalog
from tests.browser.forwarding import connections, handed_on, listening
from tests.browser.server import serving

pytest.importorskip("ray")

CIFAR10 = "classification/cifar10"
FAKE, HIDDEN = FakeEntry("fake/model"), FakeEntry("fake/of-a-visitor")
#: So that all fit on the two cores that this Ray is told of.
SHARE = 0.25


@pytest.fixture(scope="module")
def made_of() -> Iterator[type[Engine]]:
    with cluster() as engine:
        yield engine


@pytest.fixture(scope="module")
def address(made_of: type[Engine]) -> str:
    import ray

    found: str = ray.get_runtime_context().gcs_address
    return found


@pytest.fixture(scope="module")
def engine(made_of: type[Engine]) -> Iterator[Engine]:
    made = made_of(
        {FAKE.key: FAKE, CIFAR10: catalog.find(CIFAR10)},
        Settings(device="cpu", ray_cpus=SHARE),
        unlisted={HIDDEN.key: HIDDEN}.get,
    )
    yield made
    asyncio.run(made.close())


async def test_many_that_ask_at_once_share_batches(engine: Engine) -> None:
    answers = await asyncio.gather(*(engine.predict(FAKE.key, n) for n in range(40)))
    assert [input for input, _, _ in answers] == list(range(40))
    assert max(size for _, _, size in answers) == FAKE.max_batch


async def test_a_refusal_arrives_as_itself_and_a_bug_as_a_number(engine: Engine) -> None:
    with pytest.raises(BadInput) as refused:
        await engine.predict(FAKE.key, "bad")
    assert str(refused.value) == BadInput.sentence
    with pytest.raises(ModelFailed) as failed:
        await engine.predict(FAKE.key, "bug")
    assert "secret" not in str(failed.value) and failed.value.__cause__ is None
    with pytest.raises(UnknownModel):
        await engine.predict("fake/nothing", 1)


async def test_a_stream_gives_every_event_and_frees_its_place_when_left(engine: Engine) -> None:
    assert [event async for event in engine.stream(FAKE.key, 5)] == [1, 2, 3, 4, 5]
    async with aclosing(engine.stream(FAKE.key, 10**9)) as endless:
        assert await anext(endless) == 1
        assert (await row(engine, FAKE.key))["leases"] == 1
    await until(lambda: row(engine, FAKE.key), lambda row: row["leases"] == 0)


async def test_a_real_model_answers_as_the_local_engine_does(engine: Engine) -> None:
    picture = Image.fromarray(data.chelsea())
    local = Engine(catalog.entries(), Settings(device="cpu"))
    here = await local.predict(CIFAR10, picture, top_k=5)
    await local.close()
    await engine.preload(CIFAR10)
    there = await engine.predict(CIFAR10, picture, top_k=5)
    assert there["label"] == here["label"]
    assert there["confidences"] == [
        one | {"confidence": pytest.approx(one["confidence"], abs=1e-5)}
        for one in here["confidences"]
    ]
    rows = {row["key"]: row for row in engine.status()["models"]}
    assert list(rows) == [FAKE.key, CIFAR10]


def passing(pages: list[str]) -> Starlette:
    """A load balancer: /v1 goes to each page in turn, the rest by the visitor's address."""
    client = connections()
    turns = iter(range(10**6))

    async def hand_on(request: Request) -> Response:
        visitor = int(request.headers.get("x-forwarded-for", "10.0.0.0").rpartition(".")[2])
        number = next(turns) if request.url.path.startswith("/v1") else visitor
        page = pages[number % len(pages)]
        return await handed_on(client, request, page + request.url.path, keep_host=False)

    return Starlette(routes=[Route("/{path:path}", hand_on, methods=["GET", "POST"])])


def test_two_pages_behind_a_balancer_that_keeps_each_visitor_to_one(
    engine: Engine, address: str, tmp_path: Path
) -> None:
    file = tmp_path / "cat.png"
    Image.fromarray(data.chelsea()).save(file)
    asyncio.run(engine.preload(CIFAR10))
    flags = ("--engine", "ray", "--ray-address", address, "--no-warm", "--offline")
    with ExitStack() as stack, ThreadPoolExecutor(2) as threads:
        folders = [tmp_path / "0", tmp_path / "1"]
        for folder in folders:
            folder.mkdir()
        up = [serving(folder, *flags) for folder in folders]
        pages = list(threads.map(lambda page: stack.enter_context(page), up))
        url = stack.enter_context(listening(passing(pages)))
        labels = []
        for visitor in ("10.0.0.1", "10.0.0.2"):
            client = Client(url, headers={"X-Forwarded-For": visitor}, verbose=False)
            answer = client.predict(handle_file(file), CIFAR10, 5, api_name="/classify")
            labels.append(answer["label"])
            client.close()
        with file.open("rb") as picture:
            for _ in pages:
                picture.seek(0)
                answer = httpx.post(
                    f"{url}/v1/classify", files={"image": picture}, data={"model": CIFAR10}
                )
                labels.append(answer.json()["label"])
        assert set(labels) == {"cat"}
        for page in pages:
            health = httpx.get(f"{page}/healthz").json()
            assert health["warm"] == [CIFAR10]
            assert 'outcome="answered"} 2.0' in httpx.get(f"{page}/metrics").text


async def test_a_replica_killed_under_load_loses_nothing(engine: Engine) -> None:
    """Last, as it ends a process that others use: what it held is asked once more."""
    _, victim, _ = await engine.predict(FAKE.key, 0)
    async with (
        aclosing(engine.stream(FAKE.key, 30)) as same,
        aclosing(engine.stream(FAKE.key, 30, named=True)) as different,
    ):
        counted = [await anext(same)]
        assert (await anext(different))[1] == victim
        asked = [asyncio.ensure_future(engine.predict(FAKE.key, n)) for n in range(40)]
        await asked[0]
        os.kill(victim, signal.SIGKILL)
        answers = await asyncio.gather(*asked)
        assert [input for input, _, _ in answers] == list(range(40))
        assert {process for _, process, _ in answers} > {victim}
        assert [*counted, *[event async for event in same]] == list(range(1, 31))
        with pytest.raises(Interrupted):  # it would have gone on otherwise than it began
            _ = [event async for event in different]


async def row(engine: Any, key: str) -> dict[str, Any]:
    """What the replica itself says."""
    use = engine._uses[engine._name(engine.entries[key])]
    found: dict[str, Any] = await use.handle.row.remote()
    return found


async def until(look: Callable[[], Any], right: Callable[[Any], bool]) -> None:
    """Looks until it is right; the test's time limit ends what never is."""
    while not right(await look()):
        await asyncio.sleep(0.05)


async def test_a_model_that_is_not_listed_answers_and_is_not_named(engine: Engine) -> None:
    assert (await engine.predict(HIDDEN.key, 7))[0] == 7
    with pytest.raises(Refusal):
        await engine.predict(HIDDEN.key, "bad")
    assert HIDDEN.key not in str(engine.status())
    assert HIDDEN.key not in engine.metrics.render().decode()
    assert not any("visitor" in name for name in engine._deployed)  # type: ignore[attr-defined]
