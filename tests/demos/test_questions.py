"""Five questions a tab: the same in both languages, each with one right answer."""

from __future__ import annotations

import re

import pytest

import app
from demos.language import DEMOS
from demos.page.articles import with_contents
from demos.page.layout import ROOMS
from demos.page.questions import read, rendered
from inference import Engine, Settings
from pretrained import catalog

TABS = ("classification", "detection", "text", "handwriting", "translation", "images")
IN = {"handwriting": "text"}  # the tab in which it stands


@pytest.mark.parametrize("name", TABS)
def test_both_languages_ask_the_same(name):
    english, chinese = read(name, "en"), read(name, "zh")
    assert len(english) == len(chinese) == 5
    for one, other in zip(english, chinese, strict=True):
        assert all(one[name] == other[name] for name in ("right", "see", "at"))
        assert len(one["options"]) == len(other["options"]) == len(set(one["options"])) == 3
        assert one["see"] in ROOMS
        assert all(re.search("[一-鿿]", text) for text in (other["ask"], other["why"]))
    # Whoever always takes the first, or any other, does not know.
    assert len({row["right"] for row in english}) == 3


@pytest.mark.parametrize("name", TABS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_leads_into_learn_leads_to_a_section_that_is_there(name, lang):
    tab = IN.get(name, name)
    article = with_contents(tab, (DEMOS / tab / f"learn.{lang}.md").read_text("utf-8"), "")
    for row in read(name, lang):
        if row["see"] == "learn":
            section = re.fullmatch(r"#([\w-]+) h2", row["at"])
            assert section and f'<section id="{section[1]}">' in article, row["at"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_form_of_an_option_does_not_tell_the_right_one(lang):
    """Over all questions neither place nor length gives more than guessing would."""
    rows = [row for name in TABS for row in read(name, lang)]
    places = [row["right"] for row in rows]
    assert all(8 <= places.count(place) <= 12 for place in range(3))
    alone = {max: 0, min: 0}
    for row in rows:
        lengths = [len(option) for option in row["options"]]
        assert max(lengths) <= 1.3 * min(lengths), row["options"]
        for extreme in alone:
            if lengths.count(extreme(lengths)) == 1:
                alone[extreme] += lengths[row["right"]] == extreme(lengths)
    assert max(alone.values()) <= len(rows) // 3


@pytest.mark.parametrize("name", TABS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_left_unfilled(name, lang, words):
    html = rendered(name, words.speaker(lang), IN.get(name, name))
    assert html.count("data-question>") == 5 and html.count('data-answer="1"') == 5
    assert "{{" not in html and "—</p>" not in html


def test_every_tab_that_teaches_asks(words):
    page = app.build(Engine(catalog.entries(), Settings()), words)
    asking = [b for b in page.blocks.values() if "questions" in (b.elem_classes or [])]
    assert len(asking) == len(TABS)
