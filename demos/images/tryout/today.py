"""Today: pipelines of the Hub, told with size and licence before one is downloaded, that draw from
the seed of the face that was picked, step by step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from html import escape
from typing import Any

import gradio as gr

from demos import columns, models, page, streaming, typed
from demos.images import answers, faces, points
from demos.images.points import Point
from demos.images.tryout.grid import SEED
from demos.images.tryout.sheet import Sheet, counted, filled
from demos.language import Say, Words
from demos.models import on_disk, waiting
from demos.streaming import Latest
from demos.visibility import on_visible
from inference import Engine
from inference.errors import Refusal, UnknownModel
from pretrained.catalog import Entry
from pretrained.images.errors import BadText
from pretrained.images.hub.entries import LONGEST, PIPELINES

MOUNT = "import(new URL('house/faces.js', document.baseURI)).then((faces) => faces.%s);"
CARDS = MOUNT % "mountModels(element, (key, text) => trigger('draw', {key, text}), watch)"
SHEET = MOUNT % "mountPicked(element)"


class NothingToDraw(Refusal):
    """A model that draws what a text says was told nothing."""

    code = "image_no_text"
    sentence = "It is not said yet what to draw: write a few words."


def build(engine: Engine, words: Words, chosen: gr.State) -> None:
    """The models to choose from, and what the last one drew."""
    page.markup(words, faces.heading("today"))
    table = gr.HTML(js_on_load=CARDS, elem_id="face-models")
    sheet = gr.HTML(js_on_load=SHEET, elem_id="face-today")
    latest = gr.State(Latest())
    first_sight = on_visible()

    @page.guard(words)
    async def on_shown(request: gr.Request) -> str:
        return await asyncio.to_thread(cards, engine, words.speaker(request))

    @streaming.event(words, nothing=(gr.skip(), gr.skip()), broken=(gr.skip(), ""))
    def on_draw(
        mine: Latest, one: Mapping[str, Any] | None, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Any]:
        point = {"mix": one["point"]["mix"]} if one else points.single(SEED)
        picked = one["key"] if one else answers.GAN
        key, text = getattr(event, "key", ""), getattr(event, "text", "")
        return brought(engine, words.speaker(request), key, text, point, picked)

    first_sight.shown(on_shown, None, table, **page.PRIVATE)
    table.draw(
        on_draw,
        [latest, chosen],
        [table, sheet],
        concurrency_limit=answers.most_together(engine),
        trigger_mode="multiple",
        **page.PRIVATE,
    )


async def brought(
    engine: Engine, say: Say, key: Any, text: Any, point: Point, picked: str
) -> AsyncGenerator[tuple[Any, Any], None]:
    """(the models where one has just come, the sheet)."""
    was_here = here(engine, key)
    async with aclosing(drawing(engine, say, key, text, point, picked)) as pages:
        async for sheet in pages:
            yield gr.skip(), sheet
    if not was_here and here(engine, key):
        yield await asyncio.to_thread(cards, engine, say), gr.skip()


def today(engine: Engine) -> dict[str, Entry]:
    """The models of the Hub that draw, by key."""
    return {key: entry for key, entry in answers.entries(engine).items() if entry.hub_id}


def here(engine: Engine, key: Any) -> bool:
    """Whether a model of today draws without a download."""
    entry = today(engine).get(str(key))
    return entry is not None and on_disk(entry)


async def drawing(
    engine: Engine, say: Say, key: Any, sent: Any, point: Point, picked: str = answers.GAN
) -> AsyncGenerator[str, None]:
    """The sheet as HTML while it fills, a refusal included. What is missing is downloaded."""
    try:
        entry = answers.entry_of(engine, key)
        if not entry.hub_id:
            raise UnknownModel(model=str(key)[:80])
        text = checked(sent) if reads(entry) else ""
    except Refusal as error:
        yield page.refusal(say, error)
        return
    async with aclosing(filled(engine, [Sheet(entry, [point], text, picked)])) as moments:
        async for [now] in moments:
            yield await asyncio.to_thread(drawn, say, now)


def reads(entry: Entry) -> bool:
    """Whether a model draws what a text says."""
    return entry.key in PIPELINES and PIPELINES[entry.key].words


def checked(sent: Any) -> str:
    """A text that can be drawn.

    Raises:
        NotText, NothingToDraw, BadText: it is none.
    """
    text = typed.checked_text(sent).strip()
    if not text:
        raise NothingToDraw()
    if len(text) > LONGEST:
        raise BadText(count=len(text), most=LONGEST)
    return text


def cards(engine: Engine, say: Say) -> str:
    """Each model with what it draws, what it weighs, and the button that starts it or the reason
    why there is none."""
    parts = [card(engine, say, entry) for entry in today(engine).values()]
    withheld = f'<p class="quiet">{say("images.today.withheld")}</p>'
    parts += [headed(say, entry, withheld) for entry in answers.withheld(engine).values()]
    return f'<div class="models">{"".join(parts)}</div>'


def card(engine: Engine, say: Say, entry: Entry) -> str:
    """One model that may be asked."""
    is_here = on_disk(entry)
    if not is_here and engine.settings.offline:
        return headed(say, entry, f'<p class="quiet">{say("images.today.offline")}</p>')
    field = ""
    if reads(entry):
        field = (
            f'<label>{say("images.today.text")}<input type="text" data-text '
            f'placeholder="{say("images.today.example")}" lang="en"></label>'
        )
    told = ""
    if not is_here:
        size = f"{entry.bytes / 1e6:,.0f}"
        told = say("images.today.to_download", size=size, licence=entry.licence)
        told = f'<p class="quiet">{told}</p>'
    name = escape(say.model(entry))
    press = say("images.today.draw" if is_here else "images.today.fetch")
    button = (
        f'<button type="button" class="ghost" data-draw="{escape(entry.key)}" '
        f'aria-label="{press} · {name}">{press}</button>'
    )
    return headed(say, entry, told + field + button)


def headed(say: Say, entry: Entry, inner: str) -> str:
    """A model under its era and its name, with what it draws and how large it is."""
    short, known = entry.key.rpartition("/")[2].replace("-", "_"), PIPELINES[entry.key]
    about = say(f"images.today.about.{short}", side=known.side, steps=known.steps[0])
    weights = escape(models.size(say, entry.parameters))
    body = f'<p>{about}</p><p class="quiet">{weights}</p>{inner}'
    return columns.headed(say, f"images.today.era.{short}", entry, body)


def drawn(say: Say, sheet: Sheet) -> str:
    """The picture as it is taken to be so far, or what is waited for, or why there is none."""
    if sheet.loading:
        return waiting(say, sheet.entry, sheet.progress)
    refused = page.refusal(say, sheet.error) if sheet.error else ""
    [point], [event] = sheet.points, sheet.events
    if not event:
        begins = f'<p class="quiet" role="status">{say("images.today.begins")}</p>'
        return refused or f'<div class="waiting"><progress></progress>{begins}</div>'
    name = escape(say.model(sheet.entry))
    done = sheet.seconds is not None
    picture = faces.tag(event["image"], say.plain("images.today.alt"), lossless=done)
    face = faces.name(say, point, sheet.picked, "the_")
    seed = say(f"images.today.seed{'s' if len(point['mix']) > 1 else ''}", face=face)
    told = [f'<p class="quiet">{seed}</p>']
    if sheet.text:
        told.append(f"<blockquote>{typed.shown(sheet.text)}</blockquote>")
    if label := event.get("label"):
        kind = f'<span lang="en">{escape(str(label))}</span>'
        told.append(f"<p>{say('images.today.kind', label='{}').replace('{}', kind)}</p>")
    return (
        f'<figure class="one today">{picture}<figcaption><h3>{name}</h3>{"".join(told)}'
        f"{refused or progress(say, sheet)}</figcaption></figure>"
    )


def progress(say: Say, sheet: Sheet) -> str:
    """The step that a sheet is at; at its end the time that it took, and the way home with it."""
    if sheet.seconds is None:
        return counted(say, sheet)
    took = models.took(say, sheet.seconds)
    key = "images.today.done_one" if sheet.steps == 1 else "images.today.done"
    name = f"{sheet.entry.key.rpartition('/')[2]}-{sheet.points[0]['mix'][0][0]}.png"
    return (
        f'<p class="quiet" role="status">{say(key, steps=sheet.steps, time=took)}</p>'
        f'<p class="quiet">{say("images.today.nothing")}</p>'
        f'<div class="take"><button type="button" class="plain" data-save="{escape(name)}">'
        f"{say('images.try.save')}</button></div>"
    )
