"""Figures before and after a training: in words, what got worse is said."""

from __future__ import annotations

import pytest

from demos.language import LANGUAGES
from demos.training.figures import compared
from demos.training.room import spoken

HELD_OUT = {
    "began": "handwriting/pen",
    "split": "every fifth word",
    "n": 1200,
    "before": {"nats": 1.5, "cer": 0.25, "chrf_fr": 40.0, "strange_thing": 1.0, "gone": 1.0},
    "after": {"nats": 1.25, "cer": 0.5, "chrf_fr": 60.0, "strange_thing": 1.0},
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_figure_says_whether_it_got_better_or_worse(words, lang):
    told = compared(HELD_OUT, words.speaker(lang))
    rows = {row["label"]: row for row in told["figures"]}
    cer = rows[words.say(lang, "training.figure.cer")]
    assert (cer["before"], cer["after"]) == ("25.0%", "50.0%")
    assert cer["worse"] and not cer["better"]
    chrf = rows[words.say(lang, "training.figure.chrf_fr")]
    assert chrf["better"] and not chrf["worse"]
    same = rows["strange thing"]
    assert not same["better"] and not same["worse"]
    assert "1,200" in told["on"] and "every fifth word" in told["on"]


def test_what_only_specialists_read_comes_last(words):
    rows = compared(HELD_OUT, words.speaker("en"))["figures"]
    assert rows[-1]["label"] == words.say("en", "training.figure.nats")
    assert rows[-1]["better"]


@pytest.mark.parametrize("held_out", [{}, {"before": {"nats": 1}}, {"before": {}, "after": {}}])
def test_nothing_is_shown_where_nothing_was_compared(words, held_out):
    assert compared(held_out, words.speaker("en")) == {}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_curve_names_its_figure_in_the_language_of_the_page(words, lang):
    named = spoken(words.speaker(lang))["figure"]
    watched = {"loss", "top1", "nats", "nats_per_char", "pen_nats", "cer", "told_apart", "box_ap50"}
    assert watched <= named.keys()
    assert named["nats"] == words.say(lang, "training.figure.nats")
