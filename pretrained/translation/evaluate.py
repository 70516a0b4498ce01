"""Scoring a translator: sacreBLEU's BLEU and chrF with all references, and what it knew before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pretrained.catalog import Entry
from pretrained.translation import data, scores
from pretrained.translation.serve import MOST_TEXT, Translator


def evaluate(
    entry: Entry,
    source: Path | str,
    *,
    split: str = "validation",
    device: str = "cpu",
    direction: str | None = None,
) -> dict[str, Any]:
    """BLEU and chrF (0 to 100) of the translations as they are served.

    Beside the figures over all sentences there are ``bleu_new`` and ``chrf_new`` over those whose
    source does not stand in the training data (compared without case, blanks and signs), because
    some test sentences of one language are training sentences beside another translation. They are
    left out for a model whose training data nobody knows.
    ``per_class`` is the curve by the length of the source.

    Args:
        source: a folder with splits, or one file of pairs.
        direction: such as ``fr-en``; by default the model's first. See `data.to_score`.

    Raises:
        BadData: the pairs cannot be read, or the direction is none of the model's.
    """
    translator = entry.load(device)
    assert isinstance(translator, Translator)
    direction = direction or translator.directions[0]
    languages = data.languages_of(direction)
    scored, name = data.to_score(source, direction, split)
    scored = [one for one in scored if len(one.source) <= MOST_TEXT]
    written = [
        one["translation"]
        for one in translator.predict(
            [one.source for one in scored], source=languages[0], target=languages[1]
        )
    ]
    figures = scores.metrics(written, scored, languages[1])
    known: dict[str, float] = {}
    if translator.seen.marks:
        seen = [(languages[0], one.source) in translator.seen for one in scored]
        new = [n for n, one in enumerate(seen) if not one]
        fresh = scores.metrics([written[n] for n in new], [scored[n] for n in new], languages[1])
        figures |= {f"{metric}_new": figure | {"n": len(new)} for metric, figure in fresh.items()}
        known["in_training"] = 1 - len(new) / len(scored)
    return {
        "key": entry.key,
        "split": name,
        "n": len(scored),
        "metrics": figures,
        "per_class": scores.curve(written, scored, languages),
        "direction": direction,
        "references": sum(len(one.references) for one in scored),
        "beams": translator.usual_beams,
        **known,
    }
