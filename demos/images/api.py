"""The API name ``/generate_image``: for gradio_client, MCP and curl."""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from demos import streaming
from demos.images import answers, points
from demos.images.points import Point
from demos.inputs import endpoint, left_open
from demos.language import Words
from demos.models import check_here
from inference import Engine
from inference.errors import Refusal

MOST = 16  # pictures that one call may ask for
MODEL, SEED, COUNT = answers.GAN, 0, 1
WHOLE = 1.0  # of a latent: nothing is truncated
FOLDER = "generated-"  # how the folders of this endpoint's files begin


class NoTruncation(Refusal):
    """A model that does not know how far from the mean it draws. Fields: sent, known."""

    code = "image_no_truncation"
    sentence = "{sent} has no truncation: leave it out, or choose {known}."


def build(engine: Engine, words: Words) -> None:
    """Components that are never seen, and the event behind them."""
    model = gr.Textbox(MODEL, visible=False, label="model")
    seed = gr.Number(SEED, visible=False, label="seed", precision=0)
    count = gr.Number(COUNT, visible=False, label="count", precision=0)
    files = gr.File(visible=False, label="files")

    @streaming.event(words, nothing=None)
    def generate_image(
        model: Any = MODEL, seed: Any = SEED, count: Any = COUNT
    ) -> AsyncIterator[str | list[str]]:
        """Draw pictures. The same model and seed give the same picture.

        Args:
            model: Key of a model, such as "images/faces-gan" or "images/faces-diffusion"; empty:
                the first of these.
            seed: A whole number from 0 to 4294967295. Further pictures have the seeds that follow.
            count: How many pictures to draw, 1 to 16.

        Returns:
            One PNG file, or a list of files if more than one picture was asked for. Nothing until
            all are drawn.
        """
        return streaming.once(saved(engine, *asked(engine, model, seed, count)))

    endpoint(generate_image, [model, seed, count], files, answers.most_together(engine))


def asked(
    engine: Engine,
    model: Any = MODEL,
    seed: Any = SEED,
    count: Any = COUNT,
    truncation: Any = WHOLE,
) -> tuple[str, list[Point]]:
    """Which model is to draw which points.

    Raises:
        Refusal: UnknownModel, Unfiltered, BadSeed, BadCount, BadPoint, NoTruncation, NotHere.
    """
    entry = answers.entry_of(engine, MODEL if left_open(model) else model)
    first = points.checked_seed(SEED if left_open(seed) else seed)
    many = points.checked_count(COUNT if left_open(count) else count, MOST)
    near = points.checked_truncation(WHOLE if left_open(truncation) else truncation)
    if near < WHOLE and not answers.at_once(entry):
        known = [key for key, each in answers.entries(engine).items() if answers.at_once(each)]
        raise NoTruncation(sent=entry.key, known=", ".join(known))
    check_here(entry)
    return entry.key, points.several(first, many, near if near < WHOLE else None)


async def saved(engine: Engine, key: str, wanted: Sequence[Point]) -> str | list[str]:
    """Where the pictures of some points are kept."""
    drawn = await answers.drawn(engine, key, wanted)
    paths = await asyncio.to_thread(save, key, wanted, drawn)
    return paths[0] if len(paths) == 1 else paths


def save(key: str, wanted: Sequence[Point], drawn: answers.Drawn) -> list[str]:
    """One PNG a picture, in a folder of Gradio's cache whose name
    nobody can guess. Folders that the cache has emptied leave with the next call."""
    cache = Path(get_upload_folder())
    for emptied in cache.glob(f"{FOLDER}*"):
        with suppress(OSError):  # one that holds pictures stays
            emptied.rmdir()
    folder = cache / f"{FOLDER}{secrets.token_hex(20)}"
    folder.mkdir(parents=True)
    paths = []
    for point, image in zip(wanted, drawn.images, strict=True):
        path = folder / f"{key.rpartition('/')[2]}-{points.format(point)}.png"
        path.write_bytes(png(key, image))
        paths.append(str(path))
    return paths


def png(key: str, image: answers.Pixels) -> bytes:
    """A picture as a PNG file, which says that it was drawn."""
    said, file = PngInfo(), io.BytesIO()
    said.add_text("Description", f"Drawn by {key}: no photograph")
    Image.fromarray(image).save(file, "PNG", pnginfo=said)
    return file.getvalue()
