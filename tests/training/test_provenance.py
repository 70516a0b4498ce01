"""What a run's record tells."""

from __future__ import annotations

import torch

from training.provenance import provenance
from training.run import USUAL

ROWS = [{"epoch": 1, "step": 40, "seconds": 60.04}]


def test_time_and_updates_of_earlier_trainings_are_added_up():
    first = provenance(USUAL, torch.device("cpu"), ROWS, data="x/train")
    assert (first["wall_seconds"], first["updates"]) == (60.0, 40)
    assert "updates_in_all" not in first
    second = provenance(USUAL, torch.device("cpu"), ROWS, first, data="x/train")
    third = provenance(USUAL, torch.device("cpu"), ROWS, second, data="x/train")
    assert (third["wall_seconds"], third["updates"]) == (60.0, 40)
    assert (third["wall_seconds_in_all"], third["updates_in_all"]) == (180.0, 120)
