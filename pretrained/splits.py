"""What the parts of a data set are called: train, validation and test, as people name them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pretrained.errors import BadData

ALIASES = {
    "train": {"train", "training", "entrainement", "entraînement", "apprentissage", "训练", "訓練"},
    "validation": {"validation", "valid", "val", "dev", "eval", "验证", "驗證"},
    "test": {"test", "testing", "测试", "測試"},
}
#: What stands beside the name of a part: training_set, val-images, seg_test, train-00000-of-00002.
BESIDE = {"set", "data", "dataset", "images", "image", "imgs", "img", "pictures", "photos", "seg"}
BESIDE |= {"split", "folder", "of", "instances", "annotations", "labels", "coco", "keypoints"}
BESIDE |= {"person", "captions"}
#: What the column of a table is called with the part that a row belongs to.
COLUMN = {"split", "subset", "partition", "set", "划分", "数据划分"}
SHOWN = 80  # characters of the parts that a refusal names
ENDINGS = re.compile("(?:数据集|數據集|图片|圖片|图像|数据|set|集)$")


def named(name: str, split: str = "") -> str | None:
    """The part that a file or folder is called by (without its suffix); None where it is none.

    Args:
        split: the name that is looked for, where it is another than these three.
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    if split and plain == split.casefold():
        return next((key for key, names in ALIASES.items() if plain in names), split)
    plain = re.sub(r"-\d+-of-\d+(-\w+)?$", "", plain)  # one part of several
    words = [word for word in re.findall(r"[^\W\d_]+", plain) if word not in BESIDE]
    if len(words) != 1:
        return None
    bare = {words[0], ENDINGS.sub("", words[0])}
    return next((key for key, names in ALIASES.items() if bare & names), None)


def column(names: Sequence[str]) -> int | None:
    """Where a table has the part that a row belongs to; None: nowhere."""
    return next((n for n, name in enumerate(names) if name.strip().casefold() in COLUMN), None)


def rows_of(
    split: str, values: Sequence[Any], called: str, path: Path, told: list[str]
) -> list[int] | None:
    """Which rows are of a part, by what each has in the column for it; None: all are taken, because
    the column names no parts, or one alone.

    Args:
        values: of that column, which is ``called`` so. told: gets a sentence on what is left out.

    Raises:
        BadData: it names other parts, and not this one.
    """
    parts = {value: named(str(value), split) for value in values}
    if len(parts) < 2 or not any(parts.values()):
        return None
    if split not in parts.values():
        names = ", ".join(sorted(map(str, parts)))[:SHOWN]
        reason = f"its column {called} knows {names} and no {split}: rename one of these"
        raise BadData(path=path, reason=reason)
    kept = [n for n, value in enumerate(values) if parts[value] == split]
    left = f"{len(values) - len(kept):,} rows of {path.name}"
    told.append(f"{left} are not of {split} by the column {called} and were left out")
    return kept
