"""timm's image classifiers: built from the Hub, or from a folder that was fine-tuned from one.

Weights come as safetensors only and are read by timm's own loader, which knows how each family
stores them. Importing this module loads torch; timm and torchvision come with the first model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.classification import imagenet_names
from pretrained.classification.timm_classifier import Backbone, TimmClassifier
from pretrained.errors import BadCheckpoint, MissingDependency
from pretrained.sources import hub

# What a configuration from outside may say about how its network is built. Never a path.
ARGUMENTS = ("img_size", "global_pool", "class_token", "reg_tokens", "dynamic_img_size")
PREPROCESSING = ("input_size", "interpolation", "crop_pct", "crop_mode", "mean", "std")
# Figures are published at the test size where there is one, so that one is used.
CONFIGURED = (
    *PREPROCESSING,
    "num_classes",
    "test_input_size",
    "test_crop_pct",
    "fixed_input_size",
    "pool_size",
    "label_offset",
)


def build(
    entry: Entry,
    num_classes: int | None = None,
    progress: Progress = lambda done, total: None,
) -> tuple[Backbone, dict[str, Any]]:
    """A network with its trained weights, and its configuration.

    Args:
        entry: a timm entry of the catalogue, or the entry of a fine-tuned folder.
        num_classes: None keeps the classes it knows; a number puts a new, untrained last layer
            in their place.

    Raises:
        BadCheckpoint: files are damaged or do not fit one another.
        HubOffline and its kin: it has to be downloaded, and that failed.
    """
    if entry.folder is not None:
        return _from_folder(Path(entry.folder), num_classes)
    assert entry.hub_id is not None
    folder = hub.fetch(entry.hub_id, entry.revision, hub.ONE_MODEL, progress)
    told = checkpoint.read_json(folder, checkpoint.CONFIG)
    source = dict(told.get("pretrained_cfg") or told)
    settings = {name: source[name] for name in CONFIGURED if name in source}
    model_args = {k: v for k, v in (told.get("model_args") or {}).items() if k in ARGUMENTS}
    network = _create(
        folder,
        told.get("architecture"),
        pretrained=True,
        pretrained_cfg_overlay={**settings, "file": str(folder / checkpoint.WEIGHTS)},
        **model_args,
        **({} if num_classes is None else {"num_classes": num_classes}),
    )
    labels = _labels(told, network.num_classes)  # type: ignore[arg-type]
    config = {
        "key": entry.key,
        "architecture": {"timm": told["architecture"], "num_classes": network.num_classes},
        "model_args": model_args,
        "preprocessing": _preprocessing(network),
        "labels": labels if num_classes is None else (),
        "calibrated": False,
    }
    return _wrap(network, config), config


def _from_folder(folder: Path, num_classes: int | None) -> tuple[Backbone, dict[str, Any]]:
    """A folder that `timm_train` wrote."""
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    architecture = config.get("architecture")
    if not isinstance(architecture, dict) or not isinstance(config.get("preprocessing"), dict):
        raise BadCheckpoint(
            path=folder, reason="its config.json describes no timm network: train it again"
        )
    model_args = {k: v for k, v in (config.get("model_args") or {}).items() if k in ARGUMENTS}
    network = _create(
        folder,
        architecture.get("timm"),
        num_classes=architecture.get("num_classes"),
        **model_args,
    )
    try:
        network.load_state_dict(checkpoint.load_weights(folder))
    except RuntimeError as error:
        raise BadCheckpoint(
            path=folder, reason="its weights do not fit its config.json: train or fetch it again"
        ) from error
    if num_classes is not None:
        network.reset_classifier(num_classes)  # type: ignore[operator]
    return _wrap(network, config), config


def _create(folder: Path, name: Any, **settings: Any) -> nn.Module:
    """`timm.create_model`, where whatever goes wrong is the fault of the checkpoint."""
    try:
        import timm
    except ImportError as error:
        raise MissingDependency(package="timm") from error
    from safetensors import SafetensorError

    # A bare name only: "hf-hub:..." and "local-dir:..." would load something else.
    if not isinstance(name, str) or not timm.is_model(name):
        raise BadCheckpoint(
            path=folder, reason=f"timm has no architecture called {name}: update timm"
        )
    try:
        network: nn.Module = timm.create_model(name, **settings)
    except (RuntimeError, SafetensorError, TypeError, ValueError, KeyError) as error:
        raise BadCheckpoint(
            path=folder, reason="its weights do not fit its config.json: train or fetch it again"
        ) from error
    return network


def _wrap(network: nn.Module, config: dict[str, Any]) -> Backbone:
    preprocessing = config["preprocessing"]
    return Backbone(network, tuple(preprocessing["mean"]), tuple(preprocessing["std"]))


def _preprocessing(network: nn.Module) -> dict[str, Any]:
    from timm.data import resolve_data_config

    found = resolve_data_config(model=network, use_test_size=True)
    return {name: found[name] for name in PREPROCESSING}


def _labels(told: dict[str, Any], count: int) -> tuple[str, ...]:
    """The class names of a Hub model: its own, else ImageNet's, else numbers."""
    names = told.get("label_names") or told.get("labels")
    if isinstance(names, list) and len(names) == count:
        described = told.get("label_descriptions") or {}
        return tuple(str(described.get(name, name)) for name in names)
    if count == 1000:
        return imagenet_names.dataset_names()
    return tuple(f"class {number}" for number in range(count))


def parameter_groups(
    model: Backbone,
    *,
    layer_decay: float = 0.75,
    weight_decay: float = 0.05,
    head_only: bool = False,
) -> list[dict[str, Any]]:
    """Groups for the optimiser of `training.loop`, with ``lr_scale`` and ``weight_decay``.

    Args:
        layer_decay: each layer further from the answer learns at this share of the rate of the
            one above it (Clark et al. 2020, arXiv 2003.10555): early layers know enough already.
        head_only: freeze everything but the last layer.
    """
    network = model.network
    head = network.get_classifier()  # type: ignore[operator]
    if head_only:
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        for parameter in head.parameters():
            parameter.requires_grad_(True)
        return [{"params": list(head.parameters()), "lr_scale": 1.0}]
    from timm.optim import param_groups_layer_decay

    groups: list[dict[str, Any]] = param_groups_layer_decay(
        network, weight_decay=weight_decay, layer_decay=layer_decay
    )
    return groups


def load(entry: Entry, device: str, progress: Progress) -> TimmClassifier:
    """The loader of timm entries and of folders fine-tuned from them. Raises as `build` does."""
    if entry.folder is not None:
        progress(0, entry.bytes)
    model, config = build(entry, progress=progress)
    if entry.folder is not None:
        progress(entry.bytes, entry.bytes)
    config = {**config, "key": entry.key, "size": config["preprocessing"]["input_size"][-1]}
    return TimmClassifier(model, tuple(config["labels"]), config, device)
