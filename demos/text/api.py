"""The API name ``/write``: for gradio_client, MCP and curl. It streams."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from demos import models, page, streaming
from demos.inputs import endpoint, left_open
from demos.language import Words
from demos.text import answers
from demos.text.tryout import writing
from demos.text.tryout.writing import Wish, Written
from inference import Engine
from pretrained.text.options import BOUNDS, BadOption

UNBOUNDED = 10_000  # characters of one update: a script is not held back so that it can watch


def asked(
    engine: Engine,
    prompt: Any = "",
    model: Any = answers.SHAKESPEARE,
    length: Any = None,
    temperature: Any = None,
    seed: Any = 0,
) -> Wish:
    """What a caller wants written.

    Raises:
        Refusal: UnknownModel, NotText, BadOption, NotHere.
    """
    entry = answers.entry_of(engine, answers.SHAKESPEARE if left_open(model) else model)
    numbers = {"length": length, "temperature": temperature}
    wish = writing.wished(entry, prompt, seed=0 if left_open(seed) else seed, **numbers)
    models.check_here(entry)
    return wish


async def written(engine: Engine, wish: Wish) -> AsyncGenerator[str, None]:
    """The text as it grows, its model loaded first."""
    await engine.preload(wish.key)
    now = Written(wish)
    async with aclosing(writing.written(engine, now, UNBOUNDED)) as grown:
        async for now in grown:
            yield now.text
    if now.broken:
        yield f"{now.text}…"


def build(engine: Engine, words: Words) -> None:
    """Components that are never seen, and the event behind them."""
    prompt = gr.Textbox(visible=False, label="prompt")
    model = gr.Textbox(answers.SHAKESPEARE, visible=False, label="model")
    length, temperature, seed = (
        gr.Number(BOUNDS[name][2], visible=False, label=name)
        for name in ("length", "temperature", "seed")
    )
    text = gr.Textbox(visible=False, label="text")

    @streaming.event(words, "", waiting=streaming.AGAIN)
    def write(
        prompt: Any,
        model: Any = answers.SHAKESPEARE,
        length: Any = 400,
        temperature: Any = 0.8,
        seed: Any = 0,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> AsyncGenerator[str, None]:
        """Write on from a beginning.

        Args:
            prompt: How the text begins. May be empty: then the model begins by itself.
            model: Key of a model, such as "text/shakespeare" or "text/tang".
            length: How many characters to write (1 to 2000), and then on to the end of the line, at
                most 460 more; a poem ends by itself.
            temperature: How daring it is: 0.1 is careful, 1 as it learnt, 2 wild.
            seed: The same whole number gives the same text.

        Returns:
            What was written so far, without the prompt; the last value is the whole text. It ends
            in "…" where it had to be stopped within a line.
        """
        try:
            wish = asked(engine, prompt, model, length, temperature, seed)
        except BadOption as error:
            say = words.speaker(request)
            raise page.told(answers.sentence_of(error, say), say) from None
        return written(engine, wish)

    endpoint(
        write,
        [prompt, model, length, temperature, seed],
        text,
        models.most_together(answers.writers(engine).values()),
    )
