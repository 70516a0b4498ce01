"""Generate text: two exhibits, text and pen (`demos.handwriting`), under the same four rooms."""

from __future__ import annotations

import gradio as gr

from demos import handwriting, page
from demos.language import Words
from demos.text import charts, doors, exhibits, inside, teach, write
from demos.text.exhibits import exhibit
from inference import Engine

NAME = "text"


def build(engine: Engine, words: Words) -> None:
    """Lay out the tab and wire it to the engine. Without a pen there is one exhibit, no switch."""
    pens = handwriting.PEN in engine.entries
    with page.tab(NAME, words) as rooms:
        with page.room("try"):
            exhibits.switch(words, pens)
            with exhibit("text"):
                parts = write.build(engine, words)
            if pens:
                with exhibit("pen"):
                    handwriting.tryout.build(engine, words)
        with page.room("inside"):
            exhibits.switch(words, pens)
            with exhibit("text"):
                inside.build(engine, words, parts.written)
            if pens:
                with exhibit("pen"):
                    handwriting.inside.build(engine, words)
        with page.room("train"):
            exhibits.switch(words, pens)
            with exhibit("text"):
                teach.build(engine, words)
            if pens:
                with exhibit("pen"):
                    handwriting.train.build(words)
        with page.room("learn"):
            exhibits.switch(words, pens)
            page.article(NAME, words, charts.figures() | handwriting.learn.figures())
        parts.seen.click(lambda: gr.Tabs(selected="inside"), None, rooms, **page.PRIVATE)
    doors.build(engine, words)
    if pens:
        handwriting.api.build(engine, words)
