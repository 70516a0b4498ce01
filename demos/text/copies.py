"""The copy meter: the longest run of a text that stands, word for word, in the training text."""

from __future__ import annotations

from html import escape
from typing import Any

from demos import frame
from demos.language import Words
from demos.text import answers
from demos.text.writing import Written
from inference.errors import Refusal
from pretrained.errors import ViewUnsupported

WORTH = 20  # characters below which there is nothing to measure


async def meter(engine: Any, words: Words, now: Written, lang: str) -> str:
    """The meter as HTML; "" where the text is too short or the model's training text is unknown."""
    entry = answers.entry_of(engine, now.wish.key)
    if len(now.text.strip()) < WORTH:
        return ""
    try:
        found = await engine.predict(entry.key, now.text, view="copies")
    except ViewUnsupported:
        return frame.note(words.say(lang, "text.copies.closed")) if entry.hub_id else ""
    except Refusal as error:
        return answers.refusal(words, lang, error)
    return drawn(words, lang, now.text, found)


def drawn(words: Words, lang: str, text: str, found: dict[str, Any]) -> str:
    """What was found: one sentence, the runs on a strip as long as the text, and their words."""
    say = words.speaker(lang)
    runs = [run for run in found["runs"] if run["length"] >= found["least"]]
    if not runs:
        sentence = say("text.copies.none", least=found["least"])
    else:
        sentence = say("text.copies.some", count=found["longest"])
        if found["where"] and found["where"]["work"]:
            share = f"{found['where']['share']:.0%}"
            place = say("text.copies.where", work="\0", share=share)
            work = f"<cite>{escape(found['where']['work'])}</cite>"
            sentence += " " + place.replace("\0", work)
    marks = "".join(
        f'<i style="left:{run["start"] / len(text):.2%};width:{run["length"] / len(text):.2%}"></i>'
        for run in runs
    )
    quotes = "".join(
        f"<li><q>{answers.shown(text[run['start'] : run['start'] + run['length']])}</q> "
        f"<b>{run['length']}</b></li>"
        for run in runs
    )
    listed = f'<ol class="runs">{quotes}</ol>' if runs else ""
    return (
        f'<section class="copies"><h2>{say("text.copies.title")}</h2>'
        f'<p>{sentence}</p><div class="strip" aria-hidden="true">{marks}</div>{listed}'
        f'<p class="quiet">{say("text.copies.how", least=found["least"])}</p></section>'
    )
