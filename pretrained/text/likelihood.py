"""Negative log-likelihood in nats, character by character: of a long text, read in parts side by
side, and of poems, each from an empty state."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: The target that a loss leaves out.
IGNORED = -100


def poems(text: Tensor) -> list[Tensor]:
    """The poems of a text [T], each with the sign that ends it, which also ends the text."""
    ends = (torch.nonzero(text == text[-1]).flatten() + 1).tolist()
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def led_in(chosen: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Poems as a network reads them [B, T], led in by the sign that ends each, and what follows
    each character [B, T], `IGNORED` after the end."""
    length = max(map(len, chosen))
    y = chosen[0].new_full((len(chosen), length), IGNORED, dtype=torch.long)
    for row, poem in zip(y, chosen, strict=True):
        row[: len(poem)] = poem
    x = torch.cat([chosen[0][-1].long().expand(len(y), 1), y[:, :-1].clamp(min=0)], 1)
    return x, y


@torch.no_grad()
def poem_nats(model: nn.Module, text: Tensor, at_once: int = 64) -> Tensor:
    """Nats of each character [T] of a text of poems, each read from an empty state."""
    model.eval()
    found, every = [], poems(text)
    for first in range(0, len(every), at_once):
        x, y = led_in(every[first : first + at_once])
        nll = F.cross_entropy(
            model(x)[0].float().transpose(1, 2), y, reduction="none", ignore_index=IGNORED
        )
        found.append(nll[y != IGNORED])
    return torch.cat(found).cpu()


@torch.no_grad()
def nats(model: nn.Module, text: Tensor, streams: int = 32, overlap: int = 200) -> Tensor:
    """-log p of each character [T - 1] of one text [T].

    The text is cut into ``streams`` parts that are read side by side; each part is led in by the
    ``overlap`` characters before it, which are not counted twice.
    """
    model.eval()
    if streams == 1 or len(text) <= 2 * overlap:
        return _nll(model, text[None])[0]
    head = _nll(model, text[None, : overlap + 1])[0]
    part = -(-(len(text) - 1 - overlap) // streams)
    starts = torch.arange(overlap, len(text) - 1, part)
    rows = starts[:, None] + torch.arange(-overlap, part + 1)
    parts = _nll(model, text[rows.clamp(max=len(text) - 1)])[:, overlap:]
    return torch.cat([head, parts.flatten()[: len(text) - 1 - overlap]])


def _nll(model: nn.Module, texts: Tensor, window: int = 256) -> Tensor:
    """-log p [B, T - 1] of each character of texts [B, T] but the first."""
    state, found = None, []
    for start in range(0, texts.shape[1] - 1, window):
        chunk = texts[:, start : start + window + 1].long()
        logits, state = model(chunk[:, :-1], state)
        y = chunk[:, 1:]
        found.append(F.cross_entropy(logits.float().transpose(1, 2), y, reduction="none"))
    return torch.cat(found, 1).cpu()
