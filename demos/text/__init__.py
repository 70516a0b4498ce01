"""Generate text: two exhibits, text and pen, under the same four rooms."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos import frame
from demos.language import Words
from demos.text import charts, doors, exhibits, inside, pen, pen_inside, teach, write
from demos.text.exhibits import exhibit

NAME = "text"


def build(engine: Any, words: Words) -> None:
    """Lay out the tab and wire it to the engine. Without a pen there is one exhibit, no switch."""
    pens = pen.PEN in engine.entries
    with frame.page(NAME, words) as rooms:
        with frame.room("try"):
            exhibits.switch(words, pens)
            with exhibit("text"):
                parts = write.build(engine, words)
            if pens:
                with exhibit("pen"):
                    pen_parts = pen.build(engine, words)
        with frame.room("inside") as room:
            exhibits.switch(words, pens)
            with exhibit("text"):
                inside.build(engine, words, parts.written)
            if pens:
                with exhibit("pen"):
                    pen_inside.build(engine, words, pen_parts, room)
        with frame.room("train"):
            exhibits.switch(words, pens)
            with exhibit("text"):
                teach.build(engine, words)
            if pens:
                with exhibit("pen"):
                    teach.build_pen(words)
        with frame.room("learn"):
            exhibits.switch(words, pens)
            frame.article(NAME, words, charts.figures())
        parts.seen.click(lambda: gr.Tabs(selected="inside"), None, rooms, **frame.PRIVATE)
    doors.build(engine, words)
