"""How an answer is computed (first version: loads lazily, predicts in a thread)."""

from __future__ import annotations

import asyncio
import importlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from inference.errors import UnknownModel
from inference.settings import Settings


def load_entry(entry: Any, device: str, progress: Callable[[int, int], None]) -> Any:
    module, _, function = entry.loader.partition(":")
    return getattr(importlib.import_module(module), function)(entry, device, progress)


class Engine:
    def __init__(
        self,
        entries: Mapping[str, Any],
        settings: Settings,
        *,
        load: Callable[[Any, str, Callable[[int, int], None]], Any] = load_entry,
        clock: Callable[[], float] = time.monotonic,
        device: Any = None,
        metrics: Any = None,
    ) -> None:
        self.entries = dict(entries)
        self.settings = settings
        self._load, self._clock = load, clock
        self._models: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._answered = self._failed = 0

    def add(self, entry: Any) -> None:
        self.entries[entry.key] = entry

    def _model(self, key: str) -> Any:
        if key not in self.entries:
            raise UnknownModel(model=key)
        with self._lock:
            if key not in self._models:
                self._models[key] = self._load(self.entries[key], "cpu", lambda done, total: None)
            return self._models[key]

    def _predict(self, key: str, input: Any, options: dict[str, Any]) -> Any:
        [answer] = self._model(key).predict([input], **options)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def predict(
        self, key: str, input: Any, *, deadline: float | None = None, **options: Any
    ) -> Any:
        answer = await asyncio.to_thread(self._predict, key, input, options)
        self._answered += 1
        return answer

    async def stream(
        self, key: str, prompt: Any, *, deadline: float | None = None, **options: Any
    ) -> AsyncIterator[Any]:
        model = await asyncio.to_thread(self._model, key)
        state = await asyncio.to_thread(lambda: model.begin(prompt, **options))
        while not state.done:
            [event] = await asyncio.to_thread(model.step, [state])
            yield event

    async def preload(self, *keys: str) -> None:
        for key in keys:
            await asyncio.to_thread(self._model, key)

    async def unload(self, key: str) -> None:
        self._models.pop(key, None)

    def status(self) -> dict[str, Any]:
        return {
            "device": {"kind": "cpu", "name": "cpu", "reason": "first version"},
            "budget_bytes": 0,
            "used_bytes": sum(model.bytes for model in self._models.values()),
            "warming": False,
            "models": [
                {
                    "key": key,
                    "state": "warm" if key in self._models else "cold",
                    "bytes": getattr(self._models.get(key), "bytes", 0),
                    "leases": 0,
                    "idle_seconds": 0.0,
                    "device": "cpu",
                    "progress": None,
                }
                for key in self.entries
            ],
            "queue": {"waiting": 0, "limit": self.settings.queue_limit},
            "answered": self._answered,
            "failed": self._failed,
        }

    async def close(self) -> None:
        self._models.clear()
