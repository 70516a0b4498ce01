"""What a trained classifier still needs before it may answer: honest confidence, and probes.

The temperature (Guo et al. 2017, arXiv 1706.04599) and the bar for "not sure" are fitted on
training pictures that were kept aside, never on the split that is reported.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pretrained.classification.data import Pictures
from pretrained.classification.model import ResidualNet
from pretrained.classification.serve import pool_for_probe


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The divisor of the logits [N, classes] that gives the labels [N] the highest likelihood."""
    log_temperature = torch.zeros((), requires_grad=True)
    search = torch.optim.LBFGS([log_temperature], lr=0.1, max_iter=100)

    def closure() -> Tensor:
        search.zero_grad()
        loss = F.cross_entropy(logits / log_temperature.exp(), labels)
        loss.backward()
        return loss

    search.step(closure)
    return float(log_temperature.detach().exp())


def unsure_below(probabilities: Tensor, labels: Tensor) -> float:
    """The confidence at which an answer is as often right as wrong; below it, "not sure" is said.

    Accuracy as a rising function of confidence is fitted by isotonic regression (Zadrozny & Elkan
    2002); the bar is where it crosses one half. Zero where every answer is mostly right.

    Args:
        probabilities: calibrated, [N, classes]. labels: [N].
    """
    from sklearn.isotonic import IsotonicRegression

    confidence, answer = probabilities.max(1)
    right = (answer == labels).double()
    accuracy = IsotonicRegression(out_of_bounds="clip").fit(confidence.numpy(), right.numpy())
    steps = torch.linspace(0, 1, 1001, dtype=torch.double)
    mostly_wrong = steps[torch.from_numpy(accuracy.predict(steps.numpy())) < 0.5]
    return float(mostly_wrong.max()) if len(mostly_wrong) else 0.0


def calibrate(logits: Tensor, labels: Tensor, split: str) -> dict[str, Any]:
    """Temperature, the bar for "not sure", and the calibration error before and after.

    Args:
        logits: [N, classes] of the pictures kept aside, ``labels`` [N].
        split: their name, for the card.
    """
    from torchmetrics.functional.classification import multiclass_calibration_error

    temperature = fit_temperature(logits, labels)
    classes = logits.shape[1]
    after = (logits / temperature).softmax(1)

    def error(p: Tensor) -> float:
        return round(float(multiclass_calibration_error(p, labels, classes)), 4)

    return {
        "temperature": round(temperature, 4),
        "unsure_below": round(unsure_below(after, labels), 4),
        "calibration_error_before": error(logits.softmax(1)),
        "calibration_error_after": error(after),
        "split": split,
        "n": len(labels),
    }


@torch.no_grad()
def stage_features(
    network: ResidualNet, pictures: Pictures, device: torch.device
) -> dict[str, Tensor]:
    """Pooled features [N, 4 C] of the stem and of every stage."""
    network = network.eval().to(device)
    names = ["stem", *(f"stage{i + 1}" for i in range(len(network.stages)))]
    found: dict[str, list[Tensor]] = {name: [] for name in names}
    for images in pictures.images.split(256):
        maps = network.features(images.to(device).float() / 255)
        for name, m in zip(names, maps, strict=True):
            found[name].append(pool_for_probe(m).cpu())
    return {name: torch.cat(parts) for name, parts in found.items()}


def fit_probes(
    network: ResidualNet,
    train: Pictures,
    test: Pictures,
    device: torch.device,
    steps: int = 600,
) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """A linear classifier on each frozen stage (Alain & Bengio 2016, arXiv 1610.01644).

    Returns:
        tensors ``NAME.weight`` [classes, 4 C] and ``NAME.bias``, and each probe's accuracy
        on ``test``, which it was not fitted on.
    """
    seen, unseen = stage_features(network, train, device), stage_features(network, test, device)
    tensors: dict[str, Tensor] = {}
    figures: list[dict[str, Any]] = []
    for name, x in seen.items():
        mean, std = x.mean(0), x.std(0) + 1e-3
        probe = nn.Linear(x.shape[1], len(train.names))
        nn.init.zeros_(probe.weight)
        adam = torch.optim.AdamW(probe.parameters(), lr=5e-3, weight_decay=1e-2)
        generator = torch.Generator().manual_seed(0)
        for step in range(steps):
            rows = torch.randint(len(x), (512,), generator=generator)
            for group in adam.param_groups:
                group["lr"] = 5e-3 * (1 - step / steps)
            loss = F.cross_entropy(probe((x[rows] - mean) / std), train.labels[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
        with torch.no_grad():  # fold the scaling in, so that the probe reads raw features
            weight = probe.weight / std
            bias = probe.bias - weight @ mean
            answer = (unseen[name] @ weight.T + bias).argmax(1)
        tensors |= {f"{name}.weight": weight, f"{name}.bias": bias}
        top1 = (answer == test.labels).float().mean().item()
        figures.append({"name": name, "top1": round(top1, 4), "n": len(test), "split": test.split})
    return tensors, figures
