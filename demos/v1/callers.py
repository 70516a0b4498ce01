"""Who asks /v1: the key, how much one address may have under way and how often it may ask, and that
work ends with whoever hangs up."""

from __future__ import annotations

import asyncio
import hmac
import math
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import gradio as gr
from gradio.context import LocalContext
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from demos import proxy
from demos.language import Words
from demos.proxy import other_site
from demos.v1 import errors
from demos.v1.errors import Gone, NoKey, OtherSite, TooMany, TooOften

T = TypeVar("T")
MINUTE = 60.0


def check_key(request: HTTPConnection, key: str | None) -> None:
    """Raises `NoKey` where a key is asked for and the request has another one or none.

    Compared in constant time, so that no answer's delay tells how much of it was right.
    """
    if key is None:
        return
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    right = hmac.compare_digest(sent.strip().encode(), key.encode())
    if scheme.lower() != "bearer" or not right:
        raise NoKey


class Rate:
    """So many requests of an address in any minute. ``clock``: seconds, monotonic."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.clock = most, clock
        self.asked: dict[str, deque[float]] = {}  # whoever asked last stands last

    def check(self, address: str) -> None:
        """Raises `TooOften`: the next one would be too many."""
        now = self.clock()
        times = [each for each in self.asked.get(address, ()) if each > now - MINUTE]
        if len(times) >= self.most:
            raise TooOften(most=self.most, seconds=math.ceil(times[0] + MINUTE - now))

    def count(self, address: str) -> None:
        """Raises `TooOften`, which is not counted: whoever waits as long as it says gets in."""
        self.check(address)
        now = self.clock()
        while self.asked and self.asked[first := next(iter(self.asked))][-1] <= now - MINUTE:
            del self.asked[first]
        times = self.asked.get(address, deque())
        while times and times[0] <= now - MINUTE:
            times.popleft()
        times.append(now)
        self.asked.pop(address, None)
        self.asked[address] = times


class Callers:
    """ASGI middleware around /v1: whoever comes in has the key, if there is one, and has less under
    way than one address may, the arrival of a body included, and asks no more often. To be used on
    one event loop.

    ``open_paths`` ask for no key: what describes /v1 to those who have none yet. ``origins``: the
    sites whose pages may ask besides our own. ``per_minute``: requests of an address, None for any
    number.
    """

    def __init__(
        self,
        app: ASGIApp,
        words: Words,
        key: str | None,
        most: int,
        open_paths: Sequence[str] = (),
        origins: Sequence[str] = (),
        per_minute: int | None = None,
    ) -> None:
        self.app, self.words, self.key, self.most = app, words, key, most
        self.open_paths, self.origins = open_paths, origins
        self.under_way: Counter[str] = Counter()
        self.rate = Rate(per_minute) if per_minute else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            self.check_origin(request)
            if not scope["path"].endswith(tuple(self.open_paths)):
                check_key(request, self.key)
            with self.one_more(request):
                # Who asks, and in which language, for whatever is called from here on.
                LocalContext.request.set(gr.Request(request))
                await self.app(scope, receive, send)
        except (NoKey, OtherSite, TooMany, TooOften) as error:
            await errors.response(error, self.words.speaker(request))(scope, receive, send)

    def check_origin(self, request: Request) -> None:
        """Raises `OtherSite`."""
        if site := other_site(request, self.origins):
            raise OtherSite(site=site)

    @contextmanager
    def one_more(self, request: Request) -> Iterator[None]:
        """Raises `TooMany`: this address has as many under way already. `TooOften`."""
        address = proxy.address_of(request)
        if request.method != "POST":
            yield
            return
        if self.under_way[address] >= self.most:
            raise TooMany(most=self.most)
        if self.rate:
            self.rate.count(address)
        self.under_way[address] += 1
        try:
            yield
        finally:
            self.under_way[address] -= 1
            if not self.under_way[address]:
                del self.under_way[address]


async def gone(request: Request) -> None:
    """Returns when the caller has hung up. The request's body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """What ``work`` gives. If the caller hangs up first it is cancelled, and with it the engine's.

    Raises:
        Gone: so it was.
    """
    task = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(gone(request))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Gone
        return task.result()
    finally:
        for each in (task, leaving):
            each.cancel()
        await asyncio.gather(task, leaving, return_exceptions=True)


async def steps_unless_gone(
    request: Request, run: AsyncGenerator[Any, None]
) -> AsyncGenerator[Any, None]:
    """The steps of a run until its end, or until the caller hangs up, in the middle of a wait too.
    The run is closed with this generator."""
    leaving = asyncio.ensure_future(gone(request))
    try:
        while True:
            step = asyncio.ensure_future(anext(run))
            try:
                await asyncio.wait({step, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not step.done():
                    step.cancel()
                    await asyncio.gather(step, return_exceptions=True)
            if step.cancelled():
                return
            try:
                got = step.result()
            except StopAsyncIteration:
                return
            yield got
    finally:
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        await run.aclose()
