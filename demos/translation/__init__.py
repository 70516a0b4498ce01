"""Translate: sequence to sequence with attention. The tab's four rooms put together."""

from __future__ import annotations

import gradio as gr

from demos import page
from demos.language import Words
from demos.translation import api, inside, learn, train, tryout
from demos.translation.answers import TASK
from inference import Engine
from jobs import Jobs


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> None:
    """Lay out the tab and wire it to the engine."""
    with page.tab(TASK, words) as rooms:
        with page.room("try"):
            parts = tryout.build(engine, words, jobs)
        with page.room("inside") as room:
            inside.build(engine, words, parts.answered, room)
        with page.room("train"):
            train.build(engine, words, jobs)
        with page.room("learn"):
            page.article(TASK, words, learn.figures())
            page.questions(TASK, words)
        parts.seen.click(lambda: gr.Tabs(selected="inside"), None, rooms, **page.PRIVATE)
    api.build(engine, words)
