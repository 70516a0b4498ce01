"""What every network of transformers is held to when it is read from a folder on this machine.

transformers is imported with the first model, not before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pretrained.errors import BadCheckpoint, MissingDependency

#: What in a config names another place to read from, or code to run; at any depth.
ELSEWHERE = {
    *("_name_or_path", "name_or_path", "base_model_name_or_path", "auto_map", "custom_pipelines"),
    *("pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "hf_hub_id", "url", "file"),
}
NAMES = {"backbone", "architecture"}  # of networks that a library knows: never a place


def harmless(told: Any) -> Any:
    """A config from outside, without what makes a library fetch anything.

    Raises:
        ValueError: a network's name in it is an address, as "hf-hub:owner/name".
    """
    if isinstance(told, list):
        return [harmless(each) for each in told]
    if not isinstance(told, Mapping):
        return told
    kept = {name: harmless(value) for name, value in told.items() if name not in ELSEWHERE}
    for name in NAMES & set(kept):
        if isinstance(kept[name], str) and not re.fullmatch(r"[\w.-]+", kept[name]):
            raise ValueError(f"{name} {kept[name]} is no bare name")
    for name in ("use_pretrained_backbone", "pretrained"):
        if name in kept:
            kept[name] = False  # the weights are here
    return kept


def library(folder: Path, config: Mapping[str, Any], kinds: Sequence[str]) -> Any:
    """transformers, for a ``config`` of one of the ``kinds`` that are served.

    Raises:
        BadCheckpoint: it is another kind (``model_type``), or its weights are quantised.
        MissingDependency: transformers is not installed.
    """
    kind = config.get("model_type")
    if kind not in kinds or "quantization_config" in config:
        kind = "quantised weights" if kind in kinds else kind
        reason = f"it is {kind}, and the app runs {', '.join(kinds)}: choose another model"
        raise BadCheckpoint(path=folder, reason=reason)
    try:
        import transformers
    except ImportError as error:
        raise MissingDependency(package="transformers") from error
    transformers.utils.logging.disable_progress_bar()
    return transformers


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """While files are read: whatever goes wrong is theirs. Raises `BadCheckpoint`."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # transformers raises nearly anything on damaged files
        reason = "its files are damaged or do not fit one another: fetch it again"
        raise BadCheckpoint(path=folder, reason=reason) from error


def check_complete(folder: Path, told: Mapping[str, Any]) -> None:
    """Compare weights and network, by the loading info of ``from_pretrained``. Raises
    `BadCheckpoint` where the network has weights that the files do not have."""
    if told["missing_keys"] or told["mismatched_keys"]:
        reason = "its weights do not fit its config.json: fetch it again"
        raise BadCheckpoint(path=folder, reason=reason)
