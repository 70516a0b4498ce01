"""The API name ``/generate_image``: for gradio_client, MCP and curl."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from demos import page, streaming
from demos.images import answers, points
from demos.images.points import Point
from demos.language import Words
from demos.models import on_disk
from inference.errors import Refusal

MOST = 16  # pictures that one call may ask for
MODEL, SEED, COUNT = answers.GAN, 0, 1
FOLDER = "generated-"  # how the folders of this door's files begin


class NotHere(Refusal):
    """A model that would have to be downloaded, which is done on the page only. Fields: model,
    size in MB, licence."""

    code = "image_not_here"
    sentence = (
        "{model} is not on this machine yet: open the page, choose it under Try and download it "
        "there ({size} MB from Hugging Face, under {licence})."
    )


def build(engine: Any, words: Words) -> None:
    """Components that are never seen, and the event behind them."""
    model = gr.Textbox(visible=False, label="model")
    seed = gr.Number(SEED, visible=False, label="seed", precision=0)
    count = gr.Number(COUNT, visible=False, label="count", precision=0)
    files = gr.File(visible=False, label="files")

    @page.guard(words)
    async def generate_image(
        model: Any,
        seed: Any = SEED,
        count: Any = COUNT,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> AsyncIterator[str | list[str] | None]:
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
        try:
            entry = answers.entry_of(engine, MODEL if left_open(model) else model)
            first = points.checked_seed(SEED if left_open(seed) else seed)
            many = points.checked_count(COUNT if left_open(count) else count, MOST)
            if not on_disk(entry):
                size = f"{entry.bytes / 1e6:.0f}"
                raise NotHere(model=entry.key, size=size, licence=entry.licence)
            wanted = points.several(first, many)
            work = answers.drawn(engine, entry.key, wanted)
            async with aclosing(streaming.heartbeats(answers.once(work))) as steps:
                async for step in steps:
                    if step is streaming.HEARTBEAT:
                        yield None
                    else:
                        paths = await asyncio.to_thread(save, entry.key, wanted, step)
                        yield paths[0] if many == 1 else paths
        except Refusal as error:
            said = page.sentence_of(error, words.speaker(request))
            raise gr.Error(escape(said, quote=False), print_exception=False) from None

    gr.Button(visible=False).click(
        generate_image,
        [model, seed, count],
        files,
        api_name="generate_image",
        preprocess=False,
        concurrency_limit=answers.most_together(engine),
    )


def left_open(sent: Any) -> bool:
    """Whether a caller left an argument to its default."""
    return sent is None or sent == ""


def save(key: str, wanted: Sequence[Point], drawn: answers.Drawn) -> list[str]:
    """One PNG a picture, which says that it was drawn, in a folder of Gradio's cache whose name
    nobody can guess. Folders that the cache has emptied leave with the next call."""
    cache = Path(get_upload_folder())
    for emptied in cache.glob(f"{FOLDER}*"):
        with suppress(OSError):  # one that holds pictures stays
            emptied.rmdir()
    folder = cache / f"{FOLDER}{secrets.token_hex(20)}"
    folder.mkdir(parents=True)
    said = PngInfo()
    said.add_text("Description", f"Drawn by {key}: no photograph")
    paths = []
    for point, image in zip(wanted, drawn.images, strict=True):
        path = folder / f"{key.rpartition('/')[2]}-{points.format(point)}.png"
        Image.fromarray(image).save(path, pnginfo=said)
        paths.append(str(path))
    return paths
