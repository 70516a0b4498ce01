"""Of the translations that the search found, the one that leads back to the source is first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny_translators import ENGLISH, network, tiny, vocabulary

from pretrained import catalog
from pretrained.translation import beam
from pretrained.translation.reranking import Channel
from pretrained.translation.stepper import Stepper

PIECES = vocabulary()
STEPPER = Stepper(network(len(PIECES)), [PIECES.pad, *PIECES.marks.values()])


def hypothesis(text: str, score: float, back: float | None = None) -> beam.Hypothesis:
    tokens = PIECES.encode(text)
    return beam.Hypothesis(tokens, [-1.0], np.zeros((1, 1)), score, True, back)


def test_the_way_back_is_what_the_search_gives_that_text():
    """The search writes from A: its probability of B is the channel's of B, read back to from A."""
    source = [*PIECES.encode(ENGLISH[0]), PIECES.end]
    [found] = beam.Search(STEPPER, PIECES)([source], ["fr"], beams=4)
    finished = [one for one in found.hypotheses if one.finished]
    assert finished
    told = Channel(STEPPER, PIECES)(
        [source[:-1]] * len(finished),
        [[*one.tokens, PIECES.end] for one in finished],
        "fr",
    )
    assert told == pytest.approx([sum(one.log_probs) for one in finished])


def test_a_candidate_is_read_alike_alone_and_beside_others():
    channel = Channel(STEPPER, PIECES)
    texts = [*ENGLISH, "Tom", "", "zzz 龘 🙂"]
    candidates = [PIECES.encode(text[::-1]) for text in texts]
    sources = [[*PIECES.encode(text), PIECES.end] for text in texts]
    for language in ("en", "fr"):
        together = channel(candidates, sources, language)
        for n, one in enumerate(together):
            assert channel([candidates[n]], [sources[n]], language) == [one]
    assert channel([], [], "en") == []


def test_what_leads_back_overtakes_and_what_lost_a_number_does_not():
    lost, exact = hypothesis("Il dort.", -0.5, -9.0), hypothesis("Tom dort ici.", -0.8, -1.0)
    assert beam.ordered([lost, exact], PIECES.decode, ()) == [exact, lost]
    near = replace(lost, back=-1.0)
    assert beam.ordered([near, exact], PIECES.decode, ()) == [near, exact]
    number, none = hypothesis("Il a 30 ans.", -0.9, -9.0), hypothesis("Il est grand.", -0.5, -0.1)
    assert beam.ordered([none, number], PIECES.decode, ("30",)) == [number, none]


def test_an_answer_tells_the_way_back_of_each(tmp_path):
    translator = catalog.from_folder(tiny(tmp_path / "tiny")).load("cpu")
    [answer] = translator.predict([ENGLISH[0]], beams=4)
    told = answer["sentences"][0]["alternatives"]
    assert len(told) > 1
    for one in told:
        assert one["rank"] == pytest.approx(one["score"] + beam.WEIGHT * one["back"])
    assert [one["rank"] for one in told] == sorted((one["rank"] for one in told), reverse=True)
    length, read_back = len(PIECES.encode(ENGLISH[0])) + 1, answer["sentences"][0]["read_back"]
    total = told[0]["back"] * beam.penalty(length)  # in nats
    assert read_back == pytest.approx(np.exp(total / length)) and 0 < read_back < 1
    [alone] = translator.predict([ENGLISH[0]], beams=1)
    assert alone["sentences"][0]["alternatives"][0]["back"] is None
    assert alone["sentences"][0]["read_back"] is None


def test_a_network_of_one_direction_reads_nothing_back(tmp_path):
    translator = catalog.from_folder(tiny(tmp_path / "tiny")).load("cpu")
    one_way = type(translator)(
        network(len(PIECES)), PIECES, {**translator.config, "directions": ["en-fr"]}, "cpu"
    )
    [answer] = one_way.predict([ENGLISH[0]], beams=4)
    assert {one["back"] for one in answer["sentences"][0]["alternatives"]} == {None}
