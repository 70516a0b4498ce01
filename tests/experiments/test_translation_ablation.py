"""The networks that are compared weigh the same, and each is trained and scored."""

from __future__ import annotations

from dataclasses import replace

import pytest
import test_translation_training as training
import torch
from test_translation_training import small
from tiny_translators import ENGLISH, network, vocabulary

from experiments import translation_ablation as ablation
from experiments import translation_directions as directions
from experiments.transformer import TransformerNet
from pretrained.translation import train
from pretrained.translation.beam import Search
from pretrained.translation.stepper import Stepper

folder = training.folder


def test_the_variants_weigh_the_same():
    goal = ablation.weights(ablation.network("attention", 6_000))
    transformer = ablation.network("transformer", 6_000, ablation.fitting(6_000))
    assert ablation.weights(transformer) == pytest.approx(goal, rel=0.01)
    assert ablation.weights(ablation.network("plain", 6_000)) == pytest.approx(goal, rel=0.04)


def test_the_transformer_does_not_look_ahead():
    torch.manual_seed(0)
    net = TransformerNet(50, 16, heads=2, layers=2, inner=16).eval()
    source, given = torch.randint(0, 50, (2, 5)), torch.randint(0, 50, (2, 7))
    with torch.no_grad():
        whole, part = net(source, given), net(source, given[:, :4])
    assert torch.allclose(whole[:, :4], part, atol=1e-5)


def test_every_variant_is_trained_and_scored(tmp_path, folder, monkeypatch):
    small(monkeypatch)
    recipe = train.RECIPES[ablation.KEY]
    monkeypatch.setitem(
        train.RECIPES, ablation.KEY, replace(recipe, plan=replace(recipe.plan, epochs=1))
    )
    for variant in ablation.NAMES:
        row = ablation.compare(folder, variant, 5, tmp_path)
        assert row["low"] <= row["value"] <= row["high"] and row["n"] == 40
        assert row["split"] == "en-fr/test en-fr" and row["updates"] >= 1


def test_both_directions_are_scored_by_one_network_and_by_one_each(tmp_path, folder, monkeypatch):
    small(monkeypatch)
    recipe = train.RECIPES[ablation.KEY]
    monkeypatch.setitem(
        train.RECIPES, ablation.KEY, replace(recipe, plan=replace(recipe.plan, epochs=1))
    )
    rows = directions.rows(folder, 5, tmp_path)
    assert [(len(row["directions"]), row["direction"]) for row in rows] == [
        (2, "en-fr"),
        (2, "fr-en"),
        (1, "en-fr"),
        (1, "fr-en"),
    ]
    assert all(row["split"] == f"en-fr/test {row['direction']}" for row in rows)
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)


def test_greedy_decoding_writes_what_the_search_writes():
    """Greedily, the network and its served twin agree but for rounding."""
    pieces = vocabulary()
    net = network(len(pieces), 4)
    search = Search(Stepper(net, [pieces.pad, *pieces.marks.values()]), pieces)
    texts = [*ENGLISH, "Tom and you and I are here."]
    written = ablation.greedy(net, pieces, texts, "fr", "cpu")
    same = 0
    for text, found in zip(
        written,
        search([[*pieces.encode(t), pieces.end] for t in texts], ["fr"] * len(texts), beams=1),
        strict=True,
    ):
        same += pieces.decode(found.hypotheses[0].tokens)[:8] == text[:8]
    assert same >= len(texts) - 2
