"""timm's image classifiers: from the Hub, or a folder fine-tuned from one, to what the app serves.

Answers, and views into the stages of the network: the interface of `serve.Classifier`. What timm's
weights need before them (size, crop, interpolation, mean and spread) comes in their own
configuration. Weights come as safetensors only and are read by timm's own loader, which knows how
each family stores them; timm and torchvision are imported with the first model.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.classification import imagenet_names
from pretrained.classification.classifier import NetworkClassifier, occlusion
from pretrained.errors import BadCheckpoint, MissingDependency
from pretrained.sources import hub

STAGES = 6  # of a plain stack of equal blocks, as many as can be looked at side by side


class Backbone(nn.Module):
    """A timm network that normalises its own input, so that nobody else can forget to."""

    def __init__(self, network: nn.Module, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)
        self.mean: Tensor
        self.std: Tensor

    def normalise(self, pixels: Tensor) -> Tensor:
        """[N, 3, H, W] in 0..1 -> what the network was trained on."""
        return (pixels - self.mean) / self.std

    def forward(self, pixels: Tensor) -> Tensor:
        """[N, 3, H, W] in 0..1 -> logits [N, classes]."""
        logits: Tensor = self.network(self.normalise(pixels))
        return logits


class TimmClassifier(NetworkClassifier):
    """A timm network with its labels and preprocessing.

    Its ``config`` has ``key``, ``size``, ``preprocessing`` and what the folder's config.json says;
    ``calibrated`` tells whether the confidences were fitted to held-out pictures.
    """

    unsure_below = 0.5  # of weights that nobody calibrated here: more likely wrong than right

    def __init__(
        self, model: Backbone, labels: tuple[str, ...], config: dict[str, Any], device: str
    ) -> None:
        from timm.data import create_transform

        self.preprocessing: dict[str, Any] = config["preprocessing"]
        super().__init__(model, labels, self.preprocessing["input_size"][-1], config)
        self.model = model
        self.transform = create_transform(**self.preprocessing, normalize=False)
        self.stages = _stages_of(model.network)
        self.to(device)

    def _pixels(self, images: list[Image.Image]) -> Tensor:
        batch = torch.stack([self.transform(image.convert("RGB")) for image in images])
        return (batch.to(self.device).float() / 255).contiguous(memory_format=torch.channels_last)

    def _crop(self, size: tuple[int, int]) -> list[int]:
        width, height = size
        if self.preprocessing["crop_mode"] == "squash":
            return [0, 0, width, height]
        resized = math.floor(self.size / self.preprocessing["crop_pct"])
        side = round(min(width, height) * self.size / resized)
        left, top = (width - side) // 2, (height - side) // 2
        return [left, top, left + side, top + side]

    def _stage_rows(self) -> list[tuple[str, int]]:
        return [(stage["name"], stage["parameters"]) for stage in self.stages]

    def _features(self, pixels: Tensor, view: str) -> list[Tensor]:
        if not self.stages:
            raise self._unsupported(view)
        found = self.model.network.forward_intermediates(  # type: ignore[operator]
            self.model.normalise(pixels),
            indices=[stage["index"] for stage in self.stages],
            intermediates_only=True,
            output_fmt="NCHW",
        )
        return [maps.float() for maps in found]

    def _kernels(self) -> Tensor:
        name = self.model.network.pretrained_cfg.get("first_conv")  # type: ignore[union-attr,operator]
        conv = self.model.network.get_submodule(name) if isinstance(name, str) else None
        if not isinstance(conv, nn.Conv2d) or conv.in_channels != 3:
            raise self._unsupported("filters")
        return conv.weight

    def _gradcam(self, pixels: Tensor, target: Tensor) -> Tensor:
        """Which places of a deep layer spoke for the target -> [N, 1, size, size].

        Grad-CAM (Selvaraju et al. 2016, arXiv 1610.02391) where the layer puts out maps. Where it
        puts out a row of patches, gradient times activation summed over the channels, at the last
        block but one: after it, only a class token may still reach the answer.
        """
        from captum.attr import LayerAttribution, LayerGradCam, LayerGradientXActivation

        if not self.stages:
            raise self._unsupported("where")
        network = self.model.network
        blocks = getattr(network, "blocks", None)
        if getattr(network, "num_prefix_tokens", None) is not None and blocks is not None:
            found = LayerGradientXActivation(self.model, blocks[-2]).attribute(pixels, target)
            grid = network.patch_embed.dynamic_feat_size(pixels.shape[2:])  # type: ignore[union-attr,operator]
            patches = found[:, -grid[0] * grid[1] :].sum(2)
            cam = patches.reshape(-1, 1, *grid)
        else:
            layer = network.get_submodule(self.stages[-1]["module"])
            cam = LayerGradCam(self.model, layer).attribute(pixels, target)
            if cam.ndim != 4:
                raise self._unsupported("gradcam")
        cam = cam.detach().clamp_min(0)
        smooth: Tensor = LayerAttribution.interpolate(cam, (self.size, self.size), "bicubic")
        return smooth

    def _occlusion(self, pixels: Tensor, target: Tensor) -> Tensor:
        step = self.size // 8  # 49 places: seconds, not minutes, on a CPU
        return occlusion(self.model, pixels, target, grey=self.model.mean, step=step, at_once=4)


def _stages_of(network: nn.Module) -> list[dict[str, Any]]:
    """Name, module, index and parameters of each stage; none where the network tells none.

    A stage's parameters are those from the end of the stage before it to its own end.
    """
    told = list(getattr(network, "feature_info", None) or [])
    if not told or not hasattr(network, "forward_intermediates"):
        return []
    if len(told) > STAGES:  # a transformer's blocks: some of them, evenly spread, the last too
        chosen = [round((i + 1) * len(told) / STAGES) - 1 for i in range(STAGES)]
    else:
        chosen = list(range(len(told)))
    names, own = [], []
    for name, module in network.named_modules():
        names.append(name)
        own.append(sum(p.numel() for p in module.parameters(recurse=False)))
    stages, start = [], 0
    for number, index in enumerate(chosen, 1):
        module_name = told[index]["module"]
        inside = (module_name, f"{module_name}.")
        ends = [i for i, n in enumerate(names) if n == inside[0] or n.startswith(inside[1])]
        if not ends:
            return []
        stop = max(ends) + 1
        stages.append(
            {
                "name": f"stage{number}",
                "module": module_name,
                "index": index,
                "parameters": sum(own[start:stop]),
            }
        )
        start = stop
    return stages


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
    """A folder that `train` wrote."""
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
