"""The copy meter: the longest run of a text that stands, word for word, in the training text."""

from __future__ import annotations

from collections.abc import Mapping
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


def where(words: Words, lang: str, place: Mapping[str, Any]) -> str:
    """Where the longest run stands: in a work, or in one of the poems; "" if nobody knows."""
    say = words.speaker(lang)
    if place.get("poem"):
        return say("text.copies.poem", poem=f"{place['poem']:,}", of=f"{place['of']:,}")
    if not place.get("work"):
        return ""
    told = say("text.copies.where", work="\0", share=f"{place['share']:.0%}")
    return told.replace("\0", f"<cite>{escape(place['work'])}</cite>")


def drawn(words: Words, lang: str, text: str, found: dict[str, Any]) -> str:
    """What was found: one sentence, the runs on a strip as long as the text, and their words."""
    say = words.speaker(lang)
    runs = [run for run in found["runs"] if run["length"] >= found["least"]]
    if not runs:
        sentence = say("text.copies.none", least=found["least"])
    else:
        sentence = say("text.copies.some", count=found["longest"])
        if place := where(words, lang, found["where"] or {}):
            sentence = frame.sentences(lang, sentence, place)
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
