"""The engine of a ZeroGPU Space: forked workers of the real package `spaces`, of which only the
scheduler and CUDA's start are replaced. Nothing here has a GPU."""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import torch
from ray_fakes import FakeEntry, FakeModel

from inference import Engine, Settings
from inference.device import Device
from inference.errors import BadInput, Busy, Closed, Interrupted, ModelFailed, UnknownModel
from inference.zero import NoGpu, ZeroEngine

ROOT = Path(__file__).parents[2]
CPU = Device("cpu", "a test", "no other", {"cpu": 1000})


class OnDevice:
    """A tensor of a device that this machine has not."""

    device = SimpleNamespace(type="cuda")

    def cpu(self) -> torch.Tensor:
        return torch.tensor([7])

    def __reduce__(self) -> Any:
        raise AssertionError("sent as it was")


class Model(FakeModel):
    """Counts its calls, to show what a call leaves behind."""

    def __init__(self, device: str) -> None:
        self.device, self.calls = device, 0

    def predict(self, inputs: list[Any]) -> list[Any]:
        self.calls += 1
        if inputs == ["tensor"]:
            return [{"deep": [OnDevice()]}]
        if inputs == ["device"]:
            return [(self.device, os.getpid())]
        return super().predict(inputs)


class Loads:
    """Makes models, and knows which."""

    def __init__(self) -> None:
        self.made: list[tuple[str, Model]] = []

    def __call__(self, entry: Any, device: str, progress: Any) -> Model:
        if entry.key == "fake/broken":
            raise OSError("a secret path")
        self.made.append((entry.key, Model(device)))
        return self.made[-1][1]


@pytest.fixture
def decorate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """`spaces.GPU` as on a Space, where the scheduler gives a GPU at once and a worker twice."""
    from spaces.zero import wrappers
    from spaces.zero.api import ScheduleResponse

    asked: list[float] = []

    def schedule(*, duration: Any, **_: Any) -> ScheduleResponse:
        asked.append(duration.total_seconds())
        return ScheduleResponse(idle=True, nvidiaIndex=0, nvidiaUUID="none", allowToken="none")

    def nothing(*_: Any, **__: Any) -> int:
        return 0

    client = SimpleNamespace(
        schedule=schedule, release=nothing, allow=nothing, duration_warning=nothing,
        get_duration_seconds=lambda duration, size: duration.total_seconds(),
    )  # fmt: skip
    device = SimpleNamespace(
        enter_mode=nothing, unpatch=nothing, init=nothing, size=nothing, move=nothing
    )
    monkeypatch.setattr(wrappers, "client", client)
    monkeypatch.setattr(wrappers, "torch", device)
    monkeypatch.setattr(wrappers, "debug", nothing)

    def gpu(duration: int) -> Callable[[Any], Any]:
        def decorated(task: Any) -> Any:
            writes = inspect.isgeneratorfunction(task)
            kind = (
                wrappers.generator_function_wrapper if writes else wrappers.regular_function_wrapper
            )
            return kind(task, duration, None)

        return decorated

    gpu.asked = asked  # type: ignore[attr-defined]
    yield gpu
    for child in multiprocessing.active_children():
        child.terminate()


KEYS = ("fake/a", "fake/later", "fake/broken")


@pytest.fixture
def loads() -> Loads:
    return Loads()


@pytest.fixture
def zero(decorate: Any, loads: Loads) -> Iterator[ZeroEngine]:
    engine = ZeroEngine(
        {key: FakeEntry(key) for key in KEYS},
        Settings(zero_duration_s=45),
        load=loads,
        device=CPU,
        decorate=decorate,
    )
    engine.place("fake/a")
    yield engine
    asyncio.run(engine.close(0.1))


async def test_answers_are_the_usual_engines_and_come_from_another_process(
    zero: ZeroEngine, loads: Loads, decorate: Any
) -> None:
    usual = Engine({"fake/a": FakeEntry("fake/a")}, Settings(), load=Loads(), device=CPU)
    (_, placed), *_ = loads.made
    input, process, batch = await zero.predict("fake/a", {"any": "picture"})
    assert (input, batch) == ({"any": "picture"}, 1)
    assert (input, os.getpid(), batch) == await usual.predict("fake/a", {"any": "picture"})
    assert process != os.getpid()
    assert placed.calls == 0, "the worker's work is not seen here"
    assert zero.status()["models"][0]["state"] == "warm"
    assert decorate.asked == [45]
    await usual.close()


async def test_a_generation_streams_from_a_worker(zero: ZeroEngine) -> None:
    events = [event async for event in zero.stream("fake/a", 40, named=True)]
    assert [count for count, _ in events] == list(range(1, 41))  # more than may wait at once
    assert {process for _, process in events} != {os.getpid()}


async def test_a_reader_who_leaves_frees_the_place(zero: ZeroEngine) -> None:
    async with aclosing(zero.stream("fake/a", 10_000)) as events:
        assert await anext(events) == 1
    while zero._jobs:
        await asyncio.sleep(0.01)
    assert await zero.predict("fake/a", 1)


async def test_what_is_refused_in_a_worker_is_the_same_refusal_here(zero: ZeroEngine) -> None:
    with pytest.raises(BadInput):
        await zero.predict("fake/a", "bad")
    with pytest.raises(ModelFailed) as failed:
        await zero.predict("fake/a", "bug")
    assert "secret" not in str(failed.value)
    with pytest.raises(UnknownModel):
        await zero.predict("fake/none", 1)
    with pytest.raises(Exception, match="could not be loaded") as broken:
        await zero.preload("fake/broken")
    assert "secret" not in str(broken.value)


async def test_nothing_on_a_device_comes_back(zero: ZeroEngine) -> None:
    answer = await zero.predict("fake/a", "tensor")
    assert answer["deep"][0].tolist() == [7]


async def test_a_model_that_was_not_placed_is_fetched_first_and_loaded_by_the_worker(
    zero: ZeroEngine, loads: Loads
) -> None:
    device, process = await zero.predict("fake/later", "device")
    assert device == "cpu" and process != os.getpid()
    await zero.predict("fake/later", "device")
    fetched = [model.device for key, model in loads.made if key == "fake/later"]
    assert fetched == ["cpu"], "once here, and dropped: the worker's own are its own"
    assert "fake/later" not in zero._placed


async def test_a_full_line_is_busy_and_a_closed_engine_is_closed(
    decorate: Any, loads: Loads
) -> None:
    engine = ZeroEngine(
        {"fake/a": FakeEntry("fake/a")},
        Settings(queue_limit=1),
        load=loads,
        device=CPU,
        decorate=decorate,
    )
    engine.place("fake/a")
    async with aclosing(engine.stream("fake/a", 10_000)) as events:
        await anext(events)
        with pytest.raises(Busy):
            await engine.predict("fake/a", 1)
    await engine.close(0.1)
    with pytest.raises(Closed):
        await engine.predict("fake/a", 1)


@pytest.mark.parametrize(
    ("title", "refusal"),
    [("ZeroGPU quota exceeded", NoGpu), ("ZeroGPU worker error", Interrupted)],
)
async def test_what_spaces_itself_refuses_is_said_in_our_words(
    title: str, refusal: type[Exception]
) -> None:
    def none_left(duration: int) -> Any:
        def raises(*_: Any) -> Any:
            raise gr.Error("English words of spaces", title=title)

        return lambda task: raises

    engine = ZeroEngine(
        {"fake/a": FakeEntry("fake/a")},
        Settings(),
        load=Loads(),
        device=CPU,
        decorate=none_left,
    )
    with pytest.raises(refusal) as said:
        await engine.predict("fake/a", 1)
    assert "English words" not in str(said.value)
    await engine.close()


def test_without_a_space_the_real_decorator_leaves_the_work_here() -> None:
    async def asked() -> Any:
        engine = ZeroEngine({"fake/a": FakeEntry("fake/a")}, Settings(), load=Loads(), device=CPU)
        engine.place("fake/a")
        answer = await engine.predict("fake/a", "x")
        events = [event async for event in engine.stream("fake/a", 3)]
        await engine.close()
        return answer, events

    assert asyncio.run(asked()) == (("x", os.getpid(), 1), [1, 2, 3])


ON_A_SPACE = """
import sys
order = []

class Order:
    def find_spec(self, name, path=None, target=None):
        if name in ("spaces", "torch", "gradio"):
            order.append(name)

sys.meta_path.insert(0, Order())
import app
from inference import Settings
from inference.zero import ZeroEngine
from pretrained import catalog

assert order[0] == "spaces", order
settings = Settings()
assert settings.engine == "zero", settings.engine
engine = ZeroEngine(catalog.entries(), settings, decorate=lambda duration: lambda task: task)
engine.place("text/shakespeare")
[row] = [row for row in engine.status()["models"] if row["key"] == "text/shakespeare"]
assert (row["state"], row["device"]) == ("warm", "cuda"), row
from spaces.zero.torch import patching
assert len(patching.cuda_aliases) > 0, "no weights were put on the emulated device"
import os
os._exit(0)
"""


def test_on_a_space_spaces_comes_first_and_a_real_model_goes_to_its_emulated_device() -> None:
    space = {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": "http://127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "-c", ON_A_SPACE],
        cwd=ROOT,
        env={**os.environ, **space, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
