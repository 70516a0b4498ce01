"""Makes what moves on Home: one answer of each bundled model, to our own pictures and words.

    python -m experiments.living_pictures

Writes demos/home/living.json. Run it again when a model has changed: tests/demos/test_home.py holds
that the answers are still what the models say.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
from pathlib import Path
from typing import Any

from PIL import Image

from demos.home import living
from demos.v1 import endpoints
from inference import Engine, Settings
from pretrained import catalog

FACES, SEED = 8, 40
SIDE = 64  # pixels of a face
WRITTEN = 150  # characters
DECIMALS = 2  # of the pen's coordinates


async def made(engine: Engine) -> dict[str, Any]:
    """One answer for each picture, as `living.js` reads it."""
    photo, scene = (living.PHOTOS[name].path for name in ("classify", "detect"))
    assert photo is not None and scene is not None
    named = await endpoints.classify(engine, {"image": photo.read_bytes(), "top_k": 3})
    found = await endpoints.detect(engine, {"image": scene.read_bytes()})
    with Image.open(scene) as picture:
        width, height = picture.size
    written, said = {}, {}
    for lang, (model, beginning) in living.WRITERS.items():
        asked = {"model": model, "prompt": beginning, "length": WRITTEN, "temperature": 0.6}
        written[lang] = (await endpoints.write(engine, {**asked, "seed": 3}))["text"]
    for lang, target in living.TARGETS.items():
        pair = {"text": living.SENTENCE, "source": "en", "target": target}
        answer = await endpoints.translate(engine, pair)
        said[lang] = [target, living.SENTENCE, answer["translation"]]
    hand = await endpoints.handwrite(engine, {"text": living.WORDS, "style": 0, "seed": 2})
    faces = await endpoints.draw(
        engine, {"model": "images/faces-gan", "seed": SEED, "count": FACES}
    )
    return {
        "classify": [[row["label"], round(row["confidence"], 3)] for row in named["confidences"]],
        "detect": [
            [one["label"], [round(v / side, 4) for v, side in zip(
                one["box"], (width, height, width, height), strict=True)]]
            for one in found["objects"]
        ],
        "write": written,
        "pen": drawn(hand["svgs"][0]),
        "translate": said,
        "images": [smaller(one["png"]) for one in faces["images"]],
    }  # fmt: skip


def drawn(svg: str) -> dict[str, Any]:
    """The strokes of a drawing and its frame, with fewer decimals."""

    def rounded(path: str) -> str:
        return re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]):.{DECIMALS}f}", path)

    box = re.search(r'viewBox="([^"]+)"', svg)
    assert box is not None
    return {
        "frame": rounded(box[1]),
        "strokes": [rounded(d) for d in re.findall(r' d="([^"]+)"', svg)],
    }


def smaller(png: str) -> str:
    """A face as a JPEG of `SIDE` pixels, in base64."""
    data = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
        picture.convert("RGB").resize((SIDE, SIDE)).save(data, "JPEG", quality=82)
    return base64.b64encode(data.getvalue()).decode()


def main() -> None:
    engine = Engine(catalog.entries(), Settings(device="cpu"))
    told = asyncio.run(made(engine))
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    Path(living.FILE).write_text(text + "\n", "utf-8")
    print({name: len(json.dumps(part)) for name, part in told.items()})


if __name__ == "__main__":
    main()
