"""Generate text: two exhibits, text and pen (`demos.handwriting`), under the same four rooms.

A quiet switch in each room chooses the exhibit for all of them. The choice is the attribute
``data-exhibit`` of the page's column; `style.css` hides the other one. It also stands in the
address (``&exhibit=pen``), so that a link can lead to it.
"""

from __future__ import annotations

import gradio as gr

from demos import handwriting, page
from demos.language import Say, Words
from demos.text import api, inside, learn, train, tryout
from inference import Engine
from jobs import Jobs

NAME = "text"
EXHIBITS = ("text", "pen")


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> None:
    """Lay out the tab and wire it to the engine. Without a pen there is one exhibit, no switch."""
    pen = handwriting.PEN in engine.entries
    with page.tab(NAME, words) as rooms:
        with page.room("try"):
            switch(words, pen)
            with exhibit("text"):
                parts = tryout.build(engine, words, jobs)
            if pen:
                with exhibit("pen"):
                    handwriting.tryout.build(engine, words, jobs)
        with page.room("inside"):
            switch(words, pen)
            with exhibit("text"):
                inside.build(engine, words, parts.written)
            if pen:
                with exhibit("pen"):
                    handwriting.inside.build(engine, words)
        with page.room("train"):
            switch(words, pen)
            with exhibit("text"):
                train.build(engine, words, jobs)
            if pen:
                with exhibit("pen"):
                    handwriting.train.build(words, jobs)
        with page.room("learn"):
            switch(words, pen)
            page.article(NAME, words, learn.figures() | handwriting.learn.figures())
            with exhibit("text"):
                page.questions(NAME, words)
            if pen:
                with exhibit("pen"):
                    page.questions("handwriting", words, tab=NAME)
        parts.seen.click(lambda: gr.Tabs(selected="inside"), None, rooms, **page.PRIVATE)
    api.build(engine, words)
    if pen:
        handwriting.api.build(engine, words)


def switch(words: Words, both: bool) -> None:
    """The two buttons, at the head of a room; nothing where there is one exhibit only."""
    if not both:
        return

    def render(say: Say) -> str:
        buttons = "".join(
            f'<button type="button" data-exhibit-of="{name}" aria-pressed="false">'
            f"{say(f'text.exhibit.{name}')}</button>"
            for name in EXHIBITS
        )
        label = say("text.exhibit.label")
        return f'<div class="exhibits" role="group" aria-label="{label}">{buttons}</div>'

    script = tryout.SCRIPT % "exhibits(element)"
    gr.HTML(words.markup(render), js_on_load=script, elem_classes="exhibit-switch")


def exhibit(name: str) -> gr.Column:
    """What belongs to one exhibit, inside a room."""
    return gr.Column(elem_classes=["exhibit", f"exhibit-{name}"])
