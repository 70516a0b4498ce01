"""Pictures with labels: reading them, and the random changes that make few look like many.

A set of pictures is two tensors, `Pictures`: that is fast, and enough for a few hundred thousand
small ones. `sources` tells where they may come from.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from pretrained.classification.decoding import Decoder
from pretrained.classification.folders import named_briefly
from pretrained.classification.sources import listing
from pretrained.errors import BadData

PER_CLASS = 5  # pictures that a class needs at least: four to learn from, one to keep aside


@dataclass(frozen=True)
class Pictures:
    """``images`` uint8 [N, 3, H, W], ``labels`` int64 [N], ``names`` of the classes, ``split``,
    sentences on what was left out of them or guessed, and where each stands in a folder of files:
    ``cats/3.jpg``; of other data none."""

    images: Tensor
    labels: Tensor
    names: tuple[str, ...]
    split: str
    told: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: Tensor | slice, split: str) -> Pictures:
        """The chosen rows under another split name."""
        rows = torch.arange(len(self))[indices].tolist() if self.files else []
        files = tuple(self.files[n] for n in rows)
        return Pictures(self.images[indices], self.labels[indices], self.names, split, files=files)

    def say(self) -> dict[str, str]:
        """Tell on standard error what was left out or guessed, and give it to the card."""
        for sentence in self.told:
            print(sentence, file=sys.stderr, flush=True)
        return {"told": "; ".join(self.told)} if self.told else {}


def fit_square(picture: Image.Image, size: int) -> Image.Image:
    """The middle square of a picture at ``size`` pixels, RGB, antialiased."""
    if picture.size == (size, size):
        return picture.convert("RGB")
    return (
        picture.convert("RGB")
        .crop(square(picture.size))
        .resize((size, size), Image.Resampling.BICUBIC, reducing_gap=3.0)
    )


def square(size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The middle square of a picture of ``size`` (width, height): x0, y0, x1, y1 in pixels."""
    width, height = size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def read(source: Path | str, split: str, size: int, names: Sequence[str] | None = None) -> Pictures:
    """One split as tensors, every picture's middle square at ``size`` pixels. See `listing`.

    What cannot be decoded is left out, and told.

    Raises:
        BadData: nothing there that can be read.
    """
    found = listing(source, split, names)
    top = Path(source).expanduser()
    images, labels, files, decoder = [], [], [], Decoder()
    for number, (cell, label) in enumerate(zip(found.cells, found.labels, strict=True)):
        picture = decoder.picture(cell, found.place(number))
        if picture is None:
            continue
        images.append(np.asarray(fit_square(picture, size)).transpose(2, 0, 1))
        labels.append(label)
        if isinstance(cell, Path) and cell.is_relative_to(top):
            files.append(cell.relative_to(top).as_posix())
    told = (*found.told, *decoder.told(found.split))
    if not images:
        raise BadData(path=source, reason=". ".join(["it has no picture that can be read", *told]))
    stacked = torch.from_numpy(np.stack(images))
    if len(files) < len(images):
        files = []
    return Pictures(stacked, torch.tensor(labels), found.names, found.split, told, tuple(files))


def split_held_out(
    pictures: Pictures, count: int, seed: int, *, stratified: bool = False
) -> tuple[Pictures, Pictures]:
    """Two disjoint parts: what is trained on, and ``count`` random rows kept aside.

    Args:
        count: at most a fifth of the rows is kept aside.
        stratified: keep the same share of every class aside, where some have few pictures.

    Raises:
        BadData: a class has fewer than `PER_CLASS` pictures.
    """
    counts = pictures.labels.bincount(minlength=len(pictures.names))
    if len(counts) < 2:
        reason = "all of its pictures are of one class: give pictures of two classes or more"
        raise BadData(path=pictures.split, reason=". ".join([reason, *pictures.told]))
    few = [
        f"{name!r} has {n}"
        for name, n in zip(pictures.names, counts.tolist(), strict=True)
        if n < PER_CLASS
    ]
    if few:
        reason = (
            f"it needs at least {PER_CLASS} pictures a class and {named_briefly(few)}: "
            "add some or leave the class out"
        )
        reason = ". ".join([reason, *pictures.told])
        raise BadData(path=pictures.split, reason=reason)
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(seed))
    count = min(count, len(pictures) // 5)
    aside = torch.zeros(len(pictures), dtype=torch.bool)  # whether the n-th of the order is
    if stratified:
        for label, size in enumerate(counts.tolist()):
            own = (pictures.labels[order] == label).nonzero().squeeze(1)
            aside[own[: max(1, round(size * count / len(pictures)))]] = True
    else:
        aside[:count] = True
    return (
        pictures.subset(order[~aside], pictures.split),
        pictures.subset(order[aside], f"{pictures.split} (kept aside)"),
    )


def shift_and_flip(
    images: Tensor, shift: int, generator: torch.Generator, mirrored: Tensor | None = None
) -> Tensor:
    """Move each picture by up to ``shift`` pixels and mirror some. uint8 -> uint8.

    Args:
        mirrored: bool [N], which ones; a random half of them when left out.
    """
    count, _, height, width = images.shape
    padded = F.pad(images.float(), (shift,) * 4, mode="reflect").to(torch.uint8)
    rows, columns = (
        torch.randint(0, 2 * shift + 1, (count, 1), generator=generator) + torch.arange(span)
        for span in (height, width)
    )
    if mirrored is None:
        mirrored = torch.rand(count, generator=generator) < 0.5
    columns = torch.where(mirrored[:, None].cpu(), columns.flip(1), columns).to(images.device)
    picked = torch.arange(count, device=images.device)[:, None, None]
    moved = padded.permute(0, 2, 3, 1)[picked, rows.to(images.device)[:, :, None], columns[:, None]]
    return moved.permute(0, 3, 1, 2)


def cut_out(images: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Hide one ``size`` by ``size`` square of each picture (DeVries & Taylor 2017)."""
    count, _, height, width = images.shape
    top = torch.randint(0, height - size + 1, (count, 1, 1), generator=generator)
    left = torch.randint(0, width - size + 1, (count, 1, 1), generator=generator)
    y, x = torch.arange(height)[None, :, None], torch.arange(width)[None, None]
    hidden = (y >= top) & (y < top + size) & (x >= left) & (x < left + size)
    return images.masked_fill(hidden[:, None].to(images.device), 0)


def resized_crop(
    images: Tensor, size: int, generator: torch.Generator, smallest: float = 0.35
) -> Tensor:
    """Random part of each picture, random shape, mirrored or not, at ``size`` pixels.

    The crop of Szegedy et al. 2014 done for a whole batch in one resampling, with the light
    turned up or down by up to 30%.

    Args:
        images: uint8 [N, 3, H, W].
        smallest: the smallest share of the area that is kept.

    Returns:
        float [N, 3, size, size] in 0..1.
    """
    count = len(images)

    def uniform(low: float, high: float) -> Tensor:
        return torch.rand(count, generator=generator) * (high - low) + low

    area, aspect = uniform(smallest, 1), (uniform(-1, 1) * 0.2877).exp()  # aspect 3/4 .. 4/3
    across, down = ((area * a).sqrt().clamp(max=1) for a in (aspect, 1 / aspect))
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = across * torch.where(uniform(0, 1) < 0.5, 1.0, -1.0)
    theta[:, 1, 1] = down
    theta[:, 0, 2] = (1 - across) * uniform(-1, 1)
    theta[:, 1, 2] = (1 - down) * uniform(-1, 1)
    grid = F.affine_grid(theta.to(images.device), [count, 3, size, size], align_corners=False)
    source = images.float().div_(255)
    if size < images.shape[-1]:  # soften first, so that shrinking does not alias
        source = F.interpolate(
            source, size=(size * 5 // 4,) * 2, mode="bilinear", antialias=True, align_corners=False
        )
    seen = F.grid_sample(source, grid, padding_mode="reflection", align_corners=False)
    light = uniform(0.7, 1.3).view(-1, 1, 1, 1).to(images.device)
    return (seen * light).clamp_(0, 1)
