"""Sentences with commas: what is it worth to read them clause by clause, too?

    python -m experiments.translation_clauses ../shared/data/translation/en-zh zh-en [--most 120]

BLEU and chrF of the validation sentences that have several clauses, read whole, and as the page
reads them (`pretrained.translation.clauses`), with the seconds of one thread. In 2026-11, whole and
so: en-fr (86) 41.1 and 57.5, 42.4 and 58.9; fr-en (the first 120) 42.8 and 58.7, 45.1 and 60.5;
en-zh (34) 34.7 and 30.0, 38.5 and 32.5; zh-en (67) 24.0 and 43.2, 26.2 and 46.1. It takes about
twice the time.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from pretrained import catalog
from pretrained.translation import clauses, data, scores, sentences


def main(
    folder: Path,
    direction: str,
    most: Annotated[int, typer.Option(min=1, help="Sentences.")] = 120,
) -> None:
    """Translate them both ways and score."""
    source, target = data.languages_of(direction)
    other = source if target == "en" else target
    translator: Any = catalog.find(f"translation/en-{other}").load("cpu")
    every, split = data.to_score(folder, direction, "validation")
    asked = [
        one
        for one in every
        if len(parts := sentences.split(one.source)) == 1
        if len(clauses.cut(parts[0], source)) > 1
    ][:most]
    print(f"{split}: {len(asked)} sentences")
    for name, view in (("whole", "inside"), ("clauses", "answer")):
        began = time.perf_counter()
        found = translator.predict(
            [{"text": one.source, "source": source, "target": target} for one in asked], view=view
        )
        seconds = time.perf_counter() - began
        figures = scores.metrics([one["translation"] for one in found], asked, target, draws=1)
        told = ", ".join(f"{metric} {figure['value']:.1f}" for metric, figure in figures.items())
        print(f"{name}: {told}, {seconds:.1f} s")


if __name__ == "__main__":
    typer.run(main)
