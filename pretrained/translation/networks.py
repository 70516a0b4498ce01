"""One network for every direction, or one for each; and the files that hold them.

One that learns both ways is half as large. Two that go on from it, one way each, translate better
(see the cards), and so does one for each way from the start (`experiments.translation_directions`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from pretrained import checkpoint
from pretrained.translation.model import TranslationNet
from pretrained.translation.vocabulary import Vocabulary


class Separate(nn.ModuleDict):
    """A `TranslationNet` for each language that is written. They share the vocabulary alone."""


Network = TranslationNet | Separate


def built(tokens: int, directions: Sequence[str], architecture: Mapping[str, Any]) -> Network:
    """A network of random weights.

    Args:
        architecture: arguments of `TranslationNet` besides the vocabulary's size ``tokens``;
            ``separate``: whether each of the two directions gets a network of its own.
    """
    told = {name: value for name, value in architecture.items() if name != "separate"}
    if not architecture.get("separate"):
        return TranslationNet(tokens, **told)
    written = [direction.partition("-")[2] for direction in directions]
    return Separate({language: TranslationNet(tokens, **told) for language in written})


def writing(network: Network, language: str) -> TranslationNet:
    """The one that writes a language."""
    found = network[language] if isinstance(network, Separate) else network
    assert isinstance(found, TranslationNet)
    return found


def save(folder: Path, network: Network) -> None:
    """Write the weights: a file for each network."""
    if isinstance(network, TranslationNet):
        checkpoint.save_weights(folder, network.state_dict())
        return
    files = checkpoint.WEIGHTS, checkpoint.REVERSE
    for file, (language, one) in zip(files, network.items(), strict=False):
        checkpoint.save_weights(folder, one.state_dict(prefix=f"{language}."), file)


def load(folder: Path) -> tuple[Network, dict[str, Any], Vocabulary]:
    """The network of a checkpoint folder with its weights, its config and its vocabulary.

    Raises:
        BadCheckpoint: a file is missing or damaged, or they do not fit together.
    """
    read: list[Vocabulary] = []

    def build(config: dict[str, Any]) -> Network:
        if not config["directions"]:
            raise KeyError("directions")
        read.append(Vocabulary.load(folder, config["languages"]))
        return built(len(read[0]), config["directions"], config["architecture"])

    network, config = checkpoint.load_network(folder, build)
    return network, config, read[0]
