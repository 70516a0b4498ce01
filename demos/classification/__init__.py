"""Classify images: the tab's four rooms put together."""

from __future__ import annotations

import gradio as gr

from demos import page
from demos.classification import api, inside, learn, train, tryout
from demos.classification.answers import TASK
from demos.language import Words
from inference import Engine
from jobs import Jobs


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> None:
    """Lay out the tab and wire it to the engine."""
    with page.tab(TASK, words) as rooms:
        with page.room("try"):
            given = tryout.build(engine, words, jobs)
        with page.room("inside") as room:
            inside.build(engine, words, given.picture, given.model, room)
        with page.room("train"):
            train.build(words, jobs)
        with page.room("learn"):
            page.article(TASK, words, learn.figures(engine))
            page.questions(TASK, words)
        given.seen.click(lambda: gr.Tabs(selected="inside"), None, rooms, **page.PRIVATE)
    api.build(engine, words)
