"""Masks by DETR's panoptic head, drawn for the objects that are answered and for no others.

transformers draws one for each of a hundred queries at once, most of which say "nothing": 13 GB and
forty seconds for a photograph. Each is drawn by itself, so a few at a time are the same maps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

#: Objects that are drawn together.
TOGETHER = 4

Features = list[tuple[Tensor, Tensor]]  #: of the body, fine to coarse: maps and where a picture is


def looked(network: Any, pixels: Tensor) -> tuple[Any, Features]:
    """What the detector in a ``DetrForSegmentation`` says of pictures [N, 3, H, W], which fill
    their frame, and the body's features on its way."""
    passed: list[Features] = []
    body = network.detr.model.backbone
    handle = body.register_forward_hook(lambda module, given, found: passed.append(found))
    try:
        told = network.detr(pixel_values=pixels)
    finally:
        handle.remove()
    return told, passed[0]


def drawn(network: Any, told: Any, features: Features, number: int, queries: Tensor) -> np.ndarray:
    """Maps of some queries of the picture ``number``: float [queries, h, w], above 0 inside."""
    fine = [maps[number : number + 1] for maps, _ in features]
    coarse = network.detr.model.input_projection(fine[-1])
    memory = told.encoder_last_hidden_state[number : number + 1].transpose(1, 2)
    memory = memory.reshape(coarse.shape)
    found = [np.zeros((0, *fine[0].shape[-2:]), np.float32)]
    for part in queries.split(TOGETHER) if len(queries) else ():
        looks = network.bbox_attention(told.last_hidden_state[number : number + 1, part], memory)
        maps = network.mask_head(
            features=coarse, attention_masks=looks, fpn_features=[fine[2], fine[1], fine[0]]
        )
        found.append(maps[:, 0].float().cpu().numpy())
    return np.concatenate(found)
