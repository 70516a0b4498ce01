"""The served GAN: it draws, shows its layers, and scores pictures. Loads with torch alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.classification.data import fit_square
from pretrained.errors import ViewUnsupported
from pretrained.images import data
from pretrained.images.model import SIZE, Gan
from pretrained.images.point import DIRECTIONS, Point

#: Maps of a layer that are shown: those that vary most.
MAPS = 16
#: Side and distance of the squares that are covered, in pixels: 14 by 14 places.
COVER, STRIDE = 12, 4

Input = Mapping[str, Any]  #: a point, or ``{"picture": uint8 [H, W, 3]}`` where one is scored


class Faces:
    """Both networks with what their card says, as the engine holds them."""

    def __init__(self, network: Gan, config: dict[str, Any], folder: Path, device: str) -> None:
        self.network = network.eval().requires_grad_(False).to(device)
        self.config, self.folder, self.device = config, folder, torch.device(device)

    @cached_property
    def directions(self) -> Tensor:
        """[K, L] of length one, at right angles: along them the first layer answers most, strongest
        first (Shen & Zhou 2021, SeFa, arXiv 2007.06600). Each points where its largest number is
        positive."""
        weight = self.network.generator.first.weight.cpu()
        found = torch.linalg.svd(weight, full_matrices=False).Vh[:DIRECTIONS]
        largest = found.gather(1, found.abs().argmax(1, keepdim=True))
        return found * largest.sign()

    def latent(self, point: Point) -> Tensor:
        """[L]: the mix, truncated, then the moves."""
        drawn = point.truncation * point.latent(self.network.generator.latent)
        moves = torch.tensor(point.moves)
        return drawn + moves @ self.directions[: len(moves)]

    @torch.no_grad()
    def predict(self, inputs: Sequence[Input], *, view: str = "answer") -> list[dict[str, Any]]:
        """One answer for each input.

        Args:
            view: ``answer`` draws; ``layers`` adds what each layer passed on; ``score`` the
                discriminator's score, ``occlusion`` also how far it falls where a spot is covered,
                at two hundred times the work; ``copy`` the distance to the nearest training face.

        Returns:
            Each with ``image``, uint8 [64, 64, 3].

        Raises:
            BadPoint, BadSeed: an input says no face. ViewUnsupported: there is no such view.
        """
        looks = {
            "answer": self._answer,
            "layers": self._layers,
            "score": self._score,
            "occlusion": self._occlusion,
            "copy": self._copy,
        }
        if view not in looks:
            raise ViewUnsupported(model=self.config["key"], view=view)
        return looks[view](inputs)

    def _drawn(self, inputs: Sequence[Input]) -> tuple[Tensor, list[Tensor]]:
        """Latents [N, L], and each layer's maps [N, C, H, W], the last ones the pictures."""
        latents = torch.stack([self.latent(Point.of(one)) for one in inputs])
        return latents, self.network.generator.layers(latents.to(self.device))

    def _answer(self, inputs: Sequence[Input]) -> list[dict[str, Any]]:
        return [{"image": image} for image in shown(self._drawn(inputs)[1][-1])]

    def _layers(self, inputs: Sequence[Input]) -> list[dict[str, Any]]:
        latents, layers = self._drawn(inputs)
        return [
            {
                "image": image,
                "latent": latents[n].tolist(),
                "layers": [
                    {"size": maps.shape[2], "channels": maps.shape[1], "maps": liveliest(maps[n])}
                    for maps in layers[:-1]
                ],
            }
            for n, image in enumerate(shown(layers[-1]))
        ]

    def _pictures(self, inputs: Sequence[Input]) -> Tensor:
        """[N, 3, 64, 64] in -1..1: drawn from a point, or the middle square of a picture."""
        rows = []
        for one in inputs:
            if "picture" in one:
                square = fit_square(Image.fromarray(np.asarray(one["picture"], np.uint8)), SIZE)
                image = torch.from_numpy(np.asarray(square).copy()).permute(2, 0, 1)
                rows.append(data.signed(image).to(self.device))
            else:
                rows.append(self._drawn([one])[1][-1][0])
        return torch.stack(rows)

    def _score(self, inputs: Sequence[Input]) -> list[dict[str, Any]]:
        return self._ranked(self._pictures(inputs))

    def _occlusion(self, inputs: Sequence[Input]) -> list[dict[str, Any]]:
        pictures = self._pictures(inputs)
        answers = self._ranked(pictures)
        for picture, answer in zip(pictures, answers, strict=True):
            covered = self.network.discriminator(occluded(picture))
            side = round(len(covered) ** 0.5)
            answer["heat"] = (answer["score"] - covered).view(side, side).tolist()
        return answers

    def _ranked(self, pictures: Tensor) -> list[dict[str, Any]]:
        """The discriminator's score of each picture [N, 3, 64, 64], and its ranks."""
        known = self.config["scores"]
        return [
            {
                "image": image,
                "score": score,
                "above_photos": share_below(score, known["photographs"]),
                "above_drawn": share_below(score, known["drawings"]),
            }
            for image, score in zip(
                shown(pictures), self.network.discriminator(pictures).tolist(), strict=True
            )
        ]

    @cached_property
    def _copies(self) -> Any:
        from pretrained.images.copies import Copies

        return Copies.load(self.folder)

    def _copy(self, inputs: Sequence[Input]) -> list[dict[str, Any]]:
        images = shown(self._drawn(inputs)[1][-1])
        pictures = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
        distances = self._copies.of(pictures)
        real = self._copies.real.tolist()
        return [
            {"image": image, "distance": float(distance), "real": real}
            for image, distance in zip(images, distances, strict=True)
        ]


def shown(pictures: Tensor) -> list[np.ndarray]:
    """[N, 3, H, W] in -1..1 -> N times uint8 [H, W, 3]."""
    return list(data.pixels(pictures).permute(0, 2, 3, 1).cpu().numpy())


def liveliest(maps: Tensor) -> np.ndarray:
    """The maps [C, H, W] that vary most, each scaled to 0..255: uint8 [16, H, W]."""
    chosen = maps[maps.flatten(1).std(1).topk(min(MAPS, len(maps))).indices.sort().values]
    low, high = (edge(chosen, (1, 2), keepdim=True) for edge in (torch.amin, torch.amax))
    return (
        ((chosen - low) / (high - low).clamp(min=1e-6) * 255).round().to(torch.uint8).cpu().numpy()
    )


def occluded(picture: Tensor) -> Tensor:
    """A picture [3, S, S] with one square covered by its mean colour, at every place: [P, 3, S, S],
    row by row."""
    places = range(0, picture.shape[1] - COVER + 1, STRIDE)
    rows = picture.repeat(len(places) ** 2, 1, 1, 1)
    mean = picture.mean((1, 2))[:, None, None]
    for number, (y, x) in enumerate((y, x) for y in places for x in places):
        rows[number, :, y : y + COVER, x : x + COVER] = mean
    return rows


def share_below(score: float, quantiles: Sequence[float]) -> float:
    """Which share of what these quantiles were taken from lies below: 0..1."""
    return float(np.interp(score, quantiles, np.linspace(0, 1, len(quantiles))))


@torch.no_grad()
def scores(network: Gan, photographs: Tensor, drawings: int = 1_000) -> dict[str, list[float]]:
    """101 quantiles of the discriminator's scores: of photographs uint8 [N, 3, 64, 64] kept aside,
    and of the generator's own drawings."""
    latents = torch.stack(
        [Point(((seed, 1.0),)).latent(network.generator.latent) for seed in range(drawings)]
    )
    grades = torch.linspace(0, 1, 101)
    drawn = [network.discriminator(network.generator(part)) for part in latents.split(100)]
    real = [network.discriminator(data.signed(part)) for part in photographs.split(100)]
    return {
        name: [round(q, 4) for q in torch.cat(parts).quantile(grades).tolist()]
        for name, parts in (("photographs", real), ("drawings", drawn))
    }


def load(entry: Entry, device: str, progress: Progress = lambda done, total: None) -> Faces:
    """The served model of a checkpoint folder.

    Raises:
        BadCheckpoint: the folder is damaged.
    """
    folder = Path(str(entry.folder))
    network, config = checkpoint.load_network(folder, lambda c: Gan.of(c["architecture"]))
    progress(1, 1)
    return Faces(network, config, folder, device)
