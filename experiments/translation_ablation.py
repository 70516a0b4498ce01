"""What attention buys: no attention, attention, and a Transformer, of equal size on equal pairs.

    python -m experiments.translation_ablation --data FOLDER --minutes 15 --keep

English to French. All three see the same batches with the same settings for the same time (on a
CPU: processor time, whatever else the machine does), write greedily, and are scored on test with
all references: BLEU and chrF with intervals, and the curve by length that shows where one vector
for a whole sentence no longer suffices. The figures go into the card of ``translation/en-fr``; the
weights are not kept.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import nn

from experiments.transformer import TransformerNet
from pretrained import catalog, checkpoint
from pretrained.translation import data, scores, train
from pretrained.translation.model import TranslationNet
from pretrained.translation.passes import Mixture
from pretrained.translation.vocabulary import Vocabulary
from training import loop
from training.hardware import choose_device

KEY, DIRECTION = "translation/en-fr", "en-fr"
NAMES = {
    "plain": "encoder and decoder without attention",
    "attention": "encoder and decoder with attention",
    "transformer": "Transformer",
}
#: Transformers are commonly trained at lower rates than LSTMs; nobody has tuned this one here.
PEAK = {"transformer": 1.5e-3}
#: Sentences that are written together.
TOGETHER = 64


def network(variant: str, tokens: int, inner: int = 512) -> nn.Module:
    """One variant's network; ``inner`` is the Transformer's only measure that is not given."""
    shape = {k: v for k, v in train.RECIPES[KEY].architecture.items() if k != "separate"}
    if variant == "transformer":
        width, dropout = shape["embedding"], shape["dropout"]
        return TransformerNet(tokens, width, inner=inner, dropout=dropout)
    return TranslationNet(tokens, **{**shape, "attention": variant == "attention"})


def weights(net: nn.Module) -> int:
    """How many numbers a network holds."""
    return sum(p.numel() for p in net.parameters())


def fitting(tokens: int) -> int:
    """The inner width, a multiple of 16, at which the Transformer weighs what the LSTMs weigh."""
    goal = weights(network("attention", tokens))
    few, more = (weights(network("transformer", tokens, inner)) for inner in (16, 32))
    return max(16, 16 * round(1 + (goal - few) / (more - few)))


@torch.no_grad()
def greedy(
    net: nn.Module, vocabulary: Vocabulary, texts: Sequence[str], language: str, device: Any
) -> list[str]:
    """Translations, the likeliest token at every step, by any network with ``forward`` and
    ``logits``. The whole beginning is read anew at each step: slow, but the same for all."""
    sources = [[*ids, vocabulary.end] for ids in vocabulary.encode_all(texts)]
    alike: dict[int, list[int]] = defaultdict(list)
    for n, tokens in enumerate(sources):
        alike[len(tokens)].append(n)
    never = torch.tensor([vocabulary.pad, *vocabulary.marks.values()], device=device)
    written: dict[int, str] = {}
    lots = [
        rows[at : at + TOGETHER] for rows in alike.values() for at in range(0, len(rows), TOGETHER)
    ]
    for lot in lots:
        source = torch.tensor([sources[n] for n in lot], device=device)
        given = torch.full((len(lot), 1), vocabulary.marks[language], device=device)
        ended = torch.zeros(len(lot), dtype=torch.bool, device=device)
        while not ended.all() and given.shape[1] < 2 * source.shape[1] + 12:
            logits: torch.Tensor = net.logits(net(source, given)[:, -1])  # type: ignore[operator]
            logits[:, never] = float("-inf")
            last = logits.argmax(1).masked_fill(ended, vocabulary.end)
            ended |= last == vocabulary.end
            given = torch.cat([given, last[:, None]], 1)
        for n, row in zip(lot, given[:, 1:].tolist(), strict=True):
            length = row.index(vocabulary.end) if vocabulary.end in row else len(row)
            written[n] = vocabulary.decode(row[:length])
    return [written[n] for n in range(len(texts))]


@dataclass(frozen=True)
class Variant:
    """A network trained for a comparison, and what its row says of the training."""

    network: nn.Module
    vocabulary: Vocabulary
    device: torch.device
    made: dict[str, Any]


def learn(
    folder: Path,
    variant: str,
    minutes: float,
    out: Path,
    directions: tuple[str, ...] = (DIRECTION,),
) -> Variant:
    """Train one variant from random weights on every direction at once."""
    recipe = replace(train.RECIPES[KEY], directions=directions, mixture=Mixture())
    pairs = data.read(folder, recipe.languages)
    train_on, held_out = (train.tidied(p, recipe.languages) for p in (pairs.train, pairs.held_out))
    texts = train.texts(train_on, recipe)
    vocabulary = Vocabulary.learn(texts, recipe.vocabulary, recipe.languages)
    device = choose_device()
    torch.manual_seed(0)
    net = network(variant, len(vocabulary), fitting(len(vocabulary)))
    task = train.task_of(
        net, vocabulary, train.passes(train_on, recipe), held_out, recipe, device, 0
    )
    plan = replace(recipe.plan, minutes=minutes, peak=PEAK.get(variant, recipe.plan.peak))
    clock = time.process_time if device.type == "cpu" else time.monotonic
    averaged, history = loop.fit(task, plan, out, device=device, clock=clock)
    made = {
        "parameters": weights(net),
        "updates": history[-1]["step"],
        "held_out_nats": history[-1]["held_out_nats"],
        "seconds": history[-1]["seconds"],
        "data": pairs.split,
    }
    return Variant(averaged.eval(), vocabulary, device, made)


def scored(folder: Path, learnt: Variant, direction: str = DIRECTION) -> dict[str, Any]:
    """The figures of one direction on test, written greedily."""
    source, target = data.languages_of(direction)
    sentences, split = data.to_score(folder, direction, "test")
    tidied = [data.tidy(one.source, source) for one in sentences]
    written = greedy(learnt.network, learnt.vocabulary, tidied, target, learnt.device)
    figures = scores.metrics(written, sentences, target)
    return {
        "metric": "bleu",
        **figures["bleu"],
        "chrf": figures["chrf"],
        "curve": scores.curve(written, sentences, (source, target)),
        "split": split,
        "n": len(sentences),
        "beams": 1,
    }


def compare(folder: Path, variant: str, minutes: float, out: Path) -> dict[str, Any]:
    """Train one variant and score it: one row of the ablation."""
    learnt = learn(folder, variant, minutes, out / variant)
    return {"name": NAMES[variant], "rung": variant, **scored(folder, learnt), **learnt.made}


def main(
    data_: Annotated[Path, typer.Option("--data", help="The folder of en-fr.")],
    minutes: Annotated[float, typer.Option(help="Time for each of the three.")] = 15.0,
    out: Annotated[Path, typer.Option(help="Where to work.")] = Path("runs/translation-ablation"),
    keep: Annotated[bool, typer.Option(help="Write the rows into the card.")] = False,
) -> None:
    """Train and score the three."""
    rows = []
    for variant in NAMES:
        row = compare(data_, variant, minutes, out)
        print(row, file=sys.stderr, flush=True)
        rows.append(row)
    if keep:
        checkpoint.keep_ablation(
            Path(str(catalog.find(KEY).folder)), rows, "experiments.translation_ablation"
        )


if __name__ == "__main__":
    typer.run(main)
