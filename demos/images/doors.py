"""The API name ``/generate_image``: for gradio_client, MCP and curl."""

from __future__ import annotations

from typing import Any

from demos.language import Words


def build(engine: Any, words: Words) -> None:
    """Open the door."""
