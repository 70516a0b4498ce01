"""Generate images: two networks against each other, and what came next, under the same four
rooms."""

from __future__ import annotations

import gradio as gr

from demos import page
from demos.images import api, inside, learn, train, tryout
from demos.language import Words
from inference import Engine
from jobs import Jobs

NAME = "images"


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> None:
    """Lay out the tab and wire it to the engine."""
    with page.tab(NAME, words) as rooms:
        with page.room("try"):
            parts = tryout.build(engine, words, jobs)
        with page.room("inside") as room:
            inside.build(engine, words, parts.chosen, room)
        with page.room("train"):
            train.build(words, jobs)
        with page.room("learn"):
            learn.build(words)
        parts.seen.click(lambda: gr.Tabs(selected="inside"), None, rooms, **page.PRIVATE)
    api.build(engine, words)
