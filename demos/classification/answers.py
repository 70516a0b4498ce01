"""Asking a model what a picture shows, and saying its answer: the words between engine and page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

from PIL import Image

from demos import models, page
from demos.classification import kinds
from demos.columns import headed
from demos.language import Say
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry

TASK = "classification"
DEFAULT = "classification/imagenet"
MAX_TOP_K = 20
TEN_THINGS = ("classification/cifar10", "classification/hog-svm")
ALL_NAMES = 1_000  # names: a group's probability is the sum over all its kinds


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


def classifiers(engine: Engine) -> dict[str, Entry]:
    """The entries of this room, by key."""
    return models.of_task(engine, TASK)


async def ask(engine: Engine, key: str, picture: Image.Image, top_k: int = 5) -> Answer:
    """Load the model if need be, which may take longer than an answer may; then answer.

    Every request asks for equally many names and is cut afterwards, since only requests with the
    same options are computed together.
    """
    await engine.preload(key)
    answered = await engine.ask(key, picture, view="answer", top_k=ALL_NAMES)
    said, milliseconds = answered.value, (answered.queue_s + answered.compute_s) * 1000
    rows = [(row["label"], float(row["confidence"])) for row in said["confidences"]]
    sure = bool(said["sure"])
    certain = None if sure else kinds.certain(entry_of(engine, key), rows)
    return Answer(key, said["label"], tuple(rows[:top_k]), sure, milliseconds, certain)


def label_in(lang: str, entry: Entry, label: str) -> str:
    """A label as the visitor reads it: short, and Chinese where the model has Chinese names."""
    return kinds.names(lang, entry).get(label, label)


def headline(say: Say, entry: Entry, said: Answer) -> str:
    """The answer in one line: the kind, the group where only that is sure, or a guess."""
    if said.sure:
        return label_in(say.lang, entry, said.label)
    if found := said.certain:
        return say.plain(
            "classification.answer.group_name",
            group=kinds.one_of(say.lang, found.group, start=True),
            kind=kinds.with_article(say.lang, found.label),
            share=page.percent(found.confidence),
        )
    known = kinds.of_imagenet(entry)
    label = (
        kinds.with_article(say.lang, said.label) if known else label_in(say.lang, entry, said.label)
    )
    return say.plain("classification.answer.unsure_name", label=label)


def shares(say: Say, entry: Entry, said: Answer) -> list[tuple[str, float]]:
    """What the bars show: the group that is certain, then the likeliest kinds."""
    rows = [(label_in(say.lang, entry, label), share) for label, share in said.confidences]
    if found := said.certain:
        group = kinds.many_of(say.lang, found.group)
        together = say.plain("classification.answer.together", group=group)
        rows.insert(0, (together, found.share))
    return rows


def answer(say: Say, entry: Entry, said: Answer, info: Mapping[Any, Any]) -> str:
    """The answer as it stands beside the picture: name, one muted line, bars, what to beware of.

    Args: info: what was left out or made up of the file (`demos.pictures.open_upload`)."""
    line = say.plain(
        "classification.answer.line",
        model=say.model(entry),
        weights=models.size(say, entry.parameters),
        time=models.took(say, said.milliseconds / 1000),
    )
    parts = [
        f'<h2 class="answer-name">{escape(headline(say, entry, said))}</h2>',
        page.quiet(line),
        page.bars(shares(say, entry, said)),
        *(page.note(text) for text in notes(say, entry, said, info)),
    ]
    return f'<div class="answer" aria-live="polite">{"".join(parts)}</div>'


def notes(say: Say, entry: Entry, said: Answer, info: Mapping[Any, Any]) -> list[str]:
    """What a visitor should know before believing this answer."""

    def told(name: str, **fields: Any) -> str:
        return say.plain(f"classification.answer.{name}", **fields)

    found = []
    if said.certain:
        group = said.certain.group
        count = kinds.size_of(group)
        found.append(told("group", group=kinds.many_of(say.lang, group), count=count))
    elif not said.sure:
        found.append(told("unsure"))
    found += caveats(say, entry, said.sure)
    if info.get("first_of_many"):
        found.append(told("first_frame"))
    if info.get("cut_short"):
        found.append(told("cut_short"))
    return found


def caveats(say: Say, entry: Entry, sure: bool) -> list[str]:
    """What holds for any answer of a model; ``sure``: also what holds where it is sure."""
    always = "trusted" if entry.key == DEFAULT else "always"
    names = [("ten_things" if entry.key in TEN_THINGS else always)] if sure else []
    if entry.hub_id:  # what was trained here had its temperature fitted
        names.append("uncalibrated")
    if say.lang == "zh" and not kinds.names(say.lang, entry):
        names.append("labels_own")
    return [say.plain(f"classification.answer.{name}") for name in names]


class Unseen(str):
    """HTML that says why the file that was sent cannot be looked at: it is no picture to keep."""


def no_picture(say: Say, error: Refusal) -> str:
    """Why there is nothing to look at: `Unseen` where a file was refused, else an invitation."""
    if error.code == "picture_missing":
        return page.quiet(page.sentence_of(error, say))
    return Unseen(page.refusal(say, error))


def column(say: Say, entry: Entry, outcome: Answer | Refusal | None) -> str:
    """One model's answer among others, on the same picture. None: it is not on this machine."""
    era = f"classification.era.{era_of(entry)}"
    if outcome is None:
        return headed(say, era, entry, models.offer(say, entry))
    if isinstance(outcome, Refusal):
        return headed(say, era, entry, page.refusal(say, outcome))
    line = say.plain(
        "classification.answer.short_line",
        weights=models.size(say, entry.parameters),
        time=models.took(say, outcome.milliseconds / 1000),
    )
    body = page.quiet(line) + page.bars(shares(say, entry, outcome))
    if not outcome.sure and not outcome.certain:
        body += f'<p class="quiet">{say("classification.answer.not_sure")}</p>'
    if entry.key in TEN_THINGS:
        body += f'<p class="quiet">{say("classification.answer.ten_things")}</p>'
    return headed(say, era, entry, body)


def era_of(entry: Entry) -> str:
    """then: features by hand. learnt: here. now: by others, on more. hub, yours: as named."""
    known = {
        "classification/hog-svm": "then",
        "classification/cifar10": "learnt",
        DEFAULT: "now",
    }
    return "hub" if entry.hub_id else known.get(entry.key, "yours")
