"""Pictures that visitors send: decoded off the event loop, within the settings' limits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gradio.blocks import Block
from gradio.utils import get_upload_folder
from PIL import Image

from demos import pictures

MAX_SIDE = 2048  # pixels: more than most models look at, few enough for many visitors
# 80 million pixels take up to 320 MB while they are decoded: two pictures at a time, whoever asks.
DECODERS = ThreadPoolExecutor(2, thread_name_prefix="decode")

_moved = Block.async_move_resource_to_block_cache


async def _moved_unless_elsewhere(block: Block, place: Any) -> str | None:
    elsewhere = str(place).startswith(("http://", "https://"))
    return str(place) if elsewhere else await _moved(block, place)


def fetch_nothing() -> None:
    """From now on an address that somebody sends as a file is left for `opened` to refuse.

    Gradio 6.31 fetches it before any callback is asked, whatever it weighs, into memory.
    """
    Block.async_move_resource_to_block_cache = _moved_unless_elsewhere  # type: ignore[assignment]


async def opened(
    engine: Any,
    payload: Mapping[str, Any] | None,
    side: int = MAX_SIDE,
    least: int = pictures.MIN_SIDE,
) -> Image.Image:
    """The visitor's picture, upright, RGB, ``least`` to ``side`` pixels a side.

    Raises:
        Refusal: it is none, or one that is too large (see `demos.pictures.open_upload`).
    """
    most, pixels = engine.settings.max_upload_mb * 1_000_000, engine.settings.max_pixels
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(
        DECODERS, pictures.open_upload, payload, get_upload_folder(), most, pixels, side, least
    )
