"""What a training of the pen shows while it learns: the same words, with the same chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from pretrained.handwriting import serve, svg
from pretrained.handwriting.model import PenNet

PHRASE = "a pen learns to write"


class Phrase:
    """Writes `PHRASE`.

    Args:
        config: of the pen, as its checkpoint has it. number: of the hand's vector; 0 is nobody's.
    """

    def __init__(self, config: dict[str, Any], number: int = 0) -> None:
        self.config, self.number = config, number

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> dict[str, str]:
        """``{".svg": a picture of the words}``."""
        assert isinstance(model, PenNet)
        pen = serve.Pen(model, self.config, str(next(model.parameters()).device), {})
        state = pen.begin(PHRASE, seed=1)
        state.hand = pen.stepper.hands[self.number]
        points: list[serve.Point] = []
        while not state.done:
            points.extend(pen.step([state])[0] or ())
        written = np.asarray(serve.finished(state, points)["points"])
        return {".svg": svg.picture([written], text=PHRASE)}
