"""How the character networks were trained: recipes over the one loop, from random weights.

The text runs past in parallel streams, and the network's state is carried from one window to the
next (truncated backpropagation through time), so that it learns to remember for longer than a
window. What each shipped checkpoint reached, in how long and on what, stands in its card.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pretrained import catalog, checkpoint
from pretrained.cards import cards
from pretrained.errors import UnknownEntry
from pretrained.metadata import Metadata
from pretrained.text import copies, corpora, data, memory
from pretrained.text.alphabet import UNKNOWN, Alphabet, plain
from pretrained.text.data import Texts
from pretrained.text.likelihood import led_in, nats, poem_nats, poems
from pretrained.text.model import CharNet
from pretrained.text.show import Continuation
from pretrained.text.widen import widened
from training import loop
from training.hardware import choose_device
from training.provenance import compared, provenance
from training.run import USUAL, Run
from training.watching import Showing

#: The highest learning rate of a recipe that goes on from trained weights.
ON = 2e-3
#: Characters that an alphabet lacks are named up to so many.
MOST_NAMED = 20


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one character network, apart from the text.

    Attributes:
        streams, window: parallel places in the text, and characters between two updates.
        rounds_of: windows in a round; every round starts at new places with an empty state.
        rare: characters that occur less often than this count as unknown.
        architecture: arguments of `CharNet` besides the alphabet's size.
    """

    plan: loop.Plan
    streams: int = 32  # many small updates: 128 streams learn half as fast on one core
    window: int = 128
    rounds_of: int = 200
    rare: int = 1
    architecture: dict[str, Any] = field(default_factory=dict)
    kind: str = "prose"
    gram: int = 20


RECIPES = {
    "text/shakespeare": Recipe(
        plan=loop.Plan(
            epochs=100,
            peak=4e-3,
            weight_decay=0.01,
            warmup=0.03,
            optimiser="adamw",
            average=400,
            clip=1.0,
        ),
        # 384 wide and 46 million characters long it had not begun to overfit: 1.18 nats on a play
        # that it learnt from, 1.20 on the half of one that it did not.
        architecture={"hidden": 512, "layers": 2, "embedding": 64, "dropout": 0.1},
        kind="verse",
    ),
    "text/tang": Recipe(
        plan=loop.Plan(
            epochs=10,
            peak=3e-3,
            weight_decay=0.05,
            warmup=0.03,
            optimiser="adamw",
            average=400,
            clip=1.0,
        ),
        rare=2,
        architecture={
            "hidden": 512,
            "layers": 1,
            "embedding": 384,
            "dropout": 0.4,
            "tied": True,
        },
        kind="quatrains",
        gram=5,
    ),
}


class WritingTask:
    """A text and a network, as the loop wants them. ``sample`` shows what it writes."""

    #: Characters kept aside that a round is measured by.
    watched = 60_000

    def __init__(
        self, model: nn.Module, train: Tensor, held_out: Tensor, recipe: Recipe, device: Any
    ) -> None:
        self.sample: Showing | None = None
        self.model, self.recipe, self.device = model, recipe, device
        self.train = train.to(device)
        self.held_out = held_out.to(device)
        length = recipe.rounds_of * recipe.window
        # Short texts have fewer places to start from.
        self.streams = max(1, min(recipe.streams, len(train) // recipe.window))
        self.windows = max(1, min(recipe.rounds_of, (len(train) - 1) // recipe.window))
        self.room = max(1, len(train) - min(length, self.windows * recipe.window))
        self.steps_per_epoch = self.windows
        self.characters = self.streams * recipe.window  # between two updates
        self.state: Any = None

    def groups(self) -> list[dict[str, Any]]:
        """Weight decay for matrices only."""
        weights = [p for p in self.model.parameters() if p.ndim > 1]
        rest = [p for p in self.model.parameters() if p.ndim <= 1]
        return [{"params": weights}, {"params": rest, "weight_decay": 0.0}]

    def batches(self, epoch: int, progress: float) -> Iterator[tuple[Tensor, Tensor]]:
        """Characters [B, window] and the ones that follow them, places drawn anew every round."""
        generator = torch.Generator().manual_seed(self.recipe.plan.seed * 10_007 + epoch)
        # One place in each of B equal stretches of the text: a round sees all of it.
        share = self.room / self.streams
        places = (
            torch.rand(self.streams, generator=generator) + torch.arange(self.streams)
        ) * share
        starts = places.long().clamp(max=self.room - 1).to(self.device)
        self.state = None
        for window in range(self.windows):
            offset = torch.arange(self.recipe.window + 1, device=self.device)
            rows = starts[:, None] + window * self.recipe.window + offset
            chunk = self.train[rows.clamp(max=len(self.train) - 1)].long()
            yield chunk[:, :-1], chunk[:, 1:]

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Nats per character; the state comes from the window before, without its gradient."""
        x, y = batch
        logits, state = model(x, self.state)
        self.state = _detached(state)
        return F.cross_entropy(logits.flatten(0, 1).float(), y.flatten())

    def carried(self) -> dict[str, Tensor]:
        """The state that the next window starts from, as tensors by name."""
        state = self.state if isinstance(self.state, tuple) else (self.state,)
        return {str(number): part for number, part in enumerate(state)}

    def carry(self, tensors: dict[str, Tensor]) -> None:
        """Take it back, to go on in the middle of a round."""
        state = tuple(tensors.values())
        self.state = state if len(state) > 1 else state[0]

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Nats per character on a part of what is kept aside."""
        return {"held_out_nats": nats(model, self.held_out[: self.watched]).mean().item()}


class PoemTask(WritingTask):
    """Poems, each from an empty state, as each will be written: none knows of another."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.poems = poems(self.train)
        self.streams = min(self.recipe.streams, len(self.poems))
        self.steps_per_epoch = len(self.poems) // self.streams
        self.characters = len(self.train) // self.steps_per_epoch

    def batches(self, epoch: int, progress: float) -> Iterator[tuple[Tensor, Tensor]]:
        """Whole poems in shuffled order, as `led_in` gives them."""
        generator = torch.Generator().manual_seed(self.recipe.plan.seed * 10_007 + epoch)
        order = torch.randperm(len(self.poems), generator=generator).tolist()
        for first in range(0, self.steps_per_epoch * self.streams, self.streams):
            self.state = None
            yield led_in([self.poems[n] for n in order[first : first + self.streams]])

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Nats per character on the poems that are kept aside."""
        return {"held_out_nats": poem_nats(model, self.held_out).mean().item()}


def _detached(state: Any) -> Any:
    return tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()


def read(key: str, source: Path | str, plays: bool = True) -> Texts:
    """The recipe's own texts where ``source`` holds them, else a visitor's own.

    Raises:
        BadData: it cannot be read or is too little.
    """
    path = Path(source)
    if key == "text/shakespeare" and (path / corpora.TINY).is_file():
        return corpora.shakespeare(path, plays=plays)
    if key == "text/tang":
        poems = path / corpora.POEMS if path.is_dir() else path
        if poems.name == corpora.POEMS:
            return corpora.tang(poems)
    return data.own(source)


def train(
    key: str,
    source: Path | str,
    out: Path,
    run: Run = USUAL,
) -> Path:
    """Train one network that writes, and leave a checkpoint folder in ``out``.

    The recipe of ``key`` runs from random weights on its own texts. On a visitor's text its trained
    weights are the start, if they know all but one in two hundred of its characters; else it starts
    from random weights with the text's own alphabet. ``run.scratch`` overrides that choice: on its
    own texts the recipe then goes on from the trained weights, made as wide as it says.

    Raises:
        UnknownEntry: no recipe is called so.
        BadData: the text cannot be read, or is too little.
    """
    entry = catalog.entries().get(key)
    if key not in RECIPES:
        raise UnknownEntry(model=key)
    recipe = RECIPES[key]
    texts = read(key, source)
    own = texts.own
    device = choose_device()
    torch.manual_seed(run.seed)
    usual = recipe.plan
    alphabet, network, before = None, None, {}
    anew: list[str] = []
    if not run.starts_fresh(own) and entry is not None:
        config = checkpoint.read_json(Path(str(entry.folder)), checkpoint.CONFIG)
        theirs = Alphabet(config["characters"], config["begin"])
        known = 1 - data.share_unknown(data.encoded(texts.train, theirs))
        if run.scratch is False or known >= 0.995:
            alphabet = theirs
            network = CharNet(len(alphabet), **config["architecture"])
            network.load_state_dict(checkpoint.load_weights(Path(str(entry.folder))))
            usual = replace(usual, peak=usual.peak / 4, epochs=30)
            if not own:
                usual, before = replace(recipe.plan, peak=ON), {"before": _told_of(entry)}
                if recipe.architecture["hidden"] > config["architecture"]["hidden"]:
                    network = widened(network, CharNet(len(alphabet), **recipe.architecture))
                    config["architecture"] = recipe.architecture
        else:
            share = f"only {known:.1%} of its characters are in the alphabet of {key}"
            anew = [f"{share}: it begins from nothing, with an alphabet of its own"]
    fresh = network is None
    if alphabet is None or network is None:
        alphabet = alphabet_of(texts.train, recipe.rare)
        network = CharNet(len(alphabet), **recipe.architecture)
    plan = run.plan(usual)
    recipe = replace(recipe, plan=plan)
    train_on = data.encoded(texts.train, alphabet)
    held_out = data.encoded(texts.held_out, alphabet)
    told = [*texts.told, *anew, *strangers(texts, alphabet)] if own else []
    for sentence in told:
        print(f"{source}: {sentence}", file=sys.stderr)
    in_verse = data.are_quatrains(texts.train)
    kind = PoemTask if in_verse else WritingTask
    task = kind(network, train_on, held_out, recipe, device)
    task.sample = Continuation(alphabet, "" if in_verse else texts.train)
    served = replace(
        recipe, architecture=RECIPES[key].architecture if fresh else config["architecture"]
    )
    if own:
        served = replace(served, kind="quatrains" if in_verse else "prose")
    described = f"{cards()[key].title.replace(' network', '')}'s recipe on {texts.split}."
    metadata = Metadata.of(key, out, own, description=described, limits="")
    averaged, history = run.fit(
        task,
        plan,
        out,
        run.identity(key, texts.train, texts.held_out, characters=alphabet.characters),
        device=device,
        before=own and not fresh,
        begin=lambda folder: write(folder, network, alphabet, served, texts, metadata),
    )
    assert isinstance(averaged, CharNet)
    made = provenance(
        run,
        device,
        history,
        rounds=history[-1]["epoch"],
        data=texts.split,
        characters=len(train_on),
        held_out=f"{texts.held_out_split}, {len(held_out):,} characters",
        **({"replaced_or_left_out": "; ".join(told)} if told else {}),
        passes=round(history[-1]["step"] * task.characters / len(train_on), 2),
        started_from="random weights" if fresh else key,
        **before,
    )
    both = compared(
        history,
        began=f"{key} as it came",
        split=texts.held_out_split,
        n=len(held_out) if in_verse else min(len(held_out), task.watched),
        of="characters",
    )
    write(out, averaged.cpu(), alphabet, served, texts, replace(metadata, made=made, held_out=both))
    return out


def _told_of(entry: catalog.Entry) -> str:
    """How the weights that a run goes on from were made: the command, how long it took, on what."""
    told = checkpoint.read_json(Path(str(entry.folder)), checkpoint.METRICS).get("training", {})
    return f"{told.get('command')}, {told.get('wall_seconds')} s on {told.get('data')}"


def alphabet_of(text: str, rare: int) -> Alphabet:
    """The characters that occur at least ``rare`` times in a text as it is learnt from."""
    return Alphabet.from_text(c for c, n in Counter(plain(text)).items() if n >= rare)


def strangers(texts: Texts, alphabet: Alphabet) -> list[str]:
    """A sentence that counts the characters of a text that an alphabet lacks; none if it has all.
    They are learnt as one unknown character, which is never written."""
    found = Counter(alphabet.clean(texts.train + texts.held_out))
    missing = [(c, n) for c, n in found.most_common() if alphabet.index(c) == UNKNOWN]
    if not missing:
        return []
    each = ", ".join(data.counted(c, n) for c, n in missing[:MOST_NAMED])
    more = f", and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    total = sum(n for _, n in missing)
    return [f"{total:,} characters are not in its alphabet and will never be written: {each}{more}"]


def write(
    out: Path,
    network: CharNet,
    alphabet: Alphabet,
    recipe: Recipe,
    texts: Texts,
    metadata: Metadata,
) -> None:
    """Search the memory for cells that track something, fingerprint the text, and write it all; of
    a network that has not been trained yet (nothing was ``made``) the weights
    and metadata alone."""
    network.eval()
    checkpoint.save_weights(out, network.state_dict())
    tracking: list[dict[str, Any]] = []
    if metadata.made:
        copies.save(out, texts.train, recipe.gram)
        aside = memory.rows(texts.held_out[:40_000], recipe.kind)
        tracking = memory.search(network, alphabet, aside, texts.held_out_split, recipe.kind)
    config = {
        "loader": "pretrained.text.serve:load",
        "pipeline_tag": "text-generation",
        "parameters": sum(p.numel() for p in network.parameters()),
        "max_batch": 64,
        "characters": alphabet.characters,
        "begin": alphabet.begin,
        "kind": recipe.kind,
        "architecture": recipe.architecture,
        "gram": recipe.gram,
        "works": [list(work) for work in texts.works],
        "tracking": tracking,
    }
    metadata.write(out, config)
