"""The API name ``/handwrite``: for gradio_client, MCP and curl."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from demos import page, streaming
from demos.language import Words
from demos.text.pen_asked import Asked, asked, listed, pen_of
from demos.text.pen_writing import Sample, writing
from pretrained.handwriting import svg


def build(engine: Any, words: Words) -> None:
    """Open the door."""
    text = gr.Textbox(visible=False, label="text")
    style = gr.Number(None, visible=False, label="style", precision=0)
    bias = gr.Number(0.6, visible=False, label="bias")
    samples = gr.Number(1, visible=False, label="samples", precision=0)
    seed = gr.Number(0, visible=False, label="seed", precision=0)
    files = gr.File(visible=False, label="files")

    @page.guard(words)
    async def handwrite(
        text: str,
        style: int | None = None,
        bias: float = 0.6,
        samples: int = 1,
        seed: int = 0,
    ) -> AsyncIterator[str | list[str] | None]:
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
        wish = asked(engine, sent)
        written: list[Sample] = []
        async with aclosing(streaming.heartbeats(begun(engine, wish))) as steps:
            async for step in steps:
                if step is not streaming.HEARTBEAT:
                    written = step
                yield None
        paths = await asyncio.to_thread(save, wish, written)
        yield paths[0] if len(paths) == 1 else paths

    gr.Button(visible=False).click(
        handwrite,
        [text, style, bias, samples, seed],
        files,
        api_name="handwrite",
        preprocess=False,
        concurrency_limit=pen_of(engine).max_batch,
    )


async def begun(engine: Any, wish: Asked) -> AsyncIterator[list[Sample]]:
    """The samples as they grow, the pen loaded first."""
    await engine.preload(pen_of(engine).key)
    async with aclosing(writing(engine, wish, read=False)) as steps:
        async for samples in steps:
            yield samples


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
