"""A checkpoint from a run in mid-training: the averaged weights of its ``state.pt``.

    python -m pretrained.handwriting.export KEY --run runs/pen --data DIR --out FOLDER

The pen's hands are chosen with the help of the bundled reader, so export the reader first.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pretrained import checkpoint
from pretrained.handwriting.train import task_of, write
from training.hardware import choose_device
from training.provenance import provenance
from training.run import Run


def main(
    key: str,
    run: Annotated[Path, typer.Option(help="The folder that `train --out` writes into.")],
    data_: Annotated[Path, typer.Option("--data", help="The data that it trains on.")],
    out: Annotated[Path, typer.Option(help="The checkpoint folder to write.")],
    command: Annotated[str, typer.Option(help="The command that started the run.")] = "",
) -> None:
    """Write a checkpoint from a run as it stands."""
    history = [json.loads(line) for line in (run / checkpoint.HISTORY).read_text().splitlines()]
    seed = json.loads((run / "plan.json").read_text())["seed"]
    task, facts = task_of(key, data_, seed)
    done = Run(seed=seed, command=command)
    progress = history[-1]["progress"]
    made = provenance(done, choose_device(), history, progress=progress, **facts)
    write(key, run, task, made, out=out)


if __name__ == "__main__":
    typer.run(main)
