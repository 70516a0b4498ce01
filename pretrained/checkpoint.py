"""Checkpoints: a folder with what a model is, what it weighs, what it can do, how it got there.

config.json        architecture, preprocessing, labels: all that serving needs besides weights
model.safetensors  weights, half precision on disk, no pickle anywhere
reverse.safetensors  likewise, where a translator's second direction has a network of its own
metrics.json       every figure with split, n, interval and command
history.jsonl      the training curve, one line an epoch
README.md          the model card, written from the files above
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pretrained.errors import BadCheckpoint

if TYPE_CHECKING:
    from torch import Tensor, nn

Network = TypeVar("Network", bound="nn.Module")

CONFIG, WEIGHTS, REVERSE, METRICS, HISTORY, CARD = (
    "config.json",
    "model.safetensors",
    "reverse.safetensors",
    "metrics.json",
    "history.jsonl",
    "README.md",
)

#: Loaders that have moved, as checkpoints written before still call them, and where each is now.
MOVED_LOADERS = {
    "pretrained.classification.timm_backbone:load": "pretrained.classification.hub.serve:load",
    "pretrained.detection.hub_detector:load_tuned": "pretrained.detection.hub.serve:load_tuned",
    "pretrained.images.pipelines:load_tuned": "pretrained.images.hub.serve:load_tuned",
    "pretrained.text.causal_adapter:load": "pretrained.text.hub.serve:load_tuned",
    "pretrained.translation.marian:load_tuned": "pretrained.translation.hub.serve:load_tuned",
}


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """One of the JSON files of a checkpoint.

    Raises:
        BadCheckpoint: it is missing or no JSON object.
    """
    try:
        value = json.loads((folder / name).read_text("utf-8"))
    except FileNotFoundError:
        raise BadCheckpoint(path=folder, reason=f"it has no {name}: check the path") from None
    except (OSError, ValueError, RecursionError) as error:
        reason = f"{name} cannot be read: train or fetch it again"
        raise BadCheckpoint(path=folder, reason=reason) from error
    if not isinstance(value, dict):
        reason = f"{name} is not a JSON object: train or fetch it again"
        raise BadCheckpoint(path=folder, reason=reason)
    return value


def training_record(folder: Path) -> dict[str, Any]:
    """How the weights in a folder were trained, see `training.provenance`; empty where untold."""
    made: dict[str, Any] = read_json(folder, METRICS).get("training", {})
    return made


def write_json(folder: Path, name: str, value: Mapping[str, Any]) -> None:
    """Write atomically: a reader sees the old file or the new one, never half of one."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name}.part"
    part.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")
    os.replace(part, folder / name)


def save_weights(
    folder: Path, tensors: Mapping[str, Tensor], name: str = WEIGHTS, *, half: bool = True
) -> None:
    """Write tensors as safetensors, floating-point ones in half precision unless told otherwise."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    kept = {
        key: (value.half() if half and value.is_floating_point() else value).contiguous().cpu()
        for key, value in tensors.items()
    }
    part = folder / f".{name}.part"
    save_file(kept, part, metadata={"format": "pt"})
    os.replace(part, folder / name)


def load_weights(folder: Path, name: str = WEIGHTS) -> dict[str, Tensor]:
    """Read safetensors, floating-point ones back in single precision.

    Raises:
        BadCheckpoint: the file is missing or damaged, or holds what is no number.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(folder / name)
    except FileNotFoundError:
        raise BadCheckpoint(path=folder, reason=f"it has no {name}: check the path") from None
    except (SafetensorError, OSError) as error:
        reason = f"{name} is damaged: train or fetch it again"
        raise BadCheckpoint(path=folder, reason=reason) from error
    for (
        key,
        value,
    ) in tensors.items():  # these answer anything, surely; masks hold -inf
        if value.is_floating_point() and bool((value.isnan() | value.isposinf()).any()):
            reason = f"{key} in {name} is not a number: train it again, more gently"
            raise BadCheckpoint(path=folder, reason=reason)
    return {key: v.float() if v.is_floating_point() else v for key, v in tensors.items()}


def load_network(
    folder: Path, build: Callable[[dict[str, Any]], Network]
) -> tuple[Network, dict[str, Any]]:
    """The network that ``build`` makes of a folder's config, with its weights; and that config.

    Raises:
        BadCheckpoint: a file is missing or damaged, or the two do not fit together.
    """
    config, weights = read_json(folder, CONFIG), load_weights(folder)
    if (folder / REVERSE).exists():
        weights |= load_weights(folder, REVERSE)
    try:
        network = build(config)
        network.load_state_dict(weights)
    except (KeyError, IndexError, TypeError, RuntimeError) as error:
        reason = f"its weights do not fit its {CONFIG}: train or fetch it again"
        raise BadCheckpoint(path=folder, reason=reason) from error
    return network, config


def size_on_disk(folder: Path) -> int:
    """Bytes of all weights in the folder."""
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def write_metadata(
    folder: Path,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    calibration: Mapping[str, Any],
    probes: Sequence[Mapping[str, Any]] = (),
    held_out: Mapping[str, Any] | None = None,
) -> None:
    """Write a newly trained model's config.json, metrics.json without results yet, and card.

    Args:
        config: all that serving needs besides weights.
        training: how it was made, as `training.provenance` tells it.
        calibration: what was fitted on pictures kept aside.
        probes: accuracy of a linear probe at each stage.
        held_out: figures before and after, as `training.provenance.compared` tells them.
    """
    metrics = {
        "key": config["key"],
        "results": [],
        "training": training,
        "calibration": calibration,
        "probes": list(probes),
        "ladder": [],
        **({"held_out": held_out} if held_out else {}),
    }
    write_json(folder, CONFIG, config)
    write_json(folder, METRICS, metrics)
    write_card(folder)


def write(
    folder: Path,
    tensors: Mapping[str, Tensor],
    config: Mapping[str, Any],
    training: Mapping[str, Any] | None = None,
    calibration: Mapping[str, Any] | None = None,
) -> None:
    """Write a whole checkpoint: weights, and what tells of them (`write_metadata`). A run that only
    begins leaves out what it cannot know yet."""
    save_weights(folder, tensors)
    write_metadata(folder, config, training or {}, calibration or {})


def keep_ablation(folder: Path, rows: Sequence[Mapping[str, Any]], module: str) -> None:
    """Write what was compared into the card, each row with the command that was typed, in place of
    what that module compared before."""
    begins = f"python -m {module} "
    metrics = read_json(folder, METRICS)
    others = [row for row in metrics["ladder"] if not row.get("command", "").startswith(begins)]
    command = begins + shlex.join(sys.argv[1:])
    metrics["ladder"] = [*others, *({**row, "command": command} for row in rows)]
    write_json(folder, METRICS, metrics)
    write_card(folder)


def _short(figure: float) -> str:
    """A count as it is, a share with three digits."""
    return str(figure) if isinstance(figure, int) else f"{figure:.3f}"


def write_card(folder: Path) -> None:
    """Write README.md, the model card with the Hub's front matter, from config and metrics."""
    config, metrics = read_json(folder, CONFIG), read_json(folder, METRICS)
    training = metrics.get("training", {})
    lines = [
        "---",
        "library_name: pytorch",
        f"license: {config.get('licence', 'apache-2.0').lower()}",
        f"pipeline_tag: {config.get('pipeline_tag', 'image-classification')}",
        "---",
        f"# {config['key']}",
        "",
        config.get("description", ""),
        "",
        "| claim | value | 95% interval | target | split | n | measured by |",
        "|---|---|---|---|---|---|---|",
    ]
    for result in metrics.get("results", []):
        for name, m in result["metrics"].items():
            target = result.get("target", {}).get(name)
            lines.append(
                f"| {name} | {m['value']:.4f} | {m['low']:.4f} to {m['high']:.4f} | "
                f"{'' if target is None else target} | {result['split']} | "
                f"{m.get('n', result['n'])} | `{result['command']}` |"
            )
    figures = [m for result in metrics.get("results", []) for m in result["metrics"].values()]
    signatures = dict.fromkeys(m["signature"] for m in figures if "signature" in m)
    if signatures:
        lines += ["", "sacreBLEU: " + ", ".join(f"`{one}`" for one in signatures)]
    spaces = dict.fromkeys(m["features"] for m in figures if "features" in m)
    if spaces:
        lines += ["", "Compared by the features of: " + ", ".join(spaces)]
    for kind in ("class", "source"):
        tables = [r[f"per_{kind}"] for r in metrics.get("results", []) if "per_source" in r]
        if any(tables):
            lines += ["", f"## By {kind}", ""]
        lines += [
            f"- {name}: " + ", ".join(f"{k} {_short(v)}" for k, v in figures.items())
            for table in tables
            for name, figures in table.items()
        ]
    if compared := metrics.get("held_out"):
        where = f"{compared['split']}, {compared['n']} {compared['of']}"
        lines += ["", f"## Before and after, on {where}", ""]
        lines += [f"Before: {compared['began']}.", ""]
        lines += [
            f"- {name}: {value:.4f} before, {compared['after'][name]:.4f} after"
            for name, value in compared["before"].items()
        ]
    lines += ["", "## How it was made", ""]
    lines += [f"- {name}: {value}" for name, value in training.items()]
    if metrics.get("calibration"):
        lines += ["", "## Calibration", ""]
        lines += [f"- {name}: {value}" for name, value in metrics["calibration"].items()]
    if metrics.get("probes"):
        lines += ["", "## A linear probe at each stage", ""]
        lines += [
            f"- {p['name']}: top-1 {p['top1']:.4f} (n {p['n']}, {p['split']})"
            for p in metrics["probes"]
        ]
    if metrics.get("ladder"):
        lines += ["", "## Beside others on the same split", ""]
        lines += [
            f"- {r['name']}: {r['metric']} {r['value']:.4f} "
            f"({r['low']:.4f} to {r['high']:.4f}), n {r['n']}, {r['split']}"
            for r in metrics["ladder"]
        ]
    if config.get("limits"):
        lines += ["", "## What it cannot do", "", config["limits"]]
    (folder / CARD).write_text("\n".join(lines) + "\n", "utf-8")
