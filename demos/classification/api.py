"""The API name ``/classify``: for gradio_client, MCP and curl. Labels are the data set's."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import gradio as gr

from demos import models, streaming, uploads
from demos.classification import answers
from demos.classification.answers import DEFAULT, classifiers
from demos.inputs import endpoint, left_open
from demos.language import Words
from inference import Engine
from inference.errors import BadInput


class BadTopK(BadInput):
    """Not a number. Fields: most."""

    code = "top_k"
    sentence = "top_k is not a number of names: give a whole number from 1 to {most}."


def build(engine: Engine, words: Words) -> None:
    """Components that are never seen, and the event behind them."""
    image = gr.Image(type="filepath", visible=False, label="image")
    model = gr.Textbox(DEFAULT, visible=False, label="model")
    top_k = gr.Number(5, visible=False, label="top_k")
    result = gr.JSON(visible=False, label="result")

    @streaming.event(words, None)
    def classify(
        image: Any, model: str = DEFAULT, top_k: float = 5
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Name what a picture shows.

        Args:
            image: A picture file: JPEG, PNG, WebP, GIF, AVIF, BMP or TIFF.
            model: Key of a model, such as "classification/imagenet" or "classification/cifar10".
            top_k: How many names to give, likeliest first (1 to 20).

        Returns:
            {"label", "confidences": [{"label", "confidence"}]}; confidences lie between 0 and 1.
            Nothing until it is known.
        """
        return streaming.once(classified(engine, image, model, top_k))

    endpoint(
        classify, [image, model, top_k], result, models.most_together(classifiers(engine).values())
    )


async def classified(
    engine: Engine, image: uploads.Sent, model: Any = DEFAULT, top_k: Any = 5
) -> dict[str, Any]:
    """What a picture shows, as the endpoint says it.

    Raises:
        Refusal: UnknownModel, BadTopK, NotHere, or why the picture cannot be used.
    """
    entry = answers.entry_of(engine, DEFAULT if left_open(model) else model)
    count = names_wanted(top_k)
    models.check_here(entry)
    picture = await uploads.opened(engine, image)
    said = await answers.ask(engine, entry.key, picture, count)
    rows = [{"label": label, "confidence": share} for label, share in said.confidences]
    return {"label": said.label, "confidences": rows}


def names_wanted(sent: Any) -> int:
    """`top_k` as it was sent, which may be anything; five if left open. Raises `BadTopK`."""
    if left_open(sent):
        return 5
    try:
        if isinstance(sent, bool):
            raise TypeError
        count = int(float(sent))
        if count != float(sent) or not 1 <= count <= answers.MAX_TOP_K:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise BadTopK(most=answers.MAX_TOP_K) from None
    return count
