"""The right pane as HTML: the translation in the visitor's layout, how sure the network was of each
word, what else it considered, what it has met before."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from html import escape
from typing import Any

from demos import frame
from demos.language import Words
from demos.models import model_name
from demos.translation import answers, pieces, spelling
from demos.translation.answers import Translated
from demos.typed import named

#: Lower ends of the shades 0 to 3, as probabilities of a word.
SHADES = (0.7, 0.3, 0.1)
MOST_DOUBTS, DOUBT = 3, 0.5  # words that are named, and below which probability
MOST_SHOWN = 40  # sentences whose alternatives are listed
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
    the product over its pieces. None: a blank, a sign, or nobody knows."""
    tokens = [str(token).replace("▁", " ") for token in sentence["target_tokens"]]
    odds = sentence["probabilities"]
    text = sentence["translation"]
    if "".join(tokens).strip() != text.strip() or len(odds) < len(tokens):
        return [(text, None)]
    found: list[tuple[str, float | None]] = []
    cut = spelling.words(tokens)
    for word, odd in zip(cut, spelling.odds(cut, odds), strict=True):
        whole = "".join(tokens[n] for n in word.pieces)
        bare = whole.lstrip(" ")
        if len(bare) < len(whole) and (found or text.startswith(" ")):
            found.append((whole[: len(whole) - len(bare)], None))
        found.append((bare, odd if any(c.isalnum() for c in bare) else None))
    return found


def shade(odd: float) -> int:
    """0 for a word that it was sure of, to 3 for a guess."""
    return sum(odd < end for end in SHADES)


def percent(share: float) -> str:
    return "<1%" if share < 0.01 else f"{share:.0%}"


def shaded(result: Mapping[str, Any]) -> str:
    """The translation with a line under each word that it was not sure of."""
    parts = []
    for text, sentence in located(result):
        if sentence is None:
            parts.append(escape(text))
            continue
        for word, odd in spelled(sentence):
            level = 0 if odd is None else shade(odd)
            drawn = escape(word)
            if level and odd is not None:
                drawn = f'<span class="u{level}" title="{percent(odd)}">{drawn}</span>'
            parts.append(drawn)
    return "".join(parts)


def sheet(words: Words, lang: str, entry: Any, now: Translated) -> str:
    """The translation, and beneath it, quieter, by whom and how sure of it."""
    tag = answers.TAGS.get(now.target, now.target)
    nonce = secrets.token_hex(4)  # the page sees that a new answer is there, even an equal one
    label = words.speaker(lang)("translation.try.said")
    return (
        f'<div class="said" role="group" aria-label="{label}" aria-live="polite" tabindex="0" '
        f'lang="{tag}" dir="auto" data-answer="{nonce}">{shaded(now.result)}</div>'
        f"{line(words, lang, entry, now)}{sureness(words, lang, now.result)}"
    )


def details(words: Words, lang: str, entry: Any, now: Translated) -> str:
    """What else is to be known about a translation."""
    return notes(words, lang, entry, now) + others(words, lang, now)


def line(words: Words, lang: str, entry: Any, now: Translated) -> str:
    """By whom, how large, how long it took."""
    return frame.quiet(
        words.say(
            lang,
            "translation.answer.line",
            model=model_name(words, lang, entry),
            weights=answers.weights(words, lang, entry),
            time=took(words, lang, now.seconds),
        )
    )


def took(words: Words, lang: str, seconds: float) -> str:
    """A time as one says it: "40 ms", "2.1 s"."""
    if seconds < 1:
        return words.say(lang, "translation.answer.ms", n=max(1, round(seconds * 1000)))
    return words.say(lang, "translation.answer.s", n=f"{seconds:.1f}")


def sureness(words: Words, lang: str, result: Mapping[str, Any]) -> str:
    """The legend of the lines beneath words, and the words that it doubted most, by name."""
    told = [word for s in result["sentences"] for word in spelled(s)]
    odds = [(word, odd) for word, odd in told if odd is not None]
    if not odds:
        return ""
    say = words.speaker(lang)
    if not any(shade(odd) for _, odd in odds):
        return (
            f'<p class="quiet sure">{say("translation.answer.sure", least=percent(SHADES[0]))}</p>'
        )
    names = (
        f"{percent(SHADES[1])}–{percent(SHADES[0])}",
        f"{percent(SHADES[2])}–{percent(SHADES[1])}",
        f"&lt; {percent(SHADES[2])}",
    )
    cells = "".join(
        f'<span><i class="u{n}" aria-hidden="true" lang="en">abc</i> {name}</span>'
        for n, name in enumerate(names, 1)
    )
    doubted = sorted((odd, word) for word, odd in odds if odd < DOUBT)[:MOST_DOUBTS]
    listed = say("translation.answer.comma").join(
        f"<bdi>{escape(word)}</bdi> {percent(odd)}" for odd, word in doubted
    )
    least = f'<p class="quiet">{say("translation.answer.doubts")}{listed}</p>' if doubted else ""
    return (
        f'<p class="legend-row quiet"><b>{say("translation.answer.legend")}</b>{cells}</p>{least}'
    )


def notes(words: Words, lang: str, entry: Any, now: Translated) -> str:
    """What a reader should know of this answer: nothing to translate, what was read as bytes, what
    was cut off, what it has met in training."""
    say, sentences = words.speaker(lang), now.result["sentences"]
    if not sentences:
        return f'<p class="note">{say("translation.answer.nothing")}</p>'
    found = []
    if odd := pieces.spelled(entry, "".join(one["source"] for one in sentences)):
        found.append(unknown(words, lang, entry, odd))
    if UNREAD in "".join(one["source"] for one in sentences) and UNREAD not in now.text:
        model = model_name(words, lang, entry)
        found.append(frame.beside(say("translation.answer.unread", model=model), model))
    if any(not one.get("complete", True) for one in sentences):
        found.append(say("translation.answer.incomplete"))
    marks = [one["in_training"] for one in sentences if "in_training" in one]
    if marks:
        key = "none" if not any(marks) else "one" if len(marks) == 1 else "some"
        told = say(f"translation.answer.copy_{key}", count=sum(marks), of=len(marks))
        found.append(told)
    return "".join(f'<p class="note">{one}</p>' for one in found)


def unknown(words: Words, lang: str, entry: Any, odd: Sequence[str]) -> str:
    """Which characters it has no piece for, and what it does with them."""
    listed = " ".join(named(c) for c in odd[:MOST_NAMED])
    more = len(odd) - MOST_NAMED
    key = "unknown" if more <= 0 else "unknown_many"
    said = words.say(
        lang,
        f"translation.answer.{key}",
        model=model_name(words, lang, entry),
        characters="\0",
        more=more,
    )
    said = frame.beside(said, model_name(words, lang, entry))
    return escape(said).replace("\0", f"<bdi>{escape(listed)}</bdi>")


def others(words: Words, lang: str, now: Translated) -> str:
    """What else was considered for each sentence, what differs marked, with the probability of the
    whole sentence."""
    say = words.speaker(lang)
    tag = answers.TAGS.get(now.target, now.target)
    told = [one for one in now.result["sentences"] if len(one["alternatives"]) > 1]
    if not told:
        return ""
    groups = []
    for one in told[:MOST_SHOWN]:
        best, *rest = one["alternatives"]
        rows = "".join(
            f'<li><span lang="{tag}">{marked(best["translation"], other["translation"])}</span>'
            f"<b>{share(other)}</b></li>"
            for other in rest
        )
        head = ""
        if len(now.result["sentences"]) > 1:
            head = (
                f'<li class="of"><span lang="{tag}">{escape(best["translation"])}</span>'
                f"<b>{share(best)}</b></li>"
            )
        groups.append(f"<ol>{head}{rows}</ol>")
    title = say("translation.answer.others")
    left = len(told) - MOST_SHOWN
    more = f'<p class="quiet">{say("translation.answer.others_left", count=left)}</p>'
    best = share(told[0]["alternatives"][0])
    about = say("translation.answer.others_one", share="\0").replace("\0", best)
    if len(now.result["sentences"]) > 1:
        about = say("translation.answer.others_many")
    is_open = " open" if len(groups) == 1 else ""
    return (
        f'<details class="others"{is_open}><summary>{title}</summary>'
        f'<p class="quiet">{about}</p>{"".join(groups)}{more if left > 0 else ""}</details>'
    )


def share(one: Mapping[str, Any]) -> str:
    """The probability of a whole sentence, which is small for any long one."""
    odd = float(one["probability"])
    return escape("<0.1%" if odd < 0.001 else f"{odd:.1%}" if odd < 0.1 else f"{odd:.0%}")


def marked(best: str, other: str) -> str:
    """Another translation: words that the best one does not have are marked, and of those that only
    the best one has, what has nothing in its place is struck out."""
    ours, theirs = spelling.cut(best), spelling.cut(other)
    drawn = []
    matcher = SequenceMatcher(None, ours, theirs, False)
    for kind, first, last, start, end in matcher.get_opcodes():
        text = "".join(ours[first:last] if kind == "delete" else theirs[start:end])
        word = text.lstrip(" ")
        blank, word = text[: len(text) - len(word)], escape(word)
        tag = {"equal": "", "delete": "del"}.get(kind, "mark")
        drawn.append(blank + (f"<{tag}>{word}</{tag}>" if tag and word else word))
    return "".join(drawn)
