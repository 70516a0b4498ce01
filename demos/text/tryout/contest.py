"""Guess the next character, as Shannon had people do (Prediction and Entropy of Printed English,
1951): the visitor and the network choose among the same four.

In English from The Tempest, which the network never read: the play is in the tenth of
tinyshakespeare that is held out, and not among the plays that it learnt from. In Chinese from
quatrains of the Song dynasty, which are no Tang poems. Both are in the public domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from html import escape
from pathlib import Path

from demos import contest, page
from demos.contest import Choice, Contest
from demos.language import LOCALES, Say, Words
from demos.models import most_together
from demos.text import answers
from inference import Engine
from pretrained.text import alphabet

ROUNDS, OPTIONS = 10, 4
LEAST = 24  # characters of an English passage that are read before one is asked for
ALL = 100_000  # more characters than any alphabet here has
KEYS = {"en": answers.SHAKESPEARE, "zh": answers.TANG}


@dataclass(frozen=True)
class Passage:
    """``head``: who speaks, or whose poem it is. ``text``: what the network reads before a place,
    and what is asked for there."""

    head: str
    text: str

    def places(self, lang: str) -> list[int]:
        """Where a character can be asked for: a small letter inside a line; in a poem any character
        but the first two of the whole, and no sign."""
        least = LEAST if lang == "en" else 2
        fits = str.islower if lang == "en" else str.isalnum
        return [n for n, c in enumerate(self.text) if n >= least and fits(c)]


@cache
def passages(lang: str) -> tuple[Passage, ...]:
    """The held-out ones of a language."""
    text = Path(__file__).with_name(f"passages.{lang}.txt").read_text("utf-8")
    found = []
    for block in text.strip().split("\n\n"):
        head, rest = block.split("\n", 1)
        # The network read plays with the speaker's name above, poems in one line without titles.
        found.append(Passage(head, block if lang == "en" else rest.replace("\n", "")))
    return tuple(found)


def build(engine: Engine, words: Words) -> None:
    """The game, folded, where the network of each language is served."""
    if all(key in answers.writers(engine) for key in KEYS.values()):
        contest.build(words, played(engine))


def played(engine: Engine) -> Contest:
    """The rules."""
    entries = {lang: answers.entry_of(engine, key) for lang, key in KEYS.items()}
    deal = contest.dealing(engine, lambda say: [entries[say.lang]], partial(asked, engine))
    return Contest("text", ROUNDS, deal, most_together(entries.values()))


def drawn(lang: str, known: str, seed: int, number: int) -> tuple[Passage, int, list[str]]:
    """(a passage, a place in it, the characters to choose from) of a round. The wrong ones are
    drawn from all passages: frequent ones come often. ``known``: what the network can write."""
    one = contest.item("text", seed, number, passages(lang))
    dice = contest.dice("text", seed, number)
    place = dice.choice([n for n in one.places(lang) if one.text[n] in known])
    every = [p.text[n] for p in passages(lang) for n in p.places(lang) if p.text[n] in known]
    options = [one.text[place]]
    while len(options) < OPTIONS:
        other = dice.choice(every)
        if other not in options:
            options.append(other)
    dice.shuffle(options)
    return one, place, options


async def asked(engine: Engine, say: Say, seed: int, number: int) -> Choice:
    """A round, with what the network says of the same place."""
    key = KEYS[say.lang]
    letters = alphabet.of(answers.entry_of(engine, key))
    known = letters.characters if letters else ""
    one, place, options = drawn(say.lang, known, seed, number)
    before = one.text[:place]
    got = await engine.predict(key, before, view="probabilities", top_k=ALL)
    told = dict(got["probabilities"])
    probabilities = [told.get(option, 0.0) for option in options]
    machine = max(range(len(options)), key=probabilities.__getitem__)
    work = "The Tempest" if say.lang == "en" else one.head
    return Choice(
        "text",
        shown(say.lang, before, "▢"),
        tuple(escape(option) for option in options),
        options.index(one.text[place]),
        machine,
        tuple(say("text.game.probability", share=page.percent(p)) for p in probabilities),
        f'<p class="quiet">{say("text.game.source", work=work)}</p>',
        answered=shown(say.lang, before, one.text[place], one.text[place + 1 :]),
    )


def shown(lang: str, before: str, one: str, rest: str = "") -> str:
    """A passage as HTML, one place of it marked; a poem line by line."""
    whole = f"{escape(before)}<b>{escape(one)}</b>{escape(rest)}"
    if lang == "zh":
        whole = whole.replace("。", "。\n").strip()
    return f'<p class="passage" lang="{LOCALES[lang]}">{whole}</p>'
