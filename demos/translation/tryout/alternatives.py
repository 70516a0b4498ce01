"""What else a network considered, as HTML: the other ends of its search beside the best one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from html import escape
from typing import Any

from demos import page
from demos.language import Say
from demos.translation import answers, tokens
from demos.translation.answers import Translated

MOST_SHOWN = 40  # sentences whose alternatives are listed
OTHERS = 3  # of a sentence; Look inside has them all


def listed(say: Say, now: Translated) -> str:
    """What else was considered for each sentence, what differs marked, with the probability of the
    whole sentence."""
    tag = answers.TAGS.get(now.target, now.target)
    sentences = now.result["sentences"]
    told = [one for one in sentences if len(one["alternatives"]) > 1 and not tokens.repetition(one)]
    if not told:
        return ""
    groups = []
    for one in told[:MOST_SHOWN]:
        best, *rest = one["alternatives"][: OTHERS + 1]
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
    hidden = sum(max(0, len(one["alternatives"]) - 1 - OTHERS) for one in told[:MOST_SHOWN])
    inside = say("translation.answer.others_inside", count=hidden)
    inside = f'<p class="quiet">{inside}</p>' if hidden else ""
    left = len(told) - MOST_SHOWN
    more = f'<p class="quiet">{say("translation.answer.others_left", count=left)}</p>'
    best = share(told[0]["alternatives"][0])
    about = say("translation.answer.others_one", share="\0").replace("\0", best)
    if len(now.result["sentences"]) > 1:
        about = say("translation.answer.others_many")
    if other := order(told[:MOST_SHOWN]):
        about = f"{about} {say(f'translation.answer.others_{other}')}"
    is_open = " open" if len(groups) == 1 else ""
    return (
        f'<details class="others"{is_open}><summary>{title}</summary>'
        f'<p class="quiet">{about}</p>{"".join(groups)}{inside}{more if left > 0 else ""}</details>'
    )


def order(sentences: Sequence[Mapping[str, Any]]) -> str:
    """What the order counts besides the probability that stands beside each: the ``length``, or
    that and the way ``back``; nothing where the probability alone would order them so."""
    lists = [one["alternatives"][: OTHERS + 1] for one in sentences]
    shares = [[one["probability"] for one in ways] for ways in lists]
    if all(ways == sorted(ways, reverse=True) for ways in shares):
        return ""
    return (
        "back" if any(one.get("back") is not None for ways in lists for one in ways) else "length"
    )


def share(one: Mapping[str, Any]) -> str:
    """The probability of a whole sentence, which is small for any long one."""
    return escape(page.percent(float(one["probability"])))


def marked(best: str, other: str) -> str:
    """Another translation: words that the best one does not have are marked, and of those that only
    the best one has, what has nothing in its place is struck out."""
    ours, theirs = tokens.cut(best), tokens.cut(other)
    drawn = []
    matcher = SequenceMatcher(None, ours, theirs, False)
    for kind, first, last, start, end in matcher.get_opcodes():
        text = "".join(ours[first:last] if kind == "delete" else theirs[start:end])
        word = text.lstrip(" ")
        blank, word = text[: len(text) - len(word)], escape(word)
        tag = {"equal": "", "delete": "del"}.get(kind, "mark")
        drawn.append(blank + (f"<{tag}>{word}</{tag}>" if tag and word else word))
    return "".join(drawn)
