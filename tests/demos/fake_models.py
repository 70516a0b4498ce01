"""All fakes as one engine: each answers for its task, for tests of what speaks to several."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import fake_classifiers
import fake_detectors
import fake_faces
import fake_pens
import fake_translators
import fake_writers

from inference import Settings
from inference.errors import UnknownModel
from inference.metrics import Metrics


class FakeModels:
    """``of[task]`` is the fake of a task. ``gate``: pictures are named once it is set.

    ``callers`` and ``asked``: who asked, as the page's engine is told, and which model, in order.
    ``open``: answers under way.
    ``unlisted``: models that answer and stand in no list."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.of: dict[str, Any] = {
            "classification": fake_classifiers.FakeEngine(root),
            "detection": fake_detectors.FakeDetectors(root),
            "text": fake_writers.FakeEngine(root),
            "handwriting": fake_pens.FakePens(root),
            "translation": fake_translators.FakeEngine(root),
            "images": fake_faces.FakeFaces(root),
        }
        self.settings = Settings(max_upload_mb=1, **settings)
        self.metrics = Metrics()
        self.entries = {k: e for fake in self.of.values() for k, e in fake.entries.items()}
        self.unlisted: dict[str, Any] = {}
        self.withheld: dict[str, Any] = {}
        self.failing: dict[str, Exception] = {}  # by key, when asked
        self.callers: list[tuple[str, ...]] = []
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None
        self.open = self.held = 0

    def find(self, key: str) -> Any:
        return self.entries.get(key) or self.unlisted.get(key)

    def _of(self, key: str) -> Any:
        from demos import visitors

        self.callers.append(visitors.current())
        self.asked.append(key)
        if self.find(key) is None:
            raise UnknownModel(model=key)
        if key in self.failing:
            raise self.failing[key]
        return self.of[key.partition("/")[0]]

    async def preload(self, *keys: str) -> None:
        for key in keys:
            await self._of(key).preload(key)

    async def predict(self, key: str, one: Any, **options: Any) -> Any:
        return await self._held(self._of(key).predict(key, one, **options))

    async def ask(self, key: str, one: Any, **options: Any) -> Any:
        return await self._held(self._of(key).ask(key, one, **options))

    def stream(self, key: str, prompt: Any, **options: Any) -> Any:
        return self._of(key).stream(key, prompt, **options)

    async def _held(self, answer: Any) -> Any:
        self.open += 1
        try:
            if self.gate:
                self.held += 1
                await self.gate.wait()
            return await answer
        finally:
            answer.close()
            self.open -= 1
