"""What a head start is worth: a few pictures learnt from nothing, by a head alone, and in whole.

    python -m experiments.head_start --data ../shared/data/flowers --name flowers \\
        --each 5 --each 20 --start head --out runs/head-start --keep

The same network, EfficientNet-Lite0, on the first so many pictures of each class in an order drawn
with seed 0; a tenth of them is kept aside, nothing is chosen on the split that is reported. "whole"
and "nothing" (random weights, four times the rate) get the same minutes of processor time, whatever
else the machine does. The rows go into the card of ``classification/imagenet``
with ``--keep``; the networks are not kept.
"""

from __future__ import annotations

import json
import random
import shlex
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.parquet as pq
import typer
from torch import nn

from pretrained import catalog, checkpoint
from pretrained.classification import evaluate, imagenet_train
from training.run import Run

KEY = "classification/imagenet"
MODULE = "experiments.head_start"
STARTS = {
    "nothing": "from nothing",
    "head": "the head alone",
    "whole": "the whole network, fine-tuned",
}


class ProcessorRun(Run):
    """A run whose minutes are the processor's (of all its threads), not the wall clock's."""

    def fit(self, *what: Any, **settings: Any) -> tuple[nn.Module, list[dict[str, Any]]]:
        return super().fit(*what, clock=time.process_time, **settings)


def few(source: Path, each: int, out: Path) -> Path:
    """A folder with the train split of ``source`` cut to ``each`` pictures of a class."""
    table = pa.concat_tables(pq.read_table(file) for file in sorted(source.glob("train*.parquet")))
    labels = table["label"].to_pylist()
    chance, rows = random.Random(0), []
    for label in sorted(set(labels)):
        own = [number for number, one in enumerate(labels) if one == label]
        chance.shuffle(own)
        rows += own[:each]
    out.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.take(sorted(rows)), out / "train.parquet")
    return out


def measure(
    source: Path, name: str, each: int | None, start: str, minutes: float, split: str, out: Path
) -> dict[str, Any]:
    """Train on so many pictures of a class (None: all), from such a start, and score it: a row."""
    data = source if each is None else few(source, each, out / f"{name}-{each}")
    run = ProcessorRun(
        minutes=None if start == "head" else minutes,
        head_only=start == "head",
        scratch=True if start == "nothing" else None,
        resume=start != "head",
        command=f"python -m pretrained train {KEY}",
    )
    folder = out / f"{name}-{each or 'all'}-{start}"
    started = time.process_time()
    imagenet_train.train(catalog.find(KEY), data, folder, run)
    spent = time.process_time() - started
    if run.minutes:  # with those of the sittings before, where it went on
        last = (folder / "history.jsonl").read_text("utf-8").splitlines()[-1]
        spent = json.loads(last)["seconds"]
    made = checkpoint.read_json(folder, checkpoint.METRICS)["training"]
    scored = evaluate.evaluate(catalog.from_folder(folder), source, split=split)
    amount = f"{each} a class" if each else "all"
    return {
        "name": f"{name}, {amount}, {STARTS[start]}",
        "metric": "top1",
        "data": name,
        "each": each,
        "start": start,
        **scored["metrics"]["top1"],
        "n": scored["n"],
        "split": scored["split"],
        "pictures": made["pictures"] + made["kept_aside"],
        "minutes": round(spent / 60, 1),
        "hardware": made["hardware"],
    }


def main(
    data: Annotated[Path, typer.Option(help="A folder of Parquet files with splits.")],
    out: Annotated[Path, typer.Option(help="Where the networks go; a run goes on there.")],
    name: str = "flowers",
    each: Annotated[list[int] | None, typer.Option(help="Pictures of a class; 0 is all.")] = None,
    start: Annotated[list[str] | None, typer.Option(help=", ".join(STARTS))] = None,
    minutes: Annotated[float, typer.Option(help="For each network but heads.")] = 10.0,
    split: str = "validation",
    keep: Annotated[bool, typer.Option(help=f"Write the rows into the card of {KEY}.")] = False,
) -> None:
    """Measure each combination of ``--each`` and ``--start``, few pictures first."""
    for count in each or [5, 20, 100, 0]:
        for kind in start or list(STARTS):
            row = measure(data, name, count or None, kind, minutes, split, out)
            print(json.dumps(row), flush=True)
            if keep:
                kept(row)


def kept(row: dict[str, Any]) -> None:
    """Put one row into the card with its command, in place of the same one measured before."""
    folder = catalog.folder_of(KEY)
    metrics = checkpoint.read_json(folder, checkpoint.METRICS)
    rows = [one for one in metrics["ladder"] if one["name"] != row["name"]]
    rows.append({**row, "command": f"python -m {MODULE} {shlex.join(sys.argv[1:])}"})
    rank = {start: number for number, start in enumerate(STARTS)}
    rows.sort(
        key=lambda r: (
            r.get("data") != "flowers",
            r.get("each") or 10**9,
            rank.get(r.get("start"), 9),
        )
    )
    metrics["ladder"] = rows
    checkpoint.write_json(folder, checkpoint.METRICS, metrics)
    checkpoint.write_card(folder)


if __name__ == "__main__":
    print(" ".join(sys.argv), file=sys.stderr)
    typer.run(main)
