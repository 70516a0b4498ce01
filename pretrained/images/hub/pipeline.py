"""The parts of a pipeline of diffusers, from its files on this machine.

Weights come as safetensors, and no code comes with a model; diffusers and transformers are imported
with the first pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pretrained import checkpoint
from pretrained.errors import BadCheckpoint, MissingDependency
from pretrained.images.hub.entries import INDEX
from pretrained.sources.hub import networks

#: Pipelines that are served, and the class of their U-Net.
KINDS = {
    "DDPMPipeline": "UNet2DModel",
    "DDIMPipeline": "UNet2DModel",
    "ConsistencyModelPipeline": "UNet2DModel",
    "StableDiffusionPipeline": "UNet2DConditionModel",
}
#: What turns a latent picture into pixels.
DECODERS = ("AutoencoderTiny", "AutoencoderKL")


@dataclass
class Parts:
    """What draws.

    Attributes:
        unet: the network that takes out noise. schedule: how much, at which step.
        vae: turns latent pictures into pixels; None where the U-Net draws pixels.
        reader, words: network and tokenizer of the text; None where there is none.
    """

    unet: Any
    schedule: Any
    vae: Any = None
    reader: Any = None
    words: Any = None

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of what the U-Net draws."""
        size = self.unet.config.sample_size
        return (size, size) if isinstance(size, int) else tuple(size)


def read(folder: Path) -> Parts:
    """The parts of a folder, in single precision.

    Raises:
        BadCheckpoint: files are damaged or missing, or it is another pipeline.
        MissingDependency: diffusers is not installed.
    """
    index = checkpoint.read_json(folder, INDEX)
    kind = index.get("_class_name")
    if kind not in KINDS:
        reason = f"it is {kind}, and the app runs {', '.join(KINDS)}: choose another model"
        raise BadCheckpoint(path=folder, reason=reason)
    try:
        import diffusers
    except ImportError as error:
        raise MissingDependency(package="diffusers") from error
    diffusers.utils.logging.disable_progress_bar()

    def part(name: str, wanted: tuple[str, ...]) -> Any:
        where = folder / name if (folder / name).is_dir() else folder
        config = checkpoint.read_json(where, checkpoint.CONFIG)
        kind = config.get("_class_name", wanted[0])
        if kind not in wanted or "quantization_config" in config:
            reason = f"its {name} is {kind}, and the app runs {', '.join(wanted)}"
            raise BadCheckpoint(path=folder, reason=f"{reason}: choose another model")
        with networks.reading(folder):
            network, told = getattr(diffusers, kind).from_pretrained(
                where,
                torch_dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                low_cpu_mem_usage=False,
                output_loading_info=True,
            )
        networks.check_complete(folder, told)
        return network

    unet = part("unet", (KINDS[kind],))
    if unet.config.in_channels != unet.config.out_channels:
        reason = "its network draws more than a picture: choose another model"
        raise BadCheckpoint(path=folder, reason=reason)
    parts = Parts(unet, schedule(folder, index))
    if kind == "StableDiffusionPipeline":
        parts.vae = part("vae", DECODERS)
        parts.reader, parts.words = _reading(folder)
        if unet.config.time_cond_proj_dim or index.get("text_encoder_2"):
            reason = "it must be told more than a text: choose another model"
            raise BadCheckpoint(path=folder, reason=reason)
    return parts


def schedule(folder: Path, index: Mapping[str, Any]) -> Any:
    """The pipeline's schedule. One of a thousand small steps becomes one that can take few (Song et
    al. 2021, arXiv 2010.02502), beginning at nothing but noise.

    Raises:
        BadCheckpoint: it is damaged, or none that diffusers has.
    """
    import diffusers

    name = "scheduler_config.json"
    where = folder / "scheduler" if (folder / "scheduler").is_dir() else folder
    config = checkpoint.read_json(where, name)
    kind = (index.get("scheduler") or [None, None])[-1]
    with networks.reading(folder):
        if kind == "DDPMScheduler":
            return diffusers.DDIMScheduler.from_config(config, timestep_spacing="trailing")
        family = getattr(diffusers, str(kind))
        if not issubclass(family, diffusers.SchedulerMixin):
            raise TypeError(kind)
        return family.from_config(config)


def _reading(folder: Path) -> tuple[Any, Any]:
    """Network and tokenizer of the text."""
    where = folder / "text_encoder"
    config = checkpoint.read_json(where, checkpoint.CONFIG)
    transformers = networks.library(folder, config, ("clip_text_model",))
    with networks.reading(folder):
        network, told = transformers.CLIPTextModel.from_pretrained(
            where,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
        words = transformers.CLIPTokenizer.from_pretrained(
            folder / "tokenizer", local_files_only=True
        )
        if len(words) > network.config.vocab_size:
            raise ValueError("tokens without a vector")
    networks.check_complete(folder, told)
    return network, words
