"""A sentence of several clauses, read whole or clause by clause: whichever says more of it.

Networks of this size forget clauses, and cut into them a sentence loses what holds it together. So
it is read both ways, and the one counts whose translation is likely as a whole, and from which the
whole source can be read back: the idea of `pretrained.translation.reranking`. What that is worth
tells `experiments/translation_clauses.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pretrained.translation import figures, speech
from pretrained.translation.beam import penalty
from pretrained.translation.reranking import Channel
from pretrained.translation.sentences import Part

#: What parts the clauses of a sentence, and what each of them has at least.
COMMA = {
    "en": re.compile(", "),
    "fr": re.compile(", "),
    "zh": re.compile(r"，|,(?!\d)"),
}
CLAUSE = {
    "en": re.compile(r"\w\W+\w"),
    "fr": re.compile(r"\w\W+\w"),
    "zh": re.compile("[\u4e00-\u9fff]{3}"),
}
#: What the way back counts beside how likely the translation is: of those from 0.3 to 3 the best,
#: or near it, on the Chinese validation sentences with commas.
WEIGHT = 1.5


@dataclass(frozen=True)
class Way:
    """A sentence, the parts that it is read in, and the text that their translations make."""

    part: Part
    parts: tuple[Part, ...]
    text: str
    source: str
    target: str


def cut(part: Part, language: str) -> tuple[Part, ...]:
    """The clauses of a sentence, by its commas; joined again they are the sentence.

    "He is tired, but happy now" is "He is tired" and "but happy now". No clause is a single word,
    and a sentence with quotation marks is left whole, or what is in them would be cut.
    """
    if speech.MARK.search(part.text):
        return (part,)
    commas = [match.span() for match in COMMA[language].finditer(part.text)]
    edges = [(0, 0), *commas, (len(part.text),) * 2]
    long = [CLAUSE[language].search(part.text[a[1] : b[0]]) for a, b in pairwise(edges)]
    commas = [one for one, *sides in zip(commas, long, long[1:], strict=False) if all(sides)]
    if not commas:
        return (part,)
    edges = [(0, 0), *commas, (len(part.text),) * 2]
    found = [
        Part(
            "",
            part.text[a[1] : b[0]],
            part.text[b[0] : b[1]],
            followed=True,
            following=True,
            clause=True,
        )
        for a, b in pairwise(edges)
    ]
    found[0] = replace(found[0], before=part.before, following=part.following)
    found[-1] = replace(found[-1], after=part.after, followed=part.followed)
    return tuple(found)


def ranks(
    every: Sequence[Way],
    channels: Mapping[str, Channel],
    spell: Callable[[str, str], list[int]],
) -> list[tuple[int, float]]:
    """How well each says its sentence; higher is better. One that loses a figure is behind all that
    do not.

    Args:
        channels: by the language that they write. spell: token numbers of a text in a language,
            ended.
    """
    found = [(0, 0.0)] * len(every)
    for languages in {(way.source, way.target) for way in every}:
        source, target = languages
        own = [n for n, way in enumerate(every) if (way.source, way.target) == languages]
        read = [spell(every[n].part.text, source) for n in own]
        written = [spell(every[n].text, target) for n in own]
        ahead = channels[target]([one[:-1] for one in read], written, target)
        back = channels[source]([one[:-1] for one in written], read, source)
        for at, n in enumerate(own):
            score = ahead[at] / penalty(len(written[at]))
            score += WEIGHT * back[at] / penalty(len(read[at]))
            missing = figures.missing(every[n].text, figures.numbers(every[n].part.text))
            found[n] = -missing, score
    return found
