"""Large numbers between languages that group by thousands and one that groups by ten thousands.

"3 million" is 300万 in Chinese and 1.5万 is "15,000" in English: other digits, which no network of
this size reckons, and which the rule that figures are copied (`figures`) forbids. So they are
reckoned here and put back by `readings`. English and French share their groups: nothing to do.
"""

from __future__ import annotations

import re
from decimal import Decimal

SCALES = {
    "en": {
        "thousand": Decimal(10**3),
        "million": Decimal(10**6),
        "billion": Decimal(10**9),
        "trillion": Decimal(10**12),
    },
    "zh": {
        "万": Decimal(10**4),
        "十万": Decimal(10**5),
        "百万": Decimal(10**6),
        "千万": Decimal(10**7),
        "亿": Decimal(10**8),
        "十亿": Decimal(10**9),
        "百亿": Decimal(10**10),
        "千亿": Decimal(10**11),
        "万亿": Decimal(10**12),
    },
}
PATTERNS = {
    "en": r"(?<![\d.,])\d+(?:[.,]\d+)* (?:thousand|million|billion|trillion)\b",
    "zh": r"(?<![\d.,])\d+(?:[.,]\d+)* ?(?:[十百千]?[万亿]|万亿)(?![万亿])"
    r"|(?<![几数多零〇一二两三四五六七八九十百千万亿])[一二两三四五六七八九十][零〇一二两三四五六七八九十百千]*"
    r"[万亿](?:[零〇一二两三四五六七八九十百千]+万)?(?:[零〇一二两三四五六七八九十百千]*[一二两三四五六七八九十百千])?"
    r"(?![万亿])",
}
ROUGHLY = re.compile("[一二两三四五六七八九]{2}")  # 三四万: thirty or forty thousand
DIGITS = {**{c: n for n, c in enumerate("零一二三四五六七八九")}, "两": 2, "〇": 0}


#: What a number of a language is told in, smallest first: the largest counts that leaves it short.
UNITS = {"zh": ("万", "亿"), "en": ("million", "billion", "trillion")}
PLACES = 2  # decimals that are still short


def pattern(source: str, target: str) -> str | None:
    """What finds large numbers in a text, None where the languages group alike."""
    return PATTERNS.get(source) if "zh" in (source, target) else None


def converted(quantity: str, source: str, target: str) -> str | None:
    """A large number, such as "1.5 million", as ``target`` writes it (150万); None: it is none."""
    parts = re.fullmatch(r"([\d.,]+) ?(\D+)", quantity)
    scale = SCALES.get(source, {}).get(parts[2]) if parts else None
    if parts and scale:
        number = value = Decimal(parts[1].replace(",", "")) * scale
    elif source == "zh" and not parts and not ROUGHLY.search(quantity):
        number = value = Decimal(in_characters(quantity))
    else:
        return None
    unit = ""
    for name in UNITS[target]:
        short = value / SCALES[target][name]
        if short >= 1 and short == round(short, PLACES):
            number, unit = short, name
    number = number.normalize()
    return f"{number:f}{unit}" if target == "zh" else f"{number:,f} {unit}".rstrip()


def in_characters(text: str) -> int:
    """三百五十万 is 3,500,000: up to four places before each 万 and 亿."""
    high = low = part = digit = 0
    for character in text:
        if character in DIGITS:
            digit = DIGITS[character]
            continue
        if character == "亿":
            high, low = (low + part + digit) * 10**8, 0
        elif character == "万":
            low = (part + digit) * 10**4
        else:
            part += (digit or 1) * {"十": 10, "百": 100, "千": 1_000}[character]
        if character in "万亿":
            part = 0
        digit = 0
    return high + low + part + digit
