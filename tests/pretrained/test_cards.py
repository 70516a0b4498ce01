"""The words and targets of the cards: one section for each model that ships."""

from __future__ import annotations

import importlib

import pytest

from pretrained import catalog, metrics
from pretrained.cards import TASKS, cards


@pytest.mark.parametrize("task", TASKS)
def test_every_recipe_has_a_card(task: str) -> None:
    recipes = importlib.import_module(f"pretrained.{task}.train").RECIPES
    assert set(recipes) <= set(cards())
    assert all(cards()[key].title and cards()[key].limits for key in recipes)


def test_targets_are_of_known_metrics_and_a_translators_of_its_directions() -> None:
    for key, card in cards().items():
        if key.startswith("translation/"):
            assert set(card.aims("en-fr")) <= {"bleu", "chrf"} and card.aims("fr-zh") == {}
            named = [name for aims in card.targets.values() for name in aims]
        else:
            named = list(card.aims())
        known = (metrics.metric_of(name) for name in named)
        assert all(one.unit or one.fraction or one.lower_is_better for one in known)


def test_what_has_a_card_ships_in_the_order_of_the_tabs() -> None:
    assert list(catalog.BUNDLED) == [key for task in TASKS for key in cards() if task in key]
