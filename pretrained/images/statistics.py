"""What a face model keeps of the faces that it was trained on, to be measured by anywhere.

    python -m pretrained.images.statistics --data FOLDER --key images/faces-gan

No face is kept, only numbers of `pretrained.images.features`: those of 1,000 at random, for the
Fréchet distance to photographs that anybody brings (0.6 MB); and where each lies, for the copy
meter (0.6 MB).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor

from pretrained import catalog
from pretrained.errors import Refusal
from pretrained.images import copies, data
from pretrained.images.data import Faces
from pretrained.images.features import FILE, Features, keep

#: Random training faces whose features are kept.
SAMPLE = 1_000
#: Share of the training faces that the recipes keep aside; nobody learnt from them.
APART = 0.02


def summary(faces: Faces, features: Features, apart: float = APART) -> dict[str, Tensor]:
    """What is kept of training faces.

    Returns:
        ``sample`` half precision [min(N, 1000), F], in random order; and what `copies.Copies`
        needs, of which the last ``apart`` of the faces are no neighbours but make ``real``.
    """
    straight, mirrored = features(faces.images), features(faces.images.flip(3))
    mean = straight.double().mean(0)
    order = torch.randperm(len(faces), generator=torch.Generator().manual_seed(0))
    learnt, _ = data.held_apart(faces, apart)
    both = (straight + mirrored) / 2
    found = {
        "mean": mean.float(),
        "sample": straight[order[:SAMPLE]].half(),
        **copies.places(both[: len(learnt)], mean.float()),
        "real": torch.zeros(101),
    }
    aside = copies.Copies(features, found).distance(both[len(learnt) :])
    return {**found, "real": torch.quantile(aside, torch.linspace(0, 1, 101))}


def write(
    folders: Sequence[Path],
    faces: Faces,
    device: str = "cpu",
    meter: bool = True,
    apart: float = APART,
) -> None:
    """Write what is kept of training faces beside the weights of models trained on them.

    Args:
        meter: with what `copies.Copies` needs. apart: share that nobody learnt from.
    """
    features = Features(device)
    found = summary(faces, features, apart)
    if not meter:
        found = {"sample": found["sample"]}
    for folder in folders:
        keep(folder, found, features.sha256)


def main(
    data_: Annotated[Path, typer.Option("--data", help="The faces that it was trained on.")],
    key: Annotated[list[str] | None, typer.Option(help="A bundled model; may be repeated.")] = None,
    folder: Annotated[list[Path] | None, typer.Option(help="Or a checkpoint folder.")] = None,
    meter: Annotated[bool, typer.Option(help="With what the copy meter needs.")] = True,
    device: Annotated[str, typer.Option(help="Where to compute.")] = "cpu",
) -> None:
    """Write statistics.safetensors into checkpoint folders."""
    folders = [*map(catalog.folder_of, key or ()), *(folder or ())]
    if not folders:
        raise typer.BadParameter("name a --key or a --folder")
    try:
        write(folders, data.read(data_, "train", data.LEAST), device, meter)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        raise SystemExit(2) from None
    for place in folders:
        print(place / FILE, file=sys.stderr)


if __name__ == "__main__":
    typer.run(main)
