"""A wider network that says what a narrower one says, to learn on from there.

The new units of each layer see everything and are seen by nothing old yet: what the old units and
the output take from them is zero. They carry a memory of their own from the first step, and the
gradient says what it is good for. (Function-preserving growth: Chen et al. 2016, Net2Net, arXiv
1511.05641, by zeros instead of copies.)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pretrained.text.model import CharNet


@torch.no_grad()
def widened(network: CharNet, wider: CharNet) -> CharNet:
    """``wider``, fresh, made to compute what ``network`` computes. Both are LSTMs of as many layers
    over the same alphabet, the output not tied to the input.

    Raises:
        ValueError: they are not, or ``wider`` is narrower.
    """
    old, new = network.cells, wider.cells
    same = (
        isinstance(old, nn.LSTM) and isinstance(new, nn.LSTM),
        isinstance(network.project, nn.Identity) and isinstance(wider.project, nn.Identity),
        old.num_layers == new.num_layers,
        network.embed.weight.shape == wider.embed.weight.shape,
        old.hidden_size <= new.hidden_size,
    )
    if not all(same):
        raise ValueError("only an LSTM of the same form and alphabet can be made wider")
    wider.embed.weight.copy_(network.embed.weight)
    theirs = dict(old.named_parameters())
    for name, weights in new.named_parameters():
        _put(weights, theirs[name])
    wider.out.bias.copy_(network.out.bias)
    wider.out.weight.zero_()
    wider.out.weight[:, : old.hidden_size] = network.out.weight
    return wider


def _put(new: Tensor, old: Tensor) -> None:
    """Into the four gates of a layer [4 * H, ...]: the old units as they were, which see nothing
    of the new ones; these as they are."""
    gates, theirs = new.view(4, -1, *new.shape[1:]), old.view(4, -1, *old.shape[1:])
    units = theirs.shape[1]
    gates[:, :units] = 0
    if old.ndim == 1:
        gates[:, :units] = theirs
    else:
        gates[:, :units, : theirs.shape[2]] = theirs
