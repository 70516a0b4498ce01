"""LoRA: what a network learns from a visitor's data, kept apart from its weights.

To each chosen layer's weights W comes a product B A of rank R, which alone is trained (Hu et al.
2021, arXiv 2106.09685). On disk it weighs a few megabytes; to serve, it is added to W.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.func import functional_call

from pretrained import checkpoint
from pretrained.errors import BadCheckpoint, MissingDependency
from pretrained.sources import hub

RANK = 16
#: By what the product of the two small matrices is multiplied. Twice is usual; not tuned here.
SCALE = 2.0
#: As peft calls them, so that peft can read what is written here.
NAME = re.compile(r"base_model\.model\.(?P<layer>.+)\.lora_(?P<part>[AB])\.weight")


class Adapter(nn.Module):
    """The trainable part of a network with LoRA; the rest is shared by all copies.

    ``base``: the whole network as peft makes it. ``names``: of its trainable parameters.
    """

    def __init__(self, base: nn.Module, names: Sequence[str], weights: Sequence[Tensor]) -> None:
        super().__init__()
        self._base = (base,)  # in a tuple, so that it is no part of this module's state
        self.names = tuple(names)
        self.weights = nn.ParameterList(nn.Parameter(weight) for weight in weights)

    @classmethod
    def around(cls, network: nn.Module, layers: str | list[str], task: str | None = None) -> Self:
        """Freeze a network and put LoRA beside some of its layers.

        Args:
            layers: as peft's ``target_modules`` says them. task: peft's ``task_type``.

        Raises:
            MissingDependency: peft is not installed.
        """
        try:
            import peft
        except ImportError as error:
            raise MissingDependency(package="peft") from error
        config = peft.LoraConfig(
            r=RANK, lora_alpha=int(SCALE * RANK), target_modules=layers, task_type=task
        )
        with warnings.catch_warnings():  # peft asks transformers in an older way
            warnings.simplefilter("ignore", FutureWarning)
            base = peft.get_peft_model(network, config).eval()
        learnt = [(name, p.detach()) for name, p in base.named_parameters() if p.requires_grad]
        base.requires_grad_(False)
        return cls(base, *zip(*learnt, strict=True))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return type(self)(self._base[0], self.names, [w.detach().clone() for w in self.weights])

    def to(self, *arguments: Any, **options: Any) -> Self:
        """Move both parts."""
        if not options:
            self._base[0].to(*arguments)
        return super().to(*arguments, **options)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the network answers with these weights."""
        named = dict(zip(self.names, self.weights, strict=True))
        return functional_call(self._base[0], named, inputs, options)

    def state(self) -> dict[str, Tensor]:
        """The weights under the names that peft saves them by."""
        names = [name.replace(".default.", ".") for name in self.names]
        return {n: w.detach() for n, w in zip(names, self.weights, strict=True)}


@torch.no_grad()
def merge(network: nn.Module, weights: Mapping[str, Tensor], scale: float) -> None:
    """Add ``scale * B A`` to each layer's weights.

    Of a linear layer A is [R, K] and B [N, R]; of a convolution [R, K, H, W] and [N, R, 1, 1].

    Raises:
        KeyError, ValueError, RuntimeError, AttributeError: a name or a shape does not fit.
    """
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in weights.items():
        found = NAME.fullmatch(name)
        if found is None:
            raise KeyError(name)
        parts.setdefault(found["layer"], {})[found["part"]] = tensor
    layers = dict(network.named_modules())
    for name, pair in parts.items():
        weight, first, last = layers[name].weight, pair["A"], pair["B"]
        if weight.shape != (len(last), *first.shape[1:]):
            raise ValueError(name)
        change = scale * (last.flatten(1) @ first.flatten(1))
        weight += change.view(weight.shape).to(weight)


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """While a config is read for what it was fine-tuned from. Raises `BadCheckpoint`."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError):
        reason = "its config.json does not tell what it was fine-tuned from: train it again"
        raise BadCheckpoint(path=folder, reason=reason) from None


def base_of(folder: Path, base: Mapping[str, Any], files: Sequence[str]) -> Path:
    """Where the model of the Hub lies that a checkpoint was fine-tuned from. Uses no network.

    Args:
        base: ``hub_id`` and ``revision``, as the config tells them.

    Raises:
        BadCheckpoint: it is not on this machine, or not told.
    """
    with reading(folder):
        hub_id, revision = str(base["hub_id"]), str(base["revision"])
    there = hub.local(hub_id, revision, files)
    if there is None:
        reason = (
            f"it was fine-tuned from {hub_id}, which is not on this machine: "
            f"run `hf download {hub_id} --revision {revision}`"
        )
        raise BadCheckpoint(path=folder, reason=reason)
    return there


def merge_saved(network: nn.Module, folder: Path, scale: float) -> None:
    """`merge` with the weights of a checkpoint.

    Raises:
        BadCheckpoint: they are damaged, or do not fit the network.
    """
    try:
        merge(network, checkpoint.load_weights(folder), scale)
    except (KeyError, ValueError, RuntimeError, AttributeError) as error:
        reason = "its weights do not fit the model that it was fine-tuned from: train it again"
        raise BadCheckpoint(path=folder, reason=reason) from error
