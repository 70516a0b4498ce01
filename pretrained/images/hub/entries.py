"""Models of today that draw: three of the Hub, each the next step after the app's own two.

Plain data, so that the catalogue imports neither torch nor diffusers. Weights in single precision:
bytes are four for each number; the files' headers and a vocabulary add 2 MB at most, and the Hub
tells the exact size before a download. Commits are those whose files were seen to be there as
safetensors; None: the main branch, whose commit the first download fixes.

None of them comes with a filter that looks at what was drawn. The two that take no words draw what
they were trained on, cats and the things of ImageNet; the one that takes words draws what they say.
"""

from __future__ import annotations

from dataclasses import dataclass

from pretrained.sources.entry import HubEntry

WEIGHTS = "diffusion_pytorch_model.safetensors"
INDEX = "model_index.json"
#: Characters of a text that is drawn.
LONGEST = 300


def _parts(*names: str) -> tuple[str, ...]:
    """The files of parts that have a folder each, as diffusers saves them."""
    return tuple(f"{name}/{file}" for name in names for file in ("config.json", WEIGHTS))


@dataclass(frozen=True, kw_only=True)
class PipelineEntry(HubEntry):
    """One pipeline of diffusers; its authors' figures are of other data. ``network`` is of its
    U-Net, ``parameters`` of all its networks.

    Attributes:
        side: pixels of a picture.
        steps: usual, most. One step is a property of the weights, not of our choice.
        learns: whether `hub.train` can fine-tune it. Those that were taught to jump to the end
            in one step unlearn that from plain pictures.
    """

    task = "images"

    side: int
    steps: tuple[int, int]
    learns: bool = False
    max_batch: int = 4

    @property
    def words(self) -> bool:
        """Whether it draws what a text says; nothing looks at what it drew."""
        return self.unfiltered


PIPELINE_ENTRIES = (
    PipelineEntry(
        name="ddpm-cat",
        title="DDPM, cats",
        hub_id="google/ddpm-cat-256",
        revision=None,
        licence="apache-2.0",
        files=(INDEX, "scheduler_config.json", "config.json", WEIGHTS),
        network=(
            ("block_out_channels", (128, 128, 256, 256, 512, 512)),
            ("layers_per_block", 2),
            ("down_block_types", ("DownBlock2D",) * 4 + ("AttnDownBlock2D", "DownBlock2D")),
            ("up_block_types", ("UpBlock2D", "AttnUpBlock2D") + ("UpBlock2D",) * 4),
            ("attention_head_dim", None),
        ),
        parameters=113_673_219,
        bytes=454_692_876,
        side=256,
        steps=(20, 100),
        learns=True,
    ),
    PipelineEntry(
        name="consistency",
        title="Consistency model, a thousand things",
        hub_id="openai/diffusers-cd_imagenet64_l2",
        revision="5f462e4403fc37b72ec6004e806c71805db22387",
        licence="mit",
        files=(INDEX, "scheduler/scheduler_config.json", *_parts("unet")),
        network=(
            ("block_out_channels", (192, 384, 576, 768)),
            ("layers_per_block", 3),
            ("down_block_types", ("ResnetDownsampleBlock2D",) + ("AttnDownBlock2D",) * 3),
            ("up_block_types", ("AttnUpBlock2D",) * 3 + ("ResnetUpsampleBlock2D",)),
            ("attention_head_dim", 64),
            ("attn_norm_num_groups", 32),
            ("num_class_embeds", 1000),
            ("resnet_time_scale_shift", "scale_shift"),
            ("downsample_type", "resnet"),
            ("upsample_type", "resnet"),
        ),
        parameters=295_899_267,
        bytes=1_183_597_068,
        side=64,
        steps=(1, 8),
        max_batch=16,
    ),
    PipelineEntry(
        name="sdxs",
        title="SDXS, from words in one step",
        hub_id="IDKiro/sdxs-512-dreamshaper",
        revision="76f720262bb051da75666b22c902a78c8e16c763",
        licence="openrail++",
        files=(
            INDEX,
            "scheduler/scheduler_config.json",
            "tokenizer/vocab.json",
            "tokenizer/merges.txt",
            "text_encoder/config.json",
            "text_encoder/model.safetensors",
            *_parts("vae", "unet"),
        ),
        network=(
            ("block_out_channels", (320, 640, 1280)),
            ("layers_per_block", 1),
            ("down_block_types", ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * 2),
            ("mid_block_type", None),
            ("up_block_types", ("CrossAttnUpBlock2D",) * 2 + ("UpBlock2D",)),
            ("cross_attention_dim", 768),
        ),
        parameters=441_251_787,
        bytes=1_765_007_148,
        side=512,
        steps=(1, 1),
        unfiltered=True,
    ),
)

PIPELINES = {entry.key: entry for entry in PIPELINE_ENTRIES}
