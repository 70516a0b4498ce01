"""How like the references translations are: BLEU and chrF by sacreBLEU (Post 2018).

BLEU counts shared runs of up to four words (Papineni et al. 2002), or characters in Chinese; chrF
shared runs of up to six characters (Popović 2015). Both go from 0 to 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pretrained.metrics import percentiles
from pretrained.translation.data import Scored

#: Draws of the test set with replacement that the interval comes from.
DRAWS = 1_000
#: Shortest source of each bucket of the curve, in words, or in characters for Chinese.
BUCKETS = {"en": (1, 4, 6, 8, 10, 13), "fr": (1, 4, 6, 8, 10, 13), "zh": (1, 6, 8, 10, 13, 18)}
UNIT = {"en": "words", "fr": "words", "zh": "characters"}
#: Fewest sentences that a bucket is scored with.
FEWEST = 10


def metrics(
    written: Sequence[str], scored: Sequence[Scored], target: str, draws: int = DRAWS
) -> dict[str, dict[str, Any]]:
    """``{"bleu", "chrf"}`` of translations, each with its 95% interval and sacreBLEU's signature.

    Raises:
        MissingDependency: sacreBLEU is not installed.
    """
    if not written:
        return {}
    found, random = {}, np.random.default_rng(0)
    most = max(len(one.references) for one in scored)
    # One stream for each place in the lists; sacreBLEU leaves out what is None.
    streams = [
        [one.references[n] if n < len(one.references) else None for one in scored]
        for n in range(most)
    ]
    for name, metric in scorers(target).items():
        counts = np.array(metric._extract_corpus_statistics(list(written), streams), float)
        drawn = [rescored(metric, counts, random) for _ in range(draws)]
        reached = float(metric._compute_score_from_stats(counts.sum(0).tolist()).score)
        signature = {"signature": str(metric.get_signature())}
        found[name] = percentiles(reached, [reached, *drawn]) | signature
    return found


def rescored(metric: Any, counts: NDArray[np.float64], random: np.random.Generator) -> float:
    """The score of as many sentences, drawn with replacement, from the counts of each [N, C].

    (sacreBLEU's own draws fail where the scores are floats of two kinds, version 2.6.)
    """
    rows = random.integers(len(counts), size=len(counts))
    return float(metric._compute_score_from_stats(counts[rows].sum(0).tolist()).score)


def scorers(target: str) -> dict[str, Any]:
    """sacreBLEU's two metrics for a language."""
    from sacrebleu.metrics import BLEU, CHRF  # type: ignore[attr-defined]

    return {"bleu": BLEU(tokenize="zh" if target == "zh" else "13a"), "chrf": CHRF()}


def length(text: str, language: str) -> int:
    """Words of a sentence, or Chinese characters."""
    if language == "zh":
        return sum(c.isalnum() for c in text)
    return len(text.split())


def curve(
    written: Sequence[str], scored: Sequence[Scored], direction: tuple[str, str]
) -> dict[str, dict[str, float]]:
    """BLEU, chrF and number of sentences by the length of the source: ``{"4-5 words": {...}}``."""
    source, target = direction
    starts, found = BUCKETS[source], {}
    for n, start in enumerate(starts):
        end = starts[n + 1] - 1 if n + 1 < len(starts) else None
        rows = [
            i
            for i, one in enumerate(scored)
            if start <= length(one.source, source) <= (end or 10**9)
        ]
        if len(rows) >= FEWEST:
            some = metrics([written[i] for i in rows], [scored[i] for i in rows], target, draws=1)
            name = f"{start}-{end} {UNIT[source]}" if end else f"{start}+ {UNIT[source]}"
            values = {metric: round(figure["value"], 2) for metric, figure in some.items()}
            found[name] = {**values, "n": len(rows)}
    return found
