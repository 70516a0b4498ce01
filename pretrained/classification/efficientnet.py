"""EfficientNet-Lite0: a thousand kinds of thing in 4.65 million weights.

Tan & Le 2019 (arXiv 1905.11946) without squeeze-and-excitation and with ReLU6, as its authors
published it for small devices. The names of its weights are those of timm's
``tf_efficientnet_lite0``, and its answers are equal (a test compares them); timm and torchvision,
which take seconds to import, are not needed.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Kernel size, stride of the first block, factor of expansion, channels and blocks of each stage.
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
STEM, HEAD = 32, 1280  # channels of the first and of the last convolution
FEATURES = STAGES[-1][3]  # numbers that `pooled` gives
DROPOUT = 0.2  # before the classifier, as it was trained
SPREAD = 1e-3  # added to the variance by each batch normalisation, as it was trained
MEAN = STD = 0.5  # of the pixels (0..1) that it was trained on, the same for all three colours


class SameConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow does: ``ceil(size / stride)`` places come out, and where
    the padding is odd the extra row is at the bottom and the extra column at the right."""

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, C', ceil(H / stride), ceil(W / stride)]."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        missing = [
            max(0, (-(-size // stride) - 1) * stride + kernel - size) for size in x.shape[2:]
        ]
        before = [pad // 2 for pad in missing]
        after = [pad - first for pad, first in zip(missing, before, strict=True)]
        if before != after:
            x, before = F.pad(x, (before[1], after[1], before[0], after[0])), [0, 0]
        return F.conv2d(x, self.weight, self.bias, self.stride, before, groups=self.groups)


def normalisation(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=SPREAD)


class DepthwiseSeparable(nn.Module):
    """Each channel filtered by itself, then all of them mixed at every place."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv_dw = SameConv2d(channels, channels, kernel, stride, groups=channels, bias=False)
        self.bn1 = normalisation(channels)
        self.conv_pw = nn.Conv2d(channels, out, 1, bias=False)
        self.bn2 = normalisation(out)

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, C', H / stride, W / stride]."""
        return self.bn2(self.conv_pw(F.relu6(self.bn1(self.conv_dw(x)))))


class InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, narrow; added to what came in where the shapes agree.

    Sandler et al. 2018 (MobileNetV2), arXiv 1801.04381.
    """

    def __init__(self, channels: int, out: int, kernel: int, stride: int, factor: int) -> None:
        super().__init__()
        wide = channels * factor
        self.conv_pw = nn.Conv2d(channels, wide, 1, bias=False)
        self.bn1 = normalisation(wide)
        self.conv_dw = SameConv2d(wide, wide, kernel, stride, groups=wide, bias=False)
        self.bn2 = normalisation(wide)
        self.conv_pwl = nn.Conv2d(wide, out, 1, bias=False)
        self.bn3 = normalisation(out)
        self.residual = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, C', H / stride, W / stride]."""
        wide = F.relu6(self.bn1(self.conv_pw(x)))
        out = self.bn3(self.conv_pwl(F.relu6(self.bn2(self.conv_dw(wide)))))
        return x + out if self.residual else out


class EfficientNetLite0(nn.Module):
    """The network. Its input is normalised: pixels in 0..1, less `MEAN`, over `STD`.

    Attributes:
        blocks: the seven stages, with `STAGES` channels at 1/2, 1/4, 1/8, 1/16, 1/16, 1/32 and
            1/32 of the picture's size.
    """

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.conv_stem = SameConv2d(3, STEM, 3, 2, bias=False)
        self.bn1 = normalisation(STEM)
        stages, channels = [], STEM
        for kernel, stride, factor, out, count in STAGES:
            blocks: list[nn.Module] = []
            for number in range(count):
                step = stride if number == 0 else 1
                if factor == 1:
                    blocks.append(DepthwiseSeparable(channels, out, kernel, step))
                else:
                    blocks.append(InvertedResidual(channels, out, kernel, step, factor))
                channels = out
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        self.conv_head = nn.Conv2d(channels, HEAD, 1, bias=False)
        self.bn2 = normalisation(HEAD)
        self.classifier = nn.Linear(HEAD, classes)

    def stem(self, x: Tensor) -> Tensor:
        """[N, 3, H, W], normalised -> [N, 32, H / 2, W / 2]."""
        return F.relu6(self.bn1(self.conv_stem(x)))

    def stages(self, x: Tensor) -> list[Tensor]:
        """[N, 3, H, W], normalised -> maps after the stem and after each of the seven stages."""
        maps = [self.stem(x)]
        for stage in self.blocks:
            maps.append(stage(maps[-1]))
        return maps

    def embedding(self, maps: Tensor) -> Tensor:
        """What the last stage put out, [N, 320, h, w] -> the classifier's input, [N, 1280]."""
        return F.relu6(self.bn2(self.conv_head(maps))).mean((2, 3))

    def pooled(self, x: Tensor) -> Tensor:
        """[N, 3, H, W], normalised -> [N, 320]: the last stage, averaged over all places."""
        return self.blocks(self.stem(x)).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """[N, 3, H, W], normalised -> logits [N, classes]."""
        embedding = self.embedding(self.blocks(self.stem(x)))
        return self.classifier(F.dropout(embedding, DROPOUT, self.training))


def normalised(pixels: Tensor) -> Tensor:
    """Pixels in 0..1 -> the network's input."""
    return (pixels - MEAN) / STD


def from_wheel_weights(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The published state dict, whose names are of another implementation, under ours: its tensors
    stand in the same order. Raises ValueError where their shapes do not agree."""
    with torch.device("meta"):
        ours = EfficientNetLite0().state_dict()
    if [value.shape for value in ours.values()] != [value.shape for value in weights.values()]:
        raise ValueError("its tensors are not those of EfficientNet-Lite0")
    return dict(zip(ours, weights.values(), strict=True))
