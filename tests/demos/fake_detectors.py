"""An engine that finds flat colours: red is a person, green a cat, blue a dog, exactly where they
were drawn; in photographs the same few things. Answers have the real shapes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import fake_engine
import numpy as np
from fake_engine import FakeEngine
from PIL import Image, ImageDraw

from inference import Answer
from pretrained import catalog
from pretrained.detection import rle

EVERYDAY, RCNN, NOW = "detection/everyday", "detection/rcnn", "detection/now"
RED, GREEN, BLUE = (230, 20, 20), (20, 200, 20), (20, 20, 230)
COLOURS = {"person": RED, "cat": GREEN, "dog": BLUE}
SCORES = {"person": 0.97, "cat": 0.83, "dog": 0.31}
NEAR = 60  # how far each channel may be off, after JPEG and scaling
#: In a picture without these colours: (label, score, box in shares of width and height).
USUAL = (
    ("person", 0.97, (0.22, 0.08, 0.62, 0.98)),
    ("dog", 0.71, (0.6, 0.5, 0.95, 0.97)),
    ("tie", 0.55, (0.36, 0.5, 0.44, 0.8)),
    ("person", 0.34, (0.02, 0.3, 0.16, 0.7)),
    ("hot dog", 0.12, (0.7, 0.05, 0.9, 0.2)),
)


def entry(root: Path, key: str, **config: Any) -> catalog.Entry:
    """A detector of three kinds, without weights."""
    usual = {"max_batch": 4, "labels": ["person", "cat", "dog"], "parameters": 3_400_000}
    return fake_engine.entry(root, key, **usual | config)


def drawing(size: tuple[int, int], **boxes: tuple[int, int, int, int]) -> Image.Image:
    """A grey picture with a rectangle for each label: ``person=(x0, y0, x1, y1)``."""
    picture = Image.new("RGB", size, (128, 128, 128))
    for label, (x0, y0, x1, y1) in boxes.items():
        ImageDraw.Draw(picture).rectangle((x0, y0, x1 - 1, y1 - 1), COLOURS[label])
    return picture


def thing(label: str, score: float, mask: np.ndarray, masks: bool = True) -> dict[str, Any]:
    """One object, from its pixels, bool [H, W]."""
    (rows,), (columns,) = np.nonzero(mask.any(1)), np.nonzero(mask.any(0))
    x0, y0, x1, y1 = (int(n) for n in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    height, width = mask.shape
    encoded = rle.encode(mask[y0:y1, x0:x1], x0, y0, height, width) if masks else None
    box = [float(x0), float(y0), float(x1), float(y1)]
    return {"label": label, "score": score, "box": box, "mask": encoded}


def objects(picture: np.ndarray, masks: bool = True) -> list[dict[str, Any]]:
    """What the fake finds in a picture uint8 [H, W, 3], highest score first."""
    found = []
    for label, colour in COLOURS.items():
        inside = (abs(picture.astype(int) - colour) < NEAR).all(2)
        if inside.sum() < max(4, inside.size // 500):
            continue
        one = thing(label, SCORES[label], inside, masks)
        x0, y0, x1, y1 = one["box"]
        if inside.sum() > 0.8 * (x1 - x0) * (y1 - y0):
            found.append(one)
    if found or picture.std() < 12:
        return found
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    for label, score, (x0, y0, x1, y1) in USUAL:
        across, down = (x1 - x0) / 2 * width, (y1 - y0) / 2 * height
        off = ((x + 0.5 - (x0 + x1) / 2 * width) / across) ** 2
        inside = off + ((y + 0.5 - (y0 + y1) / 2 * height) / down) ** 2 <= 1
        if inside.any():
            found.append(thing(label, score, inside, masks))
    return found


def inference_steps(picture: np.ndarray) -> dict[str, Any]:
    """The view ``steps``: every object proposed and named several times, a little beside itself."""
    found, rng = objects(picture), np.random.default_rng(0)
    height, width = picture.shape[:2]
    scale = 256 / min(width, height)
    boxes = np.array([one["box"] for one in found for _ in range(20)]).reshape(-1, 4)
    moved = boxes + rng.normal(0, 0.04 * min(width, height), boxes.shape)
    scores = np.sort(rng.random(len(moved)))[::-1]
    named = [(one["label"], one["score"]) for one in found for _ in range(20)]
    order = np.argsort([-score for _, score in named], kind="stable")
    return {
        "objects": found,
        "size": [round(width * scale), round(height * scale)],
        "scale": scale,
        "pyramid": [
            {"stride": s, "map": rng.integers(0, 256, (256 // s, 256 // s), np.uint8)}
            for s in (4, 8, 16, 32)
        ],
        "proposals": {"boxes": moved, "scores": scores, "anchors_seen": 16_368},
        "candidates": {
            "boxes": boxes[order],
            "from": moved[order],
            "labels": [named[n][0] for n in order],
            "scores": np.array([named[n][1] for n in order]),
            "parts": [],
        },
        "masks": np.stack([cells(one) for one in found] or [np.zeros((28, 28), np.uint8)]),
    }


def cells(one: dict[str, Any]) -> np.ndarray:
    """The mask of an object over its box, uint8 [28, 28]."""
    box = tuple(int(side) for side in one["box"])
    whole = Image.fromarray(rle.decode(one["mask"]) * np.uint8(255)).crop(box)
    return np.asarray(whole.resize((28, 28), Image.Resampling.BILINEAR))


def rcnn_steps(picture: np.ndarray) -> dict[str, Any]:
    """R-CNN's ``steps``: four regions, a rectangle for each, and what stands in it."""
    height, width = picture.shape[:2]
    scale = min(1.0, 320 / max(height, width))
    high, wide = max(1, round(height * scale)), max(1, round(width * scale))
    y, x = np.mgrid[0:high, 0:wide]
    found = objects(picture, masks=False)
    return {
        "objects": found,
        "segments": ((y * 2 // high) * 2 + x * 2 // wide).astype(np.uint16),
        "scale": scale,
        "rectangles": np.array([one["box"] for one in found]).reshape(-1, 4),
        "labels": [one["label"] for one in found],
        "scores": [one["score"] for one in found],
        "seconds": {"propose": 0.8, "classify": 2.1, "suppress": 0.01},
    }


def attribution(picture: np.ndarray, box: Any = None, label: str | None = None) -> dict[str, Any]:
    """The view ``attribution``: warm in the middle of the box."""
    height, width = picture.shape[:2]
    y, x = (np.mgrid[0:32, 0:32] + 0.5) / 32
    x0, y0, x1, y1 = box or (0, 0, width, height)
    off = (x - (x0 + x1) / 2 / width) ** 2 + (y - (y0 + y1) / 2 / height) ** 2
    return {"heat": np.exp(-12 * off)}


class FakeDetectors(FakeEngine):
    """``pause``: seconds that an answer takes."""

    def __init__(self, root: Path, *, pause: float = 0, **settings: Any) -> None:
        now = fake_engine.hub_entry(
            NOW, "Now-DETR", max_batch=4, bytes=81_000_000, parameters=20_000_000
        )
        found = {key: entry(root, key) for key in (EVERYDAY, RCNN)} | {NOW: now}
        super().__init__(found, **{"max_upload_mb": 20} | settings)
        self.pause = pause
        self.asked: list[tuple[str, tuple[int, int], dict[str, Any]]] = []

    async def predict(
        self, key: str, picture: np.ndarray, *, view: str = "answer", **options: Any
    ) -> dict[str, Any]:
        self.known(key)
        height, width = picture.shape[:2]
        assert picture.dtype == np.uint8 and picture.shape[2] == 3
        self.asked.append((key, (width, height), {"view": view} | options))
        await asyncio.sleep(self.pause)
        if view == "steps":
            return inference_steps(picture)
        if view == "attribution":
            return attribution(picture, **options)
        return {"objects": objects(picture, masks=key != RCNN)}

    async def ask(self, key: str, picture: np.ndarray, **options: Any) -> Answer:
        return Answer(await self.predict(key, picture, **options), 0.0, 0.012)

    async def stream(self, key: str, picture: np.ndarray) -> AsyncIterator[dict[str, Any]]:
        """What R-CNN tells on its way."""
        self.asked.append((key, (picture.shape[1], picture.shape[0]), {"view": "steps"}))
        answer = rcnn_steps(picture)
        count = len(answer["rectangles"])
        for done in range(count + 1):
            await asyncio.sleep(self.pause)
            yield {"done": done, "of": count}
        yield answer


def serve(folder: Path) -> None:
    """Try alone as a server: prints its address, and answers until it is ended."""
    import gradio as gr

    from demos import web
    from demos.detection import api, tryout
    from demos.language import Words
    from demos.page import layout
    from demos.page.theme import theme

    words, engine = Words(), FakeDetectors(folder)
    engine.metrics = type("Metrics", (), {"render": staticmethod(str)})
    with gr.Blocks(analytics_enabled=False) as page:
        layout.header(words)
        with (
            gr.Tabs(elem_id="site"),
            gr.Tab(words("detection.tab"), id="detection", elem_id="detection"),
            layout.tab("detection", words),
            layout.room("try"),
        ):
            tryout.build(engine, words)
        api.build(engine, words)
        layout.footer(words)
    page.queue()
    page.launch(
        prevent_thread_lock=True,
        quiet=True,
        i18n=words.i18n,
        ssr_mode=False,
        theme=theme(),
        footer_links=["api"],
        app_kwargs=web.app_kwargs(engine, words),
    )
    print(page.local_url, flush=True)
    page.block_thread()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
