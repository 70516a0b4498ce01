# ruff: noqa: E501 (a Chinese character counts as two)
"""Chinese names of classes, by the data set's English name."""

from __future__ import annotations

from collections.abc import Sequence

from pretrained.classification import imagenet_names

_CIFAR10 = """airplane 飞机|automobile 汽车|bird 鸟|cat 猫|deer 鹿|dog 狗|frog 青蛙|horse 马|ship 船|truck 卡车"""

_FLOWERS = """daisy 雏菊|dandelion 蒲公英|roses 玫瑰|sunflowers 向日葵|tulips 郁金香"""

NAMES: dict[str, str] = {
    english: chinese
    for english, _, chinese in (
        pair.rpartition(" ")
        for text in (_CIFAR10, _FLOWERS)
        for line in text.splitlines()
        for pair in line.split("|")
    )
}


def names(labels: Sequence[str]) -> list[str] | None:
    """Chinese names of all labels, or None if any is missing: never half a translation."""
    kinds, number = imagenet_names.chinese(), imagenet_names.numbers()
    found = [
        NAMES.get(label) or (kinds[number[label]] if label in number else None) for label in labels
    ]
    return [name for name in found if name] if all(found) else None
