"""The API name ``/write``: for gradio_client, MCP and curl. It streams."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import gradio as gr

from demos import models, page, streaming
from demos.language import Words
from demos.text import answers, writing
from demos.text.writing import Wish, Written
from pretrained.text.options import BOUNDS, BadOption

UNBOUNDED = 10_000  # characters of one update: a script is not held back so that it can watch


def left_open(sent: Any) -> bool:
    """Whether an argument was not sent: an empty list is none of its values either."""
    return sent is None or (isinstance(sent, str) and not sent)


async def begun(engine: Any, wish: Wish) -> AsyncIterator[Written]:
    """The text as it grows, its model loaded first."""
    await engine.preload(wish.key)
    async with aclosing(writing.written(engine, Written(wish), UNBOUNDED)) as grown:
        async for now in grown:
            yield now


def build(engine: Any, words: Words) -> None:
    """Components that are never seen, and the event behind them."""
    prompt = gr.Textbox(visible=False, label="prompt")
    model = gr.Textbox(answers.SHAKESPEARE, visible=False, label="model")
    numbers = [
        gr.Number(usual, visible=False, label=name)
        for name, (_, _, usual) in BOUNDS.items()
        if name in ("length", "temperature", "seed")
    ]
    length, temperature, seed = (
        next(n for n in numbers if n.label == name) for name in ("length", "temperature", "seed")
    )
    text = gr.Textbox(visible=False, label="text")

    @page.guard(words)
    async def write(
        prompt: Any,
        model: Any = answers.SHAKESPEARE,
        length: Any = 400,
        temperature: Any = 0.8,
        seed: Any = 0,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> AsyncIterator[str]:
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
            entry = answers.entry_of(engine, answers.SHAKESPEARE if left_open(model) else model)
            numbers = {"length": length, "temperature": temperature}
            wish = writing.wished(entry, prompt, seed=0 if left_open(seed) else seed, **numbers)
            models.check_here(entry)
        except BadOption as error:
            sentence = answers.sentence_of(error, words.speaker(request))
            raise gr.Error(sentence, print_exception=False) from None
        said, broken = "", False
        async with aclosing(streaming.heartbeats(begun(engine, wish))) as grown:
            async for now in grown:
                if now is not streaming.HEARTBEAT:
                    said, broken = now.text, now.broken
                yield said
        if broken:
            yield f"{said}…"

    gr.Button(visible=False).click(
        write,
        [prompt, model, length, temperature, seed],
        text,
        api_name="write",
        preprocess=False,
        concurrency_limit=max(entry.max_batch for entry in answers.writers(engine).values()),
    )
