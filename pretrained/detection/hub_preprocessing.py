"""How a network of transformers wants to see a picture: what ``preprocessor_config.json`` says.

The picture is made small before anything is computed, so that a panorama of 8,000 pixels costs no
more than any other, and a strip of one pixel's height is still some pixels high. No picture is
padded: those that come out equally large are looked at together, the others one after another, and
so an answer does not depend on what else was asked at the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

#: Pixels of the shortest side that every network can work on, and of the longest that it is given.
LEAST, MOST = 32, 1333


@dataclass(frozen=True)
class Preprocessing:
    """Sizes in pixels and the colours that count as grey.

    Attributes:
        exact: (height, width) of every picture, stretched; None: its shape is kept.
        shortest, longest: bounds of the sides where the shape is kept.
        mean, std: of each colour, taken from and divided into 0..1.
        step: the sides are multiples of it, for a network that cuts a picture into patches.
    """

    exact: tuple[int, int] | None
    shortest: int
    longest: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    step: int = 1

    @classmethod
    def of(cls, told: Mapping[str, Any], step: int = 1) -> Preprocessing:
        """From ``preprocessor_config.json``, of any age.

        Raises:
            KeyError, TypeError, ValueError: it is none of a detector.
        """
        size = told["size"]
        if not isinstance(size, Mapping):
            size = {"shortest_edge": size, "longest_edge": told.get("max_size", MOST)}
        exact = None
        if "height" in size:
            exact = _bounded(size["height"]), _bounded(size["width"])
        plain = not told.get("do_normalize", True)
        mean = (0.0,) * 3 if plain else tuple(float(v) for v in told["image_mean"])
        std = (1.0,) * 3 if plain else tuple(float(v) for v in told["image_std"])
        if not len(mean) == len(std) == 3 or min(std) <= 0:
            raise ValueError("three colours are normalised")
        shortest = _bounded(size.get("shortest_edge", MOST))
        longest = _bounded(size.get("longest_edge", MOST))
        return cls(exact, shortest, longest, mean, std, max(1, min(int(step), LEAST)))

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width at which a picture of this height and width is seen."""
        if self.exact is not None:
            return self.exact
        scale = min(self.shortest / min(height, width), self.longest / max(height, width))
        high, wide = (max(LEAST, round(side * scale)) for side in (height, width))
        return high - high % self.step, wide - wide % self.step

    def pixels(self, picture: np.ndarray, size: tuple[int, int]) -> Tensor:
        """uint8 [H, W, 3] -> float [3, height, width], as the network was taught to see."""
        image = Image.fromarray(picture)
        if image.size != size[::-1]:
            image = image.resize(size[::-1], Image.Resampling.BILINEAR, reducing_gap=3.0)
        shares = torch.from_numpy(np.asarray(image, np.float32) / 255)
        return ((shares - torch.tensor(self.mean)) / torch.tensor(self.std)).permute(2, 0, 1)


def _bounded(side: Any) -> int:
    """A side in pixels, kept within what a machine can hold."""
    return max(LEAST, min(int(side), MOST))
