"""What moves on Home is what the bundled models say: whoever changes one makes it anew
(`python -m experiments.living_pictures`)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from demos.home import living
from experiments import living_pictures
from inference import Engine, Settings
from pretrained import catalog

TOLD = json.loads(living.FILE.read_text("utf-8"))


async def test_the_answers_are_those_of_the_models() -> None:
    engine = Engine(catalog.entries(), Settings(device="cpu"))
    made = await living_pictures.made(engine)
    await engine.close()
    assert [label for label, _ in made["classify"]] == [label for label, _ in TOLD["classify"]]
    assert [one[0] for one in made["detect"]] == [one[0] for one in TOLD["detect"]]
    for (_, box), (_, kept) in zip(made["detect"], TOLD["detect"], strict=True):
        assert box == pytest.approx(kept, abs=0.02)
    assert made["translate"] == TOLD["translate"]
    assert made["write"] == TOLD["write"]
    assert len(made["pen"]["strokes"]) == len(TOLD["pen"]["strokes"])
    assert len(made["images"]) == len(TOLD["images"]) == living_pictures.FACES


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_written_and_translated_ends_in_the_pages_language(lang: str) -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    assert bool(chinese.search(TOLD["write"][lang])) == (lang == "zh")
    assert bool(chinese.search(TOLD["translate"][lang][2])) == (lang == "zh")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_six_doors_lead_to_what_they_show(lang: str, words: Any) -> None:
    html = living.tiles(words.speaker(lang))
    assert html.count('data-living="') == 6
    assert html.count('data-tab="') == 5 and "exhibit=pen" in html
    assert all(words.say(lang, f"home.tile.{name}") in html for name in living.TILES)


def test_the_labels_are_said_in_chinese(words: Any) -> None:
    names = living.names(words.speaker("zh"), "classification/imagenet")
    assert set(names) == {label for label, _ in TOLD["classify"]}
    assert not any(name.isascii() for name in names.values())
