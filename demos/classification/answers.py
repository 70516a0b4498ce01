"""Asking a model what a picture shows, and saying its answer: the words between engine and page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

from PIL import Image

from demos import models, page
from demos.classification import kinds
from demos.language import Say, Words
from inference.errors import Refusal

TASK = "classification"
DEFAULT = "classification/imagenet"
MAX_TOP_K = 20
TEN_THINGS = ("classification/cifar10", "classification/hog-svm")
EVERY = 1_000  # names: a group's probability is the sum over all its kinds


@dataclass(frozen=True)
class Answer:
    """What one model says of one picture. ``milliseconds`` were measured, queue included.

    ``sure``: of the kind. ``certain``: the group that it is sure of where it is not of the kind.
    """

    key: str
    label: str
    confidences: tuple[tuple[str, float], ...]
    sure: bool
    milliseconds: float
    certain: kinds.Certain | None = None


#: A model of this room: `demos.models.entry_of`.
entry_of = partial(models.entry_of, TASK)


def classifiers(engine: Any) -> dict[str, Any]:
    """The entries of this room, by key."""
    return {key: entry for key, entry in engine.entries.items() if entry.task == TASK}


async def ask(engine: Any, key: str, picture: Image.Image, top_k: int = 5) -> Answer:
    """Load the model if need be, which may take longer than an answer may; then answer.

    Every request asks for equally many names and is cut afterwards, since only requests with the
    same options are computed together.
    """
    await engine.preload(key)
    answered = await engine.ask(key, picture, view="answer", top_k=EVERY)
    said, milliseconds = answered.value, (answered.queue_s + answered.compute_s) * 1000
    rows = [(row["label"], float(row["confidence"])) for row in said["confidences"]]
    sure = bool(said["sure"])
    certain = None if sure else kinds.certain(engine.entries[key], rows)
    return Answer(key, said["label"], tuple(rows[:top_k]), sure, milliseconds, certain)


def label_in(lang: str, entry: Any, label: str) -> str:
    """A label as the visitor reads it: short, and Chinese where the model has Chinese names."""
    return kinds.names(lang, entry).get(label, label)


def headline(words: Words, lang: str, entry: Any, said: Answer) -> str:
    """The answer in one line: the kind, the group where only that is sure, or a guess."""
    if said.sure:
        return label_in(lang, entry, said.label)
    if found := said.certain:
        return words.say(
            lang,
            "classification.answer.group_name",
            group=kinds.one_of(lang, found.group, start=True),
            kind=kinds.with_article(lang, found.label),
            share=page.percent(found.confidence),
        )
    label = label_in(lang, entry, said.label)
    return words.say(lang, "classification.answer.unsure_name", label=label)


def shares(words: Words, lang: str, entry: Any, said: Answer) -> list[tuple[str, float]]:
    """What the bars show: the group that is certain, then the likeliest kinds."""
    rows = [(label_in(lang, entry, label), share) for label, share in said.confidences]
    if found := said.certain:
        group = kinds.many_of(lang, found.group)
        together = words.say(lang, "classification.answer.together", group=group)
        rows.insert(0, (together, found.share))
    return rows


def answer(words: Words, lang: str, entry: Any, said: Answer, *, first_of_many: bool) -> str:
    """The answer as it stands beside the picture: name, one muted line, bars, what to beware of."""
    line = words.say(
        lang,
        "classification.answer.line",
        model=words.speaker(lang).model(entry),
        weights=models.size(words.speaker(lang), entry.parameters),
        ms=f"{said.milliseconds:.0f}" if said.milliseconds >= 1 else "<1",
    )
    parts = [
        f'<h2 class="answer-name">{escape(headline(words, lang, entry, said))}</h2>',
        page.quiet(line),
        page.bars(shares(words, lang, entry, said)),
        *(page.note(text) for text in notes(words, lang, entry, said, first_of_many)),
    ]
    return f'<div class="answer" aria-live="polite">{"".join(parts)}</div>'


def notes(words: Words, lang: str, entry: Any, said: Answer, first_of_many: bool) -> list[str]:
    """What a visitor should know before believing this answer."""

    def say(name: str, **fields: Any) -> str:
        return words.say(lang, f"classification.answer.{name}", **fields)

    found = []
    if said.certain:
        group = said.certain.group
        count = kinds.size_of(group)
        found.append(say("group", group=kinds.many_of(lang, group), count=count))
    elif not said.sure:
        found.append(say("unsure"))
    elif entry.key in TEN_THINGS:
        found.append(say("ten_things"))
    if entry.key == DEFAULT and said.sure:
        found.append(say("trusted"))
    if entry.hub_id:  # what was trained here had its temperature fitted
        found.append(say("uncalibrated"))
    if lang == "zh" and not kinds.names(lang, entry):
        found.append(say("labels_own"))
    if first_of_many:
        found.append(say("first_frame"))
    return found


class Unseen(str):
    """HTML that says why the file that was sent cannot be looked at: it is no picture to keep."""


def no_picture(words: Words, lang: str, error: Refusal) -> str:
    """Why there is nothing to look at: `Unseen` where a file was refused, else an invitation."""
    if error.code == "picture_missing":
        return page.quiet(page.sentence_of(error, words.speaker(lang)))
    return Unseen(page.refusal(words.speaker(lang), error))


def column(words: Words, lang: str, entry: Any, outcome: Answer | Refusal | None, say: Say) -> str:
    """One model's answer among others, on the same picture. None: it is not on this machine."""
    name = f"<h3>{escape(words.speaker(lang).model(entry))}</h3>"
    era = f'<p class="era">{say(f"classification.era.{era_of(entry)}")}</p>'
    if outcome is None:
        return f'<section class="answered">{era}{name}{models.offer(say, entry)}</section>'
    if isinstance(outcome, Refusal):
        return f'<section class="answered">{era}{name}{page.refusal(say, outcome)}</section>'
    line = words.say(
        lang,
        "classification.answer.short_line",
        weights=models.size(words.speaker(lang), entry.parameters),
        ms=f"{outcome.milliseconds:.0f}" if outcome.milliseconds >= 1 else "<1",
    )
    body = page.quiet(line) + page.bars(shares(words, lang, entry, outcome))
    if not outcome.sure and not outcome.certain:
        body += f'<p class="quiet">{say("classification.answer.not_sure")}</p>'
    if entry.key in TEN_THINGS:
        body += f'<p class="quiet">{say("classification.answer.ten_things")}</p>'
    return f'<section class="answered">{era}{name}{body}</section>'


def era_of(entry: Any) -> str:
    """then: features by hand. learnt: here. now: by others, on more. hub, yours: as named."""
    known = {
        "classification/hog-svm": "then",
        "classification/cifar10": "learnt",
        DEFAULT: "now",
    }
    return "hub" if entry.hub_id else known.get(entry.key, "yours")
