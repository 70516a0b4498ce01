"""Asking a model what a picture shows, and saying its answer: the words between engine and page."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from html import escape
from typing import Any

from PIL import Image

from demos import frame, models
from demos.language import Say, Words
from inference.errors import Refusal
from pretrained import catalog

TASK = "classification"
MAX_TOP_K = 20


@dataclass(frozen=True)
class Answer:
    """What one model says of one picture. ``milliseconds`` were measured, queue included."""

    key: str
    label: str
    confidences: tuple[tuple[str, float], ...]
    sure: bool
    milliseconds: float


#: A model of this room: `demos.models.entry_of`.
entry_of = partial(models.entry_of, TASK)


async def ask(engine: Any, key: str, picture: Image.Image, top_k: int = 5) -> Answer:
    """Load the model if need be, then answer: only the second is timed.

    Every request asks for equally many names and is cut afterwards, since only requests with the
    same options are computed together.
    """
    await engine.preload(key)
    start = time.perf_counter()
    said = await engine.predict(key, picture, view="answer", top_k=MAX_TOP_K)
    milliseconds = (time.perf_counter() - start) * 1000
    rows = tuple((row["label"], float(row["confidence"])) for row in said["confidences"][:top_k])
    return Answer(key, said["label"], rows, bool(said["sure"]), milliseconds)


@lru_cache(maxsize=64)
def _chinese(entry: Any) -> Mapping[str, str]:
    names = catalog.labels(entry)
    return dict(zip(names["en"], names["zh"], strict=True)) if names.get("zh") else {}


def label_in(lang: str, entry: Any, label: str) -> str:
    """A label as the visitor reads it: Chinese where the model has Chinese names."""
    return _chinese(entry).get(label, label) if lang == "zh" else label


def answer(words: Words, lang: str, entry: Any, said: Answer, *, first_of_many: bool) -> str:
    """The answer as it stands beside the picture: name, one muted line, bars, what to beware of."""
    line = words.say(
        lang,
        "classification.answer.line",
        model=models.model_name(words, lang, entry),
        weights=models.size(words, lang, entry.parameters),
        ms=f"{said.milliseconds:.0f}" if said.milliseconds >= 1 else "<1",
    )
    top = label_in(lang, entry, said.label)
    heading = top if said.sure else words.say(lang, "classification.answer.unsure_name", label=top)
    rows = [(label_in(lang, entry, label), share) for label, share in said.confidences]
    parts = [
        f'<h2 class="answer-name">{escape(heading)}</h2>',
        frame.quiet(line),
        frame.bars(rows),
        *(frame.note(text) for text in notes(words, lang, entry, said, first_of_many)),
    ]
    return f'<div class="answer" aria-live="polite">{"".join(parts)}</div>'


def notes(words: Words, lang: str, entry: Any, said: Answer, first_of_many: bool) -> list[str]:
    """What a visitor should know before believing this answer."""
    found = []
    if not said.sure:
        found.append("classification.answer.unsure")
    elif entry.key == "classification/cifar10" or entry.key == "classification/hog-svm":
        found.append("classification.answer.ten_things")
    if entry.hub_id:  # what was trained here had its temperature fitted
        found.append("classification.answer.uncalibrated")
    if lang == "zh" and not _chinese(entry):
        found.append(f"classification.answer.labels_{'imagenet' if entry.hub_id else 'own'}")
    if first_of_many:
        found.append("classification.answer.first_frame")
    return [words.say(lang, key) for key in found]


class Unseen(str):
    """HTML that says why the file that was sent cannot be looked at: it is no picture to keep."""


def no_picture(words: Words, lang: str, error: Refusal) -> str:
    """Why there is nothing to look at: `Unseen` where a file was refused, else an invitation."""
    if error.code == "picture_missing":
        return frame.quiet(frame.sentence_of(error, words, lang))
    return Unseen(frame.refusal(words, lang, error))


def column(words: Words, lang: str, entry: Any, outcome: Answer | Refusal | None, say: Say) -> str:
    """One model's answer among others, on the same picture. None: it is not on this machine."""
    name = f"<h3>{escape(models.model_name(words, lang, entry))}</h3>"
    era = f'<p class="era">{say(f"classification.era.{era_of(entry)}")}</p>'
    if outcome is None:
        return f'<section class="answered">{era}{name}{models.offer(words, lang, entry)}</section>'
    if isinstance(outcome, Refusal):
        return (
            f'<section class="answered">{era}{name}{frame.refusal(words, lang, outcome)}</section>'
        )
    rows = [(label_in(lang, entry, label), share) for label, share in outcome.confidences[:3]]
    line = words.say(
        lang,
        "classification.answer.short_line",
        weights=models.size(words, lang, entry.parameters),
        ms=f"{outcome.milliseconds:.0f}" if outcome.milliseconds >= 1 else "<1",
    )
    body = frame.quiet(line) + frame.bars(rows)
    if not outcome.sure:
        body += f'<p class="quiet">{say("classification.answer.not_sure")}</p>'
    return f'<section class="answered">{era}{name}{body}</section>'


def era_of(entry: Any) -> str:
    """then: features by hand. learnt: our own networks. now: from the Hub. yours: ``--model``."""
    if entry.key == "classification/hog-svm":
        return "then"
    if entry.hub_id:
        return "now"
    return "learnt" if entry.key in ("classification/cifar10", "classification/photos") else "yours"
