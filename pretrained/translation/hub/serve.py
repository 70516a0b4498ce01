"""Translators of today, from their files on the Hub to what the app serves.

Weights come as safetensors, and no code comes with a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.errors import BadCheckpoint, ViewUnsupported
from pretrained.sources import hub
from pretrained.sources.hub import networks
from pretrained.translation import copies
from pretrained.translation.answers import Task
from pretrained.translation.beam import Found
from pretrained.translation.hub.entries import DIRECTIONS, FILES
from pretrained.translation.hub.search import MarianSearch
from pretrained.translation.hub.tokens import PieceWords
from pretrained.translation.sentences import Part
from pretrained.translation.serve import Request, Translator

#: ``model_type`` and the class that transformers has for it.
KINDS = {"marian": "MarianMTModel", "m2m_100": "M2M100ForConditionalGeneration"}


class MarianTranslator(Translator):
    """A model of transformers that translates, as the app's own translators are served.

    It tells no tree of its search and no state of a sentence, and nobody knows what stood in its
    training data.
    """

    rereads = False
    usual_beams = 4  # nothing is read back here

    def __init__(
        self, network: Any, words: PieceWords, key: str, directions: Sequence[str], device: str
    ) -> None:
        self.network, self.words, self.vocabulary = network.eval(), words, words
        self.config = {"key": key, "directions": list(directions)}
        self.directions = tuple(directions)
        self.spell = words.spell
        search = MarianSearch(network, words)
        self.searches = {direction.partition("-")[2]: search for direction in directions}
        self.seen = copies.Seen({})
        self.to(device)
        tensors = [*network.parameters(), *network.buffers()]
        self.bytes = sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def to(self, device: str) -> None:
        """Move the weights, to another device or to host memory."""
        self.device = torch.device(device)
        self.network.to(self.device)

    def predict(
        self, inputs: list[Any], *, view: str = "answer", **options: Any
    ) -> list[dict[str, Any]]:
        """As `Translator.predict`, without ``in_training``.

        Raises:
            ViewUnsupported: another view than ``answer`` is asked for.
        """
        if view != "answer":
            raise ViewUnsupported(model=self.config["key"], view=view)
        return super().predict(inputs, **options)

    def _tasks(self, request: Request, part: Part) -> list[Task]:
        """Each with the mark of its language before it, where the model wants one."""
        lead = self.words.lead(request.source, request.target)
        return [
            replace(task, tokens=(*lead, *task.tokens)) for task in super()._tasks(request, part)
        ]

    def _answer(self, *arguments: Any) -> dict[str, Any]:
        answer = super()._answer(*arguments)
        for sentence in answer["sentences"]:
            del sentence["in_training"]
        return answer

    def _sentence(self, request: Request, task: Task, found: Found, view: str) -> dict[str, Any]:
        """Without the language's mark; the attention to the rest adds up to one again."""
        lead = len(self.words.lead(request.source, request.target))
        best = found.hypotheses[0]
        looks = best.attention[:, lead:]
        best = replace(best, attention=looks / looks.sum(1, keepdims=True))
        found = replace(found, hypotheses=[best, *found.hypotheses[1:]])
        return super()._sentence(request, replace(task, tokens=task.tokens[lead:]), found, view)


def load(entry: Entry, device: str, progress: Progress) -> MarianTranslator:
    """The loader of the Hub entries.

    Raises:
        HubOffline and its kin: it has to be downloaded, and that failed.
        BadCheckpoint: its files are damaged, or it is none of the architectures that are served.
    """
    assert entry.hub_id is not None
    folder = hub.fetch(entry.hub_id, entry.revision, FILES, progress)
    directions = DIRECTIONS[entry.key]
    network, words = build(folder, checkpoint.read_json(folder, checkpoint.CONFIG), directions)
    return MarianTranslator(network, words, entry.key, directions, device)


def load_tuned(entry: Entry, device: str, progress: Progress) -> MarianTranslator:
    """The loader of a folder that `train` wrote.

    Raises:
        BadCheckpoint: it is damaged or incomplete.
    """
    folder = Path(str(entry.folder))
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    directions = config.get("directions")
    if not (directions and isinstance(config.get("network"), dict)):
        reason = "its config.json does not tell its network and directions: train it again"
        raise BadCheckpoint(path=folder, reason=reason)
    network, words = build(folder, config["network"], directions)
    progress(entry.bytes, entry.bytes)
    return MarianTranslator(network, words, entry.key, directions, device)


def build(
    folder: Path, config: dict[str, Any], directions: Sequence[str]
) -> tuple[Any, PieceWords]:
    """Network and vocabulary of a folder, in single precision.

    Args:
        config: as transformers writes it into ``config.json``.

    Raises:
        BadCheckpoint, MissingDependency: as they say.
    """
    transformers = networks.library(folder, config, tuple(KINDS))
    words = PieceWords(folder, config, directions)
    kind = config["model_type"]
    with networks.reading(folder):
        network, told = getattr(transformers, KINDS[kind]).from_pretrained(
            folder,
            config=transformers.AutoConfig.for_model(kind, **_shape(config)),
            dtype=torch.float32,
            attn_implementation="eager",  # the only one that tells where it looks
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
        for name, weight in network.named_parameters():
            if name.endswith("embed_positions.weight"):
                weight.requires_grad_(False)  # sines, which are computed; reading frees them
        network.generation_config = transformers.GenerationConfig(
            eos_token_id=words.end, pad_token_id=words.pad, decoder_start_token_id=words.start
        )
    networks.check_complete(folder, told)
    if network.config.vocab_size <= max(words.numbers.values(), default=0):
        reason = "its vocabulary does not fit its config.json: fetch it again"
        raise BadCheckpoint(path=folder, reason=reason)
    return network, words


def _shape(config: dict[str, Any]) -> dict[str, Any]:
    """The settings without those of writing, which are the search's own."""
    writing = {"model_type", "bad_words_ids", "num_beams", "max_length", "forced_eos_token_id"}
    return {name: value for name, value in config.items() if name not in writing}
