"""A visitor of the third rooms as the server sees them: uploads, previews, trainings. Workers need
no torch, and run when a test looks."""

from __future__ import annotations

from typing import Any

from job_bench import Bench
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demos import training
from demos.language import Words
from demos.training.room import Recipe, rendered
from jobs import Job


class Trainer:
    """``ask`` gives the JSON of an answer, a refusal's too."""

    def __init__(self, engine: Any, words: Words, bench: Bench) -> None:
        self.bench, self.jobs, self.words = bench, bench.jobs(data_mb=20), words
        app = Starlette(routes=training.routes(engine, words, self.jobs))
        self.client = TestClient(app, raise_server_exceptions=False)

    def ask(self, path: str, lang: str = "en", method: str = "POST", **sent: Any) -> Any:
        headers = {"X-Owner": "a" * 32}
        address = f"/train/{path}?lang={lang}"
        return self.client.request(method, address, headers=headers, **sent).json()

    def gave(self, *files: tuple[str, bytes]) -> str:
        """The name of an upload with these files."""
        upload = self.ask("uploads")["upload"]
        answer = self.ask(f"uploads/{upload}", files=[("files", file) for file in files])
        assert "error" not in answer, answer
        return upload

    def took(self, starter: str) -> str:
        """The name of an upload with what is made here."""
        upload = self.ask("uploads")["upload"]
        answer = self.ask(f"uploads/{upload}/starter", json={"name": starter})
        assert answer["files"], answer
        return upload

    def preview(self, upload: str, key: str, lang: str = "en") -> Any:
        return self.ask(f"uploads/{upload}/preview", lang, json={"key": key})

    def trained(self, upload: str, key: str) -> Job:
        """A training that is done."""
        job = self.ask("jobs", json={"key": key, "upload": upload, "options": {"minutes": 1}})
        assert not job["error"], job
        return self.bench.until_ended(self.jobs, job["id"])

    def html(self, recipe: Recipe, lang: str, extra: Any = lambda say: "") -> str:
        """The room in one language."""
        say = self.words.speaker(lang)
        return rendered(say, self.jobs, recipe, extra(say))
