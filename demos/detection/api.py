"""The API name ``/detect``: for gradio_client, MCP and curl. Labels in English always."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import gradio as gr
import numpy as np

from demos import models, streaming, uploads
from demos.detection import answers
from demos.detection.answers import LEAST, USUAL, Found, Size
from demos.inputs import endpoint, left_open
from demos.language import Words
from inference import Engine
from inference.errors import Refusal


class BadThreshold(Refusal):
    """A threshold that is no score. Fields: sent."""

    code = "detection_threshold"
    sentence = "{sent} is no threshold: give a score from 0 to 1, such as 0.5."


def build(engine: Engine, words: Words) -> None:
    """Components that are never seen, and the event behind them."""
    usual = answers.usual(engine)
    image = gr.Image(type="filepath", visible=False, label="image")
    model = gr.Textbox(usual, visible=False, label="model")
    threshold = gr.Number(USUAL, visible=False, label="threshold")
    result = gr.JSON(visible=False, label="result")

    @streaming.event(words, None)
    def detect(
        image: Any, model: str = usual, threshold: float = USUAL
    ) -> AsyncGenerator[dict[str, Any], None]:
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
        return streaming.once(detected(engine, image, model, threshold))

    endpoint(
        detect,
        [image, model, threshold],
        result,
        models.most_together(answers.detectors(engine).values()),
    )


async def detected(
    engine: Engine, image: uploads.Sent, model: Any = None, threshold: Any = USUAL
) -> dict[str, Any]:
    """The objects in a picture, as the endpoint gives them.

    Raises:
        Refusal: UnknownModel, BadThreshold, NotHere, or why the picture cannot be used.
    """
    entry = answers.entry_of(engine, answers.usual(engine) if left_open(model) else model)
    least = score(threshold)
    models.check_here(entry)
    picture = await uploads.opened(engine, image, answers.SIDE, least=1)
    found = await answers.ask(engine, entry.key, picture)
    loop = asyncio.get_running_loop()
    return {"objects": await loop.run_in_executor(uploads.DECODERS, as_sent, found, least)}


def score(sent: Any) -> float:
    """A threshold as it was sent; left open, the usual one.

    Raises:
        BadThreshold: it is no number from 0 to 1.
    """
    try:
        if isinstance(sent, bool):
            raise TypeError
        value = float(USUAL if sent is None or sent == "" else sent)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not 0 <= value <= 1:
        raise BadThreshold(sent=str(sent)[:40])
    return max(value, LEAST)


def as_sent(found: Found, least: float) -> list[dict[str, Any]]:
    """The objects with at least a score, in the pixels of the file as it was sent, seen upright."""
    width, height = found.sent
    across, down = width / found.picture.width, height / found.picture.height
    whole = across == down == 1
    return [
        {
            "label": thing["label"],
            "score": float(thing["score"]),
            "box": _scaled_box(thing["box"], across, down),
            "mask": thing["mask"] if whole else _scaled_mask(thing["mask"], found.sent),
        }
        for thing in found.objects
        if thing["score"] >= least
    ]


def _scaled_box(box: Sequence[float], across: float, down: float) -> list[float]:
    return [float(side) * scale for side, scale in zip(box, (across, down) * 2, strict=True)]


def _scaled_mask(mask: Mapping[str, Any] | None, size: Size) -> dict[str, Any] | None:
    """A mask over a picture of another size: each pixel is what its middle falls on. The runs are
    scaled, column by column: the larger picture is never laid out."""
    if mask is None:
        return None
    from pretrained.detection import rle

    pixels = rle.decode(dict(mask))
    (high, wide), (width, height) = pixels.shape, size
    columns, *edges = rle.edges(pixels)
    begin, end = (-((high - 2 * row * height) // (2 * high)) for row in edges)
    source = (2 * np.arange(width) + 1) * wide // (2 * width)  # the column that each is taken from
    first = np.searchsorted(columns, source)
    many = np.searchsorted(columns, source, side="right") - first  # its runs
    offset = np.repeat(np.arange(width) * height, many)
    run = np.arange(len(offset)) + np.repeat(first - np.cumsum(many) + many, many)
    begin, end = begin[run] + offset, end[run] + offset
    return rle.of_runs(begin[begin < end], end[begin < end], height, width)
