"""What a classifier knows, in a visitor's words: short names, groups, and the list of all of it.

The labels of a classifier of ImageNet are the data set's own and stay in the API; the page says the
short names of `pretrained.classification.imagenet_names`. Where such a classifier hesitates among
several kinds of one group, the group is what it is sure of (`certain`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from demos.language import LANGUAGES, Say
from pretrained import catalog
from pretrained.catalog import Entry
from pretrained.classification import imagenet_names

#: Of all kinds of a group together, where no kind alone is likely enough. Chosen so that about four
#: in five are right of the pictures it was chosen on (`experiments.imagenet_certainty`).
SURE_OF_GROUP = 0.5


@dataclass(frozen=True)
class Certain:
    """What is certain where the kind is not: ``share`` is the probability of all kinds of ``group``
    together, ``label`` the likeliest of them with its own probability."""

    group: str
    share: float
    label: str
    confidence: float


@lru_cache(maxsize=64)
def of_imagenet(entry: Entry) -> bool:
    """Whether a model's labels are the 1,000 of ImageNet."""
    return tuple(catalog.labels(entry)["en"] or ()) == imagenet_names.dataset_names()


@lru_cache(maxsize=64)
def names(lang: str, entry: Entry) -> Mapping[str, str]:
    """What the page says for each label of a model in one language; {} where it says the label."""
    labels = catalog.labels(entry)
    if of_imagenet(entry):
        short = imagenet_names.chinese() if lang == "zh" else imagenet_names.english()
        return dict(zip(imagenet_names.dataset_names(), short, strict=True))
    if lang == "zh" and labels.get("zh"):
        return dict(zip(labels["en"] or (), labels["zh"] or (), strict=True))
    return {}


@lru_cache(maxsize=1)
def _kinds() -> Mapping[str, imagenet_names.Kind]:
    return {kind.dataset: kind for kind in imagenet_names.kinds()}


def certain(entry: Entry, rows: Sequence[tuple[str, float]]) -> Certain | None:
    """The likeliest group of an answer, where it is likely enough to be said.

    Args:
        rows: every label with its probability, likeliest first.
    """
    if not of_imagenet(entry):
        return None
    sums: dict[str, float] = {}
    for label, share in rows:
        group = _kinds()[label].group
        sums[group] = sums.get(group, 0.0) + share
    group = max(sums, key=lambda name: sums[name])
    if sums[group] < SURE_OF_GROUP:
        return None
    label, confidence = next(row for row in rows if _kinds()[row[0]].group == group)
    return Certain(group, sums[group], label, confidence)


def one_of(lang: str, group: str, start: bool = False) -> str:
    """A member of a group as one says it, "a dog"; ``start``: as a sentence begins, "A dog"."""
    named = imagenet_names.GROUPS[group]
    text = named.one_chinese if lang == "zh" else named.one_english
    return text[:1].upper() + text[1:] if start else text


def many_of(lang: str, group: str) -> str:
    """The name of a group: "Dogs"."""
    named = imagenet_names.GROUPS[group]
    return named.chinese if lang == "zh" else named.english


def size_of(group: str) -> int:
    """How many kinds a group has."""
    return imagenet_names.groups().count(group)


def with_article(lang: str, label: str) -> str:
    """A kind of ImageNet within a sentence: "a Border terrier", "sunglasses", 边境梗."""
    kind = _kinds()[label]
    return kind.chinese if lang == "zh" else f"{kind.article} {kind.english}".strip()


def known(say: Say, entry: Entry) -> str:
    """Everything that a model can answer, as a list to search: HTML.

    A name in both languages where both are known; the data set's own is searched, too, and the
    group's finds all its kinds."""
    labels = catalog.labels(entry)
    english = names("en", entry)
    chinese = names("zh", entry)
    grouped: dict[str, list[str]] = {}
    for label in labels["en"] or ():
        group = _kinds()[label].group if of_imagenet(entry) else ""
        grouped.setdefault(group, []).append(
            _line(say.lang, english.get(label, label), chinese.get(label), label)
        )
    order = imagenet_names.GROUPS if of_imagenet(entry) else ("",)
    parts = []
    for group in order:
        lines = grouped.get(group, [])
        head = f"<h3>{escape(many_of(say.lang, group))} <i>{len(lines)}</i></h3>" if group else ""
        named = " ".join(many_of(lang, group) for lang in LANGUAGES) if group else ""
        told = f' data-group="{escape(named.lower())}"' if group else ""
        parts.append(f"<section{told}>{head}<ul>{''.join(lines)}</ul></section>")
    total = sum(map(len, grouped.values()))
    return (
        f'<div class="known"><label>{say("classification.known.search")} '
        f'<input type="search" autocomplete="off" spellcheck="false"></label>'
        f'<p class="quiet" role="status" data-some="{say("classification.known.some")}" '
        f'data-none="{say("classification.known.none")}">'
        f"{say('classification.known.all', total=f'{total:,}')}</p>"
        f'<div class="kinds" tabindex="0" role="group" '
        f'aria-label="{say("classification.known.title")}">{"".join(parts)}</div></div>'
    )


def _line(lang: str, english: str, chinese: str | None, label: str) -> str:
    """One kind: its name in the visitor's language, the other's beside it."""
    pairs = [("en", english)] + ([("zh", chinese)] if chinese else [])
    if lang == "zh":
        pairs.reverse()
    (first_lang, first), *rest = pairs
    beside = "".join(f' <span lang="{code}">{escape(name)}</span>' for code, name in rest)
    own = f' data-own="{escape(label.lower())}"' if label.lower() != english.lower() else ""
    return f'<li{own}><b lang="{first_lang}">{escape(first)}</b>{beside}</li>'
