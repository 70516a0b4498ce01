"""The API name ``/detect``: for gradio_client, MCP and curl. Labels in English always."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import gradio as gr

from demos import page, streaming, uploads
from demos.detection import answers
from demos.detection.answers import LEAST, USUAL
from demos.language import Words
from demos.models import on_disk
from inference.errors import Refusal


class NotHere(Refusal):
    """A model that would have to be downloaded, which is done on the page only. Fields: model,
    size in MB, licence."""

    code = "detection_not_here"
    sentence = (
        "{model} is not on this machine yet: open the page, choose it under Try and download it "
        "there ({size} MB from Hugging Face, under {licence})."
    )


class BadThreshold(Refusal):
    """A threshold that is no score. Fields: sent."""

    code = "detection_threshold"
    sentence = "{sent} is no threshold: give a score from 0 to 1, such as 0.5."


def build(engine: Any, words: Words) -> None:
    """Components that are never seen, and the event behind them."""
    usual = answers.usual(engine)
    image = gr.Image(type="filepath", visible=False, label="image")
    model = gr.Textbox(usual, visible=False, label="model")
    threshold = gr.Number(USUAL, visible=False, label="threshold")
    result = gr.JSON(visible=False, label="result")

    @page.guard(words)
    async def detect(
        image: Any, model: str = usual, threshold: float = USUAL
    ) -> AsyncIterator[dict[str, Any] | None]:
        """Find the objects in a picture: what each is, where it is, and which pixels are its own.

        Args:
            image: A picture file: JPEG, PNG, WebP, GIF, AVIF, BMP or TIFF.
            model: Key of a model, such as "detection/everyday" or "detection/rcnn".
            threshold: The least score of an object that is given, 0 to 1. No model names any below
                0.05.

        Returns:
            {"objects": [{"label", "score", "box": [x0, y0, x1, y1], "mask"}]}, highest score first,
            in pixels of the picture as it was sent; one that the camera turned (EXIF) is meant as
            it is seen, upright. "mask" is COCO's compressed run-length encoding {"size": [height,
            width], "counts"}, or null where the model gives boxes only. Nothing until all is found.
        """
        entry = answers.entry_of(engine, model or usual)
        least = score(threshold)
        if not on_disk(entry):
            raise NotHere(model=entry.key, size=f"{entry.bytes / 1e6:.0f}", licence=entry.licence)

        async def run() -> AsyncIterator[dict[str, Any]]:
            picture = await answers.sent(engine, image)
            found = await answers.ask(engine, entry.key, picture)
            loop = asyncio.get_running_loop()
            scaled = loop.run_in_executor(uploads.DECODERS, answers.as_sent, found, least)
            yield {"objects": await scaled}

        async with aclosing(streaming.heartbeats(run())) as steps:
            async for step in steps:
                yield None if step is streaming.HEARTBEAT else step

    gr.Button(visible=False).click(
        detect,
        [image, model, threshold],
        result,
        api_name="detect",
        preprocess=False,
        concurrency_limit=answers.most_together(engine),
    )


def score(sent: Any) -> float:
    """A threshold as it was sent; left open, the usual one.

    Raises:
        BadThreshold: it is no number from 0 to 1.
    """
    try:
        value = float(USUAL if sent is None or sent == "" else sent)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not 0 <= value <= 1:
        raise BadThreshold(sent=str(sent)[:40])
    return max(value, LEAST)
