"""Face models of a few thousand weights and drawn ovals for faces, for tests. No photograph."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from pretrained import checkpoint
from pretrained.images import serve
from pretrained.images.diffusion import Denoiser
from pretrained.images.model import Gan

GAN = {"latent": 8, "width": 4, "discriminator_width": 4}
DENOISER = {"widths": [16, 32], "blocks": 1}


def oval(seed: int) -> Image.Image:
    """An oval with two dots, 64 pixels a side."""
    chance = np.random.default_rng(seed)
    picture = Image.new("RGB", (64, 64), tuple(chance.integers(0, 90, 3).tolist()))
    pen = ImageDraw.Draw(picture)
    x, y = chance.integers(8, 16, 2).tolist()
    pen.ellipse((x, y, 64 - x, 64 - y), fill=tuple(chance.integers(120, 255, 3).tolist()))
    for eye in (24, 40):
        pen.ellipse((eye - 3, 26, eye + 3, 32), fill=(20, 20, 20))
    return picture


def ovals(count: int, first: int = 0) -> Tensor:
    """uint8 [count, 3, 64, 64]."""
    rows = [np.asarray(oval(first + n)).transpose(2, 0, 1) for n in range(count)]
    return torch.from_numpy(np.stack(rows))


def encoded(picture: Image.Image) -> bytes:
    """As PNG."""
    held = io.BytesIO()
    picture.save(held, "PNG")
    return held.getvalue()


def folder_of_faces(folder: Path, train: int = 80, validation: int = 24) -> Path:
    """A folder with both splits, as the data come."""
    folder.mkdir(parents=True)
    for split, count, first in (("train", train, 0), ("validation", validation, 1_000)):
        cells = [{"bytes": encoded(oval(first + n)), "path": None} for n in range(count)]
        parquet.write_table(pa.table({"image": cells}), folder / f"{split}-00000.parquet")
    return folder


def written(folder: Path, network: Any, loader: str, key: str, **more: Any) -> Path:
    """A checkpoint folder of it."""
    architecture = GAN if isinstance(network, Gan) else DENOISER
    config = {"key": key, "loader": loader, "architecture": architecture, "max_batch": 8, **more}
    checkpoint.save_weights(folder, network.state_dict())
    checkpoint.write_metadata(folder, config, {}, {})
    return folder


def gan(folder: Path) -> Path:
    """A checkpoint of random weights, with the scores of drawn ovals."""
    torch.manual_seed(0)
    network = Gan(**GAN).eval()
    with torch.no_grad():
        for p in network.parameters():
            p.mul_(4.0)  # larger than at the start of a training, so that seeds differ
    known = serve.scores(network, ovals(20), drawings=20)
    return written(
        folder, network, "pretrained.images.serve:load", "images/faces-gan", scores=known
    )


def denoiser(folder: Path) -> Path:
    """A checkpoint of random weights."""
    torch.manual_seed(0)
    loader = "pretrained.images.serve_diffusion:load"
    return written(folder, Denoiser(**DENOISER).eval(), loader, "images/faces-diffusion")
