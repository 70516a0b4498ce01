"""A long mix of everything: 64 visitors over HTTP, who break off, hang up and send what is wrong.

What must not be: an answer that is neither right nor a refusal of what the visitor did, and memory
that grows. The server is `app.py` in a process of its own; the visitors speak plain HTTP
(``/v1``, the page, its JSON), not Gradio's queue, which a browser test speaks.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import httpx
import psutil

from benchmarks.samples import SAMPLES
from benchmarks.servers import server
from benchmarks.serving import percentile
from benchmarks.table import Table

VISITORS, SEED, PATIENCE = 64, 1, 120.0
PICTURES = [path.read_bytes() for path in SAMPLES]
COLUMNS = (
    "asked for",
    "n",
    "right",
    "busy",
    "refused as due",
    "broken off",
    "errors",
    "p50 ms",
    "p99 ms",
)
#: The server says that it has no room: the visitor's own doing, of whom 64 have one address.
BUSY = (429, 503)
#: What is sent: an endpoint and its JSON; a picture where that is None.
GOOD: Mapping[str, tuple[str, Any]] = {
    "classify": ("v1/classify", None),
    "detect": ("v1/detect", None),
    "translate": (
        "v1/translate",
        {"text": "Where is the station?", "source": "en", "target": "fr"},
    ),
    "write": ("v1/write", {"prompt": "ROMEO:\n", "length": 80}),
    "handwrite": ("v1/handwrite", {"text": "Dear reader,"}),
    "images": ("v1/images", {"model": "images/faces-gan", "seed": 7}),
}
#: What is wrong with each is the visitor's, and must be answered with a 4xx.
BAD: Mapping[str, tuple[str, Any]] = {
    "no picture": ("v1/classify", {"image": "bm90IGEgcGljdHVyZQ=="}),
    "no such model": ("v1/translate", {"text": "a", "model": "translation/none"}),
    "no JSON": ("v1/write", "{"),
    "no such seed": ("v1/images", {"seed": "seven"}),
}
LOOKS = ("", "server.json", "healthz", "metrics", "v1/models")


@dataclass
class Kind:
    """What came of one kind of request. ``latencies``: of right answers, in seconds."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    latencies: list[float] = field(default_factory=list)


@dataclass
class Soaked:
    """What came of all. ``errors``: those that nobody but the server is to blame for."""

    kinds: dict[str, Kind] = field(default_factory=lambda: defaultdict(Kind))
    errors: list[str] = field(default_factory=list)
    busy: Counter[str] = field(default_factory=Counter)  # status and code

    def error(self, kind: str, told: str) -> None:
        self.kinds[kind].counts["errors"] += 1
        self.errors.append(f"{kind}: {told}")


async def visitor(
    client: httpx.AsyncClient, rng: random.Random, going: Callable[[], bool], found: Soaked
) -> None:
    """Asks for one thing after the other for as long as it is ``going``."""
    while going():
        draw = rng.random()
        if draw < 0.10:
            kind, (path, body), leaves = rng.choice([*BAD]), ("", None), False
            path, body = BAD[kind]
        elif draw < 0.25:
            kind, path, body, leaves = "pages", rng.choice(LOOKS), None, False
        else:
            kind = rng.choice([*GOOD])
            (path, body), leaves = GOOD[kind], rng.random() < 0.15
        content = _content(kind, body, rng)
        began = time.perf_counter()
        try:
            async with client.stream(
                "GET" if kind == "pages" else "POST", path, **content
            ) as answer:
                if leaves:  # in the middle of the answer, or before it
                    await asyncio.wait_for(anext(answer.aiter_bytes(), b""), rng.uniform(0, 0.5))
                    found.kinds[kind].counts["broken off"] += 1
                    continue
                text = (await answer.aread()).decode("utf-8", "replace")
        except TimeoutError:
            found.kinds[kind].counts["broken off"] += 1
            continue
        except httpx.HTTPError as error:
            found.error(kind, f"{type(error).__name__}: {error}")
            continue
        _record(found, kind, answer.status_code, text, time.perf_counter() - began)


def _content(kind: str, body: Any, rng: random.Random) -> dict[str, Any]:
    if kind == "pages":
        return {}
    if body is None:
        return {"files": {"image": ("picture.jpg", rng.choice(PICTURES))}}
    if isinstance(body, str):
        return {"content": body, "headers": {"Content-Type": "application/json"}}
    return {"json": body}


def _record(found: Soaked, kind: str, status: int, text: str, seconds: float) -> None:
    counts = found.kinds[kind].counts
    if status in BUSY:
        counts["busy"] += 1
        code = re.search(r'"code":\s*"(\w+)"', text)
        found.busy[f"{status} {code[1] if code else 'without a code'}"] += 1
    elif kind in BAD and 400 <= status < 500:
        counts["refused as due"] += 1
    elif kind in BAD or status != 200 or '"error"' in text[:200]:
        found.error(kind, f"{status} {text[:200]!r}")
    else:
        counts["right"] += 1
        found.kinds[kind].latencies.append(seconds)


async def visit(client: httpx.AsyncClient, visitors: int, going: Callable[[], bool]) -> Soaked:
    """So many visitors at once, each with a seed of its own."""
    found = Soaked()
    generators = [random.Random(f"{SEED} {number}") for number in range(visitors)]
    await asyncio.gather(*(visitor(client, rng, going, found) for rng in generators))
    return found


def measure(device: str, seconds: float, say: Callable[[str], None]) -> Table:
    """The soak, on a server that it starts and ends."""
    return asyncio.run(_measure(device, seconds, say))


async def _measure(device: str, seconds: float, say: Callable[[str], None]) -> Table:
    command = ("app.py", "--port", "{port}", "--device", device, "--offline", "--no-jobs")
    with server(*command, "--api-at-once", str(VISITORS)) as running:
        running.wait("/healthz")
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=VISITORS)
        async with httpx.AsyncClient(
            base_url=running.url, limits=limits, timeout=PATIENCE, trust_env=False
        ) as client:
            started, process = time.monotonic(), psutil.Process(running.process.pid)
            held: list[tuple[float, float]] = []

            async def watch() -> None:
                while True:
                    held.append((time.monotonic() - started, process.memory_info().rss / 1e6))
                    if len(held) % 15 == 0:
                        say(f"soak: {held[-1][0]:.0f} of {seconds:.0f} s, {held[-1][1]:,.0f} MB")
                    await asyncio.sleep(1)

            watching = asyncio.create_task(watch())
            found = await visit(client, VISITORS, lambda: time.monotonic() - started < seconds)
            watching.cancel()
            health = (await client.get("healthz")).json()
    return table(found, held, health, seconds)


def table(
    found: Soaked, held: list[tuple[float, float]], health: Mapping[str, Any], seconds: float
) -> Table:
    """``held``: seconds since the start and MB of the server's process, in the order of time."""
    rows = []
    for kind, one in sorted(found.kinds.items()):
        took = sorted(one.latencies)
        counts = [one.counts[name] for name in COLUMNS[2:7]]
        rows.append((kind, sum(counts), *counts, percentile(took, 0.5), percentile(took, 0.99)))
    quarters = [
        [mb for at, mb in held if n * seconds / 4 <= at < (n + 1) * seconds / 4] for n in range(4)
    ]
    notes = [
        f"{VISITORS} visitors of one address for {seconds:.0f} s, seed {SEED}",
        "MB of the server's process, median of each quarter: "
        + ", ".join(f"{median(each):,.0f}" if each else "-" for each in quarters),
        "busy: " + (", ".join(f"{n} x {why}" for why, n in found.busy.most_common()) or "nobody"),
        f"errors: {len(found.errors)}; afterwards the server says {health.get('status')}",
        *sorted(set(found.errors))[:5],
    ]
    return Table("Soak", COLUMNS, tuple(rows), tuple(notes))
