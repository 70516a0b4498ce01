"""Attention for a batch whose rows are texts of different lengths, each with a memory of its own.

Padding would let the longest text set the shape for all. Here the wide products of a step are
computed for all rows together, and attention for each row alone over that row's own keys and
values. A row's sums then have the same terms in the same order whoever else is in the batch, and a
text joins or leaves at any step with nothing to be copied. (Iteration-level batching of all but
attention: Yu et al. 2022, Orca.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

#: What the models are told their attention is called.
NAME = "rows_apart"
#: Places that a memory is made with; it doubles when they are full.
FIRST = 256


class Memory:
    """Keys and values of one text in every layer.

    ``length`` counts the tokens that are kept for good. What `extend` writes after them is
    overwritten by the next call unless `keep` says that it stays, so a step that failed can be
    tried again.
    """

    def __init__(self) -> None:
        self.length = 0
        self._layers: list[tuple[Tensor, Tensor]] = []

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """New keys and values [1, H, T, D] -> all of that layer [1, H, length + T, D]."""
        end = self.length + keys.shape[2]
        if layer == len(self._layers):
            self._layers.append((_room(keys, FIRST, end), _room(values, FIRST, end)))
        kept_keys, kept_values = self._layers[layer]
        if kept_keys.shape[2] < end:
            places = kept_keys.shape[2]
            grown = _room(keys, places, end), _room(values, places, end)
            for new, old in zip(grown, (kept_keys, kept_values), strict=True):
                new[:, :, : self.length] = old[:, :, : self.length]
            self._layers[layer] = kept_keys, kept_values = grown
        kept_keys[:, :, self.length : end] = keys
        kept_values[:, :, self.length : end] = values
        return kept_keys[:, :, :end], kept_values[:, :, :end]

    def keep(self, tokens: int) -> None:
        """So many of the tokens that were read last stay."""
        self.length += tokens


def _room(like: Tensor, places: int, needed: int) -> Tensor:
    while places < needed:
        places *= 2
    return like.new_empty(*like.shape[:2], places, like.shape[3])


class Rows:
    """Stands where transformers expects its cache: one memory a row, None for a row of padding."""

    def __init__(self, memories: Sequence[Memory | None]) -> None:
        self.memories = tuple(memories)

    def update(
        self, keys: Tensor, values: Tensor, layer: int, *_: Any, **__: Any
    ) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """[B, H, T, D] -> for each row all its keys, and all its values."""
        found: list[tuple[Tensor | None, Tensor | None]] = [
            (None, None) if memory is None else memory.extend(layer, k[None], v[None])
            for memory, k, v in zip(self.memories, keys, values, strict=True)
        ]
        return [k for k, _ in found], [v for _, v in found]


def attend(
    module: nn.Module,
    query: Tensor,
    keys: list[Tensor | None],
    values: list[Tensor | None],
    mask: None,
    scaling: float,
    **_: Any,
) -> tuple[Tensor, None]:
    """Queries [B, H, T, D] and each row's own keys and values -> [B, T, H, D].

    A query sees what stands before it in its own text, and itself.
    """
    rows = []
    for row, k, v in zip(query, keys, values, strict=True):
        if k is None or v is None:
            rows.append(torch.zeros_like(row)[None])
            continue
        new, all_ = row.shape[1], k.shape[2]
        seen = None
        if new > 1:
            seen = torch.ones(new, all_, dtype=torch.bool, device=k.device).tril(all_ - new)
        rows.append(
            nn.functional.scaled_dot_product_attention(
                row[None], k, v, attn_mask=seen, scale=scaling, enable_gqa=True
            )
        )
    return torch.cat(rows).transpose(1, 2).contiguous(), None


def register() -> None:
    """Tell transformers of it; a model asks for it with ``attn_implementation=NAME``."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, attend)
