"""Fine-tuning a language model of the Hub on a visitor's own text, by LoRA over the one loop."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pretrained import checkpoint, lora
from pretrained.catalog import Entry, Progress
from pretrained.lora import RANK, SCALE
from pretrained.text import causal_data
from pretrained.text.causal import build, fetch, origin
from training import loop
from training.provenance import provenance
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


class WriterTask:
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
        source: a text or JSONL file, or a folder of such, as `causal_data.documents` reads them.
        progress: of the download, where the model is not on this machine yet.

    Raises:
        BadData: the text cannot be read, or is too little.
        HubOffline and its kin: the weights have to be downloaded, and that failed.
        MissingDependency: peft is not installed.
    """
    texts, told = causal_data.documents(source)
    for sentence in told:
        print(f"{source}: {sentence}", file=sys.stderr)
    folder = fetch(entry, progress)
    base = origin(entry, folder)
    network, tokens = build(folder, torch.device("cpu"), attention="sdpa")
    torch.manual_seed(run.seed)
    model = Adapter.of(network)
    ids = causal_data.stream(texts, tokens)
    window = min(WINDOW, (len(ids) - 1) // 4)  # a short text has four rows all the same
    aside = window * max(1, min(HELD_OUT, len(ids) // window // 10))
    learn = causal_data.windows(ids[:-aside], window)
    held_out = causal_data.windows(ids[-aside - 1 :], window)
    characters = sum(len(tokens.decode(row[1:].tolist())) for row in held_out)
    steps = max(1, len(learn) // BATCH)
    usual = loop.Plan.gentle(max(EPOCHS, math.ceil(STEPS / steps)), PEAK)
    plan = run.plan(usual)
    task = WriterTask(model, learn, held_out, max(1, characters), plan)
    device = loop.choose_device()
    before = task.evaluate(deepcopy(model.to(device)))
    learnt, history = run.fit(task, plan, out, run.identity(entry.key, texts), device=device)
    assert isinstance(learnt, Adapter)
    checkpoint.save_weights(out, learnt.state())
    name = out.resolve().name
    split = f"{Path(source).name}, {len(texts)} text{'' if len(texts) == 1 else 's'}"
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
        held_out_nats_per_char_before=round(before["held_out_nats_per_char"], 4),
        held_out_nats_per_char=history[-1]["held_out_nats_per_char"],
    )
    config = {
        "key": f"text/{name}",
        "title": name,
        "loader": "pretrained.text.causal_adapter:load",
        "licence": entry.licence,
        "pipeline_tag": "text-generation",
        "description": f"{entry.title}, fine-tuned on {split}. These are the changes only: the "
        "app adds them to the model that they were learnt on.",
        "parameters": entry.parameters,
        "max_batch": entry.max_batch,
        "base": base,
        "lora": {"rank": RANK, "scale": SCALE},
    }
    checkpoint.write_papers(out, config, made, {})
    return out
