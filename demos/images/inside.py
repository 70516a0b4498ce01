"""Look inside: how a face comes about, on the one that was chosen under Try."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos.language import Words


def build(engine: Any, words: Words, chosen: gr.State, room: gr.Tab) -> None:
    """``chosen`` holds {"point", "key", "image"} of the face that was picked."""
