"""From which probability on is a translation held unlikely?

    python -m experiments.translation_doubt --data ../shared/data/translation [--most 200]

Validation sentences in four directions, translated as the page does it. One counts as wrong when
its chrF against its best reference is below 40, which is a proxy: a right translation in other
words counts as wrong, too. Told for each limit of the (geometric) mean probability of a sentence's
tokens: how many lie below it, and the share of wrong ones below and above.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from sacrebleu.metrics import CHRF

from pretrained import catalog
from pretrained.translation import data

WRONG = 40.0
LIMITS = (0.3, 0.4, 0.5, 0.6)


def main(
    folder: Annotated[Path, typer.Option("--data", help="Holds en-fr and en-zh.")],
    most: Annotated[int, typer.Option(help="Sentences of each direction, the first ones.")] = 200,
) -> None:
    """Print a line for each direction and limit."""
    chrf = CHRF()
    for pair in ("en-fr", "en-zh"):
        translator: Any = catalog.find(f"translation/{pair}").load("cpu")
        for direction in translator.directions:
            scored, split = data.to_score(folder / pair, direction, "validation")
            source, target = direction.split("-")
            texts = [one.source for one in scored[:most]]
            rows = []
            for one, result in zip(
                scored, translator.predict(texts, source=source, target=target), strict=False
            ):
                best = max(
                    chrf.sentence_score(result["translation"], [reference]).score
                    for reference in one.references
                )
                rows.append((min(s["mean_probability"] for s in result["sentences"]), best))
            for limit in LIMITS:
                below = [best < WRONG for sure, best in rows if sure < limit]
                above = [best < WRONG for sure, best in rows if sure >= limit]
                shares = [f"{sum(part) / max(1, len(part)):.0%}" for part in (below, above)]
                print(
                    f"{split} n={len(rows)} limit {limit}: {len(below)} below, "
                    f"wrong {shares[0]} below, {shares[1]} above"
                )


if __name__ == "__main__":
    typer.run(main)
