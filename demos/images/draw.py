"""Try: a grid of faces from a seed; one is picked, and the rest of the room is about that one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos.language import Words


@dataclass(frozen=True)
class TryParts:
    """What other rooms share of this one. ``chosen`` holds {"point", "key", "image"}: the face that
    was picked, its model and its pixels, uint8 [64, 64, 3]; None until one is drawn."""

    chosen: gr.State
    seen: gr.Button


def build(engine: Any, words: Words) -> TryParts:
    """The grid and what is done with one face."""
    chosen = gr.State(None)
    seen = gr.Button(words("images.try.inside"), elem_id="face-seen")
    return TryParts(chosen, seen)
