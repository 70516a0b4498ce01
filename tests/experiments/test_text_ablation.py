"""The networks that are compared weigh the same."""

import pytest

from experiments import text_ablation as ablation


def test_the_variants_weigh_the_same():
    goal = ablation.weights(66, "lstm", ablation.HIDDEN)
    for cell in ("rnn", "gru"):
        hidden = ablation.width(66, cell, goal)
        assert hidden > ablation.HIDDEN
        assert ablation.weights(66, cell, hidden) == pytest.approx(goal, rel=0.03)
