"""What the fakes of all tabs share: an engine that answers at once, and models without weights."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inference import Settings
from inference.errors import UnknownModel
from pretrained import catalog

LOADER = "pretrained.classification.imagenet:load"


def entry(root: Path, key: str, **config: Any) -> catalog.Entry:
    """A catalogue entry with a checkpoint folder that has a config and no weights."""
    folder = root / key.replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True)
    content = {"key": key, "loader": LOADER, "title": key, "max_batch": 8, "parameters": 2_400_000}
    (folder / "config.json").write_text(json.dumps(content | config), "utf-8")
    (folder / "model.safetensors").write_bytes(b"")
    return catalog.from_folder(folder, key)


def hub_entry(key: str, title: str, **facts: Any) -> catalog.Entry:
    """A model that is on the Hub and not on this disk. ``facts``: what it has besides."""
    usual: dict[str, Any] = {"licence": "apache-2.0", "max_batch": 8}
    usual |= {"bytes": 102_000_000, "parameters": 25_600_000}
    return catalog.Entry(
        key=key,
        task=key.partition("/")[0],
        title=title,
        loader=LOADER,
        hub_id=f"nobody/{title.lower()}",
        **usual | facts,
    )


class FakeEngine:
    """Records what it was asked.

    ``failing``: what loading a model ends in, by key. ``gate``: what answers wait for, and
    ``loading`` what loading does. ``open``, ``most_open``: answers under way, now and at most.
    """

    def __init__(self, entries: Mapping[str, catalog.Entry], **settings: Any) -> None:
        self.entries = dict(entries)
        self.settings = Settings(**settings)
        self.loaded: list[str] = []
        self.failing: dict[str, Exception] = {}
        self.gate: asyncio.Event | None = None
        self.loading: asyncio.Event | None = None
        self.progress: tuple[int, int] | None = None
        self.open = self.most_open = 0

    def find(self, key: str) -> Any:
        return self.entries.get(key)

    async def preload(self, *keys: str) -> None:
        self.loaded += keys
        if self.loading:
            await self.loading.wait()
        for key in keys:
            if key in self.failing:
                raise self.failing[key]

    def load_progress(self, key: str) -> tuple[int, int] | None:
        return self.progress

    def status(self) -> dict[str, Any]:
        rows = [{"key": k, "state": "warm", "progress": None} for k in self.entries]
        device = {"name": "a CPU", "kind": "cpu"}
        return {"models": rows, "warming": False, "stuck": [], "device": device}

    def known(self, key: str) -> None:
        """Raises: UnknownModel: there is none of that name."""
        if key not in self.entries:
            raise UnknownModel(model=key)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Counts who is being answered."""
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            yield
        finally:
            self.open -= 1

    async def turn(self) -> None:
        """Others may go on; then whatever the ``gate`` is waiting for."""
        await asyncio.sleep(0)
        if self.gate:
            await self.gate.wait()
