"""Generate images: two networks against each other, and what came next, under the same four
rooms."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos import page
from demos.images import doors, draw, figures, inside, points_gan, teach
from demos.language import Words

NAME = "images"


def build(engine: Any, words: Words) -> None:
    """Lay out the tab and wire it to the engine."""
    with page.tab(NAME, words) as rooms:
        with page.room("try"):
            parts = draw.build(engine, words)
        with page.room("inside") as room:
            inside.build(engine, words, parts.chosen, room)
        with page.room("train"):
            teach.build(engine, words)
        with page.room("learn"):
            points_gan.build(words)
            page.article(NAME, words, figures.figures())
        parts.seen.click(lambda: gr.Tabs(selected="inside"), None, rooms, **page.PRIVATE)
    doors.build(engine, words)
