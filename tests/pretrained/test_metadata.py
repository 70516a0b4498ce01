"""The metadata of a recipe's model, and those of a visitor's own."""

from __future__ import annotations

import json
from dataclasses import replace

from pretrained.cards import cards
from pretrained.metadata import Metadata

KEY = "detection/everyday"
PROBE = {"name": "first", "top1": 0.5, "n": 2, "split": "y"}


def test_a_recipe_has_its_card_and_a_visitor_s_own_is_called_as_its_folder(tmp_path):
    card = cards()[KEY]
    assert Metadata.of(KEY, tmp_path / "mine", False, limits="It is small.") == Metadata(KEY, card)
    own = Metadata.of(KEY, tmp_path / "mine", True, limits="It is small.")
    assert own.key == "detection/mine" and own.made == {} and own.held_out is None
    assert own.card == replace(card, title="mine", licence="unknown", limits="It is small.")


def test_they_are_written_in_their_order_with_what_was_learnt_or_without(tmp_path):
    begun = Metadata.of(KEY, tmp_path, True)
    begun.write(tmp_path, {"loader": "a:load"})
    config, metrics = (
        json.loads((tmp_path / f"{x}.json").read_text()) for x in ("config", "metrics")
    )
    assert list(config) == ["key", "title", "licence", "description", "limits", "loader"]
    assert metrics["training"] == metrics["calibration"] == {} and "held_out" not in metrics
    both = {"began": "x", "split": "y", "n": 1, "of": "z", "before": {"a": 1}, "after": {"a": 2}}
    done = replace(begun, made={"seed": 0}, held_out=both)
    done.write(tmp_path, {"loader": "a:load"}, {"temperature": 2.0}, [PROBE])
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["training"] == {"seed": 0} and metrics["held_out"] == both
    assert metrics["calibration"] == {"temperature": 2.0} and metrics["probes"] == [PROBE]
