"""Writer identification: does the pen keep a hand? A classifier says whose a writing looks like.

    python -m experiments.writer_id --data DIR [--minutes M] [--classifier DIR]

The classifier, trained apart, tells the training writers apart by their strokes. Each shipped hand
is a point among its embeddings, the mean of real lines; a writing belongs to the nearest. Beside
the pen's samples stand real lines of the same hands that the classifier, unlike the pen, has not
learnt from, samples of the pen in nobody's hand, and chance. The figures go into the pen's
metrics.json.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import torch.nn.functional as F
import typer
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from pretrained import catalog, checkpoint, metrics
from pretrained.handwriting import data, strokes, tasks
from pretrained.handwriting.data import Writing
from pretrained.handwriting.read import smooth
from pretrained.handwriting.reader import FEATURES, BothWays, describe
from pretrained.handwriting.tasks import device_of
from training import loop

#: Share of each writer's rows that the classifier does not learn from.
ASIDE = 0.2
#: Points of a line that is judged: two or three words.
LINE = (60, 120)
#: What is judged, as the card names it.
SPLIT = "lines of training writers: new to the judge, not to the pen"
#: Lines of each hand, real or written.
EACH = 25


class WriterClassifier(nn.Module):
    """Points in, an embedding of the hand and the logits of the training writers out."""

    def __init__(self, writers: int, width: int = 64, units: int = 96, size: int = 64) -> None:
        super().__init__()
        self.near = nn.Conv1d(FEATURES, width, 5, stride=2, padding=2)
        self.layer = BothWays(width, units)
        self.embed = nn.Linear(2 * units, size)
        self.head = nn.Linear(size, writers)

    def embedding(self, points: Tensor, lengths: Tensor) -> Tensor:
        """Points [B, T, 3] to unit vectors [B, size]."""
        x = F.gelu(self.near(describe(points, lengths).transpose(1, 2))).transpose(1, 2)
        lengths = (lengths - 1) // 2 + 1
        inside = (torch.arange(x.shape[1], device=x.device) < lengths[:, None])[..., None]
        mean = (self.layer(x, lengths) * inside).sum(1) / lengths[:, None]
        return F.normalize(self.embed(mean).float(), dim=1)

    def forward(self, points: Tensor, lengths: Tensor) -> Tensor:
        """Points [B, T, 3] to logits [B, writers]."""
        logits: Tensor = self.head(16 * self.embedding(points, lengths))
        return logits


class WriterTask:
    """Telling writers apart, as the training loop wants it."""

    def __init__(self, train: Sequence[Writing], aside: Sequence[Writing], seed: int) -> None:
        self.writers = sorted({one.writer for one in train})
        self.number = {writer: n for n, writer in enumerate(self.writers)}
        self.model: nn.Module = WriterClassifier(len(self.writers))
        self.lines = tasks.Lines(train, seed, 6000, ((1.0, *LINE),))
        self.aside = lines_of(aside, seed)
        self.steps_per_epoch = tasks.ROUND

    def groups(self) -> list[dict[str, Any]]:
        """All alike."""
        return [{"params": list(self.model.parameters())}]

    def batches(self, epoch: int, progress: float) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Points, their numbers, and the writers."""
        for _ in range(self.steps_per_epoch):
            rows = self.lines.take(progress)
            points, lengths = padded([one.points for one in rows])
            points[..., :2] += 0.02 * torch.randn_like(points[..., :2])
            yield points, lengths, torch.tensor([self.number[one.writer] for one in rows])

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Cross-entropy over the training writers."""
        points, lengths, writers = (part.to(device_of(model)) for part in batch)
        return F.cross_entropy(model(points, lengths), writers, label_smoothing=0.1)

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Share of lines kept aside whose writer, of all training writers, is found."""
        right = 0
        for begin in range(0, len(self.aside), 64):
            rows = self.aside[begin : begin + 64]
            points, lengths = padded([one.points for one in rows])
            device = device_of(model)
            found = model(points.to(device), lengths.to(device)).argmax(1).tolist()
            right += sum(n == self.number[one.writer] for n, one in zip(found, rows, strict=True))
        return {"aside_top1": right / len(self.aside)}


def padded(points: Sequence[Any]) -> tuple[Tensor, Tensor]:
    """Writings as one tensor, and their numbers of points."""
    rows = [torch.from_numpy(np.asarray(each, np.float32)) for each in points]
    return pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])


def divided(writings: Sequence[Writing], seed: int = 0) -> tuple[list[Writing], list[Writing]]:
    """Each writer's rows in those to learn from and those kept aside."""
    random = np.random.default_rng(seed)
    train, aside = [], []
    by_writer = defaultdict(list)
    for one in writings:
        by_writer[one.writer].append(one)
    for rows in by_writer.values():
        few = round(ASIDE * len(rows)) if len(rows) >= 10 else 0
        order = random.permutation(len(rows))
        aside += [rows[i] for i in order[:few]]
        train += [rows[i] for i in order[few:]]
    return train, aside


def lines_of(writings: Sequence[Writing], seed: int) -> list[Writing]:
    """Lines of the length that is judged."""
    random = np.random.default_rng(seed)
    found = data.lines(writings, random, shortest=LINE[0], longest=LINE[1])
    return [one for one in found if len(one) >= LINE[0] // 2]


@torch.no_grad()
def embeddings(classifier: WriterClassifier, drawn: Sequence[Any]) -> Tensor:
    """Unit vectors [N, size] of writings given as the pen gives them (x, y, up; absolute)."""
    found = []
    for each in drawn:
        points = strokes.resample(strokes.blind(smooth(each)))
        found.append(classifier.embedding(*padded([points]))[0])
    return torch.stack(found)


def agreement(found: Tensor, centres: Tensor, own: Sequence[int]) -> dict[str, float]:
    """How often the nearest hand is the own one, with its 95% interval over writings."""
    right = ((found @ centres.T).argmax(1) == torch.tensor(own)).numpy().astype(np.int64)
    each = [np.array([n]) for n in range(len(right))]
    return metrics.ratio_of_sums(right, np.ones(len(right), np.int64), each)


def measure(
    classifier: WriterClassifier, pen: Any, rows: dict[int, tuple[list[Writing], list[Writing]]]
) -> list[dict[str, Any]]:
    """The figures for ``metrics.json``.

    Args:
        rows: for each shipped hand the real lines that the classifier has learnt from, and the
            others.
    """
    hands = sorted(rows)
    centres = torch.stack(
        [
            embeddings(classifier, [o.absolute() for o in rows[h][0][: 2 * EACH]]).mean(0)
            for h in hands
        ]
    )
    centres = F.normalize(centres, dim=1)
    real = [(n, one) for n, h in enumerate(hands) for one in rows[h][1][:EACH]]
    own = [n for n, _ in real]
    jobs = [{"text": one.text, "style": n, "seed": i} for i, (n, one) in enumerate(real)]
    sampled = [answer["points"] for answer in pen.predict(jobs)]
    nobody = [
        answer["points"]
        for answer in pen.predict([{"text": job["text"], "seed": job["seed"]} for job in jobs])
    ]
    # As a visitor's own hand is carried on: by one line that the pen has just read, no vector.
    read = [rows[hands[n]][0][i % len(rows[hands[n]][0])] for i, n in enumerate(own)]
    live = [
        {
            "text": job["text"],
            "seed": job["seed"],
            "strokes": smooth(line.absolute()),
            "written": line.text,
        }
        for job, line in zip(jobs, read, strict=True)
    ]
    carried = [answer["points"] for answer in pen.predict(live)]

    def row(name: str, drawn: Sequence[Any], said: str) -> dict[str, Any]:
        figure = agreement(embeddings(classifier, drawn), centres, own)
        return {"name": name, "metric": "hand", **figure, "n": len(drawn), "split": said}

    chance = 1 / len(hands)
    return [
        row(f"nearest of {len(hands)} hands is the own one: the pen", sampled, f"texts of {SPLIT}"),
        row("the same for real writing", [one.absolute() for _, one in real], SPLIT),
        row("the same for the pen after reading a line, no vector", carried, f"texts of {SPLIT}"),
        row("the same for the pen in nobody's hand", nobody, f"texts of {SPLIT}"),
        {
            "name": "the same by chance",
            "metric": "hand",
            "value": chance,
            "low": chance,
            "high": chance,
            "n": len(own),
            "split": SPLIT,
        },
    ]


def main(
    data_: Annotated[Path, typer.Option("--data", help="The data that the pen was trained on.")],
    run: Annotated[Path, typer.Option("--classifier", help="Folder of its run.")] = Path(
        "runs/writer-id"
    ),
    minutes: Annotated[float, typer.Option(help="Wall-clock budget of the classifier.")] = 6.0,
    folder: Annotated[Path | None, typer.Option(help="A pen checkpoint.")] = None,
) -> None:
    """Train the classifier unless it is there, measure the pen, and keep the figures."""
    folder = folder or catalog.folder_of("handwriting/pen")
    pen = catalog.from_folder(folder, "handwriting/pen").load("cpu")
    writings, _ = data.read(data_, "train", blind=True)
    network = trained(writings, run, minutes)
    figures = measure(network, pen, lines_by_style(pen, writings))
    checkpoint.keep_ablation(folder, figures, "experiments.writer_id")
    for figure in figures:
        print(
            f"{figure['name']}: {figure['value']:.3f} ({figure['low']:.3f} to "
            f"{figure['high']:.3f}), n {figure['n']}"
        )


def trained(
    writings: Sequence[Writing], run: Path, minutes: float, seed: int = 0
) -> WriterClassifier:
    """The classifier of a run, trained first if there is none."""
    torch.manual_seed(seed)
    train, aside = divided(writings)
    task = WriterTask(train, aside, seed)
    plan = loop.Plan(
        epochs=12, peak=3e-3, weight_decay=0.02, optimiser="adamw", minutes=minutes, clip=1.0
    )
    if (run / "state.pt").exists():
        state = torch.load(run / "state.pt", map_location="cpu", weights_only=True)
        task.model.load_state_dict(state["averaged"])
        network = task.model.eval()
    else:
        network, _ = loop.fit(task, plan, run)
    assert isinstance(network, WriterClassifier)
    return network.cpu()


def lines_by_style(
    pen: Any, writings: Sequence[Writing]
) -> dict[int, tuple[list[Writing], list[Writing]]]:
    """Lines of the writers of the shipped hands: learnt from, and kept aside."""
    train, aside = divided(writings)
    found = {}
    for n, style in enumerate(pen.config["styles"]):
        parts = ([one for one in part if one.writer == style["writer"]] for part in (train, aside))
        found[n] = tuple(lines_of(part, 1) for part in parts)
    return found  # type: ignore[return-value]


if __name__ == "__main__":
    typer.run(main)
