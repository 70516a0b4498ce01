"""Models of every kind as a worker leaves them, their zips, and zips that were tampered with."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tiny_detection
import tiny_faces
import tiny_hands
import tiny_writers
import torch
from PIL import Image

from pretrained import catalog, checkpoint
from pretrained.classification.model import ResidualNet
from pretrained.handwriting.reader import ReaderNet

ROOT = Path(__file__).parents[2]
LABELS = ["cat", "dog", "狐狸"]
PICTURE = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)


def classifier(folder: Path) -> Path:
    torch.manual_seed(0)
    network = ResidualNet(3, widths=(8, 12), stem_width=6)
    checkpoint.save_weights(folder, network.state_dict())
    config = {"key": "classification/out", "loader": "pretrained.classification.serve:load"}
    config |= {"labels": LABELS, "classes": 3, "size": 16, "temperature": 0.01, "max_batch": 8}
    config |= {"widths": [8, 12], "stem_width": 6, "pipeline_tag": "image-classification"}
    training = {
        "command": f"python -m pretrained train classification/cifar10 --data {folder.parent}/data"
        f" --out {folder} --minutes 1 --resume --watch",
        "data": f"{folder.parent}/data, 30 pictures",
        "pictures": 30,
        "seed": 7,
    }
    held_out = {"began": "the weights as they came", "split": "a fifth kept aside", "n": 40}
    held_out |= {"of": "pictures", "before": {"top1": 0.25, "loss": 2.0}}
    held_out |= {"after": {"top1": 0.75, "loss": 0.5}}
    checkpoint.write_metadata(folder, config, training, {}, (), held_out)
    rows = [{"epoch": n, "loss": 3.0 / n, "held_out_top1": 0.25 * n} for n in (1, 2, 3)]
    (folder / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def reader(folder: Path) -> Path:
    torch.manual_seed(0)
    checkpoint.save_weights(folder, ReaderNet(tiny_hands.ALPHABET, 8, 12).state_dict())
    config = {"key": "handwriting/out", "loader": "pretrained.handwriting.serve:load_reader"}
    config |= {"characters": tiny_hands.ALPHABET, "width": 8, "units": 12, "max_batch": 8}
    checkpoint.write_metadata(folder, config, {}, {})
    return folder


def bundled(key: str) -> Callable[[Path], Path]:
    def copied(folder: Path) -> Path:
        return Path(shutil.copytree(catalog.folder_of(key), folder))

    return copied


def classified(model: Any) -> Any:
    return model.predict([Image.fromarray(PICTURE)])


def written(model: Any) -> str:
    writing, text = model.begin("", length=40, seed=3), ""
    while not writing.done:
        text += "".join(piece.text for piece in model.step([writing]) if piece)
    return text


def drawn(model: Any) -> Any:
    return model.predict([{"mix": [[0, 1.0]]}])[0]["image"].tolist()


def diffused(model: Any) -> Any:
    return model.predict([{"mix": [[0, 1.0]]}], steps=2)[0]["image"].tolist()


def translated(model: Any) -> Any:
    return model.predict(["I am a student."])[0]["translation"]


def detected(model: Any) -> Any:
    return [row["box"] for row in model.predict([PICTURE])[0]["objects"]]


def penned(model: Any) -> Any:
    return model.predict([{"text": "hello", "seed": 0}])[0]["points"].tolist()


def read(model: Any) -> Any:
    return model.predict([[[(0, 0), (0, 20)], [(0, 10), (8, 10)]]])


#: What comes back answers as what was taken home.
KINDS: dict[str, tuple[Callable[[Path], Path], Callable[[Any], Any]]] = {
    "classification": (classifier, classified),
    "classification/hog-svm": (bundled("classification/hog-svm"), classified),
    "text": (tiny_writers.tiny, written),
    "text/tang": (lambda folder: tiny_writers.tiny(folder, kind="quatrains"), written),
    "images/faces-gan": (tiny_faces.gan, drawn),
    "images/faces-diffusion": (tiny_faces.denoiser, diffused),
    "translation/en-fr": (bundled("translation/en-fr"), translated),
    "detection": (tiny_detection.detector, detected),
    "handwriting/pen": (bundled("handwriting/pen"), penned),
    "handwriting/reader": (reader, read),
}
MADE = ("model.safetensors", "config.json", "metrics.json", "README.md", "use_it.py")


def job_folder(top: Path, make: Callable[[Path], Path]) -> Path:
    """``out`` of a job that is done, with all that a worker leaves besides."""
    (top / "data").mkdir(parents=True)
    (top / "data" / "secret.txt").write_text("my own words")
    out = make(top / "out")
    (out / "state.pt").write_bytes(b"state")
    (out / "progress.jsonl").write_text('{"step": 1}\n')
    for name in ("moments", "samples"):
        (out / name).mkdir()
        (out / name / "000001.json").write_text('"my own words"')
    return out


def content(zip: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(zip) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def repacked(zip: Path, target: Path, **changed: bytes | None) -> Path:
    """The zip with other content of some files, whose names have __ for a dot; None leaves out."""
    files: dict[str, bytes | None] = {**content(zip)}
    files |= {name.replace("__", "."): value for name, value in changed.items()}
    with zipfile.ZipFile(target, "w") as archive:
        for name, value in files.items():
            if value is not None:
                archive.writestr(f"model/{name}", value)
    return target


def reconfigured(zip: Path, target: Path, **changed: Any) -> Path:
    config = json.loads(content(zip)["config.json"]) | changed
    return repacked(zip, target, config__json=json.dumps(config).encode())
