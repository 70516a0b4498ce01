"""One zip of a model that is done: see `jobs.take_home`."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jobs.commands import flags
from jobs.errors import NoSpace, NotDone, TakeHomeBusy
from jobs.folder import DATA, OWN_DATA, lines, named
from jobs.intake import disk_errors
from jobs.take_home import architectures, card, examples
from pretrained import catalog, checkpoint
from pretrained.errors import BadCheckpoint

log = logging.getLogger(__name__)

ROOT = Path(__file__).parents[2]
#: What a loader may need. Everything else stays: data, state, moments, samples, marks of the data.
TAKEN = (
    *(checkpoint.WEIGHTS, checkpoint.REVERSE, "probes.safetensors", "styles.safetensors"),
    *("tokenizer.json", "vocab.json", "*.spm", "*.model"),
)
#: Marks of the training data: a text's fingerprint tells the text to who has patience.
MARKS = ("copies.safetensors", "seen.safetensors", "statistics.safetensors")
ONNX = "model.onnx"
#: The loaders whose networks `pretrained.onnx` exports; kept here too, as asking it takes torch.
EXPORTED = (
    "pretrained.classification.serve:load",
    "pretrained.classification.imagenet:load",
    "pretrained.classification.hub.serve:load",
    "pretrained.text.serve:load",
    "pretrained.handwriting.serve:load_reader",
    "pretrained.images.serve:load",
    "pretrained.images.serve_diffusion:load",
)
ONNX_SECONDS, ONNX_MOST_MB = 300, 200
#: In whatever is told of a run, what stands for a place on the server.
SOMEWHERE = "…"
PLACES = re.compile(r"(?<![\w:/.…])(?:/[^\s/'\"`,;:()|]+){2,}/?|\b[A-Za-z]:\\[^\s'\"`,;|]+")
#: What of a config says what the network knows, where a "/" is a character and no place.
KNOWN = ("characters", "begin", "labels", "labels_zh", "taught")

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Facts:
    """What the card tells of a job besides what is in its folder.

    Attributes:
        key: of the model that was trained or begun from; "" where nobody knows.
        options: of the training.
        name: that its owner gave it, "" for none; None where nobody could, as there was no job.
    """

    key: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None

    @classmethod
    def of(cls, job: Any) -> Facts:
        """From a `jobs.Job`."""
        return cls(job.key, dict(job.options), job.name)


def packed(out: Path, facts: Facts = Facts(), *, onnx: bool = True) -> Path:
    """The zip of a job's model, made when it is first asked for and kept beside ``out``.

    Args:
        out: the checkpoint folder. onnx: whether to export, in a process of its own.

    Raises:
        NotDone: there is no model yet. TakeHomeBusy: one is being made already.
        NoSpace: the disk is full. BadCheckpoint: the folder is damaged.
    """
    if not (out / checkpoint.WEIGHTS).is_file():
        raise NotDone
    target = out.parent / f"take_home-{_digest(out, facts, onnx)}.zip"
    if target.is_file():
        return target
    if not _one_at_a_time.acquire(blocking=False):
        raise TakeHomeBusy
    try:
        with disk_errors():
            if not target.is_file():
                for old in out.parent.glob("take_home-*.zip"):
                    old.unlink()
                _made(out, facts, onnx, target)
    finally:
        _one_at_a_time.release()
    return target


def _digest(out: Path, facts: Facts, onnx: bool) -> str:
    """Changes with whatever goes into the zip, and with what makes it."""
    told: list[Any] = [facts.key, dict(facts.options), facts.name, onnx]
    told += [bool(find_spec("onnx")), bool(find_spec("onnxruntime"))]
    for file in [*sorted(out.iterdir()), *sorted(Path(__file__).parent.iterdir())]:
        if file.is_file() and not file.is_symlink():
            about = file.stat()
            told.append([file.name, about.st_size, about.st_mtime_ns])
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:16]


def _made(out: Path, facts: Facts, onnx: bool, target: Path) -> None:
    files = {file.name: file for file in sorted(out.iterdir()) if _taken(file)}
    needed = 4 * sum(file.stat().st_size for file in files.values()) + 2**22  # with ONNX, twice
    if shutil.disk_usage(out).free < needed:
        raise NoSpace
    config = checkpoint.read_json(out, checkpoint.CONFIG)
    entry = catalog.from_folder(out)
    place = _cleaner(out)
    with _temporary(out.parent) as scratch:
        told = exported(out, scratch / ONNX) if onnx else {"none": "unasked"}
        if "none" not in told:
            files[ONNX] = scratch / ONNX
        metrics: Any = {}
        if (out / checkpoint.METRICS).is_file():
            metrics = place(checkpoint.read_json(out, checkpoint.METRICS))
        history = [place(row) for row in lines(out / checkpoint.HISTORY)]
        base = facts.key or str(config.get("recipe", ""))
        config = {
            name: value if name in KNOWN else place(value)
            for name, value in config.items()
            if name != "works"  # titles of what was sent, for the marks that stay here
        } | ({"recipe": base} if base else {})
        config = _titled(config, base, facts.name)
        parts = examples.use_it(entry.loader, ONNX in files)
        alone = examples.alone(parts)
        say = card.words("en")
        needs = say["use_onnx" if alone else "use_package"]
        texts = {
            checkpoint.CONFIG: _json(config),
            "use_it.py": examples.script(parts),
            "use_it.ipynb": examples.notebook(parts, str(config["title"]), needs),
        }
        if metrics:
            texts[checkpoint.METRICS] = _json(metrics)
        if history:
            rows = [json.dumps(row, ensure_ascii=False) for row in history]
            texts[checkpoint.HISTORY] = "".join(f"{row}\n" for row in rows)
        begun = catalog.entries().get(base)
        texts[checkpoint.CARD] = _card(
            card.Run(
                config=config,
                metrics=metrics,
                history=history,
                base=base,
                base_licence=begun.licence if begun else "",
                command=command(metrics, facts),
                files=sorted([*files, *texts, checkpoint.CARD]),
                left_out=[name for name in MARKS if (out / name).is_file()],
                onnx=told,
                alone=alone,
                comes_back=entry.loader in architectures.EXPECTED,
            )
        )
        written = scratch / "zip"
        _write(written, f"{re.sub(r'[^a-z0-9]+', '-', base or entry.task)}-mine", files, texts)
        os.replace(written, target)


def _card(run: card.Run) -> str:
    try:
        return card.card(run)
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # it came from outside
        reason = f"its {checkpoint.METRICS} or its {checkpoint.HISTORY} is damaged: train it again"
        raise BadCheckpoint(path=checkpoint.METRICS, reason=reason) from error


def _taken(file: Path) -> bool:
    whole = file.is_file() and not file.is_symlink()
    return whole and any(fnmatch(file.name, pattern) for pattern in TAKEN)


@contextmanager
def _temporary(place: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=place, prefix=".take_home.") as made:
        yield Path(made)


def _titled(config: dict[str, Any], base: str, name: str | None) -> dict[str, Any]:
    """A recipe calls its model by the folder that it writes, which is ``out`` in every job."""
    task, _, folder = str(config["key"]).partition("/")
    if folder == "out":
        config["key"] = f"{task}/mine"
    told = named(config) if name is None else name
    config["title"] = told or f"{base or config['key']}{OWN_DATA}"
    return config


def _write(target: Path, top: str, files: Mapping[str, Path], texts: Mapping[str, str]) -> None:
    """The same bytes from the same files: names in order, and no times."""
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted([*files, *texts]):
            entry = zipfile.ZipInfo(f"{top}/{name}", (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3
            if name in texts:
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, texts[name].encode("utf-8"))
            else:  # weights hardly become smaller
                entry.file_size = files[name].stat().st_size
                with files[name].open("rb") as read, archive.open(entry, "w") as written:
                    shutil.copyfileobj(read, written, 2**20)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


# ---- nothing of the server ----------------------------------------------------------------------


def _cleaner(out: Path) -> Any:
    """Cleans whatever is told of a run: a value with no place on this machine in any text."""
    known = {out.parent / DATA: "YOUR_DATA", out: "YOUR_MODEL"}
    places: dict[str, str] = {}
    for where, instead in known.items():
        places |= {str(where): instead, str(where.resolve()): instead}
    for where in (out.parent, out.parents[2], ROOT, Path.home(), Path.cwd(), Path(sys.prefix)):
        if len(where.parts) > 1:
            places |= {str(where): SOMEWHERE, str(where.resolve()): SOMEWHERE}
    ordered = sorted(places.items(), key=lambda pair: -len(pair[0]))

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {clean(name): clean(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [clean(inner) for inner in value]
        if isinstance(value, str):
            for where, instead in ordered:
                value = value.replace(where, instead)
            return PLACES.sub(SOMEWHERE, value)
        return value

    return clean


def command(metrics: Mapping[str, Any], facts: Facts) -> str:
    """What trains such a model again, with placeholders for places; "" where nobody knows. What
    was made in another way, and tells it, is not said to come of a command."""
    told = str((metrics.get("training") or {}).get("command") or "")
    try:
        words = shlex.split(told)
    except ValueError:
        words = []
    if words[:4] == ["python", "-m", "pretrained", "train"]:
        kept, instead = [], {"--data": "YOUR_DATA", "--out": "YOUR_MODEL"}
        for before, word in zip(["", *words], words, strict=False):
            if word not in ("--resume", "--watch"):
                kept.append(instead.get(before, word))
        return _line(shlex.join(kept))
    if told or not facts.key:
        return _line(told)
    words = ["python", "-m", "pretrained", "train", facts.key]
    words += ["--data", "YOUR_DATA", "--out", "YOUR_MODEL"]
    return _line(shlex.join([*words, *flags(facts.options)]))


def _line(text: str) -> str:
    """One line, which ends no fence of Markdown."""
    return " ".join(text.replace("```", "").split())


# ---- ONNX ---------------------------------------------------------------------------------------


def exported(out: Path, file: Path) -> dict[str, Any]:
    """What `pretrained.onnx` told of the file that it wrote in a process of its own, or
    ``{"none": why}``."""
    if catalog.from_folder(out).loader not in EXPORTED:
        return {"none": "kind"}
    if checkpoint.size_on_disk(out) > ONNX_MOST_MB * 2**20:
        return {"none": "large", "limit": ONNX_MOST_MB}
    asked = [sys.executable, "-m", "pretrained.onnx", str(out), str(file)]
    quiet = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            asked, cwd=ROOT, env=quiet, capture_output=True, timeout=ONNX_SECONDS, check=True
        )
        told: Any = json.loads(done.stdout.splitlines()[-1])
        if "none" in told or (file.is_file() and {"inputs", "outputs", "opset"} <= told.keys()):
            return dict(told)
    except subprocess.TimeoutExpired:
        return {"none": "time", "seconds": ONNX_SECONDS}
    except (subprocess.CalledProcessError, OSError, ValueError, IndexError, TypeError) as error:
        detail = getattr(error, "stderr", b"") or b""
        log.warning("no ONNX of %s: %s %s", out, error, detail[-2000:].decode("utf-8", "replace"))
    with suppress(OSError):
        file.unlink(missing_ok=True)
    return {"none": "damaged"}
