"""Detectors with random weights and drawn shapes at known places, for tests."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import torch
from PIL import Image, ImageDraw

from pretrained import checkpoint
from pretrained.detection import rle, select_classes
from pretrained.detection.model import Detector

NAMES = ["disc", "square"]


def network(classes: int = len(NAMES), seed: int = 0) -> Detector:
    """Random weights; the classes' biases let candidates through."""
    torch.manual_seed(seed)
    made = Detector(classes, channels=8, hidden=8).eval()
    with torch.no_grad():
        for layer in made.body.modules():  # so that what the picture shows comes through
            if isinstance(layer, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(layer.weight)
        made.heads.box_predictor.classes.weight.mul_(60)
        made.heads.box_predictor.classes.bias.zero_()
        made.heads.box_predictor.deltas.weight.mul_(20)
    return made


def detector(folder: Path, offered: list[str] | None = None) -> Path:
    """A checkpoint folder of random weights."""
    made = network()
    config = {
        "key": "detection/everyday",
        "loader": "pretrained.detection.serve:load",
        "taught": NAMES,
        **select_classes.class_config(NAMES if offered is None else offered, {}),
        "architecture": made.architecture,
        "max_batch": 4,
    }
    checkpoint.save_weights(folder, made.state_dict())
    checkpoint.write_metadata(folder, config, {}, {})
    return folder


def shapes(
    seed: int, width: int = 96, height: int = 64, count: int = 2
) -> tuple[Image.Image, list[dict[str, Any]]]:
    """Discs and squares that do not touch, and the row of each as the data have it."""
    rng = np.random.default_rng(seed)
    picture = Image.new("RGB", (width, height), tuple(rng.integers(0, 80, 3).tolist()))
    rows = []
    for number in range(count):
        room = width // count
        side = int(rng.integers(min(room, height) // 3, min(room, height) - 8))
        x = number * room + int(rng.integers(2, room - side - 2))
        y = int(rng.integers(2, height - side - 2))
        label = NAMES[int(rng.integers(2))]
        mask = Image.new("L", (width, height))
        for pen, ink in (
            (ImageDraw.Draw(picture), tuple(rng.integers(150, 255, 3).tolist())),
            (ImageDraw.Draw(mask), 1),
        ):
            draw = pen.ellipse if label == "disc" else pen.rectangle
            draw((x, y, x + side - 1, y + side - 1), fill=ink)
        counts = rle.encode(np.asarray(mask).astype(bool), 0, 0, height, width)["counts"]
        rows.append(
            {
                "category": label,
                "bbox": [float(x), float(y), float(side), float(side)],
                "segmentation": counts,
                "iscrowd": False,
            }
        )
    return picture, rows


def encoded(picture: Image.Image) -> bytes:
    """As PNG."""
    held = io.BytesIO()
    picture.save(held, "PNG")
    return held.getvalue()


def table(rows: list[tuple[Image.Image, list[dict[str, Any]], str]], file: Path) -> Path:
    """Pictures, what is in them and where they are from, as Parquet."""
    cells = {
        "image": [{"bytes": encoded(picture), "path": None} for picture, _, _ in rows],
        "width": [picture.width for picture, _, _ in rows],
        "height": [picture.height for picture, _, _ in rows],
        "objects": [things for _, things, _ in rows],
        "source": [source for _, _, source in rows],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(cells), file)
    return file


def folder_of_shapes(folder: Path, train: int = 12, validation: int = 6) -> Path:
    """Both splits as the data come."""
    for split, count, first in (("train", train, 0), ("validation", validation, 1_000)):
        rows = [(*shapes(first + n), "drawn") for n in range(count)]
        table(rows, folder / f"{split}-00000.parquet")
    return folder


def coco_folder(folder: Path, count: int = 10) -> Path:
    """Pictures and annotations.json, as labelling tools write them: polygons for the squares."""
    folder.mkdir(parents=True)
    told: dict[str, Any] = {
        "images": [],
        "annotations": [],
        "categories": [{"id": n + 7, "name": name} for n, name in enumerate(NAMES)],
    }
    for number in range(count):
        picture, rows = shapes(number)
        name = f"{number}.png"
        picture.save(folder / name)
        size = {"width": picture.width, "height": picture.height}
        told["images"].append({"id": 100 + number, "file_name": name, **size})
        for row in rows:
            x, y, w, h = row["bbox"]
            polygon = [[x, y, x + w, y, x + w, y + h, x, y + h]]
            whole = {"size": [picture.height, picture.width], "counts": row["segmentation"]}
            told["annotations"].append(
                {
                    "id": len(told["annotations"]) + 1,
                    "image_id": 100 + number,
                    "category_id": 7 + NAMES.index(row["category"]),
                    "bbox": row["bbox"],
                    "area": w * h,
                    "iscrowd": 0,
                    "segmentation": polygon if row["category"] == "square" else whole,
                }
            )
    (folder / "annotations.json").write_text(json.dumps(told))
    return folder
