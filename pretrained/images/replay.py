"""A training to be seen again: the same sixteen latents, drawn at about forty of its moments.

While it trains, every round leaves one small picture, a grid of four by four. At the end some of
them, dense at the start where most happens, become one strip beside the weights.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pretrained.images import data
from pretrained.images.model import SIZE, Gan
from pretrained.images.point import Point

STRIP, MOMENTS = "replay.webp", "replay.json"
#: Faces a side of a moment, and moments of a strip. WebP holds 16,383 pixels a side at most.
SIDE, MOST = 4, 40
#: Quality of the strip: 40 moments in about 300 kB.
QUALITY = 80
#: What the curve beside the strip tells of each moment, from the history.
TOLD = ("step", "seconds", "discriminator_loss", "generator_loss", "told_apart")


class Replay:
    """Draws and keeps the moments of a training in ``out/replay``."""

    def __init__(self, out: Path, latent: int) -> None:
        self.folder = out / "replay"
        self.latents = torch.stack(
            [Point(((seed, 1.0),)).latent(latent) for seed in range(SIDE**2)]
        )

    def goes_on(self, folder: Path) -> None:
        """Keep the strip of the model that this training begins with, where it has one: its moments
        come first in the strip that is written at the end, and its updates count."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if (folder / STRIP).is_file() and (folder / MOMENTS).is_file():
            for name in (STRIP, MOMENTS):
                shutil.copyfile(folder / name, self.folder / name)

    @torch.no_grad()
    def __call__(self, model: Gan, number: int) -> None:
        """Draw what the averaged generator makes after round ``number``; 0 is before the first."""
        self.folder.mkdir(parents=True, exist_ok=True)
        device = next(model.parameters()).device
        drawn = data.pixels(model.generator(self.latents.to(device))).cpu()
        Image.fromarray(grid(drawn)).save(self.folder / f"{number:05d}.png")


def grid(pictures: Tensor) -> np.ndarray:
    """uint8 [16, 3, S, S] -> uint8 [4 S, 4 S, 3]."""
    rows = pictures.unflatten(0, (SIDE, SIDE)).permute(0, 3, 1, 4, 2)
    return rows.reshape(SIDE * pictures.shape[2], SIDE * pictures.shape[3], 3).numpy()


def chosen(count: int, most: int = MOST) -> list[int]:
    """At most ``most`` of ``count`` moments, the first and last among them: each step from one to
    the next about as much longer, in proportion, as the one before."""
    if count <= most:
        return list(range(count))
    even = np.geomspace(1, count, most)
    picked: list[int] = []
    for place, target in enumerate(even):
        picked.append(min(max(round(target) - 1, place), count - most + place))
    return picked


def strip(out: Path, history: list[dict[str, Any]]) -> None:
    """Write the strip, moments below one another, and what the history says of each; before them
    those of the model that the training went on from (`Replay.goes_on`), half of all at most."""
    told, pictures = _moments(out / "replay", MOST // 2)
    begun: dict[str, Any] = told[-1] if told else {"step": 0, "seconds": 0.0}
    rows = {row["epoch"]: row for row in history if row["epoch"]}
    if not told:
        rows[0] = {"step": 0, "seconds": 0.0}
    files = {int(file.stem): file for file in (out / "replay").glob("*.png")}
    numbers = sorted(files.keys() & rows.keys())
    for place in chosen(len(numbers), MOST - len(told)):
        row: dict[str, Any] = {name: rows[numbers[place]].get(name) for name in TOLD}
        told.append(row | {name: row[name] + begun[name] for name in ("step", "seconds")})
        with Image.open(files[numbers[place]]) as moment:
            pictures.append(moment.convert("RGB"))
    side = SIDE * SIZE
    sheet = Image.new("RGB", (side, side * len(pictures)))
    for place, picture in enumerate(pictures):
        sheet.paste(picture, (0, place * side))
    sheet.save(out / STRIP, quality=QUALITY)
    (out / MOMENTS).write_text(json.dumps(told) + "\n", "utf-8")


def _moments(folder: Path, most: int) -> tuple[list[dict[str, Any]], list[Image.Image]]:
    """At most so many moments of a strip that was kept; none where there is none."""
    if not ((folder / STRIP).is_file() and (folder / MOMENTS).is_file()):
        return [], []
    told = json.loads((folder / MOMENTS).read_text("utf-8"))
    side, places = SIDE * SIZE, chosen(len(told), most)
    with Image.open(folder / STRIP) as sheet:
        pictures = [sheet.crop((0, n * side, side, (n + 1) * side)).convert("RGB") for n in places]
    return [told[n] for n in places], pictures
