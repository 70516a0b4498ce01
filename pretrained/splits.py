"""What the parts of a data set are called: train, validation and test, as people name them."""

from __future__ import annotations

import re
import unicodedata

ALIASES = {
    "train": {"train", "training", "entrainement", "entraînement", "apprentissage", "训练", "訓練"},
    "validation": {"validation", "valid", "val", "dev", "eval", "验证", "驗證"},
    "test": {"test", "testing", "测试", "測試"},
}
#: What stands beside the name of a part: training_set, val-images, seg_test, train-00000-of-00002.
BESIDE = {"set", "data", "dataset", "images", "image", "imgs", "img", "pictures", "photos", "seg"}
BESIDE |= {"split", "folder", "of", "instances", "annotations", "labels", "coco", "keypoints"}
BESIDE |= {"person", "captions"}
ENDINGS = re.compile("(?:数据集|數據集|图片|圖片|图像|数据|set|集)$")


def named(name: str, split: str = "") -> str | None:
    """The part that a file or folder is called by (without its suffix); None where it is none.

    Args:
        split: the name that is looked for, where it is another than these three.
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    if split and plain == split.casefold():
        return next((key for key, names in ALIASES.items() if plain in names), split)
    plain = re.sub(r"-\d+-of-\d+(-\w+)?$", "", plain)  # one part of several
    words = [word for word in re.findall(r"[^\W\d_]+", plain) if word not in BESIDE]
    if len(words) != 1:
        return None
    bare = {words[0], ENDINGS.sub("", words[0])}
    return next((key for key, names in ALIASES.items() if bare & names), None)
