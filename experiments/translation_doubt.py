"""From which probability on is a translation held unlikely?

    python -m experiments.translation_doubt --data ../shared/data/translation [--most 200]

Validation sentences in four directions, translated as the page does it. One counts as wrong when
its chrF against its best reference is below 40, which is a proxy: a right translation in other
words counts as wrong, too. Told for each limit of the (geometric) mean probability of a sentence's
tokens: how many lie below it, and the share of wrong ones below and above. Then, of those that the
page does not call unlikely, the same for the source's tokens, read back from the translation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from sacrebleu.metrics.chrf import CHRF

from demos.translation.warnings import UNLIKELY
from pretrained import catalog
from pretrained.translation import data

WRONG = 40.0
LIMITS = (0.3, 0.4, 0.5, 0.6)
BACK_LIMITS = (0.05, 0.1, 0.15, 0.2)


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
                backs = [s["read_back"] for s in result["sentences"] if s["read_back"] is not None]
                sure = min(s["mean_probability"] for s in result["sentences"])
                rows.append((sure, min(backs, default=1.0), best < WRONG))
            for limit in LIMITS:
                told(f"{split}, limit {limit}", [(one[0] < limit, one[2]) for one in rows])
            likely = [one for one in rows if one[0] >= UNLIKELY]
            for limit in BACK_LIMITS:
                parts = [(one[1] < limit, one[2]) for one in likely]
                told(f"{split}, likely, read back, limit {limit}", parts)


def told(name: str, rows: list[tuple[bool, bool]]) -> None:
    """Print how many are below a limit (first), and the shares of wrong ones (second)."""
    parts = [[wrong for below, wrong in rows if below is side] for side in (True, False)]
    below, above = (f"{sum(part) / max(1, len(part)):.0%}" for part in parts)
    print(f"{name}: {len(parts[0])} of {len(rows)} below, wrong {below} below, {above} above")


if __name__ == "__main__":
    typer.run(main)
