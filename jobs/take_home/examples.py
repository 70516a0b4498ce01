"""``use_it.py`` and ``use_it.ipynb``: some ten lines that load a model and ask it.

Where there is an ONNX file that can be asked with numpy and Pillow alone, they use onnxruntime;
elsewhere this repository's package, through which everything in the app can be asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

HERE = "HERE = Path(__file__).parent\n"
#: What of its names a program imports, in order; None parts groups.
IMPORTS = (
    ("json.", "import json"),
    ("sys.", "import sys"),
    ("Path(", "from pathlib import Path"),
    None,
    ("np.", "import numpy as np"),
    ("onnxruntime.", "import onnxruntime"),
    ("Image.", "from PIL import Image"),
    None,
    ("catalog.", "from pretrained import catalog"),
)
#: The first argument of the program, or something that works without any.
PICTURE = """\
picture = Image.open(sys.argv[1]) if sys.argv[1:] else Image.new("RGB", (320, 240), "teal")
"""
TEXT = "text = sys.argv[1] if sys.argv[1:] else {text!r}\n"
ARGUMENT = re.compile(r"(Image\.open\()?sys\.argv\[1\]\)? if sys\.argv\[1:\] else ")
CONFIG = 'config = json.loads((HERE / "config.json").read_text("utf-8"))\n'
SESSION = 'session = onnxruntime.InferenceSession(HERE / "model.onnx")\n'
LOAD = 'model = catalog.from_folder(HERE).load("cpu")\n'

#: How each classifier cuts a picture, as `_pixels` of its class does in the app.
CROPS = {
    "pretrained.classification.imagenet:load": """\
side, (width, height) = config["size"], picture.size
edge = min(width, height) * config["crop"]
box = ((width - edge) / 2, (height - edge) / 2, (width + edge) / 2, (height + edge) / 2)
square = picture.convert("RGB").resize((side, side), Image.Resampling.BICUBIC, box)
""",
    "pretrained.classification.serve:load": """\
side, (width, height) = config["size"], picture.size
edge = min(width, height)
left, top = (width - edge) // 2, (height - edge) // 2
square = picture.convert("RGB").crop((left, top, left + edge, top + edge))
if square.size != (side, side):
    square = square.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=3.0)
""",
}
CLASSIFY = """\
pixels = np.asarray(square, np.float32).transpose(2, 0, 1)[None] / 255
(probabilities,) = session.run(None, {"pixels": pixels})
for place in (-probabilities[0]).argsort(kind="stable")[:5]:
    print(f"{probabilities[0][place]:.4f} {config['labels'][place]}")
"""
WRITE = """\
characters = "\\0" + config["characters"]  # 0 stands for what it does not know
layers, _, hidden = session.get_inputs()[1].shape
h = c = np.zeros((layers, 1, hidden), np.float32)
random = np.random.default_rng(0)
read = [max(0, characters.find(each)) for each in config["begin"] + text]
for _ in range(200):
    asked = {"characters": np.array([read], np.int64), "h": h, "c": c}
    log_probabilities, h, c = session.run(None, asked)
    weights = np.exp(log_probabilities[0].astype(np.float64) / 0.8)  # 0.8: the temperature
    weights[0] = 0
    read = [int(random.choice(len(weights), p=weights / weights.sum()))]
    text += characters[read[0]]
print(text)
"""
DRAW = """\
latents = np.random.default_rng(0).standard_normal((16, session.get_inputs()[0].shape[1]))
(pictures,) = session.run(None, {"latents": latents.astype(np.float32)})
rows = ((pictures + 1) * 127.5).round().clip(0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
sheet = np.concatenate([np.concatenate(rows[i : i + 4], 1) for i in range(0, 16, 4)])
Image.fromarray(sheet).save("drawn.png")
print("drawn.png", sheet.shape)
"""
#: By task, of models that are asked through the package.
ASKED = {
    "classification": (PICTURE, """\
answer = model.predict([picture.convert("RGB")])[0]
for row in answer["confidences"]:
    print(f"{row['confidence']:.4f} {row['label']}")
"""),
    "detection": (PICTURE, """\
answer = model.predict([np.asarray(picture.convert("RGB"))])[0]
for row in answer["objects"]:
    print(f"{row['score']:.2f} {row['label']}", [round(side) for side in row["box"]])
print(len(answer["objects"]), "objects")
"""),
    "text": (TEXT.format(text=""), """\
writing = model.begin(text, length=200, seed=0)
while not writing.done:
    for piece in model.step([writing]):
        print(piece.text if piece else "", end="", flush=True)
print()
"""),
    "translation": (TEXT.format(text="Good morning."), """\
answer = model.predict([text])[0]
print(answer["translation"])
"""),
    "handwriting": (TEXT.format(text="hello"), """\
line = model.predict([{"text": text, "seed": 0}])[0]
print(len(line["points"]), "points: x, y in heights of an x, and whether the pen lifts")
print(np.round(line["points"][:5], 2).tolist())
"""),
    "images": ("", """\
answer = model.predict([{"mix": [[0, 1.0]]}])[0]
Image.fromarray(answer["image"]).save("drawn.png")
print("drawn.png", answer["image"].shape)
"""),
}  # fmt: skip
READ = """\
strokes = [[(0, 0), (0, 20)], [(0, 10), (8, 10)], [(8, 0), (8, 20)]]  # points in pixels, y down
print(model.predict([strokes])[0])
"""


def use_it(loader: str, onnx: bool) -> list[str]:
    """The parts of the program, one cell of the notebook each, without the imports.

    Args:
        onnx: whether ``model.onnx`` is there.
    """
    task = loader.split(".")[1]
    if onnx and loader in CROPS:
        return [HERE + CONFIG + SESSION, PICTURE, CROPS[loader], CLASSIFY]
    if onnx and loader == "pretrained.text.serve:load":
        return [HERE + CONFIG + SESSION, TEXT.format(text=""), WRITE]
    if onnx and loader == "pretrained.images.serve:load":
        return [HERE + SESSION, DRAW]
    given, asked = ("", READ) if loader.endswith(":load_reader") else ASKED[task]
    return [HERE + LOAD, *([given] if given else []), asked]


def alone(parts: Iterable[str]) -> bool:
    """Whether they do without this repository's package."""
    return not any("catalog." in part for part in parts)


def imports(parts: Iterable[str]) -> str:
    """The imports of what the parts use."""
    body, groups = "".join(parts), [""]
    for line in IMPORTS:
        if line is None:
            groups.append("")
        elif line[0] in body:
            groups[-1] += line[1] + "\n"
    return "\n".join(group for group in groups if group)


def script(parts: list[str]) -> str:
    """The program."""
    return "\n".join([imports(parts), *parts])


def notebook(parts: list[str], title: str, needs: str) -> str:
    """A notebook of nbformat 4.5, in which what is asked is that of the program's default."""
    parts = [ARGUMENT.sub("", part).replace(HERE, "HERE = Path()\n") for part in parts]
    cells: list[dict[str, Any]] = [_cell(0, "markdown", f"# {title}\n\n{needs}\n")]
    for number, part in enumerate([imports(parts), *parts], 1):
        cells.append(_cell(number, "code", part))
    told = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _cell(number: int, kind: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell | {"source": text.rstrip("\n").splitlines(keepends=True)}
