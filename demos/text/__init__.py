"""Generate text: two exhibits, text and pen, under the same four rooms."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos import page
from demos.language import Words
from demos.text import charts, doors, exhibits, inside, pen, pen_inside, teach, write
from demos.text.exhibits import exhibit

NAME = "text"


def build(engine: Any, words: Words) -> None:
    """Lay out the tab and wire it to the engine. Without a pen there is one exhibit, no switch."""
    pens = pen.PEN in engine.entries
    with page.tab(NAME, words) as rooms:
        with page.room("try"):
            exhibits.switch(words, pens)
            with exhibit("text"):
                parts = write.build(engine, words)
            if pens:
                with exhibit("pen"):
                    pen_parts = pen.build(engine, words)
        with page.room("inside") as room:
            exhibits.switch(words, pens)
            with exhibit("text"):
                inside.build(engine, words, parts.written)
            if pens:
                with exhibit("pen"):
                    pen_inside.build(engine, words, pen_parts, room)
        with page.room("train"):
            exhibits.switch(words, pens)
            with exhibit("text"):
                teach.build(engine, words)
            if pens:
                with exhibit("pen"):
                    teach.build_pen(words)
        with page.room("learn"):
            exhibits.switch(words, pens)
            page.article(NAME, words, charts.figures())
        parts.seen.click(lambda: gr.Tabs(selected="inside"), None, rooms, **page.PRIVATE)
    doors.build(engine, words)
