"""Translate: sequence to sequence with attention, under the same four rooms."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos import page
from demos.language import Words
from demos.translation import charts, doors, inside, teach, translate

NAME = "translation"


def build(engine: Any, words: Words) -> None:
    """Lay out the tab and wire it to the engine."""
    with page.tab(NAME, words) as rooms:
        with page.room("try"):
            parts = translate.build(engine, words)
        with page.room("inside") as room:
            inside.build(engine, words, parts.answered, room)
        with page.room("train"):
            teach.build(engine, words)
        with page.room("learn"):
            page.article(NAME, words, charts.figures())
        parts.seen.click(lambda: gr.Tabs(selected="inside"), None, rooms, **page.PRIVATE)
    doors.build(engine, words)
