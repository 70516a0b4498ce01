"""What the classifier of writers is told, and what the pen's card says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import test_handwriting_training as training
from test_handwriting_training import Elsewhere, Reached

from experiments import writer_id
from pretrained import catalog, checkpoint
from pretrained.handwriting import data

folder = training.folder


@pytest.mark.parametrize("what", ["loss", "evaluate"])
def test_batches_follow_the_network_to_its_device(what: str, folder: Path) -> None:
    writings, _ = data.read(folder, "train", blind=True)
    task = writer_id.WriterTask(writings, writings, 0)
    net = Elsewhere()
    with pytest.raises(Reached):
        if what == "loss":
            task.loss(net, next(task.batches(0, 0.0)))
        else:
            task.evaluate(net)
    assert net.seen == {"meta"}


def test_the_lines_that_hands_are_judged_by_are_not_said_to_be_new_to_the_pen() -> None:
    metrics = checkpoint.read_json(catalog.folder_of("handwriting/pen"), checkpoint.METRICS)
    for row in metrics["ladder"]:
        assert row["split"].endswith(writer_id.SPLIT) and "not to the pen" in row["split"]
