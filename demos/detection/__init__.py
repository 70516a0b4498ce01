"""Detect objects: what is where, down to the pixel, under the same four rooms."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos import frame
from demos.detection import charts, doors, find, inside, teach
from demos.language import Words

NAME = "detection"


def build(engine: Any, words: Words) -> None:
    """Lay out the tab and wire it to the engine."""
    with frame.page(NAME, words) as rooms:
        with frame.room("try"):
            parts = find.build(engine, words)
        with frame.room("inside") as room:
            inside.build(engine, words, parts.answered, room)
        with frame.room("train"):
            teach.build(engine, words)
        with frame.room("learn"):
            frame.article(NAME, words, charts.figures())
        parts.seen.click(lambda: gr.Tabs(selected="inside"), None, rooms, **frame.PRIVATE)
    doors.build(engine, words)
