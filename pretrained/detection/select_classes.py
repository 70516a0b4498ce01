"""Which classes a trained detector offers: those that it was seen to find.

    python -m pretrained.detection.select_classes FOLDER --data ../shared/data/detection

writes into the folder's config which classes reach the bar on pictures that it never learnt from,
and into its card these, and which do not, each with its figure. `evaluate` then scores those that
are offered.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from pretrained import catalog, checkpoint
from pretrained.catalog import Entry
from pretrained.detection import data
from pretrained.detection.coco_names import CHINESE
from pretrained.detection.evaluate import BAR, LEAST, answers
from pretrained.detection.scoring import Scores


def select_classes(folder: Path, source: Path | str, *, split: str = "validation") -> list[str]:
    """Score every class that the checkpoint was taught, and offer those whose boxes reach
    `BAR` on `LEAST` objects or more; if none does, the best one.

    Returns:
        The classes offered.
    """
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    config |= class_config(config["taught"], {})
    checkpoint.write_json(folder, checkpoint.CONFIG, config)
    entry: Entry = catalog.from_folder(folder, config["key"])
    scenes = data.read(source, split)
    scores = Scores(scenes.scenes, answers(entry, scenes, "cpu"))
    each, counts = scores.each("box"), scenes.counts()
    known = {
        label: each[label]
        for label in config["taught"]
        if label in each and math.isfinite(each[label]) and counts[label]
    }
    good = [name for name, value in known.items() if value >= BAR and counts[name] >= LEAST]
    good = good or [max(known, key=lambda name: known[name])]
    dropped: dict[str, Any] = {
        label: {"box_ap50": round(known.get(label, 0.0), 4), "n": counts[label]}
        for label in config["taught"]
        if label not in good
    }
    config |= class_config(good, dropped)
    config["limits"] = limits_told(config.get("limits", ""), good, dropped, scenes.split)
    checkpoint.write_json(folder, checkpoint.CONFIG, config)
    checkpoint.write_card(folder)
    return good


def class_config(offered: list[str], dropped: dict[str, Any]) -> dict[str, Any]:
    """What config.json says of classes: those offered, in words and by name, in Chinese too where
    all of them have one, and those taught but not offered, each with its figure."""
    known = all(name in CHINESE for name in offered)
    return {
        "description": "Mask R-CNN on EfficientNet-Lite0. Each with its box and its "
        f"shape, it finds: {', '.join(offered)}.",
        "labels": offered,
        "labels_zh": [CHINESE[name] for name in offered] if known else None,
        "offered": offered,
        "not_offered": dropped,
    }


def limits_told(limits: str, good: list[str], dropped: dict[str, Any], split: str) -> str:
    """The card's words on what is offered and what is not, after what it says of limits anyway."""
    words = limits.split("\n\n", 1)[0]
    rows = sorted(dropped.items(), key=lambda row: -row[1]["n"])
    seen = [f"{name} {row['box_ap50']:.2f} of {row['n']}" for name, row in rows if row["n"]]
    unseen = [name for name, row in rows if not row["n"]]
    parts = [
        words,
        f"It offers {', '.join(good)}: the classes whose boxes reach an AP50 of {BAR} on at least "
        f"{LEAST} objects of {split}.",
        f"It was taught these, too, but finds them too rarely, or there are too few to tell (AP50 "
        f"and objects): {'; '.join(seen)}."
        if seen
        else "",
        f"And these, of which {split} has none: {', '.join(unseen)}." if unseen else "",
    ]
    return "\n\n".join(part for part in parts if part)


def main(
    folder: Annotated[Path, typer.Argument(help="A checkpoint folder.", file_okay=False)],
    source: Annotated[str, typer.Option("--data", help="Pictures that it has not learnt from.")],
    split: str = "validation",
) -> None:
    """Decide which classes a detector offers, and write it into its folder."""
    print(", ".join(select_classes(folder, source, split=split)))


if __name__ == "__main__":
    typer.run(main)
