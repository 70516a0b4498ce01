"""A text file in, a text file out: line by line, in pieces small enough that others' questions come
between them.

Nothing of it stays on the server: what was sent is deleted once it is read, and the finished file
travels inside the page, to whoever sent it.
"""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from demos import page, streaming
from demos.language import Say, Words
from demos.limits import MB
from demos.models import offer, on_disk, ready, waiting
from demos.streaming import Latest, while_latest
from demos.translation import answers
from demos.translation.letters import MOST_TEXT, UTF_8, Letter, pieces, read
from inference.errors import Refusal

SHOWN = 400  # characters of the result that the page shows
EVERY = 0.2  # seconds between two looks at the bar
# Refuses in the browser, in the visitor's language, what Gradio would refuse in its own.
GUARD = """const page = element.closest('.page');
page.addEventListener('change', (event) => {
  const field = event.target.closest?.('#say-file');
  const said = element.querySelector('.refusal');
  if (!field || !said || !event.target.files?.length) return;
  const file = event.target.files[0];
  const reason = file.size === 0 ? said.dataset.empty
    : file.size > +said.dataset.limit
    ? said.dataset.heavy.replace('{size}', Math.ceil(file.size / 1e6)) : '';
  said.textContent = reason;
  said.hidden = !reason;
  if (reason) { event.stopPropagation(); event.target.value = ''; }
}, true);"""


@dataclass(frozen=True)
class Job:
    """One file: its name, its text, what is wanted of it, the encoding that it was read in."""

    name: str
    text: str
    direction: str
    key: str
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


BROKEN = Done(ended=True)  # stands in for what nobody expected, before it is raised


async def translating(engine: Any, words: Words, lang: str, job: Job) -> AsyncIterator[Done]:
    """How far a file is, piece by piece; what had been made stays where one is refused."""
    source, _, target = job.direction.partition("-")
    of, made, lines, read = len(job.text.splitlines()), "", 0, 0
    try:
        entry = answers.entry_of(engine, job.key)
        async with aclosing(ready(engine, entry)) as loading:
            async for progress in loading:
                yield Done(of=of, bar=waiting(words.speaker(lang), entry, progress))
        for piece in pieces(job.text):
            yield Done(made, lines, of, read)
            if any(c.isalpha() for c in piece):
                got = await answers.ask(engine, entry.key, piece, source, target)
                made += got["translation"]
            else:
                made += piece
            lines, read = lines + ends(piece), read + len(piece)
        yield Done(made, of, of, read, ended=True)
    except Refusal as error:
        yield Done(made, lines, of, read, ended=True, error=error)


def ends(text: str) -> int:
    """How many lines end in a text, at each of the ends that ``splitlines`` knows."""
    return len((text + ".").splitlines()) - 1


def taken(path: Any, limit_mb: int, source: str) -> Letter:
    """What a file holds that was sent, which is deleted whatever comes of it. Raises as `read`."""
    try:
        return read(path, limit_mb, source)
    finally:
        Path(str(path)).unlink(missing_ok=True)


def shown(words: Words, lang: str, job: Job, done: Done) -> str:
    """The bar with its count; at the end the file to take home and how it begins."""
    say = words.speaker(lang)
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
    refused = answers.refusal(words.speaker(lang), done.error) if done.error else ""
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


def build(engine: Any, words: Words, direction: gr.Radio, model: gr.Dropdown) -> None:
    """The button, the bar, the file to take home."""
    limit_mb = engine.settings.max_upload_mb
    with gr.Column(elem_classes="files"):
        page.markup(words, heading)
        with gr.Row(elem_classes="actions"):
            send = gr.UploadButton(
                words("translation.files.send"),
                file_types=["text", ".txt", ".md", ".csv", ".srt"],
                elem_id="say-file",
            )
            stop = gr.Button(
                words("translation.files.stop"), visible=False, elem_id="say-file-stop"
            )
        gr.HTML(words.markup(lambda say: guard(say, limit_mb)), js_on_load=GUARD)
        result = gr.HTML(js_on_load=None, elem_id="say-file-out")
    turn = gr.State(Latest())
    limit = max(entry.max_batch for entry in answers.translators(engine).values())

    @page.guard(words)
    async def on_file(
        mine: Latest, path: Any, direction: Any, key: Any, request: gr.Request
    ) -> AsyncIterator[Any]:
        lang = words.lang(request)
        try:
            entry = answers.entry_of(engine, key)
            if not on_disk(entry):
                yield offer(words.speaker(lang), entry), gr.skip()
                return
            wanted, name = str(direction), Path(str(path)).name
            letter = taken(path, limit_mb, wanted.partition("-")[0])
            job = Job(name, letter.text, wanted, entry.key, letter.encoding)
        except Refusal as error:
            if mine.under_way:  # the file before this one goes on, in the place of the refusal
                raise
            yield answers.refusal(words.speaker(lang), error), gr.skip()
            return
        halt, last, shown_at = mine.take(), Done(), 0.0
        run = streaming.or_broken(translating(engine, words, lang, job), BROKEN)
        try:
            async with aclosing(while_latest(halt, run)) as steps:
                async for step in steps:
                    if step is streaming.HEARTBEAT:
                        yield gr.skip(), gr.skip()
                        continue
                    last = replace(last, ended=True, bar="") if step is BROKEN else step
                    if last.ended or time.monotonic() - shown_at >= EVERY:
                        shown_at = time.monotonic()
                        yield shown(words, lang, job, last), gr.update(visible=not last.ended)
        finally:
            halt.stop()
        if halt.replaced.is_set():
            yield gr.skip(), gr.skip()
        elif not last.ended:  # Stop: what there is of it
            yield (
                shown(words, lang, job, replace(last, ended=True, bar="")),
                gr.update(visible=False),
            )

    async def on_stop(mine: Latest) -> None:
        mine.stop()

    send.upload(
        on_file,
        [turn, send, direction, model],
        [result, stop],
        concurrency_limit=limit,
        trigger_mode="multiple",
        **page.PRIVATE,
    )
    stop.click(on_stop, turn, None, **page.PRIVATE)


def heading(say: Say) -> str:
    """What can be sent, and what comes back."""
    told = say("translation.files.about", most=f"{MOST_TEXT:,}")
    return f'<h2>{say("translation.files.title")}</h2><p class="quiet">{told}</p>'


def guard(say: Say, limit_mb: int) -> str:
    """The sentences with which the browser refuses a file."""
    return (
        f'<p class="refusal" role="alert" hidden data-limit="{limit_mb * MB}" '
        f'data-empty="{say("error.translation_nothing")}" '
        f'data-heavy="{say("error.file_too_large", size="{size}", limit=limit_mb)}"></p>'
    )
