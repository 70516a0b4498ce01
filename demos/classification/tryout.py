"""Try: a picture on the left, what it shows on the right; wired to the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import gradio as gr
from gradio.context import Context

from demos import fool, models, page, share, streaming, training, uploads
from demos.classification import answers, contest, examples, kinds, several, sharing
from demos.classification.answers import DEFAULT, Answer, classifiers
from demos.classification.learn import facts
from demos.examples import strip as example_strip
from demos.language import Say, Words
from demos.streaming import Latest
from inference import Engine
from inference.errors import Refusal
from jobs import Jobs
from pretrained.catalog import Entry

COMPARED = ("classification/hog-svm", "classification/cifar10", DEFAULT)
# What the browser does by itself in this room: `classify.js`.
SCRIPT = "import(new URL('house/classify.js', document.baseURI)).then((it) => it.%s(element));"
FOOLED = fool.Fooled(
    "classification",
    "classify",
    "#classify-picture img",
    "printed",
    answers.entry_of,
    lambda say, entry: kinds.names(say.lang, entry),
)

Payload = Mapping[str, Any]  # a file as Gradio sends it
HIDDEN = gr.update(visible=False)
SKIP = gr.skip()


@dataclass(frozen=True)
class Given:
    """The parts of the room that other rooms share. ``seen``: the button to Look inside."""

    picture: gr.Image
    model: gr.Dropdown
    seen: gr.Button


@dataclass
class Visit:
    """What is under way for one visitor: the answer, and what stands beneath it. ``about``: the
    picture and the model that the page is about now, for what was asked about the ones before and
    is only now reached in the queue."""

    about: tuple[str, str] = ("", "")
    answer: Latest = field(default_factory=Latest)
    below: Latest = field(default_factory=Latest)


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> Given:
    """Lay out the room. ``jobs``: where the classifiers are that visitors have trained."""
    shown = examples.available()
    unmet = share.unmet("classify-unmet")
    with gr.Row(elem_classes="two"):
        with gr.Column(scale=5, elem_classes="give"):
            picture = gr.Image(
                value=str(shown[0].path) if shown else None,
                type="filepath",
                sources=["upload", "webcam", "clipboard"],
                label=words("classification.try.picture"),
                show_label=False,
                placeholder=str(words("classification.try.drop")),
                alt_text=str(words("classification.try.picture")),
                buttons=[],
                height=360,
                elem_id="classify-picture",
            )
            guard = upload_guard(words, engine)
            refused = gr.HTML(elem_id="classify-refused", js_on_load=None)
            strip = gr.HTML(js_on_load=page.PICK, elem_classes="examples")
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
                    str(words("classification.try.several")),
                    file_count="multiple",
                    elem_id="classify-several",
                )
    below = gr.HTML(elem_id="classify-below", elem_classes="beneath", js_on_load=page.PICK)
    fool.build(engine, words, model, FOOLED)
    contest.build(engine, words)
    visit = gr.State(Visit())
    page.markup(words, facts)
    page.choices(
        words,
        model,
        lambda say: models.choices(say, classifiers(engine).values()),
        partial(models.asked, answers.TASK, engine),
        partial(training.mine, jobs, engine, answers.TASK),
        guard.kept,
    )
    assert Context.root_block is not None

    # A new picture or model ends what is still being said about the one before.
    answered = streaming.event(
        words,
        (SKIP,) * 6,
        broken=("", HIDDEN, "", SKIP, SKIP, SKIP),
        latest=lambda mine: mine.answer,
    )

    @answered
    def on_picture(
        mine: Visit, payload: Payload | None, key: str, request: gr.Request
    ) -> AsyncIterator[Any]:
        mine.below.end()
        mine.about = subject(payload, key)
        return pages(engine, words.speaker(request), payload, key)

    @answered
    def on_open(
        mine: Visit, payload: Payload | None, key: str, request: gr.Request
    ) -> AsyncIterator[Any] | None:
        """The picture that the page opens with, but for a link to another."""
        shared = sharing.linked(engine, share.query(request))
        if shared and shared.opens:
            return None
        mine.about = subject(payload, key)
        return pages(engine, words.speaker(request), payload, key)

    @streaming.event(words, (SKIP, SKIP), broken=("", HIDDEN), latest=lambda mine: mine.answer)
    def on_fetch(
        mine: Visit, payload: Payload | None, key: str, request: gr.Request
    ) -> AsyncIterator[Any] | None:
        if mine.about != subject(payload, key):
            return None
        return offered(answering(engine, words.speaker(request), payload, key, fetch=True))

    beneath = streaming.event(words, SKIP, broken="", latest=lambda mine: mine.below)

    @beneath
    def on_compare(
        mine: Visit, payload: Payload | None, key: str, request: gr.Request
    ) -> AsyncIterator[Any] | None:
        if mine.about != subject(payload, key):
            return None
        return comparing(engine, words.speaker(request), payload, key)

    @beneath
    def on_several(
        mine: Visit, payloads: Sequence[Payload] | None, key: str, request: gr.Request
    ) -> AsyncIterator[Any]:
        return several.table(engine, words.speaker(request), payloads, key)

    @beneath
    def on_fetch_several(
        mine: Visit, payloads: Sequence[Payload] | None, key: str, request: gr.Request
    ) -> AsyncIterator[Any]:
        return several.table(engine, words.speaker(request), payloads, key, fetch=True)

    @streaming.event(words, SKIP)
    def on_known(key: str, request: gr.Request) -> AsyncIterator[str]:
        entry = answers.entry_of(engine, key)
        return streaming.once(asyncio.to_thread(kinds.known, words.speaker(request), entry))

    @page.guard(words)
    async def on_load(request: gr.Request) -> tuple[Any, ...]:
        """(the examples, the picture of a link, what of the link cannot be had)."""
        say = words.speaker(request)
        shared = sharing.linked(engine, share.query(request))
        html = await asyncio.to_thread(examples_html, say)
        if shared is None:
            return html, SKIP, SKIP
        found = str(shared.example.path) if shared.example else SKIP
        return html, found, share.refused(say, shared.wrong)

    @page.guard(words)
    def on_example(event: gr.EventData) -> Any:
        for example in examples.available():
            if example.name == event.name:
                return str(example.path)
        return SKIP

    options: dict[str, Any] = {
        "concurrency_limit": models.most_together(classifiers(engine).values()),
        "preprocess": False,
        **page.PRIVATE,
    }
    Context.root_block.load(on_load, None, [strip, picture, unmet], queue=False, **page.PRIVATE)
    strip.pick(on_example, None, picture, **page.PRIVATE)
    # What a model knows is fetched when somebody asks, and again for another model.
    known.expand(on_known, model, listed, trigger_mode="always_last", **options)
    model.change(lambda: (gr.Accordion(open=False), ""), None, [known, listed], **page.PRIVATE)
    options["trigger_mode"] = "multiple"
    fetch.click(on_fetch, [visit, picture, model], [answer, fetch], **options)
    compare.click(on_compare, [visit, picture, model], below, **options)
    batch.upload(on_several, [visit, batch, model], below, **options)
    below.pick(on_fetch_several, [visit, batch, model], below, **options)
    asked = [visit, picture, model], [answer, fetch, below, refused, picture, seen]
    Context.root_block.load(on_open, *asked, **options)
    gr.on([picture.change, model.change], on_picture, *asked, **options)
    return Given(picture, model, seen)


def examples_html(say: Say) -> str:
    """The pictures to choose from. What fools the default model stands apart and is said to."""
    known = examples.available()
    right = [example for example in known if not example.fools]
    fools = [example for example in known if example.fools]
    return (
        f'<p class="quiet"><span class="by-mouse">{say("classification.try.how")}</span>'
        f'<span class="by-touch">{say("classification.try.how_touch")}</span></p>'
        f"{example_strip(say, 'classification', right, 'classification.try.examples')}"
        f'<div class="fools"><p class="quiet">{say("classification.try.fools")}</p>'
        f"{example_strip(say, 'classification', fools, 'classification.try.fools')}</div>"
    )


async def pages(
    engine: Engine, say: Say, payload: Payload | None, key: str
) -> AsyncIterator[tuple[Any, ...]]:
    """(the answer, the download's button, what stands beneath, why a file was refused, the picture,
    the button to Look inside) while an answer comes."""
    room_open = gr.update(interactive=payload is not None)
    if payload is not None:  # without one, what was said of a file that was refused stays
        yield SKIP, SKIP, "", "", SKIP, room_open
    async with aclosing(answering(engine, say, payload, key)) as steps:
        async for said, download in steps:
            if isinstance(said, answers.Unseen):  # the empty frame asks for another picture
                yield "", HIDDEN, "", said, None, gr.update(interactive=False)
            else:
                yield said, gr.update(visible=download), "", SKIP, SKIP, room_open


def subject(payload: Payload | None, key: str) -> tuple[str, str]:
    """What tells one question from another: the picture's file and the model."""
    return str((payload or {}).get("path")), key


async def offered(
    steps: AsyncGenerator[tuple[str, bool], None],
) -> AsyncGenerator[tuple[Any, ...], None]:
    """(the answer, the download's button)."""
    async with aclosing(steps):
        async for said, download in steps:
            yield said, gr.update(visible=download)


async def answering(
    engine: Engine, say: Say, payload: Payload | None, key: str, *, fetch: bool = False
) -> AsyncGenerator[tuple[str, bool], None]:
    """(HTML of the answer so far, whether a download is offered), until the answer stands."""
    entry = None
    try:
        entry = answers.entry_of(engine, key)
        try:
            picture = await uploads.opened(engine, payload)
        except Refusal as error:
            yield answers.no_picture(say, error), False
            return
        if entry.hub_id and not fetch and not models.on_disk(entry):
            yield models.offer(say, entry), True
            return
        work = answers.ask(engine, entry.key, picture)
        async with aclosing(models.with_progress(engine, entry.key, work)) as steps:
            async for step in steps:
                if isinstance(step, Answer):
                    example = await asyncio.to_thread(sharing.example_of, payload)
                    told = answers.answer(say, entry, step, picture.info)
                    yield told + sharing.buttons(say, entry, example, payload), False
                else:
                    yield models.waiting(say, entry, step), False
    except Refusal as error:
        again = fetch and entry is not None and not models.on_disk(entry)
        yield page.refusal(say, error), again


async def comparing(
    engine: Engine, say: Say, payload: Payload | None, key: str
) -> AsyncIterator[str]:
    """A bar, then the comparison, or the sentence that says why there is none."""
    yield f'<progress aria-label="{say("classification.try.compare")}"></progress>'
    try:
        yield await comparison(engine, say, payload, key)
    except Refusal as error:
        yield page.refusal(say, error)


async def comparison(engine: Engine, say: Say, payload: Payload | None, key: str) -> str:
    """Then and now on one picture: each model in its column. One that fails says why in its own,
    one that is not on this machine what its download would bring.

    Raises:
        Refusal: there is no picture.
    """
    picture = await uploads.opened(engine, payload)
    entries = [classifiers(engine)[name] for name in COMPARED if name in classifiers(engine)]
    chosen = answers.entry_of(engine, key)
    if chosen not in entries:
        entries.append(chosen)
    else:
        now = (e for e in classifiers(engine).values() if e.hub_id and models.on_disk(e))
        entries += [entry for entry, _ in zip(now, "1", strict=False)]

    async def outcome(entry: Entry) -> Answer | Refusal | None:
        if not models.on_disk(entry):
            return None
        try:
            return await answers.ask(engine, entry.key, picture, top_k=3)
        except Refusal as error:
            return error

    outcomes = await asyncio.gather(*map(outcome, entries))
    columns = (
        answers.column(say, entry, said) for entry, said in zip(entries, outcomes, strict=True)
    )
    title = say("classification.compare.title")
    body = f'<h2>{title}</h2><div class="columns">{"".join(columns)}</div>'
    if not any(entry.hub_id for entry in entries):
        body += page.note(say.plain("classification.compare.now"))
    return f'<div class="compare" aria-live="polite">{body}</div>'


def upload_guard(words: Words, engine: Engine) -> gr.HTML:
    """Refuses in the browser, in the visitor's language, what Gradio would refuse in its own."""
    limit = engine.settings.max_upload_mb

    def render(say: Say) -> str:
        told = page.refusals(say, limit, "error.picture_empty", "error.picture_unreadable")
        camera = "".join(
            f' data-{name}="{say(f"classification.try.{key}")}"'
            for name, key in (("camera", "no_camera"), ("insecure", "insecure"))
        )
        unshown = say("classification.try.unshown")
        return f'{told}<p class="quiet unshown"{camera} hidden>{unshown}</p>'

    return gr.HTML(
        words.markup(render), js_on_load=page.KEPT + SCRIPT % "give", elem_id="classify-guard"
    )
