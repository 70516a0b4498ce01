"""A checkpoint folder of a zip that comes back: checked as if somebody had made it to do harm.

Bytes are counted as they come out (`jobs.intake`). Only files that a checkpoint of ours has are
taken; the ONNX file and the examples stay behind, as the app does without them, and a file of any
other kind refuses the zip. Weights are safetensors whose headers and shapes are checked before they
are read (`headers`, `architectures`); nothing is unpickled, and a loader is one of a fixed list.
What a fine-tuned model of the Hub needs besides cannot be checked so: those are started with
``--model``.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Any

from jobs.errors import (
    DataTooLarge,
    ModelConfig,
    ModelForeign,
    ModelKind,
    ModelWeights,
    ZipUnreadable,
)
from jobs.intake import Intake, clean, disk_errors
from jobs.take_home import architectures, headers
from jobs.take_home.headers import Unfit
from pretrained import catalog, checkpoint
from pretrained.errors import BadCheckpoint

MOST_MB, MOST_FILES = 500, 64
#: Files of a checkpoint that come back, with the most MiB of each.
WEIGHTS = tuple(f"{name}.safetensors" for name in ("model", "reverse", "probes", "styles"))
PAPERS = {"config.json": 8, "metrics.json": 8, "history.jsonl": 16, "tokenizer.json": 16}
#: Files of our zips that the app does without: it writes its own card, and runs its own network.
LEFT_OUT = ("README.md", "model.onnx", "use_it.py", "use_it.ipynb")
COLUMN = re.compile(r"[A-Za-z]\w{0,80}", re.ASCII)  # of a history
#: The loaders that have a vocabulary beside the weights.
WITH_TOKENS = ("pretrained.translation.serve:load",)
#: Of a bundled model: what splits texts is a pattern, and a stranger's may never come to an end.
TOKENIZER = "translation/en-fr"


def unpacked(model: Path, into: Path, name: str = "", most_mb: int = MOST_MB) -> Path:
    """A checkpoint folder that the app loads, of a zip or of a folder.

    Args:
        model: the zip, or a folder of its files. into: where the folder is to be; it must not be
            there yet. name: what the zip is called at the visitor's.

    Returns:
        ``into``.

    Raises:
        Refusal: it is too large, no zip, made to do harm, no model of ours, or damaged. ``into`` is
            then not there.
    """
    name = clean(name or model.name)
    place = into.parent / f".{into.name}.{secrets.token_hex(8)}"
    try:
        with disk_errors():
            intake = Intake(place / "all", most_mb, MOST_FILES)
            sources = sorted(model.iterdir()) if model.is_dir() else [(model, _zip(model, name))]
            intake.receive(sources)
            folder = _inner(place / "all")
            for file in sorted(folder.iterdir()):
                if file.name in LEFT_OUT:
                    file.unlink()
                elif file.is_dir() or file.name not in (*WEIGHTS, *PAPERS):
                    raise ModelForeign(name=name, inside=file.name)
            _check(folder, name)
            os.rename(folder, into)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return into


def recipe(folder: Path) -> str:
    """The key of the catalogue's model that a checkpoint folder was trained from, or of one of its
    kind: that is what its training is shown under."""
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    entry = catalog.from_folder(folder)
    known = catalog.entries()
    for key in (config.get("recipe"), config["key"]):
        if isinstance(key, str) and key in known and known[key].task == entry.task:
            return key
    alike = [key for key in catalog.BUNDLED if key in known and known[key].loader == entry.loader]
    return alike[0] if alike else next(key for key in known if known[key].task == entry.task)


def _zip(model: Path, name: str) -> str:
    if not name.lower().endswith(".zip"):
        raise ZipUnreadable(name=name)
    return name


def _inner(place: Path) -> Path:
    """The one folder that everything lies in, or the place itself."""
    inside = list(place.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else place


def _check(folder: Path, name: str) -> None:
    there = {}
    for file in sorted(folder.iterdir()):
        most = PAPERS.get(file.name)
        if most is not None and file.stat().st_size > most * 2**20:
            raise DataTooLarge(limit=most)
        if file.suffix == ".safetensors":
            try:
                there[file.stem] = headers.shapes(file)
            except Unfit as unfit:
                raise ModelWeights(name=name, inside=file.name, what=str(unfit)) from unfit
    try:
        config = checkpoint.read_json(folder, checkpoint.CONFIG)
        headers.bounded(config)
        if (folder / checkpoint.METRICS).is_file():
            headers.bounded(checkpoint.read_json(folder, checkpoint.METRICS))
        loader = checkpoint.MOVED_LOADERS.get(config.get("loader", ""), config.get("loader"))
        if loader not in architectures.EXPECTED or "borrows" in config:
            raise ModelKind(name=name)
        entry = catalog.from_folder(folder)
        if entry.task != str(loader).split(".")[1]:
            raise Unfit("its task is not that of its loader")
        _common(config)
        if loader in WITH_TOKENS:
            config[architectures.TOKENS] = _tokens(folder)
        architectures.fitting(config, str(loader), there)
    except BadCheckpoint as refused:  # which names a place of the server
        reason = str(refused.fields["reason"]).partition(":")[0]
        raise ModelConfig(name=name, what=reason) from refused
    except (Unfit, TypeError, AttributeError, KeyError, IndexError, RecursionError) as error:
        what = str(error) if isinstance(error, Unfit) else "it is put together in another way"
        raise ModelConfig(name=name, what=what) from error
    _plain(folder, config)


def _common(config: dict[str, Any]) -> None:
    """What every config has, and the page shows or computes with."""
    for text in ("key", "title", "licence", "description", "limits", "pipeline_tag"):
        if not isinstance(config.get(text, ""), str) or len(config.get(text, "")) > 5_000:
            raise Unfit(f"its {text} is no short text")
    headers.size(config, "max_batch", 32, most=64)
    headers.number(config, "parameters", 0, 1e10, 0)
    works = config.get("works", [])
    if not isinstance(works, list) or not isinstance(config.get("tracking", []), list):
        raise Unfit("works or tracking are no lists")
    if config.get("marks_of", TOKENIZER) not in catalog.BUNDLED:
        raise Unfit("marks_of is no bundled model")


def _tokens(folder: Path) -> int:
    """How many tokens a vocabulary has, which splits texts exactly as the bundled one does."""
    told = checkpoint.read_json(folder, "tokenizer.json")
    ours = checkpoint.read_json(catalog.folder_of(TOKENIZER), "tokenizer.json")
    free = ("model", "added_tokens")
    if {k: v for k, v in told.items() if k not in free} != {
        k: v for k, v in ours.items() if k not in free
    }:
        raise Unfit("tokenizer.json splits texts in another way")
    model = dict(told["model"])
    vocabulary, merges = model.pop("vocab"), model.pop("merges")
    if model != {k: v for k, v in ours["model"].items() if k not in ("vocab", "merges")}:
        raise Unfit("tokenizer.json is of another kind")
    for row in told["added_tokens"]:
        if not isinstance(row["content"], str) or vocabulary.get(row["content"]) != row["id"]:
            raise Unfit("tokenizer.json has tokens outside of its vocabulary")
    if not isinstance(vocabulary, dict) or not isinstance(merges, list):
        raise Unfit("tokenizer.json has no vocabulary")
    if sorted(vocabulary.values()) != list(range(len(vocabulary))):
        raise Unfit("tokenizer.json does not number its tokens from 0")
    return len(vocabulary)


def _plain(folder: Path, config: dict[str, Any]) -> None:
    """Write the papers again, the metrics without what the page could not show, the history with
    its numbers alone."""
    config.pop(architectures.TOKENS, None)
    checkpoint.write_json(folder, checkpoint.CONFIG, config)
    if (folder / checkpoint.METRICS).is_file():
        metrics = checkpoint.read_json(folder, checkpoint.METRICS)
        for name in ("training", "calibration"):
            if not isinstance(metrics.get(name, {}), dict):
                del metrics[name]
        if not _shown(metrics.get("held_out")):
            metrics.pop("held_out", None)
        checkpoint.write_json(folder, checkpoint.METRICS, metrics)
    file = folder / checkpoint.HISTORY
    if file.is_file():
        rows = []
        for line in file.read_bytes().splitlines():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                held = {n: v for n, v in row.items() if COLUMN.fullmatch(n) and _number(v)}
                rows.append(json.dumps(held, ensure_ascii=False))
        file.write_text("".join(f"{row}\n" for row in rows), "utf-8")


def _number(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and abs(value) <= headers.MOST_NUMBER)


def _shown(held_out: Any) -> bool:
    """Whether they are figures as `training.provenance.compared` tells them."""
    if not isinstance(held_out, dict):
        return False
    texts = all(isinstance(held_out.get(name), str) for name in ("began", "split", "of"))
    figures = [held_out.get("before"), held_out.get("after"), {"n": held_out.get("n")}]
    return texts and all(
        isinstance(part, dict) and all(type(value) in (int, float) for value in part.values())
        for part in figures
    )
