"""From a run to a checkpoint: the averaged weights of ``state.pt``, at the end or in mid-training.

    python -m pretrained.handwriting.finish KEY --run runs/pen --data DIR --out FOLDER

The pen's hands are chosen with the help of the bundled reader, so finish the reader first.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from pretrained import catalog, checkpoint
from pretrained.handwriting import serve, styles
from pretrained.handwriting.model import PenNet
from pretrained.handwriting.read import Reader
from pretrained.handwriting.reader import ReaderNet
from training import loop
from training.provenance import provenance
from training.run import Run

DATA = (
    "UNIPEN train_r01_v07 (Guyon et al. 1994), CC BY 4.0 as republished by the Unipen foundation; "
    "an older note on the same disc asks for non-commercial use"
)
TEXTS = {
    "handwriting/pen": {
        "title": "Handwriting network",
        "description": "A recurrent network that writes any English text by hand, stroke by "
        "stroke: Graves' synthesis network with a soft window over the characters and a mixture "
        "of Gaussians over where the pen goes next. It can go on in a shipped hand, or in the "
        "visitor's own.",
        "limits": "It writes the characters of its alphabet only, one line at a time. Rare "
        "characters (X most of all, then Z, Y, U and punctuation) are less legible than common "
        "ones. A shipped hand comes with a vector that was learnt for its writer; a visitor's "
        "own hand has none and is carried on from one line alone, less faithfully. The shipped "
        "hands were chosen by the very reader that scores the pen, as those in which it reads it "
        "best, and the figures are for these hands at legibility 0.6: with another reader, hand or "
        "legibility there may be more errors. The lines by which hands are told apart were kept "
        "from the judge, not from the pen. Data: " + DATA + ".",
    },
    "handwriting/reader": {
        "title": "Handwriting reader",
        "description": "A small network that reads pen strokes, trained apart from the pen to "
        "measure whether its writing is legible.",
        "limits": "It reads online strokes of single lines in the alphabet of its data, without a "
        "dictionary. Data: " + DATA + ".",
    },
}


def averaged(run: Path) -> dict[str, torch.Tensor]:
    """The averaged weights of a run's last round."""
    state = torch.load(run / "state.pt", map_location="cpu", weights_only=True)
    return dict(state["averaged"])


def write(
    key: str,
    run: Path,
    task: Any,
    made: dict[str, Any],
    *,
    out: Path | None = None,
) -> None:
    """Write the checkpoint folder of a run into ``out``, or beside its state."""
    out = out or run
    network = task.model.cpu()
    network.load_state_dict(averaged(run))
    network.eval()
    config: dict[str, Any] = {
        "key": key,
        **TEXTS[key],
        "loader": "pretrained.handwriting.serve:load_" + key.split("/")[1],
        "pipeline_tag": "other",
        "licence": "cc-by-4.0",
        "parameters": sum(p.numel() for p in network.parameters()),
        "max_batch": 64,
        "characters": network.characters,
        **architecture_of(network),
    }
    checkpoint.save_weights(out, network.state_dict())
    if isinstance(network, PenNet):
        config["styles"] = _hands(out, network, config, task)
    old = out / checkpoint.METRICS
    kept = json.loads(old.read_text()).get("ladder", []) if old.exists() else []
    checkpoint.write_metadata(out, config, made, {})
    if kept:
        metrics = checkpoint.read_json(out, checkpoint.METRICS)
        checkpoint.write_json(out, checkpoint.METRICS, {**metrics, "ladder": kept})
    if out != run:
        shutil.copy(run / checkpoint.HISTORY, out / checkpoint.HISTORY)


def architecture_of(network: PenNet | ReaderNet) -> dict[str, Any]:
    """The arguments that make a network of the same shape."""
    if isinstance(network, ReaderNet):
        return {"width": network.near.out_channels, "units": network.head.in_features // 2}
    first, second = network.sizes
    return {
        "hands": network.hands.num_embeddings - 1,
        "hand": network.hands.embedding_dim,
        "first": first,
        "second": second,
        "window": network.window,
        "mixture": network.mixture,
    }


def _hands(out: Path, network: PenNet, config: dict[str, Any], task: Any) -> list[dict[str, Any]]:
    """Choose the hands and save their states beside the weights."""
    judge = bundled_reader()
    if judge is None:  # a first run on a machine without a reader: no hands yet
        return []
    # As it will be served: weights that have been through half precision.
    network.load_state_dict(checkpoint.load_weights(out))
    pen = serve.Pen(network, config, "cpu", {})
    random = np.random.default_rng(5)
    words = sorted({one.text for one in task.aside if 4 <= len(one.text) <= 14})
    texts = [" ".join(random.choice(words, 2)) for _ in range(6)]
    states, told, _ = styles.choose(pen, judge, task.lines.writings, list(task.hands), texts)
    if states:
        checkpoint.save_weights(out, states, serve.STYLES)
    return told


def bundled_reader() -> Reader | None:
    """The reader that is shipped, or None where there is none yet."""
    folder = catalog.folder_of("handwriting/reader")
    if not (folder / checkpoint.WEIGHTS).exists():
        return None
    found = catalog.from_folder(folder, "handwriting/reader").load("cpu")
    assert isinstance(found, Reader)
    return found


def main(
    key: str,
    run: Annotated[Path, typer.Option(help="The folder that `train --out` writes into.")],
    data_: Annotated[Path, typer.Option("--data", help="The data that it trains on.")],
    out: Annotated[Path, typer.Option(help="The checkpoint folder to write.")],
    command: Annotated[str, typer.Option(help="The command that started the run.")] = "",
) -> None:
    """Write a checkpoint from a run as it stands."""
    from pretrained.handwriting.train import task_of

    history = [json.loads(line) for line in (run / checkpoint.HISTORY).read_text().splitlines()]
    seed = json.loads((run / "plan.json").read_text())["seed"]
    task, facts = task_of(key, data_, seed)
    done = Run(seed=seed, command=command)
    progress = history[-1]["progress"]
    made = provenance(done, loop.choose_device(), history, progress=progress, **facts)
    write(key, run, task, made, out=out)


if __name__ == "__main__":
    typer.run(main)
