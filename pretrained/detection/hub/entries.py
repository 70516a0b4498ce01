"""Detectors of today that the app offers for download: the family of DETR, and one for masks.

Plain data, so that the catalogue imports neither torch nor transformers. Weights in single
precision: four bytes for each number that is learnt or was measured in training, and a header of
66 kB at most. Commits are those whose files were seen to be there as safetensors, of the size
given; None: the main branch, or what `sources.hub` finds converted, and four bytes a number.

All were trained on COCO (Lin et al. 2014), whose 80 names they answer with. Of the masks' network
only the things count: it also names grass and sky, which nobody counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from pretrained.sources.entry import HubEntry

#: The weights last: whoever finds them finds the rest.
FILES = ("config.json", "preprocessor_config.json", "model.safetensors")


@dataclass(frozen=True, kw_only=True)
class DetectorEntry(HubEntry):
    """One detector of transformers. Published is the average precision over the overlaps from 0.5
    to 0.95, as a share.

    Attributes:
        kind: transformers' ``model_type``.
        masks: whether it tells an object's pixels; such a network has a class of its own.
    """

    task = "detection"

    kind: str
    masks: bool = False
    max_batch: int = 4
    files: tuple[str, ...] = FILES
    split: str = "coco2017/val"
    n: int | None = 5000


DETECTOR_ENTRIES = (
    DetectorEntry(
        name="yolos-tiny",
        title="YOLOS tiny",
        hub_id="hustvl/yolos-tiny",
        revision="95a90f3c189fbfca3bcfc6d7315b9e84d95dc2de",
        licence="apache-2.0",
        kind="yolos",
        network=(
            ("hidden_size", 192),
            ("num_hidden_layers", 12),
            ("num_attention_heads", 3),
            ("intermediate_size", 768),
            ("image_size", [800, 1333]),
            ("num_detection_tokens", 100),
            ("use_mid_position_embeddings", False),
            ("num_labels", 91),
        ),
        parameters=6_488_736,
        bytes=25_978_888,
        published=(("box_ap", 0.287),),
    ),
    DetectorEntry(
        name="rtdetr-v2-r18",
        title="RT-DETR v2, ResNet-18",
        hub_id="PekingU/rtdetr_v2_r18vd",
        revision="5650961749fa93567c0d46fc7f43ea4f9e914107",
        licence="apache-2.0",
        kind="rt_detr_v2",
        network=(
            (
                "backbone_config",
                {
                    "model_type": "rt_detr_resnet",
                    "layer_type": "basic",
                    "depths": [2, 2, 2, 2],
                    "hidden_sizes": [64, 128, 256, 512],
                    "out_features": ["stage2", "stage3", "stage4"],
                },
            ),
            ("encoder_in_channels", [128, 256, 512]),
            ("hidden_expansion", 0.5),
            ("decoder_layers", 3),
            ("num_labels", 80),
        ),
        parameters=20_174_608,
        bytes=80_904_640,
        published=(("box_ap", 0.481),),
    ),
    DetectorEntry(
        name="detr-r50",
        title="DETR, ResNet-50",
        hub_id="facebook/detr-resnet-50",
        revision="1d5f47bd3bdd2c4bbfa585418ffe6da5028b4c0b",
        licence="apache-2.0",
        kind="detr",
        network=(("backbone", "resnet50"), ("num_queries", 100), ("num_labels", 91)),
        parameters=41_524_768,
        bytes=166_587_896,
        published=(("box_ap", 0.42),),
    ),
    DetectorEntry(
        name="detr-r50-masks",
        title="DETR, ResNet-50, with masks",
        hub_id="facebook/detr-resnet-50-panoptic",
        revision=None,
        licence="apache-2.0",
        kind="detr",
        network=(("backbone", "resnet50"), ("num_queries", 100), ("num_labels", 250)),
        parameters=42_899_288,
        bytes=172_022_112,
        published=(("box_ap", 0.388), ("mask_ap", 0.311)),
        masks=True,
        max_batch=2,
    ),
)

DETECTORS = {entry.key: entry for entry in DETECTOR_ENTRIES}
