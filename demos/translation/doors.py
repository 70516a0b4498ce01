"""The API name ``/translate``: for gradio_client, MCP and curl."""

from __future__ import annotations

from typing import Any

from demos.language import Words


def build(engine: Any, words: Words) -> None:
    """Components that are never seen, and the event behind them."""
