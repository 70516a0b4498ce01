"""What the page needs to do the first convolution by hand gives what the network computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from pretrained.classification.efficientnet import EfficientNetLite0, normalised
from pretrained.classification.imagenet import ImagenetClassifier


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    network = EfficientNetLite0(classes=2)
    for normalisation in network.modules():
        if isinstance(normalisation, torch.nn.BatchNorm2d):
            normalisation.running_mean.normal_()
            normalisation.running_var.uniform_(0.5, 2)
            torch.nn.init.normal_(normalisation.weight, 1)
            torch.nn.init.normal_(normalisation.bias)
    config = {"key": "classification/imagenet", "labels": ["a", "b"], "size": 64, "crop": 1.0}
    return ImagenetClassifier(network, config, "cpu")


def test_the_sum_at_any_place_is_the_place_of_the_map(model):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    [seen] = model.predict([Image.fromarray(noise)], view="convolution")
    with torch.inference_mode():
        maps = model.network.stem(normalised(model._pixels([Image.fromarray(noise)])))[0]
    pixels = (seen["input"] / 255 - seen["mean"]) / seen["std"]
    padded = np.pad(pixels, ((0, 1), (0, 1), (0, 0)))  # beyond the right and the bottom is 0
    for row, column in ((0, 0), (5, 17), (31, 0), (31, 31)):
        y, x = row * seen["stride"], column * seen["stride"]
        window = padded[y : y + 3, x : x + 3].transpose(2, 0, 1)
        sums = (seen["kernels"] * window).sum((1, 2, 3)) + seen["bias"]
        by_hand = sums.clip(0, seen["most"])
        assert by_hand == pytest.approx(maps[:, row, column].numpy(), abs=1e-4)
    assert maps.max() > 0 and seen["input"].shape == (64, 64, 3)
