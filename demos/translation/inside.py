"""Look inside."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos.language import Words


def build(engine: Any, words: Words, answered: gr.State, room: gr.Tab) -> None:
    """The steps from a sentence to its translation."""
