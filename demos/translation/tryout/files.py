"""A text file in, a text file out: line by line, in pieces small enough that others' questions come
between them.

Nothing of it stays on the server: what was sent is deleted once it is read, and the finished file
travels inside the page, to whoever sent it.
"""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from demos import models, page, streaming
from demos.language import Say, Words
from demos.models import offer, on_disk, ready, waiting
from demos.streaming import Cancellation, Latest
from demos.translation import answers
from demos.translation.tryout.text_file import MOST_TEXT, UTF_8, TextFile, read
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry

SHOWN = 400  # characters of the result that the page shows
EVERY = 0.2  # seconds between two looks at the bar


@dataclass(frozen=True)
class Job:
    """One file: its name, its text, what is wanted of it, the encoding that it was read in."""

    name: str
    text: str
    direction: str
    entry: Entry
    encoding: str = UTF_8


@dataclass(frozen=True)
class Done:
    """How far a file is. ``made``: the translation so far. ``lines``, ``of``: counts. ``read``:
    characters."""

    made: str = ""
    lines: int = 0
    of: int = 0
    read: int = 0
    ended: bool = False
    error: Refusal | None = None
    bar: str = ""


@dataclass
class Visit:
    """What is under way for one visitor: the file, and how Stop ends it, which keeps its place and
    says what there is."""

    file: Latest = field(default_factory=Latest)
    stop: Cancellation = field(default_factory=Cancellation)


async def translating(engine: Engine, say: Say, job: Job) -> AsyncGenerator[Done, None]:
    """How far a file is, piece by piece; what had been made stays where one is refused."""
    source, _, target = job.direction.partition("-")
    of, made, lines, read = len(job.text.splitlines()), "", 0, 0
    try:
        async with aclosing(ready(engine, job.entry)) as loading:
            async for progress in loading:
                yield Done(of=of, bar=waiting(say, job.entry, progress))
        yield Done(made, lines, of, read)
        steps = answers.in_pieces(engine, job.entry.key, job.text, source, target)
        async with aclosing(steps):
            async for piece, found in steps:
                made += found["translation"]
                lines, read = lines + ends(piece), read + len(piece)
                yield Done(made, lines, of, read)
        yield Done(made, of, of, read, ended=True)
    except Refusal as error:
        yield Done(made, lines, of, read, ended=True, error=error)


async def told(
    engine: Engine, say: Say, job: Job, stop: Cancellation
) -> AsyncGenerator[tuple[str, Any], None]:
    """(what is shown of a file, the button Stop), until its end, or what there is of it."""
    last, shown_at = Done(), 0.0
    try:
        steps = streaming.until(stop.asked, translating(engine, say, job))
        async with aclosing(steps):
            async for last in steps:
                if not last.ended and time.monotonic() - shown_at >= EVERY:
                    shown_at = time.monotonic()
                    yield shown(say, job, last), gr.update(visible=True)
    except Exception:
        yield ended(say, job, last)
        raise
    yield ended(say, job, last)


def ended(say: Say, job: Job, last: Done) -> tuple[str, Any]:
    """What there is of a file, and no button that stops it."""
    return shown(say, job, replace(last, ended=True, bar="")), gr.update(visible=False)


def ends(text: str) -> int:
    """How many lines end in a text, at each of the ends that ``splitlines`` knows."""
    return len((text + ".").splitlines()) - 1


def taken(path: object, limit_mb: int, source: str) -> TextFile:
    """What a file holds that was sent, which is deleted whatever comes of it. Raises as `read`."""
    try:
        return read(path, limit_mb, source)
    finally:
        Path(str(path)).unlink(missing_ok=True)


def shown(say: Say, job: Job, done: Done) -> str:
    """The bar with its count; at the end the file to take home and how it begins."""
    if done.bar:
        return done.bar
    counted = say("translation.files.lines", done=f"{done.lines:,}", of=f"{done.of:,}")
    if job.encoding != UTF_8:
        read_as = say("translation.files.read_as", encoding=job.encoding)
        counted += say("translation.answer.comma") + read_as
    if not done.ended:
        return (
            f'<div class="waiting"><progress max="{len(job.text)}" value="{done.read}"></progress>'
            f'<p class="quiet">{escape(job.name)}: {counted}</p></div>'
        )
    refused = answers.refusal(say, done.error) if done.error else ""
    if not done.made:
        return refused
    target = job.direction.partition("-")[2]
    stem = Path(job.name).stem[:80] or "text"
    name = escape(f"{stem}.{target}.txt", quote=True)
    data = base64.b64encode(done.made.encode()).decode()
    start = done.made[:SHOWN] + ("…" if len(done.made) > SHOWN else "")
    take = say("translation.files.take", name=f"{stem}.{target}.txt")
    return (
        f'{refused}<p class="quiet" role="status">{escape(job.name)}: {counted}</p>'
        f'<p><a class="btn" download="{name}" '
        f'href="data:text/plain;charset=utf-8;base64,{data}">{take}</a></p>'
        f'<pre class="begins" tabindex="0" lang="{answers.TAGS.get(target, target)}">'
        f"{escape(start)}</pre>"
    )


def build(engine: Engine, words: Words, direction: gr.Radio, model: gr.Dropdown) -> None:
    """The button, the bar, the file to take home."""
    limit_mb = engine.settings.max_upload_mb
    with gr.Column(elem_classes="files"):
        page.markup(words, heading)
        with gr.Row(elem_classes="actions"):
            # files of any kind: a text is told by its bytes, where Gradio refuses in English
            send = gr.UploadButton(str(words("translation.files.send")), elem_id="say-file")
            stop = gr.Button(
                words("translation.files.stop"), visible=False, elem_id="say-file-stop"
            )
        page.upload_guard(
            words, "say-file", "say-file-out", limit_mb, "error.translation_file_empty"
        )
        result = gr.HTML(js_on_load=None, elem_id="say-file-out")
    visit = gr.State(Visit())

    @streaming.event(words, (gr.skip(), gr.skip()), latest=lambda mine: mine.file)
    async def on_file(
        mine: Visit, path: object, direction: str, key: str, request: gr.Request
    ) -> AsyncGenerator[Any, None]:
        say, under_way = words.speaker(request), mine.file.under_way
        try:
            entry = answers.entry_of(engine, key)
            if under_way:
                models.check_here(entry)
            elif not on_disk(entry):
                return streaming.just((offer(say, entry), gr.skip()))
            file = taken(path, limit_mb, direction.partition("-")[0])
        except Refusal as error:
            if under_way:  # the file before this one goes on, in the place of the refusal
                raise
            return streaming.just((answers.refusal(say, error), gr.skip()))
        job = Job(Path(str(path)).name, file.text, direction, entry, file.encoding)
        mine.stop = Cancellation()
        return told(engine, say, job, mine.stop)

    @page.guard(words)
    async def on_stop(mine: Visit) -> None:
        mine.stop.stop()

    send.upload(
        on_file,
        [visit, send, direction, model],
        [result, stop],
        concurrency_limit=models.most_together(answers.translators(engine).values()),
        trigger_mode="multiple",
        **page.PRIVATE,
    )
    stop.click(on_stop, visit, None, **page.PRIVATE)


def heading(say: Say) -> str:
    """What can be sent, and what comes back."""
    told = say("translation.files.about", most=f"{MOST_TEXT:,}")
    return f'<h2>{say("translation.files.title")}</h2><p class="quiet">{told}</p>'
