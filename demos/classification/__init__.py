"""Classify images: the Try room, and the tab's four rooms put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import gradio as gr
from gradio.context import Context

from demos import models, page, pictures, streaming, uploads
from demos.classification import answers, charts, doors, examples, inside, kinds, several, teach
from demos.classification.answers import DEFAULT, TASK, classifiers
from demos.language import Say, Words
from inference.errors import Refusal

COMPARED = ("classification/hog-svm", "classification/cifar10", DEFAULT)
# What the browser does by itself in this room: `classify.js`.
SCRIPT = "import(new URL('house/classify.js', document.baseURI)).then((it) => it.%s(element));"
# A click on anything inside that carries data-NAME becomes the event "pick", with that value.
PICK = """element.addEventListener('click', (event) => {
  const chosen = event.target.closest('[data-pick]');
  if (chosen && !chosen.disabled) trigger('pick', {name: chosen.dataset.pick});
});"""


def build(engine: Any, words: Words) -> None:
    """Lay out the tab and wire it to the engine."""
    with page.tab(TASK, words) as rooms:
        with page.room("try"):
            picture, model, seen = try_room(engine, words)
        with page.room("inside") as room:
            inside.build(engine, words, picture, model, room)
        with page.room("train"):
            teach.build(words)
        with page.room("learn"):
            page.article(TASK, words, charts.figures(engine))
        seen.click(lambda: gr.Tabs(selected="inside"), None, rooms, **page.PRIVATE)
    doors.build(engine, words)


def try_room(engine: Any, words: Words) -> tuple[gr.Image, gr.Dropdown, gr.Button]:
    """What you give on the left, what you get on the right. Gives the parts other rooms share."""
    shown = examples.available()
    with gr.Row(elem_classes="two"):
        with gr.Column(scale=5, elem_classes="give"):
            picture = gr.Image(
                value=str(shown[0].path) if shown else None,
                type="filepath",
                sources=["upload", "webcam", "clipboard"],
                label=words("classification.try.picture"),
                show_label=False,
                placeholder=words("classification.try.drop"),
                alt_text=words("classification.try.picture"),
                buttons=[],
                height=360,
                elem_id="classify-picture",
            )
            upload_guard(words, engine)
            refused = gr.HTML(elem_id="classify-refused", js_on_load=None)
            strip = gr.HTML(js_on_load=PICK, elem_classes="examples")
            model = gr.Dropdown(
                choices=[(entry.title, key) for key, entry in classifiers(engine).items()],
                value=DEFAULT,
                label=words("classification.try.model"),
                elem_id="classify-model",
            )
            with gr.Accordion(
                words("classification.known.title"), open=False, elem_id="classify-known"
            ) as known:
                listed = gr.HTML(js_on_load=SCRIPT % "search")
        with gr.Column(scale=6, elem_classes="get"):
            answer = gr.HTML(elem_id="classify-answer", js_on_load=None)
            fetch = gr.Button(
                words("classification.try.fetch"),
                variant="primary",
                visible=False,
                elem_id="classify-fetch",
            )
            with gr.Row(elem_classes="actions"):
                seen = gr.Button(words("classification.try.inside"), variant="primary")
                compare = gr.Button(words("classification.try.compare"), elem_id="classify-compare")
                batch = gr.UploadButton(
                    words("classification.try.several"),
                    file_count="multiple",
                    elem_id="classify-several",
                )
    below = gr.HTML(elem_id="classify-below", js_on_load=PICK)
    looked_at = gr.State(LookedAt())
    page.markup(words, charts.facts)
    page.choices(words, model, lambda say: model_choices(engine, words, say))

    limit = max(entry.max_batch for entry in classifiers(engine).values())
    options = {"concurrency_limit": limit, "trigger_mode": "always_last", **page.PRIVATE}
    assert Context.root_block is not None

    async def example_strip(request: gr.Request) -> str:
        return await asyncio.to_thread(examples_html, words.speaker(words.lang(request)))

    @page.guard(words)
    async def on_picture(
        payload: Mapping[str, Any] | None, key: str, now: LookedAt, request: gr.Request
    ) -> AsyncIterator[Any]:
        now.see(payload, key)
        room_open = gr.update(interactive=payload is not None)
        if payload is not None:  # without one, what was said of a file that was refused stays
            yield gr.skip(), gr.skip(), "", "", gr.skip(), room_open
        steps = answering(engine, words, payload, key, words.lang(request))
        async for said, offered in streaming.or_broken(steps, ("", False)):
            if isinstance(said, answers.Unseen):  # the empty frame asks for another picture
                yield "", gr.update(visible=False), "", said, None, gr.update(interactive=False)
            else:
                yield said, gr.update(visible=offered), "", gr.skip(), gr.skip(), room_open

    @page.guard(words)
    async def on_fetch(
        payload: Mapping[str, Any] | None, key: str, request: gr.Request
    ) -> AsyncIterator[Any]:
        steps = answering(engine, words, payload, key, words.lang(request), fetch=True)
        async for said, offered in streaming.or_broken(steps, ("", False)):
            yield said, gr.update(visible=offered)

    @page.guard(words)
    async def on_compare(
        payload: Mapping[str, Any] | None, key: str, now: LookedAt, request: gr.Request
    ) -> AsyncIterator[Any]:
        steps = comparing(engine, words, payload, key, words.lang(request))
        async for said in streaming.or_broken(steps, ""):
            yield said if now.sees(payload, key) else gr.skip()

    @page.guard(words)
    async def on_several(
        payloads: list[Mapping[str, Any]] | None, key: str, request: gr.Request
    ) -> AsyncIterator[Any]:
        steps = several.table(engine, words, payloads, key, words.lang(request))
        async for table in streaming.or_broken(steps, ""):
            yield table

    @page.guard(words)
    async def on_fetch_several(
        payloads: list[Mapping[str, Any]] | None, key: str, request: gr.Request
    ) -> AsyncIterator[Any]:
        steps = several.table(engine, words, payloads, key, words.lang(request), fetch=True)
        async for table in streaming.or_broken(steps, ""):
            yield table

    async def on_known(key: str, request: gr.Request) -> str:
        entry = answers.entry_of(engine, key)
        return await asyncio.to_thread(kinds.known, words, words.lang(request), entry)

    def on_example(event: gr.EventData) -> Any:
        for example in examples.available():
            if example.name == event.name:
                return str(example.path)
        return gr.skip()

    Context.root_block.load(example_strip, None, strip, queue=False, **page.PRIVATE)
    options |= {"preprocess": False}
    strip.pick(on_example, None, picture, **page.PRIVATE)
    # What a model knows is fetched when somebody asks, and again for another model.
    known.expand(page.guard(words)(on_known), model, listed, **options)
    model.change(lambda: (gr.Accordion(open=False), ""), None, [known, listed], **page.PRIVATE)
    fetched = fetch.click(on_fetch, [picture, model], [answer, fetch], **options)
    compared = compare.click(on_compare, [picture, model, looked_at], below, **options)
    tabled = batch.upload(on_several, [batch, model], below, cancels=compared, **options)
    table_fetched = below.pick(on_fetch_several, [batch, model], below, cancels=compared, **options)
    compare.click(None, cancels=[tabled, table_fetched], **page.PRIVATE)
    # A new picture or model ends what is still being said about the one before.
    gr.on(
        [Context.root_block.load, picture.change, model.change],
        on_picture,
        [picture, model, looked_at],
        [answer, fetch, below, refused, picture, seen],
        cancels=[fetched, compared, tabled, table_fetched],
        **options,
    )
    return picture, model, seen


class LookedAt:
    """The picture and the model that a visitor's page is about now, for what was asked about the
    ones before. (Gradio's ``cancels`` misses an event that the page is only about to send.)"""

    def __init__(self) -> None:
        self.about: tuple[str, str] | None = None

    def see(self, payload: Mapping[str, Any] | None, key: str) -> None:
        self.about = (str((payload or {}).get("path")), key)

    def sees(self, payload: Mapping[str, Any] | None, key: str) -> bool:
        return self.about == (str((payload or {}).get("path")), key)


def model_choices(engine: Any, words: Words, say: Say) -> list[tuple[str, str]]:
    """Each model with what a visitor should know before choosing it, and the key that it has."""
    found = []
    for key, entry in classifiers(engine).items():
        name = say.model(entry)
        if entry.hub_id and not models.on_disk(entry):
            size, licence = f"{entry.bytes / 1e6:.0f}", entry.licence
            extra = say("classification.try.to_download", size=size, licence=licence)
        else:
            extra = models.size(say, entry.parameters)
        found.append((f"{name} · {extra}", key))
    return found


def examples_html(say: Say) -> str:
    """The pictures to choose from: real buttons, each picture with its name. Those that fool the
    default model stand apart and are said to."""

    def strip(fools: bool, heading: str) -> str:
        buttons = []
        for example in examples.available():
            if example.fools is fools:
                name = say(f"classification.example.{example.name}")
                tag = pictures.img(examples.thumbnail(example), name)
                button = f'<button type="button" data-pick="{example.name}" title="{name}">'
                buttons.append(f"{button}{tag}</button>")
        return f'<div class="strip" role="group" aria-label="{heading}">{"".join(buttons)}</div>'

    fools = say("classification.try.fools")
    return (
        f'<p class="quiet">{say("classification.try.how")}</p>'
        f"{strip(False, say('classification.try.examples'))}"
        f'<div class="fools"><p class="quiet">{fools}</p>{strip(True, fools)}</div>'
    )


async def answering(
    engine: Any,
    words: Words,
    payload: Mapping[str, Any] | None,
    key: str,
    lang: str,
    *,
    fetch: bool = False,
) -> AsyncIterator[tuple[str, bool]]:
    """(HTML of the answer so far, whether a download is offered), until the answer stands."""
    entry = None
    try:
        entry = answers.entry_of(engine, key)
        try:
            picture = await uploads.opened(engine, payload)
        except Refusal as error:
            yield answers.no_picture(words, lang, error), False
            return
        if entry.hub_id and not fetch and not models.on_disk(entry):
            yield models.offer(words.speaker(lang), entry), True
            return
        work = answers.ask(engine, entry.key, picture)
        async with aclosing(models.with_progress(engine, entry.key, work)) as steps:
            async for step in steps:
                if isinstance(step, answers.Answer):
                    many = picture.info["first_of_many"]
                    yield answers.answer(words, lang, entry, step, first_of_many=many), False
                else:
                    yield models.waiting(words.speaker(lang), entry, step), False
    except Refusal as error:
        again = fetch and entry is not None and not models.on_disk(entry)
        yield page.refusal(words.speaker(lang), error), again


async def comparing(
    engine: Any, words: Words, payload: Mapping[str, Any] | None, key: str, lang: str
) -> AsyncIterator[str]:
    """A bar, then the comparison, or the sentence that says why there is none."""
    busy = words.speaker(lang)("classification.try.compare")
    yield f'<progress aria-label="{busy}"></progress>'
    try:
        yield await comparison(engine, words, payload, key, lang)
    except Refusal as error:
        yield page.refusal(words.speaker(lang), error)


async def comparison(
    engine: Any, words: Words, payload: Mapping[str, Any] | None, key: str, lang: str
) -> str:
    """Then and now on one picture: each model in its column. One that fails says why in its own,
    one that is not on this machine what its download would bring. Raises a `Refusal` for the
    picture."""
    picture = await uploads.opened(engine, payload)
    entries = [classifiers(engine)[name] for name in COMPARED if name in classifiers(engine)]
    chosen = answers.entry_of(engine, key)
    say = words.speaker(lang)
    if chosen not in entries:
        entries.append(chosen)
    else:
        now = (e for e in classifiers(engine).values() if e.hub_id and models.on_disk(e))
        entries += [entry for entry, _ in zip(now, "1", strict=False)]

    async def outcome(entry: Any) -> answers.Answer | Refusal | None:
        if not models.on_disk(entry):
            return None
        try:
            return await answers.ask(engine, entry.key, picture, top_k=3)
        except Refusal as error:
            return error

    outcomes = await asyncio.gather(*map(outcome, entries))
    columns = (
        answers.column(words, lang, entry, said, say)
        for entry, said in zip(entries, outcomes, strict=True)
    )
    title = say("classification.compare.title")
    body = f'<h2>{title}</h2><div class="columns">{"".join(columns)}</div>'
    if not any(entry.hub_id for entry in entries):
        body += page.note(words.say(lang, "classification.compare.now"))
    return f'<div class="compare" aria-live="polite">{body}</div>'


def upload_guard(words: Words, engine: Any) -> None:
    """Refuses in the browser, in the visitor's language, what Gradio would refuse in its own."""
    limit = engine.settings.max_upload_mb

    def render(say: Say) -> str:
        return (
            f'<p class="refusal" role="alert" hidden data-limit="{limit * 1_000_000}" '
            f'data-empty="{say("error.picture_empty")}" '
            f'data-heavy="{say("error.file_too_large", size="{size}", limit=limit)}" '
            f'data-other="{say("error.picture_unreadable")}"></p>'
            f'<p class="quiet unshown" hidden>{say("classification.try.unshown")}</p>'
        )

    gr.HTML(words.markup(render), js_on_load=SCRIPT % "give", elem_id="classify-guard")
