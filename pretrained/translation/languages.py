"""Which language a text is in, by its letters and its small words; silent where that is not clear.

Three languages are known, and a wrong suggestion is worse than none: a text is called English or
French only where clearly more speaks for it than for the other, and nothing for a third one.
"""

from __future__ import annotations

import re
from functools import cache

from pretrained.translation import everyday


def listed(text: str) -> frozenset[str]:
    """The words of a line."""
    return frozenset(text.split())


#: Share of a text's letters that must be Chinese characters; other languages quote a few.
HAN_SHARE = 0.4
#: Votes that are needed, and how many times as many as for the other language.
LEAST, CLEARLY = 2, 2
LONGEST = 5_000  # characters that are read
HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
#: Kana and Hangul, beside which Chinese characters are not Chinese.
KANA = re.compile("[\u3040-\u30ff\uac00-\ud7af]")
#: Scripts and letters that neither English nor French has: Cyrillic, Greek, ñ, ß, á ...
OTHER = re.compile(
    "[\u0400-\u04ff\u0370-\u03ff\u0600-\u06ff\u0590-\u05ff"
    "\u0e00-\u0e7f\u0900-\u097f¿¡ñßåøäöáíóúãõìòăąćčďęěğıłńňőřśşšťůűźżž]"
)
#: Letters that are French here.
ACCENTED = re.compile("[éèêëàâîïôûùçœ]")
#: l'eau, j'ai, qu'il; and the English endings, which are no words of their own.
ELIDED = re.compile(r"\b(?:[cdjlmnst]|qu|lorsqu|puisqu|jusqu)'(?=[a-zéèêàâîôûhœ]{2})")
CLIPPED = re.compile(r"\b\w+(?:n't|'(?:re|ve|ll|d|m|s))\b")
#: Small words that the other language does not have.
SMALL = {
    "en": listed(
        "the is are was were am be been being have has had do does did will would can could should "
        "must may i you he she it we they my your his her our their this that these those there "
        "here what which who where when why how and but or if of to with from by for at in out up "
        "not no very a an"
    ),
    "fr": listed(
        "le la les un une des du de au aux et ou où mais est sont était suis es êtes être ai as "
        "avons avez ont avait je tu il elle nous vous ils elles on mon ma mes ton ta tes sa ses "
        "notre votre leur leurs ce cet cette ces qui que quoi dont quand comment pourquoi ne pas "
        "plus très avec sans dans sur sous chez non aussi pour par"
    ),
}
#: Words that nobody takes for another language's: each counts for two.
PLAIN = {
    "en": listed("hello thanks thank please good morning night yes today tomorrow"),
    "fr": listed("bonjour bonsoir merci salut oui beaucoup beau demain voilà fille"),
}
#: Small words of neighbours that neither has: where one stands, nothing is said.
FOREIGN = listed(
    "der das und ist nicht ich wir ein eine el los las y muy che è di sono gli "
    "una com não é uma het een van niet ik"
)


#: What stands in our French words and is English as well, or the other way round.
SHARED = listed(
    "pain main chat son fruit train table question orange image parents vent rose grand comment "
    "content correct excuse pardon stop bravo silence attention mars ok salut or on six main fin "
    "super allez chaise sac bus place lit fils perfect parfait certain voyage a an vie ami art mal"
)


@cache
def known() -> dict[str, str]:
    """The language of each whole text that stands in our everyday words, by its letters."""
    found: dict[str, set[str]] = {}
    for section in ("phrases", "words", "days", "months"):
        for row in everyday.table()[section]:
            for code in ("en", "fr"):
                for one in row[everyday.COLUMN[code]].split("|"):
                    found.setdefault(" ".join(lettered(one.lower())), set()).add(code)
    for english, french, _ in everyday.table()["nouns"]:
        found.setdefault(english.split("/")[0], set()).add("en")
        found.setdefault(french.split(" ", 1)[1].split("/")[0], set()).add("fr")
    return {text: next(iter(codes)) for text, codes in found.items() if len(codes) == 1}


def lettered(text: str) -> list[str]:
    """The words of a text without its signs."""
    return re.findall(r"[^\W\d_]+", text)


def noticed(text: str) -> str | None:
    """ "en", "fr" or "zh"; None where the text does not tell, or is in another language."""
    text = text[:LONGEST].lower().replace("’", "'")
    letters = sum(c.isalpha() for c in text)
    if not letters:
        return None
    if KANA.search(text):
        return None
    if len(HAN.findall(text)) >= HAN_SHARE * letters:
        return "zh"
    found = lettered(text)
    whole = " ".join(found)
    if whole in known() and whole not in SHARED:
        return known()[whole]
    if OTHER.search(text) or FOREIGN.intersection(found):
        return None
    accented = sum(bool(ACCENTED.search(word)) for word in found)
    votes = {
        code: sum((word in SMALL[code]) + 2 * (word in PLAIN[code]) for word in found)
        for code in SMALL
    }
    votes["en"] += len(CLIPPED.findall(text))
    votes["fr"] += accented + len(ELIDED.findall(text))
    best, other = sorted(votes, key=lambda code: -votes[code])
    clear = votes[best] >= LEAST and votes[best] >= CLEARLY * votes[other]
    return best if clear else None


def suggested(text: str, direction: str, offered: tuple[str, ...]) -> tuple[str, str] | None:
    """(the language noticed, the direction for it) where the text is clearly in another language
    than the direction reads; None otherwise."""
    source, _, target = direction.partition("-")
    found = noticed(text)
    if found is None or found == source:
        return None
    wanted = (f"{found}-{target}", f"{found}-{source}")
    known = [one for one in (*wanted, *offered) if one in offered and one.startswith(f"{found}-")]
    return (found, known[0]) if known else None
