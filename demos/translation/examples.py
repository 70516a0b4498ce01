"""Sentences to try, our own: each says the same in every language, so that it turns with the
direction. The last one is an idiom that our networks take word for word: it is labelled so."""

from __future__ import annotations

from html import escape

from demos.language import Say
from demos.translation.answers import DIRECTIONS, FIRST, TAGS

EXAMPLES: dict[str, tuple[str, ...]] = {
    "en": (
        "I am a student.",
        "Good morning! How are you?",
        "Where is the train station?",
        "We missed the last train.",
        "The weather is nice today.\nCan you open the window?",
        "It's a piece of cake.",
    ),
    "fr": (
        "Je suis étudiant.",
        "Bonjour ! Comment allez-vous ?",
        "Où est la gare ?",
        "Nous avons raté le dernier train.",
        "Il fait beau aujourd'hui.\nPeux-tu ouvrir la fenêtre ?",
        "C'est du gâteau.",
    ),
    "zh": (
        "我是学生。",
        "早上好！你好吗？",
        "火车站在哪里？",
        "我们错过了最后一班火车。",
        "今天天气很好。\n你能打开窗户吗？",
        "小菜一碟。",
    ),
}


def number(text: str) -> int | None:
    """Which example this is, in whatever language; None for a visitor's own text."""
    text = text.strip()
    return next((own.index(text) for own in EXAMPLES.values() if text in own), None)


def turned(text: str, source: str) -> str:
    """The text for a direction that reads ``source``: an example says the same there, and what a
    visitor typed stays."""
    found = 0 if not text.strip() else number(text)
    return text if found is None else EXAMPLES[source][found]


def own(text: str, direction: str) -> bool:
    """Whether a visitor chose these, so that they are not what a page opens with by itself."""
    if direction not in DIRECTIONS or not text.strip():
        return False
    return number(text) != 0 or direction not in FIRST.values()


def chips(say: Say, source: str) -> str:
    """The examples as a row of buttons."""
    buttons = [
        f'<button type="button" data-pick="{n}">{escape(text.replace(chr(10), " "))}</button>'
        for n, text in enumerate(EXAMPLES[source])
    ]
    *good, fooling = buttons
    told = f'<span class="quiet">{say("translation.try.fooling")}</span>'
    label = say("translation.try.examples")
    return (
        f'<div class="chips" role="group" aria-label="{label}" lang="{TAGS[source]}">'
        f"{''.join(good)}</div>"
        f'<div class="chips fooling">{told}<span lang="{TAGS[source]}">{fooling}</span></div>'
    )
