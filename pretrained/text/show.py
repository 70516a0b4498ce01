"""What a training of a character network shows while it learns: how it goes on from the opening of
its text. Spelling comes first, then words, then style."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import nn

from pretrained.text.alphabet import UNKNOWN, Alphabet
from pretrained.text.sampling import SamplingParams, draw

#: Characters that are written, and most of the opening that they go on from.
LENGTH, OPENING = 200, 80
SAMPLING = SamplingParams(temperature=0.8)


class Continuation:
    """Writes `LENGTH` characters, always with the same random numbers, so that two moments differ
    by what was learnt between them.

    Args:
        text: what is learnt from; "" where every text begins anew, as poems do.
    """

    def __init__(self, alphabet: Alphabet, text: str) -> None:
        self.alphabet = alphabet
        opening = text[:OPENING]
        self.opening = opening[: opening.rfind(" ") + 1] or opening  # whole words, where there are

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> dict[str, str]:
        """``{".txt": what it writes}``, without the opening."""
        with warnings.catch_warnings():  # of Intel's GPUs, when anything of oneDNN is set
            warnings.simplefilter("ignore")
            # It packs the weights anew for every call, which takes longer than one character does.
            with torch.backends.mkldnn.flags(enabled=False):
                return {".txt": self.written(model)}

    def written(self, model: nn.Module) -> str:
        """What it writes, character by character."""
        device = next(model.parameters()).device
        read = self.alphabet.encode(self.alphabet.begin + self.opening)
        logits, state = model(torch.tensor([read], device=device))
        rng = np.random.default_rng(0)
        written = []
        for _ in range(LENGTH):
            row = logits[0, -1].float().cpu().numpy()
            index, _ = draw(row, SAMPLING, rng, never=UNKNOWN)
            written.append(self.alphabet.character(index))
            logits, state = model(torch.tensor([[index]], device=device), state)
        return "".join(written)
