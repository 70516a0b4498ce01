"""Sentences to try, our own: each says the same in every language, so that it turns with the
direction."""

from __future__ import annotations

from html import escape

from demos.language import Say
from demos.translation.answers import TAGS

EXAMPLES: dict[str, tuple[str, ...]] = {
    "en": (
        "I am a student.",
        "Good morning! How are you?",
        "Did you see the moon last night?",
        "We missed the last train.",
        "The soup is too hot to eat.\nCould you open the window?",
    ),
    "fr": (
        "Je suis étudiant.",
        "Bonjour ! Comment allez-vous ?",
        "As-tu vu la lune hier soir ?",
        "Nous avons raté le dernier train.",
        "La soupe est trop chaude.\nPeux-tu ouvrir la fenêtre ?",
    ),
    "zh": (
        "我是学生。",
        "早上好！你好吗？",
        "你昨天晚上看到月亮了吗？",
        "我们没赶上最后一班火车。",
        "汤太烫了，没法喝。\n你能打开窗户吗？",
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


def chips(say: Say, source: str) -> str:
    """The examples as a row of buttons."""
    buttons = "".join(
        f'<button type="button" data-pick="{n}">{escape(text.replace(chr(10), " "))}</button>'
        for n, text in enumerate(EXAMPLES[source])
    )
    label = say("translation.try.examples")
    return (
        f'<div class="chips" role="group" aria-label="{label}" lang="{TAGS[source]}">'
        f"{buttons}</div>"
    )
