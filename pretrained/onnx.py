"""A checkpoint folder's network as one ONNX file, which runs without torch and without this code.

    python -m pretrained.onnx FOLDER FILE

Numbers are float32 unless said otherwise, and N is any number of inputs at once. What is exported:

* classification (every network; not ``hog-svm``, which is none): the calibrated probabilities
* text: one LSTM step or many, with the state before and after
* handwriting: the reader, one writing at a time
* images: the GAN's generator; the denoiser, which tells the velocity of one step

Not exported are translation and the pen (each several networks with a search or a sampler around
them), detection (its suppression has a loop that depends on the picture), and whatever was
fine-tuned from a model of the Hub but for the classifiers.

The exporter is torch's older one, which traces (``dynamo=False``): on one core it takes 7 s for an
EfficientNet-Lite0 where the newer one took 56 s, and needs ``onnx`` alone. What is served rounds
its activations in places (`pretrained.batch_invariant`): text is equal to the network in torch, and
to the served answers but for that rounding.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pretrained import catalog
from pretrained.classification.classifier import NetworkClassifier
from pretrained.errors import BadCheckpoint, MissingDependency

OPSET = 17  # of ONNX 1.12 (2022): read by onnxruntime 1.12 and later
#: Names of inputs and outputs, and those of their sizes that are free, by position.
Shapes = Mapping[str, Mapping[int, str]]


class NotExported(ValueError):
    """It is no single network that ONNX could hold, or torch's exporter cannot write it."""


class Probabilities(nn.Module):
    """A classifier's answer: pixels [N, 3, S, S] in 0..1 -> probabilities [N, classes]."""

    def __init__(self, network: nn.Module, temperature: float) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(self, pixels: Tensor) -> Tensor:
        return (self.network(pixels) / self.temperature).softmax(1)


class NextCharacter(nn.Module):
    """Characters int64 [N, T], h and c [layers, N, H] -> log-probabilities [N, V] of what comes
    after the last of them, and the new h and c."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, characters: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits, (h, c) = self.network(characters, (h, c))
        return logits[:, -1].log_softmax(1), h, c


class Fixed(nn.Module):
    """Batch normalisation as it answers when it has learnt: x [N, C, H, W], likewise. The exporter
    needs to know C for the layer that torch has, and a reshape hides it."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        mean, variance = norm.running_mean, norm.running_var
        assert mean is not None and variance is not None
        self.register_buffer("mean", mean.view(1, -1, 1, 1))
        self.register_buffer("scale", (variance + norm.eps).rsqrt().view(1, -1, 1, 1))
        self.mean: Tensor
        self.scale: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) * self.scale


class Reading(nn.Module):
    """Offsets of one writing's points [1, T, 3] -> logits [1, T / 2, characters + 1] for CTC."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, points: Tensor) -> Tensor:
        length = torch._shape_as_tensor(points)[1:2]  # stays free in the file
        logits: Tensor = self.network(points, length)[0]
        return logits


Export = tuple[nn.Module, tuple[Tensor, ...], Shapes, Shapes]


def _classifier(model: Any) -> Export:
    if not isinstance(model, NetworkClassifier):
        raise NotExported("it is no network")
    network = Probabilities(model._module, float(model.config.get("temperature", 1.0)))
    network.to(memory_format=torch.contiguous_format)
    pixels = torch.rand(2, 3, model.size, model.size)
    return network, (pixels,), {"pixels": {0: "N"}}, {"probabilities": {0: "N"}}


def _writer(model: Any) -> Export:
    network, layers, hidden = model.network, model.stepper.layers, model.stepper.hidden
    state = torch.zeros(layers, 2, hidden)
    given = (torch.ones(2, 3, dtype=torch.long), state, state.clone())
    free = {1: "N"}
    return (
        NextCharacter(network),
        given,
        {"characters": {0: "N", 1: "T"}, "h": free, "c": free},
        {"log_probabilities": {0: "N"}, "h_after": free, "c_after": free},
    )


def _reader(model: Any) -> Export:
    points = torch.randn(1, 24, 3)
    return Reading(model.network), (points,), {"points": {1: "T"}}, {"logits": {1: "T_half"}}


def _generator(model: Any) -> Export:
    network = deepcopy(model.network.generator)
    for each in network.norms:
        each.norm = Fixed(each.norm)
    latents = torch.randn(2, network.latent)
    return network, (latents,), {"latents": {0: "N"}}, {"pictures": {0: "N"}}


def _denoiser(model: Any) -> Export:
    given = torch.randn(2, 3, 64, 64), torch.tensor([500, 20])
    free = {0: "N"}
    return model.network, given, {"noisy": free, "degrees": free}, {"velocity": free}


#: By loader: what makes a served model's network ready for the exporter.
EXPORTS: Mapping[str, Callable[[Any], Export]] = {
    "pretrained.classification.serve:load": _classifier,
    "pretrained.classification.imagenet:load": _classifier,
    "pretrained.classification.hub.serve:load": _classifier,
    "pretrained.text.serve:load": _writer,
    "pretrained.handwriting.serve:load_reader": _reader,
    "pretrained.images.serve:load": _generator,
    "pretrained.images.serve_diffusion:load": _denoiser,
}


def exported(folder: Path, file: Path) -> dict[str, Any]:
    """Write the ONNX file of a checkpoint folder.

    Returns:
        ``inputs`` and ``outputs``, each {name: [size or letter, ...]}, ``opset``, ``bytes``, and
        ``difference``: the largest between onnxruntime's outputs and torch's on random inputs,
        relative to the largest output; None where onnxruntime is not installed.

    Raises:
        NotExported: its network is none that can be, or torch's exporter failed.
        MissingDependency: onnx is not installed.
        BadCheckpoint: the folder is damaged.
    """
    try:
        import onnx
    except ImportError:
        raise MissingDependency(package="onnx") from None
    entry = catalog.from_folder(folder)
    if entry.loader not in EXPORTS:
        raise NotExported(entry.loader)
    served = entry.load("cpu")
    torch.manual_seed(0)
    network, given, inputs, outputs = EXPORTS[entry.loader](served)
    network = network.eval().requires_grad_(False)
    try:
        with warnings.catch_warnings(), redirect_stdout(sys.stderr), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network,
                given,
                str(file),
                dynamo=False,
                opset_version=OPSET,
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_axes={**inputs, **outputs},
            )
    except (RuntimeError, ValueError, TypeError) as error:  # among them those of torch.onnx
        raise NotExported(entry.loader) from error
    model = onnx.load(str(file))
    for node in model.graph.node:
        node.doc_string = ""  # where in this machine's files it was traced
    onnx.checker.check_model(model)
    onnx.save(model, str(file))

    with torch.no_grad():
        wanted = network(*given)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    return {
        "inputs": _sizes(inputs, given),
        "outputs": _sizes(outputs, wanted),
        "opset": OPSET,
        "bytes": file.stat().st_size,
        "difference": difference(file, given, wanted),
    }


def _sizes(free: Shapes, tensors: tuple[Tensor, ...]) -> dict[str, list[int | str]]:
    """The sizes of each, with a letter for those that are free."""
    return {
        name: [letters.get(place, size) for place, size in enumerate(tensor.shape)]
        for (name, letters), tensor in zip(free.items(), tensors, strict=True)
    }


def difference(file: Path, given: tuple[Tensor, ...], wanted: tuple[Tensor, ...]) -> float | None:
    """Between what onnxruntime makes of ``given`` and what torch made, see `exported`."""
    try:
        import onnxruntime
    except ImportError:
        return None
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]
    found = session.run(None, dict(zip(names, (value.numpy() for value in given), strict=True)))
    apart = [
        float((torch.from_numpy(one) - other).abs().max() / other.abs().max().clamp_min(1e-12))
        for one, other in zip(found, wanted, strict=True)
    ]
    return max(apart)


def main(arguments: list[str]) -> int:
    """One JSON object on standard output: as `exported` gives it, or ``{"none": why}``, which is
    ``kind``, ``package`` or ``damaged``."""
    folder, file = map(Path, arguments)
    try:
        told = exported(folder, file)
    except (NotExported, MissingDependency, BadCheckpoint) as error:
        print(error, file=sys.stderr)
        whys = {NotExported: "kind", MissingDependency: "package"}
        told = {"none": whys.get(type(error), "damaged")}
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
