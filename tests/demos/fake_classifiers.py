"""An engine that answers at once, with models that know three things: for tests of the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fake_engine
import numpy as np

from inference import Answer
from pretrained import catalog

LABELS, CHINESE = ["lion", "tabby", "espresso"], ["狮子", "虎斑猫", "浓缩咖啡"]


def entry(root: Path, key: str, **config: Any) -> catalog.Entry:
    """A classifier of three kinds, without weights."""
    return fake_engine.entry(root, key, **{"labels": LABELS, "labels_zh": CHINESE} | config)


class FakeEngine(fake_engine.FakeEngine):
    """``share`` is the confidence of the best answer."""

    def __init__(self, root: Path, share: float = 0.9) -> None:
        bundled = [f"classification/{name}" for name in ("imagenet", "cifar10", "hog-svm")]
        now = fake_engine.hub_entry("classification/now", "Now-50")
        super().__init__({key: entry(root, key) for key in bundled} | {now.key: now})
        self.share = share
        self.asked: list[tuple[str, str, tuple[int, int]]] = []
        self.refusing: dict[str, Exception] = {}  # by view, or view and method
        self.options: list[dict[str, Any]] = []

    async def predict(self, key: str, picture: Any, *, view: str = "answer", **options: Any) -> Any:
        self.known(key)
        self.asked.append((key, view, picture.size))
        self.options.append(options)
        for name in (view, options.get("method")):
            if name in self.refusing:
                raise self.refusing[name]
        with self.answering():
            await self.turn()
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
