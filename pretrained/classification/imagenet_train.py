"""Pictures of one's own, learnt by a network that knows a thousand kinds of thing already.

Two steps. What the network says of every picture is computed once, and a linear head on it is
fitted in seconds. Then, unless ``head_only``, the whole network learns on from there, layer by
layer slower towards the pixels: those layers know enough already (Yosinski et al. 2014, arXiv
1411.1792; Kornblith et al. 2019, arXiv 1805.08974).
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pretrained import checkpoint
from pretrained.catalog import Entry
from pretrained.classification import calibration, chinese, data
from pretrained.classification.data import Pictures
from pretrained.classification.efficientnet import HEAD, EfficientNetLite0, normalised
from pretrained.classification.imagenet import SelfNormalising, network
from pretrained.classification.show import confusion
from pretrained.classification.sources import Listing, listing
from pretrained.classification.tasks import FineTuneTask, Recipe, logits, measured
from pretrained.errors import BadData
from training import loop, resume
from training.errors import BadOption, CannotResume
from training.hardware import choose_device, precision
from training.provenance import provenance
from training.run import USUAL, Run
from training.watching import Watch

# Side in pixels, by the sides of the pictures: what is small is enlarged, but not to 224 pixels,
# where each pass takes four times as long as at 112.
SMALL, USUAL_SIZE, TINY = 112, 160, 64
BATCH = 32
# AdamW rates and a decay at which fine-tuning commonly starts; nobody has tuned them here.
PEAK, PEAK_SCRATCH = 1e-3, 3e-3
LAYER_DECAY = 0.7  # the rate of each stage, as a share of that of the stage above it
EPOCHS = 8
STEPS = 200  # at least, however few the pictures
HELD_OUT = 0.1
LEAST_TO_CALIBRATE = 50
PENALTIES = (1e-1, 1e-2, 1e-3, 1e-4)  # of the head's squared weights


class LiteTask(FineTuneTask):
    """The network with a new head, a little dropout before it.

    ``keep_statistics``: normalise by what the network learnt of a million photographs, not by a
    batch. With 20 flowers a class it named 79% of 350 others of the train split rightly, 72%
    without, the head alone 77%.
    """

    def __init__(self, *arguments: Any, keep_statistics: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.keep_statistics = keep_statistics

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        """As for training, but for the statistics that are kept."""
        if self.keep_statistics:
            for module in model.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return super().loss(model, batch)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Accuracy and loss on the pictures kept aside."""
        self.scores = logits(model, self.held_out, self.device, BATCH)
        return measured(self.scores, self.held_out.labels)


def train(entry: Entry, source: Path | str, out: Path, run: Run = USUAL) -> Path:
    """Fine-tune EfficientNet-Lite0 and leave a checkpoint folder in ``out`` that the app can serve.

    Args:
        source: as `sources.listing` takes it, for instance a folder with one sub-folder a class.
        run: ``scratch`` starts from random weights instead, to see what a head start is worth.

    Raises:
        BadData: the pictures cannot be read, or are too few.
        CannotResume: ``out`` holds another run.
        Refusal: the network's weights are not here and cannot be brought.
    """
    if run.head_only and run.scratch:
        raise BadOption("--head-only keeps what --scratch would throw away: leave one of them out")
    if run.head_only and (out / resume.STATE).exists():
        raise CannotResume(out, "it is of the whole network")
    torch.manual_seed(run.seed)
    started = time.monotonic()
    size = side_for(listing(source, "train"))
    pictures = data.read(source, "train", size)
    told = pictures.say()
    train_on, held_out = data.split_held_out(
        pictures,
        max(len(pictures.names), round(HELD_OUT * len(pictures))),
        run.seed,
        stratified=True,
    )
    device = choose_device()
    fresh = run.scratch is True
    body = EfficientNetLite0() if fresh else network()
    body.classifier = nn.Linear(HEAD, len(pictures.names))
    head: Fitted | None = None
    few = run.head_only and len(held_out) < LEAST_TO_CALIBRATE
    if not fresh and not (run.resume and (out / resume.STATE).exists()):
        head = fit_head(body, train_on, held_out, device, started, use_all=few)
    model: nn.Module = SelfNormalising(body)
    recipe = Recipe(size=size, plan=plan_for(run, len(train_on), fresh), batch=BATCH)
    if not run.head_only:
        # Small pictures first: cheaper, and enough for what is coarse.
        sizes = ((0.6, size * 3 // 4 // 8 * 8), (1.0, size))
        recipe = Recipe(size=size, plan=recipe.plan, batch=BATCH, augmentation="crop", sizes=sizes)
        task = LiteTask(
            model,
            train_on,
            held_out,
            recipe,
            device,
            groups=groups(body, fresh),
            head_only=False,
            keep_statistics=not fresh,
        )
        task.scores = head.scores if head else None
        begun = SelfNormalising(body)
        model, history = run.fit(
            task,
            recipe.plan,
            out,
            run.identity(entry.key, pictures.images, pictures.labels, classes=pictures.names),
            device=device,
            single=device.type == "cpu",
            before=head.row if head else False,
            begin=lambda folder: write(folder, entry, begun, pictures, None, size, {}, None),
        )
    else:
        assert head is not None
        history = [head.row]
        out.mkdir(parents=True, exist_ok=True)
        if run.watch:
            shown = confusion(head.scores, held_out)
            Watch(out).sample(lambda _: shown, model, 0)
        (out / checkpoint.HISTORY).write_text(json.dumps(history[0]) + "\n", "utf-8")
    assert isinstance(model, SelfNormalising)
    made = provenance(
        run,
        device,
        history,
        data=pictures.split,
        pictures=len(train_on),
        kept_aside=len(held_out),
        started_from="random weights" if fresh else entry.key,
        learnt="the last layer" if run.head_only else "every layer, lower ones at lower rates",
        held_out_top1=round(history[-1]["held_out_top1"], 4),
        **({} if run.head_only or history[0]["epoch"] else {"head": told_of(history[0])}),
        **({"refitted": "with what was kept aside, when that had been scored"} if few else {}),
        **told,
    )
    both = before_and_after(history, entry.key, held_out)
    write(out, entry, model.cpu(), pictures, held_out, size, made, both)
    return out


def told_of(row: dict[str, Any]) -> dict[str, Any]:
    """What the card tells of the head that was fitted first."""
    return {name: row[name] for name in ("epoch", "seconds", "held_out_top1", "held_out_loss")}


def before_and_after(
    history: list[dict[str, Any]], key: str, held_out: Pictures
) -> dict[str, Any] | None:
    """The figures of the new last layer as it came, of what was learnt in the end, and between
    them of the fitted ``head``, as `provenance.compared` gives them; None where no head was."""
    first, last = history[0], history[-1]
    if first["epoch"] != 0:
        return None
    names = ("top1", "loss")
    return {
        "began": f"{key} with a new last layer that had learnt nothing",
        "split": held_out.split,
        "n": len(held_out),
        "of": "pictures",
        "before": {name: first[f"untaught_{name}"] for name in names},
        "head": {name: first[f"held_out_{name}"] for name in names},
        "after": {name: last[f"held_out_{name}"] for name in names},
    }


def side_for(found: Listing) -> int:
    """The side that suits the pictures, from a few of them."""
    step = max(1, len(found.cells) // 25)
    sides = []
    for number in range(0, len(found.cells), step):
        try:
            sides.append(min(found.picture(number).size))
        except BadData:
            continue  # told when all are read
    median = sorted(sides)[len(sides) // 2] if sides else USUAL_SIZE
    return SMALL if median <= TINY else USUAL_SIZE


def plan_for(run: Run, count: int, fresh: bool) -> loop.Plan:
    """AdamW over a few passes, and more where there are few pictures."""
    epochs = max(EPOCHS, -(-STEPS // max(1, count // BATCH)))
    return run.plan(
        loop.Plan(
            epochs=epochs * (4 if fresh else 1),
            peak=PEAK_SCRATCH if fresh else PEAK,
            weight_decay=0.02,
            warmup=0.1,
            optimiser="adamw",
            average=20,
            clip=1.0,
        )
    )


def groups(body: EfficientNetLite0, fresh: bool) -> list[dict[str, Any]]:
    """Parameter groups, the head at full rate, each stage below at `LAYER_DECAY` of the next."""
    parts: list[list[nn.Module]] = [[body.classifier], [body.conv_head, body.bn2]]
    parts += [[stage] for stage in reversed(list(body.blocks))]
    parts.append([body.conv_stem, body.bn1])
    found = []
    for depth, modules in enumerate(parts):
        rate = 1.0 if fresh else LAYER_DECAY**depth
        every = [p for module in modules for p in module.parameters()]
        found.append({"params": [p for p in every if p.ndim > 1], "lr_scale": rate})
        norms = [p for p in every if p.ndim <= 1]
        found.append({"params": norms, "lr_scale": rate, "weight_decay": 0.0})
    return found


@dataclass(frozen=True)
class Fitted:
    """A head that was fitted: its row for the history, with the figures of the head as it came
    (``untaught_top1``, ``untaught_loss``), and its logits [N, classes] of what is kept aside."""

    row: dict[str, Any]
    scores: Tensor


def fit_head(
    body: EfficientNetLite0,
    train_on: Pictures,
    held_out: Pictures,
    device: torch.device,
    started: float = 0.0,
    *,
    use_all: bool = False,
) -> Fitted:
    """Fit ``body.classifier`` on what the rest says of each picture.

    With ``use_all`` it is fitted once more, with what was kept aside, when that has been scored:
    of five pictures a class the fifth is worth more to learn from than to measure by.
    """
    seen, unseen = (embeddings(body, part, device) for part in (train_on, held_out))
    with torch.no_grad():
        untaught = measured(body.classifier(unseen), held_out.labels)
    mean, std = seen.mean(0), seen.std(0) + 1e-3
    best: tuple[float, Tensor, Tensor] | None = None
    chosen = PENALTIES[0]
    for penalty in PENALTIES:
        weight, bias = regressed((seen - mean) / std, train_on.labels, len(train_on.names), penalty)
        scores = ((unseen - mean) / std) @ weight.T + bias
        loss = F.cross_entropy(scores, held_out.labels).item()
        if best is None or loss < best[0]:
            best, chosen = (loss, weight, bias), penalty
    assert best is not None
    _, weight, bias = best
    answers = ((unseen - mean) / std) @ weight.T + bias
    row = measured(answers, held_out.labels)
    row |= {name.replace("held_out", "untaught"): value for name, value in untaught.items()}
    if use_all:
        every = (torch.cat([seen, unseen]) - mean) / std
        labels = torch.cat([train_on.labels, held_out.labels])
        weight, bias = regressed(every, labels, len(train_on.names), chosen)
    weight = weight / std  # the scaling folded in, so that the head reads what the network says
    with torch.no_grad():
        body.classifier.weight.copy_(weight)
        body.classifier.bias.copy_(bias - weight @ mean)
    told = {
        "epoch": 0,
        "seconds": round(time.monotonic() - started, 1),
        **{name: round(value, 4) for name, value in row.items()},
    }
    print(json.dumps(told), file=sys.stderr, flush=True)
    return Fitted(told, answers)


@torch.no_grad()
def embeddings(body: EfficientNetLite0, pictures: Pictures, device: torch.device) -> Tensor:
    """What the classifier reads of every picture, [N, 1280] in single precision."""
    body = body.eval().to(device).to(memory_format=torch.channels_last)
    dtype = precision(device)
    found = []
    for images in pictures.images.split(BATCH):
        x = normalised(images.to(device).float() / 255).contiguous(
            memory_format=torch.channels_last
        )
        with torch.autocast(device.type, dtype, enabled=dtype is not torch.float32):
            found.append(body.embedding(body.blocks(body.stem(x))).float().cpu())
    body.cpu()
    return torch.cat(found)


def regressed(x: Tensor, labels: Tensor, classes: int, penalty: float) -> tuple[Tensor, Tensor]:
    """Logistic regression of several classes: weights [classes, D] and biases [classes]."""
    weight = torch.zeros(classes, x.shape[1], requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    search = torch.optim.LBFGS([weight, bias], max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        search.zero_grad()
        loss = F.cross_entropy(x @ weight.T + bias, labels) + penalty * weight.square().sum()
        loss.backward()
        return loss

    search.step(closure)
    return weight.detach(), bias.detach()


def write(
    out: Path,
    entry: Entry,
    model: SelfNormalising,
    pictures: Pictures,
    held_out: Pictures | None,
    size: int,
    made: dict[str, Any],
    both: dict[str, Any] | None,
) -> None:
    """Calibrate, where there is enough to do it on, and write the checkpoint folder."""
    enough = held_out is not None and len(held_out) >= LEAST_TO_CALIBRATE
    fitted: dict[str, Any] = {}
    if enough and held_out is not None:
        scores = logits(model, held_out, torch.device("cpu"), BATCH)
        fitted = calibration.calibrate(scores, held_out.labels, held_out.split)
    checkpoint.save_weights(out, model.network.state_dict())
    name = out.resolve().name
    config = {
        "key": f"classification/{name}",
        "title": name,
        "loader": "pretrained.classification.imagenet:load",
        "pipeline_tag": "image-classification",
        "licence": "unknown",
        "description": f"{entry.title}, fine-tuned on {pictures.split}.",
        "limits": f"It knows {len(pictures.names)} things and always answers one of them."
        + ("" if enough else " Too few pictures were kept aside to calibrate its probabilities."),
        "parameters": sum(p.numel() for p in model.parameters()),
        "max_batch": entry.max_batch,
        "classes": len(pictures.names),
        "size": size,
        "crop": 1.0,
        "temperature": fitted.get("temperature", 1.0),
        "unsure_below": fitted.get("unsure_below", 0.5),
        "calibrated": enough,
        "labels": list(pictures.names),
        "labels_zh": chinese.names(pictures.names),
    }
    checkpoint.write_metadata(out, config, made, fitted, held_out=both)
