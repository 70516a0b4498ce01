"""Detect objects: what is where, down to the pixel, under the same four rooms."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos import page
from demos.detection import charts, doors, find, inside, teach
from demos.language import Words

NAME = "detection"


def build(engine: Any, words: Words) -> None:
    """Lay out the tab and wire it to the engine."""
    with page.tab(NAME, words) as rooms:
        with page.room("try"):
            parts = find.build(engine, words)
        with page.room("inside") as room:
            inside.build(engine, words, parts.answered, room)
        with page.room("train"):
            teach.build(engine, words)
        with page.room("learn"):
            page.article(NAME, words, charts.figures())
        parts.seen.click(lambda: gr.Tabs(selected="inside"), None, rooms, **page.PRIVATE)
    doors.build(engine, words)
