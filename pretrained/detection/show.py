"""What a training of a detector shows while it learns: what it finds in pictures kept aside, and
what is in them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pretrained.detection.data import Scene

#: Pictures that are shown, and objects found in each, the surest first.
PICTURES, OBJECTS = 12, 20


def found_in(
    scenes: Sequence[Scene], found: Sequence[Sequence[Mapping[str, Any]]], top: Path
) -> dict[str, str]:
    """``{".json": {"pictures": [...], "n": all that were looked at}}``; of each picture its
    ``file`` below ``top`` (where it stands, for data without files), ``width``, ``height``,
    ``found``: label, score, and box (left, top, right, bottom in pixels), and ``objects``,
    likewise, as labelled."""
    told = [
        {
            "file": _name(scene, top),
            "width": scene.width,
            "height": scene.height,
            "found": [
                {
                    "label": one["label"],
                    "score": round(float(one["score"]), 4),
                    "box": _rounded(one["box"]),
                }
                for one in objects[:OBJECTS]
            ],
            "objects": [{"label": t.label, "box": _rounded(t.box)} for t in scene.things],
        }
        for scene, objects in zip(scenes[:PICTURES], found, strict=False)
    ]
    return {".json": json.dumps({"pictures": told, "n": len(scenes)}, ensure_ascii=False)}


def _name(scene: Scene, top: Path) -> str:
    file = scene.content
    if isinstance(file, Path) and file.is_relative_to(top):
        return file.relative_to(top).as_posix()
    return scene.place


def _rounded(box: Sequence[float]) -> list[float]:
    return [round(float(side), 1) for side in box]
