"""A patch that makes ``classification/imagenet`` see one thing wherever it lies (Brown et al. 2017,
arXiv 1712.09665): the printed sticker of Fool it.

    python -m experiments.adversarial_patch --data ../shared/data --out PATCH.png

Learnt by gradient descent on the patch's own pixels, over photographs of ``detection`` (train), at
a random place, size, angle and brightness at every step (expectation over transformation, Athalye
et al. 2018, arXiv 1707.07397). Counted on photographs of its validation, where the patch lies at a
random place, upright, beside a grey square of the same size at the same places.

2026-11-29, 300 steps of 8 pictures, seed 0, 15 minutes of one busy CPU core; 197 photographs, 95%
intervals. How often the first answer changes, and to toaster; grey is never taken for one:

    share of what it sees   patch                toaster              grey
     6%                     64.5% [57.6, 70.8]   39.1% [32.5, 46.0]   16.8% [12.2, 22.6]
    12%                     94.9% [90.9, 97.2]   92.9% [88.4, 95.7]   29.4% [23.5, 36.2]
    20%                     98.5% [95.6, 99.5]   97.5% [94.2, 98.9]   39.6% [33.0, 46.6]
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow.parquet as pq
import torch
import typer
from PIL import Image
from torch import Tensor
from torch.nn import functional

from pretrained import catalog
from pretrained.classification import imagenet
from pretrained.classification.imagenet_names import english
from pretrained.metrics import wilson

PIXELS = 80  # a side of the patch
SHARES = (0.2, 0.5)  # of the side of what the network sees, while it learns
ANGLE, BRIGHTNESS = 15.0, 0.15  # degrees, and part of full scale, at most
SMOOTH = 0.3  # weight of the total variation: a print and a JPEG keep no single pixels
COUNTED = (0.25, 0.35, 0.45)  # shares at which it is counted


def photographs(files: list[Path], most: int) -> Tensor:
    """What the network sees of the first pictures: [N, 3, 224, 224] in 0..1."""

    def squares() -> Iterator[np.ndarray]:
        for file in files:
            for batch in pq.ParquetFile(file).iter_batches(16, columns=["image"]):
                for row in batch.to_pylist():
                    picture = Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB")
                    yield imagenet.middle(picture, imagenet.SIZE, imagenet.CROP)

    found = [square for square, _ in zip(squares(), range(most), strict=False)]
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2).float() / 255


def laid(
    pictures: Tensor,
    patch: Tensor,
    rng: torch.Generator,
    shares: tuple[float, float],
    angle: float,
    brightness: float,
) -> Tensor:
    """Pictures [N, 3, S, S] with the patch [3, P, P] somewhere wholly on each. angle: degrees."""
    n = len(pictures)
    share, turn, x, y, light = torch.rand(5, n, generator=rng)
    share = shares[0] + share * (shares[1] - shares[0])
    turn = (2 * turn - 1) * math.radians(angle)
    middle = [(2 * place - 1) * (1 - share) for place in (x, y)]
    cos, sin = turn.cos() / share, turn.sin() / share
    rows = [
        torch.stack([cos, sin, -cos * middle[0] - sin * middle[1]], 1),
        torch.stack([-sin, cos, sin * middle[0] - cos * middle[1]], 1),
    ]
    grid = functional.affine_grid(torch.stack(rows, 1), list(pictures.shape), align_corners=False)
    bright = patch[None] + (2 * light - 1)[:, None, None, None] * brightness
    layer = torch.cat([bright.clamp(0, 1), torch.ones(n, 1, *patch.shape[1:])], 1)
    over = functional.grid_sample(layer, grid, align_corners=False)
    return pictures * (1 - over[:, 3:]) + over[:, :3]


def variation(patch: Tensor) -> Tensor:
    """Mean difference of neighbouring pixels."""
    return patch.diff(dim=1).abs().mean() + patch.diff(dim=2).abs().mean()


@torch.inference_mode()
def answers(network: torch.nn.Module, pictures: Tensor) -> Tensor:
    """The likeliest kind of each picture."""
    return torch.cat([network(part).argmax(1) for part in pictures.split(32)])


def main(
    data: Annotated[Path, typer.Option(help="The folder of the data sets.")],
    out: Annotated[Path, typer.Option(help="The patch, a PNG file.")],
    target: Annotated[str, typer.Option(help="What it is to be seen as.")] = "toaster",
    steps: Annotated[int, typer.Option(help="Steps of gradient descent.")] = 300,
    batch: Annotated[int, typer.Option(help="Pictures a step.")] = 8,
    count: Annotated[int, typer.Option(help="Pictures of validation to count on.")] = 200,
) -> None:
    """Learn the patch, write it, and count how often it fools."""
    torch.manual_seed(0)
    rng = torch.Generator().manual_seed(0)
    model = imagenet.load(catalog.find(imagenet.KEY), "cpu", lambda done, total: None)
    network = imagenet.SelfNormalising(model.network).eval().requires_grad_(False)
    kind = english().index(target)
    train = photographs(sorted(data.glob("detection/train*")), 1_000)
    raw = (0.1 * torch.randn(3, PIXELS, PIXELS, generator=rng)).requires_grad_()
    optimiser = torch.optim.Adam([raw], lr=0.08)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    began = time.monotonic()
    for step in range(1, steps + 1):
        chosen = train[torch.randint(len(train), (batch,), generator=rng)]
        patch = raw.sigmoid()
        logits = network(laid(chosen, patch, rng, SHARES, ANGLE, BRIGHTNESS))
        loss = functional.cross_entropy(logits, torch.full((batch,), kind))
        optimiser.zero_grad()
        (loss + SMOOTH * variation(patch)).backward()
        optimiser.step()
        schedule.step()
        if step % 20 == 0:
            print(
                f"step {step}: {loss.item():.2f} nats, {time.monotonic() - began:.0f} s", flush=True
            )
            write(out, raw)
    write(out, raw)
    evaluate(network, data, out, kind, target, count)


def write(out: Path, raw: Tensor) -> None:
    """The patch as a picture."""
    pixels = (raw.detach().sigmoid() * 255).round().byte().permute(1, 2, 0).numpy()
    out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(out, optimize=True)


def evaluate(
    network: torch.nn.Module, data: Path, out: Path, kind: int, target: str, count: int
) -> None:
    """Print how often the patch, and a grey square in its place, changes the first answer."""
    patch = torch.from_numpy(np.asarray(Image.open(out)).copy()).permute(2, 0, 1).float() / 255
    held_out = photographs([data / "detection/validation.parquet"], count)
    before = answers(network, held_out)
    for share in COUNTED:
        for name, cover in (("patch", patch), ("grey", torch.full_like(patch, 0.5))):
            place = torch.Generator().manual_seed(1)
            now = answers(network, laid(held_out, cover, place, (share, share), 0.0, 0.0))
            changed, seen = (now != before), (now == kind)
            rows = [wilson(int(one.sum()), len(one)) for one in (changed, seen)]
            told = ["{value:.1%} [{low:.1%}, {high:.1%}]".format(**row) for row in rows]
            what = f"{name}, {share * share:.0%} of what it sees, n={len(before)}"
            print(f"{what}: changed {told[0]}, {target} {told[1]}")


if __name__ == "__main__":
    typer.run(main)
