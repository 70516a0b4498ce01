"""Another word: click a word of the translation, choose what else could stand there, and the rest
follows.

What could stand there is what the search met: it is run once more from the words before, with more
beams, and each word that it met is tried as the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import prod
from typing import Any

from demos import page
from demos.language import Say
from demos.page import percent
from demos.translation import tokens
from demos.translation.answers import TAGS
from demos.translation.inside import beams
from inference.errors import Refusal

SHOWN = 6  # words that are offered
#: After a word that is complete, something that can follow a word has at least this probability:
#: where it has not, the token is the beginning of a longer word.
COMPLETE = 0.02
MOST_TAKEN = 60  # characters of a word that the page may send

#: Translates from a beginning: (prefix, view) -> the sentence of the answer.
Ask = Callable[[str, str], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True)
class Option:
    """A word that may stand in one place. ``text``: with the blank before it. ``share``: its
    probability there. ``sentence``: the translation that follows from it."""

    text: str
    share: float
    sentence: str


async def options(ask: Ask, written: Sequence[str], number: int) -> list[Option]:
    """What may stand in the place of a word of the tokens ``written``, likeliest first; a word
    whose sentence is refused is left out. Raises a `Refusal` where all are."""
    before = tokens.until(written, number)
    tree = (await ask(before.strip(), "inside"))["tree"]
    found, open_ = beams.next_words(tree, beams.stem(tree))
    likely = sorted(found, key=lambda text: -found[text])[: 2 * SHOWN]
    prefixes = [(before + text).strip() for text in likely]
    asked = (ask(prefix, "answer") for prefix in prefixes)
    tried = await asyncio.gather(*asked, return_exceptions=True)
    failed = [one for one in tried if isinstance(one, BaseException)]
    bugs = [one for one in failed if not isinstance(one, Refusal)]
    if failed and (bugs or len(failed) == len(tried)):
        raise (bugs or failed)[0]
    kept = [
        Option(text, found[text], one["translation"])
        for text, prefix, one in zip(likely, prefixes, tried, strict=True)
        if not isinstance(one, BaseException)
        and (text not in open_ or follows(one, prefix) >= COMPLETE)
    ]
    return kept[:SHOWN]


def follows(sentence: Mapping[str, Any], prefix: str) -> float:
    """The probability of what the network put after a forced beginning."""
    text = ""
    for number, token in enumerate(sentence["target_tokens"]):
        if len(text.strip()) >= len(prefix):
            return float(sentence["probabilities"][number])
        text += token
    whole = sentence["alternatives"][0]["probability"]
    return float(whole / max(prod(sentence["probabilities"]), 1e-300))


def drawn(
    say: Say, sentence: Mapping[str, Any], target: str, prefix: str, more: str = "", at: int = -1
) -> str:
    """The translation as words to click, the visitor's own beginning in the accent.

    ``target``: its language; ``more``: what stands below, `offered` or a refusal; ``at``: the word
    that it is about.
    """
    spelled = tokens.words(sentence["target_tokens"])
    shares = tokens.probabilities(spelled, sentence["probabilities"])
    inside, length, buttons = True, 0, []
    for number, word in enumerate(spelled):
        inside = inside and length < len(prefix.replace(" ", ""))
        length += len(word.text.replace(" ", ""))
        own = ' class="own"' if inside and prefix else ""
        buttons.append(
            f'<button type="button" data-word="{number}"{own} '
            f'aria-pressed="{str(number == at).lower()}"><b>{escape(word.text)}</b>'
            f"<span>{percent(shares[number])}</span></button>"
        )
    back = ""
    if prefix:
        label = say("translation.inside.choice.back")
        back = f'<p><button type="button" class="ghost" data-back>{label}</button></p>'
    row = f'<div class="chosen-words" lang="{TAGS[target]}">{"".join(buttons)}</div>'
    return page.section(say, "translation.inside.choice", row + back + more)


def offered(say: Say, found: Sequence[Option], target: str, current: str) -> str:
    """The words to choose from, each with its probability and the sentence that it leads to."""
    if not found:
        return f'<p class="note">{say("translation.inside.choice.none")}</p>'
    most = max(one.share for one in found) or 1.0
    rows = []
    for one in found:
        word = one.text.strip()
        same = ' aria-current="true"' if tokens.first_word(current)[0] == word else ""
        rows.append(
            f'<li><button type="button" data-take="{escape(one.text)}"{same}>'
            f'<b>{escape(word)}</b><span class="size" aria-hidden="true">'
            f'<i style="width:{one.share / most:.1%}"></i></span><span>{percent(one.share)}</span>'
            f"<em>{escape(one.sentence)}</em></button></li>"
        )
    label = say("translation.inside.choice.label", word=current)
    options = f'<ul class="options" lang="{TAGS[target]}">{"".join(rows)}</ul>'
    return f'<p class="quiet">{label}</p>{options}'
