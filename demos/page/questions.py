"""Five questions at the end of Learn, answered in the page; nothing is sent anywhere.

`demos/<name>/questions.<lang>.toml` has them: ``[[question]]`` with ask, options, right (which of
them, from 0), why, see and at: the room where the answer can be seen, and the place in it as a CSS
selector. Wrong options are what newcomers take to be so; neither length, place nor tone tells the
right one.
"""

from __future__ import annotations

import tomllib
from html import escape
from typing import Any

import gradio as gr

from demos.language import DEMOS, Say, Words
from demos.page.articles import PLACEHOLDER, fill
from demos.page.layout import later

MOUNT = "import(new URL('house/questions.js', document.baseURI)).then((it) => it.mount(element));"


def questions(name: str, words: Words, tab: str = "") -> None:
    """The questions of one tab, fetched when they come into sight. ``tab``: where they stand, if
    that is another's."""
    place = gr.HTML(
        js_on_load=MOUNT,
        apply_default_css=False,
        elem_id=f"{name}-learn-questions",
        elem_classes="questions",
    )
    later(words, lambda say: rendered(name, say, tab or name), place)


def read(name: str, lang: str) -> list[dict[str, Any]]:
    """The questions of a tab in one language, figures of our models filled in."""
    text = (DEMOS / name / f"questions.{lang}.toml").read_text("utf-8")
    found: list[dict[str, Any]] = tomllib.loads(text)["question"]
    return found


def rendered(name: str, say: Say, tab: str) -> str:
    """They as HTML. What is right and why stands there too, hidden until it was answered."""
    rows = read(name, say.lang)
    told = "".join(_one(name, number, row, say, tab) for number, row in enumerate(rows, 1))
    return (
        f'<section class="quiz"><h2>{say("page.questions.title")}</h2>'
        f'<p class="quiet">{say("page.questions.how")}</p><ol>{told}</ol>'
        f'<p class="questions-score" role="status" data-score="{say("page.questions.score")}">'
        "</p></section>"
    )


def _one(name: str, number: int, row: dict[str, Any], say: Say, tab: str) -> str:
    def text(value: str) -> str:
        return PLACEHOLDER.sub(lambda m: fill(m[1].strip(), say, {}), escape(value))

    buttons = "".join(
        f'<button type="button" class="ghost" data-answer="{int(at == row["right"])}">'
        f"{text(option)}</button>"
        for at, option in enumerate(row["options"])
    )
    see = say(f"page.room.{row['see']}")
    return f"""<li data-question><p id="{name}-question-{number}">{text(row["ask"])}</p>
<div role="group" aria-labelledby="{name}-question-{number}">{buttons}</div>
<div class="questions-why" role="status" hidden><b data-right="{say("page.questions.right")}"
data-wrong="{say("page.questions.wrong")}"></b> {text(row["why"])}
<button type="button" class="link" data-see="{tab}/{row["see"]}" data-at="{escape(row["at"])}">
{say("page.questions.see", room=see)}</button></div></li>"""
