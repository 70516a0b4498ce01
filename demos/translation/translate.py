"""Try: two panes. What is written on the left is read once the visitor pauses."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from demos import frame
from demos.language import Words
from demos.text import exhibits
from demos.translation import answers, charts
from demos.translation.answers import Translated

PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


@dataclass(frozen=True)
class TryParts:
    """What other rooms share of this one. ``answered`` holds a `Translated`, or None."""

    text: gr.Textbox
    direction: gr.Radio
    model: gr.Dropdown
    answered: gr.State
    seen: gr.Button


def build(engine: Any, words: Words) -> TryParts:
    """What you give on the left, what it says on the right; wired to the engine."""
    direction = gr.Radio(list(answers.DIRECTIONS), value="en-fr", show_label=False)
    with gr.Row(elem_classes="two"):
        with gr.Column(elem_classes="give"):
            text = gr.Textbox("I am a student.", label=words("translation.try.text"), lines=6)
            model = gr.Dropdown(
                choices=[(e.title, key) for key, e in answers.translators(engine).items()],
                value=answers.BUNDLED["en-fr"],
                label=words("translation.try.model"),
            )
        with gr.Column(elem_classes="get"):
            pane = gr.HTML(js_on_load=None)
            seen = gr.Button(words("translation.try.inside"))
    frame.facts(words, charts.headline(engine))
    sight, answered = exhibits.on_sight(), gr.State(None)

    @frame.guard(words)
    async def on_text(text: str, direction: str, key: str) -> tuple[Any, ...]:
        source, _, target = direction.partition("-")
        result = await answers.ask(engine, key, text, source, target)
        now = Translated(text, source, target, key, result)
        return f"<p>{escape(result['translation'])}</p>", now

    ask = {"concurrency_limit": 64, **PRIVATE}
    asked = [text, direction, model]
    gr.on([text.submit, direction.input, model.input], on_text, asked, [pane, answered], **ask)
    sight.shown(on_text, asked, [pane, answered], **ask)
    return TryParts(text, direction, model, answered, seen)
