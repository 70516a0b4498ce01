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
    assert told["verdict"] == ""  # one got better


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ({"box_ap50": 1.0, "mask_ap50": 1.0}, {"box_ap50": 1.0, "mask_ap50": 1.0}, "perfect"),
        ({"cer": 0.0}, {"cer": 0.0}, "perfect"),
        ({"cer": 1.0}, {"cer": 1.0}, "same"),  # all of it wrong is not the best
        ({"box_ap50": 1.0, "mask_ap50": 0.5}, {"box_ap50": 1.0, "mask_ap50": 0.5}, "same"),
        ({"loss": 1.0}, {"loss": 1.0}, "same"),  # no figure that has a best
        ({"box_ap50": 1.0, "mask_ap50": 1.0}, {"box_ap50": 1.0, "mask_ap50": 0.5}, "weaker"),
        ({"box_ap50": 0.5, "mask_ap50": 1.0}, {"box_ap50": 0.75, "mask_ap50": 0.5}, ""),
    ],
)
def test_what_could_not_get_better_is_not_called_weaker(words, lang, before, after, verdict):
    told = compared({"n": 2, "before": before, "after": after}, words.speaker(lang))
    assert told["verdict"] == (words.say(lang, f"training.{verdict}") if verdict else "")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("of", ["pictures", "pairs", "characters", "words"])
def test_what_was_kept_aside_is_a_sentence_without_names_of_the_server(words, lang, of):
    held_out = {**HELD_OUT, "split": "kept aside of data", "n": 2, "of": of}
    on = compared(held_out, words.speaker(lang))["on"]
    assert on == words.speaker(lang).plain(f"training.on.{of}", n="2") and "data" not in on


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
