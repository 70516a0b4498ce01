"""Detect as a server: prints its address, and answers until it is ended. Its detectors and its
trainings are fakes, unless ``real`` is said. Arguments: FOLDER [real]."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import fake_detection_training
import gradio as gr
from fake_detectors import FakeDetectors

from demos import detection, training, web
from demos.language import Words
from demos.page import layout
from demos.page.theme import theme
from inference import Engine, Settings
from jobs import Jobs, Limits
from pretrained import catalog


class Engines(FakeDetectors):
    """Fakes, and whatever a visitor has trained."""

    def __init__(self, folder: Path, jobs: Jobs) -> None:
        super().__init__(folder)
        self.trained = training.unlisted(jobs)
        self.metrics = type("Metrics", (), {"render": staticmethod(str)})

    def find(self, key: str) -> catalog.Entry | None:
        return self.entries.get(key) or self.trained(key)

    async def predict(self, key: str, picture: Any, **options: Any) -> dict[str, Any]:
        known = key if key in self.entries else detection.answers.EVERYDAY
        return await super().predict(known, picture, **options)


def fake(record: Any, place: Path, minutes: float) -> list[str]:
    return [sys.executable, fake_detection_training.__file__, str(place)]


def main(folder: Path, real: bool) -> None:
    words, limits = Words(), Limits(folder / "jobs")
    jobs = Jobs(limits) if real else Jobs(limits, command=fake)
    engine: Any = Engines(folder, jobs)
    if real:
        settings = Settings(offline=True)
        engine = Engine(catalog.entries(), settings, unlisted=training.unlisted(jobs))
    with gr.Blocks(analytics_enabled=False) as page:
        layout.header(words)
        with gr.Tabs(elem_id="site"), gr.Tab("Detect", id="detection", elem_id="detection"):
            detection.build(engine, words, jobs)
        layout.footer(words)
    page.queue()
    more = [
        *detection.train.routes(engine, words, jobs),
        *training.routes(engine, words, jobs),
    ]
    page.launch(
        prevent_thread_lock=True,
        quiet=True,
        i18n=words.i18n,
        ssr_mode=False,
        theme=theme(),
        footer_links=["api"],
        app_kwargs=web.app_kwargs(engine, words, more=more),
    )
    jobs.start()
    print(page.local_url, flush=True)
    page.block_thread()


if __name__ == "__main__":
    main(Path(sys.argv[1]), "real" in sys.argv)
