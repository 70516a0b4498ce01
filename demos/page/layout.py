"""How a page is put together: its title, its four rooms, the header and the footer around all."""

from __future__ import annotations

import html as html_text
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import gradio as gr
from gradio.context import Context

from demos import tour
from demos.language import Say, Words
from demos.page.errors import guard
from demos.visibility import on_visible
from demos.web import source_url

ROOMS = ("try", "inside", "train", "learn")
#: An element whose parts carry ``data-pick``: a click on one is the event "pick", with its name.
PICK = "house.pick(element, trigger, 'pick');"
#: What every event of the page's own is given: no API name, nothing drawn over what stands there.
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
_words: ContextVar[Words] = ContextVar("words")


@contextmanager
def tab(name: str, words: Words) -> Iterator[gr.Tabs]:
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
    """The question at the head of a page, the sentence that answers how, and the button of its
    tour, where it has one (`demos.tour`)."""
    guided = name in tour.steps()
    key = words.apart(lambda say: tour.panel(name, say)) if guided else ""

    def render(say: Say) -> str:
        begin = " " + tour.button(name, say, key) if guided else ""
        return (
            f'<div class="title"><h1>{say(f"{name}.title")}</h1>'
            f"<p>{say(f'{name}.lead')}{begin}</p></div>"
        )

    markup(words, render)


@contextmanager
def room(name: str) -> Iterator[gr.Tab]:
    """One of the four rooms: try, inside, train or learn. Its `gr.Tab` is given, for events."""
    if name not in ROOMS:
        raise ValueError(f"no room called {name!r}: one of {', '.join(ROOMS)}")
    with gr.Tab(
        _words.get()(f"page.room.{name}"), id=name, elem_classes=["room", f"room-{name}"]
    ) as tab:
        yield tab


def markup(words: Words, render: Callable[[Say], str], **options: Any) -> gr.HTML:
    """A fixed piece of page, rendered once per language: `render` gets a `say` that escapes."""
    return gr.HTML(words.markup(render), js_on_load=None, apply_default_css=False, **options)


def later(words: Words, render: Callable[[Say], str], place: Any, first: str = "") -> Any:
    """A long piece of page in ``place``, an HTML or a Markdown: fetched when it comes into sight,
    so that nobody waits for what few open. ``first``: JavaScript that runs as it is asked for."""
    key = words.apart(render)
    js = f"() => {{ {first} return house.text('{key}'); }}"
    on_visible().shown(None, None, place, js=js, **PRIVATE)
    return place


#: What a choice is called until the page has its name in the visitor's language: a blank, so that
#: neither a code nor another language is seen for a moment.
UNNAMED = "\u2003"
#: Puts the secret of this browser, where it has one yet, before the other inputs of an event.
SECRET = """(_, ...given) => {
  let stored = null;
  try { stored = localStorage.getItem("breakthroughs.owner"); } catch { /* a private window */ }
  return [stored ?? window.house?.owner?.() ?? "", ...given];
}"""

#: Begins a script that fires "kept" when a visitor's model was kept or deleted, also where that was
#: before the element was there: what lists such models is then made anew.
KEPT = "addEventListener('house:kept', () => trigger('kept')); if (house.kept) trigger('kept'); "


def choices(
    words: Words,
    component: Any,
    options: Callable[[Say], list[tuple[str, Any]]],
    asked: Callable[[gr.Request], Any] = lambda request: None,
    mine: Callable[[str], Iterable[Any]] | None = None,
    anew: Any = None,
    usual: Callable[[str], Any] | None = None,
) -> None:
    """Put a Dropdown's or Radio's choices into the visitor's language when the page opens.

    Gradio translates labels in the browser but not choices, so these are said by the server.

    Args:
        asked: the entry of a model that the address names; it is one more choice, and chosen.
        mine: the entries of the models that a visitor has trained, by the secret that their browser
            keeps (`house.owner`); they are more choices.
        anew: the event at which ``mine`` are looked for again.
        usual: what a page in a language (``en`` or ``zh``) has chosen, where what was chosen is
            there no more; None is the first."""

    def listed(request: gr.Request, secret: str) -> tuple[dict[Any, str], Any]:
        """(what each choice is called, the entry that is asked for)."""
        say = words.speaker(words.lang(request))
        known = {value: html_text.unescape(text) for text, value in options(say)}
        own = asked(request)
        for entry in [*(mine(secret) if mine else ()), *([own] if own else ())]:
            known.setdefault(entry.key, say.model(entry))
        return known, own

    def told(known: dict[Any, str], **more: Any) -> Any:
        return gr.update(choices=[(text, value) for value, text in known.items()], **more)

    @guard(words)
    def fill(secret: str, request: gr.Request) -> Any:
        known, own = listed(request, secret)
        return told(known, value=own.key) if own else told(known)

    @guard(words)
    def fill_anew(secret: str, chosen: Any, request: gr.Request) -> Any:
        """What was chosen stays so, unless it is there no more."""
        known, _ = listed(request, secret)
        if chosen in known:
            return told(known)
        return told(known, value=usual(words.lang(request)) if usual else next(iter(known)))

    component.choices = [(UNNAMED, value) for _, value in component.choices]
    assert Context.root_block is not None
    secret = gr.Textbox("", visible=False)
    js = SECRET if mine else None
    Context.root_block.load(fill, secret, component, js=js, queue=False, **PRIVATE)
    if mine:
        carried(component)
    if anew is not None:
        anew(fill_anew, [secret, component], component, js=SECRET, queue=False, **PRIVATE)


def carried(model: gr.Dropdown) -> None:
    """What a visitor chose stays chosen in the page of the other language (`page.js`)."""
    model.change(None, model, None, js="(key) => house.stands(key)", **PRIVATE)
    model.select(None, model, None, js="(key) => house.picked(key)", **PRIVATE)


def header(words: Words) -> gr.HTML:
    """The name of the house and the two switches, above the tabs. Wired by `page.js`."""

    def render(say: Say) -> str:
        other = "en" if say.lang == "zh" else "zh-CN"
        english, own = words.table("en", "gradio"), words.table(say.lang, "gradio")
        labels = json.dumps({english[key]: own[key] for key in english}, ensure_ascii=False)
        return f"""<header class="top" data-lost="{say("page.lost")}"
data-labels="{html_text.escape(labels)}">
<a class="name" href="./">{say("house.name")}</a>
<span class="quiet hide">{say("house.tagline")}</span><span class="grow"></span>
<button type="button" class="switch" data-switch="lang"
lang="{other}">{say("house.language")}</button>
<button type="button" class="switch" data-switch="theme" data-dark="{say("house.dark")}"
data-light="{say("house.light")}">{say("house.dark")}</button></header>"""

    return markup(words, render)


def footer(words: Words) -> gr.HTML:
    """The device, the warm models (followed by `page.js` while they warm), the licence."""
    source = source_url() or "licence"
    return markup(
        words,
        lambda say: (
            f"""<footer class="foot" data-footer data-device="{say("house.running_on")}"
data-models="{say("house.warm")}" data-warming="{say("house.warming")}">
<span data-show="device"></span><span data-show="warm" role="status"></span>
<a href="{source}" target="_blank" rel="noopener">{say("house.source")}</a>
<a href="present?lang={say.lang}">{say("house.present")}</a>
<button type="button" class="link" data-api>{say("house.api")}</button></footer>"""
        ),
    )
