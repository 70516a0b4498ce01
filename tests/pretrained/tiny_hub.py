"""What the tests of models of the Hub share: an entry of the catalogue, and files gone wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from pretrained.catalog import Entry


def entry(key: str, loader: str, hub_id: str) -> Entry:
    """A tiny model, as the catalogue lists one of the Hub."""
    return Entry(
        key=key,
        task=key.split("/")[0],
        title="Tiny",
        loader=loader,
        licence="apache-2.0",
        bytes=500_000,
        parameters=0,
        hub_id=hub_id,
    )


def retold(folder: Path, into: Path, name: str = "config.json", **change: Any) -> Path:
    """A copy of a model's folder in which a JSON file says something else."""
    if not into.exists():
        shutil.copytree(folder, into)
    told = json.loads((into / name).read_text("utf-8"))
    (into / name).write_text(json.dumps({**told, **change}), "utf-8")
    return into
