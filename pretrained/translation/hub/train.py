"""Fine-tuning a translator of the Hub on a visitor's own pairs, over the one loop."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pretrained import checkpoint, own_files
from pretrained.catalog import Entry, Progress
from pretrained.errors import BadData
from pretrained.sources import hub
from pretrained.translation import columns, data, scores
from pretrained.translation.hub.entries import DIRECTIONS, FILES
from pretrained.translation.hub.search import logits, padded
from pretrained.translation.hub.serve import MarianTranslator, build
from pretrained.translation.hub.tokens import PieceWords
from pretrained.translation.tasks import batched
from training import loop
from training.hardware import choose_device
from training.provenance import provenance
from training.run import USUAL, Run

#: Where AdamW on such a model commonly starts when it is fine-tuned.
PEAK = 2e-5
#: Tokens of the targets in one batch; share of the probability spread over all tokens.
TOKENS, SMOOTHING = 800, 0.1
#: Passes over the pairs, but at least so many steps.
EPOCHS, STEPS = 3, 120
#: Tokens of the longest side that is learnt from.
LONGEST = 250
#: Pairs of those kept aside whose nll is measured, and sentences that are translated.
WATCHED, SCORED = 400, 100

Pair = tuple[list[int], list[int]]  #: the encoder's tokens, the decoder's


class FineTuneTask:
    """Pairs and a network of transformers, as the loop wants them.

    As in `tasks.PairsTask` the sources of a batch have one length, so that there is no padding.
    """

    def __init__(
        self, network: Any, words: PieceWords, train: Sequence[Pair], held_out: Sequence[Pair],
        seed: int,
    ) -> None:  # fmt: skip
        self.model: nn.Module = network
        self.pad, self.seed = words.pad, seed
        self.train = [pair for pair in train if max(map(len, pair)) <= LONGEST]
        self.held_out = [pair for pair in held_out if max(map(len, pair)) <= LONGEST]
        self.steps_per_epoch = len(batched(self.train, range(len(self.train)), TOKENS))

    def groups(self) -> list[dict[str, Any]]:
        """All that is learnt: a Marian's positions are not."""
        return [{"params": [p for p in self.model.parameters() if p.requires_grad]}]

    def batches(self, epoch: int, progress: float) -> Iterator[list[Pair]]:
        """Every pair once, in another order in every epoch."""
        rng = torch.Generator().manual_seed(self.seed * 10_007 + epoch)
        order = torch.randperm(len(self.train), generator=rng).tolist()
        lots = batched(self.train, order, TOKENS)
        for n in torch.randperm(len(lots), generator=rng).tolist():
            yield [self.train[one] for one in lots[n]]

    def loss(self, model: nn.Module, batch: list[Pair]) -> Tensor:
        """Mean nats per token, smoothed."""
        nll, count = self._nll(model, batch, SMOOTHING)
        return nll / count

    def _nll(self, model: Any, batch: list[Pair], smoothing: float) -> tuple[Tensor, int]:
        """Sum of the nats of what the decoder had to write, and its tokens."""
        device = next(model.parameters()).device
        sources = torch.tensor([source for source, _ in batch], device=device)
        given, _ = padded([target[:-1] for _, target in batch], self.pad, device)
        wanted, real = padded([target[1:] for _, target in batch], self.pad, device)
        out = model.model(input_ids=sources, decoder_input_ids=given, use_cache=False)
        token_logits = logits(model, out.last_hidden_state[real.bool()]).float()
        nll = F.cross_entropy(
            token_logits, wanted[real.bool()], label_smoothing=smoothing, reduction="sum"
        )
        return nll, len(token_logits)

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Nats per token of pairs that are kept aside."""
        model.eval()
        total, count = 0.0, 0
        for lot in batched(self.held_out, range(len(self.held_out)), TOKENS):
            nll, tokens = self._nll(model, [self.held_out[n] for n in lot], 0.0)
            total, count = total + nll.item(), count + tokens
        return {"held_out_nats": total / count}


def train(
    entry: Entry,
    source: Path | str,
    out: Path,
    run: Run = USUAL,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Fine-tune a Hub entry and leave in ``out`` a translator of its own, for the app to serve.

    Args:
        source: pairs, as `data.read` takes them. A model of many languages learns both ways
            between the two that they are in.
        progress: of the download, where the model is not on this machine yet.

    Raises:
        BadData: the pairs cannot be read, are too few, or are all too long.
        HubOffline and its kin: the weights have to be downloaded, and that failed.
    """
    assert entry.hub_id is not None
    known = DIRECTIONS[entry.key]
    others = {one for one in known[0].split("-") if one != "en"}
    languages = (
        ("en", others.pop()) if len(known) == 1 else languages_in(own_files.parts(source)[0])
    )
    directions = tuple(d for d in known if set(d.split("-")) == set(languages))
    pairs = data.read(source, languages)
    for sentence in pairs.told:
        print(sentence, file=sys.stderr, flush=True)
    base = hub.fetch(entry.hub_id, entry.revision, FILES, progress)
    told = checkpoint.read_json(base, checkpoint.CONFIG)
    network, words = build(base, told, known)
    held_out = _shuffled(pairs.held_out)
    task = FineTuneTask(
        network,
        words,
        spelled(words, pairs.every, directions),
        spelled(words, held_out[:WATCHED], directions),
        run.seed,
    )
    for split, kept in ((pairs.split, task.train), (pairs.held_out_split, task.held_out)):
        if not kept:
            reason = f"no pair of {split} has at most {LONGEST} tokens on each side"
            raise BadData(path=source, reason=f"{reason}: give shorter ones")
    usual = loop.Plan.gentle(max(EPOCHS, math.ceil(STEPS / task.steps_per_epoch)), PEAK, 0.01)
    device = choose_device()

    def measured(network: Any) -> dict[str, float]:
        served = MarianTranslator(network, words, entry.key, directions, str(device))
        bleu = {f"held_out_bleu_{d}": _bleu(served, held_out[:SCORED], d) for d in directions}
        return {**task.evaluate(network), **bleu}

    before = {name: round(value, 4) for name, value in measured(network).items()}
    name = out.resolve().name
    config = {
        "key": f"translation/{name}",
        "title": name,
        "loader": "pretrained.translation.hub.serve:load_tuned",
        "licence": entry.licence,
        "pipeline_tag": "translation",
        "description": f"{entry.title}, fine-tuned on {pairs.split}.",
        "parameters": entry.parameters or sum(p.numel() for p in network.parameters()),
        "max_batch": entry.max_batch,
        "directions": list(directions),
        "network": told,
    }

    def write(out: Path, network: nn.Module, made: dict[str, Any]) -> None:
        save(out, network, base)
        checkpoint.write_metadata(out, config, made, {})

    tuned, history = run.fit(
        task,
        run.plan(usual),
        out,
        run.identity(entry.key, pairs.every, pairs.held_out, classes=languages),
        device=device,
        before=before,
        begin=lambda folder: write(folder, network, {}),
    )
    after = measured(tuned)
    made = provenance(
        run,
        device,
        history,
        epochs=history[-1]["epoch"],
        data=pairs.split,
        pairs=len(pairs.every),
        started_from=f"{entry.hub_id} at {base.name}",
        held_out=f"{pairs.held_out_split}: nats of at most {WATCHED} pairs, "
        f"BLEU of at most {SCORED}",
        **{f"{figure}_before": value for figure, value in before.items()},
        **{figure: round(value, 4) for figure, value in after.items()},
    )
    write(out, tuned, made)
    return out


def languages_in(source: Path) -> tuple[str, str]:
    """The two languages of pairs that name them: columns, keys, or the first line of a table.

    Raises:
        BadData: they do not.
    """
    file = data.file_of(source, "train") if source.is_dir() else source
    choices = tuple(("en", other) for other in data.LANGUAGES if other != "en")
    if file.suffix.lower() in (".tsv", ".txt") and file.is_file():
        with file.open(encoding="utf-8-sig", errors="replace") as lines:
            cells = lines.readline().split("\t")
        for choice in choices:
            if columns.named(cells, choice):
                return choice
        reason = "begin it with a line that names the languages, such as en and fr with a tab"
        raise BadData(path=source, reason=f"this model knows many languages: {reason} between")
    for other in choices[:-1]:
        try:
            data.read(source, other)
        except BadData:
            continue
        return other
    return choices[-1]


def spelled(
    words: PieceWords, pairs: Sequence[tuple[str, str]], directions: Sequence[str]
) -> list[Pair]:
    """Token numbers of both sides of each pair, in each direction, with their marks and ends."""
    found = []
    for direction in directions:
        source, target = direction.split("-")
        for english, other in pairs:
            first, second = (english, other) if source == "en" else (other, english)
            read = words.spell(data.tidy(first, source), source)
            written = words.spell(data.tidy(second, target), target)
            found.append(
                (
                    [*words.lead(source, target), *read, words.end],
                    [*words.begin(target), *written, words.end],
                )
            )
    return found


def save(out: Path, network: nn.Module, base: Path) -> None:
    """Write weights and vocabulary: tables that several layers share once, and no positions, which
    are computed."""
    kept: dict[int, tuple[str, Tensor]] = {}
    for name, tensor in network.state_dict().items():
        if not name.endswith("embed_positions.weight"):
            kept.setdefault(tensor.data_ptr(), (name, tensor))
    checkpoint.save_weights(out, dict(kept.values()))
    for pattern in FILES[1:-1]:
        for file in base.glob(pattern):
            shutil.copyfile(file, out / file.name)


def _shuffled(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """In an order that has nothing to do with the file's, always the same."""
    order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(0)).tolist()
    return [pairs[n] for n in order]


def _bleu(served: MarianTranslator, pairs: Sequence[tuple[str, str]], direction: str) -> float:
    """BLEU of the translations of some pairs, as they are served."""
    source, target = direction.split("-")
    turned = [pair if source == "en" else pair[::-1] for pair in pairs]
    written = served.predict([text for text, _ in turned], source=source, target=target)
    scored = [data.Scored(text, (wanted,)) for text, wanted in turned]
    texts = [one["translation"] for one in written]
    return float(scores.metrics(texts, scored, target, draws=1)["bleu"]["value"])
