"""Try: a picture, or several, or the camera; the answer is the picture with what is in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from gradio.context import Context

from demos import models, page, pictures, streaming
from demos.classification.examples import thumbnail
from demos.detection import answers, compare, figures, looking, sheet
from demos.detection.answers import USUAL
from demos.detection.looking import EXAMPLES, MOST, Looked, Moment, Payload
from demos.language import Say, Words
from demos.streaming import Latest, while_latest
from demos.visibility import on_sight
from inference.errors import Refusal

SCRIPT = "import(new URL('house/detection.js', document.baseURI)).then((d) => d.%s);"
GIVE = SCRIPT.replace("detection", "detection_give") % (
    "mountGive(element, upload, (files) => trigger('sent', {files}), "
    "(number, frame) => trigger('frame', {number, frame}))"
)
STRIP = SCRIPT % "mountPicks(element, (name) => trigger('pick', {name}), watch)"
LEAST = SCRIPT % "mountLeast(element)"
FOUND = SCRIPT % "mountFound(element, (at) => trigger('shown', {at}), watch)"
LIVE = SCRIPT.replace("detection", "detection_give") % "mountLive(element, watch)"
LONGEST, FARTHEST = 255, 4096  # letters of a file's name, and of its path
HEAVIEST = 1_000_000  # letters of what the camera kept: 640 pixels, JPEG, base64
LIVE_NEVER = "<p hidden></p>"


@dataclass(frozen=True)
class TryParts:
    """What other rooms share of this one. ``answered`` holds {"key", "picture", "objects"}: the
    picture that is on the page, upright, as a PIL image of at most `answers.SIDE` pixels a side,
    the model and what it found there, in that picture's pixels; None while none is.
    ``seen``: the button that leads to Look inside."""

    answered: gr.State
    seen: gr.Button


class Visit(Latest):
    """Whose turn it is to be answered, and which picture of several was chosen last."""

    def __init__(self) -> None:
        super().__init__()
        self.chosen = Latest()


def build(engine: Any, words: Words) -> TryParts:
    """What is given on top, the answer in the middle, then and now below, and the examples."""
    with gr.Row(elem_classes="asked"):
        give = gr.HTML(
            words.markup(lambda say: giving(engine, say)), js_on_load=GIVE, elem_id="detect-give"
        )
        model = gr.Dropdown(
            choices=[(page.UNNAMED, key) for key in answers.detectors(engine)],
            value=answers.usual(engine),
            label=words("detection.try.model"),
            elem_id="detect-model",
        )
        gr.HTML(words.markup(slider), js_on_load=LEAST, elem_id="detect-least")
    bar = gr.HTML(js_on_load=STRIP, elem_id="detect-bar")
    live = gr.HTML(LIVE_NEVER, js_on_load=LIVE, elem_id="detect-live")
    stage = gr.HTML(js_on_load=FOUND, elem_id="detect-found", elem_classes="answer")
    with gr.Row(elem_classes="actions"):
        seen = gr.Button(
            words("detection.try.inside"), variant="primary", interactive=False, elem_id="detect-in"
        )
        beside = gr.Button(
            words("detection.try.compare"), interactive=False, elem_id="detect-compare"
        )
    below = gr.HTML(js_on_load=STRIP, elem_id="detect-below")
    strip = gr.HTML(js_on_load=STRIP, elem_id="detect-examples")
    figures.headline(words)
    sight = on_sight()
    page.choices(words, model, lambda say: model_choices(engine, words, say))

    turn, side, answered = gr.State(Visit()), gr.State(compare.Beside()), gr.State(None)
    given, looked = gr.State(()), gr.State(())
    shown = [bar, stage, below, given, looked, answered, seen, beside]
    nothing = (gr.skip(),) * len(shown)

    async def steps(
        mine: Visit,
        pictures: Sequence[Payload],
        key: Any,
        lang: str,
        *,
        fetch: bool = False,
        fresh: bool = False,
    ) -> AsyncIterator[tuple[Any, ...]]:
        """What stands in each place: what stood there stays until something new does. ``fresh``:
        the pictures are new; where the model is not here, the answer to others goes."""
        halt, opened = mine.take(), False
        run = looking.looking(engine, words, lang, pictures, key, fetch=fetch)
        async with aclosing(while_latest(halt, streaming.or_broken(run, Moment("")))) as moments:
            async for moment in moments:
                if moment is streaming.HEARTBEAT:
                    yield nothing
                    continue
                new = moment.sheets is not None
                first = new and not opened  # from then on the visitor says which one is shown
                opened = opened or new
                if first:
                    mine.chosen.take()
                yield (
                    moment.bar,
                    moment.sheets if new else gr.skip(),
                    "" if first else gr.skip(),
                    tuple(pictures),
                    moment.looked if new else gr.skip(),
                    *(on_page(held(moment.found)) if first else (gr.skip(),) * 3),
                )
        if halt.replaced.is_set():  # Gradio sends the last of these once more
            yield nothing
        elif fresh and not opened and not here(engine, key):
            mine.chosen.take()
            yield (gr.skip(), "", "", tuple(pictures), (), *on_page(None))

    @page.guard(words)
    async def on_open(
        mine: Visit, now: Sequence[Payload], key: Any, request: gr.Request
    ) -> AsyncIterator[Any]:
        first = next((e.name for e in EXAMPLES if e.path), None)
        if now or first is None:
            yield nothing
            return
        async with aclosing(
            steps(mine, ({"example": first},), key, words.lang(request))
        ) as moments:
            async for moment in moments:
                yield moment

    @page.guard(words)
    async def on_give(
        mine: Visit, key: Any, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Any]:
        """Files that were sent, an example by its name, or the camera's last frame."""
        files = wanted(event)
        if not files:
            yield nothing
            return
        async with aclosing(steps(mine, files, key, words.lang(request), fresh=True)) as moments:
            async for moment in moments:
                yield moment

    @page.guard(words)
    async def on_model(
        mine: Visit, now: Sequence[Payload], key: Any, request: gr.Request
    ) -> AsyncIterator[Any]:
        async with aclosing(steps(mine, now, key, words.lang(request))) as moments:
            async for moment in moments:
                yield moment

    @page.guard(words)
    async def on_fetch(
        mine: Visit, now: Sequence[Payload], key: Any, request: gr.Request
    ) -> AsyncIterator[Any]:
        async with aclosing(steps(mine, now, key, words.lang(request), fetch=True)) as moments:
            async for moment in moments:
                yield moment

    @page.guard(words)
    async def on_frame(key: Any, event: gr.EventData, request: gr.Request) -> str:
        return await framed(engine, words, words.lang(request), key, event)

    @page.guard(words)
    async def on_shown(mine: Visit, now: Sequence[Looked], event: gr.EventData) -> Any:
        at = getattr(event, "at", None)
        if not isinstance(at, int) or not 0 <= at < len(now):
            return (gr.skip(),) * 3
        halt, one = mine.chosen.take(), now[at]
        if one.objects is None:
            return on_page(None)
        picture = await looking.opened(engine, one.payload)
        if halt.replaced.is_set():  # by another picture, while this one was opened
            return (gr.skip(),) * 3
        return on_page({"key": one.key, "picture": picture, "objects": one.objects})

    async def columns(
        mine: compare.Beside, one: Mapping[str, Any] | None, lang: str, fetch: str = ""
    ) -> AsyncIterator[Any]:
        halt = mine.turn.take()
        run = compare.comparing(engine, words, lang, one, mine, fetch)
        async with aclosing(while_latest(halt, streaming.or_broken(run, ""))) as moments:
            async for moment in moments:
                yield gr.skip() if moment is streaming.HEARTBEAT else moment
        if halt.replaced.is_set():
            yield gr.skip()

    @page.guard(words)
    async def on_compare(
        mine: compare.Beside, one: Mapping[str, Any] | None, request: gr.Request
    ) -> AsyncIterator[Any]:
        async with aclosing(columns(mine, one, words.lang(request))) as moments:
            async for moment in moments:
                yield moment

    @page.guard(words)
    async def on_compare_fetch(
        mine: compare.Beside,
        one: Mapping[str, Any] | None,
        event: gr.EventData,
        request: gr.Request,
    ) -> AsyncIterator[Any]:
        wanted = str(getattr(event, "name", ""))
        async with aclosing(columns(mine, one, words.lang(request), wanted)) as moments:
            async for moment in moments:
                yield moment

    async def example_strip(request: gr.Request) -> str:
        return await asyncio.to_thread(examples_html, words.speaker(words.lang(request)))

    assert Context.root_block is not None
    Context.root_block.load(example_strip, None, strip, queue=False, **page.PRIVATE)
    heavy: dict[str, Any] = {
        "concurrency_limit": answers.most_together(engine),
        "trigger_mode": "multiple",
        "preprocess": False,
        **page.PRIVATE,
    }
    sight.shown(on_open, [turn, given, model], shown, **heavy)
    give.sent(on_give, [turn, model], shown, **heavy)
    strip.pick(on_give, [turn, model], shown, **heavy)
    give.frame(on_frame, model, live, **heavy)
    model.input(on_model, [turn, given, model], shown, **heavy)
    bar.pick(on_fetch, [turn, given, model], shown, **heavy)
    stage.shown(on_shown, [turn, looked], [answered, seen, beside], **heavy)
    beside.click(on_compare, [side, answered], below, **heavy)
    below.pick(on_compare_fetch, [side, answered], below, **heavy)
    return TryParts(answered, seen)


def held(found: answers.Found | None) -> dict[str, Any] | None:
    """The answer on the page, for the other rooms."""
    if found is None:
        return None
    return {"key": found.key, "picture": found.picture, "objects": found.objects}


def on_page(one: dict[str, Any] | None) -> tuple[Any, ...]:
    """The answer that is shown, and whether the two buttons under it lead anywhere."""
    ready = gr.update(interactive=one is not None)
    return one, ready, ready


def here(engine: Any, key: Any) -> bool:
    """Whether a model can look without a download; what is no model is not meant."""
    entry = answers.detectors(engine).get(key) if isinstance(key, str) else None
    return entry is None or models.on_disk(entry)


def wanted(event: Any) -> tuple[Payload, ...]:
    """What an event of the page gives to be looked at. It may carry anything."""
    name, files = getattr(event, "name", None), getattr(event, "files", None)
    if isinstance(name, str):
        return ({"example": name},) if name in {e.name for e in EXAMPLES} else ()
    if not isinstance(files, list):
        return ()
    given = [file for file in files[: MOST + 1] if isinstance(file, Mapping)]
    return tuple(
        {
            "path": short(file.get("path"), FARTHEST),
            "url": short(file.get("url"), HEAVIEST) if len(given) == 1 else None,
            "orig_name": (short(file.get("orig_name"), HEAVIEST) or "")[:LONGEST],
        }
        for file in given
    )


def short(text: Any, most: int) -> str | None:
    """A text of at most ``most`` letters, else None: what a visitor gave is kept for his visit."""
    return text if isinstance(text, str) and len(text) <= most else None


async def framed(engine: Any, words: Words, lang: str, key: Any, event: Any) -> str:
    """The answer to one frame of the camera, without the picture, which the page has; or why there
    is none, which ends the camera. A model that is not on this machine is not downloaded for it."""
    number = escape(str(getattr(event, "number", ""))[:12])
    try:
        entry = answers.entry_of(engine, key)
        if not models.on_disk(entry):
            said = looking.offer(engine, words, lang, entry)
            return f'<div data-over="{number}">{said.replace("data-pick", "data-unpicked")}</div>'
        picture = await looking.opened(engine, {"url": getattr(event, "frame", None)})
        found = await answers.ask(engine, entry.key, picture)
        shown = sheet.figure(words, lang, entry, found, live=True)
        return f'<div data-answer="{number}">{shown}</div>'
    except Refusal as error:
        return f'<div data-over="{number}">{page.refusal(words.speaker(lang), error)}</div>'


def giving(engine: Any, say: Say) -> str:
    """How a picture is given: chosen, dropped, pasted, or seen by the camera."""
    limit = engine.settings.max_upload_mb
    told = {
        "limit": limit * 1_000_000,
        "most": MOST,
        "empty": say("error.picture_empty"),
        "heavy": say("error.file_too_large", size="{size}", limit=limit),
        "other": say("error.picture_unreadable"),
        "lost": say("detection.try.lost"),
        "no-camera": say("detection.try.no_camera"),
        "denied": say("detection.try.denied"),
        "stop": say("detection.try.stop"),
    }
    data = " ".join(f'data-{name}="{text}"' for name, text in told.items())
    return (
        f'<div class="give" {data}><input type="file" accept="image/*" multiple hidden>'
        f'<button type="button" class="btn" data-choose>{say("detection.try.choose")}</button>'
        f'<button type="button" class="ghost" data-camera>{say("detection.try.camera")}</button>'
        '<p class="refusal" role="alert" hidden></p></div>'
    )


def slider(say: Say) -> str:
    """The score from which an object is shown; the page's script also reads its words here."""
    told = {n: say(f"detection.answer.{n}", n="{n}") for n in ("none", "one", "many")}
    told["below"] = say("detection.answer.below", name="{name}", score="{score}", least="{least}")
    data = " ".join(f'data-{name}="{text}"' for name, text in told.items())
    return (
        f'<div class="least" {data}><label for="detect-sure">{say("detection.try.least")}</label>'
        f'<output for="detect-sure">{USUAL:.0%}</output><input type="range" id="detect-sure" '
        f'min="5" max="95" step="1" value="{USUAL * 100:.0f}" aria-valuetext="{USUAL:.0%}"></div>'
    )


def model_choices(engine: Any, words: Words, say: Say) -> list[tuple[str, str]]:
    """Each model with what a visitor should know before choosing it, and its key."""
    found = []
    for key, entry in answers.detectors(engine).items():
        name = escape(say.model(entry))
        if models.on_disk(entry):
            extra = escape(models.size(say, entry.parameters))
        else:
            size = f"{entry.bytes / 1e6:.0f}"
            extra = say("detection.try.to_download", size=size, licence=entry.licence)
        found.append((f"{name} · {extra}", key))
    return found


def examples_html(say: Say) -> str:
    """Pictures to try: real buttons, each with its name. Those that fool the network stand apart,
    and it says so."""

    def strip(fools: bool, heading: str) -> str:
        buttons = []
        for example in EXAMPLES:
            if example.path and example.fools is fools:
                name = say(f"detection.example.{example.name}")
                shown, pick = pictures.img(thumbnail(example), name), f'data-pick="{example.name}"'
                buttons.append(f'<button type="button" {pick} title="{name}">{shown}</button>')
        return f'<div class="strip" role="group" aria-label="{heading}">{"".join(buttons)}</div>'

    heading, fools = say("detection.try.examples"), say("detection.try.fools")
    return (
        f'<p class="quiet">{page.sentences(say.lang, say("detection.try.how"), heading)}</p>'
        f"{strip(False, heading)}"
        f'<div class="fools"><p class="quiet">{fools}</p>{strip(True, fools)}</div>'
    )
