"""An engine that answers at once, with models that know three things: for tests of the page."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np

from inference import Answer, Settings
from inference.errors import Refusal, UnknownModel
from pretrained import catalog

LABELS, CHINESE = ["lion", "tabby", "espresso"], ["狮子", "虎斑猫", "浓缩咖啡"]


def entry(root: Path, key: str, **config: Any) -> catalog.Entry:
    """A catalogue entry with a checkpoint folder that has labels and no weights."""
    folder = root / key.replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "key": key,
        "loader": "pretrained.classification.imagenet:load",
        "title": key,
        "max_batch": 8,
    }
    content |= {"labels": LABELS, "labels_zh": CHINESE, "parameters": 2_400_000, **config}
    (folder / "config.json").write_text(json.dumps(content), "utf-8")
    (folder / "model.safetensors").write_bytes(b"")
    return catalog.from_folder(folder, key)


def hub_entry() -> catalog.Entry:
    return catalog.Entry(
        key="classification/now",
        task="classification",
        title="Now-50",
        loader="pretrained.classification.imagenet:load",
        licence="apache-2.0",
        bytes=102_000_000,
        parameters=25_600_000,
        hub_id="nobody/now50",
        max_batch=8,
    )


class FakeEngine:
    """Records what it was asked. ``share`` is the confidence of the best answer."""

    def __init__(self, root: Path, share: float = 0.9) -> None:
        bundled = ("imagenet", "cifar10", "hog-svm")
        self.entries = {f"classification/{n}": entry(root, f"classification/{n}") for n in bundled}
        self.entries["classification/now"] = hub_entry()
        self.settings = Settings()
        self.share, self.asked, self.loaded = share, [], []
        self.failing: dict[str, Refusal] = {}
        self.refusing: dict[str, Exception] = {}  # by view, or view and method
        self.options: list[dict[str, Any]] = []
        self.progress: tuple[int, int] | None = None
        self.open_at_once = self.most_open = 0
        self.gate: asyncio.Event | None = None

    def find(self, key: str) -> Any:
        return self.entries.get(key)

    async def preload(self, *keys: str) -> None:
        self.loaded += keys
        for key in keys:
            if key in self.failing:
                raise self.failing[key]
        if self.gate:
            await self.gate.wait()

    def load_progress(self, key: str) -> tuple[int, int] | None:
        return self.progress

    async def predict(self, key: str, picture: Any, *, view: str = "answer", **options: Any) -> Any:
        if key not in self.entries:
            raise UnknownModel(model=key)
        self.asked.append((key, view, picture.size))
        self.options.append(options)
        for name in (view, options.get("method")):
            if name in self.refusing:
                raise self.refusing[name]
        self.open_at_once += 1
        self.most_open = max(self.most_open, self.open_at_once)
        await asyncio.sleep(0)
        self.open_at_once -= 1
        return getattr(self, view)(picture, **options)

    async def ask(self, key: str, picture: Any, **options: Any) -> Answer:
        return Answer(await self.predict(key, picture, **options), queue_s=0.02, compute_s=0.005)

    def answer(self, picture: Any, top_k: int = 5) -> dict[str, Any]:
        shares = [self.share, (1 - self.share) * 0.7, (1 - self.share) * 0.3]
        rows = [
            {"label": label, "confidence": share}
            for label, share in zip(LABELS, shares, strict=True)
        ]
        return {"label": "lion", "confidences": rows[:top_k], "sure": self.share >= 0.5}

    def stages(self, picture: Any) -> dict[str, Any]:
        answer = {"label": "tabby", "confidence": 0.25}
        stages = [
            {"name": name, "shape": shape, "parameters": 7392, "answer": answer, "probe_top1": 0.31}
            for name, shape in (("stem", [48, 32, 32]), ("stage1", [96, 16, 16]))
        ]
        return {"stages": stages, "input": np.zeros((64, 64, 3), dtype=np.uint8)}

    def maps(self, picture: Any, stage: str, count: int) -> dict[str, Any]:
        return {"maps": np.zeros((count, 16, 16), dtype=np.float32), "channels": [*range(count)]}

    def where(self, picture: Any, method: str, label: str | None = None) -> dict[str, Any]:
        heat = np.ones((64, 64), dtype=np.float32)
        return {"heat": heat, "label": "lion", "crop": [0, 0, *picture.size]}

    def filters(self, picture: Any) -> dict[str, Any]:
        return {"filters": np.zeros((48, 5, 5, 3), dtype=np.float32)}

    def convolution(self, picture: Any) -> dict[str, Any]:
        layer = {"kernels": np.ones((2, 3, 3, 3)), "bias": np.zeros(2), "mean": 0.5, "std": 0.5}
        seen = {"input": np.zeros((64, 64, 3), dtype=np.uint8), "stride": 2, "most": 6.0}
        return layer | seen

    def hog(self, picture: Any) -> dict[str, Any]:
        return {"picture": np.zeros((320, 320), dtype=np.float32)}
