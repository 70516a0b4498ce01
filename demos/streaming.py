"""Answers that come in steps: the one idiom for every event that streams.

A callback gives a *run*, an async iterator of what stands in its outputs, and `event` does the
rest: a heartbeat while nothing is new, so that a closed page frees what it holds; the run's end,
in the middle of a wait too, when the visitor has asked for something else (`Latest`); and what is
cleared where a run breaks off.

    @streaming.event(words, nothing=(gr.skip(),) * 3, broken=("", "", ""))
    def on_ask(mine: Latest, text: str, request: gr.Request):
        return answering(engine, text)      # or None: the page stays as it is
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from demos.language import Words
from demos.page.errors import guard

#: Seconds without news after which there is a heartbeat. Gradio looks whether the page or the
#: caller is still there when it is handed a value, and at no other time: a generator that waits
#: for its model's next word would wait on for nobody.
EVERY = 0.5
#: What is handed on where there is nothing new.
HEARTBEAT = object()
#: `event` leaves what stands there; or gives the last step once more.
KEEP, AGAIN = object(), object()


class Cancellation:
    """How a run that is under way is told to end: by Stop, or because another one begins.

    (Gradio's own ``cancels`` ends the page's connection together with the run, may lose the answer
    of the event that cancelled, and misses an event that the page is only about to send.) To be
    used on the server's event loop."""

    def __init__(self) -> None:
        self.asked, self.replaced = asyncio.Event(), asyncio.Event()

    def stop(self) -> None:
        self.asked.set()

    def replace(self) -> None:
        """End without another word: the page is another's now."""
        self.replaced.set()
        self.asked.set()


class Latest:
    """One visitor, one answer at a time in a place: what was asked last is the only thing that may
    still come. Kept for a visit, in a `gr.State`. To be used on the server's event loop."""

    def __init__(self) -> None:
        self.cancellation = Cancellation()
        self.cancellation.stop()

    @property
    def under_way(self) -> bool:
        """Whether a run has the place that was not told to end (and that stops it at its end)."""
        return not self.cancellation.asked.is_set()

    def take(self) -> Cancellation:
        """The right to answer, until somebody else takes it: what had it ends, in the middle of a
        wait too, and the engine's place of that becomes free."""
        self.cancellation.replace()
        self.cancellation = Cancellation()
        return self.cancellation

    def stop(self) -> None:
        """Let go of what is under way."""
        self.cancellation.stop()

    def end(self) -> None:
        """End what is under way without another word: what it was about is gone."""
        self.take().stop()


def event(
    words: Words,
    nothing: Any,
    *,
    broken: Any = KEEP,
    waiting: Any = KEEP,
    latest: Callable[[Any], Latest] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator for a callback whose answer comes in steps. The callback, a function or a
    coroutine, gives a run or None.

    Args:
        nothing: what leaves all outputs as they are: ``gr.skip()``, or a tuple of them; None for a
            named endpoint.
        broken: what is shown first where a run breaks off, so that no bar stays for ever.
        waiting: what is shown where nothing came for a while: a bar, say. `AGAIN`: the last step
            once more, for callers who read every value.
        latest: whose place the run takes, of the callback's first argument. Where it is left out,
            the first argument itself, if that is a `Latest`; else runs do not end one another.
    """

    beat = nothing if waiting is KEEP else waiting

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(fn)
        async def streamed(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
            run = fn(*args, **kwargs)
            if inspect.isawaitable(run):
                run = await run
            if run is None:
                yield nothing
                return
            if broken is not KEEP:
                run = or_broken(run, broken)
            place = latest(args[0]) if latest else next(iter(args), None)
            steps = in_place(place, run, nothing) if isinstance(place, Latest) else heartbeats(run)
            async with aclosing(steps):
                last = nothing
                async for step in steps:
                    if step is not HEARTBEAT:
                        last = step
                    yield beat if step is HEARTBEAT and waiting is not AGAIN else last

        return guard(words)(streamed)

    return decorate


async def in_place(
    place: Latest, run: AsyncGenerator[Any, None], replaced: Any = HEARTBEAT
) -> AsyncGenerator[Any, None]:
    """The steps of a run and `HEARTBEAT` where there are none, until another takes its place:
    then ``replaced`` is its last."""
    cancellation = place.take()
    try:
        async with aclosing(while_latest(cancellation, run)) as steps:
            async for step in steps:
                yield step
    finally:
        cancellation.stop()
    if cancellation.replaced.is_set():  # Gradio sends the last of these once more
        yield replaced


async def while_latest(
    cancellation: Cancellation, run: AsyncGenerator[Any, None]
) -> AsyncGenerator[Any, None]:
    """The steps of a run and `HEARTBEAT` where there are none, until it is replaced."""
    async with aclosing(heartbeats(until(cancellation.asked, run))) as steps:
        async for step in steps:
            if cancellation.replaced.is_set():
                return
            yield step


async def heartbeats(
    run: AsyncGenerator[Any, None], every: float | None = None
) -> AsyncGenerator[Any, None]:
    """The steps of a run, and `HEARTBEAT` each time that none came for ``every`` seconds (`EVERY`).

    Whoever closes this generator closes the run, in the middle of a wait too.
    """
    every = EVERY if every is None else every
    step: asyncio.Future[Any] | None = None
    try:
        while True:
            step = asyncio.ensure_future(anext(run))
            while not (await asyncio.wait({step}, timeout=every))[0]:
                yield HEARTBEAT
            try:
                got = step.result()
            except StopAsyncIteration:
                return
            yield got
    finally:
        if step is not None and not step.done():
            step.cancel()
            await asyncio.gather(step, return_exceptions=True)
        await run.aclose()


async def until(
    cancelled: asyncio.Event, run: AsyncGenerator[Any, None]
) -> AsyncGenerator[Any, None]:
    """The steps of a run until its end or its cancellation, in the middle of a wait too."""
    asked = asyncio.ensure_future(cancelled.wait())
    try:
        while not cancelled.is_set():
            step = asyncio.ensure_future(anext(run, None))
            try:
                await asyncio.wait({step, asked}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not step.done():
                    step.cancel()
                    await asyncio.gather(step, return_exceptions=True)
            if step.cancelled() or (got := step.result()) is None:
                return
            yield got
    finally:
        asked.cancel()
        await run.aclose()


async def or_broken(run: AsyncGenerator[Any, None], broken: Any) -> AsyncGenerator[Any, None]:
    """The steps of a run; where it breaks off, ``broken`` first."""
    async with aclosing(run):
        try:
            async for step in run:
                yield step
        except Exception:
            yield broken
            raise


async def once(work: Any) -> AsyncGenerator[Any, None]:
    """A run of one step: what ``work`` gives."""
    yield await work


async def just(answer: Any) -> AsyncGenerator[Any, None]:
    """A run of one step that is there already."""
    yield answer
