"""The bundled pen, adapted to one visitor's hand from some words that they wrote.

It keeps what it knows and gets one vector more, that of the new hand, which learns fast while the
rest moves a little: fifteen words say how somebody writes, and not how writing works. What that
does is measured on words kept aside, and by what the reader makes of the pen in that hand before
and after.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pretrained import catalog, checkpoint, own_files
from pretrained.cards import cards
from pretrained.errors import BadData, Refusal
from pretrained.handwriting import alphabet, data, evaluate, hand, reader, serve, strokes, styles
from pretrained.handwriting.data import Writing
from pretrained.handwriting.model import PenNet
from pretrained.handwriting.show import Phrase
from pretrained.handwriting.tasks import Lines, PenTask
from training import loop
from training.hardware import choose_device
from training.provenance import compared, provenance
from training.run import Run

KEY = "handwriting/pen"
#: Words or lines that are needed at least, and how many of them are for each one kept aside.
LEAST, EACH_ASIDE = 8, 5
#: Where they lie in a folder.
FILE = "writings.json"
#: Updates of one round, points of a batch, shortest and longest line in points.
ROUND, POINTS, SPAN = 20, 1500, (60, 220)
#: The hand's rate, as a share of the peak; the peak is that of all other weights.
HAND_RATE = 100.0
PLAN = loop.Plan(
    epochs=8, peak=1e-4, weight_decay=0.0, warmup=0.1, optimiser="adamw", average=20, clip=1.0
)
#: What the pen writes to be measured, together every letter, each from so many seeds.
TEXTS = (
    "the quick brown fox",
    "jumps over a lazy dog",
    "pack my box with jugs",
    "five dozen quizzes",
)
SEEDS = 3


def is_own(source: Path | str) -> bool:
    """Whether a path holds a visitor's own words, and no table of many writers."""
    path = Path(source)
    return path.suffix.lower() == ".json" or (path / FILE).is_file()


def read(source: Path | str, characters: str) -> tuple[list[Writing], tuple[str, ...]]:
    """A visitor's words, and sentences on those that were left out.

    Args:
        source: a JSON file, or a folder with `FILE`: a list of ``{"text", "strokes"}`` (or an
            object with such a list under ``writings``), the strokes as lists of points (x, y) in
            any unit, y down.

    Raises:
        BadData: it is no such file, or fewer than `LEAST` of them can be used.
    """
    path = Path(source) / FILE if Path(source).is_dir() else Path(source)
    text = own_files.text(path)
    try:
        rows = json.loads(text)
        rows = rows["writings"] if isinstance(rows, dict) else rows
        pairs = [(str(row["text"]), row["strokes"]) for row in rows]
    except (ValueError, TypeError, KeyError, RecursionError):
        reason = 'it is no list of objects with a "text" and its "strokes": write the words again'
        raise BadData(path=path.name, reason=reason) from None
    drawn, lost = [], []
    for meant, sent in pairs:
        spelled, _ = alphabet.spell(meant, characters)
        try:
            found = hand.checked(sent)
        except Refusal:
            lost.append(meant)
            continue
        size = strokes.size(found, spelled) if spelled else 0.0
        if size > 0:
            drawn.append((spelled, found, size))
        else:
            lost.append(meant)
    usual = float(np.median([size for _, _, size in drawn])) if drawn else 1.0
    kept = []
    for spelled, found, size in drawn:
        # As for the recipe: one word tells its size badly, so the usual size counts as much.
        one = data.place(spelled, 0, [s / np.sqrt(size * usual) for s in found])
        good = data.usable(one) and max(size / usual, usual / size) <= data.ODD_SIZE
        kept.append(one) if good else lost.append(spelled)
    told: tuple[str, ...] = ()
    if lost:
        named = ", ".join(repr(word) for word in lost[:5])
        told = (f"{len(lost)} of {len(pairs)} writings cannot be what their text says: {named}",)
    if len(kept) < LEAST:
        reason = f"it has {len(kept)} words that can be used, and {LEAST} are needed: write more"
        raise BadData(path=path.name, reason=". ".join([reason, *told]))
    return kept, told


class HandTask(PenTask):
    """Learning one more hand."""

    def __init__(self, net: PenNet, train: Sequence[Writing], aside: Sequence[Writing], seed: int):
        self.number, self.seed = net.hands.num_embeddings - 1, seed
        super().__init__(net, train, aside, {0: self.number}, self._lines(train, 0), nobody=0.0)
        self.steps_per_epoch = ROUND
        self.writings = train

    def groups(self) -> list[dict[str, Any]]:
        """The hands' vectors fast, of which only the new one is ever given; the rest slowly."""
        rest = [p for name, p in self.model.named_parameters() if not name.startswith("hands.")]
        return [{"params": [self.net.hands.weight], "lr_scale": HAND_RATE}, {"params": rest}]

    def batches(self, epoch: int, progress: float) -> Iterator[dict[str, Tensor]]:
        """One round, its lines put together anew."""
        self.lines = self._lines(self.writings, epoch)
        return super().batches(epoch, progress)

    def _lines(self, writings: Sequence[Writing], epoch: int) -> Lines:
        return Lines(writings, self.seed * 10_007 + epoch, POINTS, ((1.0, *SPAN),))


def train(source: Path | str, out: Path, run: Run) -> Path:
    """Adapt the bundled pen and leave a checkpoint folder in ``out``; its one hand is the new one.

    Raises:
        BadData: see `read`.
    """
    folder = catalog.folder_of(KEY)
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    writings, told = read(source, config["characters"])
    for sentence in told:
        print(f"{source}: {sentence}", file=sys.stderr)
    aside = writings[EACH_ASIDE - 1 :: EACH_ASIDE]
    train_on = [one for n, one in enumerate(writings) if n % EACH_ASIDE != EACH_ASIDE - 1]
    torch.manual_seed(run.seed)
    network, begun = (with_a_hand_more(config, checkpoint.load_weights(folder)) for _ in range(2))
    config = {**config, "hands": network.hands.num_embeddings - 1}
    task = HandTask(network, train_on, aside, run.seed)
    task.sample = Phrase(config, task.number)
    device = choose_device()
    name = out.resolve().name
    card = {**cards()[KEY].told(), "title": name, "licence": "unknown"}
    hand_told = {"name": "Own hand", "writer": 0}
    hand_told |= {k: round(v, 2) for k, v in styles.looks(writings).items()}
    config |= {"key": f"handwriting/{name}", **card, "styles": [hand_told]}

    def write(
        folder: Path, net: PenNet, state: dict[str, Tensor], made: dict[str, Any], both: Any
    ) -> None:
        checkpoint.save_weights(folder, net.state_dict())
        checkpoint.save_weights(folder, {k: v[None] for k, v in state.items()}, serve.STYLES)
        checkpoint.write_metadata(folder, config, made, {}, held_out=both)

    first = primed(begun.eval(), config, train_on, task.number)
    averaged, history = run.fit(
        task,
        run.plan(PLAN),
        out,
        run.identity(KEY, writings),
        device=device,
        before=True,
        begin=lambda folder: write(folder, begun, first, {}, None),
    )
    assert isinstance(averaged, PenNet)
    averaged.cpu().eval()
    checkpoint.save_weights(out, averaged.state_dict())
    averaged.load_state_dict(checkpoint.load_weights(out))  # as it will be served
    states = [first, primed(averaged, config, train_on, task.number)]
    was, now = (
        measured(net, config, state, writings)
        for net, state in zip((begun, averaged), states, strict=True)
    )
    made = provenance(
        run,
        device,
        history,
        data=f"{Path(source).name}, {len(train_on)} of {len(writings)} writings",
        writings=len(train_on),
        started_from=KEY,
        **({"left_out": "; ".join(told)} if told else {}),
    )
    both = compared(
        history,
        began=f"{KEY} in nobody's hand; for what it writes, after reading a line of this one",
        split="every fifth word of one's own; four lines of ours, written three times each",
        n=len(aside),
        of="words",
        **{figure: (was[figure], now[figure]) for figure in was},
    )
    write(out, averaged, states[1], made, both)
    return out


def with_a_hand_more(config: dict[str, Any], weights: dict[str, Tensor]) -> PenNet:
    """A trained pen with one vector more, which begins as nobody's."""
    network = PenNet.from_config({**config, "hands": config["hands"] + 1})
    hands = weights["hands.weight"]
    network.load_state_dict({**weights, "hands.weight": torch.cat([hands, hands[:1]])})
    return network


def primed(
    network: PenNet, config: dict[str, Any], writings: Sequence[Writing], number: int
) -> dict[str, Tensor]:
    """The pen's memory after a line of this hand."""
    found = data.lines(
        writings, np.random.default_rng(0), shortest=styles.LINE[0], longest=styles.LINE[1]
    )
    line = max((one for one in found if len(one) <= styles.LINE[1]), key=len, default=found[0])
    return styles.prime(serve.Pen(network, config, "cpu", {}), line, number)


def measured(
    network: PenNet, config: dict[str, Any], state: dict[str, Tensor], writings: Sequence[Writing]
) -> dict[str, float]:
    """What the pen writes in a hand: ``cer``, the reader's character error rate on it, where a
    reader is bundled; and how far its slant (degrees), strokes and width of a character are from
    those of the real words."""
    pen = serve.Pen(network, config, "cpu", {name: value[None] for name, value in state.items()})
    pen.names = ["own"]
    jobs = [{"text": t, "style": 0, "seed": seed} for t in TEXTS for seed in range(SEEDS)]
    answers = [one for one in pen.predict(jobs) if isinstance(one, dict)]
    found: dict[str, float] = {}
    if (catalog.folder_of("handwriting/reader") / checkpoint.WEIGHTS).exists():
        read = evaluate.bundled_reader().predict([one["points"] for one in answers])
        texts = [one["text"] if isinstance(one, dict) else "" for one in read]
        wrong = sum(reader.errors(a, b["text"]) for a, b in zip(texts, answers, strict=True))
        found["cer"] = wrong / sum(len(one["text"]) for one in answers)
    rows = []
    for one in answers:
        points = np.asarray(one["points"], np.float64).copy()
        wide = float(np.ptp(points[:, 0])) if len(points) else 0.0
        points[1:, :2] = np.diff(points[:, :2], axis=0)
        rows.append(Writing(one["text"], 0, points.astype(np.float32), wide, (wide, 0.0)))
    real, drawn = styles.looks(writings), styles.looks([one for one in rows if len(one) > 1])
    return found | {f"{name}_apart": abs(drawn[name] - real[name]) for name in real}
