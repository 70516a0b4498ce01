"""The two scripts of Chinese, by OpenCC: the networks learnt from simplified characters.

A text in traditional ones is read in simplified ones; who asks for ``zh-TW`` gets traditional ones.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import accumulate
from typing import Any

#: How people ask for traditional characters: zh-TW, zh_Hant, zho_Hant, zh-HK, Traditional Chinese.
TRADITIONAL = re.compile(r"\b(?:hant|tw|hk|mo|traditional)\b|繁", re.IGNORECASE)


@cache
def _converter(name: str) -> Any:
    from opencc import OpenCC  # 0.1 s, and seldom needed

    return OpenCC(name)


def simplified(text: str) -> str:
    return str(_converter("tw2s").convert(text))


def traditional(text: str) -> str:
    return str(_converter("s2tw").convert(text))


def traditional_pieces(pieces: list[str]) -> list[str]:
    """The pieces of one text: a character is written by its word (头发 is 頭髮)."""
    whole = traditional("".join(pieces))
    if len(whole) != sum(map(len, pieces)):
        return [traditional(one) for one in pieces]
    ends = list(accumulate(map(len, pieces)))
    return [whole[end - len(one) : end] for one, end in zip(pieces, ends, strict=True)]


def is_traditional(language: str) -> bool:
    """Whether the name of a language asks for traditional characters."""
    name = language.replace("_", "-")
    return "hans" not in name.lower() and TRADITIONAL.search(name) is not None
