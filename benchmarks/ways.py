"""The ways to serve that are compared: each is opened, and then asked by many callers."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
from gradio_client import Client, handle_file

from benchmarks.samples import SAMPLES, opened
from benchmarks.servers import server
from inference import Engine, Settings, distributed
from pretrained import catalog

KEY = "classification/cifar10"
PATIENCE = 60.0  # seconds that one call may take

#: ``await ask(caller, sample)``: caller number ``caller`` gets the label of that sample.
Ask = Callable[[int, int], Awaitable[str]]
#: Opened with a device and the largest number of callers.
Way = Callable[[str, int], AbstractAsyncContextManager[Ask]]


@asynccontextmanager
async def engine(device: str, callers: int) -> AsyncIterator[Ask]:
    """`Engine.predict`, in this process and on this event loop."""
    async with asked_directly(Engine(catalog.entries(), Settings(device=device))) as ask:
        yield ask


@asynccontextmanager
async def on_ray(device: str, callers: int) -> AsyncIterator[Ask]:
    """`Engine.predict` here, computed by a replica of a Ray that is started for it."""
    settings = Settings(device=device, ray_gpus=1.0 if device == "cuda" else 0.0)
    made = await asyncio.to_thread(distributed.engine_class(), catalog.entries(), settings)
    async with asked_directly(made) as ask:
        yield ask


@asynccontextmanager
async def loaded(ours: Engine, key: str) -> AsyncIterator[Engine]:
    """An engine that holds a model, and is closed at the end."""
    await ours.preload(key)
    try:
        yield ours
    finally:
        await ours.close()


@asynccontextmanager
async def asked_directly(made: Engine) -> AsyncIterator[Ask]:
    """An engine, asked for pictures in memory."""
    pictures = opened()
    async with loaded(made, KEY) as ours:

        async def ask(caller: int, sample: int) -> str:
            return (await ours.predict(KEY, pictures[sample]))["label"]

        yield ask


@asynccontextmanager
async def over_http(
    command: tuple[str, ...], ready: str, path: str, callers: int, **more: Any
) -> AsyncIterator[Ask]:
    """One request a picture, as base64 in JSON; connections kept open. ``more``: beside it."""
    bodies = [{"image": b64encode(file.read_bytes()).decode()} | more for file in SAMPLES]
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=callers)
    with server(*command) as running:
        running.wait(ready)
        async with httpx.AsyncClient(
            base_url=running.url, limits=limits, timeout=PATIENCE, trust_env=False
        ) as client:

            async def ask(caller: int, sample: int) -> str:
                answer = await client.post(path, json=bodies[sample])
                return answer.raise_for_status().json()["label"]

            yield ask


def litserve(device: str, callers: int) -> AbstractAsyncContextManager[Ask]:
    """LitServe over HTTP."""
    command = ("-m", "benchmarks.rivals.lit_server", "{port}", KEY, device)
    return over_http(command, "/health", "/predict", callers)


def ray_serve(device: str, callers: int) -> AbstractAsyncContextManager[Ask]:
    """Ray Serve over HTTP."""
    command = ("-m", "benchmarks.rivals.ray_server", "{port}", KEY, device)
    return over_http(command, "/", "/predict", callers)


def v1(device: str, callers: int) -> AbstractAsyncContextManager[Ask]:
    """The server that serves our page, asked by plain HTTP."""
    command = ("app.py", "--port", "{port}", "--device", device, "--offline", "--no-jobs")
    more = ("--api-at-once", str(callers))  # all of them have one address
    return over_http((*command, *more), "/healthz", "/v1/classify", callers, model=KEY, top_k=5)


@asynccontextmanager
async def clients(
    command: tuple[str, ...], callers: int
) -> AsyncIterator[tuple[list[Client], ThreadPoolExecutor]]:
    """A Gradio app, for each caller a gradio_client with a session of its own, and their threads.

    The clients check no certificates: there are none on loopback, but gradio_client 2.x reads the
    list of authorities anew for each of a call's three requests. That took 70 of the 80 ms of CPU
    that a call cost its caller, and so measured the callers instead of the pages.
    """
    loop = asyncio.get_running_loop()
    with server(*command) as running, ThreadPoolExecutor(callers) as threads:
        running.wait("/", "/config")

        def connect() -> Client:
            return Client(
                running.url,
                verbose=False,
                download_files=False,
                analytics_enabled=False,
                ssl_verify=False,
                httpx_kwargs={"timeout": PATIENCE},
            )

        connecting = [loop.run_in_executor(threads, connect) for _ in range(callers)]
        connected = await asyncio.gather(*connecting)
        try:
            yield connected, threads
        finally:
            closing = [loop.run_in_executor(threads, client.close) for client in connected]
            await asyncio.gather(*closing)


@asynccontextmanager
async def gradio(command: tuple[str, ...], callers: int, *asked: Any) -> AsyncIterator[Ask]:
    """A Gradio app's ``/classify``."""
    files = [handle_file(path) for path in SAMPLES]
    loop = asyncio.get_running_loop()
    async with clients(command, callers) as (connected, threads):

        def call(caller: int, sample: int) -> str:
            job = connected[caller].submit(files[sample], *asked, api_name="/classify")
            return job.result(timeout=PATIENCE)["label"]

        async def ask(caller: int, sample: int) -> str:
            return await loop.run_in_executor(threads, call, caller, sample)

        yield ask


def naive(device: str, callers: int) -> AbstractAsyncContextManager[Ask]:
    """Loads at import, Gradio's default concurrency."""
    return gradio(("-m", "benchmarks.rivals.naive_gradio", "{port}", KEY, device), callers)


def page(device: str, callers: int) -> AbstractAsyncContextManager[Ask]:
    """Our own page: the engine, and everything that a visitor has before it."""
    command = ("app.py", "--port", "{port}", "--device", device, "--offline")
    return gradio(command, callers, KEY, 5)


WAYS: dict[str, Way] = {
    "this app's engine": engine,
    "this app's --engine ray": on_ray,
    "this app's /v1/classify": v1,
    "LitServe over HTTP": litserve,
    "Ray Serve over HTTP": ray_serve,
    "this app's page, /classify": page,
    "naive Gradio app": naive,
}
#: Packages that a way needs, and what installs each.
NEEDED: dict[str, tuple[str, str]] = {
    "this app's --engine ray": ("ray", "pip install -r requirements-ray.txt"),
    "LitServe over HTTP": ("litserve", "make setup-dev"),
    "Ray Serve over HTTP": ("ray", "pip install -r requirements-ray.txt"),
}
