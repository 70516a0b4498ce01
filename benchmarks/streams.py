"""The ways to write a text that are compared, and those who read from them at once.

Every text is a `Wish`. A way that shares its step among many must give each of them, character by
character, what the model gives when nobody else writes: anything else counts as failed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.load import Effort
from benchmarks.ways import PATIENCE, clients, loaded
from inference import Engine, Settings
from pretrained import catalog

KEY = "text/shakespeare"
TEMPERATURE = 0.8
EVERY = 0.005  # seconds between two looks whether a page has begun: what its start is exact to
OPENINGS = (
    "ROMEO:\n",
    "First Citizen:\n",
    "To be, or not",
    "Enter the King.\n\n",
    "Good morrow, ",
    "JULIET:\nO ",
    "The moon ",
    "",
)


@dataclass(frozen=True)
class Wish:
    """One text: how it begins, how many characters to write, and the seed it is drawn with."""

    prompt: str
    length: int
    seed: int

    def options(self) -> dict[str, Any]:
        return {"length": self.length, "temperature": TEMPERATURE, "seed": self.seed}


#: To be called when the first character is there.
First = Callable[[], None]
#: ``await write(reader, wish, first)``: the whole text.
Write = Callable[[int, Wish, First], Awaitable[str]]
#: Opened with a device and the largest number of readers.
Way = Callable[[str, int], AbstractAsyncContextManager[Write]]


def wishes(length: int) -> list[Wish]:
    """Different beginnings and different seeds."""
    return [Wish(prompt, length, seed) for seed, prompt in enumerate(OPENINGS)]


def alone(model: Any, wish: Wish) -> Iterator[str]:
    """The pieces of a text that is written by ``begin`` and ``step`` with nothing around them."""
    state = model.begin(wish.prompt, **wish.options())
    while not state.done:
        [piece] = model.step([state])
        if piece:
            yield piece.text


# ---- ways --------------------------------------------------------------------------------------


@asynccontextmanager
async def engine(device: str, readers: int) -> AsyncIterator[Write]:
    """`Engine.stream`, in this process and on this event loop."""
    async with loaded(Engine(catalog.entries(), Settings(device=device)), KEY) as ours:

        async def write(reader: int, wish: Wish, first: First) -> str:
            text = ""
            async with aclosing(ours.stream(KEY, wish.prompt, **wish.options())) as pieces:
                async for piece in pieces:
                    if piece and not text:
                        first()
                    text += piece.text if piece else ""
            return text

        yield write


@asynccontextmanager
async def page(device: str, readers: int) -> AsyncIterator[Write]:
    """Our page's ``/write``: for each reader a gradio_client with a session of its own."""
    command = ("app.py", "--port", "{port}", "--device", device, "--offline")
    loop = asyncio.get_running_loop()
    async with clients(command, readers) as (connected, threads):

        def read(reader: int, wish: Wish, first: First) -> str:
            asked = (wish.prompt, KEY, wish.length, TEMPERATURE, wish.seed)
            job = connected[reader].submit(*asked, api_name="/write")
            end = time.monotonic() + PATIENCE
            # A job that is iterated over waits for ever where the server is gone.
            while not job.done() and time.monotonic() < end:
                if any(job.outputs()):  # what was written so far, each time
                    break
                time.sleep(EVERY)
            first()
            return str(job.result(timeout=max(end - time.monotonic(), 0)))

        async def write(reader: int, wish: Wish, first: First) -> str:
            return await loop.run_in_executor(threads, read, reader, wish, first)

        yield write


WAYS: dict[str, Way] = {"this app's engine": engine, "this app's page, /write": page}


# ---- readers -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """What came of one repeat: its length in seconds, the characters of all right texts, and how
    long each of these took to its first one. ``reason`` says why the first that failed did."""

    seconds: float
    characters: int
    firsts: tuple[float, ...]
    failed: int = 0
    reason: str = ""

    @property
    def rate(self) -> float:
        """Characters a second, of all texts together."""
        return self.characters / self.seconds


class _Clock:
    """Seconds from ``begin`` to the first call."""

    def __init__(self) -> None:
        self.begin, self.seconds = time.perf_counter(), 0.0

    def __call__(self) -> None:
        self.seconds = self.seconds or time.perf_counter() - self.begin


async def read(
    write: Write, expected: Sequence[tuple[Wish, str]], readers: int, effort: Effort
) -> Run:
    """So many readers at once, each asking for another text as soon as it has one.

    ``expected`` has what each wish gives alone. What was begun in time is waited for.
    """
    firsts: list[float] = []
    reasons: list[str] = []
    characters = begun = 0
    start = time.perf_counter()

    async def reader(number: int) -> None:
        nonlocal begun, characters
        place = number
        while time.perf_counter() - start < effort.seconds and begun < effort.calls:
            begun += 1
            place = (place + 1) % len(expected)
            wish, right = expected[place]
            first = _Clock()
            try:
                text = await asyncio.wait_for(write(number, wish, first), PATIENCE)
            except Exception as error:  # whatever a client raises: the reader got no text
                reasons.append(f"{type(error).__name__}: {error}")
                continue
            if text == right:
                characters += len(text)
                firsts.append(first.seconds)
            else:
                reasons.append(f"{text[:40]!r} instead of {right[:40]!r}")

    await asyncio.gather(*(reader(number) for number in range(readers)))
    seconds = time.perf_counter() - start
    return Run(seconds, characters, tuple(firsts), len(reasons), "".join(reasons[:1]))


def loop(write: Callable[[First], int], effort: Effort) -> Run:
    """``write`` again and again, which calls back at its first character and counts all of them."""
    firsts: list[float] = []
    characters = 0
    start = time.perf_counter()
    while time.perf_counter() - start < effort.seconds and len(firsts) < effort.calls:
        first = _Clock()
        characters += write(first)
        firsts.append(first.seconds)
    return Run(time.perf_counter() - start, characters, tuple(firsts))


def of_one(model: Any, wish: Wish) -> Callable[[First], int]:
    """`alone`, for `loop`."""

    def write(first: First) -> int:
        count = 0
        for piece in alone(model, wish):
            first()
            count += len(piece)
        return count

    return write
