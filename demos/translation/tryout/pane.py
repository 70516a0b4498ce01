"""The right pane as HTML: the translation in the visitor's layout, how sure the network was of each
word, what it has met before."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from demos import models, page
from demos.language import Say
from demos.translation import answers
from demos.translation import tokens as spelling
from demos.translation.answers import Translated
from demos.translation.tryout import alternatives
from demos.translation.warnings import warnings
from demos.typed import named
from pretrained.catalog import Entry
from pretrained.translation import languages

#: Lower ends of the shades 0 to 3, as probabilities of a word.
SHADES = (0.7, 0.3, 0.1)
MOST_DOUBTS, DOUBT = 3, 0.5  # words that are named, and below which probability
MOST_READ = 3  # sentences whose reading is told
MOST_NAMED = 12  # characters that are listed one by one
UNREAD = "⁇"  # what a model of the Hub reads where a sign is not in its vocabulary


def located(result: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """The whole translation in its order: (text, the sentence that it is), or None for what stands
    between sentences and was kept."""
    whole, at = result["translation"], 0
    for sentence in result["sentences"]:
        place = whole.find(sentence["translation"], at)
        if place < 0:  # it was put together another way
            continue
        if place > at:
            yield whole[at:place], None
        at = place + len(sentence["translation"])
        yield sentence["translation"], sentence
    if at < len(whole):
        yield whole[at:], None


def spelled(sentence: Mapping[str, Any]) -> list[tuple[str, float | None]]:
    """The words of a sentence with the probability that the network gave each, given those before:
    the product over its tokens. None: a blank, a sign, or nobody knows."""
    tokens = [str(token).replace("▁", " ") for token in sentence["target_tokens"]]
    given = sentence["probabilities"]
    text = sentence["translation"]
    if "".join(tokens).strip() != text.strip() or len(given) < len(tokens):
        return [(text, None)]
    found: list[tuple[str, float | None]] = []
    cut = spelling.words(tokens)
    for word, probability in zip(cut, spelling.probabilities(cut, given), strict=True):
        whole = "".join(tokens[n] for n in word.tokens)
        bare = whole.lstrip(" ")
        if len(bare) < len(whole) and (found or text.startswith(" ")):
            found.append((whole[: len(whole) - len(bare)], None))
        found.append((bare, probability if any(c.isalnum() for c in bare) else None))
    return found


def worth(sentence: Mapping[str, Any]) -> list[tuple[str, float | None]]:
    """The words of a sentence as `spelled` gives them, up to where the network lost its thread."""
    found, left = [], spelling.repetition_start(sentence)
    for word, probability in spelled(sentence):
        if left > 0:
            found.append((word[:left], probability))
        left -= len(word)
    return found


def shade(probability: float) -> int:
    """0 for a word that it was sure of, to 3 for a guess."""
    return sum(probability < end for end in SHADES)


def shaded(result: Mapping[str, Any]) -> str:
    """The translation with a line under each word that it was not sure of."""
    parts = []
    for text, sentence in located(result):
        if sentence is None:
            parts.append(escape(text))
            continue
        for word, probability in worth(sentence):
            drawn = escape(word)
            if probability is not None and (level := shade(probability)):
                title = escape(page.percent(probability))
                drawn = f'<span class="u{level}" title="{title}">{drawn}</span>'
            parts.append(drawn)
        if spelling.repetition(sentence):
            parts.append("…")
    return "".join(parts)


def begun(say: Say, now: Translated) -> str:
    """As much of a long translation as there is, while more is coming."""
    return said(say, now, 'aria-busy="true"')


def sheet(say: Say, entry: Entry, now: Translated) -> str:
    """The translation, and beneath it, quieter, by whom and how sure of it."""
    nonce = secrets.token_hex(4)  # the page sees that a new answer is there, even an equal one
    shown = said(say, now, f'aria-live="polite" data-answer="{nonce}"')
    return f"{shown}{line(say, entry, now)}{sureness(say, now.result)}"


def said(say: Say, now: Translated, attributes: str) -> str:
    """The translation with what the network was not sure of."""
    written = written_in(now)
    tag, label = answers.TAGS.get(written, written), say("translation.try.said")
    return (
        f'<div class="said" role="group" aria-label="{label}" tabindex="0" '
        f'lang="{tag}" dir="auto" {attributes}>{shaded(now.result)}</div>'
    )


def written_in(now: Translated) -> str:
    """The language that came out: a text in another language than its direction reads may well be
    answered in another than it writes."""
    if languages.noticed(now.text) in (None, now.source):
        return now.target
    return languages.noticed(now.result["translation"]) or now.target


def details(say: Say, entry: Entry, now: Translated) -> str:
    """What else is to be known about a translation."""
    return notes(say, entry, now) + alternatives.listed(say, now)


def line(say: Say, entry: Entry, now: Translated) -> str:
    """By whom, how large, how long it took."""
    return page.quiet(
        say.plain(
            "translation.answer.line",
            model=say.model(entry),
            weights=models.size(say, entry.parameters),
            time=models.took(say, now.seconds),
        )
    )


def sureness(say: Say, result: Mapping[str, Any]) -> str:
    """The legend of the lines beneath words, and the words that it doubted most, each once."""
    written = [word for s in result["sentences"] for word in worth(s)]
    known = [(given, word) for word, given in written if given is not None]
    if not known:
        return ""
    if not any(shade(given) for given, _ in known):
        told = say("translation.answer.sure", least=page.percent(SHADES[0]))
        return f'<p class="quiet sure">{told}</p>'
    names = (
        f"{page.percent(SHADES[1])}–{page.percent(SHADES[0])}",
        f"{page.percent(SHADES[2])}–{page.percent(SHADES[1])}",
        f"&lt; {page.percent(SHADES[2])}",
    )
    cells = "".join(
        f'<span><i class="u{n}" aria-hidden="true" lang="en">abc</i> {name}</span>'
        for n, name in enumerate(names, 1)
    )
    lowest = {word: given for given, word in sorted(known, reverse=True)}
    doubted = sorted((given, word) for word, given in lowest.items() if given < DOUBT)[:MOST_DOUBTS]
    listed = say("translation.answer.comma").join(
        f"<bdi>{escape(word)}</bdi> {escape(page.percent(given))}" for given, word in doubted
    )
    least = f'<p class="quiet">{say("translation.answer.doubts")}{listed}</p>' if doubted else ""
    return (
        f'<p class="legend-row quiet"><b>{say("translation.answer.legend")}</b>{cells}</p>{least}'
    )


def notes(say: Say, entry: Entry, now: Translated) -> str:
    """What a reader should know of this answer: nothing to translate, what was read as bytes, what
    was cut off, what it has met in training."""
    sentences = now.result["sentences"]
    if not sentences:
        return f'<p class="note">{say("translation.answer.nothing")}</p>'
    found = []
    if odd := spelling.byte_level(entry, "".join(one["source"] for one in sentences)):
        found.append(unknown(say, entry, odd))
    if UNREAD in "".join(one["source"] for one in sentences) and UNREAD not in now.text:
        model = say.model(entry)
        found.append(page.beside(say("translation.answer.unread", model=model), model))
    for one in sentences[:MOST_READ]:
        if "read_as" in one:
            text = say.plain("translation.answer.read_as", text="\0")
            found.append(escape(text).replace("\0", f"<bdi>{escape(one['read_as'])}</bdi>"))
    if any("clause" in one for one in sentences):
        found.append(say("translation.answer.clauses"))
    marks = [one["in_training"] for one in sentences if "in_training" in one]
    if marks:
        key = "none" if not any(marks) else "one" if len(marks) == 1 else "some"
        told = say(f"translation.answer.copy_{key}", count=sum(marks), of=len(marks))
        found.append(told)
    return warned(say, now) + "".join(f'<p class="note">{one}</p>' for one in found)


def warned(say: Say, now: Translated) -> str:
    """A line for each of the translation's `warnings`."""
    found = warnings(now.text, now.result)
    return "".join(page.note(say.plain(f"translation.answer.{key}")) for key in found)


def unknown(say: Say, entry: Entry, odd: Sequence[str]) -> str:
    """Which characters it has no piece for, and what it does with them."""
    listed = " ".join(named(c) for c in odd[:MOST_NAMED])
    more = len(odd) - MOST_NAMED
    key = "unknown" if more <= 0 else "unknown_many"
    said = say.plain(
        f"translation.answer.{key}",
        model=say.model(entry),
        characters="\0",
        more=more,
    )
    said = page.beside(said, say.model(entry))
    return escape(said).replace("\0", f"<bdi>{escape(listed)}</bdi>")
