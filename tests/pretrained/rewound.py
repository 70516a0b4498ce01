"""What a watched training leaves so that it can be rewound, whatever it trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from jobs import moments
from pretrained import catalog
from pretrained.checkpoint import CONFIG, load_weights, read_json


def ends(out: Path) -> tuple[Any, Any]:
    """The models of the first and the last moment, each loaded from a folder of its own.

    The first is what the training began with, which `training.run.Run.fit` keeps whole, and the
    last what it ended with; the history begins with the figures of the first.
    """
    first, *_, last = moments.listed(out)
    assert (first.step, first.progress, last.progress) == (0, 0.0, 1.0)
    folders = [moments.folder_of(out, one.name) for one in (first, last)]
    begun, made, end = (load_weights(one) for one in (out / moments.START, folders[0], out))
    assert begun.keys() == made.keys() == end.keys()
    assert all(torch.equal(begun[name], made[name]) for name in begun)
    assert any(not torch.equal(begun[name], end[name]) for name in begun)
    after = load_weights(folders[1])
    assert all(torch.equal(after[name], end[name]) for name in end)
    row = json.loads((out / "history.jsonl").read_text("utf-8").splitlines()[0])
    assert row["epoch"] == row["step"] == 0 and any(name.startswith("held_out_") for name in row)
    assert read_json(out / moments.START, CONFIG)["key"] == read_json(out, CONFIG)["key"]
    one, other = (catalog.from_folder(folder).load("cpu") for folder in folders)
    return one, other
