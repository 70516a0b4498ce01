"""How the translators were trained: recipes over the one loop, from random weights.

One network learns both ways, where the first token that the decoder reads says which language to
write, or each way has its own (``separate``).
Batches are small, because many small updates learn faster than few large ones on one core. What
each shipped checkpoint reached, in how long and on what, stands in its card.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from pretrained import catalog, checkpoint
from pretrained.errors import BadData, UnknownEntry
from pretrained.metadata import Metadata
from pretrained.translation import copies, data, grow, networks
from pretrained.translation.data import Pairs
from pretrained.translation.networks import Network, built, writing
from pretrained.translation.passes import Example, Mixture, Passes
from pretrained.translation.show import Sentences, chrf
from pretrained.translation.tasks import PairsTask
from pretrained.translation.vocabulary import Vocabulary
from training import loop
from training.hardware import choose_device
from training.provenance import compared, provenance
from training.run import USUAL, Run


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one translator, apart from the pairs.

    Attributes:
        languages: English and the other one. directions: which ways it learns.
        vocabulary: size of the joint vocabulary.
        tokens, smoothing, respell: see `PairsTask`. mixture: of each pass.
        architecture: arguments of `TranslationNet` besides the vocabulary's size.
        longest: in tokens: longer pairs, a few in a thousand, are left out of training.
    """

    plan: loop.Plan
    languages: tuple[str, str]
    directions: tuple[str, ...]
    vocabulary: int = 6_000
    tokens: int = 400
    mixture: Mixture = field(default_factory=Mixture)
    smoothing: float = 0.1
    respell: float = 0.0
    longest: int = 60
    architecture: dict[str, Any] = field(default_factory=dict)


PLAN = loop.Plan(
    epochs=120,
    peak=3e-3,
    weight_decay=0.01,
    warmup=0.06,
    optimiser="adamw",
    average=300,
    clip=1.0,
)
SHAPE = {"embedding": 256, "hidden": 352, "dropout": 0.1}
SMALL = {**SHAPE, "hidden": 256}
MIXTURE = Mixture(casual=0.25, short=3, everyday=0.25, exchange=True)

RECIPES = {
    "translation/en-fr": Recipe(
        plan=PLAN,
        languages=("en", "fr"),
        directions=("en-fr", "fr-en"),
        vocabulary=7_500,
        tokens=800,
        mixture=replace(MIXTURE, dictionary=0.6),
        architecture={**SHAPE, "separate": True},
    ),
    "translation/en-zh": Recipe(
        plan=replace(PLAN, epochs=200),
        languages=("en", "zh"),
        directions=("en-zh", "zh-en"),
        vocabulary=7_500,
        tokens=800,
        mixture=replace(MIXTURE, everyday=0.6, dictionary=1.2, more=0.6),
        architecture={**SHAPE, "dropout": 0.15, "separate": True},
    ),
    "translation/en-fr-plain": Recipe(
        plan=PLAN,
        languages=("en", "fr"),
        directions=("en-fr",),
        architecture={**SMALL, "attention": False},
    ),
}


def train(
    key: str,
    source: Path | str,
    out: Path,
    run: Run = USUAL,
    direction: str | None = None,
) -> Path:
    """Train one translator and leave a checkpoint folder in ``out``.

    The recipe of ``key`` runs from random weights on a folder of pairs with its splits. On a
    visitor's file of pairs the trained weights are the start; ``run.scratch`` overrides that.

    Args:
        source: the folder, with further files after it and commas between them, or one .tsv,
            .jsonl or .parquet file of pairs.
        run: its epochs are rounds of about `tasks.ROUND` updates.
        direction: such as ``fr-en``: learn only this one. A network of the other direction, where
            that has its own, stays as it was at the start.

    Raises:
        UnknownEntry: no recipe is called so.
        BadData: the pairs cannot be read, or are too few; the model has no such direction.
    """
    entry = catalog.entries().get(key)
    if key not in RECIPES:
        raise UnknownEntry(model=key)
    recipe = RECIPES[key]
    pairs = data.read(source, recipe.languages)
    own = Path(source).is_file()
    for sentence in pairs.told:
        print(sentence, file=sys.stderr, flush=True)
    device = choose_device()
    torch.manual_seed(run.seed)
    train_on, held_out, more = (
        tidied(some, recipe.languages) for some in (pairs.train, pairs.held_out, pairs.more)
    )
    usual = recipe.plan
    fresh = entry is None or run.starts_fresh(own)
    if own:  # a visitor's own words are mixed with nothing
        recipe = replace(recipe, mixture=Mixture(casual=recipe.mixture.casual))
    if fresh:
        recipe, ways = only(recipe, direction, fresh)
        vocabulary = Vocabulary.learn(texts(train_on, recipe), recipe.vocabulary, recipe.languages)
        network = built(len(vocabulary), ways, recipe.architecture)
    else:
        folder = Path(str(entry.folder))  # type: ignore[union-attr]
        network, config, vocabulary = networks.load(folder)
        usual = replace(usual, peak=usual.peak / 4, epochs=20)
        if own:
            recipe = replace(recipe, architecture=config["architecture"])
        recipe, ways = only(recipe, direction, fresh)
        if not own:
            usual = replace(recipe.plan, peak=recipe.plan.peak / 2)
            vocabulary, network = grown(vocabulary, network, texts(train_on, recipe), recipe, ways)
    plan = run.plan(usual)
    drawn = passes(train_on, recipe, run.seed, more)
    task = task_of(network, vocabulary, drawn, held_out, recipe, device, run.seed)
    task.sample = Sentences(vocabulary, examples(held_out, recipe))
    metadata = Metadata.of(key, out, own, description=f"The recipe of {key} on {pairs.split}.")
    learnt = (*recipe.languages, direction) if direction else recipe.languages
    averaged, history = run.fit(
        task,
        plan,
        out,
        run.identity(key, train_on + more, held_out, classes=learnt),
        device=device,
        before=own and not fresh,
        begin=lambda folder: write(folder, network, vocabulary, recipe, ways, pairs, metadata),
    )
    assert isinstance(averaged, Network)
    averaged.cpu()
    both = None
    if own and not fresh:
        begun = networks.load(folder)[0].eval()
        aside = examples(held_out, recipe)
        was, now = (chrf(one, vocabulary, aside) for one in (begun, averaged.eval()))
        both = compared(
            history,
            began=f"{key} as it came",
            split=pairs.held_out_split,
            n=len(held_out),
            of="pairs",
            **{name: (was[name], now[name]) for name in was},
        )
    lacking = [f"{len(words.lacking):,}" for words in drawn.words.values()]
    made = provenance(
        run,
        device,
        history,
        None if fresh else checkpoint.training_record(Path(str(entry.folder))),  # type: ignore[union-attr]
        rounds=history[-1]["epoch"],
        data=pairs.split,
        pairs=len(pairs.every),
        passes=round(history[-1]["step"] / len(task.passed(0)), 2),
        started_from="random weights" if fresh else stood(Path(str(entry.folder)), key),  # type: ignore[union-attr]
        **({"words_mixed_in": " and ".join(lacking)} if lacking else {}),
        **({"replaced_or_left_out": "; ".join(pairs.told)} if pairs.told else {}),
        **({"examples_too_long": task.left_out} if task.left_out else {}),
    )
    metadata = replace(metadata, made=made, held_out=both)
    write(out, averaged, vocabulary, recipe, ways, pairs, metadata)
    return out


def only(recipe: Recipe, direction: str | None, fresh: bool) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe with no direction but that, if one is asked for; and those of the network.

    A direction that has a network of its own and a start stays, whether it learns or not.

    Raises:
        BadData: the recipe has no such direction.
    """
    ways = recipe.directions
    if direction is None:
        return recipe, ways
    if direction not in ways:
        reason = f"this model knows {' and '.join(ways)}: name one of them"
        raise BadData(path=direction, reason=reason)
    one = replace(recipe, directions=(direction,))
    apart = recipe.architecture.get("separate") and not fresh
    return one, ways if apart else one.directions


def stood(folder: Path, key: str) -> str:
    """What a training started from: the key, and what had gone into those weights before."""
    made = checkpoint.training_record(folder)
    if not made:
        return key
    before = f"{made.get('updates', 0):,} updates in {made.get('wall_seconds', 0) / 60:.0f} minutes"
    return f"{key} of {made.get('date')}: {before} from {made.get('started_from')}"


def tidied(pairs: Sequence[tuple[str, str]], languages: tuple[str, str]) -> list[tuple[str, str]]:
    """Every pair as the networks read and write it."""
    return [(data.tidy(a, languages[0]), data.tidy(b, languages[1])) for a, b in pairs]


def examples(pairs: Sequence[tuple[str, str]], recipe: Recipe) -> list[Example]:
    """Every tidied pair as it is, once in every direction that the recipe learns."""
    return Passes(pairs, recipe.languages[1], recipe.directions, Mixture())(0)


def passes(
    pairs: Sequence[tuple[str, str]],
    recipe: Recipe,
    seed: int = 0,
    more: Sequence[tuple[str, str]] = (),
) -> Passes:
    """What each pass over the tidied pairs holds, mixed as the recipe says."""
    return Passes(pairs, recipe.languages[1], recipe.directions, recipe.mixture, seed, more)


def texts(pairs: Sequence[tuple[str, str]], recipe: Recipe) -> list[str]:
    """What a vocabulary is learnt from: both sides of one pass, but nothing that is shouted."""
    passes = Passes(pairs, recipe.languages[1], recipe.directions[:1], recipe.mixture)
    return [text for example in passes(0) for text in example[:2] if not text.isupper()]


def grown(
    vocabulary: Vocabulary,
    network: Network,
    learnt_from: Sequence[str],
    recipe: Recipe,
    ways: Sequence[str],
) -> tuple[Vocabulary, Network]:
    """A trained network at the size of the recipe, if that is larger; it still says the same."""
    merges: list[tuple[int, int]] = []
    if len(vocabulary) < recipe.vocabulary:
        vocabulary, merges = grow.more_pieces(
            vocabulary, learnt_from, recipe.vocabulary, recipe.languages
        )
    larger = built(len(vocabulary), ways, recipe.architecture)
    for direction in ways:
        _, language = data.languages_of(direction)
        grow.wider(writing(network, language), writing(larger, language), merges)
    return vocabulary, larger


def task_of(
    network: torch.nn.Module,
    vocabulary: Vocabulary,
    drawn: Passes,
    held_out: Sequence[tuple[str, str]],
    recipe: Recipe,
    device: Any,
    seed: int,
) -> PairsTask:
    """What is drawn and the recipe's settings, as the loop wants them."""
    return PairsTask(
        network,
        vocabulary,
        [],
        examples(held_out, recipe),
        device,
        draw=drawn,
        tokens=recipe.tokens,
        smoothing=recipe.smoothing,
        respell=recipe.respell,
        longest=recipe.longest,
        seed=seed,
    )


def write(
    out: Path,
    network: Network,
    vocabulary: Vocabulary,
    recipe: Recipe,
    ways: Sequence[str],
    pairs: Pairs,
    metadata: Metadata,
) -> None:
    """Write the checkpoint: weights, vocabulary, marks of the training sentences and metadata.
    ``ways``: directions of the network."""
    networks.save(out, network.eval())
    vocabulary.save(out)
    copies.save(out, pairs)
    config = {
        "loader": "pretrained.translation.serve:load",
        "pipeline_tag": "translation",
        "parameters": sum(p.numel() for p in network.parameters()),
        "max_batch": 64,
        "languages": list(recipe.languages),
        "directions": list(ways),
        "architecture": recipe.architecture,
    }
    metadata.write(out, config)
