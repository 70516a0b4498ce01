"""One network for both directions, or one for each?

    python -m experiments.translation_directions --data FOLDER --minutes 20 --keep

English and French, the recipe of the bundled translator. One network learns both ways for the whole
time; two others learn one way each for half of it. All write greedily and are scored on test. The
figures go into the card of ``translation/en-fr``; the weights are not kept.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from experiments import translation_ablation as ablation
from pretrained import catalog, checkpoint
from pretrained.translation import train

WAYS = train.RECIPES[ablation.KEY].directions


def rows(folder: Path, minutes: float, out: Path) -> list[dict[str, Any]]:
    """Four rows: each direction by the shared network, and by its own."""
    plans = [(WAYS, minutes), *(((way,), minutes / len(WAYS)) for way in WAYS)]
    found = []
    for ways, share in plans:
        place = out / "+".join(ways)
        learnt = ablation.learn(folder, "attention", share, place, ways)
        for way in ways:
            name = "one network for both directions" if len(ways) > 1 else "a network of its own"
            figures = ablation.scored(folder, learnt, way)
            figures.pop("curve")
            row = {"name": f"{name}, {way}", "directions": list(ways), "direction": way}
            found.append({**row, **figures, **learnt.made})
            print(found[-1], file=sys.stderr, flush=True)
    return found


def main(
    data: Annotated[Path, typer.Option(help="The folder of en-fr.")],
    minutes: Annotated[float, typer.Option(help="Time for the shared one.")] = 20.0,
    out: Annotated[Path, typer.Option(help="Where to work.")] = Path("runs/translation-directions"),
    keep: Annotated[bool, typer.Option(help="Write the rows into the card.")] = False,
) -> None:
    """Train and score the three networks."""
    found = rows(data, minutes, out)
    if keep:
        folder = Path(str(catalog.find(ablation.KEY).folder))
        checkpoint.keep_ablation(folder, found, "experiments.translation_directions")


if __name__ == "__main__":
    typer.run(main)
