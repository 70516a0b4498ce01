"""What a config says of a network, held against the tensors that came with it. Imports no torch.

Every size that makes memory is the size of a tensor that is really there, so nothing can be asked
for that was not sent. The rest of the shapes the loader compares, when it builds the network
(`pretrained.checkpoint.load_network`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from jobs.take_home.headers import Config, Shapes, Unfit, names, number, size, sizes

#: What `fitting` is told besides the config: how many tokens tokenizer.json has.
TOKENS = "tokens in its vocabulary"


def _architecture(config: Config) -> Config:
    told = config.get("architecture")
    if not isinstance(told, dict):
        raise Unfit("it has no architecture")
    return told


def _characters(config: Config) -> int:
    characters = config.get("characters")
    if not isinstance(characters, str) or not characters:
        raise Unfit("it has no characters")
    return len(characters) + 1


def _labelled(config: Config) -> int:
    count = len(names(config, "labels"))
    chinese = config.get("labels_zh")
    if chinese is not None and len(names(config, "labels_zh")) != count:
        raise Unfit("labels_zh are not as many as labels")
    number(config, "temperature", 1e-3, 1e3, 1.0)
    number(config, "unsure_below", 0, 1, 0.0)
    for probe in config.get("probes", ()):
        if not isinstance(probe, dict) or not isinstance(probe.get("name"), str):
            raise Unfit("probes are not a list of probes")
        number(probe, "top1", 0, 1)
    return count


def _residual(config: Config) -> Shapes:
    classes = _labelled(config)
    if size(config, "classes") != classes:
        raise Unfit("classes are not as many as labels")
    widths = sizes({"widths": [64, 192, 320], **config}, "widths", 8192)
    stem, kernel = size(config, "stem_width", 32), size(config, "stem_kernel", 3, 15)
    size(config, "stem_stride", 1, 16)
    size(config, "size", most=512)
    if config.get("pooling", "mean") not in ("mean", "max"):
        raise Unfit("pooling is neither mean nor max")
    for name in ("mean", "std"):
        values = config.get(name, [0.5] * 3)
        if not isinstance(values, list) or len(values) != 3:
            raise Unfit(f"{name} is not a list of three numbers")
        for value in values:
            number({name: value}, name, 1e-6 if name == "std" else -1e3, 1e3)
    found: Shapes = {
        "stem.conv.weight": (stem, 3, kernel, kernel),
        "head.weight": (classes, widths[-1]),
        "head.bias": (classes,),
        **_counted("stages", len(widths)),
    }
    before = stem
    for n, width in enumerate(widths):
        found[f"stages.{n}.widen.conv.weight"] = (width, before, 3, 3)
        found[f"stages.{n}.residual.1.conv.weight"] = (width, width, 3, 3)
        before = width
    return found


def _counted(prefix: str, count: int) -> Shapes:
    """Marks that there are exactly so many layers ``prefix.0``, ``prefix.1``; see `fitting`."""
    return {f"{prefix}.*": (count,)}


def _efficientnet(config: Config) -> Shapes:
    classes = _labelled(config)
    size(config, "size", most=512)
    number(config, "crop", 0.05, 1)
    return {
        "conv_stem.weight": (32, 3, 3, 3),
        "conv_head.weight": (1280, 320, 1, 1),
        "classifier.weight": (classes, 1280),
        "classifier.bias": (classes,),
    }


def _hog(config: Config) -> Shapes:
    classes = _labelled(config)
    return {"weight": (classes, 1764), "bias": (classes,)}  # 1,764 features of 32 by 32 pixels


def _writer(config: Config) -> Shapes:
    told, characters = _architecture(config), _characters(config)
    if config.get("begin") not in tuple(config["characters"]):
        raise Unfit("its first character is none of its characters")
    if told.get("cell", "lstm") != "lstm":
        raise Unfit("its cells are no LSTMs")
    hidden, embedding = size(told, "hidden", 512), size(told, "embedding", 64)
    layers, tied = size(told, "layers", 1, 16), told.get("tied", False)
    number(told, "dropout", 0, 0.99, 0.0)
    found: Shapes = {
        "embed.weight": (characters, embedding),
        "cells.weight_ih_l0": (4 * hidden, embedding),
        "out.weight": (characters, embedding if tied else hidden),
    }
    return found | {f"cells.weight_hh_l{n}": (4 * hidden, hidden) for n in range(layers)}


def _pen(config: Config) -> Shapes:
    alphabet = _characters(config)
    hands = int(number(config, "hands", 0, 100_000, 0))
    hand, first = size(config, "hand", 32), size(config, "first", 224)
    second = size(config, "second", 256)
    window, mixture = size(config, "window", 6), size(config, "mixture", 20)
    styles = config.get("styles", [])
    if not isinstance(styles, list) or not all(
        isinstance(style, dict) and isinstance(style.get("name"), str) for style in styles
    ):
        raise Unfit("styles are not a list of hands")
    found: Shapes = {
        "hands.weight": (hands + 1, hand),
        "outer.weight": (4 * first, 5 + hand),
        "inner.weight": (4 * first, alphabet + first),
        "steer.weight": (3 * window, first),
        "upper.weight_ih_l0": (4 * second, 5 + hand + alphabet + first),
        "head.weight": (6 * mixture + 3, first + second),
    }
    if styles:
        kept = {"h1": first, "c1": first, "h2": second, "c2": second, "seen": alphabet}
        kept |= {"kappa": window, "hand": hand, "before": 3, "origin": 2}
        found |= {f"styles:{name}": (len(styles), width) for name, width in kept.items()}
    return found


def _reader(config: Config) -> Shapes:
    alphabet = _characters(config)
    width, units = size(config, "width", 96), size(config, "units", 128)
    return {
        "near.weight": (width, 7, 5),
        "layers.0.forth.weight_ih_l0": (4 * units, width),
        "layers.1.forth.weight_ih_l0": (4 * units, 2 * units),
        "head.weight": (alphabet, 2 * units),
    }


def _translator(config: Config) -> Shapes:
    told, tokens = _architecture(config), size(config, TOKENS, most=200_000)
    languages, directions = names(config, "languages", 2), names(config, "directions", 2)
    pairs = {f"{a}-{b}" for a in languages for b in languages if a != b}
    if len(languages) != 2 or not set(directions) <= pairs:
        raise Unfit("its directions are not those of two languages")
    hidden, embedding = size(told, "hidden", 384), size(told, "embedding", 256)
    layers = size(told, "layers", 1, 16)
    number(told, "dropout", 0, 0.99, 0.1)
    half = hidden // 2
    one: Shapes = {
        "embed.weight": (tokens, embedding),
        "bias": (tokens,),
        "lower.weight_ih_l0": (4 * hidden, embedding),
        "lower.weight_hh_l0": (4 * hidden, hidden),
        "upper.weight_ih_l0": (4 * hidden, 2 * hidden),
        **{f"encoder.weight_hh_l{n}": (4 * half, half) for n in range(layers)},
    }
    if not told.get("separate"):
        return one
    written = [direction.partition("-")[2] for direction in directions]
    files = zip(("model", "reverse"), written, strict=False)
    return {f"{file}:{to}.{name}": shape for file, to in files for name, shape in one.items()}


def _gan(config: Config) -> Shapes:
    told = _architecture(config)
    latent, width = size(told, "latent", 128), size(told, "width", 40)
    other = size(told, "judge_width", size(told, "discriminator_width", 40))
    scores = config.get("scores")
    if not isinstance(scores, dict):
        raise Unfit("it has no scores")
    for name in ("photographs", "drawings"):
        values = scores.get(name)
        if not isinstance(values, list) or not values:
            raise Unfit(f"its scores of {name} are no list of numbers")
        for value in values:
            number({name: value}, name, -1e9, 1e9)
    return {
        "generator.first.weight": (8 * width * 16, latent),
        "generator.deconvolutions.3.weight": (width, 3, 4, 4),
        "discriminator.convolutions.0.weight": (other, 3, 4, 4),
        "discriminator.convolutions.3.weight": (8 * other, 4 * other, 4, 4),
    }


def _denoiser(config: Config) -> Shapes:
    told = _architecture(config)
    widths, blocks = sizes(told, "widths", 4096), size(told, "blocks", 1, 16)
    number(told, "dropout", 0, 0.99, 0.0)
    if any(width % 16 for width in widths) or widths[-1] % 32:
        raise Unfit("widths are not multiples of 16, the last one of 32")
    found: Shapes = {
        "unet.conv_in.weight": (widths[0], 12, 3, 3),
        "unet.conv_out.weight": (12, widths[0], 3, 3),
        **_counted("unet.down_blocks", len(widths)),
    }
    if told.get("finish", 0) != 0:
        finish = size(told, "finish", most=4096)
        found |= {"finish.0.weight": (finish, 6, 3, 3), "finish.2.weight": (3, finish, 3, 3)}
    for n, width in enumerate(widths):
        found |= {
            f"unet.down_blocks.{n}.resnets.{m}.conv2.weight": (width, width, 3, 3)
            for m in range(blocks)
        }
    return found


def _detector(config: Config) -> Shapes:
    told, classes = _architecture(config), len(names(config, "taught"))
    if not set(names(config, "labels")) <= set(config["taught"]):
        raise Unfit("labels are not among those that it was taught")
    channels, hidden = size(told, "channels", 96), size(told, "hidden", 128)
    anchors, ratios = told.get("anchors"), told.get("ratios")
    if not isinstance(anchors, list) or len(anchors) != 3 or not isinstance(ratios, list):
        raise Unfit("its anchors are not those of three levels")
    counts = {len(sizes({"anchors": sides}, "anchors", 2000, 16)) for sides in anchors}
    for ratio in ratios:
        number({"ratios": ratio}, "ratios", 0.05, 20)
    if len(counts) != 1:
        raise Unfit("its levels have different numbers of anchors")
    tried = counts.pop() * len(ratios)
    return {
        "body.conv_stem.weight": (32, 3, 3, 3),
        "pyramid.layer_blocks.0.0.weight": (channels, channels, 3, 3),
        "heads.box_predictor.classes.weight": (classes + 1, hidden),
        "rpn.head.cls_logits.weight": (tried, channels, 1, 1),
    }


#: Every loader whose checkpoints may come back from outside.
EXPECTED: Mapping[str, Callable[[Config], Shapes]] = {
    "pretrained.classification.serve:load": _residual,
    "pretrained.classification.imagenet:load": _efficientnet,
    "pretrained.classification.hog:load": _hog,
    "pretrained.text.serve:load": _writer,
    "pretrained.handwriting.serve:load_pen": _pen,
    "pretrained.handwriting.serve:load_reader": _reader,
    "pretrained.translation.serve:load": _translator,
    "pretrained.images.serve:load": _gan,
    "pretrained.images.serve_diffusion:load": _denoiser,
    "pretrained.detection.serve:load": _detector,
}


def fitting(config: Config, loader: str, there: Mapping[str, Shapes]) -> None:
    """Hold what a config says against the tensors of its files.

    Args:
        there: shapes of the tensors of each file, by the file's name without its suffix.

    Raises:
        Unfit: a number is out of bounds, or a tensor that it tells the shape of has another.
    """
    for name, wanted in EXPECTED[loader](config).items():
        file, _, tensor = name.rpartition(":")
        held = there.get(file or "model", {})
        if tensor.endswith(".*"):
            start = re.compile(re.escape(tensor[:-1]) + r"(\d+)\.")
            layers = {int(found[1]) for key in held if (found := start.match(key))}
            if layers != set(range(wanted[0])):
                raise Unfit(f"it tells of {wanted[0]} {tensor[:-2]}, and the weights do not")
        elif held.get(tensor) != wanted:
            told = "x".join(map(str, wanted))
            raise Unfit(f"{tensor} would have to be {told}")
