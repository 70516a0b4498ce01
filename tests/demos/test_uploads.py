"""The decoders: bounded, by turns, given up with whoever waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from demos import uploads, visitors
from demos.pictures import BadPicture
from demos.uploads import Decoding
from inference.errors import BadInput, Busy


class Held:
    """One thread that does nothing until it is let go."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(1)
        self.begun, self.go = threading.Event(), threading.Event()
        self.done: list[Any] = []

    def block(self) -> None:
        self.begun.set()
        self.go.wait(60)

    def work(self, name: Any) -> Any:
        self.done.append(name)
        return name


@pytest.fixture
def held() -> Iterator[Held]:
    held = Held()
    yield held
    held.go.set()
    held.threads.shutdown()


async def busy(decoding: Decoding, held: Held) -> asyncio.Task[Any]:
    """Something that keeps the only thread until ``held.go`` is set."""
    task = asyncio.create_task(decoding.run(held.block))
    await asyncio.to_thread(held.begun.wait, 60)
    return task


async def waiting(decoding: Decoding, held: Held, *names: Any) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.create_task(decoding.run(held.work, name)) for name in names]
    await asyncio.sleep(0)
    assert len(decoding) == len(names)
    return tasks


async def test_no_more_wait_than_may(held: Held) -> None:
    decoding = Decoding(held.threads, most=2)
    first = await busy(decoding, held)
    tasks = await waiting(decoding, held, 1, 2)
    with pytest.raises(Busy) as refusal:
        await decoding.run(held.work, 3)
    assert refusal.value.fields == {"waiting": 2}
    held.go.set()
    assert await asyncio.gather(first, *tasks) == [None, 1, 2] and len(decoding) == 0


async def test_an_address_has_half_of_the_places(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoding = Decoding(held.threads, most=4)
    first = await busy(decoding, held)
    monkeypatch.setattr(visitors, "current", lambda: ("one", "a session"))
    tasks = await waiting(decoding, held, 1, 2)
    monkeypatch.setattr(visitors, "current", lambda: ("one", "another session"))
    with pytest.raises(Busy):
        await decoding.run(held.work, 3)
    monkeypatch.setattr(visitors, "current", lambda: ("two", "a session"))
    other = asyncio.create_task(decoding.run(held.work, 4))
    held.go.set()
    assert await asyncio.gather(first, *tasks, other) == [None, 1, 2, 4]


async def test_what_nobody_waits_for_is_not_begun(held: Held) -> None:
    decoding = Decoding(held.threads)
    first = await busy(decoding, held)
    left, stays = await waiting(decoding, held, "left", "stays")
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    assert len(decoding) == 1, "its place is free"
    held.go.set()
    await asyncio.gather(first, stays)
    assert held.done == ["stays"]


async def test_one_whose_time_is_over_is_told_and_never_begun(held: Held) -> None:
    decoding = Decoding(held.threads, seconds=0.0)
    first = asyncio.create_task(decoding.run(held.block))
    for task in (first, asyncio.create_task(decoding.run(held.work, "late"))):
        with pytest.raises(BadInput) as refusal:
            await task
        assert refusal.value.code == "picture_slow" and refusal.value.fields == {"seconds": "0"}
    assert len(decoding) == 0
    held.go.set()
    await asyncio.to_thread(held.threads.shutdown)
    assert held.done == []


async def test_visitors_take_turns(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    who = {"a": ("1.1.1.1", "many"), "b": ("2.2.2.2", "few")}
    decoding = Decoding(held.threads)
    first = await busy(decoding, held)
    tasks = []
    for name in ["a"] * 20 + ["b"]:
        monkeypatch.setattr(visitors, "current", lambda name=name: who[name])
        tasks.append(asyncio.create_task(decoding.run(held.work, name)))
        await asyncio.sleep(0)
    held.go.set()
    await asyncio.gather(first, *tasks)
    assert held.done[:2] == ["a", "b"]


async def test_what_the_work_raises_is_raised(held: Held) -> None:
    def bad() -> None:
        raise BadPicture("picture_empty")

    with pytest.raises(BadInput) as refusal:
        await Decoding(held.threads).run(bad)
    assert refusal.value.code == "picture_empty"


def test_the_page_s_own_is_bounded() -> None:
    assert uploads.DECODING.most == uploads.WAITING < 1000 and uploads.DECODING.seconds <= 60
