"""The API name ``/handwrite``: for gradio_client, MCP and curl."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from demos import streaming
from demos.handwriting.request import Asked, asked, listed, pen_of
from demos.handwriting.writing import Sample, writing
from demos.inputs import endpoint
from demos.language import Words
from inference import Engine
from pretrained.handwriting import svg


def build(engine: Engine, words: Words) -> None:
    """Components that are never seen, and the event behind them."""
    text = gr.Textbox(visible=False, label="text")
    style = gr.Number(None, visible=False, label="style", precision=0)
    bias = gr.Number(0.6, visible=False, label="bias")
    samples = gr.Number(1, visible=False, label="samples", precision=0)
    seed = gr.Number(0, visible=False, label="seed", precision=0)
    files = gr.File(visible=False, label="files")

    @streaming.event(words, None)
    def handwrite(
        text: str,
        style: int | None = None,
        bias: float = 0.6,
        samples: int = 1,
        seed: int = 0,
    ) -> AsyncGenerator[str | list[str], None]:
        """Write a text by hand: a pen's strokes as SVG.

        Args:
            text: What to write, at most 300 characters of Latin letters, digits and punctuation.
                What the pen cannot write is left out; the SVG's title names it.
            style: Number of one of the pen's hands, from 0 on; the first if none is given.
            bias: Legibility, from 0 (as varied as real writing) to 3 (as neat as it can).
            samples: How many versions to write, 1 to 4.
            seed: The same seed writes the same strokes.

        Returns:
            One SVG file, or a list of files if more than one sample was asked for. Nothing until
            all is written.
        """
        sent = {"text": text, "style": style, "bias": bias, "samples": samples, "seed": seed}
        return streaming.once(written(engine, asked(engine, sent)))

    endpoint(handwrite, [text, style, bias, samples, seed], files, pen_of(engine).max_batch)


async def written(engine: Engine, wish: Asked) -> str | list[str]:
    """The files of what the pen writes: one, or a list of several."""
    paths = await asyncio.to_thread(save, wish, await sampled(engine, wish))
    return paths[0] if len(paths) == 1 else paths


async def sampled(engine: Engine, wish: Asked) -> list[Sample]:
    """Load the pen and let it write."""
    await engine.preload(wish.key)
    samples: list[Sample] = []
    async with aclosing(writing(engine, wish, read=False)) as steps:
        async for grown in steps:
            samples = grown
    return samples


def save(wish: Asked, samples: list[Sample]) -> list[str]:
    """One SVG a sample, in a folder of Gradio's cache whose name nobody can guess."""
    folder = Path(get_upload_folder()) / secrets.token_hex(20)
    folder.mkdir(parents=True)
    paths = []
    for sample in samples:
        path = folder / f"handwriting-{sample.number + 1}.svg"
        path.write_text(picture(wish, sample), "utf-8")
        paths.append(str(path))
    return paths


def picture(wish: Asked, sample: Sample) -> str:
    """A sample as SVG; its title names what was left out."""
    title = "Handwriting"
    if wish.left_out:
        title += f", without what the pen cannot write: {listed(wish.left_out)}"
    return svg.picture(
        [line.places() for line in sample.lines], text="\n".join(wish.lines), title=title
    )
