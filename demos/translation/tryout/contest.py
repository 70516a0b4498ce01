"""Which translation is better? Two of one sentence, both written by the network; right is the one
that agrees more with our own reference by chrF (Popović 2015). The network holds the one to be
better that it gives the higher probability.

The sentences are the hundred of Look inside, which are ours: none of them stands in the data that
the networks were trained or scored on. A reference is one good translation of many, and chrF counts
shared runs of characters and understands nothing: the page says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from itertools import combinations
from typing import Any

from demos import contest, page
from demos.contest import Choice, Contest
from demos.language import Say, Words
from demos.models import most_together
from demos.translation import answers
from demos.translation.inside.embeddings import sentences
from inference import Engine

ROUNDS = 6
#: chrF points by which two translations differ at least: less is hardly to be seen.
GAP = 8.0
#: chrF that the better one of them has at least: between two bad ones there is nothing to choose.
GOOD = 50.0
#: Sentences that a round may look at until two translations differ so much.
TRIED = 8
#: What is translated on a page of each language: into what its visitors read.
DIRECTION = {"en": ("fr", "en"), "zh": ("en", "zh")}


def build(engine: Engine, words: Words) -> None:
    """The game, folded, where the network of each language is served."""
    if {key_of(lang) for lang in DIRECTION} <= answers.translators(engine).keys():
        contest.build(words, played(engine))


def played(engine: Engine) -> Contest:
    """The rules."""
    entries = {lang: answers.entry_of(engine, key_of(lang)) for lang in DIRECTION}
    deal = contest.dealing(
        engine, lambda say: [entries[say.lang]], partial(asked, engine), "contest.drawing"
    )
    return Contest("translation", ROUNDS, deal, most_together(entries.values()))


def key_of(lang: str) -> str:
    return answers.BUNDLED["-".join(DIRECTION[lang])]


async def asked(engine: Engine, say: Say, seed: int, number: int) -> Choice:
    """A round: the first of some sentences with two translations that differ enough, one of them
    good, else the one whose differ most, if it can be with a good one."""
    source, target = DIRECTION[say.lang]
    best: tuple[tuple[bool, float], dict[str, str], list[tuple[str, float, float]]] | None = None
    for n in range(TRIED):
        one = contest.item("translation", seed, number * TRIED + n, sentences()).said
        found = await answers.ask(engine, key_of(say.lang), one[source], source, target)
        rivals = [
            (str(other["translation"]), float(other["probability"]))
            for sentence in found["sentences"]
            for other in sentence["alternatives"]
        ]
        gap, pair = await asyncio.to_thread(apart, rivals, one[target])
        worth = (max((score for *_, score in pair), default=0.0) >= GOOD, gap)
        if pair and (best is None or worth > best[0]):
            best = worth, one, pair
        if worth >= (True, GAP):
            break
    assert best is not None
    return round_of(say, seed, number, best[1], best[2])


def apart(
    rivals: Sequence[tuple[str, float]], reference: str
) -> tuple[float, list[tuple[str, float, float]]]:
    """The two translations that chrF sets furthest apart: (by how many points, [(text, probability,
    chrF) twice]); (-1, []) where there are no two.

    Args: rivals: (text, its probability)."""
    from pretrained.translation.scores import scorers  # loads torch

    metric = scorers("en")["chrf"]  # the same for every language
    scored = [
        (text, p, float(metric.sentence_score(text, [reference]).score)) for text, p in rivals
    ]
    pairs = ((abs(a[2] - b[2]), [a, b]) for a, b in combinations(scored, 2))
    return max(pairs, key=lambda pair: pair[0], default=(-1.0, []))


def round_of(
    say: Say, seed: int, number: int, one: Mapping[str, Any], pair: list[tuple[str, float, float]]
) -> Choice:
    """The round of two translations of a sentence: (text, probability, chrF) each."""
    source, target = DIRECTION[say.lang]
    contest.dice("translation", seed, number).shuffle(pair)
    (_, one_p, one_score), (_, other_p, other_score) = pair
    tag = f'<span lang="{answers.TAGS[target]}">'
    notes = tuple(
        say("translation.game.note", chrf=f"{score:.0f}", share=_share(p)) for _, p, score in pair
    )
    reference = say("translation.game.reference", reference=one[target])
    return Choice(
        "translation",
        f'<p class="passage" lang="{answers.TAGS[source]}">{escape(one[source])}</p>',
        tuple(f"{tag}{escape(text)}</span>" for text, _, _ in pair),
        int(other_score > one_score),
        int(other_p > one_p),
        notes,
        f'<p class="quiet">{reference}</p>',
        long=True,
    )


def _share(probability: float) -> str:
    """The probability of a whole sentence, which is small: two digits of it."""
    return page.percent(probability) if probability >= 0.01 else f"{probability * 100:.2g}%"
