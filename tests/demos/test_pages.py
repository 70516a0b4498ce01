"""Results, Server and Home as HTML, in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from demos import TABS, home, results
from demos.language import Words
from pretrained import catalog

CARD: dict[str, Any] = {
    "key": "classification/cifar10",
    "title": "CIFAR-10 network",
    "metric": "top1",
    "value": 0.9588,
    "low": 0.9547,
    "high": 0.9625,
    "target": 0.955,
    "split": "cifar10/test",
    "n": 10000,
    "command": "python -m pretrained evaluate classification/cifar10 --json",
    "reference": "He 2015 <b>",
    "hardware": "one H200",
    "wall_seconds": 321.0,
}


def test_a_result_says_all_that_is_claimed(words: Words) -> None:
    page = results.table([CARD], words.speaker("en"))
    for part in (
        "95.9%",
        "95.5–96.2%",
        "≥\N{NO-BREAK SPACE}95.5%",
        "met",
        "cifar10/test",
        "n = 10,000",
    ):
        assert part in page, part
    assert "<b>" not in page.split("He 2015")[1][:10]  # escaped


def test_a_published_figure_is_called_so(words: Words) -> None:
    page = results.table([CARD, CARD | {"metric": "top5", "command": ""}], words.speaker("en"))
    assert page.count("published by its authors") == 1
    assert page.index("top-5") < page.index("published by its authors")


def test_a_missed_target_is_shown_as_missed(words: Words) -> None:
    page = results.table([CARD | {"value": 0.9}], words.speaker("en"))
    assert 'class="missed">missed' in page
    worse = CARD | {"metric": "nats_per_char", "value": 1.5, "target": 1.35}
    assert 'class="missed">missed' in results.table([worse], words.speaker("en"))
    assert "未达标" in results.table([CARD | {"value": 0.9}], words.speaker("zh"))


def test_a_target_that_seems_met_as_it_is_rounded_says_that_it_is_not(words: Words) -> None:
    card = {"metric": "fd_ratio", "target": 2.5}
    just = results.target({**card, "value": 2.5025}, words.speaker("en"))
    assert "just missed, at 2.5025" in just
    assert "just" not in results.target({**card, "value": 2.6}, words.speaker("en"))
    assert "missed" not in results.target({**card, "value": 2.5}, words.speaker("en"))


def test_a_result_without_interval_or_target(words: Words) -> None:
    bare = CARD | {"low": None, "high": None, "target": None, "n": None, "command": ""}
    page = results.table([bare], words.speaker("en"))
    assert "<small>" not in page and "met" not in re.sub(r"metric|<[^>]*>", "", page)


def test_no_results_says_so(words: Words) -> None:
    assert words.say("zh", "results.none") in results.table([], words.speaker("zh"))


def test_every_bundled_model_is_in_the_results(words: Words) -> None:
    page = results.table(catalog.cards(), words.speaker("en"))
    bundled = [entry for entry in catalog.entries().values() if entry.bundled and entry.claims]
    assert bundled
    for entry in bundled:
        assert entry.key in page


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_home_leads_to_the_tabs_that_exist(lang: str, words: Words) -> None:
    say = words.speaker(lang)
    page = home.cards(say)
    assert set(re.findall(r'data-tab="(\w+)"', page)) == set(TABS) & set(home.BREAKTHROUGHS)
    unbuilt = len(set(home.BREAKTHROUGHS) - set(TABS))
    assert page.count(words.say(lang, "home.making")) == unbuilt


def test_every_control_of_the_lab_has_a_label(words: Words) -> None:
    page = home.lab(words.speaker("en"))
    assert len(re.findall("<(?:select|input) ", page)) == page.count("<label>") == 9
