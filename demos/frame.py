"""The frame that every tab shares: title, the four rooms, facts, errors.

A tab is `build(engine, words)` in `demos/<tab>/__init__.py`:

    with frame.page("classification", words):
        with frame.room("try"): ...
        with frame.room("inside"): ...
        with frame.room("train"): ...
        with frame.room("learn"): frame.article("classification", words)
"""

from __future__ import annotations

import functools
import html as html_text
import inspect
import json
import logging
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from typing import Any

import gradio as gr
from gradio.context import Context, LocalContext

from demos.language import DEMOS, Say, Words
from demos.sight import on_sight
from demos.web import source_url
from pretrained import catalog
from pretrained.errors import Refusal

log = logging.getLogger(__name__)
ROOMS = ("try", "inside", "train", "learn")
CHECKPOINTS = DEMOS.parent / "pretrained"
FRACTIONS = frozenset(
    {"top1", "top5", "wellformed", "precision", "recall", "cer", "cer_real", "ifeval"}
)
#: Average precision, however it is named before, is a fraction too.
FRACTION_ENDS = ("ap50", "_ap")
#: An interval whose middle is so far from the value, in half its width, has no one "±".
LOPSIDED = 0.25
#: What every event of the page's own is given: no API name, nothing drawn over what stands there.
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
_words: ContextVar[Words] = ContextVar("words")


@contextmanager
def page(name: str, words: Words) -> Iterator[gr.Tabs]:
    """One tab: the visitor's question (``<name>.title``), how it is answered (``<name>.lead``),
    then the rooms. Gives the `gr.Tabs` of the rooms. The accent is the class ``tab-<name>``."""
    token = _words.set(words)
    try:
        with gr.Column(elem_classes=["page", f"tab-{name}"]):
            title(name, words)
            with gr.Tabs(
                elem_classes="rooms", elem_id=f"{name}-rooms", overflow_behavior="wrap"
            ) as rooms:
                yield rooms
    finally:
        _words.reset(token)


def title(name: str, words: Words) -> None:
    """The question at the head of a page, and the sentence that answers how."""
    html(
        words,
        lambda say: (
            f'<div class="title"><h1>{say(f"{name}.title")}</h1><p>{say(f"{name}.lead")}</p></div>'
        ),
    )


@contextmanager
def room(name: str) -> Iterator[gr.Tab]:
    """One of the four rooms: try, inside, train or learn. Its `gr.Tab` is given, for events."""
    if name not in ROOMS:
        raise ValueError(f"no room called {name!r}: one of {', '.join(ROOMS)}")
    with gr.Tab(
        _words.get()(f"frame.room.{name}"), id=name, elem_classes=["room", f"room-{name}"]
    ) as tab:
        yield tab


def html(words: Words, render: Callable[[Say], str], **options: Any) -> gr.HTML:
    """A fixed piece of page, rendered once per language: `render` gets a `say` that escapes."""
    return gr.HTML(words.markup(render), js_on_load=None, apply_default_css=False, **options)


def later(words: Words, render: Callable[[Say], str], place: Any) -> Any:
    """A long piece of page in ``place``, an HTML or a Markdown: fetched when it comes into sight,
    so that nobody waits for what few open."""
    key = words.apart(render)
    on_sight().shown(None, None, place, js=f"() => house.text('{key}')", **PRIVATE)
    return place


#: What a choice is called until the page has its name in the visitor's language: a blank, so that
#: neither a code nor another language is seen for a moment.
UNNAMED = "\u2003"


def choices(words: Words, component: Any, options: Callable[[Say], list[tuple[str, Any]]]) -> None:
    """Put a Dropdown's or Radio's choices into the visitor's language when the page opens.

    Gradio translates labels in the browser but not choices, so these are said by the server."""

    def fill(request: gr.Request) -> Any:
        say = words.speaker(words.lang(request))
        return gr.update(choices=[(html_text.unescape(t), value) for t, value in options(say)])

    component.choices = [(UNNAMED, value) for _, value in component.choices]
    assert Context.root_block is not None
    Context.root_block.load(fill, None, component, queue=False, **PRIVATE)


def header(words: Words) -> gr.HTML:
    """The name of the house and the two switches, above the tabs. Wired by `assets/page.js`."""

    def render(say: Say) -> str:
        other = "en" if say.lang == "zh" else "zh-CN"
        english, own = words.table("en", "gradio"), words.table(say.lang, "gradio")
        labels = json.dumps({english[key]: own[key] for key in english}, ensure_ascii=False)
        return f"""<header class="top" data-lost="{say("frame.lost")}"
data-labels="{html_text.escape(labels)}">
<a class="name" href="./">{say("house.name")}</a>
<span class="quiet hide">{say("house.tagline")}</span><span class="grow"></span>
<button type="button" class="switch" data-switch="lang"
lang="{other}">{say("house.language")}</button>
<button type="button" class="switch" data-switch="theme" data-dark="{say("house.dark")}"
data-light="{say("house.light")}">{say("house.dark")}</button></header>"""

    return html(words, render)


def footer(words: Words) -> gr.HTML:
    """The device, the warm models (followed by `assets/page.js` while they warm), the licence."""
    source = source_url() or "licence"
    return html(
        words,
        lambda say: (
            f"""<footer class="foot" data-footer data-device="{say("house.running_on")}"
data-models="{say("house.warm")}" data-warming="{say("house.warming")}">
<span data-show="device"></span><span data-show="warm" role="status"></span>
<a href="{source}" target="_blank" rel="noopener">{say("house.source")}</a>
<button type="button" class="link" data-api>{say("house.api")}</button></footer>"""
        ),
    )


def sentences(lang: str, *parts: str) -> str:
    """Sentences one after the other: Chinese puts no blank after a full stop."""
    return ("" if lang == "zh" else " ").join(part for part in parts if part)


# ---- pieces of page, as HTML ------------------------------------------------------------------


def bars(rows: Sequence[tuple[str, float]], accent: str | None = None) -> str:
    """Labels with horizontal bars. `rows`: (label, fraction from 0 to 1), best first; `accent`:
    a CSS colour, else the tab's own. Percentages of 0.1 points; a tiny value shows as "<0.1%"."""
    style = f' style="--accent:{html_text.escape(accent, quote=True)}"' if accent else ""
    lines = []
    for label, fraction in rows:
        share = min(max(float(fraction), 0.0), 1.0)
        shown = "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"
        lines.append(
            f'<li class="bar"><b>{html_text.escape(str(label))}</b>'
            f'<div aria-hidden="true"><i style="width:{share * 100:.2f}%"></i></div>'
            f"<span>{html_text.escape(shown)}</span></li>"
        )
    return f'<ul class="bars"{style}>{"".join(lines)}</ul>'


def percent(share: float) -> str:
    """A probability, 0..1, with the digits that it is worth."""
    return "<0.1%" if share < 0.0005 else f"{share:.1%}" if share < 0.1 else f"{share:.0%}"


def note(text: str) -> str:
    """An aside with the accent at its left. `text` is plain text."""
    return f'<p class="note">{html_text.escape(text)}</p>'


def quiet(text: str) -> str:
    """One muted line: the model, its size and its time. `text` is plain text."""
    return f'<p class="quiet">{html_text.escape(text)}</p>'


#: A large number and the key of its label; then what fills the label's fields, where it has some.
Fact = tuple[str, str] | tuple[str, str, Mapping[str, Any]]


def facts(words: Words, rows: Sequence[Fact]) -> gr.HTML:
    """The three or four large numbers at the foot of a room."""
    return html(words, lambda say: _facts(rows, say))


def fact_groups(words: Words, groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> gr.HTML:
    """`facts` of different tasks, which must not be compared: (key of the heading, rows) each."""

    return html(words, lambda say: fact_groups_html(groups, say))


def fact_groups_html(groups: Sequence[tuple[str, Sequence[tuple[str, str]]]], say: Say) -> str:
    """`fact_groups` in one language."""
    parts = (f"<section><h2>{say(key)}</h2>{_facts(rows, say)}</section>" for key, rows in groups)
    return f'<div class="fact-groups">{"".join(parts)}</div>'


def _facts(rows: Sequence[Fact], say: Say) -> str:
    cells = (
        f"<div><dd>{html_text.escape(row[0])}</dd><dt>{say(row[1], **dict(*row[2:]))}</dt></div>"
        for row in rows
    )
    return f'<dl class="facts">{"".join(cells)}</dl>'


def command(words: Words, line: str) -> gr.HTML:
    """A command to copy."""
    return html(words, lambda say: command_html(line, say))


def command_html(line: str, say: Say) -> str:
    """`command` in one language: broken between its options where the page is narrow. The button is
    wired by page.js."""
    first, *options = (html_text.escape(part) for part in line.split(" --"))
    shown = first + "".join(f" <span>--{option}</span>" for option in options)
    return (
        f'<div class="command"><pre tabindex="0"><code lang="en">{shown}</code></pre>'
        f'<button type="button" class="ghost" data-copy="{html_text.escape(line, quote=True)}" '
        f'data-done="{say("frame.copied")}">{say("frame.copy")}</button></div>'
    )


def step(words: Words, key: str) -> gr.HTML:
    """A heading of Train, ``key``, and what is to be done there, ``key`` with ``_how``."""
    return html(words, lambda say: f"<h2>{say(key)}</h2><p>{say(f'{key}_how')}</p>")


# ---- Learn ------------------------------------------------------------------------------------


def drawn(body: str, caption: str) -> str:
    """A figure of an article: HTML in one line, as Markdown passes a block through as long as no
    blank line breaks it. ``caption`` is HTML."""
    return f'<figure class="drawn">{body}<figcaption>{caption}</figcaption></figure>'


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """Rows of HTML under their heads, figures to the right."""
    first, *rest = heads
    head = f'<th scope="col">{first}</th>'
    head += "".join(f'<th scope="col" class="number">{one}</th>' for one in rest)
    body = "".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(
            f'<td class="number" data-label="{label}">{cell}</td>'
            for label, cell in zip(rest, cells, strict=True)
        )
        + "</tr>"
        for name, *cells in rows
    )
    sheet = (
        f'<table class="sheet figures"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )
    return drawn(f'<div class="scroll">{sheet}</div>', caption)


def article(
    name: str, words: Words, figures: Mapping[str, Callable[[Say], str]] | None = None
) -> gr.Markdown:
    """`demos/<name>/learn.<lang>.md` with its figures filled in from the models' metrics.json.

    ``{{metric:classification/cifar10:top1}}`` becomes "95.9% ± 0.4"; ``:value`` after it leaves the
    interval out; ``{{training:classification/cifar10:hardware}}`` takes a field of the training
    record; ``{{figure:NAME}}`` calls ``figures["NAME"](say)`` for a piece of HTML."""

    def render(say: Say) -> str:
        text = (DEMOS / name / f"learn.{say.lang}.md").read_text("utf-8")
        return re.sub(r"\{\{(.+?)\}\}", lambda m: fill(m[1].strip(), say, figures or {}), text)

    return later(words, render, gr.Markdown(elem_classes="article", sanitize_html=False))


def fill(placeholder: str, say: Say, figures: Mapping[str, Callable[[Say], str]]) -> str:
    """What stands in an article for one placeholder. A figure that does not exist yet is a dash."""
    kind, _, rest = placeholder.partition(":")
    if kind == "figure":
        return figures[rest](say)
    key, _, field = rest.partition(":")
    metrics = read_metrics(key)
    if kind == "metric":
        metric, _, part = field.partition(":")
        found = (r["metrics"][metric] for r in metrics.get("results", ()) if metric in r["metrics"])
        result = next(found, None)
        if result:
            return figure(metric, result, interval=part != "value")
    elif kind == "training" and field in metrics.get("training", {}):
        value = metrics["training"][field]
        return f"{value:,}" if isinstance(value, int) else str(value)
    log.warning("no figure for {{%s}}", placeholder)
    return "—"


def figure(metric: str, result: Mapping[str, float], interval: bool = True) -> str:
    """A measured value with its 95% interval, as a visitor reads it: "95.9% ± 0.4"; one that
    reaches much farther to one side is told by its ends: "95.9% (10.0 – 100.0)"."""
    fraction = metric in FRACTIONS or metric.endswith(FRACTION_ENDS)
    scale, unit, digits = (100, "%", 1) if fraction else (1, "", 2)
    text = f"{result['value'] * scale:.{digits}f}{unit}"
    if interval and result.get("low") is not None and result.get("high") is not None:
        value, low, high = (result[name] * scale for name in ("value", "low", "high"))
        half = (high - low) / 2
        if abs(value - (low + high) / 2) > LOPSIDED * half:
            return f"{text} ({low:.{digits}f} – {high:.{digits}f})"
        text += f" ± {half:.{digits}f}"
    return text


def read_metrics(key: str) -> dict[str, Any]:
    """The metrics.json of a bundled model, or {} where it has none yet."""
    room_name, _, model = key.partition("/")
    file = CHECKPOINTS / room_name / "checkpoints" / model / "metrics.json"
    return json.loads(file.read_text("utf-8")) if file.is_file() else {}


# ---- errors -----------------------------------------------------------------------------------


def guard(words: Words) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator for callbacks: what was refused is said in the visitor's language; what nobody
    expected is logged with an id, and only the id is shown. Takes functions, coroutines and
    generators of both kinds, and leaves the signature as Gradio reads it."""

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isasyncgenfunction(fn):

            @functools.wraps(fn)
            async def wrapped(*args: Any, **kwargs: Any) -> Any:
                try:
                    async with aclosing(fn(*args, **kwargs)) as values:
                        async for value in values:
                            yield value
                except Exception as error:
                    raise shown(error, words) from None

        elif inspect.iscoroutinefunction(fn):

            @functools.wraps(fn)
            async def wrapped(*args: Any, **kwargs: Any) -> Any:
                try:
                    return await fn(*args, **kwargs)
                except Exception as error:
                    raise shown(error, words) from None

        elif inspect.isgeneratorfunction(fn):

            @functools.wraps(fn)
            def wrapped(*args: Any, **kwargs: Any) -> Any:
                try:
                    yield from fn(*args, **kwargs)
                except Exception as error:
                    raise shown(error, words) from None

        else:

            @functools.wraps(fn)
            def wrapped(*args: Any, **kwargs: Any) -> Any:
                try:
                    return fn(*args, **kwargs)
                except Exception as error:
                    raise shown(error, words) from None

        return wrapped

    return decorate


def shown(error: Exception, words: Words, lang: str | None = None) -> gr.Error:
    """`error` as the visitor meets it: one sentence that names the fix, or an id."""
    if isinstance(error, gr.Error):
        return error
    lang = lang or words.lang(LocalContext.request.get(None))
    if isinstance(error, Refusal):
        heading, sentence = "frame.refused", sentence_of(error, words, lang)
    else:
        id = secrets.token_hex(4)
        log.error("unexpected error %s", id, exc_info=error)
        heading, sentence = "frame.failed", words.say(lang, "error.unexpected", id=id)
    return gr.Error(
        html_text.escape(sentence, quote=False),
        title=words.say(lang, heading),
        duration=12,
        print_exception=False,
    )


def sentence_of(error: Refusal, words: Words, lang: str) -> str:
    """A refusal in the visitor's language, a model by its name there; its own English where the
    house has no words for it."""
    try:
        # What is not known here keeps what was sent: a name in its place would say otherwise.
        unknown = error.code in ("unknown_model", "unknown_entry")
        fields = error.fields if unknown else named(words, lang, error.fields)
        return beside(words.say(lang, f"error.{error.code}", **fields), str(fields.get("model")))
    except (KeyError, IndexError):
        log.warning("no words for error.%s with %s", error.code, sorted(error.fields))
        return str(error)


def named(words: Words, lang: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a refusal, with the name of a model of ours in place of its key or Hub id."""
    known = catalog.entries().values()
    found = next((e for e in known if fields.get("model") in (e.key, e.hub_id or e.key)), None)
    return {**fields} | ({"model": words.model(lang, found.key, found.title)} if found else {})


def beside(said: str, name: str) -> str:
    """Chinese puts a blank beside a foreign name, and none beside one of its own."""
    said = said.replace(f" {name}", name) if name[:1] >= "一" else said
    return said.replace(f"{name} ", name) if name[-1:] >= "一" else said


def refusal(words: Words, lang: str, error: Refusal) -> str:
    """Why there is no answer, where the answer would have stood."""
    sentence = sentence_of(error, words, lang)
    return f'<p class="refusal" role="alert">{html_text.escape(sentence)}</p>'


async def or_nothing(steps: AsyncIterator[Any], nothing: Any) -> AsyncIterator[Any]:
    """Pass the steps on; where one breaks off, `nothing` first, so that no bar stays for ever."""
    async with aclosing(steps):
        try:
            async for step in steps:
                yield step
        except Exception:
            yield nothing
            raise
